"""The shapes of what browsers and programs send about passkeys."""

import dataclasses
import json
from typing import Any

from marshmallow import fields

from vestibule import asked
from vestibule.errors import Reason
from vestibule.field import Look, declare, prose, switch, text
from vestibule.shape import Shape

# A certificate of the maker may come along; a body holds 64 KiB.
LONGEST_ANSWER = 16_000
LONGEST_NAME = 60
# Without these it is no credential at all.
MEMBERS = {
    "id": {"type": "string"},
    "rawId": {"type": "string"},
    "type": {"type": "string"},
    "response": {"type": "object", "additionalProperties": {}},
}
PASSKEY_MISSING = Reason(
    "passkey.required",
    "Your browser has not handed over a passkey. Passkeys need JavaScript, "
    "and a browser that knows them",
)
NAME_MISSING = Reason("passkey.name_required", "Enter a name for the passkey")
NAME_TOO_LONG = Reason("passkey.name_too_long", "Choose a shorter name")


class JsonObject(fields.Dict):
    """An object of JSON, handed on as the text that it was written as."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        """Write the object as text again.

        Raises:
            ValidationError: it is none of a browser, or longer than any.
        """
        # An object is read into pairs, which are a list of their own kind.
        if not isinstance(value, list | dict) or type(value) is list:
            raise self.make_error("invalid")
        try:
            plain = _plain(value)
            written = json.dumps(plain)
        except RecursionError as error:
            # Attack: deeper than anybody looks.
            raise self.make_error("invalid") from error
        if not {*plain} >= {*MEMBERS} or len(written) > LONGEST_ANSWER:
            raise self.make_error("invalid")
        return written


def _plain(value: Any) -> Any:
    """Make objects of the pairs that JSON was read into."""
    if not isinstance(value, list):
        return value
    if value and all(isinstance(one, tuple) for one in value):
        return {name: _plain(inner) for name, inner in value}
    return [_plain(inner) for inner in value]


def _handed() -> Any:
    """Declare the field that a script fills with the browser's answer."""
    return text(
        "Passkey",
        longest=LONGEST_ANSWER,
        missing=PASSKEY_MISSING,
        is_secret=True,
    )


def _answered() -> Any:
    """Declare the member that holds what `toJSON()` of a browser gives."""
    wire = JsonObject(
        required=True,
        metadata={"required": [*MEMBERS], "properties": MEMBERS},
        error_messages={
            "required": PASSKEY_MISSING.code,
            "null": PASSKEY_MISSING.code,
            "invalid": PASSKEY_MISSING.code,
        },
    )
    look = Look("The credential, as its `toJSON()` gives it", is_secret=True)
    return declare(wire, look, (), "")


def _named() -> Any:
    """Declare the field for what a passkey is called."""
    return prose(
        "Name of the passkey",
        longest=LONGEST_NAME,
        missing=NAME_MISSING,
        too_long=NAME_TOO_LONG,
    )


def _waiting() -> Any:
    """Declare the member that names a sign-in that waits."""
    return text(
        "What the sign-in has handed over",
        longest=128,
        is_secret=True,
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Asking(Shape):
    """A button alone, or a script that asks for options."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class AskingToAdd(Shape):
    """A script asks for the options of a new passkey."""

    quiet: bool = switch("Beside a password, without asking anybody")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Handed(Shape):
    """What a page hands over: the browser's answer."""

    credential: str = _handed()


@dataclasses.dataclass(frozen=True, kw_only=True)
class HandedAtSignIn(Shape):
    """The same where somebody signs in."""

    credential: str = _handed()
    remember: bool = switch("Remember me for {remember} on this device")


@dataclasses.dataclass(frozen=True, kw_only=True)
class HandedAsSecond(Shape):
    """The same where a passkey is the second step."""

    credential: str = _handed()
    trust: bool = switch("Trust this device for 30 days")


@dataclasses.dataclass(frozen=True, kw_only=True)
class PasskeyName(Shape):
    """What the page and the API ask for to rename one."""

    name: str = _named()


@dataclasses.dataclass(frozen=True, kw_only=True)
class NewPasskey(Shape):
    """What the API asks for to add one."""

    credential: str = _answered()


@dataclasses.dataclass(frozen=True, kw_only=True)
class NewPasskeySession(Shape):
    """What the API asks for to sign in."""

    credential: str = _answered()
    remember: bool = switch("Remember me for {remember} on this device")
    bearer: bool = switch("Hand the token over in place of a cookie")
    device: str = asked.device()


@dataclasses.dataclass(frozen=True, kw_only=True)
class SecondOptions(Shape):
    """What the API asks for to be told the options of a second step."""

    waiting: str = _waiting()


@dataclasses.dataclass(frozen=True, kw_only=True)
class NewPasskeyStep(Shape):
    """What the API asks for to finish a sign-in that waits."""

    waiting: str = _waiting()
    credential: str = _answered()
    trust: bool = switch("Trust the browser for 30 days; cookies only")
    bearer: bool = switch("Hand the token over in place of a cookie")
    device: str = asked.device()
