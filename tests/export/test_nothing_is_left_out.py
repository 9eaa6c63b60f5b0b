"""An export holds all that is kept of somebody, and no secret.

Every column of every table with a user's key is planted with something
recognisable; then it is looked for in the file, or it stands below with
the reason why it is not told.
"""

import base64
import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    LargeBinary,
    select,
    text,
    update,
)

from residents import keys, lived_in
from vestibule.auth import Auth
from vestibule.capability import Capability
from vestibule.ground.clock import written
from vestibule.history import Circumstances, under
from vestibule.policy import OPERATOR
from vestibule.records import PREFIX
from vestibule.user import User

# Whoever adds a column tells it in an export, or says here why not.
UNTOLD = {
    # Secrets, and what a thief could use.
    "users.hashed_password": "secret: the hash of the password",
    "sessions.fingerprint": "secret: finds a session",
    "known_devices.fingerprint": "secret: finds a known device",
    "mailed_tokens.fingerprint": "secret: finds a mailed link",
    "mailed_tokens.code": "secret: finds the code of a letter",
    "email_undos.fingerprint": "secret: undoes a change of address",
    "totp.secret": "secret: makes the codes of the app",
    "totp.last_step": "when a code was used says as much",
    "recovery_codes.fingerprint": "secret: finds a recovery code",
    "passkeys.id": "a number that names it on pages",
    "passkeys.credential_id": "what its device calls it",
    "passkeys.public_key": "opens nothing; the device has the other half",
    "passkeys.sign_count": "the device's own",
    "passkey_handles.handle": "chance, by which devices know the account",
    "trusted_devices.fingerprint": "secret: finds a trusted device",
    "trusted_devices.stamp": "secret: made of the hash of the password",
    "waiting_sign_ins.fingerprint": "secret: finds a sign-in that waits",
    "waiting_sign_ins.stamp": "secret: made of the hash of the password",
    "outbox.text": "secret: letters hold links that open the account",
    "outbox.html": "secret: letters hold links that open the account",
    "users.theme": "has only two values, and is looked for below",
    # The same once more, in another form.
    "identifiers.canonical": "username and address, folded",
    "identifiers.kind": "username and address have members of their own",
    "feedback.folded": "title and content, folded",
    "pictures.name": "the picture itself is in the file",
    "pictures.media_type": "has only two values, and is looked for below",
    "mailed_tokens.purpose": "the pending address says that it waits",
    "mailed_tokens.ends_at": "the letters say when a link was sent",
    "mailed_tokens.code_ends_at": "the letters say when a code was sent",
    "mailed_tokens.code_tries": "the activity has the wrong ones",
    "email_undos.id": "the machine's",
    "waiting_sign_ins.proof": "the activity says who waits at the door",
    "waiting_sign_ins.ends_at": "ten minutes after what the activity says",
    # How the machine works, and nothing of the person.
    "keeper.id": "who holds the keys is one of the administrators",
    "outbox.id": "the machine's",
    "outbox.state": "has only three values, and is looked for below",
    "outbox.tries": "the machine's",
    "outbox.due_at": "the machine's",
    "outbox.ends_at": "the machine's",
    "outbox.trouble": "the mail server's words",
    "events.id": "the machine's",
    "events.request_id": "the machine's",
    "events.signature": "secret: by the key of the site",
    "history.position": "the machine's",
    "history.id": "the machine's",
    "history.request_id": "the machine's",
    "history.details": "encrypted; the activity has them in clear",
    "history.proof": "the machine's",
    "history.link": "the machine's",
    "history_keys.key": "secret: it opens what the activity has in clear",
    "sessions.idle_for": "the end of the session follows from it",
    "sessions.proven_at": "the machine's; the activity has the proofs",
}


# Has few values, or leads to something; it is not changed.
FIXED = {
    "email_undos.id",
    "events.id",
    "history.id",
    "feedback.id",
    "identifiers.kind",
    "keeper.id",
    "mailed_tokens.code_tries",
    "outbox.id",
    "outbox.state",
    "passkeys.id",
    "pictures.media_type",
    "pictures.name",
    "users.theme",
}


def taken(auth: Auth, user: User) -> tuple[dict[str, Any], bytes]:
    """Take everything along; give what is told, and all bytes unpacked."""
    auth.throttle.forgive("export", user.id)
    content = auth.export.take(user, by=OPERATOR)
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        whole = b"\n".join(file.read(name) for name in file.namelist())
        return json.loads(file.read("my-data.json")), whole


def planted(column: Column[Any], number: int) -> Any:
    """Make a value for a column that stands nowhere else."""
    if isinstance(column.type, LargeBinary):
        return f"planted-{number:03}-bytes".encode().ljust(32, b"!")
    if isinstance(column.type, BigInteger):
        is_moment = column.name == "at" or column.name.endswith("_at")
        return (4_000_000_000 if is_moment else 770_000) + 1000 * number
    if column.name == "filled":
        return json.dumps({"town": f"plant{number:03}"})
    if column.name in ("email", "address", "recipient"):
        return f"plant{number:03}@example.com"
    return f"plant{number:03}"


def traces(value: Any, column: Column[Any]) -> list[bytes]:
    """List the spellings in which a planted value can be told."""
    if isinstance(value, bytes):
        encoded = base64.b64encode(value), base64.urlsafe_b64encode(value)
        return [value, value.hex().encode(), *encoded]
    if isinstance(value, int):
        return [written(value).encode(), str(value).encode()]
    if column.name == "filled":
        value = json.loads(value)["town"]
    return [str(value).encode()]


def plantable(auth: Auth) -> dict[str, tuple[Column[Any], Column[Any]]]:
    """List the columns to plant, each with the one that says whose it is."""
    found = {}
    for name, key in keys(auth).items():
        if name.endswith((".actor_id", "history.person_id")):
            continue
        for column in key.table.columns:
            where = f"{key.table.name.removeprefix(PREFIX)}.{column.name}"
            if where not in keys(auth) and not isinstance(
                column.type, Boolean
            ):
                found[where] = (column, key)
    return found


def test_every_column_is_told_or_has_a_reason(auth: Auth, alice: User) -> None:
    lived_in(auth, alice)
    auth.email_changes.start(alice, "new@example.com")
    columns = plantable(auth)
    assert {*UNTOLD} <= {*columns}, "a reason without a column"
    wrong = {}
    for number, (name, (column, key)) in enumerate(columns.items()):
        if name in FIXED:
            assert name in UNTOLD or name == "feedback.id", name
            continue
        value = planted(column, number)
        with holding(auth, column, key == alice.id, value):
            person = auth.db.find_user_by(id=alice.id)
            _, whole = taken(auth, person)
        is_told = any(trace in whole for trace in traces(value, column))
        if is_told == (name in UNTOLD):
            wrong[name] = is_told

    assert wrong == {}


@contextmanager
def holding(
    auth: Auth, column: Column[Any], whose: ColumnElement[bool], value: Any
) -> Iterator[None]:
    """Put a value into the first row of somebody, and take it back."""
    table: Any = column.table
    own = [*table.primary_key.columns]
    query = select(table).where(whose).order_by(*own).limit(1)
    found = auth.db.read(query)
    assert found, f"nobody lives in {table}"
    before = found[0]._mapping
    after = {column: value}
    auth.db.write(
        update(table)
        .where(*[c == before[c] for c in own])
        .values({column: value})
    )
    try:
        yield
    finally:
        auth.db.write(
            update(table)
            .where(*[c == after.get(c, before[c]) for c in own])
            .values({column: before[column]})
        )


def test_the_choices_with_few_values_are_told(auth: Auth, alice: User) -> None:
    auth.preferences.choose(alice, language="ru", theme="dark")

    told, _ = taken(auth, auth.db.find_user_by(id=alice.id))

    assert told["profile"]["language"] == "ru"
    assert told["profile"]["theme"] == "dark"


@pytest.mark.attack(31, 88)
@pytest.mark.asvs("14.2.6")
def test_no_secret_is_in_it_in_any_spelling(auth: Auth, alice: User) -> None:
    secrets = [*lived_in(auth, alice)]
    letters = [letter.text for letter in auth.outbox.latest()]
    prints = [
        bytes(row[0])
        for table in ("sessions", "mailed_tokens")
        for row in auth.db.read(
            text(f"SELECT fingerprint FROM vestibule_{table}")
        )
    ]
    person = auth.db.find_user_by(id=alice.id)

    _, whole = taken(auth, person)

    assert len(letters) >= 2
    assert len(prints) >= 3
    for secret in (*secrets, person.hashed_password, "argon2"):
        assert secret.encode() not in whole
    for print_ in prints:
        for trace in traces(print_, Column("fingerprint", LargeBinary)):
            assert trace not in whole
    assert b"/password_reset/" not in whole
    assert b"/verify-email/" not in whole


class Diary(Capability):
    """A capability of tomorrow, which keeps something and tells it not."""

    name = "diary"


def test_a_table_that_no_capability_tells_of_is_noticed(
    auth: Auth, alice: User
) -> None:
    auth.capabilities.append(Diary(auth))
    auth.db.write(
        text("CREATE TABLE vestibule_diary (user_id BIGINT, page VARCHAR(9))")
    )

    assert "diary.page" in {*plantable(auth)} - {*UNTOLD}


def test_nothing_of_anybody_else_is_in_it(
    auth: Auth, alice: User, bob: User
) -> None:
    lived_in(auth, alice)
    lived_in(auth, bob)

    _, whole = taken(auth, auth.db.find_user_by(id=alice.id))

    assert b"alice" in whole
    assert b"bob" not in whole


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_where_an_administrator_acted_from_is_not_told(
    auth: Auth, alice: User, admin: User
) -> None:
    for actor, address in ((admin, "192.0.2.7"), (alice, "198.51.100.9")):
        circumstances = Circumstances(
            "page", address, "Some browser", "", actor.id
        )
        with under(circumstances):
            auth.sessions.open(alice.id)
            auth.history.record("profile.update", alice.id)

    told, _ = taken(auth, alice)

    [by_admin] = [e for e in told["activity"] if e["actor_id"] == admin.id]
    assert (by_admin["address"], by_admin["agent"]) == ("", "")
    [own] = [
        e
        for e in told["activity"]
        if e["act"] == "profile.update" and e["actor_id"] == alice.id
    ]
    assert own["address"] == "198.51.100.9"
