"""However many guess at once, no more is evaluated than the budget."""

import pytest

from conftest import PASSWORD, account
from phones import with_app
from racing import Track, move, shut_by_ten
from vestibule.auth import Auth
from vestibule.errors import TooMany
from vestibule.ground.clock import Clock

ACCOUNTS = 10


@pytest.mark.asvs("6.3.1")
@pytest.mark.attack(32, "A21")
def test_of_200_guesses_of_two_processes_ten_are_evaluated(
    auth: Auth, track: Track
) -> None:
    with track.race(auth, attempts_per_account=10) as race:
        for turn in range(ACCOUNTS):
            # Every third name is nobody's.
            name = f"user{turn}"
            names = [name, name.upper(), f"  {name.title()}"]
            user_id = None
            if turn % 3:
                user_id = account(auth, name).id
                names.append(f"{name}@Example.COM")
            shut_by_ten(auth, user_id, name)
            guesses = move("guess_at_once", names=names, number=100)

            one, other = race.round(guesses, guesses)

            assert one.gave + other.gave == 10
            with pytest.raises(TooMany):
                auth.login.prove(name, PASSWORD)


@pytest.mark.asvs("6.3.1", "6.6.3")
@pytest.mark.attack(38, "A21")
def test_of_200_codes_of_two_processes_ten_are_looked_at(
    auth: Auth, track: Track
) -> None:
    with track.race(auth, attempts_per_account=10) as race:
        for turn in range(ACCOUNTS):
            user = account(auth, f"user{turn}")
            auth.clock.moment = Clock().now()  # type: ignore[attr-defined]
            phone = with_app(auth, user)
            tokens = [
                auth.login.with_password(user.username, PASSWORD).token
                for _ in range(3)
            ]
            shut_by_ten(auth, user.id, act="second_factor")
            guesses = move("guess_codes_at_once", tokens=tokens, number=100)

            one, other = race.round(guesses, guesses)

            assert one.gave + other.gave == 10
            with pytest.raises(TooMany):
                auth.second_factors.finish(tokens[0], phone.code(1))
