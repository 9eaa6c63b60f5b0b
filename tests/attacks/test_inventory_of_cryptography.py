"""Every hash, cipher and source of chance of ours is in the inventory."""

import ast
import re
from collections.abc import Iterator

import pytest

from processes import ROOT, SOURCE

PAGE = (ROOT / "docs/security/cryptography.md").read_text("utf-8")
PACKAGE = SOURCE / "vestibule"
# Libraries that compute or choose something.
MAKERS = {
    "Crypto",
    "altcha",
    "pyotp",
    "webauthn",
    "argon2",
    "bcrypt",
    "cryptography",
    "hashlib",
    "hmac",
    "itsdangerous",
    "jwt",
    "nacl",
    "passlib",
    "random",
    "secrets",
    "ssl",
    "uuid",
    "uuid_utils",
    "zlib",
}
# What only reads, compares, counts or goes wrong.
HARMLESS = re.compile(
    r"exceptions|Error$|compare_digest$|UUID$|\.BadData$|encoding|"
    r"\.utils\.|\.Payload|extract_parameters$|\.Type$|\.verify$|"
    r"webauthn\.(?:helpers|generate_|.*\.Verified)"
)


def origins(tree: ast.AST) -> dict[str, str]:
    """Say where each name that a file imports comes from."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                found[(one.asname or one.name).partition(".")[0]] = one.name
        elif isinstance(node, ast.ImportFrom) and node.module:
            for one in node.names:
                name = f"{node.module}.{one.name}"
                found[one.asname or one.name] = name
    return {
        name: origin
        for name, origin in found.items()
        if origin.partition(".")[0] in MAKERS
    }


def written(node: ast.AST) -> str:
    """Write a dotted name, or nothing for what is none."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{written(node.value)}.{node.attr}"
    return ""


def used(source: str) -> Iterator[str]:
    """List by its full name what a source takes from such libraries."""
    tree = ast.parse(source)
    names = origins(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            first, _, rest = written(node).partition(".")
            if first not in names:
                continue
            name = f"{names[first]}.{rest}".strip(".")
            # A module alone does nothing.
            if "." in name and not HARMLESS.search(name):
                yield name


def listed() -> set[tuple[str, str]]:
    """Read which file calls what, as the inventory has it."""
    _, _, below = PAGE.partition("\n## Inventory\n")
    table, _, _ = below.partition("\n## ")
    lines = table.splitlines()
    rows = [line.split(" | ") for line in lines if line.startswith("| ")]
    return {
        (file, call)
        for row in rows
        for file in re.findall(r"`([^`]+)`", row[2])
        for call in re.findall(r"`([^`]+)`", row[3])
    }


@pytest.mark.asvs("11.1.3", "11.1.2")
def test_the_inventory_is_what_the_source_uses() -> None:
    there = {
        (str(path.relative_to(PACKAGE)), name)
        for path in PACKAGE.rglob("*.py")
        for name in used(path.read_text("utf-8"))
    }

    assert sorted(there - listed()) == []
    assert sorted(listed() - there) == []


@pytest.mark.asvs("11.1.3")
@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import hashlib\nhashlib.md5(b'')", "hashlib.md5"),
        ("import hashlib as h\nh.md5(b'')", "hashlib.md5"),
        ("from hashlib import md5 as m\nm(b'')", "hashlib.md5"),
        ("import random\nrandom.random()", "random.random"),
        ("def f():\n from jwt import encode\n encode()", "jwt.encode"),
        ("from cryptography import fernet as f\nf.Fernet(b'')", None),
        ("import hashlib\nmade = {'digest': hashlib.sha1}", "hashlib.sha1"),
    ],
)
def test_the_scanner_finds_what_is_hidden_by_other_names(
    source: str, name: str | None
) -> None:
    found = list(used(source))

    if name is None:
        assert "cryptography.fernet.Fernet" in found
    else:
        assert found == [name]
