"""The page of what is kept names every column and cookie there is."""

import re
from collections import Counter
from collections.abc import Iterator

import pytest
from flask import Flask

from conftest import Browser
from hosts import one_database
from processes import ROOT
from vestibule.doors import hall, mailed_links
from vestibule.migrations import VERSION_TABLE
from vestibule.records import Record

PAGE = (ROOT / "docs/operators/privacy.md").read_text("utf-8")
CLASSES = {"secret", "personal", "record", "technical"}
SOURCES = sorted((ROOT / "src/vestibule").rglob("*.py"))
# What opens something by itself is never less than a secret.
TELLING = re.compile(
    r"fingerprint|password$|^code$|^key$|^(text|html)$", re.ASCII
)


def rows(heading: str) -> Iterator[list[str]]:
    """List the cells of the table below a heading."""
    _, _, below = PAGE.partition(f"\n## {heading}\n")
    assert below, heading
    text, _, _ = below.partition("\n## ")
    lines = [line for line in text.splitlines() if line.startswith("|")]
    for line in lines[2:]:
        yield [cell.strip() for cell in line.strip("|").split(" | ")]


def named(cell: str) -> list[str]:
    """List what stands in a cell as code."""
    return re.findall(r"`([^`]+)`", cell)


@pytest.mark.asvs("14.1.1")
def test_every_column_of_every_table_is_named_once() -> None:
    told = Counter(
        (table, column)
        for tables, columns, *_ in rows("In the database")
        for table in named(tables)
        for column in named(columns)
    )
    there = {
        (table.name, column.name)
        for table in Record.metadata.tables.values()
        for column in table.columns
    }

    assert sorted(there - told.keys()) == []
    assert sorted(told.keys() - there) == []
    assert [place for place, count in told.items() if count > 1] == []
    assert VERSION_TABLE in named(PAGE)


@pytest.mark.asvs("14.1.2")
def test_every_row_has_a_class_and_every_class_a_protection() -> None:
    ways = {re.sub(r"\W", "", row[0]) for row in rows("Classes of data")}
    tables, cookies = list(rows("In the database")), list(rows("In browsers"))

    assert ways == CLASSES
    assert {row[2] for row in tables} == CLASSES
    assert {row[1] for row in cookies} <= CLASSES
    assert all(all(row) and len(row) == 6 for row in tables)
    assert all(all(row) and len(row) == 4 for row in cookies)


@pytest.mark.asvs("14.1.1")
def test_what_opens_something_is_a_secret() -> None:
    wrong = [
        (row[0], column)
        for row in rows("In the database")
        for column in named(row[1])
        if TELLING.search(column)
        and row[2] != "secret"
        and "attempts" not in row[0]
    ]

    assert wrong == []


@one_database
@pytest.mark.asvs("14.1.1")
def test_every_cookie_is_named(app: Flask, browser: Browser) -> None:
    place: hall.Hall = app.extensions["vestibule"]
    own = {
        name
        for attribute, name in vars(place).items()
        if attribute.endswith("_cookie") and isinstance(name, str)
    }
    kinds = mailed_links.MailedLink.__name__, mailed_links.NEWCOMER
    making = re.compile(
        rf'= (?:{kinds[0]}|{type(kinds[1]).__name__})\("(\w+)"'
    )
    prefix = place.visit_cookie.removesuffix("visit")
    sealed = {
        prefix + name
        for path in SOURCES
        for name in making.findall(path.read_text("utf-8"))
    }

    told = {name for row in rows("In browsers") for name in named(row[0])}
    assert len(own) >= 5
    assert len(sealed) >= 5
    assert told == own | sealed
