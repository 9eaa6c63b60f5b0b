"""Shapes: what may come in through a door, written once for all doors.

A shape is a frozen dataclass whose fields say how they are read and how a
page shows them. Pages, JSON and later the OpenAPI document all come from
it. A shape checks form, never truth: it opens no database.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, ClassVar, TypeVar

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from vestibule.errors import Fault, Malformed, Reason
from vestibule.ground.names import is_writable

UNKNOWN = Reason("field.unknown", "There is no field called {name}")
REPEATED = Reason("field.repeated", "This field was sent more than once")
MISSING = Reason("field.required", "Fill in this field")
WRONG_TYPE = Reason("field.type", "This field must be text")
NO_SWITCH = Reason("field.switch", "This field must be true or false")
TOO_LONG = Reason("field.too_long", "This field is too long")
UNWRITABLE = Reason(
    "field.characters", "This field contains characters that cannot be typed"
)
LONGEST_SECRET = 4096

S = TypeVar("S", bound="Shape")


@dataclasses.dataclass(frozen=True)
class Look:
    """How a page shows a field."""

    label: str
    kind: str = "text"
    hint: str = ""
    autocomplete: str = ""
    inputmode: str = ""
    accept: str = ""
    is_optional: bool = False
    is_secret: bool = False


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


@dataclasses.dataclass(frozen=True, kw_only=True)
class Shape:
    """The base of all shapes."""

    # Where a fault that an operation finds belongs on this form.
    spots: ClassVar[dict[str, str]] = {}

    def faults(self) -> Iterable[Fault]:
        """Say what is wrong between the fields, each alone being right."""
        return ()

    @classmethod
    def looks(cls) -> dict[str, Look]:
        """Say how a page shows each field."""
        return {f.name: f.metadata["look"] for f in dataclasses.fields(cls)}

    @classmethod
    def schema(cls) -> type[Schema]:
        """Give the marshmallow schema, for whoever documents a shape."""
        this: Any = cls
        made: type[Schema] = _schema(this)
        return made

    @classmethod
    def longest(cls) -> int:
        """Add up how many code points the fields of text can hold."""
        return sum(
            rule.max or 0
            for field in dataclasses.fields(cls)
            for rule in field.metadata["wire"].validators
            if isinstance(rule, validate.Length)
        )

    @classmethod
    def restored(cls: type[S], kept: Mapping[str, object]) -> S:
        """Build a shape from values that were read once and kept since.

        What is missing is empty; what the shape no longer has is left
        out, and so is a value of another type than its field now has.
        """
        values: dict[str, Any] = {}
        for name, look in cls.looks().items():
            empty: object = False if look.kind == "switch" else ""
            value = kept.get(name, empty)
            values[name] = value if type(value) is type(empty) else empty
        return cls(**values)

    @classmethod
    def read(
        cls: type[S],
        pairs: Iterable[tuple[str, object]],
        *,
        typed: bool = False,
        present: Mapping[str, object] | None = None,
    ) -> S:
        """Read a shape from the names and values that came over the wire.

        Args:
            pairs: names and values in their order.
            typed: the wire knows true and false, so that no word for them
                is taken instead.
            present: what the fields hold that were not sent.

        Raises:
            Malformed: with a fault for every field that is unknown,
                missing, repeated, too long or of the wrong type.
        """
        this: Any = cls
        values, found = _collect(pairs, _aliases(this))
        if typed:
            found += _mistyped(this, values)
        try:
            loaded: Any = _loader(this).load(
                values, partial=present is not None
            )
        except ValidationError as error:
            found += _faults(error)
            raise Malformed(*found) from None
        shape = cls(**{**(present or {}), **loaded})
        found += shape.faults()
        if found:
            raise Malformed(*found)
        return shape


@cache
def _schema(shape: Any) -> type[Schema]:
    """Build the marshmallow schema of a shape, once."""
    wires = {f.name: f.metadata["wire"] for f in dataclasses.fields(shape)}
    made: Any = Schema.from_dict(wires)
    words: dict[str, Any] = {"error_messages": {"unknown": UNKNOWN.code}}
    # A field that the shape does not name is refused, not dropped.
    words["Meta"] = type("Meta", (), {"unknown": RAISE, "register": False})
    return type(f"{shape.__name__}Schema", (made,), words)


@cache
def _loader(shape: Any) -> Schema:
    """Give the schema ready to load, which costs more than loading."""
    return _schema(shape)()


@cache
def _aliases(shape: Any) -> dict[str, str]:
    """List the other names of a shape's fields."""
    return {
        alias: f.name
        for f in dataclasses.fields(shape)
        for alias in f.metadata["aliases"]
    }


def _collect(
    pairs: Iterable[tuple[str, object]], aliases: dict[str, str]
) -> tuple[dict[str, object], list[Fault]]:
    """Put pairs into a mapping, noting names that come twice."""
    values: dict[str, object] = {}
    found: list[Fault] = []
    for wire_name, value in pairs:
        name = aliases.get(wire_name, wire_name)
        if not is_writable(name):
            # No answer could repeat such a name.
            found.append(Fault(UNWRITABLE))
            continue
        if name in values:
            found.append(Fault(REPEATED, name))
        values[name] = value
    return values, found


def _mistyped(shape: Any, values: dict[str, object]) -> list[Fault]:
    """Take out of the values what spells a switch in any other way."""
    found: list[Fault] = []
    for field in dataclasses.fields(shape):
        sent = values.get(field.name, False)
        is_switch = isinstance(field.metadata["wire"], fields.Boolean)
        if is_switch and not isinstance(sent, bool):
            del values[field.name]
            found.append(Fault(NO_SWITCH, field.name))
    return found


def _faults(error: ValidationError) -> list[Fault]:
    """Turn marshmallow's messages, which are our codes, into faults."""
    messages: Any = error.messages
    return [
        Fault(
            Reason.known.get(codes[0], WRONG_TYPE), name, {"name": name[:40]}
        )
        for name, codes in messages.items()
    ]
