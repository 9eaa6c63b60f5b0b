"""Codes of digits, as letters show them and as people type them."""

import re
import unicodedata

_BETWEEN = re.compile(r"[\s\-‐-―_.,]+")


def spaced(code: str) -> str:
    """Write a code so that it is easy to copy: ``1234 5678``."""
    half = len(code) // 2
    return f"{code[:half]} {code[half:]}"


def read_code(text: str, digits: int) -> str | None:
    """Read a code however it is typed: with spaces, dashes, wide digits.

    Digits of any script count, since some keyboards write no others.

    Returns:
        The digits 0 to 9, or None if it cannot be a code of this length.
    """
    typed = [
        unicodedata.decimal(char, None) for char in _BETWEEN.sub("", text)
    ]
    if len(typed) != digits or None in typed:
        return None
    return "".join(map(str, typed))


def plain_code(text: str) -> str:
    """Write a code of letters and digits in one way, however it is typed.

    Without spaces and dashes, in small letters, with the digits 0 to 9.
    """
    typed = _BETWEEN.sub("", text).lower()
    digits = (unicodedata.decimal(char, None) for char in typed)
    return "".join(
        char if digit is None else str(digit)
        for char, digit in zip(typed, digits, strict=True)
    )
