"""What the source never does, seen by reading it.

A rule of the linter holds only while somebody runs it with that rule on, so
each is tried here with a planted line.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from processes import ROOT, SOURCE

PACKAGE = SOURCE / "vestibule"
# What reaches other machines, and the only files that import it. The doctor
# is a command of the operator's, and visits what the settings name.
CALLING_OUT: dict[str, set[str]] = {
    "smtplib": {
        "ground/letters.py",
        "ground/mail_troubles.py",
        "doors/mail.py",
    },
    "socket": {"ground/mail_troubles.py", "doors/mail.py", "doors/server.py"},
    "dns": set(),
    "http.client": set(),
    "urllib.request": set(),
    "requests": set(),
    "httpx": set(),
    "urllib3": set(),
    "aiohttp": set(),
    "ftplib": set(),
    "xmlrpc": set(),
    "telnetlib": set(),
}
SAYING = {"debug", "info", "warning", "error", "critical", "exception"}


def sources() -> Iterator[tuple[str, ast.Module]]:
    """Read every file of the package."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        yield name, ast.parse(path.read_text("utf-8"))


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    """List every call: in which file, of what, and itself."""
    for name, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield name, ast.unparse(node.func), node


@pytest.mark.asvs("1.2.5")
def test_no_shell_reads_what_is_run() -> None:
    started = []
    for name, function, call in calls():
        words = {keyword.arg: keyword.value for keyword in call.keywords}
        assert "shell" not in words, name
        assert not re.match(r"os\.(system|popen|exec|spawn)", function), name
        if function.startswith("subprocess."):
            started.append(name)
            # A list of arguments, which nobody takes apart again.
            assert isinstance(call.args[0], ast.List), name

    assert started == ["capabilities/pictures/processor.py"]


@pytest.mark.asvs("1.2.9")
def test_a_pattern_is_never_made_of_what_comes_in() -> None:
    seen = 0
    for name, function, call in calls():
        if not re.match(r"re\.[a-z]+$", function) or function == "re.escape":
            continue
        seen += 1
        pattern = call.args[0]
        made: list[ast.expr] = (
            [pattern] if isinstance(pattern, ast.Name) else []
        )
        if isinstance(pattern, ast.JoinedStr):
            made = [
                part.value
                for part in pattern.values
                if isinstance(part, ast.FormattedValue)
            ]
        else:
            assert made or isinstance(pattern, ast.Constant | ast.Attribute)
        for part in map(ast.unparse, made):
            assert (
                part.startswith("re.escape(")
                or part.strip("_").isupper()
                or part in OWN_PARTS.get(name, ())
            ), (name, part)

    assert seen > 30


# Parts of patterns that are no constants of a module. They are made of other
# constants, of settings, or in tests of what these look for.
OWN_PARTS = {
    "capabilities/passwords/foreign.py": {"pattern"},
    "doors/destinations.py": {"own.scheme", "host"},
    "testing/__init__.py": {"path"},
}


@pytest.mark.asvs("1.3.7", "1.1.2")
def test_templates_are_files_of_ours_and_escape_everything() -> None:
    for name, function, call in calls():
        last = function.rpartition(".")[2]
        assert last not in {"render_template_string", "from_string"}, name
        assert last not in {"Markup", "Template"}, name
        if last == "Environment":
            (escapes,) = [
                ast.unparse(keyword.value)
                for keyword in call.keywords
                if keyword.arg == "autoescape"
            ]
            assert escapes == "True", name
    pages = [*PACKAGE.rglob("*.html")]
    assert len(pages) > 50
    for page in pages:
        text = page.read_text("utf-8")
        assert not re.search(r"\|\s*safe\b|autoescape|Markup", text), page


@pytest.mark.asvs("1.3.10")
def test_no_text_of_others_says_how_it_is_filled_in() -> None:
    for name, function, call in calls():
        whose, _, last = function.rpartition(".")
        # Else a name like %(secret)s would be filled in; a text alone is not.
        if last in SAYING and "log" in whose.lower() and len(call.args) > 1:
            text = ast.unparse(call.args[0])
            assert text == "text" or isinstance(call.args[0], ast.Constant)
        elif last == "format" and whose not in KNOWN_TEXTS:
            assert name in {"doors/log_stream.py", "doors/logs.py"}, (
                name,
                whose,
            )
        assert last != "format_map", name
    for name, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and is_saying(node):
                assert texts_of(node) == {True}, (name, node.name)


def is_saying(function: ast.FunctionDef) -> bool:
    """Tell whether a function fills in a text that has a name."""
    return bool(re.search(r"\blog\.\w+\(text, ", ast.unparse(function)))


def texts_of(function: ast.FunctionDef) -> set[bool]:
    """Tell of each text of a function whether it is written there."""
    return {
        isinstance(node.value, ast.Constant)
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        and ast.unparse(node.targets[0]) == "text"
    }


# Our own texts, and translations of them, which are part of the package.
KNOWN_TEXTS = {
    "text",
    "said",
    "told",
    "'. '.join(texts)",
    "translated(text, self.language)",
}


@pytest.mark.asvs("1.3.6", "15.3.2")
def test_nothing_but_named_files_calls_other_machines() -> None:
    found: dict[str, set[str]] = {}
    for name, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                used = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                used = [f"{node.module}.{alias.name}" for alias in node.names]
            else:
                continue
            for module in CALLING_OUT:
                if any(f"{one}.".startswith(f"{module}.") for one in used):
                    found.setdefault(module, set()).add(name)

    for module, where in found.items():
        beside = {name for name in where if not name.startswith("doctor/")}
        assert beside <= CALLING_OUT[module], module
    assert "ground/letters.py" in found["smtplib"]


@pytest.mark.asvs("3.2.2", "3.2.3", "3.7.1")
def test_scripts_write_text_alone_and_leave_the_window_as_it_is() -> None:
    scripts = [*PACKAGE.rglob("*.js")]
    assert len(scripts) >= 2
    for path in scripts:
        text = path.read_text("utf-8")
        assert not re.search(
            r"(inner|outer)HTML|insertAdjacentHTML|document\.write|\beval\b"
            r"|new Function|createContextualFragment|DOMParser|setHTML"
            r"|set(Timeout|Interval)\(\s*[\"'`]|\.on[a-z]+\s*=",
            text,
        ), path
        # Attack: an element whose id is the name of a global. Everything
        # is declared inside one function, and strictly.
        code = re.sub(r"^//.*\n", "", text, flags=re.MULTILINE)
        assert code.startswith('(() => {\n  "use strict";\n'), path
        assert code.rstrip().endswith("})();"), path
        asked = {*re.findall(r"\bwindow\.(\w+)", code)}
        for taken in re.findall(r"\{([^{}]*)\} = window\b", code):
            asked |= {*re.findall(r"(\w+)(?::\s*\w+)?", taken)}
        assert asked <= {
            *("isSecureContext", "Worker", "PublicKeyCredential"),
        }, path
        assert {*re.findall(r"\bdocument\.(\w+)", code)} <= {
            *("createElement", "querySelector", "querySelectorAll"),
            *("addEventListener", "currentScript"),
        }, path


@pytest.mark.asvs("1.2.5", "1.3.2", "1.5.2", "1.2.4")
def test_the_linter_finds_what_is_planted(tmp_path: Path) -> None:
    planted = {
        "S307": "x = eval(input())",
        "S102": "exec(input())",
        "S602": "import subprocess as s\ns.run(input(), shell=True)",
        "S605": "import os\nos.system(input())",
        "S301": "import pickle\npickle.loads(input().encode())",
        "S506": "import yaml\nyaml.load(input())",
        "S608": 'def a(b: str) -> str:\n    return f"SELECT 1 FROM {b}"',
        "S324": "import hashlib\nhashlib.md5(b'')",
        "S314": "import xml.etree.ElementTree as e\ne.fromstring(input())",
        "S501": "import requests\nrequests.get('x', verify=False)",
    }
    folder = tmp_path / "src/vestibule"
    folder.mkdir(parents=True)
    for code, text in planted.items():
        (folder / f"{code.lower()}.py").write_text(text + "\n")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "ruff", "check", "--no-cache"),
            *("--config", str(ROOT / "pyproject.toml")),
            *("--output-format", "concise", str(folder)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    for code in planted:
        assert re.search(rf"{code.lower()}\.py:.*\b{code}\b", done.stdout), (
            code
        )
