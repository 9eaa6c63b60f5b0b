"""People see where they are signed in, and end that, at every door."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from conftest import HTML, PASSWORD, Browser, TurnableClock, notices
from stagecraft import counts, next_page, tables_holding
from vestibule.auth import Auth
from vestibule.capabilities.sessions.records import SessionRecord
from vestibule.errors import NotAllowed, NotProven
from vestibule.history import Circumstances, under
from vestibule.policy import STRANGER, Actor
from vestibule.user import User

PAGE, CALL = "/account/sessions", "/api/v1/sessions"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko Firefox/140.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5) AppleWebKit Safari/604.1"
NewBrowser = Callable[[], Browser]


def at(agent: str, address: str = "203.0.113.7") -> Circumstances:
    """Say from where, and with what, somebody acts."""
    return Circumstances(door="page", address=address, agent=agent)


def opened(auth: Auth, user: User, agent: str, address: str = "") -> str:
    """Open a session with a browser at some address."""
    with under(at(agent, address or "203.0.113.7")):
        return auth.sessions.open(user.id)


def cards(text: str) -> list[str]:
    """Read the cards of the page, one for each device, as words."""
    found = re.findall(r'<li class="card device">(.*?)</li>', text, re.S)
    bare = [re.sub(r"<[^>]+>", " ", card).split() for card in found]
    return [" ".join(words).replace(" ,", ",") for words in bare]


def handles(auth: Auth, user: User, own: str | None = None) -> list[str]:
    """List the handles of somebody's sessions but their own."""
    found = auth.sessions.devices(user, own)
    return [one.handle for one in found if not one.is_current]


def calling(app: Flask, token: str) -> tuple[FlaskClient, dict[str, str]]:
    """Make a program that has a session as a bearer."""
    return app.test_client(), {"Authorization": f"Bearer {token}"}


@pytest.mark.asvs("7.5.2")
def test_the_page_names_each_device_and_when_it_was_used(
    auth: Auth, alice: User, browser: Browser, clock: TurnableClock
) -> None:
    opened(auth, alice, PHONE, "2001:db8::7")
    clock.turn(minutes=20)
    opened(auth, alice, FIREFOX)
    clock.turn(minutes=5)
    opened(auth, alice, "<b>nobody knows</b>", "198.51.100.9")
    browser.client.environ_base["HTTP_USER_AGENT"] = FIREFOX
    browser.sign_in("alice")
    clock.turn(seconds=30)

    page = browser.open(PAGE)
    own, odd, windows, phone = cards(page.text)

    assert page.status_code == 200
    assert own.startswith("Firefox on Windows This device Last used just now")
    assert "Sign out" not in own
    assert odd.startswith("Unknown device Last used")
    assert "198.51.100.9" in odd
    assert windows.startswith("Firefox on Windows Last used 5 minutes ago")
    assert "203.0.113.7" in windows
    assert phone.startswith("Safari on iPhone Last used 25 minutes ago")
    assert "2001:db8::7" in phone
    assert "nobody knows" not in page.text
    for card in (odd, windows, phone):
        assert re.search(r"Signed in .* UTC", card), card
        assert re.search(r"Expires .* UTC, later if you keep", card), card
        assert "Sign out" in card
    assert "Sign out everywhere else (3)" in page.text


def test_who_is_signed_in_only_here_is_told_so(
    auth: Auth, alice: User, bob: User, browser: Browser
) -> None:
    opened(auth, bob, FIREFOX)
    browser.sign_in("alice")

    page = browser.open(PAGE)

    assert "You are signed in only here." in page.text
    assert len(cards(page.text)) == 1
    assert "Sign out everywhere" not in page.text
    assert "signed in only here" in browser.open(f"{PAGE}/others").text


@pytest.mark.asvs("7.5.2")
@pytest.mark.attack(63, "A18")
def test_one_device_is_signed_out_by_its_button(
    auth: Auth, alice: User, browser: Browser
) -> None:
    phone, desk = opened(auth, alice, PHONE), opened(auth, alice, FIREFOX)
    browser.sign_in("alice")
    page = browser.open(PAGE).text
    forms = re.findall(r'action="([^"]+)">.*?value="([^"]+)"', page, re.S)
    ((path, token),) = [
        one
        for one in forms
        if one[0].endswith(f"{handle_of(auth, phone)}/end")
    ]

    answer = browser.client.post(
        path, data={"csrf_token": token}, headers=HTML
    )

    assert notices(next_page(browser, answer)) == ["The device is signed out"]
    assert auth.sessions.owner(phone) is None
    assert auth.sessions.owner(desk) is not None
    assert browser.open(PAGE).status_code == 200
    # Pressed twice, it changes nothing more.
    again = browser.client.post(path, data={"csrf_token": token}, headers=HTML)
    assert again.status_code == 403
    assert "You are not signed in there any more" in again.text
    assert len(cards(again.text)) == 2
    assert counts(auth)["vestibule_sessions"] == 2


def handle_of(auth: Auth, token: str) -> str:
    """Say by which handle a session goes."""
    owner = auth.sessions.owner(token)
    assert owner
    (one,) = [d for d in auth.sessions.devices(owner, token) if d.is_current]
    return one.handle


def test_all_others_are_signed_out_after_a_question(
    auth: Auth, alice: User, bob: User, browser: Browser
) -> None:
    others = [opened(auth, alice, FIREFOX) for _ in range(3)]
    bobs = opened(auth, bob, FIREFOX)
    browser.sign_in("alice")

    asked = browser.open(f"{PAGE}/others")
    assert "Sign out everywhere else (3)" in asked.text
    assert all(auth.sessions.owner(token) for token in others)
    answer = browser.send(f"{PAGE}/others")

    page = next_page(browser, answer)
    assert notices(page) == ["You are signed out everywhere else"]
    assert len(cards(page.text)) == 1
    assert not any(auth.sessions.owner(token) for token in others)
    assert auth.sessions.owner(bobs)


@pytest.mark.asvs("7.5.2")
@pytest.mark.attack("A20")
def test_whoever_found_a_session_open_signs_nobody_else_out(
    auth: Auth, alice: User, browser: Browser, clock: TurnableClock
) -> None:
    phone = opened(auth, alice, PHONE)
    browser.sign_in("alice")
    own = browser.client.get_cookie("session_id")
    assert own
    page = browser.open(PAGE).text
    form = re.search(r'action="([^"]+/end)">.*?value="([^"]+)"', page, re.S)
    assert form
    clock.turn(minutes=6)

    data = {"csrf_token": form[2]}
    one = browser.client.post(form[1], data=data, headers=HTML)
    others = browser.open(f"{PAGE}/others")
    not_me = browser.open("/account/not-me")
    called = [
        browser.client.delete(f"/api/v1/sessions/{handle_of(auth, phone)}"),
        browser.client.delete("/api/v1/sessions"),
        browser.client.post("/api/v1/not-me"),
    ]

    for led, back in (
        # There is the button that was pressed.
        (one, PAGE),
        (others, f"{PAGE}/others"),
        (not_me, "/account/not-me"),
    ):
        assert led.status_code == 303
        assert led.location == f"/confirm?next={back}"
    for refused in called:
        assert refused.status_code == 401
        assert refused.json is not None
        assert refused.json["code"] == "proof.too_old"
    assert auth.sessions.owner(phone)
    # Whoever proves it is there again, and goes on.
    page_again = next_page(
        browser, browser.send(one.location, password=PASSWORD)
    )
    assert page_again.request.path == PAGE
    answer = browser.send(f"{PAGE}/others")
    assert notices(next_page(browser, answer)) == [
        "You are signed out everywhere else"
    ]
    assert auth.sessions.owner(phone) is None


@pytest.mark.parametrize("way", ["page", "api", "contract"])
@pytest.mark.asvs("7.4.4")
def test_signing_out_here_is_always_easy(
    auth: Auth, alice: User, browser: Browser, clock: TurnableClock, way: str
) -> None:
    browser.sign_in("alice")
    own = browser.client.get_cookie("session_id")
    assert own
    clock.turn(hours=2)

    if way == "page":
        browser.send("/logout")
    else:
        prefix = "/api/v1" if way == "api" else ""
        ending = "/current" if way == "api" else ""
        browser.client.delete(f"{prefix}/sessions{ending}")

    assert auth.sessions.owner(own.value) is None


@pytest.mark.attack("A25")
def test_without_the_forms_secret_nothing_is_ended(
    auth: Auth, alice: User, browser: Browser
) -> None:
    phone = opened(auth, alice, PHONE)
    browser.sign_in("alice")
    path = f"{PAGE}/{handle_of(auth, phone)}/end"

    answer = browser.client.post(path, data={}, headers=HTML)

    assert answer.status_code == 422
    assert "This page was open too long" in answer.text
    assert (
        browser.client.post(f"{PAGE}/others", headers=HTML).status_code > 399
    )
    assert auth.sessions.owner(phone)


def test_a_page_whose_own_session_ends_leads_to_the_sign_in(
    auth: Auth, alice: User, browser: Browser
) -> None:
    browser.sign_in("alice")
    own = browser.client.get_cookie("session_id")
    assert own
    page = browser.open(PAGE).text
    token = re.findall(r'name="csrf_token" value="([^"]+)"', page)
    # The page offers no button for it; whoever writes the form gets out.
    path = f"{PAGE}/{handle_of(auth, own.value)}/end"
    secret = token[0] if token else ""
    if not secret:
        opened(auth, alice, PHONE)
        secret = re.findall(
            r'name="csrf_token" value="([^"]+)"', browser.open(PAGE).text
        )[0]

    answer = browser.client.post(
        path, data={"csrf_token": secret}, headers=HTML
    )

    assert answer.location.endswith("/login")
    assert browser.client.get_cookie("session_id") is None
    assert auth.sessions.owner(own.value) is None


def test_the_api_lists_and_ends_sessions(
    auth: Auth, alice: User, app: Flask, clock: TurnableClock
) -> None:
    phone = opened(auth, alice, PHONE, "2001:db8::7")
    clock.turn(minutes=2)
    odd = opened(auth, alice, "", "")
    own = opened(auth, alice, "curl/8.5", "198.51.100.9")
    client, headers = calling(app, own)

    found = client.get(CALL, headers=headers).get_json()["items"]

    assert [one["is_current"] for one in found] == [True, False, False]
    assert [(one["browser"], one["system"]) for one in found] == [
        ("curl", ""),
        ("", ""),
        ("Safari", "iPhone"),
    ]
    assert found[2]["address"] == "2001:db8::7"
    assert found[2]["seen_at"] < found[0]["seen_at"]
    assert found[0]["idle_until"] < found[0]["expires_at"]
    whole = client.get(CALL, headers=headers).text
    assert not any(token in whole for token in (phone, odd, own))

    path = f"{CALL}/{found[2]['id']}"
    assert client.delete(path, headers=headers).status_code == 204
    assert auth.sessions.owner(phone) is None
    assert client.delete(path, headers=headers).status_code == 403
    ended = client.delete(CALL, headers=headers)
    assert ended.get_json() == {"ended": 1}
    assert auth.sessions.owner(odd) is None
    assert auth.sessions.owner(own)
    # The own one as well, by its handle.
    path = f"{CALL}/{found[0]['id']}"
    assert client.delete(path, headers=headers).status_code == 204
    assert client.get(CALL, headers=headers).status_code == 401


@pytest.mark.attack(61)
def test_a_handle_opens_nothing_and_tells_nothing(
    auth: Auth, alice: User, program: FlaskClient
) -> None:
    token = opened(auth, alice, FIREFOX)
    handle = handle_of(auth, token)

    assert re.fullmatch("[0-9a-f]{32}", handle)
    assert handle not in token
    assert tables_holding(auth, handle) == set()
    kept = auth.db.read(select(SessionRecord.fingerprint))
    assert all(handle not in row[0].hex() for row in kept)
    assert auth.sessions.owner(handle) is None
    program.set_cookie("session_id", handle)
    assert program.get("/profile").status_code == 403
    assert program.get("/check").status_code == 401
    bearer = {"Authorization": f"Bearer {handle}"}
    assert program.get(CALL, headers=bearer).status_code == 401


def disguised(handle: str) -> list[str]:
    """Write a handle in every other way, and what never was one."""
    return [
        *(handle.upper(), handle[:-1], handle + "0", handle[:16], "", " "),
        *(f" {handle}", f"{handle}\n", f"{handle}\x00", f"{handle}%00"),
        *("*", "%", "_" * 32, "0" * 32, "others", "current", "9" * 5000),
        *(
            f"{handle};a=b",
            f"{handle},{handle}",
            f"../{handle}",
            "\u0660" * 32,
        ),
    ]


@pytest.mark.attack("A33")
def test_anothers_handle_is_answered_like_one_that_there_is_not(
    auth: Auth, alice: User, bob: User, app: Flask
) -> None:
    phone = opened(auth, alice, PHONE)
    bobs = opened(auth, bob, FIREFOX)
    handle = handle_of(auth, phone)
    client, headers = calling(app, bobs)

    missing = client.delete(f"{CALL}/{'0' * 32}", headers=headers)
    foreign = client.delete(f"{CALL}/{handle}", headers=headers)

    assert missing.status_code == foreign.status_code == 403
    assert masked(missing.get_json()) == masked(foreign.get_json())
    for by in (Actor(bob), STRANGER):
        for odd in (handle, *disguised(handle)):
            with pytest.raises((NotAllowed, NotProven)) as refused:
                auth.sessions.end_device(odd, by=by)
            kind = NotAllowed if by.user else NotProven
            assert type(refused.value) is kind
    for odd in disguised(handle):
        with pytest.raises(NotAllowed):
            auth.sessions.end_device(odd, by=Actor(alice, auth.clock.now()))
    assert auth.sessions.owner(phone)
    auth.sessions.end_device(handle, by=Actor(alice, auth.clock.now()))
    assert auth.sessions.owner(phone) is None


def masked(problem: dict[str, Any]) -> dict[str, Any]:
    """Leave out of a refusal which request it was."""
    return {k: v for k, v in problem.items() if k not in ("instance", "id")}


def test_a_renewed_session_goes_by_another_handle(
    auth: Auth, alice: User
) -> None:
    token = opened(auth, alice, FIREFOX)
    before = handle_of(auth, token)

    fresh = auth.sessions.renew(token).token

    assert handle_of(auth, fresh) != before
    assert handles(auth, alice, fresh) == []


def test_more_than_fifty_devices_are_counted_and_can_all_be_ended(
    auth: Auth, alice: User, browser: Browser
) -> None:
    for _ in range(55):
        auth.sessions.open(alice.id)
    browser.sign_in("alice")

    page = browser.open(PAGE)

    assert len(cards(page.text)) == 50
    assert "This device" in cards(page.text)[0]
    assert "There are more devices than are shown here." in page.text
    assert "Sign out everywhere else (55)" in page.text
    browser.send(f"{PAGE}/others")
    assert counts(auth)["vestibule_sessions"] == 1


@pytest.mark.attack("A16")
@pytest.mark.parametrize("door", ["page", "api", "classic"])
def test_signing_in_again_with_the_same_browser_piles_up_nothing(
    auth: Auth, alice: User, bob: User, browser: Browser, door: str
) -> None:
    tokens = []
    for turn in range(5):
        # Somebody else at the same browser in between.
        name = "bob" if turn == 2 else "alice"
        if door == "page":
            browser.send("/logout")
            browser.sign_in(name)
        elif door == "api":
            typed = {"name": name, "password": PASSWORD}
            browser.client.post(CALL, json=typed)
        else:
            typed = {"email": f"{name}@example.com", "password": PASSWORD}
            browser.client.post("/sessions", json=typed)
        cookie = browser.client.get_cookie("session_id")
        assert cookie
        tokens.append(cookie.value)

    assert len(set(tokens)) == 5
    assert counts(auth)["vestibule_sessions"] == 1
    assert [bool(auth.sessions.owner(t)) for t in tokens] == [False] * 4 + [
        True
    ]


def test_a_bearers_own_session_outlives_the_cookie_it_asks_for(
    auth: Auth, alice: User, app: Flask
) -> None:
    token = opened(auth, alice, FIREFOX)
    client, headers = calling(app, token)
    typed = {"name": "alice", "password": PASSWORD}

    client.post(CALL, json=typed, headers=headers)
    client.post(CALL, json=typed, headers=headers)

    assert auth.sessions.owner(token)
    assert counts(auth)["vestibule_sessions"] == 2


def test_an_export_names_no_handle(auth: Auth, alice: User) -> None:
    token = opened(auth, alice, FIREFOX)

    told: Any = auth.sessions.export(alice).facts

    assert handle_of(auth, token) not in str(told)
    assert [one["agent"] for one in told] == [FIREFOX]
