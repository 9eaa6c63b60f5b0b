"""Costs: what a request asks of the database, and how often it hashes."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from itertools import product
from typing import Any

from sqlalchemy import event

from deeds import Deed, deeds
from hostility import BROWSER, Knock, asked
from policy_stage import Stage
from processes import ROOT
from vestibule.auth import Auth
from vestibule.policy import Who

PAGE = ROOT / "docs/costs.md"
# What no deed is about, but what is asked for all the time.
OTHERS = {
    "/static/vestibule/<filename>": "/static/vestibule/vestibule.css",
    "/api/v1/<rest>": "/api/v1/nothing",
    "/check": "/check",
    "/healthz": "/healthz",
    "/nothing": "/nothing",
}


@dataclass
class Cost:
    """What one request costs, as a row of the page says it."""

    request: str
    by: str
    status: int = 0
    reads: int = 0
    writes: int = 0
    commits: int = 0
    hashes: int = 0

    def __str__(self) -> str:
        request, *others = map(str, astuple(self))
        return f"| {' | '.join((f'`{request}`', *others))} |"


@contextmanager
def counted(auth: Auth, cost: Cost) -> Iterator[Cost]:
    """Count what is done meanwhile.

    ``BEGIN`` and savepoints are not counted: what they cost is in the
    number of commits and writes.
    """
    engine = auth.db.engine

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        """Note one statement."""
        cost.reads += bool(re.match(r"\s*(SELECT|WITH)\b", statement))
        cost.writes += bool(re.match(r"\s*(INSERT|UPDATE|DELETE)", statement))

    def commit(_: object) -> None:
        """Note a commit."""
        cost.commits += 1

    before = auth.passwords.hasher.count
    event.listen(engine, "before_cursor_execute", note)
    event.listen(engine, "commit", commit)
    try:
        yield cost
    finally:
        event.remove(engine, "before_cursor_execute", note)
        event.remove(engine, "commit", commit)
        cost.hashes = auth.passwords.hasher.count - before


def askers_of(deed: Deed) -> list[str]:
    """Name who asks: a stranger, and whoever it is meant for."""
    is_for_admins = not deed.act.allowed & Who.OWNER
    return ["anonymous", "admin" if is_for_admins else "owner"]


def cost_of(stage: Stage, deed: Deed, name: str) -> Cost:
    """Do a deed as somebody, and say what it cost."""
    made = Cost(f"{deed.method} {deed.rule}", name)
    with counted(stage.auth, made):
        answer = stage.ask(stage.askers[name], deed)
    made.status = answer.status
    stage.put_back()
    return made


def other_cost(stage: Stage, rule: str, name: str) -> Cost:
    """Ask for what is no deed, and say what it cost."""
    token = stage.askers[name].token
    headers = (*BROWSER, ("Cookie", f"session_id={token}"))
    made = Cost(f"GET {rule}", name)
    with counted(stage.auth, made):
        answer = asked(stage.app, Knock("GET", OTHERS[rule], "", headers, b""))
    made.status = answer.status
    return made


def all_costs(stage: Stage) -> Iterator[Cost]:
    """Say what every request costs, in the order of the addresses."""
    seen = set()
    for deed in deeds(stage.app):
        for name in askers_of(deed):
            # What happens inside of a route has its own line in the deeds.
            if (deed.method, deed.rule, name) not in seen:
                seen.add((deed.method, deed.rule, name))
                yield cost_of(stage, deed, name)
    for rule, name in product(OTHERS, ("anonymous", "owner")):
        yield other_cost(stage, rule, name)


def promised() -> set[str]:
    """Read the rows of the page."""
    rows = PAGE.read_text("utf-8").splitlines()
    return {row for row in rows if row.startswith("| `")}
