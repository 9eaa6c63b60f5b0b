"""What a file must be to become a picture, and how it is kept."""

from typing import NamedTuple

LARGEST_FILE = 2 * 1024 * 1024
ENDINGS = (".jpg", ".jpeg", ".svg", ".png")

# The longest side that is decoded, and the longest that is kept.
LONGEST_SIDE = 4096
KEPT_SIDE = 512

MEDIA_TYPES = {"png": "image/png", "jpg": "image/jpeg"}


class Drawn(NamedTuple):
    """A picture as it is kept: its kind, sides and bytes."""

    kind: str
    width: int
    height: int
    content: bytes


class NoPicture(Exception):
    """A file becomes no picture; ``fault`` is the word for why."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault
