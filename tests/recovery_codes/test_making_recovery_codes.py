"""Recovery codes are made and shown once, and kept as hashes alone."""

import re
from collections.abc import Callable

import pytest

from conftest import (
    HTML,
    Browser,
    Postbox,
    TurnableClock,
    form_token,
    notices,
)
from phones import Phone, press, second_step, shown_codes, signed_in, with_app
from stagecraft import rows, tables_holding
from vestibule.auth import Auth
from vestibule.policy import OPERATOR, Actor
from vestibule.user import User

HERE = "/account/recovery-codes"
DOWNLOAD = f"{HERE}/download"


@pytest.fixture
def phone(auth: Auth, alice: User) -> Phone:
    """Alice's phone, with the app on."""
    return with_app(auth, alice)


@pytest.fixture
def inside(browser: Browser, phone: Phone) -> Browser:
    """A browser in which Alice is signed in by both factors."""
    browser.sign_in("alice")
    second_step(browser, phone.code())
    assert signed_in(browser)
    return browser


@pytest.mark.asvs("6.5.2", "6.5.3", "6.5.4", "N14", "N15")
@pytest.mark.attack("A42")
def test_ten_codes_are_shown_once_and_nowhere_kept(
    inside: Browser, auth: Auth, alice: User, postbox: Postbox
) -> None:
    postbox.empty()
    shown = press(inside, HERE)

    codes = shown_codes(shown)
    assert shown.status_code == 200
    assert shown.headers["Cache-Control"] == "no-store"
    assert len(set(codes)) == 10
    for code in codes:
        assert re.fullmatch(r"([0-9a-hjkmnp-tv-z]{5}-){4}\w{5}", code)
        plain = code.replace("-", "")
        # 32 letters, 25 of them: 125 bits.
        assert len(plain) == 25
        for secret in (code, plain):
            assert tables_holding(auth, secret) == set()
        # The next look at the page shows how many, and none of them.
        assert code not in inside.open(HERE).text
    assert "10" in inside.open(HERE).text
    assert auth.recovery_codes.left(alice).count == 10
    [letter] = postbox.empty()
    assert letter.subject.startswith("New recovery codes")
    assert codes[0] not in letter.text


@pytest.mark.asvs("N15")
def test_new_codes_make_the_old_ones_useless(
    inside: Browser, auth: Auth, new_browser: Callable[[], Browser]
) -> None:
    old, new = (
        shown_codes(press(inside, HERE)),
        shown_codes(press(inside, HERE)),
    )
    assert not {*old} & {*new}

    fresh = new_browser()
    fresh.sign_in("alice")
    assert second_step(fresh, old[0]).status_code == 401
    assert second_step(fresh, new[0]).status_code in (302, 303)


@pytest.mark.asvs("7.5.1", "N30")
@pytest.mark.attack("A20")
def test_making_codes_asks_for_a_fresh_proof(
    inside: Browser, auth: Auth, alice: User, clock: TurnableClock
) -> None:
    token = form_token(inside.open(HERE))
    clock.turn(minutes=6)

    sent = inside.client.post(HERE, data={"csrf_token": token}, headers=HTML)

    assert sent.location.startswith("/confirm?next=")
    with pytest.raises(Exception, match="Confirm that it is you"):
        auth.recovery_codes.make(alice, by=Actor(alice, clock.now() - 400))
    assert auth.recovery_codes.left(alice).count == 0


def test_without_a_second_step_there_are_none_to_be_made(
    browser: Browser, auth: Auth, alice: User
) -> None:
    browser.sign_in("alice")
    page = browser.open(HERE)
    assert "your account has none yet" in page.text
    token = form_token(browser.open("/account/2fa"))

    refused = browser.client.post(
        HERE, data={"csrf_token": token}, headers=HTML
    )

    assert refused.status_code == 409
    assert rows(auth)["vestibule_recovery_codes"] == []


def test_the_file_holds_the_codes_with_the_site_and_the_day(
    inside: Browser, auth: Auth
) -> None:
    page = press(inside, HERE)
    codes = shown_codes(page)
    typed = {"codes": " ".join(codes), "csrf_token": form_token(page)}

    file = inside.client.post(DOWNLOAD, data=typed, headers=HTML)

    assert file.status_code == 200
    assert file.mimetype == "text/plain"
    assert file.headers["Cache-Control"] == "no-store"
    assert file.headers["Content-Disposition"] == (
        "attachment; filename=recovery-codes.txt"
    )
    lines = file.text.splitlines()
    assert lines[0] == "Recovery codes for Vestibule, account alice"
    assert lines[1].startswith("Made on ")
    assert [line for line in lines if line in codes] == codes


def test_only_codes_of_ones_own_are_handed_back_as_a_file(
    inside: Browser, auth: Auth
) -> None:
    page = press(inside, HERE)
    codes = shown_codes(page)
    token = form_token(page)
    for said in ("a poem", " ".join([*codes[1:], codes[0][::-1]]), " "):
        typed = {"codes": said, "csrf_token": token}
        refused = inside.client.post(DOWNLOAD, data=typed, headers=HTML)
        assert refused.status_code in (410, 422), said
        assert "poem" not in refused.text


def test_the_page_of_security_says_how_many_are_left(
    inside: Browser, auth: Auth, alice: User
) -> None:
    assert "They let you in when your phone is lost" in security(inside)
    codes = auth.recovery_codes.make(alice, by=OPERATOR)
    assert "You have 10 codes left." in security(inside)

    for code in codes[:8]:
        with auth.db.unit():
            auth.recovery_codes.prove_factor(alice, code)

    assert "You have only 2 codes left. Make new ones." in security(inside)
    assert "Few are left" in notices(inside.open(HERE))[0]


def security(browser: Browser) -> str:
    """Read the page about security."""
    return browser.open("/account/security").text


def test_an_account_takes_along_when_and_never_what(
    auth: Auth, alice: User, phone: Phone
) -> None:
    codes = auth.recovery_codes.make(alice, by=OPERATOR)
    facts = auth.recovery_codes.export(alice).facts
    now = auth.clock.now()
    assert facts == [{"created_at": now, "used_at": None}] * 10
    assert codes[0] not in str(auth.export.take(alice, by=OPERATOR))

    auth.deletion.delete(alice, by=OPERATOR)

    assert rows(auth)["vestibule_recovery_codes"] == []
