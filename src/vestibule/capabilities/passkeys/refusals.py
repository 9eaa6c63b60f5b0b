"""Why a passkey is refused."""

from vestibule.errors import (
    Conflict,
    Malformed,
    NotAllowed,
    NotProven,
    Reason,
)
from vestibule.reasons import EMAIL_UNCONFIRMED


class PasskeyIncorrect(NotProven):
    """What a browser has handed over proves nothing."""

    reason = Reason(
        "passkey.incorrect",
        "We could not check this passkey, or it took too long. Try again, or "
        "choose another way",
    )


class PasskeyUnverified(NotProven):
    """The device has not checked who holds it.

    Source: Web Authentication Level 2, 7.2, step 17.
    """

    reason = Reason(
        "passkey.unverified",
        "Your device has not checked that it is you. Unlock it with your "
        "face, fingerprint or PIN, or choose another way",
    )


class PasskeyUnknown(NotProven):
    """The passkey belongs to no account here, or to another one.

    ``signal`` is what a browser is told, to forget what nobody knows.
    """

    reason = Reason(
        "passkey.unknown",
        "This passkey opens nothing here. It may have been removed; choose "
        "another one, or another way",
    )

    def __init__(self, signal: dict[str, str] | None = None) -> None:
        self.signal = signal or {}
        super().__init__()


class PasskeyCopied(NotProven):
    """A passkey has counted backwards, as only a copy of it does."""

    reason = Reason(
        "passkey.copied",
        "This passkey was refused, because a copy of it may exist. Sign in "
        "another way, remove it and add a new one",
    )


class PasskeyUnusable(Malformed):
    """What a browser has made is no passkey that this site takes."""

    reason = Reason(
        "passkey.unusable",
        "The passkey was not added: we could not check it, or it took too "
        "long. Try again",
    )


class PasskeyTaken(Conflict):
    """The passkey was added before, here or to another account."""

    reason = Reason("passkey.taken", "This passkey has been added before")


class TooManyPasskeys(Conflict):
    """The account has as many as it may."""

    reason = Reason(
        "passkey.too_many",
        "You have as many passkeys as an account can have. Remove one first",
    )


class AddressUnproven(NotAllowed):
    """The address might be somebody else's, whom a passkey would keep out."""

    reason = EMAIL_UNCONFIRMED
