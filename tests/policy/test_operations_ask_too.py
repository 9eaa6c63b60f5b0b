"""Every operation that is told who acts asks the policy, whatever the door.

So a door that forgets to ask, a script of a host and a second thought of
the page all meet the same table.
"""

import inspect
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from flask import Flask

from askers import CAST
from conftest import TurnableClock
from passkeyring import HERE, Ring
from policy_stage import Stage, staged
from verdicts import verdict
from vestibule.auth import Auth
from vestibule.capabilities.audit.outcomes import Wanted
from vestibule.capabilities.recovery_codes.operations import (
    CodesGone,
    NothingToRecover,
)
from vestibule.capabilities.totp.operations import NotOn
from vestibule.errors import (
    NotAllowed,
    NotProven,
    ProofTooOld,
    Refusal,
)
from vestibule.policy import Act, Actor, Who
from vestibule.user import User

ENDS: dict[str, type[Refusal] | None] = {
    "anonymous": NotProven,
    "forbidden": NotAllowed,
    "stale": ProofTooOld,
    "done": None,
}
TITLE, CONTENT = "Now", "something else"


@dataclass(frozen=True)
class Thing:
    """What an operation is done to: an account, and feedback of it."""

    user: User
    feedback: int
    handle: str
    passkey: int
    trusted: str
    code: str


Does = Callable[[Auth, Thing, Actor], object]


def _handed(auth: Auth, by: Actor) -> str:
    """Have a device make a passkey for whoever acts."""
    return "" if by.user is None else json.dumps(Ring(auth).made(by.user))


# Every method of a capability that takes ``by``, with an act for each way
# it can be meant, and how it is done.
OPERATIONS: dict[str, dict[Act, Does]] = {
    "administration.search": {
        Act.LIST_USERS: lambda a, _, by: a.administration.search(by=by),
    },
    "administration.set_admin": {
        Act.PROMOTE: lambda a, on, by: a.administration.set_admin(
            on.user, is_admin=True, by=by
        ),
        Act.DEMOTE: lambda a, on, by: a.administration.set_admin(
            on.user, is_admin=False, by=by
        ),
    },
    "administration.set_active": {
        Act.ENABLE: lambda a, on, by: a.administration.set_active(
            on.user, is_active=True, by=by
        ),
        Act.DISABLE: lambda a, on, by: a.administration.set_active(
            on.user, is_active=False, by=by
        ),
    },
    "administration.end_sessions": {
        Act.END_SESSIONS: lambda a, on, by: a.administration.end_sessions(
            on.user, by=by
        ),
    },
    "administration.send_reset": {
        Act.SEND_RESET: lambda a, on, by: a.administration.send_reset(
            on.user, by=by
        ),
    },
    "audit.search": {
        Act.SEARCH_HISTORY: lambda a, _, by: a.audit.search(Wanted(), by=by),
    },
    "audit.take": {
        Act.EXPORT_HISTORY: lambda a, _, by: a.audit.take(Wanted(), by=by),
    },
    "deletion.delete": {
        Act.DELETE: lambda a, on, by: a.deletion.delete(on.user, by=by),
    },
    "export.take": {
        Act.EXPORT: lambda a, on, by: a.export.take(on.user, by=by),
    },
    "feedback.of": {
        Act.LIST_FEEDBACK: lambda a, on, by: a.feedback.of(on.user, by=by),
    },
    "feedback.search": {
        Act.SEARCH_FEEDBACK: lambda a, _, by: a.feedback.search(by=by),
    },
    "feedback.one": {
        Act.SEE_FEEDBACK: lambda a, on, by: a.feedback.one(
            on.feedback, Act.SEE_FEEDBACK, by=by
        ),
    },
    "feedback.add": {
        Act.ADD_FEEDBACK: lambda a, on, by: a.feedback.add(
            on.user, TITLE, CONTENT, by=by
        ),
    },
    "feedback.change": {
        Act.CHANGE_FEEDBACK: lambda a, on, by: a.feedback.change(
            on.feedback, TITLE, CONTENT, by=by
        ),
    },
    "feedback.delete": {
        Act.DELETE_FEEDBACK: lambda a, on, by: a.feedback.delete(
            on.feedback, by=by
        ),
    },
    "passkeys.may_add": {
        Act.CHANGE_FACTORS: lambda a, _, by: a.passkeys.may_add(by),
    },
    "passkeys.creation_options": {
        Act.CHANGE_FACTORS: lambda a, _, by: a.passkeys.creation_options(
            HERE, by=by
        ),
    },
    "passkeys.add": {
        Act.CHANGE_FACTORS: lambda a, _, by: a.passkeys.add(
            _handed(a, by), HERE, by=by
        ),
    },
    "passkeys.one": {
        Act.CHANGE_PASSKEY: lambda a, on, by: a.passkeys.one(
            on.passkey, by=by
        ),
    },
    "passkeys.rename": {
        Act.CHANGE_PASSKEY: lambda a, on, by: a.passkeys.rename(
            on.passkey, TITLE, by=by
        ),
    },
    "passkeys.remove": {
        Act.CHANGE_PASSKEY: lambda a, on, by: a.passkeys.remove(
            on.passkey, by=by
        ),
    },
    "recovery_codes.check": {
        Act.CHANGE_FACTORS: lambda a, on, by: a.recovery_codes.check(
            on.user, (), by=by
        ),
    },
    "recovery_codes.make": {
        Act.CHANGE_FACTORS: lambda a, on, by: a.recovery_codes.make(
            on.user, by=by
        ),
    },
    "recovery_codes.make_first": {
        Act.CHANGE_FACTORS: lambda a, on, by: a.recovery_codes.make_first(
            on.user, by=by
        ),
    },
    "second_factors.distrust": {
        Act.DISTRUST: lambda a, on, by: a.second_factors.distrust(
            on.trusted, by=by
        ),
    },
    "second_factors.reset": {
        Act.RESET_FACTORS: lambda a, on, by: a.second_factors.reset(
            on.user, by=by
        ),
    },
    "sessions.end_device": {
        Act.END_DEVICE: lambda a, on, by: a.sessions.end_device(
            on.handle, by=by
        ),
    },
    "sessions.end_others": {
        Act.END_OTHERS: lambda a, on, by: a.sessions.end_others(
            on.user, None, by=by
        ),
    },
    "totp.begin": {
        Act.CHANGE_FACTORS: lambda a, on, by: a.totp.begin(on.user, by=by),
    },
    "totp.begun": {
        Act.CHANGE_FACTORS: lambda a, on, by: a.totp.begun(on.user, by=by),
    },
    "totp.confirm": {
        Act.CHANGE_FACTORS: lambda a, on, by: a.totp.confirm(
            on.user, on.code, by=by
        ),
    },
    "totp.remove": {
        Act.CHANGE_FACTORS: lambda a, on, by: a.totp.remove(on.user, by=by),
    },
    "not_me.shut_out": {
        Act.SHUT_OUT: lambda a, on, by: a.not_me.shut_out(
            on.user, None, by=by
        ),
    },
    "profile.update": {
        Act.CHANGE_EMAIL: lambda a, on, by: a.profile.update(
            on.user, on.user.username, "x@new.example", by=by
        ),
    },
}
# What is told of no account is done to the actor's own.
OWN = {"passkeys.may_add", "passkeys.creation_options", "passkeys.add"}
# Nobody who acts has an app that is on, or recovery codes: so it ends once
# the policy has let it through.
LET_THROUGH: dict[str, type[Refusal]] = {
    "recovery_codes.check": CodesGone,
    "recovery_codes.make": NothingToRecover,
    "recovery_codes.make_first": NothingToRecover,
    "totp.remove": NotOn,
}
# What shows an account asks by ``policy.account`` in the handler; there is
# no operation behind it.
SHOWN = {Act.SEE_ACCOUNT, Act.INSPECT}
# What anybody may try; who acts only says what must be shown besides.
FOR_ANYBODY = {
    "email_verification.confirm",
    "email_verification.confirm_by_code",
    "email_verification.is_ones_own",
}


@pytest.fixture
def stage(app: Flask, auth: Auth, clock: TurnableClock) -> Iterator[Stage]:
    """Set the stage."""
    with staged(app, auth, clock) as made:
        yield made


def told_who_acts(auth: Auth) -> set[str]:
    """Name the methods of all capabilities that are told who acts."""
    return {
        f"{capability.name}.{name}"
        for capability in auth.capabilities
        for name, method in inspect.getmembers(capability, inspect.ismethod)
        if "by" in inspect.signature(method).parameters
        and not name.startswith("_")
    }


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_operation_that_is_told_who_acts_is_tried(auth: Auth) -> None:
    assert told_who_acts(auth) == {*OPERATIONS} | FOR_ANYBODY


def test_every_act_that_is_not_for_all_is_asked_for_by_an_operation() -> None:
    tried = {act for acts in OPERATIONS.values() for act in acts}
    wanted = {a for a in Act if not a.is_public and not a.is_for_all}
    tried = {act for act in tried if not act.is_for_all}
    assert tried | SHOWN == wanted
    assert not tried & SHOWN


@pytest.mark.attack(89, "A31")
@pytest.mark.asvs("8.2.1", "8.2.2", "8.3.1")
@pytest.mark.parametrize("name", CAST)
def test_operations_end_as_the_table_says(stage: Stage, name: str) -> None:
    asker = stage.askers[name]
    facts = stage.facts[asker.owner.username]
    number, handle = int(str(facts["feedback"])), str(facts["handle"])
    passkey = int(str(facts["passkey"]))
    trusted = str(facts["trusted"])
    code = str(facts["first"])
    thing = Thing(asker.owner, number, handle, passkey, trusted, code)
    user = asker.user and stage.auth.db.find_user_by(id=asker.user.id)
    for operation, acts in OPERATIONS.items():
        for act, do in acts.items():
            for ago in (0, 100_000):
                by = Actor(user, stage.clock.now() - ago)
                who = asker.who
                if act.thing == "site" and Who.OWNER in who:
                    who = who & ~Who.OWNER | Who.OTHER
                if operation in OWN and Who.OTHER in who:
                    who = who & ~Who.OTHER | Who.OWNER
                told = verdict(act, who, is_fresh=not ago)
                end = None
                try:
                    do(stage.auth, thing, by)
                except Refusal as refusal:
                    end = type(refusal)
                wanted = ENDS[told]
                if told == "done":
                    wanted = LET_THROUGH.get(operation)
                assert end is wanted, (operation, act, name, ago)
                assert told == "done" or not stage.changed(), (act, name)
                stage.put_back()


@pytest.mark.attack("A33")
@pytest.mark.asvs("8.2.2")
def test_what_is_not_there_is_refused_like_what_is_somebody_elses(
    stage: Stage,
) -> None:
    by = Actor(stage.people["bob"], stage.clock.now())
    for number in (stage.facts["alice"]["feedback"], 0, -1, 10**9):
        for act in (Act.SEE_FEEDBACK, Act.CHANGE_FEEDBACK):
            with pytest.raises(NotAllowed):
                stage.auth.feedback.one(int(str(number)), act, by=by)
