"""Measure how long the server takes for pages.

    script/bench pages                        on SQLite and on PostgreSQL
    script/bench pages --short --database sqlite

The sign-in page, the entrance and the profile page, each against a static
Jinja page of the same kind and size in plain Flask (floors/flask_page.py).
One worker of the same server on one processor is asked by eight clients
from another, so the time for a page is the inverse of the rate, and the
ratio says how many times longer than the floor's it is.
"""

from contextlib import ExitStack

from stage.databases import EMAIL, Place, available, place, signed_in
from stage.load import Contender, in_turn
from stage.servers import served, vestibule
from stage.tables import Goal, begun, compared, options

FLOOR = "floor: static Jinja page, Flask"
CONSTANT = "the floor's page without url_for"
LOGIN = "GET /login"
HOME = "GET /"
PROFILE = "GET /profile, signed in"
MEASURED = (CONSTANT, LOGIN, HOME, PROFILE)
GOALS = dict.fromkeys((LOGIN, HOME), Goal(most=2))
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def contenders(stack: ExitStack, at: Place) -> list[Contender]:
    """Start both servers, with one person signed in to ours."""
    floor = stack.enter_context(served("floors.flask_page:app", at.folder))
    own = stack.enter_context(at.database("own"))
    token = signed_in(own, at.folder)
    ours = stack.enter_context(vestibule(at.folder, own))
    cookie = {**BROWSER, "Cookie": f"session_id={token}"}
    sign_in = 'name="password"'
    page, constant = f"{floor.url}/login", f"{floor.url}/constant"
    login, home = f"{ours.url}/login", f"{ours.url}/"
    profile = f"{ours.url}/profile"
    return [
        Contender(FLOOR, page, BROWSER, 200, sign_in, floor),
        Contender(CONSTANT, constant, BROWSER, 200, sign_in, floor),
        Contender(LOGIN, login, BROWSER, 200, sign_in, ours),
        Contender(HOME, home, BROWSER, 200, "</html>", ours),
        Contender(PROFILE, profile, cookie, 200, EMAIL, ours),
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
        against = dict.fromkeys(MEASURED, FLOOR)
        report.add(engine, compared(found, against, GOALS, in_time=True))
    report.end()


if __name__ == "__main__":
    main()
