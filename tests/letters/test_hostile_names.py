"""Names in letters bring along no header, no markup and no second link."""

import re
from dataclasses import replace

import pytest

from conftest import TurnableClock
from lettercraft import Reader, links_in
from mailroom import Mailroom
from vestibule.correspondence import Desk
from vestibule.doors.samples import AT_A_PAGE, KINDS
from vestibule.ground.letters import Letter
from vestibule.ground.words import LANGUAGES
from vestibule.history import Circumstances, under
from vestibule.settings import Settings
from vestibule.user import User

SITE = "https://id.example.com"
HOSTILE = [
    "<b>x</b><script>alert(1)</script>",
    '"><img src=//evil.example/x onerror=alert(1)>',
    "x\r\nBcc: eve@evil.example",
    "x\nBcc: eve@evil.example\n\nhttp",
    "x\rX-Evil: 1",
    "x\u2028Bcc: eve@evil.example",
    "x\x85Bcc: eve@evil.example",
    "x\x0bBcc:\x0ceve",
    "\u202egnirts\u2066",
    "=?utf-8?q?x=0D=0ABcc:_eve@evil.example?=",
    "=?utf-8?b?PGI+?=",
    "{site}{name}{0}{__class__}",
    "%s%n",
    "x" * 5000,
    "я" * 5000,
    "\ud800\udfff",
    "\x00\x1b[31m",
    "",
    "&lt;b&gt;&amp;",
    "'; DROP TABLE users; --",
]


def written(
    kind: str, language: str, *, clock: TurnableClock, **texts: str
) -> Letter:
    """Write a letter in which some texts are hostile."""
    username = texts.pop("username", "anna")
    agent = texts.pop("agent", AT_A_PAGE.agent)
    loaded = Settings.load({}, base_url=SITE, site_name="Acme")
    # Settings refuse most of these names themselves.
    named = replace(loaded.site, name=texts.pop("site_name", "Acme"))
    desk = Desk(replace(loaded, site=named), clock)
    anna = User(
        id=1, username=username, email="anna@example.com", language=language
    )
    with under(Circumstances("page", "203.0.113.7", agent)):
        return KINDS[kind](desk, anna)


@pytest.mark.asvs("1.2.1")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("where", ["username", "site_name", "agent"])
def test_a_hostile_name_stays_a_name(
    mailroom: Mailroom,
    clock: TurnableClock,
    where: str,
    hostile: str,
    language: str,
) -> None:
    for kind in ("reset", "password_changed", "sign_in_opened"):
        plain = written(kind, language, clock=clock)
        letter = written(kind, language, clock=clock, **{where: hostile})

        # The same skeleton: as many lines, the same tags, one link.
        assert letter.text.count("\n") == plain.text.count("\n")
        assert len(letter.text.splitlines()) == len(plain.text.splitlines())
        was, read = Reader(plain.html), Reader(letter.html)
        assert read.tags == was.tags
        assert read.attributes == was.attributes
        assert links_in(letter.text) == links_in(plain.text)
        assert not re.search("[\u202a-\u202e\u2066-\u2069]", letter.html)
        assert letter.subject.isprintable()
        assert len(letter.subject) <= 83
        assert len(letter.text) < 2500


@pytest.mark.attack(129)
@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_name_arrives_as_one_subject(
    mailroom: Mailroom, clock: TurnableClock, hostile: str
) -> None:
    sink = mailroom.serve()
    letter = written(
        "password_changed",
        "ru",
        clock=clock,
        site_name=hostile,
        username=hostile,
    )

    mailroom.post(sink, mail_use_tls="false").send(letter)

    [arrived] = sink.arrived
    mail = arrived.mail
    assert set(mail.keys()) == {
        "Date",
        "From",
        "To",
        "Subject",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
    }
    assert arrived.recipients == ["anna@example.com"]
    told = " ".join(letter.subject.replace("=?", "= ?").split())
    assert " ".join(str(mail["Subject"]).split()) == told
    assert arrived.content.isascii()
    assert max(map(len, arrived.content.split(b"\r\n"))) <= 998


@pytest.mark.parametrize(
    ("username", "is_link"),
    [
        ("evil.example", True),
        ("www.evil.com", True),
        ("203.0.113.7", True),
        ("anna.2", False),
    ],
)
def test_a_name_like_a_domain_is_no_link(
    clock: TurnableClock, username: str, is_link: bool
) -> None:
    letter = written("confirm_address", "en", clock=clock, username=username)

    for text in (letter.text, Reader(letter.html).text):
        assert (username not in text) == is_link
        assert username in text.replace("\u2060", "")


def test_a_long_name_of_the_site_is_cut_in_the_subject_alone(
    clock: TurnableClock,
) -> None:
    name = "The Most Honourable Society of Rowers and Ramblers"
    letter = written("password_changed", "en", clock=clock, site_name=name)

    assert letter.subject == (
        "Your The Most Honourable Society o… password was changed"
    )
    assert name in letter.text
    assert name in letter.html


def test_a_subject_is_never_decoded_on_its_way(mailroom: Mailroom) -> None:
    sink = mailroom.serve()
    subject = "=?utf-8?q?x=0D=0ABcc:_eve@evil.example?="
    mailroom.post(sink, mail_use_tls="false").send(
        Letter("anna@example.com", subject, "Hello.", html="<p>Hello.</p>")
    )

    [arrived] = sink.arrived
    assert "Bcc" not in arrived.mail
    assert arrived.mail["Subject"] == subject.replace("=?", "= ?")


@pytest.mark.parametrize(
    "support", ["help@example.com", "https://example.com/help", ""]
)
def test_answers_go_to_support_where_it_has_an_address(
    mailroom: Mailroom, support: str
) -> None:
    sink = mailroom.serve()
    letter = Letter("anna@example.com", "Hello", "Hello.")
    mailroom.post(sink, mail_use_tls="false", support=support).send(letter)

    [arrived] = sink.arrived
    expected = support if "@" in support else None
    assert arrived.mail["Reply-To"] == expected
