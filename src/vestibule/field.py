"""Fields: how the parts of a shape are declared, read and shown."""

import dataclasses
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate

from vestibule.errors import Reason
from vestibule.ground.names import UNSEEN, is_writable

MISSING = Reason("field.required", "Fill in this field")
WRONG_TYPE = Reason("field.type", "This field must be text")
NO_SWITCH = Reason("field.switch", "This field must be true or false")
NO_CHOICE = Reason("field.choice", "Choose one of the answers given")
NO_NUMBER = Reason("field.number", "This field must be a whole number")
TOO_LONG = Reason("field.too_long", "This field is too long")
UNWRITABLE = Reason(
    "field.characters", "This field contains characters that cannot be typed"
)
LONGEST_SECRET = 4096

# Letters to Unicode, and nothing to see.
_WHITE = "\u2800\u3164\uffa0"
# What begins to write in another direction (UAX 9, 2.1 to 2.4).
_TURNING = {*map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A)))}
_DIGITS = re.compile(r"[0-9]{1,19}")


@dataclasses.dataclass(frozen=True)
class Look:
    """How a page shows a field."""

    label: str
    kind: str = "text"
    hint: str = ""
    autocomplete: str = ""
    inputmode: str = ""
    accept: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    longest: int = 0
    is_optional: bool = False
    is_secret: bool = False


class WholeNumber(fields.Integer):
    """A number as addresses write it: a few plain digits."""

    def _validated(self, value: Any) -> int:
        """Refuse what Python alone takes for a number: ``1_0``, `` 1``."""
        if not isinstance(value, str) or not _DIGITS.fullmatch(value):
            raise self.make_error("invalid")
        return super()._validated(value) or 0


class Prose(fields.String):
    """Text whose edges do not count, with one kind of line end."""

    def _deserialize(self, *given: Any, **more: Any) -> Any:
        """Trim the text, as whoever reads it sees no difference.

        A form sends every line end as two characters (HTML, 4.10.21.5).
        """
        found = super()._deserialize(*given, **more)
        if not found or all(map(_is_blank, found)):
            return found and ""
        return found.replace("\r\n", "\n").strip()


def _is_blank(char: str) -> bool:
    """Tell whether a character alone leaves the paper white."""
    is_unseen = char in UNSEEN or char in _WHITE
    return char.isspace() or is_unseen or unicodedata.category(char) == "Cf"


def text(
    label: str,
    *,
    longest: int,
    missing: Reason | None = MISSING,
    too_long: Reason = TOO_LONG,
    optional: bool = False,
    aliases: tuple[str, ...] = (),
    limits: Mapping[str, Any] | None = None,
    is_secret: bool = False,
    **look: str,
) -> Any:
    """Declare a field of text.

    Args:
        label: what the page calls it.
        longest: the most code points, which the operation may narrow.
        missing: the reason when it is empty; None makes it optional.
        too_long: the reason when it is longer.
        optional: it may be left out, though not sent empty.
        aliases: other names the wire may use.
        limits: what the operation narrows, in the words of JSON Schema.
        is_secret: it is shown in no log, though a page may show it.
        look: more of Look.
    """
    rules: list[Callable[[Any], Any]] = [
        validate.Length(max=longest, error=too_long.code),
        _writable,
    ]
    needed: dict[str, Any] = {"load_default": ""}
    if missing is not None:
        rules.insert(0, validate.Length(min=1, error=missing.code))
        # A default that is called is in no document.
        needed = {"load_default": str} if optional else {"required": True}
    wire = fields.String(
        validate=rules,
        metadata=dict(limits or {}),
        error_messages={
            "required": (missing or MISSING).code,
            "null": (missing or WRONG_TYPE).code,
            "invalid": WRONG_TYPE.code,
            "invalid_utf8": UNWRITABLE.code,
        },
        **needed,
    )
    more: dict[str, Any] = dict(
        look,
        is_optional=not needed.get("required"),
        is_secret=is_secret or look.get("kind") == "password",
    )
    return declare(wire, Look(label, **more), aliases, "")


def secret(
    label: str, *, missing: Reason, autocomplete: str, hint: str = ""
) -> Any:
    """Declare a password field; it is never shown again once sent."""
    return text(
        label,
        longest=LONGEST_SECRET,
        missing=missing,
        kind="password",
        autocomplete=autocomplete,
        hint=hint,
    )


def switch(label: str, **look: str) -> Any:
    """Declare a field that is on or off, off when it is not sent."""
    wire = fields.Boolean(
        truthy={True, "on", "true", "1"},
        falsy={False, "off", "false", "0", ""},
        load_default=False,
        error_messages={"invalid": NO_SWITCH.code, "null": NO_SWITCH.code},
    )
    more: dict[str, Any] = dict(look, kind="switch", is_optional=True)
    return declare(wire, Look(label, **more), (), False)


def declare(
    wire: fields.Field[Any], look: Look, aliases: tuple[str, ...], default: Any
) -> Any:
    """Make the dataclass field that carries both descriptions."""
    wire.metadata = {**wire.metadata, "look": look}
    if wire.required:
        default = dataclasses.MISSING
    return dataclasses.field(
        default=default,
        repr=not look.is_secret,
        metadata={"wire": wire, "look": look, "aliases": aliases},
    )


def _writable(value: str) -> None:
    """Refuse characters that no keyboard makes."""
    if not is_writable(value):
        raise ValidationError(UNWRITABLE.code)


def prose(
    label: str,
    *,
    longest: int,
    missing: Reason,
    too_long: Reason,
    lines: int = 1,
    hint: str = "",
) -> Any:
    """Declare a field for people's own words; spaces alone are none.

    Args:
        label: what the page calls it.
        longest: the most code points.
        missing: the reason when it is empty.
        too_long: the reason when it is longer.
        lines: how many lines the page shows; with one it has no others.
        hint: what the page says besides.
    """
    wire = Prose(
        required=True,
        validate=[
            validate.Length(min=1, error=missing.code),
            validate.Length(max=longest, error=too_long.code),
            _writable_line if lines == 1 else _writable_lines,
        ],
        error_messages={
            "required": missing.code,
            "null": missing.code,
            "invalid": WRONG_TYPE.code,
            "invalid_utf8": UNWRITABLE.code,
        },
    )
    kind = "text" if lines == 1 else "lines"
    return declare(wire, Look(label, kind, hint, longest=longest), (), "")


def number(label: str, *, least: int, most: int, default: int) -> Any:
    """Declare a field for a whole number, which may be left out."""
    wire = WholeNumber(
        validate=validate.Range(least, most, error=NO_NUMBER.code),
        load_default=default,
        error_messages={
            "invalid": NO_NUMBER.code,
            "null": NO_NUMBER.code,
            "too_large": NO_NUMBER.code,
        },
    )
    look = Look(label, "number", is_optional=True)
    return declare(wire, look, (), default)


def choice(
    label: str,
    *,
    empty: str | None = "All",
    nullable: bool = False,
    **answers: str,
) -> Any:
    """Declare a field with a few answers, or none.

    Args:
        label: what the page calls it.
        empty: what it calls no answer; None makes one necessary.
        nullable: JSON may say null for no answer.
        answers: how the wire says each, and what the page calls it.
    """
    none = () if empty is None else (("", empty),)
    choices = (*none, *answers.items())
    needed = {"load_default": ""} if none else {"required": True}
    wire = fields.String(
        validate=validate.OneOf(
            [value for value, _ in choices], error=NO_CHOICE.code
        ),
        allow_none=nullable,
        error_messages={
            "required": NO_CHOICE.code,
            "null": NO_CHOICE.code,
            "invalid": NO_CHOICE.code,
            "invalid_utf8": NO_CHOICE.code,
        },
        **needed,
    )
    look = Look(label, "choice", choices=choices, is_optional=bool(none))
    return declare(wire, look, (), "")


def _writable_line(value: str) -> None:
    """Refuse characters that no keyboard makes, or that break the line.

    Attack: a title that turns the words of the page around it.
    """
    _writable(value)
    if len(value.splitlines()) > 1 or set(value) & _TURNING:
        raise ValidationError(UNWRITABLE.code)


def _writable_lines(value: str) -> None:
    """Refuse characters that no keyboard makes, but for the line end."""
    _writable(value.replace("\n", "").replace("\t", ""))
