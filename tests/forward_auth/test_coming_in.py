"""Behind a proxy that asks Vestibule: who comes in, and who is told what."""

from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from conftest import HTML, PASSWORD
from gates import Gate, fill_in

pytest_plugins = ["gatehouse"]

# Addresses that a return address easily loses a part of.
PAGES = [
    "/",
    "/lists?a=1&b=2",
    "/lists?q=100%25&r=%26x%3D1&next=https://evil.example/",
    "/%D1%81%D0%BF%D0%B8%D1%81%D0%BE%D0%BA?q=%C3%A9+%E2%82%AC",
    "/a;b=c/d,e?x=y/z?&=",
]


def asks_to_sign_in(gate: Gate, answer: requests.Response) -> bool:
    """Tell whether an answer leads to the sign-in page, and nothing else."""
    where = answer.headers.get("Location", "")
    return answer.status_code == 302 and where.startswith(
        (f"{gate.account}/login", urlsplit(gate.account).path + "/login")
    )


def test_who_signs_in_comes_back_to_exactly_the_page_asked_for(
    gate: Gate, member: str
) -> None:
    for page in PAGES:
        browser = gate.somebody()
        login = browser.get(gate.site + page)
        assert login.url.startswith(f"{gate.account}/login?next=")
        assert asks_to_sign_in(gate, login.history[0])
        assert gate.application.reached == []
        back = fill_in(browser, login, email=member, password=PASSWORD)

        assert back.url == gate.site + page
        assert gate.reached().path == page


def test_the_application_is_told_who_asks(gate: Gate, member: str) -> None:
    browser = gate.signed_in(member)
    gate.application.says = {"X-Vestibule-User": member}
    answer = browser.get(f"{gate.site}/me")

    told = gate.reached()
    assert told.named("X-Vestibule-User") == [member]
    assert told.named("X-Vestibule-Email") == [f"{member}@example.com"]
    assert told.named("X-Vestibule-Admin") == ["false"]
    (number,) = told.named("X-Vestibule-Id")
    assert number
    assert told.named("Host") == [gate.host]
    assert told.named("X-Forwarded-Proto") == ["https"]
    # A browser gets to know nothing, neither by an application nor by us.
    own = browser.get(f"{gate.account}/check")
    assert [x for x in answer.headers if "vestibule" in x.lower()] == []
    assert [x for x in own.headers if "vestibule" in x.lower()] == []


def test_the_application_gets_all_cookies_but_the_key_to_the_account(
    gate: Gate, member: str
) -> None:
    browser = gate.signed_in(member)
    key = browser.cookies[gate.layout.cookie]
    for cookies in (
        f"a=1; {gate.layout.cookie}={key}; b=2",
        f"{gate.layout.cookie}={key}; a=1; b=2",
        f"a=1; b=2; {gate.layout.cookie}={key}",
        f"a=1; b=2;{gate.layout.cookie}={key}",
    ):
        asking = {**HTML, "Cookie": cookies}
        answer = gate.somebody().get(f"{gate.site}/me", headers=asking)
        assert answer.status_code == 200
        told = gate.reached()

        assert key not in str(told.headers)
        (others,) = told.named("Cookie")
        assert {"a=1", "b=2"} <= set(others.replace(" ", "").split(";"))


def test_files_of_the_proxy_itself_are_behind_the_gate_too(
    gate: Gate, member: str
) -> None:
    paper = f"{gate.site}/files/paper.txt"
    assert asks_to_sign_in(
        gate, gate.somebody().get(paper, allow_redirects=False)
    )

    browser = gate.signed_in(member)
    shown = browser.get(paper)
    assert shown.text == "the members' paper"
    assert shown.headers["Cache-Control"] == "private, no-cache"
    known = {"If-None-Match": shown.headers["ETag"]}
    assert browser.get(paper, headers=known).status_code == 304
    sign_out(gate, browser)
    again = browser.get(paper, headers=known, allow_redirects=False)
    assert asks_to_sign_in(gate, again)


def sign_out(gate: Gate, browser: requests.Session) -> None:
    """Sign out on the page."""
    asked = browser.get(f"{gate.account}/logout")
    assert fill_in(browser, asked).status_code == 200


def test_who_signed_out_is_refused_from_then_on(
    gate: Gate, member: str
) -> None:
    browser = gate.signed_in(member)
    key = browser.cookies[gate.layout.cookie]
    assert browser.get(f"{gate.site}/me").status_code == 200
    gate.reached()
    sign_out(gate, browser)

    assert gate.layout.cookie not in browser.cookies
    kept = {"Cookie": f"{gate.layout.cookie}={key}"}
    for headers in ({}, kept):
        refused = gate.somebody().get(
            f"{gate.site}/me", headers=headers, allow_redirects=False
        )
        assert asks_to_sign_in(gate, refused)
    assert gate.application.reached == []


@pytest.mark.parametrize("words", [["user", "sign-out"], ["user", "disable"]])
def test_who_was_shut_out_by_another_process_is_refused_at_once(
    gate: Gate, member: str, words: list[str]
) -> None:
    browser = gate.signed_in(member)
    assert browser.get(f"{gate.site}/me").status_code == 200
    gate.reached()
    gate.command(*words, member)

    refused = browser.get(f"{gate.site}/me", allow_redirects=False)
    assert asks_to_sign_in(gate, refused)
    assert gate.application.reached == []


def test_a_new_password_shuts_other_browsers_out(
    gate: Gate, member: str
) -> None:
    thief, owner = gate.signed_in(member), gate.signed_in(member)
    new = "a fresh and quite long phrase"
    page = owner.get(f"{gate.account}/password/change")
    fill_in(
        owner,
        page,
        old_password=PASSWORD,
        new_password=new,
        new_password2=new,
    )

    refused = thief.get(f"{gate.site}/me", allow_redirects=False)
    assert asks_to_sign_in(gate, refused)
    assert gate.application.reached == []
    assert owner.get(f"{gate.site}/me").status_code == 200


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {"Accept": "application/json"}),
        ("GET", {"Accept": "*/*"}),
        ("POST", HTML),
        ("PUT", {"Accept": "*/*"}),
    ],
    ids=str,
)
def test_who_does_not_just_look_is_told_401_and_led_nowhere(
    gate: Gate, method: str, headers: dict[str, str]
) -> None:
    refused = gate.somebody().request(
        method,
        f"{gate.site}/api",
        headers=headers,
        data=b"x" * 100_000 if method != "GET" else None,
        allow_redirects=False,
    )

    assert refused.status_code == 401
    assert "Location" not in refused.headers
    assert gate.application.reached == []


def test_a_program_comes_in_with_a_token(gate: Gate, member: str) -> None:
    typed = {"name": member, "password": PASSWORD, "bearer": True}
    program = gate.somebody()
    program.headers["Accept"] = "application/json"
    given = program.post(f"{gate.account}/api/v1/sessions", json=typed)
    assert given.ok, given.text
    program.cookies.clear()
    bearer = {"Authorization": f"Bearer {given.json()['token']}"}
    answer = program.get(f"{gate.site}/api", headers=bearer)

    assert answer.status_code == 200
    told = gate.reached()
    assert told.named("X-Vestibule-User") == [member]
    # The key to the account stays here; a name for the application does not.
    assert told.named("Authorization") == []
    basic = {"Authorization": "Basic YTpi"}
    assert gate.signed_in(member).get(f"{gate.site}/api", headers=basic).ok
    assert gate.reached().named("Authorization") == ["Basic YTpi"]


@pytest.mark.parametrize("is_chunked", [False, True])
def test_large_bodies_reach_the_application_whole(
    gate: Gate, member: str, is_chunked: bool
) -> None:
    pieces = [bytes([n]) * 1_000_000 for n in range(9)]
    whole = b"".join(pieces)
    answer = gate.signed_in(member).post(
        f"{gate.site}/upload", data=iter(pieces) if is_chunked else whole
    )

    assert answer.status_code == 200
    reached = gate.reached()
    assert (reached.method, reached.body == whole) == ("POST", True)


def test_what_a_return_address_holds_is_one_parameter(gate: Gate) -> None:
    page = "/lists?a=1&next=https://evil.example/&x=%26next%3D//evil.example"
    led = gate.somebody().get(gate.site + page, allow_redirects=False)
    asked = parse_qs(urlsplit(led.headers["Location"]).query)

    assert list(asked) == ["next"]
    assert asked["next"] in ([page], [gate.site + page])
