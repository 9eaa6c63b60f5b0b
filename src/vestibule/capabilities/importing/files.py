"""Reading the rows of a file, one at a time and never more of it.

Each line stands alone, so that one that is broken costs no other: a quote
left open ends with its line. Whatever a line holds, it is a row or a
refusal.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, NoReturn

from vestibule.capabilities.importing.forms import (
    Row,
    check_columns,
    check_header,
)
from vestibule.errors import Fault, Malformed, Reason

LONGEST_LINE = 16 * 1024
MARK = b"\xef\xbb\xbf"

LINE_TOO_LONG = Reason(
    "line.too_long", f"A line may have {LONGEST_LINE} bytes at most"
)
LINE_ENCODING = Reason("line.encoding", "This line is not UTF-8")
CSV_BROKEN = Reason(
    "csv.broken",
    "This line is no row of CSV: a quote is left open or stands wrongly",
)
CSV_CELLS = Reason(
    "csv.cells", "This line has {found} cells, and the header {wanted}"
)
JSONL_BROKEN = Reason("jsonl.broken", "This line is not a JSON object")
FILE_EMPTY = Reason("import.empty", "There is nothing in this file")


class FileUnreadable(Malformed):
    """The file is none that an import can begin with."""

    reason = FILE_EMPTY


@dataclass(frozen=True)
class Line:
    """One line: the row that it holds, or why it holds none."""

    number: int
    row: Row | None = None
    refusal: Malformed | None = None


class Lines:
    """The lines of a file, read once; ``bytes_read`` says how far."""

    def __init__(self, file: IO[bytes], written_as: str) -> None:
        """Take a file.

        Args:
            file: it is read to its end and not closed.
            written_as: ``csv`` or ``jsonl``.
        """
        self._file = file
        self._rows = self._csv if written_as == "csv" else self._jsonl
        self.bytes_read = 0

    def __iter__(self) -> Iterator[Line]:
        """Read row after row.

        Raises:
            FileUnreadable: nothing in the file can be an import.
        """
        return self._rows()

    def _texts(self) -> Iterator[tuple[int, str | Malformed]]:
        """Cut the file into lines of text; empty ones are left out.

        Attack: one line of a gigabyte.
        """
        number = 0
        while piece := self._file.readline(LONGEST_LINE + 1):
            number += 1
            self.bytes_read += len(piece)
            if len(piece) > LONGEST_LINE:
                while piece and not piece.endswith(b"\n"):
                    piece = self._file.readline(LONGEST_LINE)
                    self.bytes_read += len(piece)
                yield number, Malformed(Fault(LINE_TOO_LONG))
                continue
            if number == 1:
                piece = piece.removeprefix(MARK)
            piece = piece.rstrip(b"\r\n")
            try:
                text = piece.decode("utf-8")
            except UnicodeDecodeError:
                yield number, Malformed(Fault(LINE_ENCODING))
                continue
            if text.strip():
                yield number, text

    def _csv(self) -> Iterator[Line]:
        """Read rows below a header."""
        header: list[str] = []
        for number, text in self._texts():
            try:
                cells = _cells(_readable(text))
                if not header:
                    check_header(cells)
                    header = cells
                    continue
                if len(cells) != len(header):
                    told = {"found": len(cells), "wanted": len(header)}
                    raise Malformed(Fault(CSV_CELLS, "", told))
                row = Row.read(zip(header, cells, strict=True))
            except Malformed as refusal:
                if not header:
                    raise FileUnreadable(*refusal.faults) from refusal
                yield Line(number, refusal=refusal)
            else:
                yield Line(number, row)
        if not header:
            raise FileUnreadable

    def _jsonl(self) -> Iterator[Line]:
        """Read one JSON object from each line."""
        begun = False
        for number, text in self._texts():
            try:
                pairs = _members(_readable(text))
                check_columns([name for name, _ in pairs])
                begun = True
                row = Row.read(_told(pairs))
            except Malformed as refusal:
                if not begun:
                    raise FileUnreadable(*refusal.faults) from refusal
                yield Line(number, refusal=refusal)
            else:
                yield Line(number, row)
        if not begun:
            raise FileUnreadable


def _readable(text: str | Malformed) -> str:
    """Give the text of a line, or raise why there is none."""
    if isinstance(text, Malformed):
        raise text
    return text


def _cells(text: str) -> list[str]:
    """Cut one line of CSV into its cells.

    Raises:
        Malformed: it is broken.
    """
    try:
        (cells,) = csv.reader([text], strict=True)
    except (csv.Error, ValueError) as error:
        raise Malformed(Fault(CSV_BROKEN)) from error
    return cells


class _Members(list[tuple[str, object]]):
    """The members of a JSON object in their order, names perhaps twice."""


def _members(text: str) -> _Members:
    """Read one JSON object, keeping names that come twice.

    Raises:
        Malformed: it is none.
    """
    try:
        found: Any = json.loads(
            text, object_pairs_hook=_Members, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as error:
        raise Malformed(Fault(JSONL_BROKEN)) from error
    if not isinstance(found, _Members):
        raise Malformed(Fault(JSONL_BROKEN))
    return found


def _no_constant(name: str) -> NoReturn:
    """Refuse NaN and Infinity, which are not JSON (RFC 8259)."""
    raise ValueError(name)


def _told(pairs: _Members) -> Iterator[tuple[str, object]]:
    """Leave out what a row says it does not know."""
    for name, value in pairs:
        if value is not None or name in ("email", "password_hash"):
            yield name, value
