"""Following a document finds what the document gets wrong."""

from configparser import Error as IniError
from pathlib import Path
from subprocess import CalledProcessError

import pytest

from snippets import DOCUMENTS, Block, blocks, check_syntax, pieces
from vestibule.ground.knobs import SettingsError
from walks import Walk, fits

UNREADABLE = (SyntaxError, ValueError, IniError, CalledProcessError)


def piece(role: str, text: str, language: str = "sh") -> Block:
    """Make a piece of code as a document would have it."""
    return Block("page.md:1", "Heading", role, language, text)


def test_no_piece_of_code_is_overlooked() -> None:
    for document in DOCUMENTS:
        lines = document.read_text("utf-8").splitlines()
        fences = [x for x in lines if x.lstrip().startswith(("```", "~~~"))]
        assert len(fences) == 2 * len(blocks(document)), document


def test_a_piece_of_code_in_a_list_is_read_without_its_indent() -> None:
    text = "1. Do this:\n\n   <!-- suite: run -->\n   ```sh\n   ls\n   ```\n"
    (found,) = pieces(text, "page.md")

    assert (found.place, found.role, found.text) == (
        "page.md:3",
        "run",
        "ls\n",
    )


def test_marks_headings_and_answers_are_read(tmp_path: Path) -> None:
    document = Path(__file__).parents[2] / "docs/troubleshooting.md"
    first, second, *_ = blocks(document)

    assert (first.verb, first.rest) == ("serve", "")
    assert first.commands() == [("vestibule dev", "")]
    assert (second.verb, second.rest) == ("fails", "2")
    assert second.heading == "The port is taken"
    ((command, said),) = second.commands()
    assert command == "vestibule dev"
    assert said.startswith("Cannot listen on 127.0.0.1, port 5000")


@pytest.mark.parametrize(
    "role",
    ["", "runs", "not run", "not run, because", "fails", "save", "tree"],
)
def test_a_mark_that_says_nothing_is_none(role: str) -> None:
    assert not piece(role, "ls\n").is_marked


@pytest.mark.parametrize(
    "role",
    [
        "run",
        "run TOKEN",
        "fails 2",
        "save app.py",
        "not run, because it is made of ice",
    ],
)
def test_a_mark_that_says_something_is_one(role: str) -> None:
    assert piece(role, "ls\n").is_marked


def test_three_dots_stand_for_anything_and_nothing_else_does() -> None:
    assert fits("a…c", "abbc")
    assert fits("…two passed…", "so\ntwo passed in 1s\n")
    assert not fits("a", "ab")
    assert not fits("a.c", "abc")
    assert not fits("", "an answer")


@pytest.mark.parametrize(
    "wrong",
    [
        piece("run", "echo one\n# two\n"),
        piece("run", "false\n"),
        piece("run", "assert False\n", "python"),
        piece("fails 2", "exit 1\n"),
        piece("fails 1", "true\n"),
        piece("tree .", "src/\n  nobody.py   is not there\n", "text"),
        piece("output", "something\n", "text"),
        piece("save alone.py", "assert False\n", "python"),
    ],
    ids=lambda block: block.role + "-" + block.language,
)
def test_what_does_not_happen_as_told_is_found(
    wrong: Block, tmp_path: Path
) -> None:
    with pytest.raises(AssertionError):
        Walk(tmp_path).follow([wrong])


def test_settings_that_do_not_fit_are_found(tmp_path: Path) -> None:
    walk = Walk(tmp_path)
    walk.do(piece("settings", "VESTIBULE_PORT=80\n"))
    for line in ("VESTIBULE_PORT=ssh", "VESTIBULE_PROT=80"):
        with pytest.raises(SettingsError):
            walk.do(piece("settings", f"{line}\n"))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("python", "def f(:"),
        ("json", "{'a': 1}"),
        ("toml", "a = "),
        ("ini", "a = 1"),
        ("sh", "if true"),
    ],
)
def test_what_cannot_be_read_is_found(language: str, text: str) -> None:
    with pytest.raises(UNREADABLE):
        check_syntax(piece("not run, because it is wrong", text, language))


def test_saved_files_and_what_is_added_are_run(tmp_path: Path) -> None:
    walk = Walk(tmp_path)
    walk.follow(
        [
            piece("save deep/a.py", "print(1)\n", "python"),
            piece("append deep/a.py", "print(2)\n", "python"),
            piece("run", "python deep/a.py\n# 1\n# 2\n"),
            piece("output", "1\n2\n", "text"),
        ]
    )
    assert (tmp_path / "deep/a.py").is_file()
