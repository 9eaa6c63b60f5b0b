"""Creating accounts: whose names are whose, in every spelling."""

import re
from functools import partial

import pytest

from conftest import PASSWORD, Postbox, TurnableClock
from stagecraft import at_once, counts
from vestibule.auth import Auth
from vestibule.db import DB
from vestibule.errors import Malformed, Refusal
from vestibule.ground import names
from vestibule.ground.randomness import Randomness
from vestibule.settings import Settings
from vestibule.user import EmailTaken, User, UsernameTaken


def test_an_account_is_unproven_until_its_address_is_confirmed(
    auth: Auth, postbox: Postbox
) -> None:
    user = auth.registration.register("alice@example.com", PASSWORD, "alice")

    assert user.email_verified_at is None
    assert not user.is_admin
    [letter] = postbox.empty()
    assert letter.to == "alice@example.com"
    assert letter.subject == "Confirm your email for Vestibule"
    assert auth.db.find_user_by(id=user.id).username == "alice"


def test_an_account_made_by_the_operator_needs_no_proof(
    auth: Auth, postbox: Postbox
) -> None:
    user = auth.registration.register(
        "root@example.com", PASSWORD, "root", by_operator=True
    )

    assert user.email_verified_at == auth.clock.now()
    assert postbox.empty() == []


@pytest.mark.attack(7, 8, "A2")
@pytest.mark.asvs("X10")
def test_no_spelling_of_a_taken_address_makes_a_second_account(
    auth: Auth, alice: User
) -> None:
    before = counts(auth)
    for spelling in (
        "alice@example.com",
        "ALICE@EXAMPLE.COM",
        "Alice@Example.Com",
        "  alice@example.com\t",
        "ａｌｉｃｅ@example.com",
        "alice＠example.com",
        "alice@ｅxample.com",
        "alice@example。com",
    ):
        with pytest.raises(EmailTaken):
            auth.registration.register(spelling, PASSWORD, "another")

    after = counts(auth)
    for table in ("users", "identifiers", "outbox", "mailed_tokens"):
        assert after["vestibule_" + table] == before["vestibule_" + table]


def test_a_domain_and_its_ascii_form_are_one_address(auth: Auth) -> None:
    auth.registration.register("anna@bücher.example", PASSWORD)

    for spelling in (
        "anna@xn--bcher-kva.example",
        "anna@BÜCHER.example",
        "anna@bu\u0308cher.example",
    ):
        with pytest.raises(EmailTaken):
            auth.registration.register(spelling, PASSWORD)


@pytest.mark.asvs("2.2.1")
@pytest.mark.attack(6, 129)
def test_what_is_no_address_is_refused_at_its_field(auth: Auth) -> None:
    for address in (
        "",
        "alice",
        "alice@localhost",
        "alice@example.com,eve@example.com",
        "alice@example.com eve@example.com",
        "alice@example.com\r\nBcc: eve@example.com",
        "Alice <alice@example.com>",
        "friends: alice@example.com;",
        "alice@[127.0.0.1]",
        '"alice eve"@example.com',
        "alice(comment)@example.com",
        "alice\u200b@example.com",
        "alice\x00@example.com",
        "alice\u202e@example.com",
        "\ud800@example.com",
        "алиса@example.com",
        "a" * 64 + "@" + ".".join(["b" * 63, "c" * 63, "d" * 63, "com"]),
        "a" * 100_000 + "@example.com",
    ):
        with pytest.raises(Malformed) as refused:
            auth.registration.register(address, PASSWORD, "alice")
        [fault] = refused.value.faults
        assert fault.field == "email", address

    assert counts(auth)["vestibule_users"] == 0


def test_the_longest_address_has_254_characters(auth: Auth) -> None:
    longest = f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 57}.com"
    assert len(longest) == 254

    assert auth.registration.register(longest, PASSWORD).email == longest
    with pytest.raises(Malformed, match="254 characters or fewer"):
        auth.registration.register(longest.replace("d.", "dd."), PASSWORD)


@pytest.mark.attack("A2", "A6")
def test_no_spelling_of_a_taken_username_makes_a_second_account(
    auth: Auth, alice: User
) -> None:
    auth.registration.register("s@example.com", PASSWORD, "Straße")

    for spelling in ("ALICE", " alice ", "ａｌｉｃｅ", "aliCE", "STRASSE"):
        with pytest.raises(UsernameTaken):
            auth.registration.register("x@example.com", PASSWORD, spelling)


@pytest.mark.asvs("2.2.1")
def test_what_may_be_no_username_is_refused_at_its_field(auth: Auth) -> None:
    for username, code in (
        ("al", "username.too_short"),
        ("", "username.too_short"),
        ("a" * 21, "username.too_long"),
        ("ﷺ" * 4, "username.too_long"),
        ("alice@example.com", "username.chars"),
        ("alice smith", "username.chars"),
        ("al\u200bice", "username.chars"),
        ("al\x00ice", "username.chars"),
        ("-alice", "username.chars"),
        (".alice", "username.chars"),
        ("<b>alice</b>", "username.chars"),
        ("../alice", "username.chars"),
        ("аlice", "username.mixed"),
        ("admin", "username.reserved"),
        ("ADMIN", "username.reserved"),
        ("ａｄｍｉｎ", "username.reserved"),
        ("support", "username.reserved"),
    ):
        with pytest.raises(Malformed) as refused:
            auth.registration.register("alice@example.com", PASSWORD, username)
        [fault] = refused.value.faults
        assert (fault.field, fault.reason.code) == ("username", code)

    assert counts(auth)["vestibule_users"] == 0


def test_everything_that_is_wrong_is_told_at_once(auth: Auth) -> None:
    with pytest.raises(Malformed) as refused:
        auth.registration.register("nonsense", "short", "admin")

    assert [fault.field for fault in refused.value.faults] == [
        "username",
        "email",
        "password",
    ]


def test_usernames_are_made_out_of_addresses(auth: Auth) -> None:
    made: set[str] = set()
    for local, begin in (
        ("alice.b+news", "alice.bnews"),
        ("Anna", "anna"),
        ("x", "userx"),
        ("!!!", "user"),
        ("_-a", "usera"),
        ("a" * 64, "a" * 15),
        ("admin", "admin"),
        ("Postmaster", "postmaster"),
    ):
        for number in range(3):
            user = auth.registration.register(
                f"{local}@example{number}.com", PASSWORD
            )
            name = user.username
            assert name.startswith(begin)
            assert names.username(name).canonical == name
            assert name not in names.RESERVED | made
            assert auth.db.find_user_by(username=name).id == user.id
            made.add(name)


def test_a_made_username_gives_way_to_a_chosen_one(
    auth: Auth, alice: User
) -> None:
    other = auth.registration.register("alice@elsewhere.example", PASSWORD)

    assert other.username != "alice"
    assert auth.db.find_user_by(username="alice").id == alice.id


def test_a_refused_sign_up_leaves_both_names_free(
    auth: Auth, alice: User
) -> None:
    with pytest.raises(UsernameTaken):
        auth.registration.register("new@example.com", PASSWORD, "alice")
    with pytest.raises(EmailTaken):
        auth.registration.register("alice@example.com", PASSWORD, "newname")

    made = auth.registration.register("new@example.com", PASSWORD, "newname")

    assert made.username == "newname"


@pytest.mark.asvs("2.3.4")
@pytest.mark.attack(145, "A2")
@pytest.mark.parametrize("contested", ["email", "username", "derived"])
def test_of_several_at_once_exactly_one_gets_the_name(
    auth: Auth, contested: str
) -> None:
    def sign_up(number: int, turn: int) -> User:
        """Register with the contested name and one's own other one."""
        email = f"Race{turn}@example.com"
        username: str | None = f"runner{turn}-{number}"
        if contested == "username":
            email, username = f"{turn}-{number}@example.com", f"race{turn}"
        elif contested == "derived":
            username = None
        return auth.registration.register(email, PASSWORD, username)

    refusal = UsernameTaken if contested == "username" else EmailTaken
    for turn in range(5):
        results = at_once(
            [partial(sign_up, number, turn) for number in range(4)]
        )
        winners = [r for r in results if isinstance(r, User)]
        losers = [r for r in results if isinstance(r, Refusal)]
        assert len(winners) == 1, results
        assert [type(loser) for loser in losers] == [refusal] * 3
        assert counts(auth)["vestibule_users"] == turn + 1
        assert counts(auth)["vestibule_identifiers"] == 2 * (turn + 1)


def test_people_who_share_a_local_part_register_at_once(auth: Auth) -> None:
    results = at_once(
        [
            partial(
                auth.registration.register,
                f"same@example{number}.com",
                PASSWORD,
            )
            for number in range(4)
        ]
    )

    made = [r.username for r in results if isinstance(r, User)]
    assert len(set(made)) == 4, results


class NeverLucky(Randomness):
    """Chance that gives short digits which somebody always has."""

    def digits(self, count: int) -> str:
        """Give a one with zeros behind until seven are asked for."""
        return "1" + "0" * (count - 1) if count < 7 else super().digits(count)


def test_a_name_that_everybody_derives_is_found_with_more_digits(
    settings: Settings, clock: TurnableClock
) -> None:
    db = DB(settings, clock, NeverLucky())
    made = [db.add_user(f"kim@shop{n}.example", "x") for n in range(5)]
    db.close()

    taken = [user.username for user in made]
    assert taken[:3] == ["kim", "kim10000", "kim100000"]
    assert all(re.fullmatch(r"kim\d{7}", name) for name in taken[3:])
