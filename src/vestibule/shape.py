"""Shapes: what may come in through a door, written once for all doors.

A shape is a frozen dataclass whose fields say how they are read and how a
page shows them. Pages, JSON and the OpenAPI document all come from it. A
shape checks form, never truth: it opens no database.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, ClassVar, TypeVar

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from vestibule.errors import Fault, Malformed, Reason
from vestibule.field import NO_SWITCH, UNWRITABLE, WRONG_TYPE, Look
from vestibule.ground.names import is_writable

UNKNOWN = Reason("field.unknown", "There is no field called {name}")
REPEATED = Reason("field.repeated", "This field was sent more than once")

S = TypeVar("S", bound="Shape")


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
