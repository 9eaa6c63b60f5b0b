"""Only the places that the page of connections names open connections."""

import ast

import pytest

from processes import SOURCE

PACKAGE = SOURCE / "vestibule"
# What reaches out into the network.
REACHING = {
    "aiohttp",
    "dns",
    "ftplib",
    "http.client",
    "httpx",
    "psycopg",
    "requests",
    "smtplib",
    "socket",
    "urllib.request",
    "urllib3",
    "valkey",
}
# A row of docs/operators/connections.md each, or why it reaches nobody.
KNOWN = {
    "doctor/": "looks, when somebody asks it to",
    "doors/mail.py": "tells the faults of the mail server apart",
    "doors/server.py": "listens",
    "ground/letters.py": "the mail server",
    "ground/mail_troubles.py": "tells the faults of the mail server apart",
    "marks.py": "Valkey",
    "prepared.py": "PostgreSQL",
}


def reaches(source: str) -> set[str]:
    """List the modules of a source with which one reaches out."""
    named = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            named |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            named.add(node.module)
            named |= {f"{node.module}.{one.name}" for one in node.names}
    return {
        name
        for name in named
        if name in REACHING or name.partition(".")[0] in REACHING
    }


@pytest.mark.asvs("13.2.4", "13.2.5")
def test_nothing_else_in_the_source_opens_a_connection() -> None:
    there = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if reaches(path.read_text("utf-8"))
    }

    unknown = [p for p in there if not p.startswith(tuple(KNOWN))]
    assert sorted(unknown) == []
    assert "ground/letters.py" in there
