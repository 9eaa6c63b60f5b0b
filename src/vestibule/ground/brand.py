"""The brand: what an operator puts in place of our colours and mark.

A folder holds ``brand.css``, which sets some of six custom properties, and
a logo. It is read at the start, so that a slip is found there and not by
the people who cannot read the page.
"""

import difflib
import re
from dataclasses import dataclass, field
from pathlib import Path

from vestibule.ground.colours import TEXT, Colour, contrast, mixed, nearest
from vestibule.ground.knobs import SettingsError

STYLESHEET = "brand.css"
# The first that is there is shown.
LOGOS = ("logo.svg", "logo.png")
FILES = (STYLESHEET, *LOGOS)

# What our own stylesheet says of each scheme, by the ending of a property.
OURS: dict[str, dict[str, str]] = {
    "": {
        "primary": "#0E5A4A",
        "bg": "#F7F4EE",
        "muted": "#55605A",
    },
    "-dark": {
        "primary": "#4FBF9F",
        "bg": "#121618",
        "muted": "#A9B0A9",
    },
}
# Cards are white, or this much lighter than a dark page.
WHITE, LIGHTER = Colour(255, 255, 255), 0.04
PREFIX = "--vestibule-"
PROPERTIES = (
    "primary",
    "primary-dark",
    "bg",
    "bg-dark",
    "radius",
    "font",
)
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_DECLARED = re.compile(rf"{PREFIX}([\w-]*)\s*:\s*([^;}}]*)")


@dataclass(frozen=True)
class Brand:
    """What a folder holds; nothing where the look is ours."""

    folder: Path | None = None
    has_stylesheet: bool = False
    logo: str = ""
    declared: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: str) -> "Brand":
        """Read a folder, or none.

        Args:
            folder: its path; empty for our own look.

        Raises:
            SettingsError: it is not there, holds nothing that is known,
                sets a property that there is not, or a colour twice.
        """
        if not folder:
            return cls()
        place = Path(folder).absolute()
        there = [name for name in FILES if (place / name).is_file()]
        if not there:
            raise SettingsError(_nothing_in(place))
        text = _text(place / STYLESHEET) if STYLESHEET in there else ""
        declared = _declared(text)
        logos = [name for name in LOGOS if name in there]
        return cls(place, STYLESHEET in there, "".join(logos[:1]), declared)

    def path(self, name: str) -> Path | None:
        """Say where a file of the brand is, if it may have such a file."""
        if self.folder is None or name not in FILES:
            return None
        return self.folder / name

    def colour(self, name: str, scheme: str = "") -> str:
        """Say a colour as it is written: the brand's, or ours.

        Args:
            name: ``primary`` or ``bg``.
            scheme: empty, or ``-dark``.
        """
        return self.declared.get(f"{name}{scheme}", OURS[scheme][name])

    def faults(self) -> list[str]:
        """Say which colours people could not see well, and what to take."""
        found: list[str] = []
        for scheme, ours in OURS.items():
            bg, primary = f"bg{scheme}", f"primary{scheme}"
            read = {
                name: Colour.read(self.colour(name, scheme))
                for name in ("bg", "primary")
            }
            for name in ("bg", "primary"):
                if read[name] is None:
                    found.append(_unread(f"{name}{scheme}"))
            wall, door = read["bg"], read["primary"]
            text = Colour.read(ours["muted"])
            if wall and text:
                found += _fault(bg, wall, (text,), "text")
            if wall and door:
                card = mixed(wall, WHITE, LIGHTER) if scheme else WHITE
                found += _fault(primary, door, (wall, card), "background")
        return found


def _unread(name: str) -> str:
    """Say that a colour was not compared."""
    return (
        f"{PREFIX}{name} is not written like #0E5A4A, so its contrast was "
        "not checked."
    )


def _fault(
    name: str, colour: Colour, met: tuple[Colour, ...], what: str
) -> list[str]:
    """Say that a colour cannot be told from others it meets, if so."""
    worst = min(met, key=lambda other: contrast(colour, other))
    ratio = contrast(colour, worst)
    if ratio >= TEXT:
        return []
    better = nearest(colour, met)
    advice = (
        f"The nearest shade that passes is {better}."
        if better
        else f"No shade of it passes: choose another {what}."
    )
    return [
        f"{PREFIX}{name}: the contrast of {colour} to the {what} {worst} is "
        f"{ratio:.2f}, and {TEXT} is needed. {advice}"
    ]


def _nothing_in(place: Path) -> str:
    """Say what is wrong with a folder that shows nothing."""
    if not place.is_dir():
        return f"VESTIBULE_BRAND: there is no folder {place}"
    return (
        f"VESTIBULE_BRAND: {place} holds neither {STYLESHEET} nor "
        f"{' nor '.join(LOGOS)}"
    )


def _text(path: Path) -> str:
    """Read a stylesheet.

    Raises:
        SettingsError: it cannot be read, or is no text.
    """
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"VESTIBULE_BRAND: cannot read {path}: {error}"
        ) from error


def _declared(text: str) -> dict[str, str]:
    """List the properties of ours that a stylesheet sets.

    Raises:
        SettingsError: there is no such property, or it is a colour that is
            set more than once, so that nobody can tell which one is seen.
    """
    found: dict[str, str] = {}
    for name, value in _DECLARED.findall(_COMMENT.sub("", text)):
        if name not in PROPERTIES:
            near = difflib.get_close_matches(name, PROPERTIES, 1, 0.5)
            hint = f" Did you mean {PREFIX}{near[0]}?" if near else ""
            raise SettingsError(
                f"VESTIBULE_BRAND: {STYLESHEET} sets {PREFIX}{name}, which "
                f"Vestibule does not know.{hint}"
            )
        if name in found and name.startswith(("primary", "bg")):
            dark = f"{PREFIX}{name.removesuffix('-dark')}-dark"
            raise SettingsError(
                f"VESTIBULE_BRAND: {STYLESHEET} sets {PREFIX}{name} twice, "
                "so its contrast cannot be checked. Set each colour once: "
                f"{dark} is the one for the dark."
            )
        found[name] = re.sub(r"!\s*important$", "", value.strip()).strip()
    return found
