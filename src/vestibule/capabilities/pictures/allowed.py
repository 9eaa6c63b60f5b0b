"""What of an SVG may stay: the shapes, and nothing that runs or loads.

Whatever is not named here is left out: scripts and handlers, links and
images, text and its fonts, filters and patterns, animation, and every value
that names something outside of its own file.
"""

import re
from collections.abc import Iterator

SVG = "http://www.w3.org/2000/svg"
_XLINK_HREF = "http://www.w3.org/1999/xlink href"


def _named(words: str) -> frozenset[str]:
    """Make a set of the words in a text."""
    return frozenset(words.split())


ELEMENTS = _named("""
    svg g defs symbol use path rect circle ellipse line polyline polygon
    linearGradient radialGradient stop clipPath mask style
""")
# Only these may refer to another element, of the same file.
_REFER = _named("use linearGradient radialGradient")
_PROPERTIES = _named("""
    fill fill-opacity fill-rule stroke stroke-width stroke-opacity
    stroke-linecap stroke-linejoin stroke-miterlimit stroke-dasharray
    stroke-dashoffset opacity color display visibility overflow clip-path
    clip-rule mask mask-type stop-color stop-opacity paint-order transform
    isolation mix-blend-mode
""")
_ATTRIBUTES = _PROPERTIES | _named("""
    id class d points x y width height cx cy r rx ry x1 y1 x2 y2 fx fy fr
    offset viewBox preserveAspectRatio pathLength gradientUnits
    gradientTransform spreadMethod clipPathUnits maskUnits maskContentUnits
""")
_PLAIN = re.compile(r"[\w\s.,;:%#()+-]*", re.ASCII)
_OWN_PART = re.compile(r"url\(\s*(['\"]?)#[\w.:-]+\1\s*\)", re.ASCII)
_OWN_LINK = re.compile(r"#[\w.:-]+", re.ASCII)
_SELECTOR = re.compile(r"[\w\s.,#*>-]+", re.ASCII)
# The last comment may be open; and what begins like a rule such as @import
# is found whether it ends or not. So nothing is read twice.
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_AT_RULE = re.compile(r"@[^{};]*;?")


def attributes_of(
    element: str, attributes: dict[str, str]
) -> Iterator[tuple[str, str]]:
    """Give the attributes of an element that may stay."""
    for name, value in attributes.items():
        if name in ("href", _XLINK_HREF):
            if element in _REFER and _OWN_LINK.fullmatch(value):
                yield "href", value
        elif name == "style":
            yield name, ";".join(_declarations(value))
        elif name in _ATTRIBUTES and _is_plain(value):
            yield name, value


def rules_of(sheet: str) -> Iterator[str]:
    """Give the rules of a style sheet that may stay; none loads a file."""
    plain = _AT_RULE.sub(_left_of, _COMMENT.sub(" ", sheet))
    for part in plain.split("}")[:-1]:
        # Of blocks inside a block, the innermost is a rule.
        *before, declarations = part.split("{")
        if before and _SELECTOR.fullmatch(before[-1]):
            kept = ";".join(_declarations(declarations))
            yield f"{before[-1]}{{{kept}}}"


def _left_of(found: re.Match[str]) -> str:
    """Leave out a rule that ends before any block; anything else stays."""
    return " " if found[0].endswith(";") else found[0]


def _declarations(text: str) -> Iterator[str]:
    """Give the declarations that may stay."""
    for declaration in text.split(";"):
        name, _, value = declaration.partition(":")
        value = value.replace("!important", "")
        if name.strip() in _PROPERTIES and _is_plain(value):
            yield f"{name.strip()}:{value.strip()}"


def _is_plain(value: str) -> bool:
    """Tell whether a value names nothing outside of its own file."""
    rest = _OWN_PART.sub("", value)
    return bool(_PLAIN.fullmatch(rest)) and "url(" not in rest.casefold()
