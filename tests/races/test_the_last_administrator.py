"""Of two who take each other's role at once, exactly one succeeds."""

import pytest
from sqlalchemy import func, select

from conftest import account
from racing import FEWER, ROUNDS, Finish, Move, Track, move
from vestibule.auth import Auth
from vestibule.errors import Missing
from vestibule.policy import OPERATOR
from vestibule.user import User


def called(auth: Auth, name: str) -> User:
    """Find an account, or make one again that is gone."""
    try:
        return auth.administration.find(name)
    except Missing:
        return account(auth, name)


def made_admin(auth: Auth, name: str) -> int:
    """See to it that there is an active administrator of this name."""
    user = called(auth, name)
    if not user.is_admin:
        auth.administration.set_admin(user, is_admin=True, by=OPERATOR)
    if not user.is_active:
        auth.administration.set_active(user, is_active=True, by=OPERATOR)
    return user.id


def active_admins(auth: Auth) -> int:
    """Count them."""
    query = select(func.count()).where(User.is_admin, User.is_active)
    [row] = auth.db.read(query)
    return int(row[0])


# What the one does to the other while the other does the second; "self"
# is whom each of them does it to.
DUELS = {
    "demote each other": ("demote", "demote", "other"),
    "disable each other": ("disable", "disable", "other"),
    "delete each other": ("delete", "delete", "other"),
    "demote against delete": ("demote", "delete", "other"),
    "disable against delete": ("disable", "delete", "other"),
    "demote against disable": ("demote", "disable", "other"),
    "demote themselves": ("demote", "demote", "self"),
    "delete themselves": ("delete", "delete", "self"),
}


FULL = {"demote each other", "disable against delete"}


@pytest.mark.attack("A34")
@pytest.mark.asvs("2.3.4", "15.4.2")
@pytest.mark.parametrize("duel", DUELS)
def test_of_two_administrators_exactly_one_is_left(
    auth: Auth, track: Track, duel: str
) -> None:
    one_does, two_does, whom = DUELS[duel]
    with track.race(auth) as race:
        for _ in range(ROUNDS if duel in FULL else FEWER):
            one, two = (made_admin(auth, name) for name in ("ann", "ben"))
            targets = (two, one) if whom == "other" else (one, two)

            done = race.round(
                move(one_does, who=targets[0], by=one),
                move(two_does, who=targets[1], by=two),
            )

            assert sorted(f.code for f in done) == ["done", "last_admin"]
            assert active_admins(auth) == 1


@pytest.mark.parametrize("act", ["demote", "disable", "delete"])
def test_while_a_third_is_left_two_can_go_at_once(
    auth: Auth, track: Track, act: str
) -> None:
    with track.race(auth) as race:
        for _ in range(FEWER):
            one, two = (made_admin(auth, name) for name in ("ann", "ben"))
            third = made_admin(auth, "cat")

            done = race.round(
                move(act, who=one, by=third), move(act, who=two, by=third)
            )

            assert [f.code for f in done] == ["done", "done"]
            assert active_admins(auth) == 1


def test_a_role_given_and_one_taken_at_once_leave_an_administrator(
    auth: Auth, track: Track
) -> None:
    with track.race(auth) as race:
        for _ in range(FEWER):
            admin = made_admin(auth, "ann")
            heir = called(auth, "ben")
            if heir.is_admin:
                auth.administration.set_admin(
                    heir, is_admin=False, by=OPERATOR
                )

            given, taken = race.round(
                move("promote", who=heir.id, by=admin),
                move("demote", who=admin, by=admin),
            )

            assert given.code == "done"
            assert taken.code in ("done", "last_admin")
            left = 1 if taken.code == "done" else 2
            assert active_admins(auth) == left


def test_one_who_gets_and_loses_the_role_at_once_keeps_the_keys_or_not(
    auth: Auth, track: Track
) -> None:
    """Nobody holds the keys whom the database would let go."""
    with track.race(auth) as race:
        for _ in range(FEWER):
            admin = made_admin(auth, "ann")
            heir = called(auth, "ben")
            if heir.is_admin:
                auth.administration.set_admin(
                    heir, is_admin=False, by=OPERATOR
                )

            given, gone = race.round(
                move("promote", who=heir.id, by=admin),
                move("delete", who=heir.id, by=admin),
            )

            assert gone.code == "done"
            assert given.code in ("done", "missing")
            assert active_admins(auth) == 1


def statuses(done: tuple[Finish, Finish]) -> list[int]:
    """Read the statuses of two answers."""
    return sorted(finish.gave[0] for finish in done)


def deletion(of: str, by: str) -> Move:
    """Send the form that deletes an account."""
    return move("send_form", path=f"/users/{of}/delete", who=by, typed={})


def test_two_browsers_that_delete_each_other_leave_one(
    auth: Auth, track: Track
) -> None:
    refused = set()
    with track.race(auth) as race:
        for _ in range(FEWER):
            for name in ("ann", "ben"):
                made_admin(auth, name)

            done = race.round(
                deletion(of="ben", by="ann"), deletion(of="ann", by="ben")
            )

            worked, other = statuses(done)
            refused.add(other)
            assert worked == 302, done
            # In words, or signed out by what the first one did.
            assert other in (401, 403, 404, 409), done
            assert active_admins(auth) == 1
    assert 409 in refused
