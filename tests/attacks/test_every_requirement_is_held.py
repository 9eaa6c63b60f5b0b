"""What ASVS and NIST ask: every row that is held names a test or a page."""

import re
from pathlib import Path
from types import ModuleType
from typing import Any

from catalogues import script
from processes import ROOT

# The standard's own shape: the levels of the rows of each section.
LEVELS = {
    "1.1": "22", "1.2": "1111122223", "1.3": "112222222223", "1.4": "222",
    "1.5": "123", "2.1": "122", "2.2": "112", "2.3": "12223", "2.4": "23",
    "3.1": "3", "3.2": "113", "3.3": "12223", "3.4": "11222233",
    "3.5": "11122333", "3.6": "3", "3.7": "22333", "4.1": "12233",
    "4.2": "23333", "4.3": "22", "4.4": "1222", "5.1": "2",
    "5.2": "112333", "5.3": "113", "5.4": "222", "6.1": "122",
    "6.2": "111111112222", "6.3": "11223333", "6.4": "112233",
    "6.5": "22222333", "6.6": "2223", "6.7": "33", "6.8": "2222",
    "7.1": "222", "7.2": "1111", "7.3": "22", "7.4": "11222",
    "7.5": "223", "7.6": "22", "8.1": "1233", "8.2": "1123", "8.3": "133",
    "8.4": "23", "9.1": "111", "9.2": "1222", "10.1": "22", "10.2": "223",
    "10.3": "22223", "10.4": "1111122222233333", "10.5": "22222",
    "10.6": "22", "10.7": "222", "11.1": "2233", "11.2": "22233",
    "11.3": "11233", "11.4": "1222", "11.5": "23", "11.6": "23",
    "11.7": "33", "12.1": "12233", "12.2": "11", "12.3": "22223",
    "13.1": "2333", "13.2": "222223", "13.3": "2233", "13.4": "1222233",
    "14.1": "22", "14.2": "12223333", "14.3": "122", "15.1": "12233",
    "15.2": "12233", "15.3": "1222222", "15.4": "3333", "16.1": "2",
    "16.2": "22222", "16.3": "2222", "16.4": "222", "16.5": "2223",
    "17.1": "23", "17.2": "22223333", "17.3": "22",
}  # fmt: skip


def test_every_row_is_there_with_its_level() -> None:
    page = script("asvs_page")
    known = page.catalogue()

    assert {name: str(entry["level"]) for name, entry in page.rows(known)} == {
        f"{section}.{number}": level
        for section, levels in LEVELS.items()
        for number, level in enumerate(levels, start=1)
    }
    told = "".join(LEVELS.values())
    assert [told.count(level) for level in "123"] == [70, 183, 92]
    for letter, many in {"N": 30, "X": 34}.items():
        assert [name for name, _ in page.listed(known, letter)] == [
            f"{letter}{number}" for number in range(1, many + 1)
        ]


def test_every_row_says_in_one_sentence_what_it_is() -> None:
    page = script("asvs_page")
    entries = everything(page)

    for name, entry in entries.items():
        states = set(page.STATES) & set(entry)
        assert len(states) == 1, name
        assert entry[states.pop()].endswith("."), name
        assert entry.get("wants") or entry.get("asks"), name
        assert "by" in entry or "absent" in entry, name
        assert "document" not in entry or {"held", "deployer"} & {*entry}, name


def test_every_row_that_a_program_can_check_is_held_by_a_test() -> None:
    page = script("asvs_page")
    tests = page.tests_by_row(page.MARK)

    assert [
        name
        for name, entry in everything(page).items()
        if "held" in entry
        and page.AUTOMATABLE & set(entry["by"])
        and name not in tests
    ] == []


def test_no_test_names_a_row_that_does_not_apply() -> None:
    page = script("asvs_page")
    meant = {
        name
        for name, entry in everything(page).items()
        if page.state_of(entry) in {"held", "open"}
    }

    assert set(page.tests_by_row(page.MARK)) <= meant


def test_every_row_that_a_document_holds_names_its_heading() -> None:
    page = script("asvs_page")
    rows = everything(page)

    for name, entry in rows.items():
        if entry.get("by") == "D" and "held" in entry:
            assert entry["document"], name
        for named in entry.get("document", []):
            path, _, heading = named.partition("#")
            assert heading in headings(ROOT / path), (name, named)


def everything(page: ModuleType) -> dict[str, dict[str, Any]]:
    """List the rows of the standard and of both lists."""
    known = page.catalogue()
    return dict(
        [*page.rows(known), *page.listed(known, "N"), *page.listed(known, "X")]
    )


def headings(page: Path) -> set[str]:
    """List the headings of a page as links write them."""
    found = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", one).lower().replace(" ", "-") for one in found
    } | {""}
