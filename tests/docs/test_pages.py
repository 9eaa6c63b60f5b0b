"""What the pages of the documentation print works as it is printed."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import bcrypt
import click
import pytest

from processes import ROOT
from snippets import DOCUMENTS, blocks, check_syntax
from vestibule.doors.cli import main
from walks import Walk, at_terminal, lay_out

PASSWORD = "three random words"
# The texts of licences hold no code.
WITH_CODE = [path for path in DOCUMENTS if path.name != "THIRD_PARTY.md"]
# The README is followed, and more closely, in test_readme.py.
FOLLOWED = [
    path
    for path in DOCUMENTS
    if path.name != "README.md" and any(b.role for b in blocks(path))
]
LASTING = ("dev", "serve", "worker")
# Needs a mail server; tests/letters gives it one.
MAILING = ("mail test",)
# Fails where something is wrong; tests/doctor has a place where nothing is.
EXAMINING = ("doctor",)


def name_of(path: Path) -> str:
    """Write the path of a document as people know it."""
    return str(path.relative_to(ROOT))


def inline_commands(text: str) -> Iterator[list[str]]:
    """List the words of every command of ours within a sentence."""
    for code in re.findall(r"(?<!`)`(?:\S*/)?vestibule ([^`]+)`", text):
        yield re.sub(r"[][…|]", " ", code).split()


def understands(words: list[str]) -> bool:
    """Tell whether there is such a command with such options."""
    command: click.Command = main
    while words and isinstance(command, click.Group):
        found = command.commands.get(words[0])
        if found is None:
            return words[0] == "--help"
        command, words = found, words[1:]
    options = {name for p in command.params for name in p.opts}
    named = {word for word in words if word.startswith("-")}
    return named <= options | {"--help", "-h"}


def examples() -> Iterator[tuple[str, str]]:
    """List every command with the example that its help shows."""

    def below(group: click.Group, path: str) -> Iterator[tuple[str, str]]:
        """Look into a group and those in it."""
        for name, command in group.commands.items():
            if isinstance(command, click.Group):
                yield from below(command, f"{path}{name} ")
            else:
                shown = (command.epilog or "").removeprefix("Example: ")
                yield path + name, shown

    return below(main, "")


@pytest.mark.parametrize("document", WITH_CODE, ids=name_of)
def test_every_piece_of_code_is_run_or_says_why_not(document: Path) -> None:
    silent = [
        f"{block.place} {block.role!r}"
        for block in blocks(document)
        if not block.is_marked and not block.is_directive
    ]

    assert silent == []


@pytest.mark.parametrize("document", WITH_CODE, ids=name_of)
def test_every_piece_of_code_can_be_read(document: Path) -> None:
    for block in blocks(document):
        check_syntax(block)


@pytest.mark.parametrize("document", FOLLOWED, ids=name_of)
def test_following_a_page_leads_where_it_says(
    document: Path, tmp_path: Path
) -> None:
    Walk(tmp_path).follow(blocks(document))


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_command_that_a_sentence_names_exists(document: Path) -> None:
    text = document.read_text("utf-8")

    assert [w for w in inline_commands(text) if not understands(w)] == []
    for script in re.findall(r"(?<![\w/-])script/[\w.-]+", text):
        assert (ROOT / script).is_file(), script


def test_every_command_has_an_example_that_calls_it() -> None:
    for name, example in examples():
        assert example.startswith(f"vestibule {name}"), name
        assert understands(shlex.split(example)[1:]), example


def test_every_example_works_in_the_order_of_the_page(tmp_path: Path) -> None:
    folder = lay_out(tmp_path)
    known = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    columns = "email,password_hash\n"
    (folder / "users.csv").write_text(f"{columns}ben@example.com,{known}\n")
    # Somebody else looks after the accounts, so that anna may stop it.
    boss = "vestibule user create boss@example.com --admin"
    at_terminal(boss, folder, PASSWORD)
    for name, example in examples():
        if name not in LASTING + MAILING + EXAMINING:
            said = at_terminal(example, folder, PASSWORD)
            assert "Traceback" not in said, name
