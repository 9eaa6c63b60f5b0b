"""A few hundred odd requests of the fuzz, and those that once went wrong.

``script/fuzz`` sends as many as one likes; each failure it prints becomes a
line of ``FOUND`` here once it is mended.
"""

import random
from collections.abc import Iterator

import pytest
from flask import Flask

from conftest import TurnableClock
from fuzz_drafts import Draft, as_curl
from fuzz_eyes import Odd, look_at
from fuzz_pictures import Forks, damaged
from fuzzing import OPEN, Fuzz, fuzzed
from hostility import FORM, JSON, Answer, Knock, asked
from paintings import painted
from vestibule.auth import Auth
from vestibule.capabilities.pictures import raster
from vestibule.errors import Malformed, Reason
from vestibule.ground.pictures import NoPicture

REQUESTS = 400
PICTURES = 60

# Requests that were once answered as none shall be, or nearly so.
FOUND = [
    # Flask takes any spelling of a method for the method.
    Knock("post", "/login", "", (("Content-Type", FORM),), b"email=a"),
    Knock("get", "/check"),
    # A name of a path that is no text in any alphabet.
    Knock("GET", "/users/\xff\xfe", "", (("Accept", JSON),)),
    Knock("PUT", "/api/v1/profile", "", (("Content-Type", JSON),), b"[" * 999),
]


@pytest.fixture
def fuzz(app: Flask, auth: Auth, clock: TurnableClock) -> Iterator[Fuzz]:
    """Set the stage of the fuzz."""
    with fuzzed(app, auth, clock, seed=1) as made:
        yield made


@pytest.mark.attack("A36", "A38")
@pytest.mark.asvs("1.4.2", "1.5.3", "15.3.5", "15.3.7", "16.5.1", "16.5.4")
@pytest.mark.settings(**OPEN)
def test_odd_requests_are_answered_as_all_are(fuzz: Fuzz) -> None:
    for number in range(REQUESTS):
        fuzz.one(number)

    assert [str(finding) for finding in fuzz.findings] == []
    every, reached = fuzz.routes()
    assert len(reached) > len(every) * 0.6
    by = {door for door, _ in fuzz.tally.statuses}
    assert by == {"API", "classic", "front", "pages"}
    assert fuzz.tally.changes > REQUESTS / 40


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_same_number_is_the_same_request(fuzz: Fuzz) -> None:
    for number in (7, 77, 777):
        first, again = fuzz.draft(number), fuzz.draft(number)
        assert (first.path, first.query) == (again.path, again.query)
        assert first.knock({}, "secret") == again.knock({}, "secret")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("knock", FOUND, ids=lambda knock: knock.path[:20])
def test_what_was_found_once_is_answered_well(
    app: Flask, knock: Knock
) -> None:
    look_at(knock, asked(app, knock))


def test_a_bad_answer_is_seen() -> None:
    knock = Knock("GET", "/api/v1/profile")
    good = [
        ("Content-Type", "application/problem+json"),
        ("Content-Security-Policy", "default-src 'none'"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    ]
    told = (
        b'{"type": "", "title": "", "status": 401, "code": "", "errors": []}'
    )
    look_at(knock, Answer(401, good, told))
    for bad in (
        Answer(500, good, told),
        Answer(401, good[1:], told),
        Answer(401, good[:-1], told),
        Answer(401, good, told.replace(b"401", b"403")),
        Answer(401, good, told.replace(b'"title"', b'"words"')),
        Answer(401, good, told.replace(b'""', b'"Traceback"')),
        Answer(401, [*good, ("Location", "//evil.example")], told),
        Answer(401, [*good, ("X", "a\nb")], told),
    ):
        with pytest.raises((AssertionError, Odd)):
            look_at(knock, bad)


def test_a_finding_can_be_sent_again_by_hand() -> None:
    draft = Draft("owner", "POST", "/a b\xff", "q=1", [("n", "'\n")], FORM)
    knock = draft.knock({}, "")

    assert as_curl(knock) == (
        "curl -i -X 'POST' -H 'Content-Type: "
        "application/x-www-form-urlencoded' --data-binary $'n=%27%0A' "
        "'http://localhost:5000/a%20b%FF?q=1'"
    )


@pytest.mark.attack("A39")
@pytest.mark.asvs("15.2.5")
def test_damaged_pictures_are_drawn_or_refused() -> None:
    forks = Forks()
    for number in range(PICTURES):
        forks.draw(damaged(random.Random(f"1:{number}")))
    forks.close()

    assert forks.ends.total() >= PICTURES
    assert {"png", "jpg", "unreadable"} <= set(forks.ends)


@pytest.mark.attack("A39")
def test_a_picture_without_the_palette_it_needs_is_no_picture() -> None:
    whole = painted(mode="P", colour=3, size=(9, 9))
    at = whole.index(b"PLTE") - 4
    size = int.from_bytes(whole[at : at + 4], "big")

    with pytest.raises(NoPicture):
        raster.redraw(whole[:at] + whole[at + size + 12 :])


@pytest.mark.attack("A39")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_damaged_pictures_are_refused_alike_as_in_service(auth: Auth) -> None:
    forks = Forks()
    for number in range(6):
        content = damaged(random.Random(f"1:{number}"))
        expected = forks.draw(content)
        try:
            kind = auth.pictures.prepare(content).picture.name[-3:]
        except Malformed as refusal:
            (fault,) = refusal.faults
            assert fault.reason is Reason.known[f"picture.{expected}"]
        else:
            assert kind == expected
    forks.close()
