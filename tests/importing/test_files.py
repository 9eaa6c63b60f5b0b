"""Files as they come: with marks, quotes, rubbish, and no end of it."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from importer import Run, as_csv, as_jsonl, importing_into
from stagecraft import counts, rows
from vestibule.auth import Auth
from vestibule.capabilities.importing.files import (
    LONGEST_LINE,
    FileUnreadable,
    Line,
    Lines,
)
from vestibule.capabilities.importing.forms import COLUMNS, Row
from vestibule.doors.cli import main
from vestibule.errors import Malformed

HEADER = "email,password_hash,first_name\n"


@pytest.fixture
def run(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Run the import over the test's database."""
    return importing_into(database_url, tmp_path / "operator", monkeypatch)


def read(text: str | bytes, written_as: str = "csv") -> list[Line]:
    """Read a whole file."""
    given = text.encode() if isinstance(text, str) else text
    return list(Lines(io.BytesIO(given), written_as))


def code(line: Line) -> str:
    """Say why a line holds no row, or nothing if it holds one."""
    return "" if line.refusal is None else line.refusal.code


def test_quotes_and_commas_in_cells_are_read_as_programs_write_them(
    auth: Auth, run: Run
) -> None:
    text = as_csv(
        ("first_name", "email", "password_hash", "last_name"),
        ('Anna "Annie"', "anna@example.com", "!", "Smith, Jr."),
        ("=1+1", "eva@example.com", "!", "@cmd"),
    )
    assert run("\ufeff" + text).exit_code == 0

    names = [
        (user["first_name"], user["last_name"])
        for user in rows(auth)["vestibule_users"]
    ]
    assert names == [('Anna "Annie"', "Smith, Jr."), ("=1+1", "@cmd")]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_end_of_a_line_and_empty_lines_are_read(end: str) -> None:
    text = f"email,password_hash{end}{end}a@b.de,!{end}  {end}c@d.de,!"

    lines = read(text)

    assert [(line.number, code(line)) for line in lines] == [(3, ""), (5, "")]
    assert lines[1].row == Row(email="c@d.de", password_hash="!")


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (b'a@b.de,"!,Anna\n', "csv.broken"),
        (b'a@b.de,"!"x,Anna\n', "csv.broken"),
        (b"a@b.de,\r!,Anna\n", "csv.broken"),
        (b"a@b.de,!\n", "csv.cells"),
        (b"a@b.de,!,Anna,more\n", "csv.cells"),
        (b"a@b.de,!,\xff\xfe\n", "line.encoding"),
        (b"a@b.de,!,Ann\xc3\n", "line.encoding"),
        (b"a@b.de,!,Ann\0a\n", "field.characters"),
        (b"a@b.de,!,\x1b[31mAnna\n", "field.characters"),
        (b"a@b.de,!," + b"a" * 10_000_000 + b"\n", "line.too_long"),
        (b'a@b.de,!,"' + b"\n" + b'",\n', "csv.broken"),
        (b"," * LONGEST_LINE + b"\n", "line.too_long"),
        (b"," * 9000 + b"\n", "csv.cells"),
    ],
    ids=lambda given: str(given[:18]),
)
def test_a_broken_line_of_csv_costs_no_other(line: bytes, wanted: str) -> None:
    after = b"c@d.de,!,Eva\n"

    lines = read(HEADER.encode() + b"x@y.de,!,Xaver\n" + line + after)

    assert code(lines[0]) == code(lines[-1]) == ""
    assert lines[-1].row == Row(
        email="c@d.de", password_hash="!", first_name="Eva"
    )
    assert code(lines[1]) == wanted
    assert lines[-1].number == 4 + line.count(b"\n") - 1


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("[]", "jsonl.broken"),
        ("null", "jsonl.broken"),
        ('"text"', "jsonl.broken"),
        ("{", "jsonl.broken"),
        ('{"email":}', "jsonl.broken"),
        ('{"email":"a@b.de","password_hash":"!"} {}', "jsonl.broken"),
        ('{"email":NaN,"password_hash":"!"}', "jsonl.broken"),
        ('{"email":-Infinity,"password_hash":"!"}', "jsonl.broken"),
        ("[" * 16000, "jsonl.broken"),
        ('{"email":' + "9" * 5000 + "}", "jsonl.broken"),
        ('{"email":"a@b.de","email":"c@d.de","password_hash":"!"}', "field.r"),
        ('{"email":{"a":1},"password_hash":"!"}', "field.type"),
        ('{"email":true,"password_hash":"!"}', "field.type"),
        ('{"email":"a@b.de"}', "password_hash.required"),
        ("{}", "email.required"),
        ('{"email":"a@b.de","password_hash":"!","\\u0000":1}', "field.charac"),
        ('{"a":1,"email":"a@b.de","password_hash":"!"}', "import.column"),
    ],
    ids=lambda given: str(given[:30]),
)
def test_a_broken_line_of_json_costs_no_other(line: str, wanted: str) -> None:
    good = '{"email":"x@y.de","password_hash":"!"}'

    lines = read(f"{good}\n{line}\n{good}\n", "jsonl")

    assert [line.number for line in lines] == [1, 2, 3]
    assert code(lines[1]).startswith(wanted)
    assert code(lines[0]) == code(lines[2]) == ""


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "import.empty"),
        ("\n\n", "import.empty"),
        ("email\na@b.de\n", "import.column_missing"),
        ("password_hash\n!\n", "import.column_missing"),
        ("email,password_hash,email\n", "import.column_twice"),
        ("email,password_hash,passwort_hash\n", "import.column"),
        ("email,password_hash,password\n", "import.no_passwords"),
        ("email,password_hash,is_admin\n", "import.no_rights"),
        ("email,password_hash,\x1b[31m\n", "field.characters"),
        ('email,"password_hash\n', "csv.broken"),
        ("email,password_hash,\n", "import.column_odd"),
        ("a@b.de,!\n", "import.column_odd"),
        (b"\xff\xfee\0m\0a\0i\0l\0", "line.encoding"),
        (b"PK\x03\x04" + b"\0" * 20_000, "line.too_long"),
    ],
    ids=lambda given: repr(given[:30]),
)
def test_a_file_that_begins_wrongly_is_refused(
    text: str | bytes, wanted: str
) -> None:
    with pytest.raises(FileUnreadable) as refused:
        read(text)

    assert refused.value.code == wanted
    assert "\x1b" not in str(refused.value)


def test_nothing_of_a_file_that_begins_wrongly_comes_in(
    auth: Auth, run: Run
) -> None:
    done = run("email,password_hash,\x1b[31m\na@b.de,!\n")

    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr == (
        "line 1: This field contains characters that cannot be typed  "
        "[field.characters]\n"
    )
    assert counts(auth)["vestibule_users"] == 0


def test_a_wrong_column_is_refused_with_the_nearest_there_is(
    run: Run,
) -> None:
    done = run("e-mail,password_hsh,is_staff,plain_password,wert\n")

    assert "'e-mail'. Did you mean email?" in done.stderr
    assert "'password_hsh'. Did you mean password_hash?" in done.stderr
    assert "Leave is_staff out" in done.stderr
    assert "vestibule user promote NAME" in done.stderr
    assert "only their hashes: password_hash" in done.stderr
    assert f"'wert'. There are: {', '.join(COLUMNS)}" in done.stderr


def test_json_lines_with_wrong_columns_are_refused_as_a_header_is(
    auth: Auth, run: Run
) -> None:
    row = {"email": "a@b.de", "password_hash": "!", "is_admin": True}

    done = run(as_jsonl(row), name="users.jsonl")

    assert done.exit_code == 2
    assert "[import.no_rights]" in done.stderr
    assert counts(auth)["vestibule_users"] == 0


def test_the_name_or_the_option_tells_how_a_file_is_written(
    run: Run,
) -> None:
    row = {"email": "a@b.de", "password_hash": "!"}
    for name in ("users.jsonl", "users.NDJSON"):
        assert run(as_jsonl(row), "--dry-run", name=name).exit_code == 0
    told = run(as_jsonl(row), name="users.txt")
    assert told.exit_code == 2
    assert told.stderr == (
        "Say how the file is written: --format csv or jsonl.\n"
    )
    text = "email,password_hash\na@b.de,!\n"
    done = run(text, "--dry-run", "--format", "csv", name="users.txt")
    assert done.exit_code == 0
    assert run(text, "--format", "xml").exit_code == 2


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        main, ["user", "import", str(tmp_path / "nothing.csv")]
    )
    assert done.exit_code == 2
    assert "No such file" in done.stderr


def test_a_file_of_rejects_is_never_written_over(auth: Auth, run: Run) -> None:
    text = "email,password_hash\na@b.de,!\n"

    done = run(text, "--rejects", "users.csv")

    assert done.exit_code == 2
    assert "users.csv is there already" in done.stderr
    assert Path("users.csv").read_text() == text
    assert counts(auth)["vestibule_users"] == 0


def test_lines_are_read_one_at_a_time_and_never_more_of_the_file() -> None:
    class Endless(io.RawIOBase):
        """A file without an end that counts what is read of it."""

        def __init__(self) -> None:
            self.lines = 0

        def readline(self, size: int | None = -1, /) -> bytes:
            """Give one more line."""
            del size
            self.lines += 1
            return (
                b"a@b.de,!\n" if self.lines > 1 else b"email,password_hash\n"
            )

    file = Endless()
    found: Iterator[Line] = iter(Lines(file, "csv"))  # type: ignore[arg-type]
    for _ in range(10):
        assert code(next(found)) == ""
    assert file.lines == 11


def test_a_line_without_an_end_takes_no_memory() -> None:
    class Endless(io.RawIOBase):
        """A line of a gigabyte."""

        def __init__(self) -> None:
            self.left = 1 << 30
            self.largest = 0

        def readline(self, size: int | None = -1, /) -> bytes:
            """Give as much of the line as is asked for."""
            given = min(size or 0, self.left)
            assert given >= 0
            self.largest = max(self.largest, given)
            self.left -= given
            return b"a" * given

    file = Endless()
    with pytest.raises(FileUnreadable) as refused:
        list(Lines(file, "csv"))  # type: ignore[arg-type]
    assert refused.value.code == "line.too_long"
    assert file.largest <= LONGEST_LINE + 1
    assert file.left == 0


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=40),
    st.lists(st.integers(), max_size=2),
    st.sampled_from(["2024-05-31T09:30:00Z", "!", "a@b.de", "9999-12-31T"]),
)
NAMES = st.one_of(st.sampled_from(COLUMNS), st.text(max_size=10))


@given(st.binary(max_size=300), st.sampled_from(["csv", "jsonl"]))
def test_any_bytes_at_all_are_rows_or_rejections(
    rubbish: bytes, written_as: str
) -> None:
    begin = {
        "csv": b"email,password_hash\n",
        "jsonl": b'{"email":"a@b.de","password_hash":"!"}\n',
    }
    for text in (rubbish, begin[written_as] + rubbish):
        try:
            lines = read(text, written_as)
        except FileUnreadable:
            continue
        for line in lines:
            assert (line.row is None) != (line.refusal is None)


@given(st.lists(st.dictionaries(NAMES, VALUES, max_size=8), max_size=4))
def test_any_objects_at_all_are_rows_or_rejections(
    found: list[dict[str, object]],
) -> None:
    good = '{"email":"a@b.de","password_hash":"!"}\n'
    text = good + "".join(json.dumps(row) + "\n" for row in found)
    for line in read(text, "jsonl"):
        assert (line.row is None) != (line.refusal is None)
        if line.row is not None:
            assert line.row.created is None or line.row.created >= 0


@given(
    st.lists(
        st.lists(st.text(max_size=40), min_size=1, max_size=4), max_size=4
    )
)
def test_any_cells_at_all_are_rows_or_rejections(
    found: list[list[str]],
) -> None:
    text = as_csv(("email", "password_hash", "created_at"), *found)
    for line in read(text.encode("utf-8", "surrogatepass")):
        assert (line.row is None) != (line.refusal is None)


@given(st.text(max_size=40))
def test_any_moment_is_read_or_refused(text: str) -> None:
    pairs = {"email": "a@b.de", "password_hash": "!", "created_at": text}
    try:
        row = Row.read(pairs.items())
    except Malformed as refusal:
        codes = {fault.reason.code for fault in refusal.faults}
    else:
        codes = set()
        assert row.created is None or row.created >= 0
    assert codes <= {"created_at.format", "field.characters", "field.too_long"}


def test_where_the_header_is_missing_no_hash_is_repeated(
    run: Run,
) -> None:
    for first in (
        "anna@example.com,5f4dcc3b5aa765d61d8327deb882cf99\n",
        "anna@example.com,abcdefabcdefabcdefabcdefabcdefab\n",
        "anna@example.com,$2b$04$abcdefghijklmnopqrstuv\n",
    ):
        done = run(first)
        assert done.exit_code != 0
        assert "[import.column_odd]" in done.stderr
        assert first.strip().partition(",")[2] not in done.output
