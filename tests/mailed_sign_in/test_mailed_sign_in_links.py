"""Signing in by a link: in any browser, by a button, once."""

import re
from collections.abc import Callable

import pytest

from conftest import HTML, PASSWORD, Browser, Postbox
from phones import second_step, signed_in, with_app
from stagecraft import tables_holding
from vestibule.auth import Auth
from vestibule.errors import Expired, NotProven
from vestibule.policy import OPERATOR
from vestibule.user import User

pytestmark = pytest.mark.settings(mailed_sign_in="true")
ASK = "/login/code"
LINK = "/login/code/"
STRANGE = "Nobody has asked for this in this browser"


def link_of(text: str) -> str:
    """Read the link in a letter, without the host."""
    found = re.search(r"(/login/code/[\w-]{43})$", text, re.M)
    assert found, text
    return found[1]


@pytest.mark.asvs("6.5.1")
def test_the_link_signs_in_once_and_uses_the_code_up(
    browser: Browser, alice: User, postbox: Postbox
) -> None:
    browser.send(ASK, email="alice")
    letter = postbox.empty()[-1].text
    link = link_of(letter)
    code = letter.partition("asked for it:\n")[2].split("\n")[0]

    assert browser.send(link).location == "/profile"

    assert signed_in(browser)
    browser.send("/logout")
    assert browser.open(link).location == ASK
    assert "does not work any more" in browser.open(ASK).text
    browser.send(ASK, email="alice")
    assert browser.send("/login/code/enter", code=code).status_code == 401


@pytest.mark.attack("A14")
@pytest.mark.asvs("6.6.2", "14.2.1")
def test_a_scanner_that_opens_everything_uses_nothing_up(
    new_browser: Callable[[], Browser], alice: User, postbox: Postbox
) -> None:
    browser = new_browser()
    browser.send(ASK, email="alice")
    link = link_of(postbox.empty()[-1].text)

    for _ in range(3):
        scanner = new_browser()
        scanner.client.head(link, headers=HTML)
        page = scanner.follow(link)
        assert page.status_code == 200
        assert link.rpartition("/")[2] not in page.text
        assert scanner.open("/login/code/link").status_code == 200
        assert scanner.client.post(link, headers=HTML).status_code == 303
        assert not signed_in(scanner)
    assert browser.send(link).location == "/profile"


def test_in_another_browser_the_page_says_whose_account_it_is(
    new_browser: Callable[[], Browser], alice: User, postbox: Postbox
) -> None:
    mine, other = new_browser(), new_browser()
    mine.send(ASK, email="alice")
    link = link_of(postbox.empty()[-1].text)

    here, there = mine.follow(link).text, other.follow(link).text

    for text in (here, there):
        assert "sign in to the account alice of a•••@example.com" in text
    assert STRANGE not in here
    assert STRANGE in there
    assert other.send(link).location == "/profile"


def test_a_form_of_another_link_signs_nobody_in(
    browser: Browser, alice: User, bob: User, postbox: Postbox
) -> None:
    links = []
    for name in ("alice", "bob"):
        browser.send(ASK, email=name)
        links.append(link_of(postbox.empty()[-1].text))
    old = browser.follow(links[0])
    browser.follow(links[1])
    found = re.findall(r'name="(csrf_token|link)" value="([^"]+)"', old.text)

    sent = browser.client.post(
        "/login/code/link", data=dict(found), headers=HTML
    )

    assert sent.status_code == 409
    assert not signed_in(browser)


@pytest.mark.attack(20, 47, 48)
@pytest.mark.asvs("6.3.6")
def test_the_second_factor_is_asked_for_here_too(
    browser: Browser, auth: Auth, alice: User, postbox: Postbox
) -> None:
    phone = with_app(auth, alice)
    auth.mailed_sign_in.ask("alice")

    answer = browser.send(link_of(postbox.empty()[-1].text))

    assert answer.location == "/login/verify"
    assert not signed_in(browser)
    assert second_step(browser, phone.code()).location == "/profile"


@pytest.mark.attack(100)
@pytest.mark.parametrize(
    "act", ["password", "reset", "sign out", "contract", "address", "delete"]
)
def test_what_changes_the_account_voids_the_letter(
    browser: Browser, auth: Auth, alice: User, postbox: Postbox, act: str
) -> None:
    ticket = auth.mailed_sign_in.ask("alice")
    letter = postbox.empty()[-1].text
    new = "seven purple llamas"
    if act == "password":
        auth.passwords.change(alice, PASSWORD, new)
    elif act == "reset":
        token = auth.password_reset.issue(alice)
        auth.password_reset.finish(token, new)
    elif act == "sign out":
        auth.sessions.open(alice.id)
        browser.sign_in("alice")
        browser.send("/account/sessions/others")
        browser.send("/logout")
    elif act == "contract":
        auth.destroy_session(alice.id)
    elif act == "address":
        auth.email_changes.make(alice, "alice@new.example")
    else:
        auth.deletion.delete(alice, by=OPERATOR)

    assert browser.open(link_of(letter)).location == ASK
    code = letter.partition("asked for it:\n")[2].split("\n")[0]
    with pytest.raises(Exception, match="not correct"):
        auth.mailed_sign_in.by_code("alice", code, [ticket])


@pytest.mark.attack(11)
def test_a_link_of_a_reset_or_a_confirmation_signs_nobody_in(
    browser: Browser, auth: Auth, alice: User
) -> None:
    for token in (
        auth.password_reset.issue(alice),
        auth.mailed_tokens.issue(alice.id, "email_verification", alice.email),
    ):
        assert browser.open(LINK + token).location == ASK


@pytest.mark.attack(10)
@pytest.mark.asvs("6.6.2")
def test_a_letter_to_an_address_of_before_signs_nobody_in(
    auth: Auth, alice: User
) -> None:
    old = "alice@old.example"
    mailed = auth.mailed_tokens.issue_with_code(
        alice.id, "mailed_sign_in", old
    )
    own = auth.mailed_sign_in
    print_ = auth.mailed_tokens.print_of(alice.id, "mailed_sign_in")
    ticket = own._asking.ticket(alice.id, print_)

    with pytest.raises(Expired):
        own.look(mailed.token)
    with pytest.raises(Expired):
        own.by_link(mailed.token)
    with pytest.raises(NotProven):
        own.by_code("alice", mailed.code, [ticket])


@pytest.mark.asvs("6.5.1")
def test_the_database_keeps_neither_code_nor_token_nor_ticket(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    ticket = auth.mailed_sign_in.ask("alice")
    letter = postbox.empty()[-1].text
    code = letter.partition("asked for it:\n")[2].split("\n")[0]

    for secret in (
        link_of(letter).rpartition("/")[2],
        code,
        code.replace(" ", ""),
        ticket,
    ):
        assert tables_holding(auth, secret) == set()


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_letter_is_in_the_language_of_whoever_reads_it(
    auth: Auth, alice: User, postbox: Postbox, language: str
) -> None:
    auth.preferences.choose(alice, language=language)
    auth.mailed_sign_in.ask("alice")

    [letter] = postbox.empty()
    said = {
        "en": (
            "If you did not ask for this, ignore this message.",
            "Do not tell anybody the code",
            "10 minutes",
        ),
        "ru": (
            "Если вы об этом не просили, не обращайте внимания",
            "Никому не говорите код",
            "минут",
        ),
    }[language]
    for text in said:
        assert text in letter.text
    assert not re.search(r"\d{4}", letter.subject)
