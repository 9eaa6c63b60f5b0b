"""The keys of a site: one signs, and those before it still verify.

With an overlap nothing that is out in the world dies when the key is
changed: a cookie, an open form, a code that was mailed.
Source: ASVS 5.0 11.2.2, 13.3.4; docs/decisions/0024.
"""

import re
from dataclasses import dataclass, field

SHORTEST = 32
FEWEST_CHARACTERS = 8


def read_keys(text: str) -> tuple[str, ...]:
    """Read keys with commas or lines between them.

    Raises:
        ValueError: one of them could be guessed.
    """
    keys = tuple(filter(None, map(str.strip, re.split(r"[,\r\n]", text))))
    if any(map(is_weak, keys)):
        raise ValueError(
            f"holds a key of fewer than {SHORTEST} characters, or of fewer "
            f"than {FEWEST_CHARACTERS} different ones"
        )
    return keys


def is_weak(key: str) -> bool:
    """Tell whether a key could be guessed."""
    return len(key) < SHORTEST or len(set(key)) < FEWEST_CHARACTERS


@dataclass(frozen=True)
class Keys:
    """The secret keys of a site, the one that signs first."""

    current: str = field(repr=False)
    old: tuple[str, ...] = field(default=(), repr=False)

    @property
    def all(self) -> tuple[str, ...]:
        """All keys that verify, the one that signs first."""
        return (self.current, *self.old)
