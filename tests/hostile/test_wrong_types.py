"""Wrong types and sizes at the Python contract: one answer on two engines.

Whatever a script hands over, it meets the exceptions that the contract
names, and never one of a driver, which would differ with the database.
"""

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy.exc import InvalidRequestError, NoResultFound

from conftest import PASSWORD
from hostility import lasting_state, odd_values, tries
from vestibule.auth import Auth
from vestibule.errors import Conflict
from vestibule.user import User

pytestmark = pytest.mark.settings(
    attempts_per_account=1_000_000, attempts_per_address=1_000_000
)
# What the contract lets out; a taken name is a Conflict at DB itself.
DOCUMENTED = (ValueError, NoResultFound, InvalidRequestError, Conflict)
WRONG: list[Any] = [
    *(None, True, False, 0, -1, 2**31, 2**63 - 1, 2**63, -(2**63) - 1),
    *(10**30, 10**400, 1.0, 1.5, math.nan, math.inf, 1j, b"", b"alice"),
    *([], ["alice"], {}, {"$ne": ""}, (1,), {1}, object(), User, range(3)),
    *("", " ", "1", "٣", "True", "\x00", "ali\x00ce", "\ud800", "x" * 10**6),
    *("alice@example.com\x00", "@" * 10**5, "id:1", "' OR 1=1 --"),
]
COLUMNS = sorted(User.__mapper__.columns.keys())
NULLABLE = {
    "email_verified_at",
    "first_name",
    "language",
    "last_name",
    "theme",
}


def anything() -> st.SearchStrategy[Any]:
    """Make any value at all."""
    return st.sampled_from(WRONG) | odd_values() | st.binary(max_size=20)


def came_to(act: Callable[..., object], *given: Any, **more: Any) -> object:
    """Do something; say what it came to, or its documented refusal."""
    try:
        return act(*given, **more)
    except DOCUMENTED as refusal:
        return type(refusal)


@pytest.mark.attack(95, 96)
@pytest.mark.asvs("15.3.5")
@pytest.mark.parametrize("column", COLUMNS)
def test_a_value_of_another_type_is_nobodys(
    auth: Auth, alice: User, column: str
) -> None:
    for wrong in WRONG:
        own = getattr(alice, column)
        is_own = type(wrong) is type(own) and wrong == own

        found = came_to(auth.db.find_user_by, **{column: wrong})

        if is_own:
            assert isinstance(found, User), (wrong, found)
        else:
            assert found is NoResultFound, (wrong, found)


@pytest.mark.asvs("1.2.4")
@pytest.mark.attack(140)
def test_a_name_that_is_no_column_is_said_to_be_none(
    auth: Auth, alice: User
) -> None:
    for name in ("", "\x00", "\ud800", "metadata", "__class__", "x" * 10**5):
        with pytest.raises(InvalidRequestError):
            auth.db.find_user_by(**{name: 1})
        with pytest.raises(ValueError, match="users have no"):
            auth.db.update_user(alice.id, **{name: 1})


@pytest.mark.asvs("1.4.2")
@pytest.mark.attack("A37")
@pytest.mark.parametrize("column", [c for c in COLUMNS if c != "id"])
def test_a_column_takes_only_what_fits_on_both_databases(
    auth: Auth, alice: User, column: str
) -> None:
    for wrong in WRONG:
        before = lasting_state(auth)

        done = came_to(auth.db.update_user, alice.id, **{column: wrong})

        now = auth.db.find_user_by(id=alice.id)
        if done is None:
            assert getattr(now, column) == wrong
            assert type(getattr(now, column)) is type(wrong)
            assert wrong is not None or column in NULLABLE
        else:
            assert done is not NoResultFound
            assert lasting_state(auth) == before


@pytest.mark.asvs("1.4.2")
def test_an_account_number_that_is_none_is_nobodys(
    auth: Auth, alice: User
) -> None:
    token = auth.create_session(alice.email)
    for wrong in WRONG:
        if wrong == alice.id and type(wrong) is int:
            continue
        with pytest.raises(NoResultFound):
            auth.db.update_user(wrong, first_name="Mallory")
        auth.destroy_session(wrong)
    assert auth.get_user_from_session_id(token) is not None
    assert auth.db.find_user_by(id=alice.id).first_name is None


def test_an_account_is_made_of_text_that_fits(auth: Auth) -> None:
    for wrong in WRONG:
        before = lasting_state(auth)
        came_to(auth.db.add_user, wrong, "x")
        came_to(auth.db.add_user, "carol@example.com", wrong)
        came_to(auth.register_user, wrong, PASSWORD)
        came_to(auth.register_user, "erin@example.com", wrong)
        if not isinstance(wrong, str):
            assert lasting_state(auth) == before, wrong


@tries(150)
@given(anything(), anything())
@example(email=None, password=None)
@example(email="alice@example.com\x00", password="\ud800")
@example(email="\ud800", password=b"x")
@example(email=["alice@example.com"], password={"$ne": ""})
def test_the_seven_verbs_know_nobody_by_odd_values(
    auth: Auth, alice: User, email: Any, password: Any
) -> None:
    assert auth.valid_login(email, password) is False
    assert auth.valid_login(alice.email, password) is False
    assert auth.valid_login(email, PASSWORD) is False
    assert auth.create_session(email) is None
    assert auth.get_user_from_session_id(email) is None
    auth.destroy_session(email)
    with pytest.raises(ValueError, match="no account"):
        auth.get_reset_password_token(email)
    with pytest.raises(ValueError, match="token"):
        auth.update_password(email, PASSWORD)


@tries(40)
@given(anything())
@example(password="\x00")
@example(password=None)
@example(password=b"correct horse battery staple")
def test_a_reset_takes_no_odd_password(
    auth: Auth, alice: User, password: Any
) -> None:
    token = auth.get_reset_password_token(alice.email)

    if not isinstance(password, str):
        with pytest.raises(ValueError, match="cannot be typed"):
            auth.update_password(token, password)
        assert auth.valid_login(alice.email, PASSWORD)
        return
    came_to(auth.update_password, token, password)
    token = auth.get_reset_password_token(alice.email)
    auth.update_password(token, PASSWORD)


@pytest.mark.attack(31, "A37")
@tries(60)
@given(st.sampled_from(COLUMNS), anything(), st.booleans())
@example(column="id", value=10**30, is_new=False)
@example(column="id", value="1", is_new=False)
@example(column="id", value=True, is_new=False)
@example(column="id", value=1, is_new=True)
@example(column="id", value=2**63 - 1, is_new=True)
@example(column="created_at", value=-(2**63) - 1, is_new=True)
@example(column="first_name", value="x" * 31, is_new=True)
@example(column="hashed_password", value="\x00", is_new=True)
def test_no_driver_ever_speaks(
    auth: Auth, alice: User, column: str, value: Any, is_new: bool
) -> None:
    came_to(auth.db.find_user_by, **{column: value})
    came_to(auth.db.update_user, alice.id, **{column: value})
    if is_new and column in {*NULLABLE, "username", "is_admin", "id"}:
        came_to(auth.db.add_user, "d@d.de", "x", **{column: value})
