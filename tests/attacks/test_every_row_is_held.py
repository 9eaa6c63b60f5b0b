"""The catalogue of attacks: every row that is held names a test."""

from catalogues import script

STATES = {"held", "later", "absent"}


def test_every_row_that_is_held_names_a_test() -> None:
    page = script("attacks_page")
    known, held = page.catalogue(), page.tests_by_row(page.MARK)

    bare = [
        row
        for row, entry in page.rows(known)
        if "held" in entry and row not in held
    ]
    unasked = [n for n, _ in page.requirements(known) if n not in held]

    assert (bare, unasked) == ([], [])


def test_no_test_names_a_row_that_there_is_not() -> None:
    page = script("attacks_page")
    known = page.catalogue()
    meant = {row for row, entry in page.rows(known) if "absent" not in entry}
    asked = {name for name, _ in page.requirements(known)}

    assert set(page.tests_by_row(page.MARK)) <= meant | asked


def test_the_catalogue_is_whole() -> None:
    page = script("attacks_page")
    known = page.catalogue()

    assert [row for row, _ in page.rows(known)] == [*range(1, 149)]
    assert [n for n, _ in page.requirements(known)] == [
        # The others are about second factors and other parts to come.
        f"A{number}"
        for number in (*range(1, 45), *range(46, 52), 53)
    ]
    for row, entry in page.rows(known):
        assert len(STATES & set(entry)) == 1, row
        assert set(entry) - STATES == {"where", "wrong"}, row
