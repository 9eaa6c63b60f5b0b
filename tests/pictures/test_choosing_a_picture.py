"""Choosing a picture on the profile page, and removing it again."""

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from conftest import (
    HTML,
    Browser,
    field_errors,
    form_token,
    notices,
    unadvised,
)
from paintings import BLUE, RED, choose, grown, is_like, opened, painted, svg
from stagecraft import counts, next_page
from vestibule.auth import Auth
from vestibule.ground.pictures import LARGEST_FILE
from vestibule.settings import Settings
from vestibule.user import User

UPDATED = "Profile updated successfully"
SORRY = "Error while profile updating"
LARGE = "The picture must be 2 MB or smaller"
KIND = "The picture must be a JPG, PNG or SVG"
AGAIN = "The picture was not saved either. Choose it again"
USUAL = "/static/vestibule/picture.svg"

one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)


def shown(browser: Browser) -> str:
    """Say the address of the picture on the profile page."""
    found = re.search(r'<img class="picture" src="([^"?]+)', page(browser))
    assert found
    return found[1]


def page(browser: Browser) -> str:
    """Read the profile page."""
    return browser.open("/profile").text


def files(settings: Settings) -> list[Path]:
    """List all files in the folder of pictures."""
    folder = settings.data_folder / "pictures"
    return sorted(folder.iterdir()) if folder.exists() else []


@pytest.fixture
def signed_in(browser: Browser, alice: User) -> Browser:
    """Give the test a browser in which alice is signed in."""
    browser.sign_in("alice")
    return browser


def test_without_a_picture_there_is_a_quiet_one_and_nothing_to_remove(
    signed_in: Browser,
) -> None:
    assert shown(signed_in) == USUAL
    usual = signed_in.open(USUAL, buffered=True)
    assert usual.mimetype == "image/svg+xml"
    assert "Remove picture" not in page(signed_in)
    assert 'accept=".jpg,.jpeg,.svg,.png"' in page(signed_in)
    assert 'enctype="multipart/form-data"' in page(signed_in)


@pytest.mark.parametrize(
    ("content", "name", "media_type", "colour"),
    [
        (painted("PNG", colour=RED), "me.png", "image/png", RED),
        (painted("JPEG", colour=BLUE), "me.JPG", "image/jpeg", BLUE),
        (painted("JPEG", colour=RED), "me.jpeg", "image/jpeg", RED),
        (
            svg('<rect width="40" height="20" fill="#c81e28"/>'),
            "me.svg",
            "image/png",
            RED,
        ),
        # The name says one thing, the content decides.
        (painted("JPEG", colour=BLUE), "me.svg", "image/jpeg", BLUE),
        (painted("PNG", colour=RED), "me.jpeg", "image/png", RED),
    ],
)
def test_a_chosen_picture_is_shown(
    signed_in: Browser,
    content: bytes,
    name: str,
    media_type: str,
    colour: Any,
) -> None:
    answer = choose(signed_in, content, name)

    assert (answer.status_code, answer.location) == (302, "/profile")
    assert notices(next_page(signed_in, answer)) == [UPDATED]
    address = shown(signed_in)
    assert re.fullmatch(r"/pictures/[\w-]{43}\.(png|jpg)", address)
    served = signed_in.open(address)
    assert served.mimetype == media_type
    assert is_like(opened(served.data).convert("RGB").getpixel((9, 9)), colour)
    assert "Remove picture" in page(signed_in)


def test_saving_without_a_file_leaves_the_picture_as_it_is(
    signed_in: Browser,
) -> None:
    choose(signed_in, painted())
    before = shown(signed_in)
    typed = {"username": "alice", "email": "alice@example.com"}

    # As browsers send it, as programs do, and as forms without a file.
    for picture in ({"picture": (BytesIO(b""), "")}, {"picture": ""}, {}):
        answer = signed_in.send("/profile", {**typed, **picture})
        assert notices(next_page(signed_in, answer)) == [UPDATED]
        assert shown(signed_in) == before


@pytest.mark.asvs("5.2.4")
def test_a_new_picture_takes_the_place_of_the_old_one(
    signed_in: Browser, auth: Auth, settings: Settings
) -> None:
    choose(signed_in, painted(colour=RED))
    old = shown(signed_in)

    choose(signed_in, painted(colour=BLUE))

    assert shown(signed_in) != old
    assert signed_in.open(old).status_code == 404
    assert [file.name for file in files(settings)] == [
        shown(signed_in).removeprefix("/pictures/")
    ]
    assert counts(auth)["vestibule_pictures"] == 1


@pytest.mark.asvs("2.3.2", "5.2.1")
@pytest.mark.attack("A39")
@one_database
def test_two_megabytes_are_allowed_and_not_one_byte_more(
    signed_in: Browser, settings: Settings
) -> None:
    answer = choose(signed_in, grown(painted(), LARGEST_FILE))
    assert notices(next_page(signed_in, answer)) == [UPDATED]
    before = shown(signed_in)

    for size in (LARGEST_FILE + 1, LARGEST_FILE + 5_000_000):
        answer = choose(signed_in, grown(painted(), size), username="alice2")
        told = next_page(signed_in, answer)
        assert notices(told) == [SORRY]
        assert field_errors(told) == {"picture": LARGE}
        assert 'name="username" value="alice2"' in told.text
    assert shown(signed_in) == before
    assert len(files(settings)) == 1


@pytest.mark.attack(113, "A39")
@pytest.mark.asvs("5.2.1", "X16")
@one_database
def test_what_is_far_too_large_is_not_even_read(signed_in: Browser) -> None:
    answer = choose(signed_in, b"x" * 9_000_000)

    assert answer.status_code == 413
    assert "What you sent is too large" in answer.text


@pytest.mark.asvs("X16")
@one_database
def test_only_people_who_are_signed_in_may_send_much(
    browser: Browser, signed_in: Browser, app: Flask
) -> None:
    token = form_token(Browser(app).open("/login"))
    typed = {"csrf_token": token, "picture": (BytesIO(b"x" * 99_999), "a.png")}

    answer = app.test_client().post("/profile", data=typed, headers=HTML)

    assert answer.status_code == 413
    # And nobody may anywhere else, nor here in another way.
    for path, sent in (
        ("/password/change", {"picture": (BytesIO(b"x" * 99_999), "a.png")}),
        ("/profile", "picture=" + "x" * 99_999),
        ("/profile", b"x" * 99_999),
    ):
        answer = signed_in.client.post(path, data=sent, headers=HTML)
        assert answer.status_code == 413, path


@one_database
def test_one_text_of_a_form_with_files_stays_small(signed_in: Browser) -> None:
    answer = choose(signed_in, painted(), username="x" * 1_000_000)

    assert answer.status_code == 413


WRONG: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"picture": (BytesIO(painted()), "me.gif")}, {"picture": KIND}),
    ({"picture": (BytesIO(painted()), "png")}, {"picture": KIND}),
    ({"picture": (BytesIO(b""), "me.png")}, {"picture": KIND}),
    ({"picture": (BytesIO(b"hello"), "me.png")}, {"picture": KIND}),
    ({"picture": "me.png"}, {"picture": "This field must be a file"}),
    (
        {
            "picture": [
                (BytesIO(painted()), "a.png"),
                (BytesIO(painted()), "b.png"),
            ]
        },
        {"picture": "This field was sent more than once"},
    ),
    (
        {
            "picture": (BytesIO(painted()), "me.png"),
            "username": (BytesIO(b"alice"), "alice"),
        },
        {"username": "This field takes no file", "picture": AGAIN},
    ),
    # A form tells everything that is wrong at once.
    (
        {"picture": (BytesIO(b"x"), "me.gif"), "username": "", "email": ""},
        {
            "picture": KIND,
            "username": "Enter a username",
            "email": "Enter your email address",
        },
    ),
    (
        {"picture": (BytesIO(b"x"), "me.png"), "username": "x y"},
        {
            "picture": KIND,
            "username": "Username can contain letters, numbers, dots, dashes "
            "and underscores, and starts with a letter or number",
        },
    ),
    (
        {"picture": (BytesIO(b"x"), "me.gif"), "username": "x y"},
        {
            "picture": KIND,
            "username": "Username can contain letters, numbers, dots, dashes "
            "and underscores, and starts with a letter or number",
        },
    ),
    # And what else was right is told to be sent again.
    (
        {"picture": (BytesIO(painted()), "me.png"), "username": ""},
        {"picture": AGAIN, "username": "Enter a username"},
    ),
]


@pytest.mark.parametrize(("typed", "errors"), WRONG)
def test_after_an_error_nothing_is_changed_and_all_is_said(
    signed_in: Browser,
    auth: Auth,
    settings: Settings,
    typed: dict[str, Any],
    errors: dict[str, str],
) -> None:
    choose(signed_in, painted())
    before = shown(signed_in), files(settings)
    fresh = {
        name: [(BytesIO(p.getvalue()), n) for p, n in value]
        if isinstance(value, list)
        else (BytesIO(value[0].getvalue()), value[1])
        if isinstance(value, tuple)
        else value
        for name, value in typed.items()
    }

    answer = signed_in.send(
        "/profile",
        {"username": "alice2", "email": "alice@example.com", **fresh},
    )

    told = next_page(signed_in, answer)
    assert (answer.location, notices(told)) == ("/profile", [SORRY])
    assert field_errors(told) == errors
    assert (shown(signed_in), files(settings)) == before
    assert counts(auth)["vestibule_pictures"] == 1
    assert "<dd>alice</dd>" in page(signed_in)


def test_a_taken_username_leaves_the_old_picture_and_no_new_file(
    signed_in: Browser, auth: Auth, settings: Settings, bob: User
) -> None:
    choose(signed_in, painted(colour=RED))
    before = shown(signed_in), files(settings)

    answer = choose(signed_in, painted(colour=BLUE), username="bob")

    told = next_page(signed_in, answer)
    assert unadvised(field_errors(told)) == {
        "username": "This username is already in use.",
        "picture": AGAIN,
    }
    assert (shown(signed_in), files(settings)) == before
    assert counts(auth)["vestibule_pictures"] == 1


@pytest.mark.settings(name_fields="true")
def test_a_picture_goes_along_with_names(
    signed_in: Browser, auth: Auth, alice: User
) -> None:
    choose(signed_in, painted(), first_name="Alice", last_name="Liddell")

    assert auth.db.find_user_by(id=alice.id).last_name == "Liddell"
    assert auth.pictures.of(alice) is not None
    order = re.findall(r'<input[^>]* name="(\w+)"', page(signed_in))
    assert order[-1] == "picture"


def test_removing_brings_the_quiet_picture_back(
    signed_in: Browser, auth: Auth, settings: Settings
) -> None:
    choose(signed_in, painted())
    address = shown(signed_in)
    token = form_token(signed_in.open("/profile"))

    for _ in range(2):
        answer = signed_in.client.post(
            "/profile/picture/delete",
            data={"csrf_token": token},
            headers=HTML,
        )
        assert answer.location == "/profile"
        told = next_page(signed_in, answer)
        assert notices(told) == ["Your picture was removed"]
    assert shown(signed_in) == USUAL
    assert signed_in.open(address).status_code == 404
    assert files(settings) == []
    assert counts(auth)["vestibule_pictures"] == 0


def test_nobody_else_removes_a_picture(
    signed_in: Browser, new_browser: Callable[[], Browser]
) -> None:
    choose(signed_in, painted())
    before = shown(signed_in)

    for who, data, status in (
        (new_browser(), {}, 401),
        (signed_in, {}, 302),
        (signed_in, {"csrf_token": "guessed"}, 302),
        (signed_in, {"user_id": "1"}, 302),
    ):
        answer = who.client.post(
            "/profile/picture/delete", data=data, headers=HTML
        )
        assert answer.status_code == status
    foreign = signed_in.client.post(
        "/profile/picture/delete",
        data={"csrf_token": form_token(signed_in.open("/profile"))},
        headers={**HTML, "Sec-Fetch-Site": "cross-site"},
    )
    assert foreign.status_code == 403
    assert shown(signed_in) == before


def test_a_program_still_gets_the_address_and_nothing_more(
    signed_in: Browser,
) -> None:
    choose(signed_in, painted())

    answer = signed_in.client.get("/profile")

    assert answer.data == b'{"email":"alice@example.com"}'


def test_russian_readers_are_told_in_russian(signed_in: Browser) -> None:
    russian = {**HTML, "Accept-Language": "ru"}
    token = form_token(signed_in.open("/profile"))
    signed_in.client.post(
        "/profile",
        data={
            "csrf_token": token,
            "username": "alice",
            "email": "alice@example.com",
            "picture": (BytesIO(b"GIF89a"), "me.png"),
        },
        headers=russian,
    )

    told = signed_in.client.get("/profile", headers=russian)

    assert "Новая фотография (необязательно)" in told.text
    assert "Изображение должно быть в формате JPG, PNG или SVG" in told.text
