"""Patterns that are matched with what comes in: no text makes one work long.

Attack: a text for which the time to match grows with the square of its
length, or faster. Every pattern of the package is found in its source, and
gets a hundred thousand of the letters it is made of.
"""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from re import _parser
from typing import Any

import pytest

from processes import SOURCE
from vestibule.capabilities.passwords import foreign
from vestibule.doors import destinations
from vestibule.doors.credentials import CookieReader
from vestibule.ground.knobs import knobs_of
from vestibule.sections import SECTIONS

USES = {"fullmatch", "match", "search", "sub", "split", "findall"}
# What has these names is a pattern, whatever it is called.
ALONE = {"fullmatch", "findall", "sub"}


def ways() -> Iterator[str]:
    """List by what each capability knows its codes, as its source has it."""
    for path in sorted((SOURCE / "vestibule/capabilities").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Way":
                yield from (
                    ast.literal_eval(keyword.value)
                    for keyword in node.keywords
                    if keyword.arg == "reads"
                )


# Where a pattern is no constant, and which ones there are.
MADE: dict[tuple[str, str], list[Any]] = {
    ("vestibule.capabilities.passwords.foreign", "pattern"): [
        pattern for pattern, _ in (*foreign._KINDS, *foreign.WEAK)
    ],
    ("vestibule.ground.knobs", "what.pattern"): [
        what.pattern
        for section in SECTIONS.values()
        for what in knobs_of(section).values()
        if what.pattern
    ],
    ("vestibule.doors.destinations", "shared"): [
        destinations._within("example.com", "https://id.example.com")
    ],
    ("vestibule.capabilities.second_factors.taking", "way.reads"): [*ways()],
    ("vestibule.doors.credentials", "self._usual"): [
        CookieReader("session_id")._usual
    ],
    # Of letters that a test has just written itself.
    ("vestibule.testing", "f'{re.escape(root)}({path}\\\\S*)'"): [],
}
# A linear match of a hundred thousand letters takes milliseconds, and one
# that is not takes ten seconds or a minute. What is limited is the processor's
# time of each pattern, so that a busy machine changes nothing.
CHILD = """
import json, re, resource, sys, time
for name, pattern, flags, uses, texts in json.load(sys.stdin):
    print(name, flush=True)
    most = int(time.process_time()) + 3
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))
    made = re.compile(pattern, flags)
    for unit in texts:
        text = (unit * 100_000)[:100_000] + chr(0)
        for use in uses:
            getattr(made, use)(*["" for _ in [1] if use == "sub"], text)
print("all")
"""


@pytest.mark.asvs("1.3.12")
@pytest.mark.attack(132)
def test_no_text_makes_a_pattern_work_long() -> None:
    found = [*patterns()]
    assert len(found) > 50
    assert len([*ways()]) >= 2

    assert tried(found) == "all"


@pytest.mark.parametrize(
    ("pattern", "use"),
    [
        (r"\d*\.?\d+x", "fullmatch"),
        (r"/\*.*?\*/", "sub"),
    ],
)
def test_a_pattern_that_is_not_linear_is_found(pattern: str, use: str) -> None:
    name = f"the pattern {pattern}"

    assert tried([[name, pattern, 16, [use], texts_for(pattern)]]) == name


def tried(found: list[list[Any]]) -> str:
    """Try patterns in a process of their own; the last one begun."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", CHILD],
        input=json.dumps(found),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.splitlines()[-1]


def patterns() -> Iterator[list[Any]]:
    """List each pattern of the package, how it is used, and its texts."""
    for path in sorted((SOURCE / "vestibule").rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        name = ".".join(parts).removesuffix(".__init__")
        for written, uses in used(ast.parse(path.read_text("utf-8"))).items():
            for made in meant(name, written):
                pattern, flags = made.pattern, made.flags & ~re.DEBUG
                texts = texts_for(pattern)
                yield [f"{name} {written}", pattern, flags, [*uses], texts]


def used(tree: ast.AST) -> dict[str, set[str]]:
    """List the patterns of a file, as they are written, with their uses."""
    found: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if not isinstance(node.func, ast.Attribute):
            continue
        whose, use = ast.unparse(node.func.value), node.func.attr
        use = {"finditer": "findall", "subn": "sub"}.get(use, use)
        if use in USES and whose == "re":
            found.setdefault(ast.unparse(node.args[0]), set()).add(use)
        elif use in ALONE or (use in USES and whose.strip("_").isupper()):
            found.setdefault(whose, set()).add(use)
    return found


def meant(name: str, written: str) -> list[re.Pattern[str]]:
    """Find the pattern that is written so in a module.

    Raises:
        AssertionError: it is made at run time; ``MADE`` must say of what.
    """
    try:
        known = [eval(written, vars(import_module(name)))]
    except (NameError, AttributeError):
        assert (name, written) in MADE, f"{name}: say what {written} can be"
        known = [*MADE[name, written]]
    return [
        re.compile(one) for one in known if isinstance(one, str | re.Pattern)
    ]


def texts_for(pattern: str) -> list[str]:
    """List what is repeated: each letter of a pattern, and pairs of them."""
    letters = sorted(letters_of(_parser.parse(pattern)))[:10]
    pairs = [a + b for a in letters for b in letters if a != b]
    return [*letters, *pairs, *(f"{pair}q" for pair in pairs)]


def letters_of(parsed: Any) -> set[str]:
    """Collect a letter for each place of a pattern that has been read."""
    found: set[str] = set()
    for part in parsed if isinstance(parsed, list | tuple) else [parsed]:
        if isinstance(part, _parser.SubPattern):
            found |= letters_of(part.data)
        elif isinstance(part, list | tuple):
            told = str(part[0]) if part else ""
            if told in ("LITERAL", "RANGE"):
                at = part[1] if told == "LITERAL" else part[1][0]
                found.add(chr(at))
            elif told in ("NOT_LITERAL", "NEGATE", "ANY"):
                found.add("q")
            elif told == "CATEGORY":
                found |= {" ", "1", "a"}
            else:
                found |= letters_of(part)
    return found
