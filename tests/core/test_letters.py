"""Letters go out by real SMTP, encrypted as told, and hold no surprises."""

import dataclasses
import socket
from datetime import UTC, datetime

import pytest

from conftest import TurnableClock
from mailroom import HERE, Arrived, Mailroom, Sink, free_port
from vestibule.auth import Auth
from vestibule.ground import letters
from vestibule.ground.letters import (
    ConsolePost,
    Letter,
    Post,
    SmtpPost,
    Undelivered,
)
from vestibule.outbox import OutboxLetter
from vestibule.user import User

KEY = "019b0000-0000-7000-8000-000000000001"
HELLO = Letter(
    "alice@example.com",
    "Hello",
    "Hello, Alice.\n",
    key=KEY,
    moment=86400,
)
ACCOUNT = {"mail_username": "box@example.com", "mail_password": "box-secret"}

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def trouble(post: Post, letter: Letter = HELLO) -> Undelivered:
    """Send a letter that does not leave, and say why not."""
    with pytest.raises(Undelivered) as kept:
        post.send(letter)
    return kept.value


# -- encryption and signing in ----------------------------------------------


@pytest.mark.asvs("13.2.1")
def test_a_letter_goes_out_by_starttls_and_a_password(
    mailroom: Mailroom,
) -> None:
    sink = mailroom.serve(require_starttls=True, must_sign_in=True)

    mailroom.post(sink, **ACCOUNT).send(HELLO)

    (arrived,) = sink.arrived
    assert arrived.is_encrypted
    assert arrived.recipients == ["alice@example.com"]
    assert arrived.sender == "box@example.com"
    assert sink.heard[0] == "AUTH by TLS"


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_a_letter_goes_out_by_tls_from_the_first_byte(
    mailroom: Mailroom,
) -> None:
    sink = mailroom.serve(
        ssl_context=mailroom.certified(),
        must_sign_in=True,
        auth_require_tls=False,
    )

    mailroom.post(sink, mail_use_ssl="true", **ACCOUNT).send(HELLO)

    assert len(sink.arrived) == 1


def test_a_letter_goes_out_in_clear_only_where_the_operator_says_so(
    mailroom: Mailroom,
) -> None:
    sink = mailroom.serve()

    mailroom.post(sink, mail_use_tls="false").send(HELLO)

    assert not sink.arrived[0].is_encrypted


@pytest.mark.asvs("12.3.2")
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_a_server_without_starttls_gets_neither_letter_nor_password(
    mailroom: Mailroom,
) -> None:
    sink = mailroom.serve(
        plain=True, must_sign_in=True, auth_require_tls=False
    )

    kept = trouble(mailroom.post(sink, **ACCOUNT))

    assert not kept.for_good
    assert "STARTTLS" in str(kept)
    assert sink.heard == []


@pytest.mark.asvs("12.3.2", "12.3.4")
@pytest.mark.parametrize("name", [HERE, "mail.example.com"])
@pytest.mark.parametrize("implicit", [True, False])
def test_a_server_that_cannot_show_who_it_is_gets_nothing(
    mailroom: Mailroom, name: str, implicit: bool
) -> None:
    way = "ssl_context" if implicit else "tls_context"
    sink = mailroom.serve(None, **{way: mailroom.certified(name)})
    options = {**ACCOUNT, "mail_use_ssl": str(implicit)}
    if name == HERE:
        # Certified by somebody whom the system does not know.
        options["mail_ca_file"] = ""

    kept = trouble(mailroom.post(sink, **options))

    assert not kept.for_good
    assert "CERTIFICATE_VERIFY_FAILED" in str(kept)
    assert sink.heard == []


@pytest.mark.asvs("12.3.5")
def test_a_wrong_password_is_tried_again_and_not_repeated_to_anybody(
    mailroom: Mailroom,
) -> None:
    sink = mailroom.serve(require_starttls=True, must_sign_in=True)
    wrong = {**ACCOUNT, "mail_password": "wrong-canary"}
    post = mailroom.post(sink, **wrong)

    kept = trouble(post)

    assert not kept.for_good
    assert "SMTPAuthenticationError" in str(kept)
    assert "wrong-canary" not in f"{kept!r}{post!r}"
    assert sink.arrived == []


def test_a_file_of_certificates_that_is_not_there_keeps_letters_back(
    mailroom: Mailroom,
) -> None:
    sink = mailroom.serve()

    kept = trouble(mailroom.post(sink, mail_ca_file="/nowhere.pem"))

    assert not kept.for_good
    assert sink.heard == []


# -- what servers answer ----------------------------------------------------


@pytest.mark.parametrize(
    ("stage", "answer", "for_good"),
    [
        ("RCPT", "450 mailbox busy", False),
        ("RCPT", "550 no such person", True),
        ("DATA", "451 try later", False),
        ("DATA", "554 looks like spam", True),
        ("MAIL", "451 try later", False),
        # This says something about us and not about the letter.
        ("MAIL", "550 sender unknown", False),
    ],
)
def test_only_a_lasting_no_to_the_letter_is_for_good(
    mailroom: Mailroom, stage: str, answer: str, for_good: bool
) -> None:
    sink = mailroom.serve(Sink({stage: answer}))

    kept = trouble(mailroom.post(sink))

    assert kept.for_good is for_good
    assert answer[:3] in str(kept)
    assert sink.arrived == []


def test_a_server_that_is_rude_at_the_end_has_the_letter_all_the_same(
    mailroom: Mailroom,
) -> None:
    sink = mailroom.serve(Sink({"QUIT": "421 go away"}))

    mailroom.post(sink).send(HELLO)

    assert len(sink.arrived) == 1


@pytest.mark.attack(148)
@pytest.mark.asvs("13.2.6")
@pytest.mark.parametrize("implicit", ["true", "false"])
def test_a_server_that_says_nothing_is_left(
    mailroom: Mailroom, monkeypatch: pytest.MonkeyPatch, implicit: str
) -> None:
    monkeypatch.setattr(letters, "SECONDS_TO_WAIT", 0.3)
    with socket.create_server((HERE, 0)) as silent:
        sink = Sink(port=silent.getsockname()[1])
        kept = trouble(mailroom.post(sink, mail_use_ssl=implicit))

    assert not kept.for_good
    assert "timed out" in str(kept)


@pytest.mark.parametrize("server", ["", ".", "a..b", "x" * 70])
def test_a_server_that_cannot_be_found_keeps_letters_waiting(
    server: str,
) -> None:
    assert not trouble(SmtpPost(server, 1, "a@b.example")).for_good


@pytest.mark.attack(17, 148)
@on_sqlite
def test_letters_survive_a_server_that_is_down(
    auth: Auth, alice: User, mailroom: Mailroom, clock: TurnableClock
) -> None:
    sink = Sink(port=free_port())
    post = mailroom.post(sink)
    auth.password_reset.ask("alice@example.com")
    for _ in range(2):
        assert auth.outbox.deliver(post) == 0
        clock.turn(minutes=1)
    assert only(auth).state == "waiting"
    assert "refused" in only(auth).trouble

    mailroom.serve(sink)
    assert auth.outbox.deliver(post) == 1

    (arrived,) = sink.arrived
    assert arrived.mail["Subject"] == "Password Reset Request E-Mail"
    assert f"{auth.settings.base_url}/password_reset/" in body(arrived)
    assert (only(auth).state, only(auth).text) == ("sent", "")


@on_sqlite
@pytest.mark.parametrize("answer", ["450 mailbox busy", "550 no such person"])
def test_what_the_server_says_of_the_recipient_decides_about_the_letter(
    auth: Auth, mailroom: Mailroom, clock: TurnableClock, answer: str
) -> None:
    sink = mailroom.serve(Sink({"RCPT": answer}))
    auth.outbox.put(None, HELLO)
    auth.outbox.deliver(mailroom.post(sink))
    is_later = answer.startswith("4")
    assert only(auth).state == ("waiting" if is_later else "failed")

    sink.answers.clear()
    clock.turn(minutes=1)
    auth.outbox.deliver(mailroom.post(sink))
    assert len(sink.arrived) == is_later


def only(auth: Auth) -> OutboxLetter:
    """Take the only letter that there is."""
    (letter,) = auth.outbox.latest()
    return letter


# -- what a mail looks like -------------------------------------------------


def body(arrived: Arrived) -> str:
    """Read the text of a mail."""
    plain = arrived.mail.get_body(("plain",))
    assert plain is not None
    return str(plain.get_content()).replace("\r\n", "\n")


@pytest.fixture
def plain(mailroom: Mailroom) -> tuple[Post, Sink]:
    """Give the test a server that takes everything, and the way there."""
    sink = mailroom.serve()
    return mailroom.post(sink, mail_use_tls="false"), sink


def test_a_mail_has_the_headers_that_it_must_have(
    mailroom: Mailroom,
) -> None:
    sink = mailroom.serve()
    mailroom.post(
        sink, mail_sender="Rosewood Accounts <accounts@rosewood.example.com>"
    ).send(HELLO)

    (arrived,) = sink.arrived
    mail = arrived.mail
    assert arrived.sender == "accounts@rosewood.example.com"
    assert mail["From"] == (
        "Rosewood Accounts <accounts@rosewood.example.com>"
    )
    assert mail["To"] == "alice@example.com"
    assert mail["Subject"] == "Hello"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == f"<{KEY}@rosewood.example.com>"
    assert mail["Date"].datetime == datetime(1970, 1, 2, tzinfo=UTC)
    assert mail.get_content_type() == "text/plain"
    assert mail["Content-Type"].params["charset"] == "utf-8"
    assert mail["MIME-Version"] == "1.0"
    for name in ("From", "To", "Subject", "Date", "Message-ID"):
        assert len(mail.get_all(name, [])) == 1
    assert not {"Cc", "Bcc", "Reply-To"} & set(mail.keys())


@pytest.mark.parametrize(
    "text",
    [
        "Hello.\n",
        "Здравствуйте!\n\nВаша ссылка: http://localhost:5000/x\n",
        ".\n..\n.leading dots\n",
        "From the beginning\n",
        f"http://localhost:5000/password_reset/{'x' * 900}\n",
        "x" * 5000 + "\n",
        "🗝\n",
    ],
)
def test_a_text_arrives_as_it_was_written(
    plain: tuple[Post, Sink], text: str
) -> None:
    post, sink = plain
    post.send(Letter("alice@example.com", "Здравствуйте, Alice", text))

    (arrived,) = sink.arrived
    assert body(arrived) == text
    assert arrived.mail["Subject"] == "Здравствуйте, Alice"
    assert arrived.content.isascii()
    assert max(map(len, arrived.content.split(b"\r\n"))) <= 998


@pytest.mark.parametrize(
    ("address", "wire"),
    [
        ("bob@münchen.example.com", "bob@xn--mnchen-3ya.example.com"),
        # Two domains, which the older rules take for one.
        ("bob@straße.de", "bob@xn--strae-oqa.de"),
        ("bob@strasse.de", "bob@strasse.de"),
        ("Bob@EXAMPLE.com", "Bob@example.com"),
        ("bob@例え。テスト", "bob@xn--r8jz45g.xn--zckzah"),
    ],
)
def test_an_international_domain_travels_in_ascii(
    plain: tuple[Post, Sink], address: str, wire: str
) -> None:
    post, sink = plain
    post.send(Letter(address, "Hello", "Hello."))

    assert sink.arrived[0].recipients == [wire]
    assert sink.arrived[0].mail["To"] == wire


@pytest.mark.asvs("1.3.11")
@pytest.mark.attack(5, 129, "A3")
@pytest.mark.parametrize(
    "recipient",
    [
        "alice@example.com\r\nBcc: bob@example.com",
        "alice@example.com\nBcc: bob@example.com",
        "alice@example.com, bob@example.com",
        "alice@example.com> <bob@example.com",
        "alice@example.com\r\nRCPT TO:<bob@example.com>",
        "Alice <alice@example.com>",
        "friends: alice@example.com, bob@example.com;",
        "álice@example.com",
        "nobody",
        "",
    ],
)
def test_a_recipient_is_one_address_or_no_mail_at_all(
    plain: tuple[Post, Sink], recipient: str
) -> None:
    post, sink = plain

    kept = trouble(post, Letter(recipient, "Hello", "Hello."))

    assert kept.for_good
    assert sink.heard == []


@pytest.mark.asvs("1.2.1", "1.3.3", "1.3.11")
@pytest.mark.attack(129, "A47")
@pytest.mark.parametrize(
    "subject", ["Hello\r\nBcc: bob@example.com", "Hello\nX: y", "Hello\rX: y"]
)
def test_a_subject_cannot_bring_headers_along(
    plain: tuple[Post, Sink], subject: str
) -> None:
    post, sink = plain

    kept = trouble(post, Letter("alice@example.com", subject, "Hello."))

    assert kept.for_good
    assert sink.heard == []


def test_a_long_subject_stays_one_header(plain: tuple[Post, Sink]) -> None:
    post, sink = plain
    subject = "Здравствуйте " * 15
    post.send(Letter("alice@example.com", subject, "Hello."))

    (arrived,) = sink.arrived
    assert arrived.mail["Subject"].split() == subject.split()
    assert body(arrived).strip() == "Hello."


@on_sqlite
def test_a_letter_that_can_be_no_mail_fails_and_does_not_block_others(
    auth: Auth, plain: tuple[Post, Sink]
) -> None:
    post, sink = plain
    smuggling = "Rose\nBcc: bob@example.com"
    auth.outbox.put(None, dataclasses.replace(HELLO, subject=smuggling))
    auth.outbox.put(None, HELLO)

    auth.outbox.deliver(post)

    assert [found.mail["Subject"] for found in sink.arrived] == ["Hello"]
    states = {found.subject: found.state for found in auth.outbox.latest()}
    assert sorted(states.values()) == ["failed", "sent"]
    assert states["Hello"] == "sent"


# -- the console ------------------------------------------------------------


def test_in_development_a_letter_is_printed_and_passed_on(
    plain: tuple[Post, Sink], capsys: pytest.CaptureFixture[str]
) -> None:
    post, sink = plain
    ConsolePost().send(HELLO)
    assert sink.arrived == []
    ConsolePost(post).send(HELLO)

    assert len(sink.arrived) == 1
    printed = capsys.readouterr().err
    assert printed.count("To: alice@example.com\nSubject: Hello\n\n") == 2
    assert printed.count("Hello, Alice.") == 2


def test_what_is_printed_of_a_post_holds_no_password() -> None:
    post = SmtpPost(HERE, 25, "a@b.example", username="u", password="canary")

    assert "canary" not in repr(post)
