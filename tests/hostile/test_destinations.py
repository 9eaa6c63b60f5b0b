"""A destination that is let through stays here, as a real browser reads it.

The oracle is the URL parser of Chromium, never a rule of our own: of the
many rules written by hand, in other projects, nearly all were wrong once.
"""

import shutil
from collections.abc import Callable, Iterator
from urllib.parse import quote, urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from playwright.sync_api import Page, sync_playwright
from werkzeug.urls import iri_to_uri

from conftest import PASSWORD
from conftest import Browser as Visitor
from hostility import LONG, odd_texts, tries
from tricks import CORPUS, STARTS, URLISH
from vestibule.doors.destinations import LONGEST, checked
from vestibule.user import User

HERE = "https://id.example.com"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
]
RESOLVE = """texts => texts.map(text => {
    try { return new URL(text, "https://id.example.com/login").origin; }
    catch (error) { return "no address"; }
})"""


@pytest.fixture(scope="module")
def origins() -> Iterator[Callable[[list[str]], list[str]]]:
    """Ask a real Chromium where destinations would lead from our page."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "Chromium is missing. Install the package chromium."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=ARGUMENTS
        )
        page: Page = browser.new_page()
        yield lambda texts: page.evaluate(RESOLVE, texts)
        browser.close()


@pytest.mark.attack(80, 81, 82, 83, "A28")
@pytest.mark.asvs("1.5.3", "X23")
@pytest.mark.browser
def test_what_is_let_through_stays_here_as_chromium_reads_it(
    origins: Callable[[list[str]], list[str]],
) -> None:
    let_through = [text for text in CORPUS if checked(text)]
    refused = [text for text in CORPUS if not checked(text)]

    assert len(let_through) > 100
    assert set(origins(let_through)) == {HERE}
    # Nothing is proven by an oracle that finds everything harmless.
    assert len(set(origins(refused))) > 5


@pytest.mark.attack(80, 81, 82, "A28")
@pytest.mark.browser
def test_no_text_at_all_leads_chromium_away(
    origins: Callable[[list[str]], list[str]],
) -> None:
    @tries(30)
    @given(
        st.lists(
            st.builds("{}{}".format, st.sampled_from(STARTS), URLISH)
            | odd_texts().map(lambda text: f"/{text}")
            | URLISH.map(lambda text: f"/{text}"),
            min_size=200,
            max_size=600,
        )
    )
    @example(
        ["/.//evil.example", "/..//evil.example", "/%2e%2e//evil.example"]
    )
    def resolve(texts: list[str]) -> None:
        """Resolve many texts at once."""
        let_through = [text for text in texts if checked(text)]
        assert set(origins(let_through)) <= {HERE}

    resolve()


@tries(500)
@given(odd_texts() | URLISH | st.sampled_from(CORPUS))
@example(text="/" + "a" * LONGEST)
@example(text="/a\n")
@example(text="/٣")
def test_what_is_let_through_is_a_short_plain_path(text: str) -> None:
    kept = checked(text)

    if kept is not None:
        assert kept == text
        assert len(kept) <= LONGEST
        assert kept.isascii()
        assert kept.isprintable()
        assert not set(kept) & set(' \\"<>\r\n\t') - {'"', "<", ">"}
        assert urlsplit(urljoin(f"{HERE}/login", kept)).netloc == (
            "id.example.com"
        )
        assert not kept.startswith(("//", "/\\"))


@pytest.mark.attack(80, 83, "A28")
@pytest.mark.settings(
    attempts_per_account=1_000_000, attempts_per_address=1_000_000
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_destination_of_the_corpus_at_the_sign_in_page(
    browser: Visitor, alice: User, origins: Callable[[list[str]], list[str]]
) -> None:
    found = []
    for text in CORPUS if LONG else CORPUS[::9]:
        browser.client.delete_cookie("session_id")
        path = f"/login?next={quote(text, errors='replace')}"
        answer = browser.send(path, email="alice", password=PASSWORD)
        assert answer.status_code == 302, text
        assert answer.location == iri_to_uri(checked(text) or "/profile")
        found.append(answer.location)

    assert set(origins(found)) == {HERE}
    assert len(set(found)) > 10
