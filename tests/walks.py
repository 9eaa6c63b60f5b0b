"""Following a document: its commands, run where and as a reader would."""

import os
import pty
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from dotenv import dotenv_values

from processes import (
    PATIENCE,
    ROOT,
    Server,
    environment,
    eventually,
    free_port,
    mailed_link,
    started,
)
from snippets import Block, named_in_tree
from vestibule.settings import Settings

PROGRAMS = Path(sys.executable).parent


def fits(wanted: str, said: str) -> bool:
    """Tell whether something was printed as the document prints it."""
    pattern = ".*".join(map(re.escape, wanted.strip().split("…")))
    return re.fullmatch(pattern, said.strip(), re.S) is not None


def at_port(text: str, port: int) -> str:
    """Write a text for a server that listens elsewhere than at 5000."""
    return re.sub(r"(localhost:|port )5000\b", rf"\g<1>{port}", text)


def lay_out(folder: Path) -> Path:
    """Make a folder from which the commands of a document are found."""
    for name in (".venv", "venv"):
        (folder / name).symlink_to(PROGRAMS.parent)
    (folder / "script").mkdir()
    # The script itself would bring the environment of this suite up to
    # date first, below the feet of other tests.
    dev = folder / "script/dev"
    dev.write_text(f'#!/bin/sh\nexec {PROGRAMS}/vestibule dev "$@"\n')
    dev.chmod(0o755)
    return folder


def here(folder: Path, port: int = 5000) -> dict[str, str]:
    """Make the environment of somebody who follows a document."""
    path = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"
    return environment(folder, PATH=path, VESTIBULE_PORT=str(port))


@contextmanager
def served(command: str, folder: Path) -> Iterator[Server]:
    """Run a command of a document that serves until it is stopped."""
    port = free_port()
    words = shlex.split(command)
    env = here(folder, port)
    if words[0] == "flask":
        words += ["--port", str(port)]
    with started(words, port, folder, env) as server:
        yield server


def answer(
    command: str, folder: Path, port: int = 5000, status: int = 0
) -> str:
    """Run a command of a document to its end and give what it prints."""
    done = subprocess.run(
        ["sh", "-c", at_port(command, port)],
        cwd=folder,
        env=here(folder, port),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == status, done.stdout
    return done.stdout.strip()


def at_terminal(command: str, folder: Path, typed: str) -> str:
    """Run a command at a terminal, and type after each of its questions."""
    mine, theirs = pty.openpty()
    process = subprocess.Popen(
        shlex.split(command),
        cwd=folder,
        env=here(folder),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    said, asked = b"", 0
    try:
        while piece := os.read(mine, 1024):
            said += piece
            if said.count(b": ") > asked:
                asked = said.count(b": ")
                os.write(mine, f"{typed}\n".encode())
    except OSError:
        # So Linux says that the other side of a terminal is closed.
        pass
    finally:
        os.close(mine)
    assert process.wait(PATIENCE) == 0, said.decode()
    return said.decode()


def left_alone(blocks: list[Block]) -> Iterator[str]:
    """List the programs that are saved, and used by nothing on the page.

    ``flask run`` uses ``app.py`` without naming it.
    """
    verbs = {block.verb for block in blocks}
    for saved in blocks:
        name, _, kind = saved.rest.partition(".")
        others = " ".join(b.text for b in blocks if b is not saved)
        is_used = re.search(rf"\b{name}\b", others) or (
            name == "app" and "serve" in verbs
        )
        if saved.verb == "save" and kind == "py" and not is_used:
            yield saved.rest


class Walk:
    """Somebody who does, in one folder, what a document tells them."""

    def __init__(self, folder: Path) -> None:
        self.folder = lay_out(folder)
        self.said = ""
        self.port = free_port()
        self.server: Server | None = None
        self.running = ExitStack()

    def follow(self, blocks: list[Block]) -> None:
        """Do it all, and stop what was started."""
        with self.running:
            for block in blocks:
                self.do(block)
        for name in left_alone(blocks):
            answer(f"python {name}", self.folder, self.port)

    def do(self, block: Block) -> None:
        """Do what one piece of code tells, and compare."""
        act = getattr(self, f"_{block.verb}", None)
        if act is not None:
            act(block)

    def _serve(self, block: Block) -> None:
        """Start a server in the place of the one before."""
        self.running.close()
        ((command, _),) = block.commands()
        self.server = self.running.enter_context(served(command, self.folder))
        self.port = self.server.port

    def _run(self, block: Block, status: int = 0) -> None:
        """Run commands, or a program, and compare what they print."""
        if block.language == "python":
            program = at_port(block.text, self.port)
            (self.folder / "snippet.py").write_text(program, "utf-8")
            self.said = answer("python snippet.py", self.folder, self.port)
            return
        for command, wanted in block.commands():
            filled = self._filled(command, block.rest)
            self.said = answer(filled, self.folder, self.port, status)
            if wanted:
                self._compare(block, wanted)

    def _filled(self, command: str, hole: str) -> str:
        """Put the token that was mailed last into a command."""
        if hole != "TOKEN":
            return command
        assert self.server is not None
        link = mailed_link(self.server, "/password_reset/")
        return command.replace("TOKEN", link.rpartition("/")[2])

    def _fails(self, block: Block) -> None:
        """Run a command that ends with an exit status of its own."""
        self._run(block, int(block.rest))

    def _output(self, block: Block) -> None:
        """Compare with what the last command printed."""
        self._compare(block, block.text)

    def _compare(self, block: Block, wanted: str) -> None:
        """Fail unless the last command printed what the document says."""
        wanted = at_port(wanted, self.port)
        assert fits(wanted, self.said), f"{block.place}: {self.said}"

    def _log(self, block: Block) -> None:
        """Wait until the server has printed what the document says."""
        server = self.server
        assert server is not None
        wanted = at_port(block.text, self.port).strip()
        eventually(lambda: fits(f"…{wanted}…", server.said()), wanted)

    def _save(self, block: Block) -> None:
        """Save a file."""
        path = self.folder / block.rest
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, "utf-8")

    def _append(self, block: Block) -> None:
        """Add to a file that is there."""
        with (self.folder / block.rest).open("a", encoding="utf-8") as file:
            file.write(block.text)

    def _settings(self, block: Block) -> None:
        """Read settings as a ``.env`` file; secret files are put there."""
        path = self.folder / "settings.env"
        path.write_text(block.text, "utf-8")
        found = {
            key: value or "" for key, value in dotenv_values(path).items()
        }
        for key in found:
            if key.endswith("_FILE"):
                secret = self.folder / key
                secret.write_text("9e2f61c07ab84d35f1d6083b7ca49e52")
                found[key] = str(secret)
        Settings.load(found)

    def _tree(self, block: Block) -> None:
        """Look for every file that a drawing of folders names."""
        lost = [
            pattern
            for pattern in named_in_tree(block.text)
            if not list((ROOT / block.rest).glob(pattern))
        ]
        assert lost == [], block.place
