"""Two who show one code at the same moment: exactly one gets in."""

import pytest

from conftest import PASSWORD, account
from phones import Phone
from racing import FEWER, ROUNDS, Track, move
from vestibule.auth import Auth
from vestibule.ground.clock import Clock
from vestibule.policy import OPERATOR
from vestibule.user import User

INCORRECT = {
    "totp": "second_factor.incorrect",
    "recovery_codes": "recovery_codes.used",
}


def waiting(auth: Auth, user: User) -> str:
    """Begin a sign-in that waits for the second step."""
    token: str = auth.login.with_password(user.username, PASSWORD).token
    return token


def phone_of(auth: Auth, user: User) -> Phone:
    """Set an app up by the clock of other processes, two steps ago."""
    clock = Clock()
    moment, auth.clock.moment = auth.clock.now(), clock.now() - 60  # type: ignore[attr-defined]
    phone = Phone(auth.totp.begin(user, by=OPERATOR).key, clock)
    auth.totp.confirm(user, Phone(phone.key, auth.clock).code(), by=OPERATOR)
    auth.clock.moment = moment  # type: ignore[attr-defined]
    return phone


@pytest.mark.parametrize("way", ["totp", "recovery_codes"])
@pytest.mark.attack(45, "A42")
@pytest.mark.asvs("6.5.1", "15.4.2")
def test_of_two_with_one_code_exactly_one_signs_in(
    auth: Auth, track: Track, way: str
) -> None:
    with track.race(auth) as race:
        for turn in range(ROUNDS):
            user = account(auth, f"user{turn}")
            phone = phone_of(auth, user)
            [code, *_] = auth.recovery_codes.make(user, by=OPERATOR)
            tokens = [waiting(auth, user) for _ in range(2)]
            shown = phone.code() if way == "totp" else code

            done = race.round(
                *(
                    move("finish_sign_in", token=token, code=shown)
                    for token in tokens
                )
            )

            codes = sorted(finish.code for finish in done)
            assert codes == ["done", INCORRECT[way]], codes
            assert len(auth.sessions.devices(user, None)) == 1


@pytest.mark.parametrize("way", ["totp", "recovery_codes"])
@pytest.mark.asvs("6.5.1", "15.4.2")
def test_a_code_that_signs_in_confirms_nothing_at_the_same_moment(
    auth: Auth, track: Track, way: str
) -> None:
    with track.race(auth) as race:
        for turn in range(FEWER):
            user = account(auth, f"user{turn}")
            session = auth.login.with_password(user.username, PASSWORD).token
            phone = phone_of(auth, user)
            [code, *_] = auth.recovery_codes.make(user, by=OPERATOR)
            shown = phone.code() if way == "totp" else code
            again = {"password": PASSWORD, "token": session, "code": shown}

            done = race.round(
                move("finish_sign_in", token=waiting(auth, user), code=shown),
                move("confirm_proof", who=user.id, **again),
            )

            codes = sorted(finish.code for finish in done)
            assert codes == ["done", INCORRECT[way]], codes


@pytest.mark.parametrize("way", ["totp", "recovery_codes"])
@pytest.mark.attack(53)
@pytest.mark.asvs("15.4.2")
def test_of_two_with_one_sign_in_that_waits_exactly_one_gets_a_session(
    auth: Auth, track: Track, way: str
) -> None:
    with track.race(auth) as race:
        for turn in range(FEWER):
            user = account(auth, f"user{turn}")
            phone = phone_of(auth, user)
            one, two, *_ = auth.recovery_codes.make(user, by=OPERATOR)
            token = waiting(auth, user)
            codes = [phone.code() if way == "totp" else one, two]

            done = race.round(
                *(
                    move("finish_sign_in", token=token, code=code)
                    for code in codes
                )
            )

            told = sorted(finish.code for finish in done)
            assert told == ["done", "second_factor.over"], told
            assert len(auth.sessions.devices(user, None)) == 1


@pytest.mark.attack(145)
@pytest.mark.asvs("15.4.3")
def test_a_sign_in_and_a_change_of_the_factor_never_wait_for_each_other(
    auth: Auth, track: Track
) -> None:
    with track.race(auth) as race:
        for turn in range(FEWER):
            user = account(auth, f"user{turn}")
            phone = phone_of(auth, user)
            [code, *_] = auth.recovery_codes.make(user, by=OPERATOR)
            token = waiting(auth, user)
            shown = phone.code() if turn % 2 else code
            other = "make_recovery_codes" if turn % 3 else "turn_app_off"

            # A deadlock is an answer that fails the race: unavailable.
            done = race.round(
                move("finish_sign_in", token=token, code=shown),
                move(other, who=user.id),
            )

            assert done[1].code == "done"
