"""Every page in every state, language, theme and width, in Chromium."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

import looking
from gallery import WINGS, State, go_to, unseen
from house import House, opened

pytest_plugins = ["chromium"]
pytestmark = pytest.mark.browser
# What scripts can keep in a browser, beside cookies.
KEPT = """async () => [
  ...Object.keys(localStorage), ...Object.keys(sessionStorage),
  ...(await indexedDB.databases()).map(one => one.name),
  ...(window.caches ? await caches.keys() : []),
]"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Open one house for all who look around."""
    with opened(tmp_path_factory.mktemp("house")) as house:
        yield house


class Viewer:
    """Looks at pages in one language, with a window for each person."""

    def __init__(self, house: House, chromium: Browser, language: str) -> None:
        self.house = house
        self.chromium = chromium
        self.language = language
        self.pages: dict[str, Page] = {}
        self.said: list[tuple[str, str]] = []

    def page_of(self, who: str) -> Page:
        """Give somebody's window, who signs in before."""
        if who not in self.pages:
            context = self.chromium.new_context(locale=self.language)
            if who:
                context.add_cookies(self.house.cookies(who))
            context.add_init_script(looking.axe())
            page = self.pages[who] = context.new_page()
            page.on("console", self._on_console)
            page.on("requestfailed", self._on_failed)
            page.on("request", self._on_request)
        return self.pages[who]

    def _on_console(self, message: ConsoleMessage) -> None:
        """Note what the console says, and where."""
        if message.type in ("error", "warning"):
            self.said.append((message.text, message.location["url"]))

    def _on_failed(self, request: Request) -> None:
        """Note what could not be loaded."""
        # Nothing is lost by going on before a picture is there.
        if request.failure != "net::ERR_ABORTED":
            self.said.append((str(request.failure), request.url))

    def _on_request(self, request: Request) -> None:
        """Note what is asked of anybody else."""
        if not request.url.startswith((self.house.url, "blob:", "data:")):
            self.said.append(("asked of somebody else", request.url))

    def look_at(self, state: State) -> Iterator[str]:
        """Bring a page into a state, and tell what is wrong with it."""
        page = self.page_of(state.who)
        self._set(page, looking.WIDTHS[0])
        status = go_to(self.house, page, state, self.language)
        if status != state.status:
            yield f"answered with {status}"
        if state.is_wrong != page.locator(".summary:focus").count():
            yield "the focus is not at what is wrong"
        yield from looking.survey(page, self.language, state.is_wrong)
        for width in looking.WIDTHS:
            for theme in looking.THEMES:
                self._set(page, width, theme)
                rules = looking.COLOURS if theme == "dark" else None
                told = looking.violations(page, rules)
                yield from (f"{theme}, {width}: {one}" for one in told)
            yield from (f"{width}: {one}" for one in looking.sizes(page))
        yield from self._use(page)
        if kept := page.evaluate(KEPT):
            yield f"the browser was given to keep: {kept}"

    def _set(
        self, page: Page, width: int, theme: looking.Theme = "light"
    ) -> None:
        """Give the window a width and a theme."""
        page.set_viewport_size({"width": width, "height": looking.HEIGHT})
        page.emulate_media(color_scheme=theme)

    def _use(self, page: Page) -> Iterator[str]:
        """Go through a page by the keyboard, and make it very narrow."""
        self._set(page, looking.WIDTHS[0])
        yield from looking.walk(page)
        self._set(page, looking.NARROWEST)
        yield from (f"narrowest: {one}" for one in looking.sizes(page))
        page.evaluate(looking.STRETCH)
        yield from (f"stretched: {one}" for one in looking.sizes(page))
        for text, where in self.said:
            # A page that is a refusal is what was asked for.
            if where != page.url or not text.startswith("Failed to load"):
                yield f"browser: {text} {where}"
        self.said.clear()


@pytest.mark.asvs("14.2.3", "14.3.3")
@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("wing", WINGS)
def test_every_page_is_seen_well_in_every_state(
    house: House, chromium: Browser, wing: str, language: str
) -> None:
    viewer = Viewer(house, chromium, language)
    found = [
        f"{state.name}, {language}: {told}"
        for state in WINGS[wing]
        for told in viewer.look_at(state)
    ]
    for page in viewer.pages.values():
        page.context.close()

    assert found == [], "\n".join(found)


def test_every_page_is_looked_at(house: House) -> None:
    assert list(unseen(house)) == []
