"""Showing pictures: to people who are signed in, and as nothing else."""

from collections.abc import Callable
from urllib.parse import quote

import pytest
from flask import Flask

from conftest import HTML, Browser
from paintings import painted
from vestibule.auth import Auth
from vestibule.settings import Settings
from vestibule.user import User

one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)


def given(auth: Auth, user: User, content: bytes = b"") -> str:
    """Give somebody a picture, and say its address."""
    prepared = auth.pictures.prepare(content or painted())
    return f"/pictures/{auth.pictures.replace(user, prepared).name}"


def test_anybody_who_is_signed_in_sees_it_and_nobody_else(
    auth: Auth, new_browser: Callable[[], Browser], alice: User, bob: User
) -> None:
    address = given(auth, alice)
    signed_in, stranger = new_browser(), new_browser()
    signed_in.sign_in("bob")

    for accept in (HTML, {"Accept": "image/avif,image/webp,*/*"}, {}):
        answer = signed_in.client.get(address, headers=accept)
        assert (answer.status_code, answer.mimetype) == (200, "image/png")
        refused = stranger.client.get(address, headers=accept)
        assert refused.status_code == (302 if accept == HTML else 401)
        assert answer.data not in refused.data


@pytest.mark.asvs("3.2.1", "5.3.1", "5.4.1")
@pytest.mark.attack(106, 107, "A41")
def test_it_is_served_as_a_picture_and_as_nothing_else(
    auth: Auth, browser: Browser, alice: User
) -> None:
    browser.sign_in("alice")
    for content, kind, ending in (
        (painted("PNG"), "image/png", "png"),
        (painted("JPEG"), "image/jpeg", "jpg"),
    ):
        answer = browser.open(given(auth, alice, content))

        assert answer.headers["Content-Type"] == kind
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Disposition"] == (
            f"inline; filename=picture.{ending}"
        )
        assert answer.headers["Content-Security-Policy"] == (
            "default-src 'none'; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'; sandbox"
        )
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers


def test_its_head_can_be_asked_for(
    auth: Auth, browser: Browser, alice: User
) -> None:
    browser.sign_in("alice")
    address = given(auth, alice)

    head = browser.client.head(address)

    assert (head.status_code, head.data) == (200, b"")
    assert head.content_length == len(browser.open(address).data)
    assert browser.client.post(address, headers=HTML).status_code == 405


@one_database
def test_a_bearer_of_a_token_sees_it(
    app: Flask, auth: Auth, alice: User
) -> None:
    address = given(auth, alice)
    token = auth.sessions.open(alice.id)

    answer = app.test_client().get(
        address, headers={"Authorization": f"Bearer {token}"}
    )

    assert answer.mimetype == "image/png"


def test_what_is_no_picture_is_not_there(
    auth: Auth, browser: Browser, alice: User, settings: Settings
) -> None:
    browser.sign_in("alice")
    name = given(auth, alice).rpartition("/")[2]
    spare = settings.data_folder / "pictures" / f"{'A' * 43}.png"
    spare.write_bytes(painted())
    (settings.data_folder / "secret.png").write_bytes(painted())

    for odd in (
        spare.name,
        name.upper(),
        f"{name}x",
        name.removesuffix(".png"),
        name.replace(".png", ".jpg"),
        f".{name}",
        f"{name}%0a",
        f"{name}\x00.png",
        "../secret.png",
        "..%2fsecret.png",
        "....//secret.png",
        "/etc/passwd",
        "é.png",
        "A" * 5000,
        "",
        ".",
        "..",
    ):
        for path in (odd, quote(odd, safe=""), quote(quote(odd, safe=""))):
            answer = browser.open(f"/pictures/{path}")
            assert answer.status_code in (404, 405), path
            assert b"IHDR" not in answer.data


def test_a_picture_that_is_nobodys_yet_is_not_shown(
    auth: Auth, browser: Browser, alice: User
) -> None:
    browser.sign_in("alice")
    prepared = auth.pictures.prepare(painted())

    with auth.pictures.stored(prepared):
        answer = browser.open(f"/pictures/{prepared.picture.name}")

    assert answer.status_code == 404


def test_a_lost_file_is_missing_and_a_broken_disk_is_no_bug(
    auth: Auth, browser: Browser, alice: User, settings: Settings
) -> None:
    browser.sign_in("alice")
    address = given(auth, alice)
    file = settings.data_folder / address.lstrip("/")
    file.unlink()
    assert browser.open(address).status_code == 404
    assert browser.open("/profile").status_code == 200

    # The name leads to something that cannot be read.
    file.mkdir()
    answer = browser.open(address)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
