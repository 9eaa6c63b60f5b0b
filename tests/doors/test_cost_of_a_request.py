"""What a request costs: queries, commits, hashes, and connections held."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask, before_render_template
from sqlalchemy import event

from conftest import PASSWORD, Browser, TurnableClock
from costs import OTHERS, all_costs, promised
from deeds import written_rule
from policy_stage import Stage, staged
from vestibule.auth import Auth
from vestibule.doors.app import create_app
from vestibule.user import User

ENTRANCE = (
    *("/", "/login", "/register", "/password_reset", "/profile"),
    *("/robots.txt", "/favicon.ico", "/manifest.webmanifest"),
    *("/static/vestibule/vestibule.css", "/nothing", "/api/v1/nothing"),
    *("/.well-known/change-password", "/logut", "/api/docs"),
)


@pytest.fixture
def stage(app: Flask, auth: Auth, clock: TurnableClock) -> Iterator[Stage]:
    """Set the stage with everybody who may ask."""
    with staged(app, auth, clock) as made:
        yield made


@pytest.mark.settings(
    attempts_per_account=1_000_000,
    attempts_per_address=1_000_000,
    mailed_sign_in="true",
)
def test_every_request_costs_what_the_page_says(stage: Stage) -> None:
    found = {str(cost) for cost in all_costs(stage)}
    told = promised()

    assert found == told, "docs/costs.md says\n{}\nand it is\n{}".format(
        "\n".join(sorted(told - found)), "\n".join(sorted(found - told))
    )


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_route_is_on_the_page(app: Flask) -> None:
    told = {row.split("`")[1] for row in promised()}
    for rule in app.url_map.iter_rules():
        written = written_rule(rule)
        methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint == "vestibule.api.nowhere":
            written, methods = (
                next(r for r in OTHERS if "<rest>" in r),
                {"GET"},
            )
        assert {f"{method} {written}" for method in methods} <= told


def test_strangers_take_no_connection_to_look_around(
    auth: Auth, browser: Browser
) -> None:
    taken: list[str] = []
    event.listen(auth.db.engine, "checkout", lambda *_: taken.append("one"))

    for path in ENTRANCE:
        assert browser.open(path).status_code < 500

    assert taken == []


@pytest.mark.asvs("1.4.3")
def test_starting_leaves_no_connection_in_use(auth: Auth) -> None:
    create_app(auth=auth)

    assert held(auth) == 0


def held(auth: Auth) -> int:
    """Count the connections of the pool that somebody has in hand."""
    pool: Any = auth.db.engine.pool
    return int(pool.checkedout())


def test_no_connection_is_held_while_a_page_is_rendered(
    auth: Auth, app: Flask, browser: Browser, alice: User
) -> None:
    seen: list[int] = []
    with before_render_template.connected_to(
        lambda *_, **__: seen.append(held(auth)), app
    ):
        browser.sign_in("alice", "wrong")
        browser.sign_in("alice")
        for path in ("/profile", "/users/alice", "/password/change", "/none"):
            browser.open(path)

    assert len(seen) >= 6
    assert {*seen} == {0}


def test_no_connection_is_held_while_a_hash_is_made(
    auth: Auth,
    browser: Browser,
    alice: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[int] = []
    lanes = auth.passwords.hasher.lanes
    work = lanes.work

    def noting(act: Callable[[], Any], *more: Any, **named: Any) -> Any:
        """Note how many connections are held, then work."""
        seen.append(held(auth))
        return work(act, *more, **named)

    monkeypatch.setattr(lanes, "work", noting)
    browser.sign_in("nobody")
    browser.sign_in("alice", "wrong")
    browser.sign_in("alice")
    new = {"new_password": "seven llamas", "new_password2": "seven llamas"}
    typed = {"old_password": PASSWORD, **new}
    browser.send("/password/change", typed)

    assert len(seen) >= 5
    assert {*seen} == {0}
