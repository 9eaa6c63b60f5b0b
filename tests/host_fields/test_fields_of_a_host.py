"""Host fields: a host asks more of its people, without a fork."""

import dataclasses
from collections.abc import Iterable
from functools import partial
from typing import ClassVar

import pytest
from flask import Flask

from conftest import PASSWORD, Browser, field_errors, notices
from stagecraft import at_once, counts, next_page
from vestibule import (
    ProfileFields,
    Vestibule,
    current_user,
    login_required,
    switch,
    text,
)
from vestibule.auth import Auth
from vestibule.errors import Fault, Reason
from vestibule.policy import OPERATOR
from vestibule.user import User

NO_CITY = Reason("test.city.required", "Enter your city")
FAR = Reason("test.city.far", "We do not deliver to {city}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Member(ProfileFields):
    """What the shop asks of its people."""

    words: ClassVar[dict[str, dict[str, str]]] = {
        "ru": {"Town": "Город", "Enter your city": "Укажите город"}
    }

    city: str = text("Town", longest=80, missing=NO_CITY)
    note: str = text("Note for the courier", longest=200, missing=None)
    newsletter: bool = switch("Send me the newsletter")

    def faults(self) -> Iterable[Fault]:
        """Refuse a city that is too far away."""
        if self.city == "Atlantis":
            yield Fault(FAR, "city", {"city": self.city})


@pytest.fixture
def shop(auth: Auth) -> Flask:
    """Give the test a host that defines fields of its own."""
    app = Flask("shop")
    Vestibule(profile_fields=Member).init_app(app, auth)

    @app.get("/greeting")
    @login_required
    def greeting() -> str:
        member = Member.of(current_user)
        wants = "news" if member.newsletter else "quiet"
        return f"{current_user.username} of {member.city or '?'}, {wants}"

    return app


@pytest.fixture
def shopper(shop: Flask, alice: User) -> Browser:
    """Give the test a browser in which Alice is signed in at the shop."""
    browser = Browser(shop)
    browser.sign_in("alice")
    return browser


OWN = {"username": "alice", "email": "alice@example.com"}


def test_a_host_asks_for_more_and_reads_it_typed(shopper: Browser) -> None:
    assert shopper.open("/greeting").text == "alice of ?, quiet"
    page = shopper.open("/profile").text
    assert "Town" in page
    assert "Send me the newsletter" in page
    assert page.index("Email address") < page.index("Town")

    sent = shopper.send(
        "/profile", OWN, city="Riga", note="", newsletter="true"
    )

    assert notices(next_page(shopper, sent)) == [
        "Profile updated successfully"
    ]
    assert shopper.open("/greeting").text == "alice of Riga, news"
    page = shopper.open("/profile").text
    assert 'value="Riga"' in page
    shopper.send("/profile", OWN, city="Turku", note="ring")
    assert shopper.open("/greeting").text == "alice of Turku, quiet"


def test_what_the_host_refuses_changes_nothing_and_is_said_at_its_field(
    shopper: Browser, auth: Auth
) -> None:
    shopper.send("/profile", OWN, city="Riga", note="")
    for city, said in [
        ("", "Enter your city"),
        ("Atlantis", "We do not deliver to Atlantis"),
        ("x" * 81, "This field is too long"),
    ]:
        sent = shopper.send(
            "/profile", email=OWN["email"], username="ally", city=city, note=""
        )
        page = next_page(shopper, sent)
        assert notices(page) == ["Error while profile updating"]
        assert field_errors(page) == {"city": said}
        assert 'value="ally"' in page.text
    assert shopper.open("/greeting").text == "alice of Riga, quiet"


def test_what_vestibule_refuses_keeps_the_fields_of_the_host(
    shopper: Browser, bob: User
) -> None:
    sent = shopper.send(
        "/profile",
        email=OWN["email"],
        username="bob",
        city="Riga",
        note="<b>&",
        newsletter="true",
    )
    page = next_page(shopper, sent)
    assert set(field_errors(page)) == {"username"}
    assert 'value="Riga"' in page.text
    assert 'value="&lt;b&gt;&amp;"' in page.text
    assert 'name="newsletter" value="true" checked' in page.text
    assert shopper.open("/greeting").text == "alice of ?, quiet"


def test_the_labels_of_a_host_are_said_in_the_readers_language(
    shopper: Browser,
) -> None:
    russian = {"Accept": "text/html", "Accept-Language": "ru"}
    page = shopper.client.get("/profile", headers=russian).text
    assert "Город" in page
    assert "Note for the courier" in page


def test_somebody_who_goes_takes_the_fields_along(
    shopper: Browser, auth: Auth, alice: User
) -> None:
    shopper.send("/profile", OWN, city="Riga", note="")
    assert counts(auth)["vestibule_host_fields"] == 1
    auth.deletion.delete(alice, by=OPERATOR)
    assert counts(auth)["vestibule_host_fields"] == 0


def test_a_host_may_change_its_mind_about_its_fields(
    auth: Auth, alice: User
) -> None:
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Later(ProfileFields):
        """What the shop asks for a year later."""

        city: bool = switch("Lives in a city")
        street: str = text("Street", longest=80)

    auth.host_fields.keep(alice, {"city": "Riga", "note": "ring"})
    assert auth.host_fields.read(alice, Later) == Later(city=False, street="")
    assert auth.host_fields.read(alice, Member).note == "ring"


def test_two_at_once_leave_one_of_the_two(auth: Auth, alice: User) -> None:
    for _ in range(5):
        auth.host_fields.forget(alice)
        at_once(
            [
                partial(auth.host_fields.keep, alice, {"city": city})
                for city in ("Riga", "Turku")
            ]
        )
        kept = auth.host_fields.read(alice, Member).city
        assert kept in ("Riga", "Turku")


def test_the_longest_that_may_be_declared_can_be_kept(
    auth: Auth, alice: User
) -> None:
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Long(ProfileFields):
        """As much as is allowed."""

        story: str = text("Story", longest=20_000)

    Vestibule(profile_fields=Long).init_app(Flask("long"), auth)
    auth.host_fields.keep(alice, {"story": '"\\' * 10_000})
    assert len(auth.host_fields.read(alice, Long).story) == 20_000


def test_fields_that_cannot_work_are_refused_at_the_start(auth: Auth) -> None:
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Clash(ProfileFields):
        """A name that the profile has already."""

        username: str = text("Nickname", longest=10)

    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Long(ProfileFields):
        """More than is kept."""

        story: str = text("Story", longest=20_001)

    wrong: list[tuple[type[ProfileFields], str]] = [
        (Clash, "username"),
        (Long, "20000 characters"),
    ]
    for fields, said in wrong:
        with pytest.raises((TypeError, ValueError), match=said):
            Vestibule(profile_fields=fields).init_app(Flask("x"), auth)


def test_two_hosts_of_one_process_ask_for_different_things(
    shop: Flask, shopper: Browser, auth: Auth
) -> None:
    plain = Flask("plain")
    Vestibule().init_app(plain, auth)
    other = Browser(plain)
    other.sign_in("alice", PASSWORD)
    assert "Town" in shopper.open("/profile").text
    assert "Town" not in other.open("/profile").text
