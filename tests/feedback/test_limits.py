"""How long feedback may be, in characters as people count them."""

from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask

from conftest import HTML, Browser, field_errors, form_token
from programs import Program, spots, told
from vestibule.auth import Auth
from vestibule.errors import Missing
from vestibule.policy import OPERATOR
from vestibule.user import User

TITLE = "Title must be 100 characters or fewer"
CONTENT = "Feedback must be 10,000 characters or fewer"
CANNOT = "This field contains characters that cannot be typed"
# One code point each, or two that people see as one; by UTF-8 up to four
# bytes, in a form up to twelve.
LETTERS = ["a", "é", "ы", "字", "\U0001f98a", "&"]
BLANK = ["", " ", "\u00a0", "\u3000 \t", "\u200b", "\ufeff \u2060", "\u00ad"]
BLANK += ["\u2800", "\u3164 \u115f", "\uffa0"]
UNWRITABLE = [
    "a\x00b",
    "a\x07b",
    "a\x1bb",
    "a\x7fb",
    "a\rb",
    "a\x85b",
    "a\ue000b",
    "a\ufffdb",
]
TURNING = ["abc\u202egnp.exe", "a\u2066b", "\u202aa"]
BREAKS = [*TURNING, "a\nb", "a\r\nb", "a\u2028b", "a\u2029b", "a\tb", "a\vb"]
ADD = "/users/alice/feedback/add"
one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)


@pytest.fixture
def writer(browser: Browser, alice: User) -> Browser:
    """Give the test a browser in which Alice is signed in."""
    browser.sign_in("alice")
    return browser


@pytest.fixture
def speaker(app: Flask, alice: User) -> Program:
    """Give the test a program in which Alice is signed in."""
    program = Program(app)
    program.bear("alice")
    return program


@pytest.mark.asvs("2.2.2")
@pytest.mark.parametrize("letter", LETTERS)
def test_the_longest_fits_and_one_more_does_not(
    writer: Browser, speaker: Program, auth: Auth, alice: User, letter: str
) -> None:
    title, content = letter * 100, letter * 10_000
    assert writer.send(ADD, title=title, content=content).status_code == 302
    call: dict[str, Any] = {"title": title, "content": content}
    answer = speaker.call("POST", "/users/alice/feedback", call)
    assert answer.status_code == 201
    assert speaker.call("PUT", "/feedback/1", call).status_code == 200
    for item in auth.feedback.of(alice, by=OPERATOR).items:
        assert (item.title, item.content) == (title, content)

    failed = writer.send(ADD, title=title + letter, content=content + letter)
    assert field_errors(failed) == {"title": TITLE, "content": CONTENT}
    call = {"title": title + letter, "content": content + letter}
    answer = speaker.call("POST", "/users/alice/feedback", call)
    assert told(answer) == (422, "feedback.title.too_long")
    assert spots(answer) == {
        "title": "feedback.title.too_long",
        "content": "feedback.content.too_long",
    }


@one_database
def test_a_letter_of_two_code_points_counts_as_two(writer: Browser) -> None:
    pair = "e\u0301"
    sent = writer.send(ADD, title=pair * 50, content="…")
    assert sent.status_code == 302

    failed = writer.send(ADD, title=pair * 50 + "e", content="…")

    assert field_errors(failed) == {"title": TITLE}


@one_database
def test_a_line_end_counts_once_as_forms_write_it(
    writer: Browser, auth: Auth, alice: User
) -> None:
    lines = "\r\n".join(["a"] * 5000)
    assert len(lines.replace("\r", "")) == 9999
    sent = writer.send(ADD, title="Lines", content=lines + "b")
    assert sent.status_code == 302
    [item] = auth.feedback.of(alice, by=OPERATOR).items
    assert item.content == "\n".join(["a"] * 5000) + "b"

    failed = writer.send(ADD, title="Lines", content=lines + "bc")

    assert field_errors(failed) == {"content": CONTENT}


@one_database
@pytest.mark.parametrize("blank", BLANK, ids=ascii)
def test_what_nobody_can_see_is_no_title_and_no_feedback(
    writer: Browser, speaker: Program, blank: str
) -> None:
    failed = writer.send(ADD, title=blank, content=blank)
    assert field_errors(failed) == {
        "title": "Enter a title",
        "content": "Enter your feedback",
    }

    call = {"title": blank, "content": blank}
    answer = speaker.call("POST", "/users/alice/feedback", call)

    assert spots(answer) == {
        "title": "feedback.title.required",
        "content": "feedback.content.required",
    }


@one_database
@pytest.mark.parametrize("text", UNWRITABLE, ids=ascii)
def test_characters_that_nobody_can_type_are_refused(
    writer: Browser, speaker: Program, text: str
) -> None:
    failed = writer.send(ADD, title=text, content=text)
    assert field_errors(failed) == {"title": CANNOT, "content": CANNOT}

    call = {"title": text, "content": text}
    answer = speaker.call("POST", "/users/alice/feedback", call)

    assert spots(answer) == dict.fromkeys(call, "field.characters")


@one_database
@pytest.mark.parametrize("text", BREAKS, ids=ascii)
def test_a_title_has_one_line(writer: Browser, text: str) -> None:
    failed = writer.send(ADD, title=text, content="…")

    assert field_errors(failed) == {"title": CANNOT}


@one_database
@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (
            {},
            {
                "title": "feedback.title.required",
                "content": "feedback.content.required",
            },
        ),
        (
            {"title": None, "content": ["a"]},
            {"title": "feedback.title.required", "content": "field.type"},
        ),
        (
            {"title": 7, "content": True},
            {"title": "field.type", "content": "field.type"},
        ),
        (
            {"title": "a", "content": "b", "user_id": 2},
            {"user_id": "field.unknown"},
        ),
        (
            {"title": "a", "content": "b", "username": "bob"},
            {"username": "field.unknown"},
        ),
    ],
)
def test_a_body_of_another_shape_is_told_what_is_wrong(
    speaker: Program, body: dict[str, Any], wrong: dict[str, str]
) -> None:
    answer = speaker.call("POST", "/users/alice/feedback", body)

    assert answer.status_code == 422
    assert spots(answer) == wrong


@one_database
def test_a_far_too_long_text_is_told_at_its_field_or_as_too_large(
    writer: Browser,
) -> None:
    failed = writer.send(ADD, title="x", content="字" * 15_000)
    assert field_errors(failed) == {"content": CONTENT}

    typed = {
        "title": "x",
        "content": "字" * 30_000,
        "csrf_token": form_token(writer.open(ADD)),
    }
    refused = writer.client.post(
        ADD,
        data=urlencode(typed),
        headers=HTML,
        content_type="application/x-www-form-urlencoded",
    )

    assert refused.status_code == 413


def test_the_operation_refuses_what_no_column_holds(
    auth: Auth, alice: User
) -> None:
    number = auth.feedback.add(alice, "t" * 100, "c" * 10_000, by=OPERATOR)
    for title, content in (
        ("", "c"),
        ("t", ""),
        ("t" * 101, "c"),
        ("t", "c" * 10_001),
    ):
        with pytest.raises(ValueError, match="a text has"):
            auth.feedback.add(alice, title, content, by=OPERATOR)
        with pytest.raises(ValueError, match="a text has"):
            auth.feedback.change(number, title, content, by=OPERATOR)

    assert len(auth.feedback.of(alice, by=OPERATOR).items) == 1


def test_nobody_writes_into_an_account_that_is_gone(
    auth: Auth, alice: User
) -> None:
    auth.deletion.delete(alice, by=OPERATOR)

    with pytest.raises(Missing):
        auth.feedback.add(alice, "title", "content", by=OPERATOR)
