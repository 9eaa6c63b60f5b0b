"""Two who show or add one passkey at the same moment: exactly one may."""

import json

import pytest

from conftest import PASSWORD, account
from passkeyring import HERE, Ring
from racing import FEWER, ROUNDS, Track, move
from vestibule.auth import Auth
from vestibule.capabilities.passkeys.keeping import MOST
from vestibule.ground.clock import Clock
from vestibule.testing.authenticators import Authenticator
from vestibule.user import User

pytest_plugins = ["passkeyring_fixtures"]


def now(auth: Auth) -> None:
    """Turn the clock of the test to that of other processes."""
    auth.clock.moment = Clock().now()  # type: ignore[attr-defined]


def waiting(auth: Auth, user: User) -> str:
    """Begin a sign-in that waits for the second step."""
    token: str = auth.login.with_password(user.username, PASSWORD).token
    return token


@pytest.mark.attack(45)
@pytest.mark.asvs("6.5.1", "15.4.2")
def test_of_two_with_one_answer_exactly_one_signs_in(
    auth: Auth, track: Track, alice: User, ring: Ring
) -> None:
    now(auth)
    ring.added(alice)
    with track.race(auth) as race:
        for _ in range(ROUNDS):
            now(auth)
            auth.sessions.end_all(alice.id)
            shown = move("sign_in_by_passkey", credential=ring.shown())

            done = race.round(shown, shown)

            codes = sorted(finish.code for finish in done)
            assert codes == ["done", "passkey.incorrect"], codes
            assert len(auth.sessions.devices(alice, None)) == 1


@pytest.mark.parametrize("act", ["finish", "confirm"])
@pytest.mark.asvs("6.5.1", "15.4.2")
def test_of_two_with_one_answer_exactly_one_takes_the_second_step(
    auth: Auth, track: Track, alice: User, ring: Ring, act: str
) -> None:
    now(auth)
    session = auth.sessions.open(alice.id)
    ring.added(alice)
    keys = auth.passkeys
    with track.race(auth) as race:
        for _ in range(FEWER):
            now(auth)
            if act == "finish":
                token = waiting(auth, alice)
                asked = keys.second_options(token)
                given: dict[str, object] = {"token": token}
            else:
                asked = keys.confirm_options(alice, session)
                given = {"who": alice.id, "token": session}
            given["credential"] = json.dumps(ring.device.get(asked))
            shown = move(f"{act}_by_passkey", **given)

            done = race.round(shown, shown)

            [right] = [finish for finish in done if finish.code == "done"]
            assert auth.get_user_from_session_id(right.gave) is not None
            session = right.gave if act == "confirm" else session
            assert auth.get_user_from_session_id(session) is not None


@pytest.mark.asvs("15.4.2")
def test_of_two_who_add_one_passkey_exactly_one_does(
    auth: Auth, track: Track, ring: Ring, alice: User, bob: User
) -> None:
    with track.race(auth) as race:
        for turn in range(FEWER):
            now(auth)
            made = json.dumps(ring.made(alice))
            adds = move(
                "add_passkey", who=alice.id, credential=made, session=HERE
            )
            other = alice
            if turn % 2:
                # Another account gets what was made for alice.
                other = bob
            also = move(
                "add_passkey", who=other.id, credential=made, session=HERE
            )

            done = race.round(adds, also)

            assert sorted(finish.code for finish in done) == [
                "done",
                "passkey.unusable",
            ]
            [added] = auth.passkeys.of(alice)
            assert auth.passkeys.of(bob) == []
            auth.passkeys.remove(added.id, by=ring.fresh(alice))


@pytest.mark.asvs("15.4.2")
def test_two_who_add_the_last_passkey_come_to_no_more_than_there_may_be(
    auth: Auth, track: Track, ring: Ring, alice: User
) -> None:
    now(auth)
    for _ in range(MOST - 1):
        ring.added(alice, Authenticator(ring.device.origin))
    with track.race(auth) as race:
        for _ in range(ROUNDS):
            now(auth)
            devices = [Authenticator(ring.device.origin) for _ in range(2)]
            made = [json.dumps(ring.made(alice, one)) for one in devices]
            there = {one.id for one in auth.passkeys.of(alice)}

            done = race.round(
                *(
                    move(
                        "add_passkey",
                        who=alice.id,
                        credential=one,
                        session=HERE,
                    )
                    for one in made
                )
            )

            codes = sorted(finish.code for finish in done)
            assert codes == ["done", "passkey.too_many"], codes
            [added] = {one.id for one in auth.passkeys.of(alice)} - there
            auth.passkeys.remove(added, by=ring.fresh(alice))


@pytest.mark.attack(145)
@pytest.mark.asvs("15.4.3")
@pytest.mark.parametrize("act", ["sign_in", "finish"])
def test_a_passkey_that_is_shown_while_the_account_goes_opens_nothing(
    auth: Auth, track: Track, ring: Ring, act: str
) -> None:
    with track.race(auth) as race:
        for turn in range(FEWER):
            now(auth)
            user = account(auth, f"user{turn}")
            ring.added(user)
            given = {"credential": ring.shown()}
            if act == "finish":
                token = waiting(auth, user)
                asked = auth.passkeys.second_options(token)
                shown = json.dumps(ring.device.get(asked))
                given = {"token": token, "credential": shown}

            came, gone = race.round(
                move(f"{act}_by_passkey", **given),
                move("delete" if turn % 2 else "disable", who=user.id),
            )

            assert gone.code == "done"
            assert came.code in (
                "done",
                "passkey.incorrect",
                "passkey.unknown",
                "credentials.incorrect",
                "account.disabled",
                "second_factor.incorrect",
                "second_factor.over",
            )
            assert auth.get_user_from_session_id(came.gave) is None
