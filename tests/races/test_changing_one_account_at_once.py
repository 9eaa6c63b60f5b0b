"""Two who change one account wait for each other, and never both."""

import random

import pytest

from conftest import PASSWORD, account
from racing import ROUNDS, SEED, Move, Track, move
from vestibule.auth import Auth
from vestibule.user import User
from writers import (
    Writer,
    address_confirmed,
    new_address_confirmed,
    password_changed,
    profile_changed,
    reset_asked_again,
    reset_finished,
)

# Each locks more than one row of an account; most meet in the same rows.
CHANGES: list[Writer] = [
    password_changed,
    reset_asked_again,
    reset_finished,
    address_confirmed,
    new_address_confirmed,
    profile_changed,
]


def signed_in(auth: Auth, user: User) -> Move:
    """Sign in."""
    return move("sign_in", name=user.username, password=PASSWORD)


def proof_confirmed(auth: Auth, user: User) -> Move:
    """Type the password once more."""
    token = auth.sessions.open(user.id)
    given = {"who": user.id, "password": PASSWORD, "token": token}
    return move("confirm_proof", **given)


def disabled(auth: Auth, user: User) -> Move:
    """Disable the account."""
    return move("disable", who=user.id)


def promoted(auth: Auth, user: User) -> Move:
    """Make them an administrator."""
    return move("promote", who=user.id)


@pytest.mark.attack(145)
@pytest.mark.asvs("15.4.3")
def test_no_two_changes_of_an_account_wait_for_each_other(
    auth: Auth, track: Track, admin: User
) -> None:
    others = [*CHANGES, signed_in, proof_confirmed, disabled, promoted]
    chance = random.Random(SEED)
    with track.race(auth) as race:
        for turn in range(ROUNDS):
            user = account(auth, f"user{turn}")
            one, two = chance.choice(CHANGES), chance.choice(others)
            first, second = one(auth, user), two(auth, user)

            # A deadlock is an answer that fails the race: unavailable.
            done = race.round(first, second)

            assert {"done"} & {finish.code for finish in done}


PAGES = {
    "/login": {"email": "{name}", "password": PASSWORD},
    "/profile": {"username": "n{name}", "email": "n{name}@example.com"},
    "/password/change": {
        "old_password": PASSWORD,
        "new_password": "another good password",
        "new_password2": "another good password",
    },
    "/confirm": {"password": PASSWORD},
    "/users/{name}/feedback/add": {"title": "A door", "content": "Heavy"},
    "/users/{name}/export": {},
    "/users/{name}/delete": {},
    "/password_reset": {"email": "{name}@example.com"},
    "/verify-email/again": {},
    "/logout": {},
}


def test_no_page_breaks_while_the_account_of_its_reader_goes(
    auth: Auth, track: Track, admin: User
) -> None:
    with track.race(auth) as race:
        for turn in range(ROUNDS):
            user = account(auth, f"user{turn}")
            # A message can be sent again to an address that waits for it.
            auth.db.update_user(user.id, email_verified_at=None)
            # At first somebody else goes, to see that each page works.
            is_rehearsal = turn < len(PAGES)
            leaver = account(auth, f"other{turn}") if is_rehearsal else user
            path, typed = list(PAGES.items())[turn % len(PAGES)]
            name = user.username
            filled = {k: v.format(name=name) for k, v in typed.items()}
            is_open = path in ("/login", "/password_reset")

            sent, gone = race.round(
                move(
                    "send_form",
                    path=path.format(name=name),
                    who="" if is_open else name,
                    typed=filled,
                ),
                move("delete", who=leaver.id),
            )

            assert gone.code == "done"
            status, _ = sent.gave
            assert status < 500, path
            if is_rehearsal:
                assert status in (200, 302, 303), (path, status)
