"""Two spellings of one name never become two accounts, on any database."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import func, select

from conftest import PASSWORD
from hostility import tries
from vestibule.auth import Auth
from vestibule.errors import Conflict, Malformed, Refusal
from vestibule.ground.names import canonical
from vestibule.policy import OPERATOR
from vestibule.user import Identifier, User

pytestmark = pytest.mark.settings(
    attempts_per_account=1_000_000, attempts_per_address=1_000_000
)
WIDE = {chr(n): chr(n + 0xFEE0) for n in range(0x21, 0x7F)}
BOLD = {chr(n): chr(0x1D400 + n - 65) for n in range(65, 91)} | {
    chr(n): chr(0x1D41A + n - 97) for n in range(97, 123)
}
ODD = {"s": "ſ", "k": "\u212a", "K": "\u212a", "i": "ı", "I": "İ", "o": "º"}
PAIRS = {"fi": "ﬁ", "fl": "ﬂ", "ff": "ﬀ", "st": "ﬆ", "ss": "ß", "ij": "ĳ"}
UNSEEN = ["\u200b", "\u200d", "\u00ad", "\u2060", "\ufeff", "\u202e", "\u3164"]


def respelt(text: str, how: int, at: int) -> str:
    """Write a text in another way that a reader may take for the same."""
    at %= max(1, len(text))
    joined = text
    for pair, one in PAIRS.items():
        joined = joined.replace(pair, one)
    here = text[at : at + 1]
    ways = [
        *(text.upper(), text.lower(), text.swapcase(), text.title()),
        *(unicodedata.normalize(form, text) for form in ("NFD", "NFKD")),
        "".join(WIDE.get(char, char) for char in text),
        "".join(BOLD.get(char, char) for char in text),
        text[:at] + WIDE.get(here, here) + text[at + 1 :],
        text[:at] + ODD.get(here, here) + text[at + 1 :],
        text[:at] + UNSEEN[at % len(UNSEEN)] + text[at:],
        *(f" {text}", f"{text}\n", f"\u3000{text}\u2003", joined),
    ]
    return ways[how % len(ways)]


def folded(text: str) -> str:
    """Bring a text to what the Unicode standard compares without case."""
    plain = unicodedata.normalize("NFKC", text).strip().casefold()
    # The Turkish capital is an i to us: who types it finds their account.
    return unicodedata.normalize("NFKC", plain).replace("i\u0307", "i")


def folded_address(text: str) -> tuple[str, str]:
    """Bring an address to what is compared; ß is a letter of domains."""
    local, _, domain = unicodedata.normalize("NFKC", text).rpartition("@")
    return folded(local), domain.strip().lower()


LETTERS = st.text("abcfiklosABKIS", min_size=3, max_size=9) | st.sampled_from(
    ["straße", "fiona", "Ångström", "алиса", "ΣΟΦΟΣ", "kate", "ibrahim"]
)
TURNS = st.tuples(st.integers(0, 99), st.integers(0, 99))


def tried(auth: Auth, email: str, username: str) -> User | None:
    """Sign somebody up, unless it is refused in words."""
    try:
        return auth.registration.register(email, PASSWORD, username)
    except (Conflict, Malformed):
        return None


def assert_names_are_unique(auth: Auth) -> None:
    """See that every account has two names, none of them another's."""
    people = auth.db.read(select(func.count()).select_from(User))[0][0]
    rows = auth.db.read(select(Identifier.canonical))
    texts = [row[0] for row in rows]
    assert len(texts) == 2 * people
    assert len({folded(text) for text in texts}) == len(texts)


def clear(auth: Auth) -> None:
    """Delete everybody, so that each example begins with nobody."""
    for user in auth.administration.page():
        auth.deletion.delete(user, by=OPERATOR)


@pytest.mark.attack("A2")
@tries(60)
@given(LETTERS, TURNS, TURNS)
@example(name="straße", first=(0, 0), second=(5, 0))
@example(name="ibrahim", first=(9, 0), second=(0, 0))
@example(name="kate", first=(9, 0), second=(6, 0))
@example(name="Ångström", first=(4, 0), second=(1, 0))
@example(name="fiona", first=(14, 0), second=(7, 0))
def test_a_username_in_another_spelling_is_taken(
    auth: Auth, name: str, first: tuple[int, int], second: tuple[int, int]
) -> None:
    clear(auth)
    tried(auth, "a@example.com", name)
    for number, turns in enumerate((first, second)):
        other = respelt(name, *turns)

        made = tried(auth, f"b{number}@example.com", other)

        assert made is None or folded(made.username) != folded(name)
    assert_names_are_unique(auth)


@pytest.mark.attack(7, "A2")
@tries(60)
@given(LETTERS, st.sampled_from(["example.com", "bücher.de"]), TURNS, TURNS)
@example(name="kate", domain="example.com", first=(9, 0), second=(6, 0))
@example(name="boss", domain="straße.de", first=(0, 0), second=(9, 3))
@example(name="a", domain="strasse.de", first=(14, 0), second=(0, 0))
def test_an_address_in_another_spelling_is_taken(
    auth: Auth,
    name: str,
    domain: str,
    first: tuple[int, int],
    second: tuple[int, int],
) -> None:
    clear(auth)
    address = f"{name}@{domain}"
    owner = tried(auth, address, "first")
    for number, turns in enumerate((first, second)):
        other = respelt(address, *turns)

        made = tried(auth, other, f"other{number}")

        if owner is not None and made is not None:
            assert folded_address(made.email) != folded_address(address)
        try:
            asked = auth.password_reset.ask(other)
        except Refusal:
            continue
        # Whoever is asked for, mail goes to an address on file alone.
        on_file = {user.email for user in auth.administration.page()}
        letters = {letter.recipient for letter in auth.outbox.latest()}
        assert letters <= on_file
        assert canonical(asked.email) == canonical(other)
    assert_names_are_unique(auth)


@pytest.mark.attack(7, "A2")
@tries(30)
@given(LETTERS, TURNS)
@example(name="alice", turns=(6, 0))
@example(name="AAAAAIAAA", turns=(9, 5))
def test_another_spelling_signs_in_to_its_own_account_or_to_none(
    auth: Auth, name: str, turns: tuple[int, int]
) -> None:
    clear(auth)
    made = tried(auth, "a@example.com", name)
    other = respelt(name, *turns)

    try:
        found = auth.login.prove(other, PASSWORD)
    except Refusal:
        return
    assert made is not None
    assert found.id == made.id
    assert folded(other) == folded(name)
