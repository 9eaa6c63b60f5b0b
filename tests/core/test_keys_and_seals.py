"""Keys that could be guessed, hashes with a key, and what seals look like."""

import hmac

import pytest

from conftest import TurnableClock
from vestibule.ground.codes import read_code, spaced
from vestibule.ground.keys import Keys, is_weak, read_keys
from vestibule.ground.signing import Seal, is_one_of, keyed_hash

KEY, OTHER = "0123456789abcdef" * 2, "fedcba9876543210" * 2
THIRD = "ghijklmnopqrstuv" * 2


# -- keys -------------------------------------------------------------------


@pytest.mark.asvs("11.2.3", "13.3.4")
@pytest.mark.parametrize(
    ("key", "weak"),
    [
        ("", True),
        (KEY, False),
        (KEY[:31], True),
        ("01234567" * 4, False),
        ("0123456" * 5, True),
        ("a" * 100, True),
    ],
)
def test_a_key_of_31_characters_or_of_7_different_ones_is_weak(
    key: str, weak: bool
) -> None:
    assert is_weak(key) is weak


def test_keys_are_read_with_commas_or_lines_between_them() -> None:
    text = f" {KEY} ,\t{OTHER}\r\n\n{THIRD},,\n"

    assert read_keys(text) == (KEY, OTHER, THIRD)
    assert read_keys(KEY) == (KEY,)
    assert read_keys(f"{KEY}\r{OTHER}\n{THIRD}") == (KEY, OTHER, THIRD)
    assert read_keys("") == ()
    assert read_keys(" ,\n") == ()


@pytest.mark.parametrize("weak", [KEY[:31], "0123456" * 5])
def test_one_weak_key_among_others_is_told_and_never_repeated(
    weak: str,
) -> None:
    with pytest.raises(ValueError, match="holds a key of fewer") as told:
        read_keys(f"{KEY},{weak}")
    assert str(told.value) == (
        "holds a key of fewer than 32 characters, or of fewer than 8 "
        "different ones"
    )


def test_the_key_that_signs_comes_first_of_all_that_verify() -> None:
    assert Keys(KEY, (OTHER, THIRD)).all == (KEY, OTHER, THIRD)
    assert Keys(KEY).all == (KEY,)


# -- hashes with a key ------------------------------------------------------


@pytest.mark.asvs("11.4.1", "11.4.3")
def test_a_hash_with_a_key_is_hmac_of_sha_256_for_one_purpose() -> None:
    key = hmac.digest(KEY.encode(), b"vestibule.codes", "sha256")
    made = hmac.digest(key, b"1:7\x0012:mail\xc3\xa9", "sha256")

    assert keyed_hash(KEY, "codes", "7", "mailé") != made
    made = hmac.digest(key, b"1:7\x005:mail\xc3\xa9", "sha256")
    assert keyed_hash(KEY, "codes", "7", "mailé") == made
    assert keyed_hash(KEY, "other", "7", "mailé") != made
    assert keyed_hash(OTHER, "codes", "7", "mailé") != made


def test_no_part_of_what_is_hashed_ends_where_another_begins() -> None:
    assert keyed_hash(KEY, "codes", "ab", "c") != keyed_hash(
        KEY, "codes", "a", "bc"
    )
    assert keyed_hash(KEY, "codes", "a\x001:b") != keyed_hash(
        KEY, "codes", "a", "b"
    )


def test_a_text_that_is_none_of_unicode_s_is_hashed_all_the_same() -> None:
    assert keyed_hash(KEY, "codes", "\ud83e") == keyed_hash(KEY, "codes", "?")


def test_a_hash_is_found_among_others_wherever_it_stands() -> None:
    hashes = [b"one", b"two", b"three"]

    assert all(is_one_of(one, hashes) for one in hashes)
    assert not is_one_of(b"four", hashes)
    assert not is_one_of(b"", [])


# -- seals ------------------------------------------------------------------


def test_only_what_grows_long_is_compressed(clock: TurnableClock) -> None:
    seal = Seal(Keys(KEY), "visit", clock)
    plain, packed = seal.close("x" * 118), seal.close("x" * 119)

    # As JSON, with its quotes, of 120 and of 121 characters.
    assert not plain.startswith(".")
    assert packed.startswith(".")
    assert seal.open(plain, 60) == "x" * 118
    assert seal.open(packed, 60) == "x" * 119
    assert isinstance(plain, str)


@pytest.mark.asvs("13.3.4")
def test_the_newest_key_signs_and_older_ones_still_verify(
    clock: TurnableClock,
) -> None:
    before = Seal(Keys(OTHER), "visit", clock)
    between = Seal(Keys(KEY, (OTHER,)), "visit", clock)
    after = Seal(Keys(KEY), "visit", clock)

    assert between.open(before.close("a"), 60) == "a"
    assert after.open(between.close("b"), 60) == "b"
    assert after.open(before.close("a"), 60) is None


@pytest.mark.parametrize("text", ["", "é", "\ud83e", "a.b.c", ".", "\x00"])
def test_what_is_no_seal_opens_nothing(
    text: str, clock: TurnableClock
) -> None:
    assert Seal(Keys(KEY), "visit", clock).open(text, 60) is None


# -- codes ------------------------------------------------------------------


def test_a_code_is_written_in_two_halves() -> None:
    assert spaced("12345678") == "1234 5678"
    assert spaced("123456") == "123 456"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("1234 5678", "12345678"),
        ("1234-5678", "12345678"),
        ("12.34,56_78", "12345678"),
        ("１２３４５６７８", "12345678"),
        ("1234 567", None),
        ("1234 56789", None),
        ("1234 567x", None),
        ("x234 5678", None),
        ("", None),
    ],
)
def test_a_code_is_read_with_what_people_put_between(
    typed: str, code: str | None
) -> None:
    assert read_code(typed, 8) == code
