"""Setting an authenticator app up: the picture, the key, and the code."""

import base64
import re
from collections.abc import Callable
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import segno

from conftest import (
    Browser,
    Postbox,
    TurnableClock,
    field_errors,
    form_token,
    notices,
)
from hosts import one_database
from phones import Phone, press, scanned, second_step, shown_codes, signed_in
from stagecraft import rows, tables_holding
from vestibule.auth import Auth
from vestibule.capabilities.totp.apps import Apps
from vestibule.policy import OPERATOR
from vestibule.user import User

APP = "/account/2fa"
CONFIRM = "/account/2fa/confirm"
required = pytest.mark.settings(verified_email_required="true")


@pytest.fixture
def inside(browser: Browser, alice: User) -> Browser:
    """A browser in which Alice is signed in."""
    browser.sign_in(alice.username)
    return browser


@pytest.mark.asvs("6.3.7", "X20")
def test_an_app_is_set_up_and_recovery_codes_follow_at_once(
    inside: Browser, auth: Auth, alice: User, postbox: Postbox
) -> None:
    begun = press(inside, APP)
    assert (begun.status_code, begun.location) == (303, CONFIRM)
    page = inside.open(CONFIRM)
    phone = scanned(page, auth)
    # Nothing is asked for before a code has shown that the app works.
    assert auth.second_factors.ways(alice) == []

    typed = f"{phone.code()[:3]} {phone.code()[3:]}"
    done = press(inside, CONFIRM, code=typed)

    assert done.status_code == 200
    assert done.headers["Cache-Control"] == "no-store"
    assert notices(done)[0] == "Your authenticator app is on"
    assert len(set(shown_codes(done))) == 10
    names = [way.name for way in auth.second_factors.ways(alice)]
    assert names == ["totp", "recovery_codes"]
    letter, codes = postbox.empty()
    assert letter.subject == "New way to sign in to your Vestibule account"
    assert "Authenticator app" in letter.text
    assert codes.subject == "New recovery codes for your Vestibule account"
    assert "On" in inside.open("/account/security").text


@one_database
def test_the_key_is_shown_in_groups_of_four_and_opens_the_app_on_a_phone(
    inside: Browser, auth: Auth
) -> None:
    press(inside, APP)
    page = inside.open(CONFIRM)

    shown = re.search(r'<code class="key"[^>]*>([^<]+)<', page.text)
    assert shown
    assert re.fullmatch(r"([A-Z2-7]{4} ){7}[A-Z2-7]{4}", shown[1])
    link = re.search(r'href="(otpauth:[^"]+)"', page.text)
    assert link
    address = urlsplit(link[1].replace("&amp;", "&"))
    assert address.netloc == "totp"
    assert unquote(address.path) == "/Vestibule:alice@example.com"
    asked = parse_qs(address.query)
    assert asked == {
        "secret": [scanned(page, auth).key],
        "issuer": ["Vestibule"],
    }


@one_database
@pytest.mark.asvs("X20")
def test_the_picture_is_black_on_white_with_four_modules_around_it(
    inside: Browser, auth: Auth, alice: User
) -> None:
    press(inside, APP)
    page = inside.open(CONFIRM)
    drawing = re.search(r'<svg [^>]*class="qr".*?</svg>', page.text, re.S)
    assert drawing
    said = auth.totp.begun(alice, by=OPERATOR).address
    code = segno.make_qr(said, error="m")
    width = len(code.matrix) + 8

    assert f'viewBox="0 0 {width} {width}"' in drawing[0]
    white, black = re.findall(r"<path [^>]+>", drawing[0])
    assert 'fill="#fff"' in white
    assert f"M0 0h{width}v{width}h-{width}z" in white
    assert 'stroke="#000"' in black
    assert modules(black, width) == [
        [bool(cell) for cell in row] for row in code.matrix
    ]
    # Our policy for contents takes no styles.
    assert "style" not in drawing[0]


def modules(path: str, width: int) -> list[list[bool]]:
    """Draw the lines of a path, and cut the white around them off."""
    field = [[False] * width for _ in range(width)]
    found = re.search(r' d="([^"]+)"', path)
    assert found
    x = y = 0.0
    for verb, given in re.findall(r"([Mmh])([^Mmh]+)", found[1]):
        numbers = [float(n) for n in re.findall(r"-?[\d.]+", given)]
        if verb == "h":
            for step in range(int(numbers[0])):
                field[int(y)][int(x) + step] = True
            x += numbers[0]
        else:
            x, y = numbers if verb == "M" else (x + numbers[0], y + numbers[1])
    edge = field[:4] + field[-4:] + [row[:4] + row[-4:] for row in field]
    assert not any(cell for row in edge for cell in row)
    return [row[4:-4] for row in field[4:-4]]


@pytest.mark.attack("A42")
def test_a_wrong_code_switches_nothing_on_and_says_what_to_look_at(
    inside: Browser, auth: Auth, alice: User
) -> None:
    press(inside, APP)
    phone = scanned(inside.open(CONFIRM), auth)

    refused = press(inside, CONFIRM, code=phone.wrong())

    assert refused.status_code == 401
    assert field_errors(refused) == {
        "code": "The code is not correct. Check your authenticator app, and "
        "that the time on your phone is set automatically"
    }
    # The same picture and key are there still; the code is not.
    assert scanned(refused, auth).key == phone.key
    assert phone.wrong() not in refused.text
    assert auth.second_factors.ways(alice) == []
    assert press(inside, CONFIRM, code=phone.code()).status_code == 200


@pytest.mark.asvs("X20")
@pytest.mark.attack("A42")
def test_a_new_set_up_cancels_the_one_before(
    inside: Browser, auth: Auth
) -> None:
    press(inside, APP)
    first = scanned(inside.open(CONFIRM), auth)
    press(inside, APP)
    second = scanned(inside.open(CONFIRM), auth)
    assert first.key != second.key

    assert press(inside, CONFIRM, code=first.code()).status_code == 401
    assert press(inside, CONFIRM, code=second.code()).status_code == 200


@pytest.mark.attack("A42")
def test_a_set_up_that_was_cancelled_meanwhile_is_not_switched_on(
    auth: Auth, alice: User
) -> None:
    auth.totp.begin(alice, by=OPERATOR)
    apps = Apps(auth.db)
    kept = apps.kept(alice.id)
    assert kept

    auth.totp.begin(alice, by=OPERATOR)

    assert not apps.turn_on(alice.id, kept, step=1)
    assert auth.totp.app(alice) is None


def test_a_set_up_is_over_after_an_hour(
    inside: Browser, auth: Auth, alice: User, clock: TurnableClock
) -> None:
    found = auth.totp.begin(alice, by=OPERATOR)
    assert found.ends_at == clock.now() + 3600
    phone = Phone(found.key, clock)
    clock.turn(minutes=59)
    press(inside, "/confirm", password="correct horse battery staple")
    token = form_token(inside.open(CONFIRM))
    clock.turn(minutes=1)

    typed = {"code": phone.code(), "csrf_token": token}
    over = inside.client.post(
        CONFIRM, data=typed, headers={"Accept": "text/html"}
    )

    assert (over.status_code, over.location) == (303, APP)
    assert "This set-up is over" in notices(inside.open(APP))[0]
    assert auth.totp.sweep(clock.now()) == 1
    assert rows(auth)["vestibule_totp"] == []


def test_an_app_that_is_on_is_not_replaced_by_another_set_up(
    inside: Browser, auth: Auth, alice: User
) -> None:
    page = inside.open(APP)
    press(inside, APP)
    phone = scanned(inside.open(CONFIRM), auth)
    press(inside, CONFIRM, code=phone.code())

    typed = {"csrf_token": form_token(page)}
    again = inside.client.post(
        APP, data=typed, headers={"Accept": "text/html"}
    )

    assert again.status_code == 409
    assert inside.open(CONFIRM).location == APP
    row = rows(auth)["vestibule_totp"][0]
    assert row["confirmed_at"] is not None
    assert auth.totp.app(alice) is not None


@pytest.mark.asvs("7.5.1", "N30")
@pytest.mark.attack("A20")
def test_whoever_sits_down_at_an_open_session_must_prove_first(
    inside: Browser, auth: Auth, alice: User, clock: TurnableClock
) -> None:
    auth.totp.begin(alice, by=OPERATOR)
    clock.turn(minutes=6)

    for path in (APP, CONFIRM):
        shown = inside.open(path)
        assert shown.status_code == 303, path
        assert shown.location.startswith("/confirm?next=")


@required
@pytest.mark.attack(54, 101, "A5")
def test_no_app_is_set_up_before_the_address_is_confirmed(
    inside: Browser, auth: Auth, alice: User
) -> None:
    # Confirmed people are signed in; then the address is one no more.
    auth.db.update_user(alice.id, email_verified_at=None)

    refused = press(inside, APP)

    assert refused.status_code == 409
    assert "Confirm your email address first" in refused.text
    assert rows(auth)["vestibule_totp"] == []


@pytest.mark.asvs("6.3.6")
@pytest.mark.attack(54, 101, "A5")
def test_what_a_squatter_has_set_up_goes_when_the_owner_takes_over(
    new_browser: Callable[[], Browser], auth: Auth, postbox: Postbox
) -> None:
    squatted = auth.registration.register(
        "vera@example.com", "the squatter's own password", "squatter"
    )
    phone = Phone(auth.totp.begin(squatted, by=OPERATOR).key, auth.clock)
    auth.totp.confirm(squatted, phone.code(), by=OPERATOR)
    auth.recovery_codes.make(squatted, by=OPERATOR)
    vera = new_browser()
    vera.send("/password_reset", email="vera@example.com")
    new = "the owner's new password"

    link = postbox.link("/password_reset/")
    vera.send(link, password=new, confirm_password=new)

    assert auth.second_factors.ways(squatted) == []
    vera.sign_in("vera@example.com", new)
    assert signed_in(vera)


@pytest.mark.asvs("6.3.4")
def test_a_reset_of_an_owner_leaves_the_app_on(
    new_browser: Callable[[], Browser],
    auth: Auth,
    alice: User,
    postbox: Postbox,
) -> None:
    phone = Phone(auth.totp.begin(alice, by=OPERATOR).key, auth.clock)
    auth.totp.confirm(alice, phone.code(-1), by=OPERATOR)
    browser = new_browser()
    browser.send("/password_reset", email=alice.email)
    new = "the owner's new password"
    link = postbox.link("/password_reset/")
    browser.send(link, password=new, confirm_password=new)

    browser.sign_in("alice", new)
    assert not signed_in(browser)
    second_step(browser, phone.code())
    assert signed_in(browser)


@pytest.mark.asvs("11.3.2", "13.3.1")
@pytest.mark.attack(46, "A42")
def test_nobody_reads_the_key_in_the_tables(auth: Auth, alice: User) -> None:
    key = auth.totp.begin(alice, by=OPERATOR).key
    raw = base64.b32decode(key)
    assert len(raw) == 20

    assert tables_holding(auth, key) == set()
    [row] = rows(auth)["vestibule_totp"]
    assert raw not in bytes(row["secret"])
