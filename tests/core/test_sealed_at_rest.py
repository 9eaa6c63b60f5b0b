"""What is sealed at rest opens in its own row, by the keys of the site."""

import pytest

from vestibule.ground.keys import Keys
from vestibule.ground.randomness import Randomness
from vestibule.ground.sealed_at_rest import MARK, AtRest

OLD = "0123456789abcdef0123456789abcdef"
NEW = "fedcba9876543210fedcba9876543210"
SECRET = b"twenty bytes of seed"


def at_rest(*keys: str, purpose: str = "totp") -> AtRest:
    """Make what closes and opens, the first key being the newest."""
    return AtRest(Keys(keys[0], keys[1:]), purpose, Randomness())


@pytest.mark.asvs("11.3.2", "11.3.4")
def test_a_secret_is_closed_differently_each_time_and_opens() -> None:
    here = at_rest(NEW)
    first, second = here.close(SECRET, "1"), here.close(SECRET, "1")

    assert first != second
    assert SECRET not in first
    # Its mark, 96 bits of nonce, and 128 bits that tell any change.
    assert len(first) == MARK + 12 + len(SECRET) + 16
    assert here.open(first, "1") == here.open(second, "1") == SECRET


@pytest.mark.asvs("11.3.4")
def test_it_opens_in_no_other_row_and_for_no_other_purpose() -> None:
    closed = at_rest(NEW).close(SECRET, "1")

    assert at_rest(NEW).open(closed, "11") is None
    assert at_rest(NEW, purpose="other").open(closed, "1") is None
    # Nor where the mark was made to fit.
    other = at_rest(NEW, purpose="other")
    forged = other.close(b"", "1")[:MARK] + closed[MARK:]
    assert other.open(forged, "1") is None


@pytest.mark.asvs("11.2.2", "13.3.4")
def test_a_former_key_opens_and_never_closes() -> None:
    closed = at_rest(OLD).close(SECRET, "1")
    both = at_rest(NEW, OLD)

    assert both.open(closed, "1") == SECRET
    assert closed[:MARK] in both.old_marks
    again = both.close(SECRET, "1")
    assert again[:MARK] not in both.old_marks
    assert at_rest(NEW).open(again, "1") == SECRET
    assert at_rest(NEW).open(closed, "1") is None


def test_what_was_cut_or_turned_over_does_not_open() -> None:
    here = at_rest(NEW)
    closed = here.close(SECRET, "1")
    for place in range(len(closed)):
        spoilt = bytearray(closed)
        spoilt[place] ^= 1
        assert here.open(bytes(spoilt), "1") is None, place
        assert here.open(closed[:place], "1") is None, place
