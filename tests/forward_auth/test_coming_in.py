"""Behind a proxy that asks Vestibule: who comes in, and who is told what."""

from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from conftest import HTML, PASSWORD
from guarded_sites import GuardedSite, fill_in

pytest_plugins = ["guarded_fixtures"]

# Addresses that a return address easily loses a part of.
PAGES = [
    "/",
    "/lists?a=1&b=2",
    "/lists?q=100%25&r=%26x%3D1&next=https://evil.example/",
    "/%D1%81%D0%BF%D0%B8%D1%81%D0%BE%D0%BA?q=%C3%A9+%E2%82%AC",
    "/a;b=c/d,e?x=y/z?&=",
]


def asks_to_sign_in(guarded: GuardedSite, answer: requests.Response) -> bool:
    """Tell whether an answer leads to the sign-in page, and nothing else."""
    where = answer.headers.get("Location", "")
    return answer.status_code == 302 and where.startswith(
        (f"{guarded.account}/login", urlsplit(guarded.account).path + "/login")
    )


def test_who_signs_in_comes_back_to_exactly_the_page_asked_for(
    guarded: GuardedSite, member: str
) -> None:
    for page in PAGES:
        browser = guarded.somebody()
        login = browser.get(guarded.site + page)
        assert login.url.startswith(f"{guarded.account}/login?next=")
        assert asks_to_sign_in(guarded, login.history[0])
        assert guarded.application.reached == []
        back = fill_in(browser, login, email=member, password=PASSWORD)

        assert back.url == guarded.site + page
        assert guarded.reached().path == page


def test_the_application_is_told_who_asks(
    guarded: GuardedSite, member: str
) -> None:
    browser = guarded.signed_in(member)
    guarded.application.says = {"X-Vestibule-User": member}
    answer = browser.get(f"{guarded.site}/me")

    told = guarded.reached()
    assert told.named("X-Vestibule-User") == [member]
    assert told.named("X-Vestibule-Email") == [f"{member}@example.com"]
    assert told.named("X-Vestibule-Admin") == ["false"]
    (number,) = told.named("X-Vestibule-Id")
    assert number
    assert told.named("Host") == [guarded.host]
    assert told.named("X-Forwarded-Proto") == ["https"]
    # A browser gets to know nothing, neither by an application nor by us.
    own = browser.get(f"{guarded.account}/check")
    assert [x for x in answer.headers if "vestibule" in x.lower()] == []
    assert [x for x in own.headers if "vestibule" in x.lower()] == []


def test_the_application_gets_all_cookies_but_the_key_to_the_account(
    guarded: GuardedSite, member: str
) -> None:
    browser = guarded.signed_in(member)
    key = browser.cookies[guarded.layout.cookie]
    for cookies in (
        f"a=1; {guarded.layout.cookie}={key}; b=2",
        f"{guarded.layout.cookie}={key}; a=1; b=2",
        f"a=1; b=2; {guarded.layout.cookie}={key}",
        f"a=1; b=2;{guarded.layout.cookie}={key}",
    ):
        asking = {**HTML, "Cookie": cookies}
        answer = guarded.somebody().get(f"{guarded.site}/me", headers=asking)
        assert answer.status_code == 200
        told = guarded.reached()

        assert key not in str(told.headers)
        (others,) = told.named("Cookie")
        assert {"a=1", "b=2"} <= set(others.replace(" ", "").split(";"))


def test_files_of_the_proxy_itself_are_guarded_too(
    guarded: GuardedSite, member: str
) -> None:
    paper = f"{guarded.site}/files/paper.txt"
    assert asks_to_sign_in(
        guarded, guarded.somebody().get(paper, allow_redirects=False)
    )

    browser = guarded.signed_in(member)
    shown = browser.get(paper)
    assert shown.text == "the members' paper"
    assert shown.headers["Cache-Control"] == "private, no-cache"
    known = {"If-None-Match": shown.headers["ETag"]}
    assert browser.get(paper, headers=known).status_code == 304
    sign_out(guarded, browser)
    again = browser.get(paper, headers=known, allow_redirects=False)
    assert asks_to_sign_in(guarded, again)


def sign_out(guarded: GuardedSite, browser: requests.Session) -> None:
    """Sign out on the page."""
    asked = browser.get(f"{guarded.account}/logout")
    assert fill_in(browser, asked).status_code == 200


def test_who_signed_out_is_refused_from_then_on(
    guarded: GuardedSite, member: str
) -> None:
    browser = guarded.signed_in(member)
    key = browser.cookies[guarded.layout.cookie]
    assert browser.get(f"{guarded.site}/me").status_code == 200
    guarded.reached()
    sign_out(guarded, browser)

    assert guarded.layout.cookie not in browser.cookies
    kept = {"Cookie": f"{guarded.layout.cookie}={key}"}
    for headers in ({}, kept):
        refused = guarded.somebody().get(
            f"{guarded.site}/me", headers=headers, allow_redirects=False
        )
        assert asks_to_sign_in(guarded, refused)
    assert guarded.application.reached == []


@pytest.mark.parametrize("words", [["user", "sign-out"], ["user", "disable"]])
def test_who_was_shut_out_by_another_process_is_refused_at_once(
    guarded: GuardedSite, member: str, words: list[str]
) -> None:
    browser = guarded.signed_in(member)
    assert browser.get(f"{guarded.site}/me").status_code == 200
    guarded.reached()
    guarded.command(*words, member)

    refused = browser.get(f"{guarded.site}/me", allow_redirects=False)
    assert asks_to_sign_in(guarded, refused)
    assert guarded.application.reached == []


def test_a_new_password_shuts_other_browsers_out(
    guarded: GuardedSite, member: str
) -> None:
    thief, owner = guarded.signed_in(member), guarded.signed_in(member)
    new = "a fresh and quite long phrase"
    page = owner.get(f"{guarded.account}/password/change")
    fill_in(
        owner,
        page,
        old_password=PASSWORD,
        new_password=new,
        new_password2=new,
    )

    refused = thief.get(f"{guarded.site}/me", allow_redirects=False)
    assert asks_to_sign_in(guarded, refused)
    assert guarded.application.reached == []
    assert owner.get(f"{guarded.site}/me").status_code == 200


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
    guarded: GuardedSite, method: str, headers: dict[str, str]
) -> None:
    refused = guarded.somebody().request(
        method,
        f"{guarded.site}/api",
        headers=headers,
        data=b"x" * 100_000 if method != "GET" else None,
        allow_redirects=False,
    )

    assert refused.status_code == 401
    assert "Location" not in refused.headers
    assert guarded.application.reached == []


def test_a_program_comes_in_with_a_token(
    guarded: GuardedSite, member: str
) -> None:
    typed = {"name": member, "password": PASSWORD, "bearer": True}
    program = guarded.somebody()
    program.headers["Accept"] = "application/json"
    given = program.post(f"{guarded.account}/api/v1/sessions", json=typed)
    assert given.ok, given.text
    program.cookies.clear()
    bearer = {"Authorization": f"Bearer {given.json()['token']}"}
    answer = program.get(f"{guarded.site}/api", headers=bearer)

    assert answer.status_code == 200
    told = guarded.reached()
    assert told.named("X-Vestibule-User") == [member]
    # The key to the account stays here; a name for the application does not.
    assert told.named("Authorization") == []
    basic = {"Authorization": "Basic YTpi"}
    assert (
        guarded.signed_in(member).get(f"{guarded.site}/api", headers=basic).ok
    )
    assert guarded.reached().named("Authorization") == ["Basic YTpi"]


@pytest.mark.parametrize("is_chunked", [False, True])
def test_large_bodies_reach_the_application_whole(
    guarded: GuardedSite, member: str, is_chunked: bool
) -> None:
    pieces = [bytes([n]) * 1_000_000 for n in range(9)]
    whole = b"".join(pieces)
    answer = guarded.signed_in(member).post(
        f"{guarded.site}/upload", data=iter(pieces) if is_chunked else whole
    )

    assert answer.status_code == 200
    reached = guarded.reached()
    assert (reached.method, reached.body == whole) == ("POST", True)


def test_what_a_return_address_holds_is_one_parameter(
    guarded: GuardedSite,
) -> None:
    page = "/lists?a=1&next=https://evil.example/&x=%26next%3D//evil.example"
    led = guarded.somebody().get(guarded.site + page, allow_redirects=False)
    asked = parse_qs(urlsplit(led.headers["Location"]).query)

    assert list(asked) == ["next"]
    assert asked["next"] in ([page], [guarded.site + page])
