"""Every letter says the same in both of its forms, and says enough."""

import ast
import re
from importlib import import_module
from inspect import getmembers, isfunction
from pathlib import Path

import pytest

from conftest import TurnableClock
from lettercraft import Reader, links_in
from vestibule.capabilities import __path__ as capabilities
from vestibule.correspondence import DARK, LIGHT, Desk
from vestibule.doors.samples import KINDS, TOKEN, sample
from vestibule.ground.colours import EDGE, TEXT, Colour, contrast
from vestibule.ground.letters import Letter
from vestibule.ground.words import LANGUAGES
from vestibule.settings import Settings
from vestibule.user import User

SITE = "https://id.example.com"
CONTRACTS = [
    "To reset your password use the following link:",
    "If you did not make this request - ignore this message.",
    "Regards, @Acme team!",
]
# What to do for whoever has not done it, besides reading.
SECURITY = {
    "address_changed",
    "address_changing",
    "address_wanted",
    "already_registered",
    "confirm_address",
    "confirm_new_address",
    "factor_added",
    "factor_removed",
    "factors_removed",
    "login_code",
    "new_device",
    "passkey_copied",
    "password_changed",
    "password_changed_by_first_reader",
    "password_changed_by_operator",
    "recovery_code_used",
    "recovery_codes_made",
    "registered_unconfirmed",
    "reset",
    "reset_by_operator",
    "second_step_guessed",
    "username_changed",
    "username_changed_by_operator",
}
WITHOUT_LINK = {"address_corrected", "sign_in_closed"}
# What administrators do at a page of theirs.
BY_ADMIN = {"factors_removed", "sign_in_closed", "sign_in_opened"}
# Whose link opens something by itself.
WITH_TOKEN = {
    "address_changed",
    "confirm_address",
    "confirm_new_address",
    "factor_added",
    "login_code",
    "new_device",
    "reset",
    "reset_by_operator",
}
NAMES = (
    r"\S+@\S+|https?://\S+|Acme|ann[ai]|UTC|Firefox|Windows|203\.0\.113\.7|"
    # What a device says of itself.
    r"Google Password Manager"
)

every_letter = pytest.mark.parametrize(
    ("kind", "language"),
    [(kind, language) for kind in KINDS for language in LANGUAGES],
)


@pytest.fixture
def desk(clock: TurnableClock) -> Desk:
    """Give the test a desk whose clock shows a known moment."""
    clock.moment = 1_767_366_300
    settings = Settings.load(
        {}, site_name="Acme", base_url=SITE, support="help@example.com"
    )
    return Desk(settings, clock)


@pytest.mark.attack("A47")
@every_letter
def test_both_forms_say_the_same(desk: Desk, kind: str, language: str) -> None:
    letter = sample(kind, language, desk)
    read = Reader(letter.html)

    extra = read.text
    # Spaces that keep words together are read like others.
    lines = [" ".join(line.split()) for line in letter.text.splitlines()]
    for line in [letter.subject, *lines]:
        assert line in read.text, line
        extra = extra.replace(line, "", 1)
    # Only the button, and the words over the address, are in HTML alone.
    assert len(extra.split()) < 15, extra
    assert f'<html lang="{language}">' in letter.html


@every_letter
def test_there_is_one_link_and_it_leads_home(
    desk: Desk, kind: str, language: str
) -> None:
    letter = sample(kind, language, desk)
    links = links_in(letter.text)

    assert len(links) == (kind not in WITHOUT_LINK)
    for link in links:
        assert link in letter.text.splitlines()
        assert link.startswith(f"{SITE}/")
    assert set(Reader(letter.html).links) == links
    assert links_in(Reader(letter.html).text) == links
    assert (TOKEN in letter.text) == (kind in WITH_TOKEN)


@every_letter
def test_a_letter_says_to_whom_for_which_site_and_why(
    desk: Desk, kind: str, language: str
) -> None:
    letter = sample(kind, language, desk)
    lines = letter.text.splitlines()

    assert "anna" in lines[0]
    assert "Acme" in letter.text
    assert letter.to in letter.text
    assert any(line.endswith("help@example.com") for line in lines)
    assert "@Acme" in lines[-1]
    assert not re.search(r"[{}]|None|%s", letter.text + letter.subject)
    assert len(letter.subject) <= 78
    if kind not in ("reset", "reset_by_operator"):
        assert "Acme" in letter.subject
    asks = {"en": "Wasn’t you?", "ru": "Это были не вы?"}
    if kind == "reset_by_operator":
        asks = {"en": "Didn’t expect this?", "ru": "Не ждали этого письма?"}
    assert (asks[language] in lines) == (kind in SECURITY)
    # Somebody at a page: the moment with its zone, and from where.
    if kind in ("reset", "password_changed", "address_changing", "new_device"):
        assert "15:05 UTC" in letter.text
        assert "203.0.113.7" in letter.text
        assert "Firefox" in letter.text
    if "operator" in kind or kind in BY_ADMIN:
        assert "203.0.113.7" not in letter.text


@pytest.mark.parametrize("kind", ["address_changed", "new_device"])
def test_the_link_of_a_sample_ends_after_the_letter_was_written(
    desk: Desk, kind: str
) -> None:
    begun, ends = (
        desk.sheet(User(id=1, username="anna", email="a@example.com")).moment(
            desk.clock.now() + days * 86400
        )
        for days in (0, 7)
    )

    text = sample(kind, "en", desk).text

    assert begun in text
    assert f"until {ends}" in text


@pytest.mark.parametrize("kind", KINDS)
def test_no_english_is_left_in_russian(desk: Desk, kind: str) -> None:
    letter = sample(kind, "ru", desk)

    for text in (letter.subject, letter.text, Reader(letter.html).text):
        left = re.sub(NAMES, "", text)
        assert re.findall(r"[A-Za-z]+", left) == []
    english = sample(kind, "en", desk)
    assert not re.search("[А-Яа-яё]", english.text + english.html)
    assert english.subject != letter.subject


def test_the_reset_speaks_the_words_of_the_contract(desk: Desk) -> None:
    letter = sample("reset", "en", desk)

    assert letter.subject == "Password Reset Request E-Mail"
    lines = letter.text.splitlines()
    for line in CONTRACTS:
        assert line in lines
        assert line in Reader(letter.html).text
    assert f"{SITE}/password_reset/{TOKEN}" in lines
    assert "for 60 minutes: until January 2, 2026, 16:05 UTC." in letter.text
    assert lines[-1] == CONTRACTS[-1]


@every_letter
def test_nothing_is_fetched_and_nothing_runs(
    desk: Desk, kind: str, language: str
) -> None:
    letter = sample(kind, language, desk)
    read = Reader(letter.html)

    unwanted = {"img", "script", "link", "iframe", "form", "base", "object"}
    assert not unwanted & {tag.lower() for tag in read.tags}
    assert not re.search(r"url\(|@import|@font-face", letter.html)
    assert not [name for name, _ in read.attributes if name[:2] == "on"]
    addresses = re.findall(r"https?://[^\s\"'<>]+", letter.html)
    assert {a for a in addresses if not a.startswith(SITE)} == set()
    assert ("name", "color-scheme") in read.attributes
    assert ("name", "supported-color-schemes") in read.attributes
    assert "prefers-color-scheme: dark" in letter.html
    # Below 102 KB, where some programs cut a letter off.
    assert len(letter.html) < 20_000


# -- the colours ------------------------------------------------------------


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "paper", "least"),
    [
        ("text", "hall", TEXT),
        ("text", "card", TEXT),
        ("text", "sunken", TEXT),
        ("muted", "hall", TEXT),
        ("muted", "card", TEXT),
        ("link", "card", TEXT),
        ("on_door", "door", TEXT),
        ("door", "card", EDGE),
        ("door", "hall", EDGE),
    ],
)
def test_everything_can_be_read_on_what_it_stands_on(
    scheme: dict[str, str], ink: str, paper: str, least: float
) -> None:
    one, other = Colour.read(scheme[ink]), Colour.read(scheme[paper])

    assert one is not None
    assert other is not None
    assert contrast(one, other) >= least


def test_a_letter_has_no_other_colours_and_darkens_all_of_them(
    desk: Desk,
) -> None:
    html = sample("reset", "en", desk).html
    sheet, _, body = html.partition("</style>")

    assert set(re.findall(r"#[0-9A-Fa-f]{6}", body)) <= set(LIGHT.values())
    assert set(re.findall(r"#[0-9A-Fa-f]{6}", sheet)) == set(DARK.values())
    # What has a colour has a class that gives it the other one.
    darkened = set(re.findall(r"\.([a-z]+) \{[^}]*color", sheet))
    for tag in re.findall(r"<[a-z][^>]*(?<![-a-z])color:#[^>]*>", body):
        named = re.search(r'class="([a-z]+)"', tag)
        assert named, tag
        assert named[1] in darkened
    for tag in re.findall(r"<[a-z][^>]*background-color:[^>]*>", body):
        assert re.search(r'class="(\w+)"', tag), tag


# -- the registry -----------------------------------------------------------


def test_every_letter_that_can_be_written_has_a_sample() -> None:
    written = {
        function
        for folder in Path(capabilities[0]).iterdir()
        if (folder / "letters.py").is_file()
        for module in [
            import_module(f"vestibule.capabilities.{folder.name}.letters")
        ]
        for name, function in getmembers(module, isfunction)
        if function.__module__ == module.__name__ and name[0] != "_"
    }
    shown = {getattr(kind, "func", kind) for kind in KINDS.values()}

    assert len(written) > 6
    assert written <= shown
    assert {name.partition("_by_")[0] for name in KINDS} == {
        kind.__name__ for kind in shown
    }


def test_letters_are_written_at_a_desk_and_nowhere_else() -> None:
    source = Path(capabilities[0]).parent
    makers = {
        str(file.relative_to(source))
        for file in source.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == Letter.__name__
    }

    # The last two take one out of the table where it waited.
    assert makers == {"correspondence.py", "outbox.py", "doors/devmail.py"}
