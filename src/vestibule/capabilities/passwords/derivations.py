"""How other systems hash: what each kind computes, and what it may cost.

What would cost too much is refused as it is read, before anything is
computed (attack: one row of an import that stops the site at each sign-in).
Sources: RFC 8018 (PBKDF2), RFC 7914 (scrypt), RFC 9106 (argon2);
openwall.com/phpass; WordPress 6.8 ``wp_hash_password``.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from vestibule.errors import Malformed, Reason

# Each limit lies above what the systems themselves choose, and keeps one
# check near a second of one core (phpass near a fifth: it is computed
# in Python and holds up the other threads).
MOST_BCRYPT_COST = 14
MOST_PBKDF2_ITERATIONS = 5_000_000
MOST_SCRYPT_MEMORY = 256 * 1024 * 1024
MOST_SCRYPT_LANES = 16
MOST_PHPASS_ROUNDS = 19
MOST_ARGON2_MEMORY = 512 * 1024
MOST_ARGON2_WORK = 2 * 1024 * 1024
MOST_ARGON2_LANES = 16

BCRYPT_BYTES = 72
PHPASS_DIGITS = (
    "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)
Check: TypeAlias = Callable[[bytes], bool]


class HashUnknown(Malformed):
    """The text is no hash of a kind that can be checked."""

    reason = Reason(
        "password_hash.unknown",
        "This is no password hash of a kind that can be checked here",
    )
    field = "password_hash"


class HashTooCostly(Malformed):
    """To check the hash would take too much time or memory."""

    reason = Reason(
        "password_hash.too_costly",
        "To check this password hash would cost too much: {what} may be at "
        "most {most}",
    )
    field = "password_hash"


@dataclass(frozen=True)
class Limits:
    """The most that an argon2 hash may cost: KiB, and KiB times passes."""

    memory: int = MOST_ARGON2_MEMORY
    work: int = MOST_ARGON2_WORK


def _within(what: str, given: int, most: int) -> None:
    """Refuse a cost above what is checked, and one that is none.

    Raises:
        HashTooCostly, HashUnknown: it is outside.
    """
    if given < 1:
        raise HashUnknown
    if given > most:
        raise HashTooCostly(what=what, most=most)


def argon2(found: re.Match[str], limits: Limits) -> Check:
    """Check argon2, as it is and as Django keeps it."""
    memory, passes = int(found["memory"]), int(found["passes"])
    _within("argon2 memory in KiB", memory, limits.memory)
    _within("argon2 lanes", int(found["lanes"]), MOST_ARGON2_LANES)
    _within("argon2 passes", passes, limits.work // memory)

    def check(password: bytes) -> bool:
        """Compute argon2 of the password."""
        try:
            return PasswordHasher().verify(found["plain"], password)
        except (VerificationError, InvalidHashError):
            return False

    return check


def plain_bcrypt(found: re.Match[str]) -> Check:
    """Check bcrypt, which reads 72 bytes and no byte behind them.

    The library refuses longer passwords since version 5; those who made
    the hash cut them off, and so must we. What some of them left in the
    bits that no byte fills is put right.
    """
    from passlib.hash import bcrypt  # type: ignore[import-untyped]
    from passlib.utils.binary import (  # type: ignore[import-untyped]
        bcrypt64,
    )

    _within("bcrypt cost", int(found["cost"]), MOST_BCRYPT_COST)
    if int(found["cost"]) < 4:
        raise HashUnknown
    salt, digest = found["rest"][:22], found["rest"][22:]
    salt, digest = map(bcrypt64.repair_unused, (salt, digest))
    encoded = found["bcrypt"][:7] + salt + digest

    def check(password: bytes) -> bool:
        """Compute bcrypt of what it reads of the password."""
        if b"\0" in password:
            # Some stop there and some refuse; nobody types it.
            return False
        return bool(bcrypt.verify(password[:BCRYPT_BYTES], encoded))

    return check


def bcrypt_sha256(found: re.Match[str]) -> Check:
    """Check bcrypt of a digest in hexadecimal, as Django makes it."""
    check = plain_bcrypt(found)
    return lambda password: check(
        binascii.hexlify(hashlib.sha256(password).digest())
    )


def wordpress(found: re.Match[str]) -> Check:
    """Check bcrypt of a keyed digest, as WordPress 6.8 makes it."""
    check = plain_bcrypt(found)

    def of_digest(password: bytes) -> bool:
        """Make the digest, with the key that is the same everywhere."""
        digest = hmac.digest(b"wp-sha384", password, "sha384")
        return check(base64.b64encode(digest))

    return of_digest


def phpass(found: re.Match[str]) -> Check:
    """Check phpass, of WordPress before 6.8 and of phpBB 3."""
    from passlib.hash import phpass

    rounds = PHPASS_DIGITS.index(found["rounds"])
    _within("phpass rounds (as a power of 2)", rounds, MOST_PHPASS_ROUNDS)
    if rounds < 7:
        raise HashUnknown
    return lambda password: bool(phpass.verify(password, found[0]))


def _digest(found: re.Match[str]) -> bytes:
    """Read the digest at the end of a hash.

    Raises:
        HashUnknown: it is written wrongly.
    """
    groups = found.groupdict()
    try:
        if "hex" in groups:
            return bytes.fromhex(groups["hex"])
        return base64.b64decode(groups["base64"], validate=True)
    except ValueError as error:
        raise HashUnknown from error


def pbkdf2(found: re.Match[str]) -> Check:
    """Check PBKDF2, of Werkzeug and of Django."""
    iterations, wanted = int(found["iterations"]), _digest(found)
    _within("pbkdf2 iterations", iterations, MOST_PBKDF2_ITERATIONS)
    salt = found["salt"].encode()
    if len(wanted) != hashlib.new(found["digest"]).digest_size:
        raise HashUnknown
    return lambda password: hmac.compare_digest(
        hashlib.pbkdf2_hmac(found["digest"], password, salt, iterations),
        wanted,
    )


def scrypt(found: re.Match[str]) -> Check:
    """Check scrypt, of Werkzeug and of Django."""
    n, r, p = (int(found[name]) for name in "nrp")
    salt, wanted = found["salt"].encode(), _digest(found)
    if n < 2 or n & (n - 1) or r < 1 or len(wanted) != 64:
        raise HashUnknown
    memory = 128 * n * r
    _within("scrypt memory in bytes", memory, MOST_SCRYPT_MEMORY)
    _within("scrypt lanes", p, min(MOST_SCRYPT_LANES, _lanes(memory)))
    room = memory + 128 * r * (p + 2) + 1024 * 1024
    return lambda password: hmac.compare_digest(
        hashlib.scrypt(
            password, salt=salt, n=n, r=r, p=p, maxmem=room, dklen=64
        ),
        wanted,
    )


def _lanes(memory: int) -> int:
    """Say how often scrypt may go over its memory."""
    return max(1, MOST_SCRYPT_MEMORY // memory)
