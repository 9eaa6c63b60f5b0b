"""Fixtures for stories in a real Chromium, at a server of their own."""

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from processes import Server, developing
from windows import ARGUMENTS, Window


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Start the system's Chromium."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "Chromium is missing. Install the package chromium."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=ARGUMENTS
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run one development server for all stories."""
    with developing(
        tmp_path_factory.mktemp("home"),
        VESTIBULE_ATTEMPTS_PER_ADDRESS="100000",
        # How long more takes to find is a matter of luck.
        VESTIBULE_PROOF_OF_WORK="1",
    ) as running:
        yield running


@pytest.fixture
def scripts() -> bool:
    """Say whether scripts may run; ``both_ways`` tries it with them, too."""
    return False


@pytest.fixture
def new_window(
    chromium: Browser, server: Server, scripts: bool
) -> Iterator[Callable[..., Window]]:
    """Open windows; at the end no browser may have complained."""
    windows: list[Window] = []

    def make(**options: Any) -> Window:
        """Open one, with cookies of its own."""
        options.setdefault("java_script_enabled", scripts)
        context = chromium.new_context(**options)
        context.set_default_timeout(30_000)
        window = Window(context, server, context.new_page())
        window.watch(window.page)
        windows.append(window)
        return window

    yield make
    for window in windows:
        window.context.close()
    assert [c for window in windows for c in window.complaints] == []


@pytest.fixture
def window(new_window: Callable[..., Window]) -> Window:
    """Open one window."""
    return new_window()
