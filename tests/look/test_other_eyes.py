"""Pages for eyes that need larger letters, other colours or more room."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

import looking
from gallery import WINGS, State, go_to
from house import House, opened

pytest_plugins = ["chromium"]
pytestmark = pytest.mark.browser

NAMES = {
    "home",
    "sign in, wrong",
    "register, wrong",
    "profile",
    "preferences",
    "users",
    "delete account",
}
STATES = [s for wing in WINGS.values() for s in wing if s.name in NAMES]
# The largest that nobody may lose anything by: WCAG 2.2, 1.4.12.
SPACED = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`* { line-height: 1.5 !important;
    letter-spacing: .12em !important; word-spacing: .16em !important }
    p { margin-bottom: 2em !important }`);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}"""
TWICE = "() => { document.documentElement.style.fontSize = '200%' }"
# What does not fit where it stands, and cannot be scrolled to.
CUT = """() => [...document.querySelectorAll('a, button, label, h1, h2, p')]
  .filter(place => place.checkVisibility() && !place.closest('.unseen, .skip')
    && getComputedStyle(place).display !== 'inline'
    && place.scrollWidth > place.clientWidth + 1)
  .map(place => place.outerHTML)"""
BARE = """() => [
  ...document.querySelectorAll('.button, input, select')].filter(
  place => place.checkVisibility() && place.type !== 'hidden'
    && !['checkbox', 'radio'].includes(place.type)
    && !place.closest('.unseen')
    && parseFloat(getComputedStyle(place).borderTopWidth) < 1)
  .map(place => place.outerHTML)"""
MOVING = """() => [...document.querySelectorAll('*')].filter(place => {
    const style = getComputedStyle(place);
    return style.animationName !== 'none'
      || style.transitionDuration.split(', ').some(time => time !== '0s');
  }).length + document.getAnimations().length"""
RING = """() => {
  const style = getComputedStyle(document.activeElement);
  return [style.outlineStyle, parseFloat(style.outlineWidth)];
}"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Open one house for all who look around."""
    with opened(tmp_path_factory.mktemp("eyes")) as house:
        yield house


def shown(house: House, context: BrowserContext, state: State) -> Page:
    """Open a state in a window of its own."""
    context.clear_cookies()
    if state.who:
        context.add_cookies(house.cookies(state.who))
    page = context.new_page()
    assert go_to(house, page, state, "en") == state.status
    return page


@pytest.mark.parametrize("change", [SPACED, TWICE], ids=["spaced", "twice"])
def test_nothing_is_lost_to_larger_letters_or_more_room_between_them(
    house: House, chromium: Browser, change: str
) -> None:
    # Russian words are the longer ones.
    context = chromium.new_context(locale="ru")
    found = []
    for state in STATES:
        page = shown(house, context, state)
        page.evaluate(change)
        for width in (looking.WIDTHS[0], 640):
            page.set_viewport_size({"width": width, "height": looking.HEIGHT})
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                found.append(f"{state.name}, {width}: scrolls to {wide}")
            found += [f"{state.name}: {cut}" for cut in page.evaluate(CUT)]
        page.close()
    context.close()

    assert found == [], "\n".join(found)


def test_the_systems_own_colours_leave_edges_and_the_ring(
    house: House, chromium: Browser
) -> None:
    context = chromium.new_context(forced_colors="active")
    for state in STATES:
        page = shown(house, context, state)
        assert page.evaluate(BARE) == [], state.name
        page.locator("main a, main button, main input").last.focus()
        page.keyboard.press("Shift+Tab")
        style, width = page.evaluate(RING)
        assert style != "none", state.name
        assert width >= 2, state.name
        page.close()
    context.close()


def test_nothing_moves(house: House, chromium: Browser) -> None:
    context = chromium.new_context()
    for state in STATES:
        page = shown(house, context, state)
        assert page.evaluate(MOVING) == 0, state.name
        page.close()
    context.close()
