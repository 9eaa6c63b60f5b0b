"""Find out by the clock who has an account, as an attacker would.

    script/bench timing                     on SQLite and on PostgreSQL
    script/bench timing --pairs 50 --only reset --database sqlite
    script/bench timing --without-pace          as in the server of a host
    script/bench timing --without-dummy-hash    must find something

A real server hashes with its real parameters. At each door where names are
tried, a name of nobody's and the name of an account take turns, in an order
made by chance; each name is used once at each door. The test of Mann and
Whitney says how likely such times are if nothing differs, raised by Holm's
rule for the number of tests; the shift is the median of all differences,
with the interval that holds it in 95 of 100 measurements. A difference
counts when it is no chance and larger than --bound and --share. The exit
status is 1 if one does. Where the interval itself is wider than that, the
machine was too busy to tell: measure again, or more --pairs.

Our own server answers a sign-in and a sign-up no faster than a hash takes.
With --without-pace it does, as the server of a host: then all depends on
the hash that a name of nobody's costs. With --without-dummy-hash that is
taken out as well, to see that the program finds what it looks for.
"""

import argparse
import random
import statistics
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy import update
from stage.databases import PASSWORD, Place, available, opened, place
from stage.ranks import holm, mann_whitney, shift
from stage.servers import Server, vestibule
from stage.strangers import DOORS, Door, Stranger
from stage.tables import Report, Row, begun, common_options

from vestibule.auth import Auth
from vestibule.policy import OPERATOR
from vestibule.user import User

CHANCE = 0.01
SHORT = 20
WARM_UP = 6
STATES = ("active", "unconfirmed", "disabled", "no password", "again nobody")


@dataclass(frozen=True)
class Pairs:
    """The times of one door for nobody's names, and for some state's."""

    door: Door
    state: str
    nobody: list[float]
    somebody: list[float]

    @property
    def chance(self) -> float:
        """Say how likely such times are if nothing differs."""
        return mann_whitney(self.nobody, self.somebody)

    def row(self, raised: float, bound: float, share: float) -> Row:
        """Write what was found, and whether it counts.

        Args:
            raised: the p-value, raised for the number of tests.
            bound: milliseconds that may differ.
            share: of the usual time, which may differ as well.
        """
        usual = statistics.median(self.nobody)
        gap, low, high = shift(self.nobody, self.somebody)
        allowed = max(bound, share * usual)
        is_found = raised < CHANCE and abs(gap) > allowed
        told = "no difference"
        if raised < CHANCE:
            told = "DIFFERS" if is_found else "within the bound"
        elif max(-low, high) > allowed:
            # What was not found here may be there all the same.
            told = "too noisy"
        cells = {
            "nobody, ms": f"{usual:.2f}",
            "account, ms": f"{statistics.median(self.somebody):.2f}",
            "shift, ms": f"{gap:+.2f}",
            "from": f"{low:+.2f}",
            "to": f"{high:+.2f}",
            "p": f"{self.chance:.2g}",
            "p, raised": f"{raised:.2g}",
            "": told,
        }
        values = {
            "nobody_ms": usual,
            "shift_ms": gap,
            "interval_ms": [low, high],
            "p": self.chance,
            "p_raised": raised,
            "found": is_found,
        }
        return Row(f"{self.door.title}: {self.state}", cells, values)


def prepared(auth: Auth, count: int) -> dict[str, list[str]]:
    """Make as many accounts of each state as there are pairs.

    One hash serves all of them, as each takes as long as any other.
    """
    hashed = auth.passwords.hasher.hash(PASSWORD)
    people: dict[str, list[str]] = {}
    for state in STATES:
        people[state] = [
            f"{state[:2]}{number}x{state[-3:]}".replace(" ", "")
            + "@example.com"
            for number in range(count)
        ]
        if state == "again nobody":
            continue
        for email in people[state]:
            user = auth.db.add_user(
                email,
                "!" if state == "no password" else hashed,
                None,
                email_verified_at=(
                    None if state == "unconfirmed" else auth.clock.now()
                ),
            )
            if state == "disabled":
                auth.administration.set_active(
                    user, is_active=False, by=OPERATOR
                )
                # Its owner may come back by mail; the hash is as it was.
                auth.db.write(
                    update(User)
                    .where(User.id == user.id)
                    .values(hashed_password=hashed)
                )
    return people


def tried(
    stranger: Stranger,
    door: Door,
    people: dict[str, list[str]],
    chance: random.Random,
) -> list[Pairs]:
    """Try names of nobody's and of each state in turn at one door."""
    found = [Pairs(door, state, [], []) for state in people]
    tag = in_names(door)
    for number in range(-WARM_UP, len(people[STATES[0]])):
        for pairs in chance.sample(found, len(found)):
            nobody = f"no{tag}{number + WARM_UP}{pairs.state[-3:]}"
            names = [
                (pairs.nobody, f"{nobody}@example.com"),
                (pairs.somebody, people[pairs.state][number]),
            ]
            if number < 0:
                # What is done for the first time takes longer.
                names = names[:1]
            elif pairs.state == "again nobody":
                names[1] = (pairs.somebody, f"x{nobody}@example.com")
            for times, email in chance.sample(names, len(names)):
                took = stranger.try_(door, email)
                if number >= 0:
                    times.append(took)
    return found


def in_names(door: Door) -> str:
    """Make of a door's title a part of names."""
    return "".join(letter for letter in door.title if letter.isalpha())


def served(
    at: Place, database: str, module: str
) -> AbstractContextManager[Server]:
    """Run the server to measure."""
    more: dict[str, str] = {
        "VESTIBULE_TRUSTED_PROXIES": "127.0.0.1",
        "VESTIBULE_VERIFIED_EMAIL_REQUIRED": "true",
    }
    return vestibule(at.folder, database, module=module, **more)


def measured(
    engine: str, chosen: argparse.Namespace, say: Callable[[str], None]
) -> list[Pairs]:
    """Measure every door on one engine."""
    found = []
    doors = [door for door in DOORS if chosen.only in door.title]
    with place(engine) as at, at.database("timing") as database:
        auth = opened(database, at.folder)
        say(f"{engine}: making {chosen.pairs} accounts of each kind")
        people = prepared(auth, chosen.pairs)
        auth.db.close()
        chance = random.Random(chosen.seed)  # noqa: S311
        with served(at, database, chosen.module) as server:
            stranger = Stranger(server.url)
            for door in doors:
                say(f"{engine}: {door.title}")
                found += tried(stranger, door, people, chance)
    return found


def rows(found: list[Pairs], chosen: argparse.Namespace) -> list[Row]:
    """Judge all that was measured together."""
    raised = holm([pairs.chance for pairs in found])
    return [
        pairs.row(chance, chosen.bound, chosen.share)
        for pairs, chance in zip(found, raised, strict=True)
    ]


def main() -> None:
    """Measure on every engine, judge, and say whether something was found."""
    parser = common_options(__doc__, short=f"{SHORT} pairs, SQLite")
    parser.add_argument("--pairs", type=int, default=200, help="(200)")
    parser.add_argument("--only", default="", help="doors named so")
    parser.add_argument("--bound", type=float, default=3.0, help="ms (3)")
    parser.add_argument("--share", type=float, default=0.05, help="(0.05)")
    parser.add_argument("--seed", type=int, default=1, help="(1)")
    for without in ("pace", "dummy-hash"):
        parser.add_argument(
            f"--without-{without}",
            dest="module",
            action="store_const",
            const="stage." + without.removeprefix("dummy-") + "less",
            default="vestibule",
        )
    parser.add_argument(
        "--database", choices=("sqlite", "postgresql", "both"), default="both"
    )
    chosen, report = begun(parser)
    if chosen.short:
        chosen.pairs, chosen.database = SHORT, "sqlite"
    is_found = judged(chosen, report)
    report.end()
    sys.exit(1 if is_found else 0)


def judged(chosen: argparse.Namespace, report: Report) -> bool:
    """Show the table of each engine; tell whether a difference was found."""
    is_found = False
    for engine in available(chosen.database):
        table = rows(measured(engine, chosen, report.say), chosen)
        report.add(engine, table)
        is_found |= any(row.values["found"] for row in table)
    return is_found


if __name__ == "__main__":
    main()
