"""The QR code as a phone sees it, and the codes as a printer gets them."""

import io
from collections.abc import Iterator

import pytest
import segno
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Page

from house import House, opened
from phones import Phone
from vestibule.policy import OPERATOR

pytest_plugins = ["chromium"]
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Open a house, in which Clara sets an app up."""
    with opened(tmp_path_factory.mktemp("house")) as house:
        yield house


@pytest.fixture
def page(house: House, chromium: Browser) -> Iterator[Page]:
    """Open Clara's window."""
    context = chromium.new_context(
        permissions=["clipboard-read", "clipboard-write"]
    )
    context.add_cookies(house.cookies("clara"))
    yield context.new_page()
    context.close()


@pytest.mark.asvs("X20")
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_the_picture_is_the_code_with_white_around_it_in_each_theme(
    house: House, page: Page, theme: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    page.goto(f"{house.url}/account/2fa/confirm")

    shot = page.locator("svg.qr").screenshot()

    clara = house.auth.administration.find("clara")
    said = house.auth.totp.begun(clara, by=OPERATOR).address
    assert decoded(page.screenshot(full_page=True)) == [said]
    matrix = segno.make_qr(said, error="m").matrix
    blank = [[False] * (len(matrix) + 8)] * 4
    side = [False] * 4
    dark = [[*side, *map(bool, row), *side] for row in matrix]
    assert seen(shot, len(matrix) + 8) == [*blank, *dark, *blank]


def decoded(shot: bytes) -> list[str]:
    """Read every code on a picture, as the camera of a phone does."""
    with Image.open(io.BytesIO(shot)) as taken:
        return [one.text for one in zxingcpp.read_barcodes(taken)]


def seen(shot: bytes, width: int) -> list[list[bool]]:
    """Say of each module of a picture whether its middle is dark.

    Nothing is but black or white, whatever the colours of the page.
    """
    with Image.open(io.BytesIO(shot)) as taken:
        picture = taken.convert("L")
    step = picture.width / width
    middles = [int((place + 0.5) * step) for place in range(width)]
    levels = [[picture.getpixel((x, y)) for x in middles] for y in middles]
    assert {level for row in levels for level in row} <= {0, 1, 254, 255}
    return [[level in (0, 1) for level in row] for row in levels]


def test_key_and_codes_are_copied_and_the_codes_printed_dark_on_white(
    house: House, page: Page
) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(f"{house.url}/account/2fa/confirm")
    page.locator("details.more-help summary").click()
    page.locator("[data-copy]").click()
    page.get_by_role("status").filter(has_text="Copied").wait_for(
        state="attached"
    )
    key = page.evaluate("navigator.clipboard.readText()")
    assert page.locator(".key").inner_text().replace(" ", "") == key

    page.locator("#code").fill(Phone(key, house.auth.clock).code())
    page.get_by_role("button", name="Switch on").click()
    page.get_by_role("button", name="Copy").click()
    page.get_by_role("status").filter(has_text="Copied").wait_for(
        state="attached"
    )
    codes = page.evaluate("navigator.clipboard.readText()").split("\n")
    assert codes == page.locator(".codes li").all_inner_texts()
    with page.expect_download() as coming:
        page.get_by_role("button", name="Download").click()
    file = coming.value.path().read_text("utf-8")
    assert [line for line in file.splitlines() if line in codes] == codes

    page.emulate_media(media="print", color_scheme="dark")
    # Nothing but the codes, and what they are for.
    assert page.locator("main :visible:is(button, input, a)").count() == 0
    style = page.locator(".codes code").first.evaluate(
        "it => getComputedStyle(it).color"
    )
    assert style == "rgb(0, 0, 0)"
    page.emulate_media(media="screen")

    # Whoever has not saved them is asked to.
    page.get_by_role("button", name="Done").click()
    assert page.locator("#saved:invalid").count() == 1
    page.locator("#saved").check()
    page.get_by_role("button", name="Done").click()
    page.wait_for_url("**/account/security*")
