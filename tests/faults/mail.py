"""Faults of mail: its server, the letters, the sender's domain."""

from typing import Any

from clinic import SHORT, AnotherClock, Clinic
from faults.database import in_sqlite
from faults.matrix import fault
from mailroom import HERE, free_port
from vestibule.doctor.finding import ERROR, NOTICE, WARNING
from vestibule.policy import OPERATOR


@fault("mail.server", ERROR)
def no_mail(clinic: Clinic) -> None:
    """No mail server is set, in a site for others."""


@fault("mail.server", WARNING)
def no_mail_here(clinic: Clinic) -> None:
    """No mail server is set, on one's own machine."""
    clinic.deploy = False


@fault("mail.accepts", ERROR)
def mail_server_is_gone(clinic: Clinic) -> None:
    """Nothing listens where the mail server should be."""
    clinic.having(mail_server=HERE, mail_port=free_port())


@fault("mail.accepts", ERROR)
def wrong_mail_password(clinic: Clinic) -> None:
    """The mail server refuses the password."""
    clinic.with_mail()
    clinic.having(mail_password="not-the-secret")


@fault("mail.accepts", ERROR)
def no_tls(clinic: Clinic) -> None:
    """The mail server offers no STARTTLS."""
    clinic.with_mail(plain=True, must_sign_in=False)


@fault("mail.accepts", ERROR)
def strange_certificate(clinic: Clinic) -> None:
    """Nobody known has signed the certificate of the mail server."""
    clinic.with_mail()
    clinic.having(mail_ca_file=None)


@fault("mail.encrypted", WARNING)
def mail_in_clear(clinic: Clinic) -> None:
    """Mails go to a server elsewhere without TLS."""
    clinic.having(mail_server="smtp.example.com", mail_use_tls="false")


@fault("mail.encrypted", ERROR)
def mail_password_in_clear(clinic: Clinic) -> None:
    """And the password goes with them."""
    mail_in_clear(clinic)
    clinic.having(mail_username="box", mail_password="box-secret")


@fault("mail.sender", NOTICE)
def foreign_sender(clinic: Clinic) -> None:
    """Letters come from another domain than their links lead to."""
    clinic.having(mail_server=HERE, mail_sender="us@example.net")


@fault("mail.sender", WARNING)
def local_sender(clinic: Clinic) -> None:
    """Letters come from a name that only this machine knows."""
    clinic.having(mail_server=HERE, mail_sender="us@localhost")


@fault("mail.waiting", ERROR)
def letters_wait(clinic: Clinic) -> None:
    """A letter has waited for an hour."""
    clinic.auth().administration.send_reset(admin_of(clinic), by=OPERATOR)
    clinic.in_the_world(clock=AnotherClock(3600))


@fault("mail.failing", WARNING)
def letters_fail(clinic: Clinic) -> None:
    """The mail server has refused a letter for good."""
    letters_wait(clinic)
    clinic.in_the_world(clock=AnotherClock(0))
    in_sqlite(clinic, "UPDATE vestibule_outbox SET state = 'failed'")


@fault("mail.support", NOTICE)
def no_support(clinic: Clinic) -> None:
    """Nothing says where people get help."""
    clinic.having(support=None)


@fault("mail.spf", WARNING)
def without_spf(clinic: Clinic) -> None:
    """The sender's domain has no SPF record."""
    records(clinic, example_com=[])


@fault("mail.spf", ERROR)
def two_spf(clinic: Clinic) -> None:
    """The sender's domain has two SPF records."""
    records(clinic, example_com=["v=spf1 mx -all", "v=spf1 a -all"])


@fault("mail.spf", ERROR)
def spf_for_all(clinic: Clinic) -> None:
    """The SPF record allows everybody."""
    records(clinic, example_com=["v=spf1 mx +all"])


@fault("mail.spf", NOTICE)
def spf_without_end(clinic: Clinic) -> None:
    """The SPF record forbids nobody."""
    records(clinic, example_com=["v=spf1 mx ?all"])


@fault("mail.spf", NOTICE)
def silent_names(clinic: Clinic) -> None:
    """The name server does not answer."""
    records(clinic).is_silent = True
    clinic.in_the_world(patience=SHORT)


@fault("mail.dmarc", WARNING)
def without_dmarc(clinic: Clinic) -> None:
    """Neither the sender's domain nor one above it has a DMARC record."""
    records(clinic, _dmarc=[])


@fault("mail.dmarc", NOTICE)
def watching_dmarc(clinic: Clinic) -> None:
    """DMARC asks for nothing."""
    records(clinic, _dmarc=["v=DMARC1; p=none"])


@fault("mail.dmarc", NOTICE)
def dmarc_for_others(clinic: Clinic) -> None:
    """DMARC of the domain above asks for nothing below it."""
    records(clinic, _dmarc=["v=DMARC1; p=reject; sp=none"])
    clinic.having(mail_sender="us@mail.example.com")


@fault("mail.dmarc", ERROR)
def two_dmarc(clinic: Clinic) -> None:
    """There are two DMARC records."""
    records(clinic, _dmarc=["v=DMARC1; p=reject", "v=DMARC1; p=none"])


def records(clinic: Clinic, **texts: list[str]) -> Any:
    """Give the sender's domain other records."""
    clinic.having(mail_server=HERE)
    server = clinic.with_names()
    for name, found in texts.items():
        place = {"_dmarc": "_dmarc.example.com"}.get(name, "example.com")
        server.texts[place] = found
    return server


def admin_of(clinic: Clinic) -> Any:
    """Find the administrator."""
    return clinic.auth().administration.find("admin")
