"""Hostile files: refused in words, or a clean picture; nothing in between."""

import http.server
import re
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from conftest import Browser, field_errors, notices
from hostile_files import CLEAN, MARK, cases
from paintings import choose, opened, painted, svg
from stagecraft import next_page, rows
from vestibule.auth import Auth
from vestibule.capabilities.pictures import raster, vector
from vestibule.errors import Malformed, Reason
from vestibule.ground.pictures import LARGEST_FILE, NoPicture
from vestibule.settings import Settings
from vestibule.user import User

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NAMES = [name for name, _, _ in cases("", "")]
# What is left of these files: none needs more to be drawn.
DRAWING = {"svg", "g", "rect", "path", "use", "style"}
SERVED = {"image/png": "PNG", "image/jpeg": "JPEG"}


@dataclass
class Corpus:
    """All hostile files with what becomes of them, and who fell for them."""

    made: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    """Make all files, and a server and a file that nobody may ask for."""
    found = Corpus()

    class Canary(http.server.BaseHTTPRequestHandler):
        """Notes whoever asks."""

        def do_GET(self) -> None:
            """Note one request."""
            found.asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            """Say nothing on the console."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Canary)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    canary = tmp_path_factory.mktemp("canary") / "canary.png"
    canary.write_bytes(painted(colour=(1, 255, 1), size=(9, 9)))
    host = f"http://127.0.0.1:{server.server_port}"
    for name, content, becomes in cases(host, str(canary)):
        found.made[name] = content, becomes
    yield found
    server.shutdown()
    thread.join()
    server.server_close()
    # Anybody who fell for a file asked by now.
    assert found.asked == []


@pytest.fixture
def chosen(
    browser: Browser, corpus: Corpus, alice: User, name: str
) -> TestResponse:
    """Choose a hostile file on the profile page; say what page follows."""
    browser.sign_in("alice")
    content = corpus.made[name][0]
    assert len(content) <= LARGEST_FILE
    return next_page(browser, choose(browser, content, name))


@pytest.mark.attack(106, 107, 108, 109, 110, 115)
@pytest.mark.asvs(
    "1.3.4", "1.3.6", "1.5.1", "5.2.2", "5.2.3", "5.2.6", "14.2.8", "X16"
)
@pytest.mark.parametrize("name", NAMES)
def test_it_is_refused_in_words_or_becomes_a_clean_picture(
    auth: Auth,
    browser: Browser,
    corpus: Corpus,
    chosen: TestResponse,
    name: str,
) -> None:
    becomes = corpus.made[name][1]
    picture = auth.pictures.of(auth.db.find_user_by(username="alice"))
    if picture is None:
        assert field_errors(chosen) == {"picture": Reason.known[becomes].text}
        files = [*auth.pictures.folder.path.glob("*")]
        assert files == []
        assert rows(auth)["vestibule_pictures"] == []
    else:
        assert becomes == CLEAN
        assert notices(chosen) == ["Profile updated successfully"]
        served = browser.open(f"/pictures/{picture.name}")
        image = opened(served.data)
        assert image.format == SERVED[served.mimetype or ""]
        assert max(image.size) <= 512
        assert not image.getexif()
        assert {*image.info} <= {"jfif", "jfif_version", "jfif_unit"} | {
            "jfif_density"
        }
        for bad in (MARK, b"<script", b"<svg", b"PK\x03\x04", b"acTL"):
            assert bad not in served.data
        green = [c for _, c in image.convert("RGB").getcolors(1 << 20) or []]
        assert (1, 255, 1) not in green
    assert corpus.asked == []


@pytest.mark.asvs("1.3.4")
@pytest.mark.attack(106)
def test_every_svg_that_is_clean_shows_its_shape(
    auth: Auth, corpus: Corpus
) -> None:
    shown = 0
    for name, (content, becomes) in corpus.made.items():
        if becomes == CLEAN and b'fill="#c81e28"' in content:
            text = vector.rewritten(content)
            for bad in ("Xmark", "http://127", "canary", "script", "onload"):
                assert bad not in text, name
            assert {*re.findall(r"<(\w+)", text)} <= DRAWING, name
            assert "url(" not in text, name
            image = opened(vector.draw(content).content)
            assert image.convert("RGBA").getpixel((150, 200)) == (
                200,
                30,
                40,
                255,
            ), name
            shown += 1
    assert shown > 25


ODD_NAMES = [
    "../../../x.png",
    "..\\..\\x.png",
    "/etc/x.png",
    "C:\\x.png",
    "x\x00.png",
    "x.php\x00.png",
    "\u202egnp.png",
    '"><script>alert(1)</script>.png',
    "ж" * 200 + ".png",
    "x" * 10_000 + ".png",
    ".png",
    "x.php.png",
    "CON.png",
    "x.png\r\nX-Bad: 1.png",
    "%2e%2e%2fx.png",
    "{{7*7}}.png",
]


@pytest.mark.attack(111, 112)
@pytest.mark.asvs("1.3.3", "5.3.2", "5.3.3", "X16")
def test_names_of_files_lead_nowhere(
    auth: Auth, browser: Browser, settings: Settings, alice: User
) -> None:
    browser.sign_in("alice")
    before = {*settings.data_folder.parent.rglob("*")}
    for odd in ODD_NAMES:
        told = next_page(browser, choose(browser, painted(), odd))
        assert "alert(1)" not in told.text
        assert told.status_code == 200
    picture = auth.pictures.of(alice)
    assert picture is not None
    fresh = {*settings.data_folder.parent.rglob("*")} - before
    made = {path for path in fresh if not path.name.startswith("vestibule.db")}
    folder = settings.data_folder / "pictures"
    assert made == {folder, folder / picture.name}


TRUNK = [
    painted(size=(30, 20)),
    painted("JPEG", size=(30, 20), progressive=True),
    svg(
        '<style>.a{fill:url(#g)}</style><linearGradient id="g"><stop '
        'stop-color="#123"/></linearGradient><path class="a" d="M0 0h9v9z"/>'
        '<use href="#g" clip-path="url(#c)"/>'
    ),
]


@given(
    st.sampled_from(TRUNK),
    st.lists(st.tuples(st.integers(0, 2000), st.binary(max_size=9))),
)
@hypothesis_settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_damaged_file_is_read_or_refused_and_never_a_bug(
    database_url: str, trunk: bytes, damage: list[tuple[int, bytes]]
) -> None:
    damaged = bytearray(trunk)
    for place, content in damage:
        at = place % len(damaged)
        damaged[at : at + len(content)] = content
    content = bytes(damaged)
    # Drawing itself may end the process, and is left to those that may die.
    with suppress(NoPicture):
        if raster.is_raster(content):
            drawn = raster.redraw(content)
            assert opened(drawn.content).size == (drawn.width, drawn.height)
        else:
            assert vector.rewritten(content).startswith("<svg ")


def test_a_file_of_random_bytes_is_no_picture(auth: Auth) -> None:
    for size in (1, 2, 7, 8, 9, 1000):
        for start in (b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"<svg"):
            with pytest.raises(Malformed):
                auth.pictures.prepare(start + b"\xa5\x00\x7f" * size)
