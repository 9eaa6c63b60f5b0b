"""The guard of the architecture: what no reader should have to check."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vestibule.ground.knobs import PREFIX
from vestibule.sections import all_knobs

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src/vestibule"
FILES = sorted(SOURCE.rglob("*.py"))

LONGEST_FILE = 300
LONGEST_FUNCTION = 40
MOST_SETTINGS = 59
VAGUE = {"common", "helper", "helpers", "info", "manager", "util", "utils"}

# Who asks these gets time or chance that no test can hold still.
LOOSE_CLOCKS = {
    "datetime.date.today",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "time.time",
    "time.time_ns",
}
LOOSE_CHANCE = {
    "os.getrandom",
    "os.urandom",
    "random",
    "secrets",
    "uuid.uuid1",
    "uuid.uuid4",
    "uuid_utils",
}
ENVIRONMENT = {"dotenv", "os.environ", "os.environb", "os.getenv"}

LOADERS = {"__import__", "importlib.__import__", "importlib.import_module"}

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
Function = ast.FunctionDef | ast.AsyncFunctionDef


def lint(source: Path) -> list[str]:
    """Check the contracts of pyproject.toml; list those that are broken."""
    done = subprocess.run(
        [
            Path(sys.executable).with_name("lint-imports"),
            "--config",
            ROOT / "pyproject.toml",
            "--no-cache",
            "--no-logo",
        ],
        cwd=source,
        env={**os.environ, "PYTHONPATH": str(source), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    verdicts = re.findall(r"^(\d\w?)\. .* (KEPT|BROKEN)", done.stdout, re.M)
    listed = [contract["name"].partition(".")[0] for contract in contracts()]
    assert [number for number, _ in verdicts] == listed, (
        done.stdout + done.stderr
    )
    return [number for number, verdict in verdicts if verdict == "BROKEN"]


def contracts() -> list[dict[str, Any]]:
    """Read the contracts of imports."""
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    listed: Any = tomllib.loads(text)["tool"]["importlinter"]["contracts"]
    return list(listed)


def parsed(file: Path) -> ast.Module:
    """Read a file of the source as a syntax tree."""
    return ast.parse(file.read_text("utf-8"))


def place(file: Path, line: int = 1) -> str:
    """Name a line of the source, as editors do."""
    return f"{file.relative_to(ROOT)}:{line}"


def uses(tree: ast.AST, names: set[str]) -> Iterator[int]:
    """List the lines that use one of the given modules or their parts.

    A name is followed to what it was imported as, so that neither
    ``import time as t`` nor ``from time import time`` hides a use.
    """
    origins = {"__import__": "__import__"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                known = alias.asname or alias.name.partition(".")[0]
                origin = alias.name if alias.asname else known
                origins[known] = origin
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                known = alias.asname or alias.name
                origins[known] = f"{node.module}.{alias.name}"
    wanted = {name.partition(".")[0] for name in names if "." not in name}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Attribute | ast.Name):
            found = [_full_name(node, origins)]
        else:
            continue
        if any(
            name in names or name.partition(".")[0] in wanted for name in found
        ):
            yield node.lineno


def _full_name(node: ast.expr, origins: dict[str, str]) -> str:
    """Write ``t.time`` as ``time.time`` where ``t`` was imported so."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    parts.append(origins.get(node.id, ""))
    return ".".join(reversed(parts))


def is_sentence(text: str | None) -> bool:
    """Tell whether a docstring begins with a whole sentence."""
    first = (text or "").strip().partition("\n\n")[0]
    return bool(
        re.match(r"[A-Z`\"“]", first)
        and re.search(r"[.:?]`*$", first)
        and len(first.split()) >= 3
    )


def undocumented(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """List what has no sentence of documentation, nested things as well."""
    if not is_sentence(ast.get_docstring(tree)):
        yield 1, "the module"
    for node in ast.walk(tree):
        if not isinstance(node, Definition) or is_exempt(node):
            continue
        if not is_sentence(ast.get_docstring(node)):
            yield node.lineno, node.name


def is_exempt(node: Definition) -> bool:
    """Tell whether a definition says by its name what it does."""
    if node.name.startswith("__") and node.name.endswith("__"):
        return True
    marks = {ast.unparse(mark) for mark in node.decorator_list}
    return bool(marks & {"overload", "typing.overload"})


def length(node: Function) -> int:
    """Count the lines of a function without its documentation."""
    first = node.body[0]
    lines = (node.end_lineno or 0) - node.lineno + 1
    if ast.get_docstring(node) is not None:
        lines -= (first.end_lineno or 0) - first.lineno + 1
    return lines


def test_every_contract_of_imports_is_kept() -> None:
    assert lint(ROOT / "src") == []


@pytest.mark.parametrize(
    ("broken", "importer", "imported"),
    [
        ("1", "records", "user"),
        ("1", "capabilities/sessions/operations", "auth"),
        ("1a", "doors/visit", "doors.app"),
        ("1a", "capabilities/login/pages", "doors.classic"),
        ("1a", "capabilities/login/api", "doors.apidocs"),
        (
            "2",
            "capabilities/passwords/operations",
            "capabilities.passwords.forms",
        ),
        (
            "3",
            "capabilities/login/operations",
            "capabilities.passwords.operations",
        ),
        ("4", "doors/classic", "db"),
        ("4", "capabilities/profile/forms", "records"),
        ("4", "capabilities/login/pages", "capabilities.login.operations"),
        ("4", "capabilities/login/api", "capabilities.login.operations"),
        ("5", "ground/letters", "flask"),
    ],
)
def test_a_planted_import_breaks_its_contract_and_no_other(
    tmp_path: Path, broken: str, importer: str, imported: str
) -> None:
    copy = tmp_path / "vestibule"
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("*.pyc"))
    name = imported if imported == "flask" else f"vestibule.{imported}"
    with (copy / f"{importer}.py").open("a") as file:
        file.write(f"\n\ndef _planted() -> None:\n    import {name}\n")

    assert lint(tmp_path) == [broken]


def test_a_new_module_of_the_core_must_be_given_a_floor(
    tmp_path: Path,
) -> None:
    copy = tmp_path / "vestibule"
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("*.pyc"))
    (copy / "annexe.py").write_text('"""A room on no floor."""\n')

    assert lint(tmp_path) == ["1"]


def test_every_module_of_the_doors_is_a_door_or_is_lent_to_handlers() -> None:
    rule = next(rule for rule in contracts() if rule["id"] == "handlers")
    named = {*rule["source_modules"], *rule["forbidden_modules"]}
    doors = {
        f"vestibule.doors.{file.stem}"
        for file in (SOURCE / "doors").glob("*.py")
        if file.stem != "__init__"
    }

    assert doors == {name for name in named if ".doors." in name}


def test_modules_of_the_package_are_imported_by_their_own_names() -> None:
    # ``from vestibule import DB`` would be a way around the contracts.
    found = [
        place(file, node.lineno)
        for file in FILES
        for node in ast.walk(parsed(file))
        if isinstance(node, ast.ImportFrom) and node.module == "vestibule"
        for alias in node.names
        if not (SOURCE / alias.name).is_dir()
        and not (SOURCE / f"{alias.name}.py").is_file()
    ]

    assert found == []


def test_modules_are_imported_by_text_only_where_doors_are_mounted() -> None:
    found = {
        str(file.relative_to(SOURCE))
        for file in FILES
        if any(uses(parsed(file), LOADERS))
    }

    assert found <= {"__init__.py", "doors/plan.py", "doors/cli.py"}


def test_everything_has_a_sentence_of_documentation() -> None:
    found = [
        f"{place(file, line)} {name}"
        for file in FILES
        for line, name in undocumented(parsed(file))
    ]

    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "x = 1",
        '"""Two words."""',
        '"""A line without an end"""',
        '"""a sentence without a capital."""',
        '"""The first line has no end\n\nand the second has one."""',
        '"""A good module is this."""\nclass Bare: ...',
        '"""A good module is this."""\ndef f():\n    def g(): ...',
    ],
)
def test_a_missing_or_broken_sentence_is_found(source: str) -> None:
    assert list(undocumented(ast.parse(source)))


@pytest.mark.asvs("11.5.1")
def test_time_is_read_from_the_clock_and_chance_from_its_one_source() -> None:
    found = [
        place(file, line)
        for file in FILES
        if SOURCE / "ground" not in file.parents
        for line in uses(parsed(file), LOOSE_CLOCKS | LOOSE_CHANCE)
    ]

    assert found == []


def test_only_the_settings_read_the_environment() -> None:
    found = {
        str(file.relative_to(SOURCE))
        for file in FILES
        if any(uses(parsed(file), ENVIRONMENT))
    }

    # The terminal's language is no setting, but whoever sits there; and a
    # library asks there for the folder that we have made for it.
    assert found == {
        "settings.py",
        "doors/commands.py",
        "doors/metrics_files.py",
    }


@pytest.mark.asvs("11.5.1")
@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.time()",
        "import time as t\nt.time_ns()",
        "from time import time",
        "from time import time as now",
        "import datetime\ndatetime.datetime.now()",
        "from datetime import datetime\ndatetime.utcnow()",
        "from datetime import date\ndate.today()",
        "import random",
        "from secrets import token_hex",
        "def f():\n    import secrets",
        "from os import urandom",
        "import os\nos.urandom(8)",
        "import uuid\nuuid.uuid4()",
        "from uuid import uuid1",
        "from uuid_utils.compat import uuid7",
    ],
)
def test_every_way_to_time_and_chance_is_found(source: str) -> None:
    assert list(uses(ast.parse(source), LOOSE_CLOCKS | LOOSE_CHANCE))


def test_files_and_functions_stay_small() -> None:
    too_long = [
        place(file)
        for file in FILES
        if len(file.read_text("utf-8").splitlines()) > LONGEST_FILE
    ]
    too_long += [
        place(file, node.lineno)
        for file in FILES
        for node in ast.walk(parsed(file))
        if isinstance(node, Function) and length(node) > LONGEST_FUNCTION
    ]

    assert too_long == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    vague = [
        place(path)
        for path in SOURCE.rglob("*")
        if VAGUE & set(path.stem.casefold().split("_"))
    ]

    assert vague == []


def test_nothing_is_left_to_be_done_in_the_source() -> None:
    kinds = {".py", ".html", ".css", ".po"}
    found = [
        place(file, number)
        for file in SOURCE.rglob("*")
        if file.suffix in kinds
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if re.search(r"\b(TODO|FIXME|XXX)\b", line)
    ]

    assert found == []


def make_docs(option: str) -> subprocess.CompletedProcess[str]:
    """Run the script that writes documentation, in a process of its own.

    Reasons that tests make for themselves are unknown there.
    """
    return subprocess.run(
        [sys.executable, ROOT / "script/make-docs", option],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_pages_of_settings_and_errors_are_current() -> None:
    done = make_docs("--check")

    assert done.returncode == 0, done.stderr


def test_error_codes_are_never_taken_back_and_always_listed() -> None:
    promised = (ROOT / "tests/error-codes.txt").read_text("utf-8").splitlines()
    given = make_docs("--codes").stdout.splitlines()

    assert promised == sorted(set(promised))
    assert given == promised
    assert [c for c in given if not re.fullmatch(r"[a-z_0-9.]+", c)] == []


def test_the_example_of_an_env_file_names_only_settings() -> None:
    text = (ROOT / ".env.example").read_text("utf-8")
    named = re.findall(rf"^#?({PREFIX}\w+)=", text, re.M)

    assert named
    assert set(named) <= {what.name for what in all_knobs().values()}


def test_there_are_few_settings() -> None:
    assert len(all_knobs()) <= MOST_SETTINGS
