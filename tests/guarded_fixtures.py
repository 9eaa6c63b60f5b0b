"""Fixtures: each proxy with each of the shipped files."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from echoing import Application, echoing
from guarded_sites import LAYOUTS, GuardedSite, standing, vestibule
from proxies import RUNNING

NUMBERS = count(1)


@pytest.fixture(scope="session")
def application() -> Iterator[Application]:
    """Run the application behind all proxies."""
    with echoing() as running:
        yield running


@pytest.fixture(scope="session")
def asked(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[str], tuple[int, Path]]]:
    """Run Vestibule once for each layout: its port, and its folder."""
    running: dict[str, tuple[int, Path]] = {}
    with ExitStack() as stack:

        def start(layout: str) -> tuple[int, Path]:
            """Find the one of a layout, or start it."""
            if layout not in running:
                home = tmp_path_factory.mktemp(layout)
                one = vestibule(LAYOUTS[layout], home)
                running[layout] = stack.enter_context(one), home
            return running[layout]

        yield start


@pytest.fixture(
    scope="session",
    params=[(proxy, layout) for layout in LAYOUTS for proxy in RUNNING],
    ids=" ".join,
)
def standing_site(
    request: pytest.FixtureRequest,
    application: Application,
    asked: Callable[[str], tuple[int, Path]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[GuardedSite]:
    """Run each proxy with each of the shipped files."""
    proxy, layout = request.param
    port, home = asked(layout)
    place = tmp_path_factory.mktemp(proxy)
    with standing(proxy, layout, place, port, application) as running:
        yield GuardedSite(running, LAYOUTS[layout], application, home)


@pytest.fixture
def guarded(standing_site: GuardedSite) -> GuardedSite:
    """Give the test a site that nothing has passed yet."""
    standing_site.application.reached.clear()
    standing_site.application.says.clear()
    return standing_site


@pytest.fixture
def member(guarded: GuardedSite) -> str:
    """Create an account at the Vestibule of this site, and say its name."""
    name = f"member{next(NUMBERS)}"
    guarded.register(name)
    return name
