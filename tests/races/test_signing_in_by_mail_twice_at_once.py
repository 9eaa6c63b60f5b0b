"""Two who come with one letter at the same moment: exactly one gets in."""

import re

import pytest

from conftest import account
from racing import FEWER, ROUNDS, Track, move
from vestibule.auth import Auth
from vestibule.ground.clock import Clock
from vestibule.user import User

pytestmark = pytest.mark.settings(
    mailed_sign_in="true", attempts_per_account=1_000_000
)
REFUSED = {"code": "code.incorrect", "link": "link.invalid"}


def letter(auth: Auth, user: User, way: str) -> dict[str, str]:
    """Ask for a letter, by the clock of other processes, and read it."""
    auth.clock.moment = Clock().now()  # type: ignore[attr-defined]
    ticket = auth.mailed_sign_in.ask(user.username)
    text = auth.outbox.latest(1)[0].text
    token = re.search(r"/login/code/(\S+)", text)
    code = re.search(r"^\d{4} \d{4}$", text, re.M)
    assert token
    assert code
    shown = code[0] if way == "code" else ""
    made = {"token": token[1], "name": user.username, "code": shown}
    return {**made, "ticket": ticket}


@pytest.mark.parametrize("way", ["code", "link"])
@pytest.mark.attack(45)
@pytest.mark.asvs("6.5.1", "15.4.2")
def test_of_two_with_one_letter_exactly_one_signs_in(
    auth: Auth, track: Track, way: str
) -> None:
    rounds = ROUNDS if way == "code" else FEWER
    user = account(auth, "alice")
    with track.race(auth, mailed_sign_in="true") as race:
        for _ in range(rounds):
            auth.sessions.end_all(user.id)
            shown = letter(auth, user, way)

            done = race.round(
                move("sign_in_by_mail", **shown),
                move("sign_in_by_mail", **shown),
            )

            codes = sorted(finish.code for finish in done)
            assert codes == sorted(["done", REFUSED[way]]), codes
            assert len(auth.sessions.devices(user, None)) == 1


@pytest.mark.attack(145)
@pytest.mark.asvs("15.4.2", "15.4.3")
def test_code_and_link_of_one_letter_let_one_in(
    auth: Auth, track: Track
) -> None:
    user = account(auth, "alice")
    with track.race(auth, mailed_sign_in="true") as race:
        for _ in range(FEWER):
            auth.sessions.end_all(user.id)
            shown = letter(auth, user, "code")

            done = race.round(
                move("sign_in_by_mail", **shown),
                move("sign_in_by_mail", **{**shown, "code": ""}),
            )

            assert [finish.code for finish in done].count("done") == 1
            assert len(auth.sessions.devices(user, None)) == 1


@pytest.mark.attack(145)
@pytest.mark.asvs("15.4.3")
def test_who_signs_in_and_who_signs_all_out_never_wait_for_each_other(
    auth: Auth, track: Track
) -> None:
    with track.race(auth, mailed_sign_in="true") as race:
        for turn in range(FEWER):
            user = account(auth, f"user{turn}")
            shown = letter(auth, user, "code")
            other = (
                move("end_sessions", who=user.id)
                if turn % 2
                else move("ask_by_mail", name=user.username)
            )

            # A deadlock is an answer that fails the race: unavailable.
            done = race.round(move("sign_in_by_mail", **shown), other)

            assert done[1].code == "done"
            assert done[0].code in ("done", "code.incorrect")
