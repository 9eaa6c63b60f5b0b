"""What a change of a password counts, ends, notes and tells, and of whom."""

from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from conftest import CHEAP, PASSWORD, TurnableClock
from vestibule.attempts import Attempts
from vestibule.auth import Auth
from vestibule.budgets import device_key, straight_key
from vestibule.capabilities.passwords import letters
from vestibule.capabilities.passwords.foreign import NONE_YET, HashWeak
from vestibule.capabilities.passwords.hasher import Hasher
from vestibule.capabilities.passwords.operations import (
    OldPasswordIncorrect,
    PasswordChanged,
    PasswordSame,
)
from vestibule.capabilities.passwords.policy import PasswordPersonal
from vestibule.sections import PasswordSettings
from vestibule.user import User

NEW = "a new and better password"


def told(auth: Auth, user: User) -> list[tuple[str, str]]:
    """List what the history has of an account's password."""
    return [
        (one.act, one.outcome)
        for one in auth.audit.of(user.id, 50).items
        if one.act.lower().startswith("password")
    ]


@pytest.mark.asvs("6.2.3", "7.4.3", "16.3.1")
def test_a_change_ends_and_forgets_what_is_the_account_s_own_alone(
    auth: Auth, alice: User, bob: User
) -> None:
    here, there, his = (
        auth.sessions.open(user.id) for user in (alice, alice, bob)
    )
    known, other, theirs = (
        auth.known_devices.remember(user.id, None).token
        for user in (alice, alice, bob)
    )
    done = auth.passwords.change(alice, PASSWORD, NEW, here, [known])

    assert done == PasswordChanged()
    assert auth.sessions.owner(here)
    assert auth.sessions.owner(there) is None
    assert auth.sessions.owner(his)
    recognise = auth.known_devices.recognise
    assert recognise(alice.id, [known, other]) == known
    assert recognise(alice.id, [other]) is None
    assert recognise(bob.id, [theirs]) == theirs
    assert told(auth, alice) == [("password.change", "done")]
    assert told(auth, bob) == []
    assert auth.passwords.is_right(alice, NEW)
    assert not auth.passwords.is_right(alice, PASSWORD)


@pytest.mark.asvs("6.2.3", "16.3.1")
def test_a_wrong_old_password_is_noted_and_changes_nothing(
    auth: Auth, alice: User
) -> None:
    here = auth.sessions.open(alice.id)
    with pytest.raises(OldPasswordIncorrect):
        auth.passwords.change(alice, "a guess", NEW)

    assert told(auth, alice) == [("password.change", "old_password.incorrect")]
    assert auth.sessions.owner(here)
    assert auth.passwords.is_right(alice, PASSWORD)


def test_the_same_password_is_no_new_one_however_it_is_typed(
    auth: Auth, alice: User
) -> None:
    accented = "zoe\u0308 und der ka\u0308se"
    auth.passwords.change(alice, PASSWORD, accented)
    with pytest.raises(PasswordSame):
        auth.passwords.change(alice, accented, "zoë und der käse")


@pytest.mark.asvs("6.3.1")
def test_a_wrong_old_password_counts_for_the_device_it_comes_from(
    auth: Auth, alice: User, bob: User
) -> None:
    known = auth.known_devices.remember(alice.id, None).token
    planted = auth.known_devices.remember(bob.id, None).token
    with pytest.raises(OldPasswordIncorrect):
        auth.passwords.change(alice, "a guess", NEW, None, [known])
    key = device_key("login", known)
    found = {row[0] for row in auth.db.read(select(Attempts.key))}
    assert found == {key, straight_key(key)}

    with pytest.raises(OldPasswordIncorrect):
        auth.passwords.change(alice, "a guess", NEW, None, [planted])
    found = {row[0] for row in auth.db.read(select(Attempts.key))}
    account = f"login:user:{alice.id}"
    assert found == {key, straight_key(key), account, straight_key(account)}


def test_a_password_is_none_of_the_account_s_own_names(
    auth: Auth, alice: User
) -> None:
    alice.first_name, alice.last_name = "Wilhelmina", "Rosewater"
    for name in ("alice", "Wilhelmina", "Rosewater"):
        with pytest.raises(PasswordPersonal):
            auth.passwords.hash_new(alice, f"{name}-2024")
    encoded = auth.passwords.hash_new(alice, NEW)
    assert auth.passwords.hasher.verify(encoded, NEW)


@pytest.mark.parametrize("by_operator", [False, True])
def test_the_letter_tells_whose_password_was_changed_and_what_to_do(
    auth: Auth, alice: User, by_operator: bool
) -> None:
    letter = letters.password_changed(
        auth.desk, alice, by_operator=by_operator
    )

    assert letter.to == "alice@example.com"
    assert letter.subject == "Your Vestibule password was changed"
    text = " ".join(letter.text.split())
    assert (
        "The password of your Vestibule account (alice) was changed, and "
        "other devices were signed out." in text
    )
    assert " Set a new password at once: " in text
    assert f"{auth.settings.base_url}/password_reset" in text
    assert ">Set a new password</a>" in (letter.html or "")
    plain = letters.password_changed(auth.desk, alice)
    assert (plain.text == letter.text) is not by_operator


@pytest.mark.parametrize("by_operator", [False, True])
def test_the_owner_gets_the_letter_about_whoever_set_the_password(
    auth: Auth, alice: User, by_operator: bool
) -> None:
    made = auth.passwords.hash_new(alice, NEW)
    auth.passwords.set(alice, made, by_operator=by_operator)
    [letter] = auth.outbox.latest()
    assert letter.user_id == alice.id
    written = letters.password_changed(
        auth.desk, alice, by_operator=by_operator
    )
    assert letter.text == written.text

    auth.passwords.set(alice, auth.passwords.hash_new(alice, NEW + "!"))
    plain = letters.password_changed(auth.desk, alice)
    assert plain.text in {one.text for one in auth.outbox.latest()}


@pytest.mark.settings(site_name="The Allotment Society of Upper Lower Ham")
def test_a_long_name_of_the_site_is_cut_in_the_subject_alone(
    auth: Auth, alice: User
) -> None:
    letter = letters.password_changed(auth.desk, alice)

    brief = auth.desk.sheet(alice).brief
    assert brief.endswith("…")
    assert letter.subject == f"Your {brief} password was changed"
    assert auth.settings.site.name in " ".join(letter.text.split())


def test_what_a_hash_costs_is_measured_in_time_of_the_processor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    costs: Any = {name: int(text) for name, text in CHEAP.items()}
    hasher = Hasher(PasswordSettings(**costs), lambda: False)
    moments = iter([5.0, 7.5])
    monkeypatch.setattr("time.thread_time", lambda: next(moments))
    assert hasher.span == 0
    hasher.warm_up()
    assert hasher.span == 2.5


@pytest.mark.parametrize(
    ("encoded", "kind"),
    [("5f4dcc3b5aa765d61d8327deb882cf99", "without salt"), ("plain text", "")],
)
def test_a_hash_that_anybody_can_undo_is_named(
    auth: Auth, encoded: str, kind: str
) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011
        auth.passwords.check_hash(encoded)
    assert isinstance(refused.value, HashWeak) is bool(kind)
    assert kind in str(refused.value)


def test_a_new_password_is_that_of_one_account_with_its_moment(
    auth: Auth, alice: User, bob: User, clock: TurnableClock
) -> None:
    # Two hashes are never alike, but this stands for none.
    auth.passwords.lock(alice)
    auth.passwords.lock(bob)
    clock.turn(minutes=5)
    auth.passwords.set(alice, auth.passwords.hash_new(alice, NEW))

    hers, his = (auth.db.find_user_by(id=one.id) for one in (alice, bob))
    assert hers.password_changed_at == clock.now()
    assert hers.hashed_password == alice.hashed_password
    assert his.password_changed_at != clock.now()
    assert his.hashed_password == NONE_YET
    assert auth.passwords.is_current(alice)
    assert auth.passwords.is_current(alice, alone=True)
    auth.passwords.lock(alice)
    assert not auth.passwords.is_current(hers)


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
@pytest.mark.parametrize("alone", [{}, {"alone": True}], ids=["many", "one"])
def test_a_proven_password_is_held_until_the_end_with_others_or_alone(
    auth: Auth, alice: User, alone: dict[str, bool]
) -> None:
    def is_free(lock: str) -> bool:
        """Try to lock the account as somebody else, without waiting."""
        look = f"SELECT id FROM vestibule_users FOR {lock} NOWAIT"
        try:
            with auth.db.engine.connect() as other:
                return other.execute(text(look)).one() == (alice.id,)
        except OperationalError:
            return False

    with auth.db.unit():
        assert auth.passwords.is_current(alice, **alone)
        # Nobody sets a password now, and others who sign in wait or not …
        assert not is_free("NO KEY UPDATE")
        assert is_free("SHARE") is not bool(alone)
        # … but rows that belong to the account can be added.
        assert is_free("KEY SHARE")
    assert is_free("NO KEY UPDATE")
