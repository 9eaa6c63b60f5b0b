"""What may be a password: long enough, not common, not one's own name.

There are no rules of composition, on purpose.
Source: NIST SP 800-63B-4 3.1.1.2; OWASP ASVS 5.0 6.2.
"""

import bisect
import mmap
import unicodedata
from collections.abc import Iterable
from functools import cache
from hashlib import sha1
from importlib.resources import as_file, files

from vestibule.errors import Malformed, Reason
from vestibule.ground.names import LONGEST_EMAIL, is_writable
from vestibule.ground.words import characters

MOST_BYTES = 1024
SHORTEST_NAME = 3
ENTRY = 6


class PasswordTooShort(Malformed):
    """The password has too few characters."""

    reason = Reason("password.too_short", "Password must be at least {least}")
    field = "password"


class PasswordTooLong(Malformed):
    """The password has more bytes than are hashed."""

    reason = Reason(
        "password.too_long", "Password must be at most {most} bytes long"
    )
    field = "password"


class PasswordUnwritable(Malformed):
    """The password holds characters that cannot be typed."""

    reason = Reason(
        "password.characters",
        "Password contains characters that cannot be typed",
    )
    field = "password"


class PasswordCommon(Malformed):
    """The password is one of those that everybody tries first."""

    reason = Reason(
        "password.common",
        "This password is on a list of common passwords. "
        "Try three or four random words",
    )
    field = "password"


class PasswordPersonal(Malformed):
    """The password is little more than the account's own names."""

    reason = Reason(
        "password.personal",
        "Password must not contain your username or email address",
    )
    field = "password"


def is_hashable(password: str) -> bool:
    """Tell whether a password may be hashed: writable and not too long.

    Attack: a password of a megabyte that costs a second of hashing.
    """
    return (
        isinstance(password, str)
        and len(password) <= MOST_BYTES
        and is_writable(password)
        and len(unicodedata.normalize("NFC", password).encode()) <= MOST_BYTES
    )


def check(
    password: str, least: int, *, blocklist: bool, own_names: Iterable[str]
) -> None:
    """Refuse what may not be a password.

    Args:
        password: as typed.
        least: the fewest code points, counted after NFC.
        blocklist: whether common and personal passwords are refused.
        own_names: username, address and the like.

    Raises:
        Malformed: one of this module's refusals.
    """
    if not isinstance(password, str):
        raise PasswordUnwritable
    if len(password) > MOST_BYTES:
        raise PasswordTooLong(most=MOST_BYTES)
    if not is_writable(password):
        raise PasswordUnwritable
    normal = unicodedata.normalize("NFC", password)
    if len(normal.encode()) > MOST_BYTES:
        raise PasswordTooLong(most=MOST_BYTES)
    if len(normal) < least:
        raise PasswordTooShort(least=characters(least))
    if blocklist and is_common(normal):
        raise PasswordCommon
    if blocklist and is_personal(normal, own_names):
        raise PasswordPersonal


def is_personal(password: str, own_names: Iterable[str]) -> bool:
    """Tell whether too little is left once the names are taken out.

    What must remain is what a stranger would still have to guess: at least
    eight letters and digits, unless no name occurs at all.
    """
    rest = password.casefold()
    for name in sorted(_pieces(own_names), key=len, reverse=True):
        rest = rest.replace(name, " ").replace(name[::-1], " ")
    if rest == password.casefold():
        return False
    return sum(char.isalnum() for char in rest) < 8


def _pieces(own_names: Iterable[str]) -> set[str]:
    """Cut names into the words that people build passwords from."""
    pieces: set[str] = set()
    for name in own_names:
        # What can be no name is refused as one elsewhere, and costs
        # nothing here.
        if not isinstance(name, str) or len(name) > LONGEST_EMAIL:
            continue
        folded = unicodedata.normalize("NFC", name.casefold())
        words = "".join(c if c.isalnum() else " " for c in folded).split()
        pieces |= {folded, folded.partition("@")[0], *words}
    # Every other address ends in these; they are nobody's own.
    pieces -= {"com", "org", "net", "mail", "gmail", "email", "example"}
    return {piece for piece in pieces if len(piece) >= SHORTEST_NAME}


@cache
def _common() -> mmap.mmap:
    """Map the sorted list of fingerprints into memory, shared by all."""
    shipped = files(__package__) / "common-passwords.bin"
    with as_file(shipped) as path, path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


class _Entries:
    """The list of fingerprints as a sequence, for bisection."""

    def __len__(self) -> int:
        return len(_common()) // ENTRY

    def __getitem__(self, index: int) -> bytes:
        return _common()[index * ENTRY : (index + 1) * ENTRY]


def is_common(password: str) -> bool:
    """Tell whether a password is on the shipped list of common ones.

    The list holds the first six bytes of SHA-1 of each password in lower
    case; among 50,000 entries a chance hit is one in five thousand million.
    """
    wanted = common_entry(password)
    entries = _Entries()
    place = bisect.bisect_left(entries, wanted)
    return place < len(entries) and entries[place] == wanted


def common_entry(password: str) -> bytes:
    """Make the list's entry for a password."""
    return sha1(  # noqa: S324 - an index, not a protection
        password.casefold().encode()
    ).digest()[:ENTRY]
