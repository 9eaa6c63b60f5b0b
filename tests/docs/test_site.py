"""The site of the documentation is whole, and needs nobody else."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

import vestibule
from processes import PATIENCE, ROOT, environment
from vestibule import capabilities
from vestibule.capability import Capability
from vestibule.sections import all_knobs
from walks import PROGRAMS

HOOKS = {"login_gate", "forget", "sweep"}
LOADS = {("link", "href"), ("a", "ping"), ("form", "action")}
PAGES = [
    path.relative_to(ROOT / "docs").with_suffix(".html")
    for path in sorted((ROOT / "docs").rglob("*.md"))
]


@dataclass
class Seen(HTMLParser):
    """What a page loads, where it leads, and where one can be led to."""

    loads: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    places: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Begin to read."""
        super().__init__()

    def handle_starttag(
        self, tag: str, attrs: list[tuple[str, str | None]]
    ) -> None:
        """Note every address and every place of an element."""
        for name, value in attrs:
            if name == "id":
                self.places.add(value or "")
            elif (tag, name) == ("a", "href"):
                self.links.append(value or "")
            elif name in ("src", "srcset", "data") or (tag, name) in LOADS:
                self.loads.append(value or "")


def build(
    site: Path, docs_of: Path = ROOT
) -> "subprocess.CompletedProcess[str]":
    """Run the script as it is, but for what brings the environment up."""
    script = site.parent / "script"
    script.mkdir()
    (script / "docs").write_bytes((ROOT / "script/docs").read_bytes())
    (script / "lib.sh").write_text(
        f"root={docs_of}\nvenv={PROGRAMS.parent}\nfill() {{ :; }}\n"
    )
    return subprocess.run(
        ["sh", script / "docs", site],
        env=environment(site.parent),
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site once for all tests."""
    folder = tmp_path_factory.mktemp("docs") / "site"
    done = build(folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout == f"Open {folder}/index.html\n"
    return folder


def seen(page: Path) -> Seen:
    """Read a page of the site."""
    found = Seen()
    found.feed(page.read_text("utf-8"))
    return found


def test_every_page_is_in_the_site(site: Path) -> None:
    assert [page for page in PAGES if not (site / page).is_file()] == []


def test_every_link_within_the_site_leads_somewhere(site: Path) -> None:
    pages = {path: seen(path) for path in site.rglob("*.html")}
    lost = []
    for page, found in pages.items():
        for link in found.links:
            address, place = urldefrag(unquote(link))
            if re.match(r"[a-z]+:", address):
                continue
            to = (page.parent / address).resolve() if address else page
            leads = to in pages and (not place or place in pages[to].places)
            if not (leads or (to.is_file() and to not in pages)):
                lost.append(f"{page.relative_to(site)}: {link}")

    assert lost == []


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        for address in seen(page).loads:
            assert not re.match(r"(\w+:)?//", address.strip()), address
    for sheet in site.rglob("*.css"):
        text = sheet.read_text("utf-8")
        found = re.findall(r"url\(\s*['\"]?([^'\")]+)|@import", text)
        assert [a for a in found if not a.startswith("data:")] == [], sheet


def test_what_is_said_to_the_suite_is_not_said_to_readers(site: Path) -> None:
    for page in site.rglob("*.html"):
        assert "<!-- suite:" not in page.read_text("utf-8"), page


def test_the_site_lists_every_setting_and_every_code(site: Path) -> None:
    settings = (site / "settings.html").read_text("utf-8")
    errors = (site / "errors.html").read_text("utf-8")
    codes = (ROOT / "tests/error-codes.txt").read_text("utf-8").split()

    assert [w for w in all_knobs().values() if w.name not in settings] == []
    assert [code for code in codes if f">{code}<" not in errors] == []


def test_the_python_reference_has_every_public_name(site: Path) -> None:
    places = seen(site / "python.html").places
    for name in vestibule.__all__:
        assert places & {f"vestibule.{name}", f"module-vestibule.{name}"}, name


def whole_capabilities(kind: type) -> Iterator[type]:
    """List the capabilities of ours, without those that are parts of one."""
    below: list[type] = kind.__subclasses__()
    if not below and kind.__module__.startswith(capabilities.__name__):
        yield kind
    for one in below:
        yield from whole_capabilities(one)


def test_the_python_reference_has_every_operation(site: Path) -> None:
    places = seen(site / "python.html").places
    kinds = [*whole_capabilities(Capability)]
    assert kinds
    for kind in kinds:
        name = f"{kind.__module__}.{kind.__name__}"
        assert name in places
        # It may be spread over several files.
        for part in kind.__mro__[: kind.__mro__.index(Capability)]:
            for method, what in vars(part).items():
                is_public = not method.startswith("_") and method not in HOOKS
                if is_public and hasattr(what, "__wrapped__"):
                    assert f"{name}.{method}" in places


def test_a_link_to_nowhere_fails_the_build(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    (copy / "docs").mkdir(parents=True)
    (copy / "docs/conf.py").write_text('extensions = ["myst_parser"]\n')
    (copy / "docs/index.md").write_text("# Site\n\n[Lost](nowhere.md)\n")

    done = build(tmp_path / "site", copy)

    assert done.returncode != 0
    assert "nowhere.md" in done.stderr
