"""Weigh what a browser loads to show a page, on the production server.

    script/bench page_weight            a table for docs/look.md
    script/bench page_weight --json     the same for programs

A Chromium without any files at hand opens each page; its own counters say
what came over the wire, headers included. What only asks for other origins,
or for fonts, is counted as well: there shall be none.
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Page, sync_playwright

PAGES = ("/login", "/register", "/password_reset", "/")
PATIENCE = 60.0
KINDS = {
    "Document": "HTML",
    "Stylesheet": "CSS",
    "Script": "JavaScript",
    # What a script asks: the sign-in page, with what a passkey may answer.
    "Fetch": "JSON",
    # The one that the tab shows.
    "Other": "Icon",
}


@dataclass
class Piece:
    """A file that was loaded: its kind, and its bytes raw and as sent."""

    url: str
    kind: str
    raw: int = 0
    sent: int = 0


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Run the production server, with its data in a folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://localhost:{port}"
    given = {
        "VESTIBULE_SECRET_KEY": "9e2f61c07ab84d35f1d6083b7ca49e52",
        "VESTIBULE_BASE_URL": url,
        "VESTIBULE_DATA": str(folder),
    }
    command = [sys.executable, "-m", "vestibule"]
    log = folder / "server.log"
    with log.open("wb") as file:
        process = subprocess.Popen(  # noqa: S603
            [*command, "serve", "--port", str(port)],
            cwd=folder,
            env={**os.environ, **given},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        wait(url, process, log)
        yield url
    finally:
        process.terminate()
        process.wait()


def wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until the server answers."""
    until = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < until:
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310
        except urllib.error.URLError:
            time.sleep(0.1)
        else:
            return
    sys.exit(log.read_text("utf-8", "replace"))


def weigh(page: Page, session: CDPSession, url: str) -> list[Piece]:
    """Open a page, and list all that it loads."""
    found: dict[str, Piece] = {}

    def on_request(event: dict[str, Any]) -> None:
        """Note what is asked for."""
        asked = event["request"]["url"]
        if not asked.startswith(("data:", "blob:")):
            kind = KINDS.get(event["type"], event["type"])
            found[event["requestId"]] = Piece(asked, kind)

    def on_data(event: dict[str, Any]) -> None:
        """Note how much there is of it."""
        if event["requestId"] in found:
            found[event["requestId"]].raw += event["dataLength"]

    def on_end(event: dict[str, Any]) -> None:
        """Note how much was sent."""
        if event["requestId"] in found:
            sent = int(event["encodedDataLength"])
            found[event["requestId"]].sent = sent

    session.on("Network.requestWillBeSent", on_request)
    session.on("Network.dataReceived", on_data)
    session.on("Network.loadingFinished", on_end)
    page.goto(url, wait_until="networkidle")
    return list(found.values())


def all_pages() -> dict[str, list[Piece]]:
    """Weigh every page, each in a browser that has nothing yet."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    weighed = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder)) as url,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"]
        )
        for name in PAGES:
            context = browser.new_context()
            page = context.new_page()
            session = context.new_cdp_session(page)
            session.send("Network.enable")
            weighed[name] = weigh(page, session, url + name)
            context.close()
        browser.close()
    return weighed


def kilobytes(count: int) -> str:
    """Write a number of bytes."""
    return f"{count / 1024:.1f}"


def table(pieces: list[Piece]) -> Iterator[str]:
    """Write what a page loads as a table."""
    yield "| | raw, KB | over the wire, KB |"
    yield "|---|---:|---:|"
    # Two scripts, say, are one row.
    for kind in dict.fromkeys(piece.kind for piece in pieces):
        alike = [piece for piece in pieces if piece.kind == kind]
        raw, sent = (
            kilobytes(sum(getattr(piece, name) for piece in alike))
            for name in ("raw", "sent")
        )
        yield f"| {kind} | {raw} | {sent} |"
    raw, sent = (
        sum(getattr(piece, name) for piece in pieces)
        for name in ("raw", "sent")
    )
    yield f"| **Together** | **{kilobytes(raw)}** | **{kilobytes(sent)}** |"


def main() -> None:
    """Weigh, and print."""
    options = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    weighed = all_pages()
    if chosen.json:
        told = {name: [asdict(p) for p in ps] for name, ps in weighed.items()}
        print(json.dumps(told, indent=2))
        return
    for name, pieces in weighed.items():
        print(f"{name}\n", *table(pieces), sep="\n")
        print()


if __name__ == "__main__":
    main()
