"""Whoever signs in while their account goes or closes gets nothing."""

import pytest

from conftest import PASSWORD, account
from racing import FEWER, ROUNDS, Track, move, traces
from vestibule.auth import Auth
from vestibule.policy import OPERATOR
from vestibule.user import User


@pytest.mark.asvs("7.4.2")
def test_no_session_is_left_of_a_deleted_account(
    auth: Auth, track: Track
) -> None:
    left = traces(auth)
    numbers = [0]
    with track.race(auth) as race:
        for turn in range(ROUNDS):
            user = account(auth, f"user{turn}")
            assert user.id > max(numbers)
            numbers.append(user.id)

            came, gone = race.round(
                move("sign_in", name=user.username, password=PASSWORD),
                move("delete", who=user.id),
            )

            assert gone.code == "done"
            assert came.code in ("done", "credentials.incorrect")
            assert auth.get_user_from_session_id(came.gave) is None
            assert left(user.id) == {}


@pytest.mark.asvs("7.4.2")
def test_no_session_is_left_of_an_account_that_was_disabled(
    auth: Auth, track: Track, alice: User
) -> None:
    left = traces(auth)
    closed = ("credentials.incorrect", "account.disabled")
    with track.race(auth) as race:
        for _ in range(ROUNDS):
            came, shut = race.round(
                move("sign_in", name="alice", password=PASSWORD),
                move("disable", who=alice.id),
            )

            assert shut.code == "done"
            assert came.code in ("done", *closed)
            assert "vestibule_sessions" not in left(alice.id)
            auth.administration.set_active(alice, is_active=True, by=OPERATOR)
            assert auth.get_user_from_session_id(came.gave) is None


@pytest.mark.asvs("8.3.2", "15.4.2")
def test_a_session_that_outlives_a_change_of_role_has_the_new_one(
    auth: Auth, track: Track, alice: User, admin: User
) -> None:
    with track.race(auth) as race:
        for turn in range(FEWER):
            act = "demote" if turn % 2 else "promote"

            came, changed = race.round(
                move("sign_in", name="alice", password=PASSWORD),
                move(act, who=alice.id, by=admin.id),
            )

            assert (came.code, changed.code) == ("done", "done")
            who = auth.get_user_from_session_id(came.gave)
            if who is not None:
                assert who.is_admin == (act == "promote")
            if came.ended < changed.began:
                assert who is None


def test_the_contracts_session_of_a_deleted_account_is_none(
    auth: Auth, track: Track
) -> None:
    left = traces(auth)
    with track.race(auth) as race:
        for turn in range(FEWER):
            user = account(auth, f"user{turn}")

            came, gone = race.round(
                move("create_session", email=user.email),
                move("delete", who=user.id),
            )

            assert (came.code, gone.code) == ("done", "done")
            assert auth.get_user_from_session_id(came.gave) is None
            assert left(user.id) == {}


@pytest.mark.parametrize("act", ["delete", "disable", "demote"])
def test_who_confirms_a_proof_meanwhile_keeps_no_session(
    auth: Auth, track: Track, admin: User, act: str
) -> None:
    over = ("auth.required", "password.incorrect")
    with track.race(auth) as race:
        for turn in range(FEWER):
            user = account(auth, f"user{turn}")
            auth.administration.set_admin(user, is_admin=True, by=OPERATOR)
            session = auth.login.with_password(user.username, PASSWORD).token

            came, gone = race.round(
                move(
                    "confirm_proof",
                    who=user.id,
                    password=PASSWORD,
                    token=session,
                ),
                move(act, who=user.id),
            )

            assert gone.code == "done"
            assert came.code in ("done", *over)
            for token in (session, came.gave):
                assert auth.get_user_from_session_id(token) is None


def test_two_browsers_at_one_place_sign_in_to_one_account(
    auth: Auth, track: Track, alice: User
) -> None:
    signing_in = move(
        "send_form",
        path="/login",
        typed={"email": "alice", "password": PASSWORD},
    )
    with track.race(auth) as race:
        for _ in range(FEWER):
            done = race.round(signing_in, signing_in)

            assert [finish.gave[0] for finish in done] == [302, 302]
