"""The shapes of a sign-in by mail."""

import dataclasses
from typing import Any, ClassVar

from vestibule import asked
from vestibule.errors import Reason
from vestibule.field import switch, text
from vestibule.reasons import CODE_MISSING
from vestibule.shape import Shape

TICKET_MISSING = Reason(
    "mailed_ticket.required",
    "Send the ticket that came when you asked for the code, too",
)


def _code() -> Any:
    """Declare the field for a code: one, so that it can be pasted.

    Its length is not held against what is typed, which may have spaces.
    """
    return text(
        "Code from the message",
        longest=40,
        missing=CODE_MISSING,
        hint="8 digits",
        is_secret=True,
        autocomplete="one-time-code",
        inputmode="numeric",
    )


def _remember() -> Any:
    """Declare the box for a session that outlives the browser."""
    return switch("Remember me for {remember} on this device")


@dataclasses.dataclass(frozen=True, kw_only=True)
class CodeWanted(Shape):
    """What the page asks for to send a letter."""

    email: str = asked.either_name()


@dataclasses.dataclass(frozen=True, kw_only=True)
class CodeTyped(Shape):
    """What the page asks for to sign in by the code."""

    code: str = _code()
    remember: bool = _remember()


@dataclasses.dataclass(frozen=True, kw_only=True)
class LinkOpened(Shape):
    """What the page behind the link asks for."""

    remember: bool = _remember()
    link: str = asked.opened_link()


@dataclasses.dataclass(frozen=True, kw_only=True)
class NewMailedCode(Shape):
    """What the API asks for to send a letter."""

    spots: ClassVar[dict[str, str]] = {"email": "name"}

    name: str = asked.either_name()


@dataclasses.dataclass(frozen=True, kw_only=True)
class SessionByCode(Shape):
    """What the API asks for to sign in by the code."""

    name: str = asked.either_name()
    code: str = _code()
    ticket: str = text(
        "The ticket that came when the code was asked for",
        longest=100,
        missing=TICKET_MISSING,
        is_secret=True,
    )
    remember: bool = _remember()
    bearer: bool = switch("Hand the token over in place of a cookie")
    device: str = asked.device()


@dataclasses.dataclass(frozen=True, kw_only=True)
class SessionByLink(Shape):
    """What the API asks for to sign in by the token of the link."""

    token: str = asked.mailed_token()
    remember: bool = _remember()
    bearer: bool = switch("Hand the token over in place of a cookie")
    device: str = asked.device()
