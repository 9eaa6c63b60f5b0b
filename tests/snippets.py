"""The code that documents print, and what the suite does with it.

A comment directly above a piece of code says that:

- ``serve``: start this server, and stop the one before;
- ``run``: run each command, and compare what it prints with the lines
  below it that begin with ``# ``; ``run TOKEN`` fills in the token that
  was mailed last; a piece in Python is run as a program;
- ``fails 2``: the same, and the exit status must be 2;
- ``output``: what the last command printed;
- ``log``: what the server has printed holds this;
- ``production``: the four commands of the README;
- ``save NAME``: save this file, and run it if it is a program that nothing
  else on the page uses; ``append NAME``: add to it;
- ``settings``: each line is a setting with a value that fits;
- ``tree FOLDER``: every file named exists there;
- ``not run, because …``: nothing, for this reason.

``…`` in what is printed stands for anything.
"""

import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from processes import PATIENCE, ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
ROLES = {
    "append": r"\S+",
    "fails": r"\d+",
    "log": "",
    "output": "",
    "production": "",
    "run": r"(TOKEN)?",
    "save": r"\S+",
    "serve": "",
    "settings": "",
    "tree": r"\S+",
    "not": r"run, because \S.{10,}",
}
PIECE = re.compile(
    r"^(?P<indent> *)(?:<!-- suite: (?P<role>(?:(?!-->).)*?) -->\n *)?"
    r"(?P<fence>`{3,})(?P<language>\S*)\n(?P<text>.*?)^ *(?P=fence)$",
    re.M | re.S,
)


@dataclass(frozen=True)
class Block:
    """A piece of code in a document, and what the suite does with it."""

    place: str
    heading: str
    role: str
    language: str
    text: str

    @property
    def verb(self) -> str:
        """The first word of the mark."""
        return self.role.partition(" ")[0]

    @property
    def rest(self) -> str:
        """What follows the first word of the mark."""
        return self.role.partition(" ")[2]

    @property
    def is_marked(self) -> bool:
        """Whether the mark says something that the suite understands."""
        rest = ROLES.get(self.verb)
        return rest is not None and bool(re.fullmatch(rest, self.rest, re.S))

    @property
    def is_directive(self) -> bool:
        """Whether it is no code, but addressed to the site."""
        return self.language.startswith("{")

    def commands(self) -> list[tuple[str, str]]:
        """List the commands, each with the answer printed below it."""
        found: list[tuple[str, list[str]]] = []
        for line in self.text.splitlines():
            if line == "#" or line.startswith("# "):
                found[-1][1].append(line[2:])
            elif found and found[-1][0].endswith("\\"):
                whole = f"{found[-1][0]}\n{line}"
                found[-1] = (whole, [])
            elif line:
                found.append((line, []))
        return [(command, "\n".join(said)) for command, said in found]


def blocks(document: Path) -> list[Block]:
    """Read the pieces of code of a document in their order."""
    name = str(document.relative_to(ROOT))
    return pieces(document.read_text("utf-8"), name)


def pieces(text: str, name: str) -> list[Block]:
    """Find the pieces of code in a text that is called by a name."""
    found: list[Block] = []
    for match in PIECE.finditer(text):
        before = text[: match.start()]
        headings = re.findall(r"^#+ (.*)", PIECE.sub("", before), re.M)
        line = before.count("\n") + 1
        found.append(
            Block(
                f"{name}:{line}",
                headings[-1] if headings else "",
                " ".join((match["role"] or "").split()),
                match["language"],
                dedent(match["text"]),
            )
        )
    return found


def check_syntax(block: Block) -> None:
    """Fail if a piece of code cannot even be read in its language."""
    if block.language == "python":
        compile(block.text, block.place, "exec")
    elif block.language == "json":
        json.loads(block.text)
    elif block.language == "toml":
        tomllib.loads(block.text)
    elif block.language == "ini":
        ConfigParser(strict=False).read_string(block.text)
    elif block.language == "sh":
        read = ["sh", "-n", "-c", block.text]
        subprocess.run(read, timeout=PATIENCE, check=True)


def named_in_tree(text: str) -> Iterator[str]:
    """List the files that a drawing of folders names, as glob patterns.

    A line holds names, and behind two blanks what they are for; the names
    of a deeper line lie in any of the folders named last above it.
    """
    above: list[tuple[int, str]] = []
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip())
        names = re.split(r"\s{2,}", line.strip())[0].split()
        paths = [
            re.sub(r"<\w+>|…", "*", name)
            for name in names
            if re.fullmatch(r"[\w./<>…]+(/|\.\w+)", name)
        ]
        above = [(depth, path) for depth, path in above if depth < indent]
        parent = above[-1][1] if above else ""
        for path in paths:
            yield parent + path
        if len(paths) > 1 and paths[0].endswith("/"):
            above.append((indent, f"{parent}*/"))
        elif paths and paths[0].endswith("/"):
            above.append((indent, parent + paths[0]))
