"""Measure who is asked for most: JSON of the signed-in user.

    script/bench members                      on SQLite and on PostgreSQL
    script/bench members --short --database sqlite

GET /profile as programs get it, the API's own call, and a view of a host
that mounts Vestibule and says ``@login_required``, each against the same
look-up through plain Flask and SQLAlchemy Core (floors/flask_core.py). All
have one worker of the same server on one processor; eight clients ask from
another, each contender in turn.
"""

from contextlib import ExitStack

from floors import rows
from stage.databases import EMAIL, Place, available, place, signed_in
from stage.load import Contender, in_turn
from stage.servers import free_port, served, settings, vestibule
from stage.tables import Goal, begun, compared, options

FLOOR = "floor: Flask, SQLAlchemy Core"
PROFILE = "GET /profile"
API = "GET /api/v1/profile"
BEARER = "GET /api/v1/profile, bearer"
HOST = "a host's @login_required view"
OURS = (PROFILE, API, BEARER, HOST)
GOALS = dict.fromkeys((PROFILE, HOST), Goal(least=0.9))


def contenders(stack: ExitStack, at: Place) -> list[Contender]:
    """Start three servers, with one person signed in to each."""
    below = stack.enter_context(at.database("floor"))
    rows.fill(below)
    floor = stack.enter_context(
        served("floors.flask_core:app", at.folder, FLOOR_DATABASE=below)
    )
    own = stack.enter_context(at.database("own"))
    token = signed_in(own, at.folder)
    ours = stack.enter_context(vestibule(at.folder, own))
    theirs = stack.enter_context(
        served(
            "hosts.members:app",
            at.folder,
            **settings(at.folder, free_port(), own),
        )
    )
    cookie = {"Cookie": f"session_id={token}"}
    bearer = {"Authorization": f"Bearer {token}"}
    at_floor = {"Cookie": f"session_id={rows.TOKEN}"}
    api = f"{ours.url}/api/v1/profile"
    return [
        Contender(FLOOR, f"{floor.url}/profile", at_floor, 200, EMAIL, floor),
        Contender(PROFILE, f"{ours.url}/profile", cookie, 200, EMAIL, ours),
        Contender(HOST, f"{theirs.url}/members", cookie, 200, EMAIL, theirs),
        Contender(API, api, cookie, 200, EMAIL, ours),
        Contender(BEARER, api, bearer, 200, EMAIL, ours),
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
        report.add(engine, compared(found, dict.fromkeys(OURS, FLOOR), GOALS))
    report.end()


if __name__ == "__main__":
    main()
