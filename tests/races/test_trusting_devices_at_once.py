"""Devices that are trusted at the same moment, or shown twice at once."""

import json

import pytest

from conftest import PASSWORD, account
from passkeyring import Ring
from phones import Phone, with_app
from racing import FEWER, ROUNDS, Track, move
from vestibule.auth import Auth
from vestibule.capabilities.second_factors.trust import (
    MOST_DEVICES,
    TrustedDevices,
)
from vestibule.ground.clock import Clock
from vestibule.policy import OPERATOR
from vestibule.user import User

pytest_plugins = ["passkeyring_fixtures"]


def now(auth: Auth) -> None:
    """Turn the clock of the test to that of other processes."""
    auth.clock.moment = Clock().now()  # type: ignore[attr-defined]


def waiting(auth: Auth, user: User) -> str:
    """Begin a sign-in that waits for the second step."""
    token: str = auth.login.with_password(user.username, PASSWORD).token
    return token


def trusted(auth: Auth, user: User) -> str:
    """Trust one more device; give its token."""
    hashes = auth.mailed_tokens.keyed_hashes
    stamp = hashes("second_factor", str(user.id), user.hashed_password)[0]
    return TrustedDevices(auth.db).begin(user.id, stamp)


@pytest.mark.attack(45)
@pytest.mark.asvs("6.5.1", "15.4.2")
def test_of_two_with_one_trusted_device_one_is_asked_for_the_second_step(
    auth: Auth, track: Track, alice: User
) -> None:
    with_app(auth, alice)
    with track.race(auth) as race:
        for _ in range(ROUNDS):
            now(auth)
            auth.sessions.end_all(alice.id)
            given = {"name": "alice", "password": PASSWORD}
            comes = move(
                "sign_in_on_trust", token=trusted(auth, alice), **given
            )

            done = race.round(comes, comes)

            assert sorted(finish.gave for finish in done) == [False, True]
            assert len(auth.sessions.devices(alice, None)) == 1


@pytest.mark.parametrize("way", ["passkeys", "recovery_codes"])
@pytest.mark.asvs("15.4.2")
def test_two_that_are_trusted_at_once_come_to_no_more_than_there_may_be(
    auth: Auth, track: Track, ring: Ring, alice: User, way: str
) -> None:
    now(auth)
    ring.added(alice)
    for _ in range(MOST_DEVICES):
        trusted(auth, alice)
    codes: list[str] = []
    with track.race(auth) as race:
        for _ in range(FEWER):
            now(auth)
            moves = []
            for _ in range(2):
                token = waiting(auth, alice)
                given: dict[str, object] = {"token": token, "trust": True}
                if way == "passkeys":
                    asked = auth.passkeys.second_options(token)
                    shown = json.dumps(ring.device.get(asked))
                    moves.append(
                        move("finish_by_passkey", credential=shown, **given)
                    )
                    continue
                codes = codes or auth.recovery_codes.make(alice, by=OPERATOR)
                moves.append(move("finish_sign_in", code=codes.pop(), **given))

            race.round(*moves)

            assert len(auth.second_factors.trusted(alice)) == MOST_DEVICES


@pytest.mark.asvs("7.4.3", "15.4.2")
def test_who_is_trusted_while_the_password_changes_is_trusted_no_more(
    auth: Auth, track: Track
) -> None:
    new = "another good password"
    with track.race(auth) as race:
        for turn in range(FEWER):
            now(auth)
            user = account(auth, f"user{turn}")
            with_app(auth, user)
            [code, *_] = auth.recovery_codes.make(user, by=OPERATOR)

            race.round(
                move(
                    "finish_sign_in",
                    token=waiting(auth, user),
                    code=code,
                    trust=True,
                ),
                move("change_password", who=user.id, old=PASSWORD, new=new),
            )

            user = auth.db.find_user_by(id=user.id)
            assert auth.second_factors.trusted(user) == []


@pytest.mark.attack(145)
@pytest.mark.asvs("7.4.3", "15.4.2")
@pytest.mark.parametrize("what", ["passkey", "app", "codes"])
def test_what_a_thief_adds_while_the_owner_shuts_them_out_does_not_stay(
    auth: Auth, track: Track, ring: Ring, what: str
) -> None:
    session = "the session of a thief"
    with track.race(auth) as race:
        for turn in range(FEWER):
            now(auth)
            user = account(auth, f"user{turn}")
            auth.not_me.tell_of_new_device(user)
            letter = auth.outbox.latest(1)[0].text
            link = letter.partition("/security/not-me/")[2].split()[0]
            if what == "passkey":
                asked = auth.passkeys.creation_options(
                    session, by=ring.fresh(user)
                )
                made = json.dumps(ring.device.create(asked))
                given = {"who": user.id, "session": session}
                adds = move("add_passkey", credential=made, **given)
            elif what == "app":
                key = auth.totp.begin(user, by=OPERATOR).key
                code = Phone(key, auth.clock).code()
                adds = move("confirm_app", who=user.id, code=code)
            else:
                with_app(auth, user)
                adds = move("make_recovery_codes", who=user.id)

            _, secured = race.round(adds, move("say_not_me", token=link))

            assert secured.code == "done"
            assert auth.second_factors.ways(user) == []
            assert auth.passkeys.of(user) == []
            assert auth.recovery_codes.left(user).count == 0
