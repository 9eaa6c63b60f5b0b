"""Where a sign-in leads, and how long it lasts."""

import pytest

from conftest import Browser, TurnableClock, account, notices
from stagecraft import counts
from vestibule.auth import Auth
from vestibule.user import User

DAY = 86_400
HERE = ["/password/change", "/profile?tab=1&x=%2F", "/a/b.c~d#e", "/"]
ELSEWHERE = [
    "",
    "profile",
    "?x",
    "#x",
    "evil.example",
    "//evil.example",
    "///evil.example",
    "////evil.example/",
    "/\\evil.example",
    "\\/evil.example",
    "\\\\evil.example",
    "//evil.example\\@localhost",
    "//localhost/profile",
    "http://localhost/profile",
    "https://evil.example/",
    "http:evil.example",
    "https:/evil.example",
    "https:///evil.example",
    "https://localhost@evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "/javascript:alert(1)\n",
    "data:text/html,x",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/ /evil.example",
    "\x00//evil.example",
    "/\x00/evil.example",
    "/%09/evil.example",
    "/%0a/evil.example",
    "/%0D%0A/evil.example",
    "/%2fevil.example",
    "/%2F%2Fevil.example",
    "/%5cevil.example",
    "/%5Cevil.example",
    "/profile\r\nSet-Cookie: session_id=x",
    "/\u2028/evil.example",
    "/\u00a0/evil.example",
    "/／evil.example",
    "／／evil.example",
    "/profile\\..\\..\\evil",
    "/" + "a" * 600,
]


def test_a_sign_in_leads_where_the_person_was_going(
    browser: Browser, alice: User
) -> None:
    sent_away = browser.open("/password/change")
    assert sent_away.location == "/login?next=/password/change"
    asked = browser.open(sent_away.location)
    assert notices(asked) == ["Sign in to continue"]

    response = browser.send(
        sent_away.location, email="alice", password="a wrong guess"
    )
    assert response.status_code == 401
    assert notices(response) == ["Invalid credentials. Try again"]
    for path in ("/login", "/login?next=https://evil.example/"):
        assert notices(browser.open(path)) == []

    response = browser.send(
        sent_away.location,
        email="alice",
        password="correct horse battery staple",
    )
    assert response.location == "/password/change"


@pytest.mark.attack(80, "A28")
def test_a_sign_in_never_leads_to_another_site(
    browser: Browser, alice: User
) -> None:
    for wanted in HERE + ELSEWHERE:
        token = browser.client.get("/login").text.partition(
            'csrf_token" value="'
        )[2]
        response = browser.client.post(
            "/login",
            query_string={"next": wanted},
            data={
                "email": "alice",
                "password": "correct horse battery staple",
                "csrf_token": token.partition('"')[0],
            },
        )
        assert response.status_code == 302
        expected = wanted if wanted in HERE else "/profile"
        assert response.location == expected, repr(wanted)
        assert response.headers.getlist("Location") == [expected]
        browser.client.delete_cookie("session_id")


@pytest.mark.settings(after_login="/users/<username>")
def test_the_operator_chooses_where_a_sign_in_leads(
    browser: Browser, auth: Auth
) -> None:
    account(auth, "Alice.B-2_c")

    response = browser.sign_in("alice.b-2_c")
    assert response.location == "/users/Alice.B-2_c"

    browser.send("/logout")
    response = browser.send(
        "/login?next=/profile",
        email="alice.b-2_c",
        password="correct horse battery staple",
    )
    assert response.location == "/profile"


def test_signed_in_people_are_never_shown_the_pages_for_strangers(
    browser: Browser, auth: Auth, alice: User
) -> None:
    browser.sign_in("alice")
    token = auth.password_reset.issue(alice)
    before = counts(auth)

    for path in (
        "/register",
        "/login",
        "/login?next=/password/change",
        "/password_reset",
        f"/password_reset/{token}",
        f"/password_reset?token={token}",
        "/password_reset/nonsense",
    ):
        looked = browser.open(path)
        sent = browser.client.post(path, data={"email": "x@example.com"})
        for response in (looked, sent):
            assert response.status_code == 302, path
            assert response.location == "/profile"

    assert counts(auth) == before


@pytest.mark.attack(63)
def test_a_session_ends_with_the_browser_unless_it_is_remembered(
    browser: Browser, alice: User, clock: TurnableClock
) -> None:
    response = browser.sign_in("alice")
    [cookie] = _session_cookies(response.headers.getlist("Set-Cookie"))
    assert cookie == {"httponly": "", "path": "/", "samesite": "Lax"}

    browser.send("/logout")
    response = browser.send(
        "/login",
        email="alice",
        password="correct horse battery staple",
        remember="true",
    )
    [cookie] = _session_cookies(response.headers.getlist("Set-Cookie"))
    assert cookie.pop("expires")
    assert cookie == {
        "httponly": "",
        "path": "/",
        "samesite": "Lax",
        "max-age": str(30 * DAY),
    }


@pytest.mark.asvs("7.3.2", "N27")
def test_a_remembered_session_lasts_thirty_days_and_no_longer(
    browser: Browser, auth: Auth, alice: User, clock: TurnableClock
) -> None:
    signed_in = auth.login.with_password(
        "alice", "correct horse battery staple", remember=True
    )

    clock.turn(days=30, seconds=-1)
    assert auth.get_user_from_session_id(signed_in.token) is not None
    clock.turn(seconds=1)
    assert auth.get_user_from_session_id(signed_in.token) is None


@pytest.mark.attack(72, "A17")
@pytest.mark.asvs("3.3.1", "3.3.3", "12.2.1", "N22", "N24")
@pytest.mark.settings(base_url="https://id.example.com")
def test_under_https_the_cookie_is_bound_to_this_host(
    browser: Browser, auth: Auth, alice: User
) -> None:
    response = browser.client.post(
        "/sessions",
        json={
            "email": "alice@example.com",
            "password": "correct horse battery staple",
        },
    )

    whole, device = response.headers.getlist("Set-Cookie")
    assert whole.startswith("__Host-session_id=")
    assert device.startswith("__Host-vestibule_device=")
    [cookie] = _session_cookies([whole])
    assert cookie == {
        "secure": "",
        "httponly": "",
        "path": "/",
        "samesite": "Lax",
    }


def _session_cookies(headers: list[str]) -> list[dict[str, str]]:
    """Read the attributes of the session cookies that an answer sets."""
    return [
        {
            name.strip().lower(): value
            for name, _, value in (
                part.partition("=") for part in header.split(";")[1:]
            )
        }
        for header in headers
        if "session_id=" in header.split(";")[0]
    ]
