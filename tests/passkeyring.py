"""A ring of passkeys: one device, and what people do with it in tests."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from vestibule.auth import Auth
from vestibule.capabilities.passkeys.keys import Passkey
from vestibule.errors import Refusal
from vestibule.policy import Actor
from vestibule.testing.authenticators import Authenticator
from vestibule.user import User

HERE = "the session of a test"


class Ring:
    """Passkeys over the operations, each step by itself."""

    def __init__(self, auth: Auth) -> None:
        self.auth = auth
        self.device = Authenticator(auth.settings.base_url)

    def fresh(self, user: User) -> Actor:
        """Make somebody who has just proven who they are."""
        return Actor(user, self.auth.clock.now())

    def made(
        self,
        user: User,
        device: Authenticator | None = None,
        *,
        quiet: bool = False,
    ) -> dict[str, Any]:
        """Have a device make a passkey, which nobody has added yet."""
        asked = self.auth.passkeys.creation_options(
            HERE, by=self.fresh(user), quiet=quiet
        )
        return (device or self.device).create(asked)

    def add(
        self, user: User, credential: dict[str, Any], *, quiet: bool = False
    ) -> Passkey:
        """Add what a device has made."""
        text, by = json.dumps(credential), self.fresh(user)
        return self.auth.passkeys.add(text, HERE, by=by, quiet=quiet)

    def added(
        self,
        user: User,
        device: Authenticator | None = None,
        *,
        quiet: bool = False,
    ) -> Passkey:
        """Make a passkey and add it."""
        made = self.made(user, device, quiet=quiet)
        return self.add(user, made, quiet=quiet)

    def shown(self, device: Authenticator | None = None) -> str:
        """Have a device answer what a sign-in asks."""
        asked = self.auth.passkeys.sign_in_options()
        return json.dumps((device or self.device).get(asked))

    def sign_in(self, device: Authenticator | None = None) -> Any:
        """Sign in by what a device shows."""
        return self.auth.passkeys.sign_in(self.shown(device))

    def code_of(
        self, act: Callable[..., Any], *given: Any, **more: Any
    ) -> str:
        """Do what is refused, and tell with which code."""
        with pytest.raises(Refusal) as found:
            act(*given, **more)
        return found.value.code
