"""Answers: what a browser hands over, read but not believed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.structs import AuthenticatorTransport

LONGEST_ANSWER = 16_000
TRANSPORTS = {one.value: one for one in AuthenticatorTransport}


class Unreadable(Exception):
    """What came back is no answer to what was asked."""


@dataclass(frozen=True)
class Occasion:
    """What a passkey is asked for: why, of whom, and in which browser.

    ``holder`` is a secret that only this browser or program has; ``is_sure``
    where the device must have checked its owner.
    """

    purpose: str
    user_id: int | None = None
    holder: str = field(default="", repr=False)
    is_sure: bool = False
    needs_touch: bool = True


@dataclass(frozen=True)
class Answer:
    """What a browser has handed over, read but not believed."""

    parsed: Mapping[str, Any] = field(repr=False)
    client: Mapping[str, Any] = field(repr=False)
    challenge: str = field(repr=False)
    credential_id: bytes

    @property
    def user_handle(self) -> bytes:
        """By what name the device knows the account; may be empty."""
        told = self.parsed["response"].get("userHandle")
        try:
            return base64url_to_bytes(told) if told else b""
        except (TypeError, ValueError):
            return b"?"

    @property
    def transports(self) -> str:
        """By what ways the device can be reached."""
        told = self.parsed["response"].get("transports")
        found = told if isinstance(told, list) else []
        known = [one for one in found if isinstance(one, str)]
        return ",".join(sorted(TRANSPORTS.keys() & {*known}))


def parsed(credential: str) -> Answer:
    """Take an answer apart.

    Raises:
        ValueError, TypeError, KeyError: it is none.
    """
    if len(credential) > LONGEST_ANSWER:
        raise ValueError
    whole = json.loads(credential)
    client = json.loads(
        base64url_to_bytes(whole["response"]["clientDataJSON"])
    )
    challenge = base64url_to_bytes(client["challenge"]).decode("ascii")
    return Answer(
        parsed=cast("Mapping[str, Any]", whole),
        client=cast("Mapping[str, Any]", client),
        challenge=challenge,
        credential_id=base64url_to_bytes(whole["id"]),
    )
