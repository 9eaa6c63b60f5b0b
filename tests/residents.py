"""Residents: accounts that live in every table, and where those are."""

from sqlalchemy import Column, MetaData, func, select

from conftest import PASSWORD
from paintings import painted
from passkeyring import Ring
from vestibule.auth import Auth
from vestibule.capabilities.email_changes.records import EmailUndoRecord
from vestibule.capabilities.recovery_codes.records import RecoveryCode
from vestibule.capabilities.second_factors.records import (
    TrustedDevice,
    WaitingSignIn,
)
from vestibule.ground.randomness import fingerprint
from vestibule.policy import OPERATOR
from vestibule.records import PREFIX
from vestibule.uploads import Upload
from vestibule.user import User

# Columns that say whose a row is without a foreign key.
SPOKEN = ("user_id", "subject_id", "actor_id", "owner_id", "person_id")
# What outlives an account, and why.
NAMES_STAY = dict.fromkeys(
    (
        "events.subject_id",
        "events.actor_id",
        "history.subject_id",
        "history.actor_id",
        "history.person_id",
    ),
    "the history is only added to; it has no names",
)


def keys(auth: Auth) -> dict[str, Column[int]]:
    """List every column that says whose a row is, as the database has it.

    From the database itself, so that a table nobody told us of counts.
    """
    metadata = MetaData()
    metadata.reflect(auth.db.engine)
    return {
        f"{table.name.removeprefix(PREFIX)}.{column.name}": column
        for table in metadata.tables.values()
        for column in table.columns
        if column.name in SPOKEN
        or (
            column is table.columns.get("id")
            and table.name == f"{PREFIX}users"
        )
        or any(
            key.column.table.name == f"{PREFIX}users"
            and key.column.name == "id"
            for key in column.foreign_keys
        )
    }


def rows_of(auth: Auth, user_id: int) -> dict[str, int]:
    """Count, for every such column, the rows of one account."""
    return {
        name: auth.db.read(select(func.count()).where(column == user_id))[0][0]
        for name, column in keys(auth).items()
    }


def lived_in(auth: Auth, user: User) -> tuple[str, str, str]:
    """Use an account everywhere; give its session and mailed tokens."""
    # One part of the history is in the chain, and one is not yet.
    auth.history.record("login", user.id, actor_id=user.id)
    auth.audit.seal()
    session = auth.login.with_password(user.username, PASSWORD).token
    auth.password_reset.ask(user.email)
    auth.email_changes.start(user, f"new-{user.email}")
    auth.db.add(
        EmailUndoRecord(
            user_id=user.id,
            fingerprint=fingerprint(user.email),
            address=f"old-{user.email}",
            ends_at=auth.clock.now() + 3600,
        )
    )
    # One that asks nobody for a second step.
    Ring(auth).added(user, quiet=True)
    # Nor does an app that waits to be confirmed, or a code without it.
    auth.totp.begin(user, by=OPERATOR)
    auth.db.add(
        RecoveryCode(
            user_id=user.id,
            fingerprint=fingerprint(user.email),
            created_at=auth.clock.now(),
            used_at=None,
        )
    )
    begin_at_the_door(auth, user)
    auth.feedback.add(user, "A door", "It is heavy", by=OPERATOR)
    auth.host_fields.keep(user, {"town": f"{user.username}ville"})
    auth.profile.update(
        user,
        user.username,
        user.email,
        picture=Upload("me.png", painted()),
        by=OPERATOR,
    )
    return (
        session,
        auth.password_reset.issue(user),
        auth.mailed_tokens.issue(user.id, "email_verification", user.email),
    )


def begin_at_the_door(auth: Auth, user: User) -> None:
    """Leave a sign-in that waits, and a device that is trusted.

    As rows, since whoever has a second step is asked for it everywhere.
    """
    now = auth.clock.now()
    row = {
        "fingerprint": fingerprint(user.email),
        "user_id": user.id,
        "stamp": fingerprint(user.username),
        "ends_at": now + 600,
    }
    auth.db.add(
        WaitingSignIn(proof="password", remember=False, is_common=False, **row)
    )
    auth.db.add(
        TrustedDevice(created_at=now, seen_at=now, address="", agent="", **row)
    )
