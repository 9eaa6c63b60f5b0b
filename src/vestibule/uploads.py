"""Uploads: the field of a shape that takes a file."""

import dataclasses
from typing import Any

from marshmallow import ValidationError, fields, missing

from vestibule.errors import Reason
from vestibule.field import Look, declare
from vestibule.shape import Shape

NO_FILE = Reason("field.no_file", "This field must be a file")


@dataclasses.dataclass(frozen=True)
class Upload:
    """A file as it was sent, under the name that its sender gave it."""

    name: str
    content: bytes = dataclasses.field(repr=False)


def file(
    label: str, *, endings: tuple[str, ...], largest: int, hint: str = ""
) -> Any:
    """Declare a field for a file; it is None when none was chosen.

    Only the operation can tell what a file is.

    Args:
        label: what the page calls it.
        endings: what browsers offer to choose.
        largest: the most bytes; one more is read, to tell.
        hint: said at the field.
    """
    look = Look(label, kind="file", hint=hint, accept=",".join(endings))
    return declare(_FileField(largest), look, (), None)


def files_of(shape: type[Shape]) -> dict[str, int]:
    """Say which fields of a shape take a file, and the most bytes of each."""
    wires = {f.name: f.metadata["wire"] for f in dataclasses.fields(shape)}
    return {
        name: wire.largest
        for name, wire in wires.items()
        if isinstance(wire, _FileField)
    }


class _FileField(fields.Field[Upload | None]):
    """A field that takes a file, or an empty text for none."""

    def __init__(self, largest: int) -> None:
        super().__init__(load_default=None)
        self.largest = largest

    def deserialize(self, value: Any, *_: Any, **__: Any) -> Upload | None:
        """Take what was sent; a form without a file sends an empty text."""
        if value == "" or value is missing:
            return None
        if not isinstance(value, Upload):
            raise ValidationError(NO_FILE.code)
        return value
