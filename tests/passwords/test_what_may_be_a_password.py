"""What may be a password: length, common ones, one's own names."""

import unicodedata
from importlib.resources import files

import pytest

from vestibule.auth import Auth
from vestibule.capabilities.passwords import policy
from vestibule.errors import Malformed

NAMES = ["alice.smith", "Alice.Smith@bigcorp.example", "Älice", "Vestibule"]


def refused(password: str, least: int = 8) -> str:
    """Say why a password may not be one, in the words of its code."""
    try:
        policy.check(password, least, blocklist=True, own_names=NAMES)
    except Malformed as refusal:
        [fault] = refusal.faults
        return fault.reason.code.removeprefix(f"{fault.field}.")
    return ""


@pytest.mark.asvs("N6")
@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("correct horse battery staple", ""),
        ("aaaaaaa", "too_short"),
        ("kfjwlqzm", ""),
        ("🦊🌵🎻🧊🪐🛶🧵", "too_short"),
        ("🦊🌵🎻🧊🪐🛶🧵🪁", ""),
        ("e\u0301" * 7, "too_short"),
        ("пять слов лучше одного", ""),
        ("        ", ""),
        ("x" * 1024, ""),
        ("x" * 1025, "too_long"),
        ("ы" * 512, ""),
        ("ы" * 513, "too_long"),
        ("x" * 1_000_000, "too_long"),
        ("tab\tand more text", "characters"),
        ("null\x00and more text", "characters"),
        ("half \ud83e and more", "characters"),
        ("password", "common"),
        ("PassWord1", "common"),
        ("12345678", "common"),
        ("qwertyuiop", "common"),
        ("alice.smith", "personal"),
        ("ALICE.SMITH", "personal"),
        ("alice2024!", "personal"),
        ("2024Smith!!", "personal"),
        ("htims.ecila", "personal"),
        ("alicesmith@bigcorp", "personal"),
        ("bigcorp1234", "personal"),
        ("vestibule99", "personal"),
        ("a\u0308lice1234", "personal"),
        ("alice rides a green tortoise", ""),
        ("the smithereens of 1990", ""),
    ],
)
def test_a_password_is_judged_by_what_a_stranger_has_to_guess(
    password: str, why: str
) -> None:
    assert refused(password) == why


def test_length_is_counted_after_composing() -> None:
    decomposed = unicodedata.normalize("NFD", "äëïöüÿéè")

    assert len(decomposed) == 16
    assert refused(decomposed) == ""
    assert refused(decomposed[:-2]) == "too_short"


@pytest.mark.asvs("6.2.12")
def test_the_list_holds_fifty_thousand_common_passwords() -> None:
    shipped = files("vestibule.capabilities.passwords")
    entries = (shipped / "common-passwords.bin").read_bytes()

    assert len(entries) % policy.ENTRY == 0
    assert len(entries) // policy.ENTRY >= 50_000
    ordered = [
        entries[at : at + policy.ENTRY]
        for at in range(0, len(entries), policy.ENTRY)
    ]
    assert ordered == sorted(set(ordered))


@pytest.mark.asvs("6.2.5")
def test_there_are_no_rules_of_composition(auth: Auth) -> None:
    for number, password in enumerate(
        ("onlylowercaseletters", "NURGROSSBUCHSTABEN", "8401957362840195")
    ):
        auth.registration.register(f"u{number}@example.com", password)
