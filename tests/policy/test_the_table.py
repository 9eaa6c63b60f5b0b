"""The table of the policy, and the one who reads it out."""

from itertools import product

import pytest
from sqlalchemy import select, update

from conftest import TurnableClock
from verdicts import verdict
from vestibule.attempts import Attempts
from vestibule.auth import Auth
from vestibule.errors import (
    Missing,
    NotAllowed,
    NotProven,
    ProofTooOld,
    Refusal,
)
from vestibule.history import Event
from vestibule.policy import (
    ANYBODY,
    NOBODY,
    OPERATOR,
    SIGNED_IN,
    STRANGER,
    Act,
    Actor,
    Who,
)
from vestibule.user import User

ENDS: dict[str, type[Refusal] | None] = {
    "anonymous": NotProven,
    "forbidden": NotAllowed,
    "stale": ProofTooOld,
    "done": None,
}


def end(auth: Auth, by: Actor, act: Act, owner_id: int | None) -> object:
    """Say how it ends when somebody asks for an act."""
    try:
        auth.policy.require(by, act, owner_id)
    except Refusal as refusal:
        return type(refusal)
    return None


def events(auth: Auth) -> list[tuple[str, str, int | None]]:
    """List the events of the policy: act, outcome and whom it concerns."""
    codes = [act.code for act in Act]
    rows = auth.db.read(
        select(Event.act, Event.outcome, Event.subject_id).where(
            Event.act.in_(codes)
        )
    )
    return [(row[0], row[1], row[2]) for row in rows]


def now(auth: Auth, user: User, *, ago: int = 0) -> Actor:
    """Be somebody who has proven it some time ago."""
    return Actor(user, auth.clock.now() - ago)


# -- the rows ---------------------------------------------------------------


def test_every_act_has_a_code_of_its_own() -> None:
    rows = [act.value for act in Act]
    # Two equal rows would be one act under two names.
    assert len(rows) == len(Act.__members__)
    assert len({act.code for act in Act}) == len(rows)
    for act in Act:
        assert act.code.count(".") == 1
        assert len(act.code) <= Event.__table__.c.act.type.length  # type: ignore[attr-defined]


@pytest.mark.parametrize("act", Act)
def test_a_row_says_nothing_that_contradicts_itself(act: Act) -> None:
    assert act.allowed in ANYBODY
    assert act.allowed != NOBODY
    # Who needs a fresh proof must be allowed it at all, and have proven
    # something before.
    assert act.fresh in act.allowed
    assert Who.ANONYMOUS not in act.fresh
    if act.is_public:
        assert act.allowed == ANYBODY
        assert act.fresh == NOBODY
    # What is for other people is for everybody who is signed in, because
    # nothing then depends on whose the thing is.
    if Who.OTHER in act.allowed:
        assert act.is_for_all
    # Nobody but an administrator has anything to do with all of the site.
    if act.thing == "site":
        assert act.is_public or act.allowed == Who.ADMIN
    # What an administrator does to others, they do with a fresh proof,
    # unless they only look.
    looks = act.code.rpartition(".")[2] in ("see", "list", "search", "inspect")
    if not looks and not act.is_for_all and Who.ADMIN in act.allowed:
        assert Who.ADMIN in act.fresh


def test_every_standing_is_good_for_something() -> None:
    for who in Who:
        assert any(who in act.allowed for act in Act)
    assert Who.ANONYMOUS not in SIGNED_IN


# -- who is who -------------------------------------------------------------


def test_somebody_stands_towards_a_thing_as_owner_other_or_admin(
    alice: User, admin: User
) -> None:
    assert STRANGER.standing(alice.id) is Who.ANONYMOUS
    assert Actor(alice).standing(alice.id) == Who.OWNER
    assert Actor(alice).standing(admin.id) == Who.OTHER
    assert Actor(alice).standing(None) == Who.OTHER
    assert Actor(admin).standing(admin.id) == Who.OWNER | Who.ADMIN
    assert Actor(admin).standing(alice.id) == Who.OTHER | Who.ADMIN
    assert Actor(admin).standing(None) == Who.OTHER | Who.ADMIN
    assert STRANGER.standings is Who.ANONYMOUS
    assert Actor(alice).standings == Who.OTHER | Who.OWNER


@pytest.mark.attack(64)
def test_a_disabled_account_is_nobody_everywhere(
    auth: Auth, alice: User, admin: User
) -> None:
    for user in (alice, admin):
        gone = auth.db.find_user_by(id=user.id)
        gone.is_active = False
        by = Actor(gone, auth.clock.now())
        assert by.standing(user.id) is Who.ANONYMOUS
        assert by.standings is Who.ANONYMOUS
        for act in Act:
            expected = None if act.is_public else NotProven
            assert end(auth, by, act, user.id) is expected


def test_the_operator_may_do_everything_and_needs_no_proof(
    auth: Auth, alice: User
) -> None:
    for act, owner in product(Act, (None, alice.id)):
        auth.policy.require(OPERATOR, act, owner)
        auth.policy.admit(OPERATOR, act)
    assert not events(auth)


# -- what is decided --------------------------------------------------------


def test_every_cell_of_the_table_is_decided_as_it_reads(
    auth: Auth, alice: User, bob: User, admin: User
) -> None:
    whose: list[tuple[User | None, int | None, Who]] = [
        (None, alice.id, Who.ANONYMOUS),
        (None, None, Who.ANONYMOUS),
        (alice, alice.id, Who.OWNER),
        (bob, alice.id, Who.OTHER),
        (bob, None, Who.OTHER),
        (admin, alice.id, Who.OTHER | Who.ADMIN),
        (admin, None, Who.OTHER | Who.ADMIN),
        (admin, admin.id, Who.OWNER | Who.ADMIN),
    ]
    for act, (user, owner, who), ago in product(Act, whose, (0, 100_000)):
        told = verdict(act, who, is_fresh=not ago)
        by = Actor(user, auth.clock.now() - ago)
        assert end(auth, by, act, owner) is ENDS[told], (act, who, ago)


def test_at_the_door_only_who_may_do_it_to_nothing_at_all_is_refused(
    auth: Auth, bob: User, admin: User
) -> None:
    for act in Act:
        # A stale proof refuses nobody before it is known whose thing it is.
        stale = Actor(bob, 0)
        if act.is_public:
            auth.policy.admit(STRANGER, act)
        else:
            with pytest.raises(NotProven):
                auth.policy.admit(STRANGER, act)
        if act.allowed == Who.ADMIN:
            with pytest.raises(NotAllowed):
                auth.policy.admit(stale, act)
        else:
            auth.policy.admit(stale, act)
        auth.policy.admit(Actor(admin, 0), act)


@pytest.mark.settings(session_proof=90)
def test_a_proof_is_fresh_to_the_last_second_of_the_setting(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    by = now(auth, alice)
    clock.turn(seconds=90)
    auth.policy.require(by, Act.EXPORT, alice.id)
    clock.turn(seconds=1)
    with pytest.raises(ProofTooOld):
        auth.policy.require(by, Act.EXPORT, alice.id)


def test_a_proof_of_the_future_is_none(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    # Attack: a clock that was wrong for a moment makes a proof that lasts.
    by = now(auth, alice)
    clock.turn(seconds=-1)
    with pytest.raises(ProofTooOld):
        auth.policy.require(by, Act.EXPORT, alice.id)


def test_owners_need_no_proof_for_their_own_even_as_administrators(
    auth: Auth, alice: User, admin: User
) -> None:
    for act in (Act.ADD_FEEDBACK, Act.CHANGE_FEEDBACK, Act.DELETE_FEEDBACK):
        auth.policy.require(Actor(alice, 0), act, alice.id)
        auth.policy.require(Actor(admin, 0), act, admin.id)
        with pytest.raises(ProofTooOld):
            auth.policy.require(Actor(admin, 0), act, alice.id)


# -- accounts by name -------------------------------------------------------


def test_an_account_is_found_by_whom_it_may_be_known_to(
    auth: Auth, alice: User, bob: User, admin: User
) -> None:
    def found(by: Actor, username: str) -> object:
        """Say what comes of asking for an account."""
        try:
            user = auth.policy.account(Act.SEE_ACCOUNT, by, username=username)
        except Refusal as refusal:
            return type(refusal)
        return user.id

    assert found(now(auth, alice), "ALICE") == alice.id
    assert found(now(auth, admin), "alice") == alice.id
    assert found(now(auth, admin), "nobody") is Missing
    for username in ("alice", "nobody", "", "\x00", "a" * 5000, "ａlice"):
        assert found(now(auth, bob), username) is NotAllowed
        assert found(STRANGER, username) is NotProven


def test_whoever_is_deleted_meanwhile_is_nobody_and_not_somebody_else(
    auth: Auth, alice: User
) -> None:
    by = now(auth, alice)
    auth.deletion.delete(alice, by=OPERATOR)

    with pytest.raises(NotProven):
        auth.policy.account(Act.DELETE, by, username="alice")
    assert end(auth, by, Act.LIST_USERS, None) is NotProven
    assert ("users.list", "forbidden", None) not in events(auth)


# -- the history ------------------------------------------------------------


@pytest.mark.asvs("16.3.2")
def test_what_is_denied_stands_in_the_history(
    auth: Auth, alice: User, bob: User
) -> None:
    with pytest.raises(NotAllowed):
        auth.policy.require(now(auth, bob), Act.DELETE, alice.id)
    assert events(auth) == [("account.delete", "forbidden", alice.id)]


@pytest.mark.asvs("16.3.2")
def test_a_denial_is_kept_although_the_operation_is_undone(
    auth: Auth, alice: User, bob: User
) -> None:
    with pytest.raises(NotAllowed):
        auth.deletion.delete(alice, by=now(auth, bob))
    assert events(auth) == [("account.delete", "forbidden", alice.id)]
    assert auth.db.find_user_by(id=alice.id)


def test_the_history_holds_nothing_of_strangers_and_of_what_is_allowed(
    auth: Auth, alice: User
) -> None:
    # Attack: anybody in the world who fills the table of events.
    for act in Act:
        end(auth, STRANGER, act, alice.id)
        end(auth, now(auth, alice), Act.EXPORT, alice.id)
        end(auth, Actor(alice, 0), Act.EXPORT, alice.id)
    assert not events(auth)


# -- sessions ---------------------------------------------------------------


def test_a_session_knows_when_its_owner_has_proven_it(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    token = auth.sessions.open(alice.id)
    opened = clock.now()
    clock.turn(minutes=30)
    assert auth.sessions.actor(token).proven_at == opened

    fresh = auth.sessions.renew(token).token
    assert auth.sessions.actor(fresh).proven_at == clock.now()
    assert auth.sessions.actor(token) == STRANGER


@pytest.mark.asvs("8.3.2")
def test_a_session_of_a_disabled_account_belongs_to_nobody(
    auth: Auth, alice: User
) -> None:
    token = auth.sessions.open(alice.id)
    assert auth.sessions.actor(token).user
    auth.db.write(
        update(User).where(User.id == alice.id).values(is_active=False)
    )
    assert auth.sessions.actor(token) == STRANGER


def test_the_history_does_not_grow_without_end_by_what_is_denied(
    auth: Auth, alice: User, bob: User, clock: TurnableClock
) -> None:
    asker = Actor(bob, proven_at=clock.now())

    def denied(times: int) -> int:
        """Be denied so often; count what the history has of it."""
        for _ in range(times):
            with pytest.raises(NotAllowed):
                auth.policy.require(asker, Act.SEE_ACCOUNT, alice.id)
        return sum(
            event.outcome == "forbidden"
            for event in auth.audit.of(alice.id).items
        )

    most = denied(60)
    assert 10 < most < 30
    assert denied(60) == most
    clock.turn(hours=1)
    assert denied(1) == most + 1


def test_one_who_is_denied_much_hides_nobody_else_s_denials(
    auth: Auth, alice: User, bob: User, admin: User, clock: TurnableClock
) -> None:
    def denied(by: User, times: int) -> int:
        """Be denied so often; count what the history has of it all."""
        for _ in range(times):
            with pytest.raises(NotAllowed):
                auth.policy.require(
                    Actor(by, clock.now()), Act.SEE_ACCOUNT, admin.id
                )
        shown = auth.audit.of(admin.id).items
        return sum(event.outcome == "forbidden" for event in shown)

    most = denied(bob, 60)
    assert denied(alice, 1) == most + 1
    # Nor are these the refusals of anything else that is counted.
    keys = auth.db.read(select(Attempts.key).order_by(Attempts.key))
    assert {row[0] for row in keys} == {
        f"noted:forbidden:user:{one.id}" for one in (alice, bob)
    }
