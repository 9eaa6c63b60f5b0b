"""Checks of the way that mails take out of the house."""

import smtplib
from collections.abc import Iterator

from sqlalchemy import func, select

from vestibule.doctor.checks import When, check
from vestibule.doctor.finding import ERROR, NOTICE, WARNING, Skip, Trouble
from vestibule.doctor.installation import Installation, is_loopback
from vestibule.doctor.sender_domain import domain_of
from vestibule.ground.mail_troubles import advice_on
from vestibule.outbox import OutboxLetter
from vestibule.worker import smtp_for

# Seconds after which a letter that has not left is late.
LATE = 600


def _server(installation: Installation) -> str:
    """Name the mail server.

    Raises:
        Skip: there is none.
    """
    if not installation.settings.mail.server:
        raise Skip("no mail server is set")
    return installation.settings.mail.server


@check(
    "mail.server",
    ERROR,
    WARNING,
    fine="There is a mail server.",
    why="Without one nobody can confirm an address or reset a password, and "
    "nobody hears of a sign-in that was not theirs.",
    fix="VESTIBULE_MAIL_SERVER=smtp.example.com",
    when=When.START,
)
def there_is_one(installation: Installation) -> Iterator[Trouble]:
    """Look for the setting."""
    if installation.settings.mail.server:
        return
    state = ERROR if installation.deploy else WARNING
    yield Trouble(
        state, "No mail will leave: VESTIBULE_MAIL_SERVER is not set."
    )


@check(
    "mail.accepts",
    ERROR,
    fine="The mail server answers, encrypts and lets us in.",
    why="Letters wait until it does; those with a link are given up when "
    "the link is dead.",
    fix="vestibule mail test you@example.com",
)
def server_accepts(installation: Installation) -> Iterator[Trouble]:
    """Connect to the mail server as for a letter, and send none."""
    _server(installation)
    post = smtp_for(installation.settings)
    if post is None:
        return
    try:
        post.greet(installation.patience.mail)
    except (OSError, UnicodeError, smtplib.SMTPException) as error:
        kind = type(error).__name__
        yield Trouble(
            ERROR,
            f"{post.server}, port {post.port}: {advice_on(error)} ({kind})",
        )


@check(
    "mail.encrypted",
    WARNING,
    ERROR,
    fine="Mails go to their server encrypted, or do not leave this machine.",
    why="Every letter with a link opens an account to whoever reads it on "
    "its way, and the password of the mail server travels along.",
    fix="VESTIBULE_MAIL_USE_TLS=true",
)
def is_encrypted(installation: Installation) -> Iterator[Trouble]:
    """Look at the settings of TLS."""
    server, mail = _server(installation), installation.settings.mail
    if mail.use_tls or mail.use_ssl or is_loopback(server):
        return
    state = ERROR if mail.password else WARNING
    yield Trouble(state, f"Mails go to {server} in clear text.")


@check(
    "mail.sender",
    NOTICE,
    WARNING,
    fine="Letters come from the domain that people know from the site.",
    why="A letter of one site whose links lead to another looks like a "
    "fraud, to people and to spam filters.",
    fix="VESTIBULE_MAIL_SENDER=accounts@your-domain",
)
def sender_fits(installation: Installation) -> Iterator[Trouble]:
    """Compare the domain in From with the one in the links."""
    _server(installation)
    domain, host = domain_of(installation), installation.host
    if "." not in domain:
        yield Trouble(
            WARNING, f"Letters come from {domain}, which is no public domain."
        )
    elif not (f".{host}".endswith(f".{domain}") or domain.endswith(host)):
        yield Trouble(
            NOTICE,
            f"Letters come from {domain}, and their links lead to {host}.",
        )


@check(
    "mail.waiting",
    ERROR,
    WARNING,
    fine="No letter is late.",
    why="People wait for a link that does not come, and try again.",
    fix="vestibule mail test you@example.com",
)
def nothing_waits(installation: Installation) -> Iterator[Trouble]:
    """Count the letters that should have left by now."""
    installation.database.needs_tables()
    now = installation.clock.now()
    late = installation.database.value(
        select(func.count())
        .select_from(OutboxLetter)
        .where(
            OutboxLetter.state == "waiting",
            OutboxLetter.created_at < now - LATE,
        )
    )
    if late:
        state = ERROR if installation.deploy else WARNING
        yield Trouble(
            state,
            f"Letters that wait for more than {LATE // 60} minutes: {late}. "
            "No worker runs, or the mail server does not take them.",
        )


@check(
    "mail.failing",
    WARNING,
    fine="The mail server has refused no letter since yesterday.",
    why="Somebody waits for a letter that will not come; many of them mean "
    "that other servers take ours for spam.",
    fix="SELECT created_at, trouble FROM vestibule_outbox WHERE "
    "state = 'failed'",
)
def nothing_fails(installation: Installation) -> Iterator[Trouble]:
    """Count the letters that were given up."""
    installation.database.needs_tables()
    since = installation.clock.now() - 86_400
    failed = installation.database.value(
        select(func.count())
        .select_from(OutboxLetter)
        .where(OutboxLetter.state == "failed", OutboxLetter.created_at > since)
    )
    if failed:
        yield Trouble(WARNING, f"Letters given up since yesterday: {failed}.")


@check(
    "mail.support",
    NOTICE,
    fine="Pages and letters say where people get help.",
    why="Whoever cannot sign in needs a person, and finds none.",
    fix="VESTIBULE_SUPPORT=help@example.com",
    when=When.DEPLOY,
)
def says_where_help_is(installation: Installation) -> Iterator[Trouble]:
    """Look for the setting."""
    if not installation.settings.brand.support:
        yield Trouble(NOTICE, "VESTIBULE_SUPPORT is not set.")
