"""Nothing is written for an account that is gone, and nobody sees a bug."""

import pytest

from conftest import account
from racing import ROUNDS, Track, move, traces
from vestibule.auth import Auth
from vestibule.policy import OPERATOR
from vestibule.user import User
from writers import NEW, WRITERS, Writer


@pytest.mark.attack("A35")
@pytest.mark.parametrize("writer", WRITERS, ids=lambda made: made.__name__)
def test_nothing_is_left_of_an_account_that_was_in_use(
    auth: Auth, track: Track, writer: Writer
) -> None:
    left = traces(auth)
    with track.race(auth) as race:
        for turn in range(ROUNDS):
            user = account(auth, f"user{turn}")

            wrote, gone = race.round(
                writer(auth, user), move("delete", who=user.id)
            )

            assert gone.code == "done"
            assert wrote.code in {"done", *WRITERS[writer]}
            assert left(user.id) == {}


@pytest.mark.attack("A35")
@pytest.mark.parametrize("is_private", [False, True])
def test_the_heir_of_a_name_inherits_nothing(
    auth: Auth, track: Track, admin: User, *, is_private: bool
) -> None:
    left = traces(auth)
    taken = set() if is_private else {"email.taken", "username.taken"}
    with track.race(auth, verified_email_required=is_private) as race:
        for turn in range(ROUNDS):
            user = account(auth, f"user{turn}")
            reset = auth.password_reset.issue(user)
            auth.administration.set_admin(user, is_admin=True, by=OPERATOR)
            session = auth.sessions.open(user.id)
            auth.feedback.add(user, "A door", "Heavy", by=OPERATOR)

            came, gone = race.round(
                move(
                    "sign_up",
                    email=user.email,
                    password=NEW,
                    # One that is taken ends it before the address does.
                    username=f"heir{turn}" if is_private else user.username,
                ),
                move("delete", who=user.id),
            )

            assert gone.code == "done"
            assert came.code in {"done", *taken}
            assert left(user.id) == {}
            assert auth.get_user_from_session_id(session) is None
            with pytest.raises(ValueError, match="invalid or expired"):
                auth.update_password(reset, "a third good password")
            if auth.valid_login(user.email, NEW):
                heir = auth.db.find_user_by(email=user.email)
                assert heir.id > user.id
                assert not heir.is_admin
                assert set(left(heir.id)) <= {
                    "vestibule_users",
                    "vestibule_identifiers",
                    "vestibule_mailed_tokens",
                    "vestibule_outbox",
                }
