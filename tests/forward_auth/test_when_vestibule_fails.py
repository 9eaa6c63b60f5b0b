"""Nobody comes in, and nobody is led anywhere, unless Vestibule says so."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
import requests

from echoing import Application, echoing
from guarded_sites import LAYOUTS, GuardedSite, standing
from proxies import RUNNING

pytest_plugins = ["guarded_fixtures"]

IDENTITY = {"X-Vestibule-User": "admin", "X-Vestibule-Admin": "true"}


@pytest.fixture(scope="module")
def failing() -> Iterator[Application]:
    """Stand where Vestibule would, and answer what a test says."""
    with echoing() as running:
        yield running


@pytest.fixture(
    scope="module",
    params=[(proxy, layout) for layout in LAYOUTS for proxy in RUNNING],
    ids=" ".join,
)
def forlorn(
    request: pytest.FixtureRequest,
    application: Application,
    failing: Application,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[GuardedSite]:
    """Run a proxy that asks a Vestibule that is none."""
    proxy, layout = request.param
    home = tmp_path_factory.mktemp(proxy)
    with standing(proxy, layout, home, failing.port, application) as running:
        yield GuardedSite(running, LAYOUTS[layout], application, home)


@pytest.mark.parametrize("path", ["/me", "/files/paper.txt"])
def test_an_answer_that_is_no_yes_is_an_error(
    forlorn: GuardedSite, failing: Application, path: str
) -> None:
    forlorn.application.reached.clear()
    for status in (400, 403, 404, 405, 429, 500, 503):
        # Asked once more, it would lead to the sign-in page.
        failing.statuses = [status, 302]
        failing.says = {**IDENTITY, "Location": "/login"}
        refused = forlorn.somebody().get(
            forlorn.site + path, allow_redirects=False
        )

        assert refused.status_code in (status, 500)
        assert "Location" not in refused.headers
        assert "the members' paper" not in refused.text
        named = [x for x in refused.headers if "vestibule" in x.lower()]
        assert named == []
        assert forlorn.application.reached == []


@pytest.mark.parametrize("path", ["/me", "/files/paper.txt"])
def test_when_vestibule_stops_nobody_comes_in_any_more(
    forlorn: GuardedSite, failing: Application, path: str
) -> None:
    browser = forlorn.somebody()
    failing.statuses, failing.says = [200], IDENTITY
    assert browser.get(forlorn.site + path).status_code == 200
    forlorn.application.reached.clear()
    # It hangs up without a word; what is not there at all does the same.
    failing.statuses = [0]
    refused = browser.get(forlorn.site + path, allow_redirects=False)

    assert refused.status_code in (500, 502)
    assert "Location" not in refused.headers
    assert "the members' paper" not in refused.text
    assert forlorn.application.reached == []


def test_who_nothing_is_told_of_is_nobody(
    forlorn: GuardedSite, failing: Application
) -> None:
    forlorn.application.reached.clear()
    failing.statuses, failing.says = [200], {}
    forlorn.somebody().get(f"{forlorn.site}/me", headers=IDENTITY)

    told = forlorn.reached()
    assert "admin" not in told.named("X-Vestibule-User")
    assert "true" not in told.named("X-Vestibule-Admin")


def test_vestibule_gets_no_larger_bodies_than_it_takes(
    forlorn: GuardedSite, failing: Application
) -> None:
    failing.statuses, failing.says = [200], {}
    failing.reached.clear()
    browser, body = forlorn.somebody(), b"x" * 7_000_000
    assert browser.post(f"{forlorn.account}/picture", body).status_code == 200
    # Caddy hangs up while the rest is still being sent.
    with suppress(requests.ConnectionError):
        answer = browser.post(f"{forlorn.account}/picture", b"x" * 9_000_000)
        assert answer.status_code in (413, 502)

    taken = [len(reached.body) for reached in failing.reached]
    assert max(taken) < 9_000_000
    assert len(body) in taken
