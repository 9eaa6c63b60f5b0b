"""Recovery codes as they are made, written and read."""

import re

from vestibule.ground.codes import plain_code
from vestibule.ground.randomness import Randomness

# No two of these are taken for each other (Crockford's base 32).
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
# 125 bits, more than the 112 of OWASP ASVS 5.0 6.5.2.
LENGTH = 25
GROUP = 5
HOW_MANY = 10
# What people write for these digits, all the same.
_ALIKE = str.maketrans("oil", "011")


def made(randomness: Randomness) -> list[str]:
    """Make ten codes."""
    return [randomness.letters(ALPHABET, LENGTH) for _ in range(HOW_MANY)]


def grouped(code: str) -> str:
    """Write a code so that it is easy to copy, in groups of five."""
    return "-".join(re.findall(rf".{{{GROUP}}}", code))


def plain(typed: str) -> str:
    """Read a code however it is typed."""
    return plain_code(typed).translate(_ALIKE)
