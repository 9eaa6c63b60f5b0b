"""The rules for passwords at their very edges, where one more is too much."""

from typing import Any

import pytest

from vestibule.capabilities.passwords import policy
from vestibule.errors import Malformed
from vestibule.ground.names import LONGEST_EMAIL


def told(password: Any, names: list[Any] | None = None) -> str:
    """Say in words why a password is refused, or nothing."""
    try:
        policy.check(password, 8, blocklist=True, own_names=names or [])
    except Malformed as refusal:
        return str(refusal)
    return ""


PERSONAL = policy.PasswordPersonal.reason.text


@pytest.mark.parametrize(
    ("password", "is_hashable"),
    [
        ("x" * 1024, True),
        ("x" * 1025, False),
        ("é" * 512, True),
        ("é" * 512 + "x", False),
        # Twice as long before NFC.
        ("e\u0301" * 512, True),
        ("", True),
        ("half \ud83e", False),
        (None, False),
        (b"bytes", False),
    ],
)
def test_what_is_hashed_is_text_of_at_most_1024_bytes(
    password: Any, is_hashable: bool
) -> None:
    assert policy.is_hashable(password) is is_hashable


def test_a_refusal_says_how_long_a_password_must_and_may_be() -> None:
    most = "Password must be at most 1024 bytes long"

    assert told("s3ven-7") == "Password must be at least 8 characters"
    assert told("x" * 1025) == most
    assert told("é" * 513) == most


@pytest.mark.parametrize("password", [None, 12345678, b"bytes enough"])
def test_what_is_no_text_is_no_password(password: Any) -> None:
    assert told(password) == policy.PasswordUnwritable.reason.text


def test_beside_one_s_names_eight_letters_or_digits_must_be_left() -> None:
    assert told("alice-kfjwlqz", ["alice"]) == PERSONAL
    assert told("alice-kfjwlqzm", ["alice"]) == ""


def test_what_stands_before_the_at_sign_is_a_name_of_its_own() -> None:
    # Each of its words is too short to count alone.
    assert told("j.d.k--2024", ["j.d.k@x.example.org"]) == PERSONAL


@pytest.mark.parametrize(
    "word", ["com", "org", "net", "mail", "gmail", "email", "example"]
)
def test_what_everybody_s_address_ends_in_is_nobody_s_name(word: str) -> None:
    assert told(f"{word}-lamp+7", [f"q@{word}.{word}"]) == ""


def test_what_can_be_no_name_hides_no_name_that_stands_behind_it() -> None:
    too_long = "x" * LONGEST_EMAIL + "-wolfgang"

    assert told("wolfgang-24", [None, too_long, "wolfgang"]) == PERSONAL
    assert told("wolfgang-24", [None, too_long]) == ""


def test_the_longest_name_there_may_be_is_a_name() -> None:
    longest = "x-" * ((LONGEST_EMAIL - 8) // 2) + "wolfgang"
    assert len(longest) == LONGEST_EMAIL

    assert told("wolfgang-24", [longest]) == PERSONAL
