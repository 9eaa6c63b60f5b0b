"""The colours of the pages: every pair that meets can be told apart."""

import re

import pytest

from processes import ROOT
from vestibule.ground.brand import LIGHTER, OURS, WHITE
from vestibule.ground.colours import EDGE, TEXT, Colour, contrast, mixed

STATIC = ROOT / "src/vestibule/doors/static"
CSS = re.sub(
    r"/\*.*?\*/", "", (STATIC / "vestibule.css").read_text("utf-8"), flags=re.S
)
# Where the colours of each scheme stand.
LIGHT = r"^:root \{"
DARK = r":root:not\(\[data-theme=light\]\) \{"
CHOSEN_DARK = r"^:root\[data-theme=dark\] \{"
GROUNDS = ("bg", "surface", "sunken")
TINTS = ("danger-bg", "warn-bg", "ok-bg", "info-bg")
TEXTS = {
    "text": (*GROUNDS, *TINTS),
    "muted": GROUNDS,
    "primary": ("bg", "surface"),
    "on-primary": ("primary", "primary-hover"),
    "link": ("bg", "surface"),
    "brass": ("bg", "surface"),
    "on-brass": ("brass",),
    "danger": ("surface", "danger-bg"),
    "on-danger": ("danger",),
    "warn": ("surface", "warn-bg"),
    "ok": ("surface", "ok-bg"),
    "info": ("surface", "info-bg"),
}
EDGES = {"input": GROUNDS, "focus": ("bg", "surface")}
PAIRS = [
    (one, other, least)
    for table, least in ((TEXTS, TEXT), (EDGES, EDGE))
    for one, others in table.items()
    for other in others
]
LITERAL = re.compile(
    r"#[0-9a-f]{3,8}\b|\b(?:rgb|rgba|hsl|hsla|hwb|lab|lch|oklab|oklch)\(|"
    r"(?<=[:\s,])(?:white|black|red|green|blue|yellow|gr[ae]y|gold|orange|"
    r"brown|silver|navy|teal|maroon)(?=[\s;,})])",
    re.I,
)


def block(start: str) -> str:
    """Take the block out of the stylesheet whose first line is such."""
    begins = re.search(start, CSS, re.M)
    assert begins, start
    return CSS[begins.end() : CSS.index("}", begins.end())]


def tokens(start: str) -> dict[str, str]:
    """Read the custom properties of a block."""
    found = re.findall(r"--([\w-]+)\s*:\s*([^;]+);", block(start) + ";")
    assert len(found) == len({name for name, _ in found})
    return {name: " ".join(value.split()) for name, value in found}


def colour(value: str, known: dict[str, str]) -> Colour:
    """Work out a colour as a browser does."""
    plain = Colour.read(value)
    if plain is not None:
        return plain
    named = re.fullmatch(r"var\(--([\w-]+)(?:, (.+))?\)", value)
    if named:
        return colour(known.get(named[1], named[2]), known)
    mix = re.fullmatch(r"color-mix\(in srgb, (.+), (#\w+) ([\d.]+)%\)", value)
    assert mix, value
    one, other = colour(mix[1], known), colour(mix[2], known)
    return mixed(one, other, float(mix[3]) / 100)


SCHEMES = {
    "light": tokens(LIGHT),
    "dark": {**tokens(LIGHT), **tokens(DARK)},
}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("one", "other", "least"), PAIRS)
def test_what_stands_on_another_colour_can_be_seen(
    one: str, other: str, least: float, scheme: str
) -> None:
    known = SCHEMES[scheme]
    ratio = contrast(colour(known[one], known), colour(known[other], known))

    assert ratio >= least, f"--{one} on --{other} is {ratio:.2f}"


def test_dark_by_choice_is_the_dark_of_the_system() -> None:
    dark = tokens(DARK)

    assert dark == tokens(CHOSEN_DARK)
    assert len(dark) >= 20


def test_every_colour_of_the_one_scheme_has_one_in_the_other() -> None:
    light, dark = tokens(LIGHT), tokens(DARK)
    coloured = {
        name
        for name, value in light.items()
        if re.search(r"#|color-mix|--primary|--bg", value)
    }

    # Shade is black and a glint is white, by day and by night.
    assert coloured == {*dark, "shade", "glint"}


def test_colours_are_named_in_the_tokens_and_nowhere_else() -> None:
    # What a browser is asked for is no colour that anybody sees.
    rest = re.sub(r"@supports \(.*\) \{", "", CSS)
    for start in (LIGHT, DARK, CHOSEN_DARK):
        rest = rest.replace(block(start), "")

    assert LITERAL.findall(rest) == []
    assert LITERAL.search(block(LIGHT))


def test_the_check_of_a_brand_knows_our_own_colours() -> None:
    for scheme, ours in zip(SCHEMES.values(), OURS.values(), strict=True):
        for name, value in ours.items():
            assert colour(scheme[name], scheme) == Colour.read(value), name
    wall = colour(SCHEMES["dark"]["bg"], SCHEMES["dark"])
    cards = {
        "light": WHITE,
        "dark": mixed(wall, WHITE, LIGHTER),
    }
    for scheme_name, card in cards.items():
        known = SCHEMES[scheme_name]
        assert colour(known["surface"], known) == card


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000", "#fff", 21),
        ("#777777", "#FFFFFF", 4.48),
        ("#0E5A4A", "#F7F4EE", 7.41),
        ("#123456", "#123456", 1),
    ],
)
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    first, second = Colour.read(one), Colour.read(other)
    assert first
    assert second

    assert contrast(first, second) == pytest.approx(ratio, abs=0.005)
    assert contrast(second, first) == contrast(first, second)


def test_the_mark_has_the_colours_of_the_pages() -> None:
    mark = (STATIC / "mark.svg").read_text("utf-8")
    named = re.findall(r"\.[wl]\{fill:(#\w+)\}", mark)

    assert named == [
        str(colour(SCHEMES[scheme][name], SCHEMES[scheme]))
        for scheme in SCHEMES
        for name in ("primary", "bg")
    ]
