"""Answers: what the API tells, member by member, written once.

An answer is a frozen dataclass; only what it declares goes out (attack: a
record that gained a secret column), and the OpenAPI document comes from it.
"""

import dataclasses
import json
from collections.abc import Sequence
from functools import cache
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote

from marshmallow import RAISE, Schema, fields
from werkzeug.wrappers import Response

from vestibule.ground.clock import written
from vestibule.user import User

S = TypeVar("S", bound="Session")
Number = fields.Integer
Switch = fields.Boolean
Text = fields.String
ZIP = "application/zip"


class Moment(fields.String):
    """Seconds since 1970 in the program, RFC 3339 on the wire."""

    def _serialize(self, value: Any, *_: Any, **__: Any) -> Any:
        """Write a moment in UTC."""
        return None if value is None else written(value)


def told(
    kind: type[fields.Field[Any]],
    about: str,
    *,
    nullable: bool = False,
    is_secret: bool = False,
    **limits: Any,
) -> Any:
    """Declare a member of an answer.

    Args:
        kind: Number, Switch or Text.
        about: what it means, for the document.
        nullable: whether there may be nothing to tell.
        is_secret: it is told its owner, and shown in no log.
        limits: more of JSON Schema.
    """
    metadata = {"description": about, **limits}
    wire = kind(required=True, allow_none=nullable, metadata=metadata)
    return dataclasses.field(repr=not is_secret, metadata={"wire": wire})


def moment(about: str) -> Any:
    """Declare a member that is a moment."""
    return told(Moment, about, format="date-time")


def part(answer: type["Answer"], about: str) -> Any:
    """Declare a member that is an answer of its own."""
    wire: Any = fields.Nested(
        answer.schema(), required=True, metadata={"description": about}
    )
    return dataclasses.field(metadata={"wire": wire})


def parts(answer: type["Answer"], about: str) -> Any:
    """Declare a member that is a list of answers."""
    inner: Any = fields.Nested(answer.schema())
    wire: Any = fields.List(
        inner, required=True, metadata={"description": about}
    )
    return dataclasses.field(metadata={"wire": wire})


def words(about: str, *, is_secret: bool = False) -> Any:
    """Declare a member that is a list of texts.

    Args:
        about: what they mean, for the document.
        is_secret: they are told their owner, and shown in no log.
    """
    inner: Any = fields.String()
    wire: Any = fields.List(
        inner, required=True, metadata={"description": about}
    )
    return dataclasses.field(repr=not is_secret, metadata={"wire": wire})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer:
    """The base of all answers; ``status`` where it has one of its own."""

    status: ClassVar[int | None] = None

    @classmethod
    def schema(cls) -> type[Schema]:
        """Give the marshmallow schema."""
        this: Any = cls
        made: type[Schema] = _schema(this)
        return made

    def response(self, status: int = 200) -> Response:
        """Write the answer as JSON."""
        this: Any = type(self)
        body = _writer(this).dump(self)
        return Response(
            json.dumps(body, ensure_ascii=False),
            status,
            mimetype="application/json",
        )


@cache
def _schema(answer: Any) -> type[Schema]:
    """Build the marshmallow schema of an answer, once."""
    wires = {f.name: f.metadata["wire"] for f in dataclasses.fields(answer)}
    made: Any = Schema.from_dict(wires)
    meta = type("Meta", (), {"unknown": RAISE, "register": False})
    return type(f"{answer.__name__}Schema", (made,), {"Meta": meta})


@cache
def _writer(answer: Any) -> Schema:
    """Give the schema ready to write, which costs more than writing."""
    made: Schema = _schema(answer)()
    return made


def nothing(status: int = 204) -> Response:
    """Answer that it is done, and that there is nothing to tell."""
    response = Response(status=status)
    response.headers.remove("Content-Type")
    return response


@dataclasses.dataclass(frozen=True, kw_only=True)
class Person(Answer):
    """Who somebody signed in is."""

    id: int = told(Number, "Number of the account; it never changes")
    username: str = told(Text, "The name that is shown")
    email: str = told(Text, "The address", format="email")

    @classmethod
    def of(cls, user: User) -> "Person":
        """Tell of an account who it is."""
        return cls(id=user.id, username=user.username, email=user.email)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Session(Answer):
    """A session and whose it is."""

    user: Person = part(Person, "Who is signed in")
    created_at: int = moment("When it began")
    idle_until: int = moment("It ends then unless it is used before")
    expires_at: int = moment("It ends then in any case")

    @classmethod
    def of(cls: type[S], user: User, term: Any, **more: Any) -> S:
        """Tell of a session whose it is and how long it goes on."""
        return cls(
            user=Person.of(user),
            created_at=term.created_at,
            idle_until=term.ends_at,
            expires_at=term.dies_at,
            **more,
        )


def warnings() -> Any:
    """Declare the member of what a person should be told on signing in."""
    return words(
        "What to tell them: `password.common` if their password is on a "
        "list of common ones and should be changed; `recovery_codes.few` if "
        "they have two recovery codes left or fewer; `second_factor.wanted` "
        "if they must set up a second factor to act as an administrator"
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class OpenedSession(Session):
    """A new session, in a cookie."""

    warnings: Sequence[str] = warnings()


@dataclasses.dataclass(frozen=True, kw_only=True)
class CurrentSession(Session):
    """The session of this request."""

    by: str = told(
        Text,
        "How the request has shown it",
        enum=["bearer", "cookie"],
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class BearerSession(Session):
    """A session whose token is handed over."""

    token: str = told(
        Text,
        "The secret; send it as `Authorization: Bearer`",
        is_secret=True,
    )
    token_type: str = told(Text, "Always `Bearer`", enum=["Bearer"])


@dataclasses.dataclass(frozen=True, kw_only=True)
class WaitingSignIn(Answer):
    """A sign-in that waits for a second factor, and is no session yet."""

    status = 202

    waiting: str = told(
        Text,
        "The secret of this sign-in; send it with the second factor",
        is_secret=True,
    )
    ways: Sequence[str] = words("What can finish it, the best first")
    expires_at: int = moment("It waits until then")


@dataclasses.dataclass(frozen=True, kw_only=True)
class NewBearerSession(BearerSession):
    """A new session whose token is handed over."""

    device: str = told(
        Text,
        "The secret by which this device is known at the next sign-in; it "
        "opens nothing",
        is_secret=True,
    )
    warnings: Sequence[str] = warnings()


def download(content: bytes, username: str) -> Response:
    """Hand over a zip file, named after whose it is.

    A header holds no letters but Latin ones.
    Source: RFC 6266, appendix D; RFC 8187.
    """
    response = Response(content, mimetype=ZIP)
    named = f"UTF-8''{quote(username, safe='')}.zip"
    response.headers.set(
        "Content-Disposition",
        "attachment",
        filename="my-data.zip",
        **{"filename*": named},
    )
    return response
