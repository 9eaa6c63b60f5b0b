"""Measure the session check against the floor.

    script/bench check                        on SQLite and on PostgreSQL
    script/bench check --short --database sqlite

GET /check says at this moment whether a session is valid, and whose it is.
The floor (benchmarks/floors/bare.py) is bare WSGI with a SHA-256 and one
prepared look-up. Both have one worker of the same server on one processor;
eight clients ask from another, each contender in turn.
"""

from contextlib import ExitStack

from floors import rows
from stage.databases import EMAIL, Place, available, place, signed_in
from stage.load import Contender, in_turn
from stage.servers import served, vestibule
from stage.tables import Goal, begun, compared, options

FLOOR = "floor: bare WSGI"
FLOOR_401 = "floor, unknown cookie (401)"
CHECK = "GET /check, cookie"
BEARER = "GET /check, bearer token"
UNKNOWN = "GET /check, unknown cookie (401)"
# Which floor each is held against.
AGAINST = {CHECK: FLOOR, BEARER: FLOOR, UNKNOWN: FLOOR_401}
GOALS = dict.fromkeys((CHECK, BEARER), Goal(least=0.85))


def contenders(stack: ExitStack, at: Place) -> list[Contender]:
    """Start both servers, with one person signed in to each."""
    below = stack.enter_context(at.database("floor"))
    rows.fill(below)
    floor = stack.enter_context(
        served("floors.bare:app", at.folder, FLOOR_DATABASE=below)
    )
    own = stack.enter_context(at.database("own"))
    token = signed_in(own, at.folder)
    ours = stack.enter_context(vestibule(at.folder, own))
    check = ours.url + "/check"
    nobody = {"Cookie": f"session_id={'n' * 43}"}
    at_floor = {"Cookie": f"session_id={rows.TOKEN}"}
    cookie = {"Cookie": f"session_id={token}"}
    bearer = {"Authorization": f"Bearer {token}"}
    return [
        Contender(FLOOR, floor.url, at_floor, 200, EMAIL, floor),
        Contender(CHECK, check, cookie, 200, EMAIL, ours),
        Contender(BEARER, check, bearer, 200, EMAIL, ours),
        Contender(FLOOR_401, floor.url, nobody, 401, "", floor),
        Contender(UNKNOWN, check, nobody, 401, "", ours),
    ]


def main() -> None:
    """Measure on every engine there is."""
    chosen, report = begun(options(__doc__))
    for engine in available(chosen.database):
        report.say(f"{engine}: starting")
        with place(engine) as at, ExitStack() as stack:
            found = in_turn(
                contenders(stack, at),
                chosen.seconds,
                report.say,
                chosen.rounds,
            )
        report.add(engine, compared(found, AGAINST, GOALS))
    report.end()


if __name__ == "__main__":
    main()
