"""What a sign-in can come to; doors turn each into their own answer."""

from dataclasses import dataclass, field

from vestibule.user import User


@dataclass(frozen=True)
class LoggedIn:
    """The person is signed in; ``token`` goes into their cookie only.

    By ``device`` theirs is known at the next sign-in; it opens nothing.
    """

    user: User
    token: str = field(repr=False)
    remember: bool = False
    device: str = field(default="", repr=False)
    is_new_device: bool = False


@dataclass(frozen=True)
class Renewed:
    """The session goes on under a new token, and its proof is fresh.

    ``life`` is how many seconds a cookie lasts; None until the browser
    is closed.
    """

    token: str = field(repr=False)
    life: int | None = None


@dataclass(frozen=True)
class LoggedOut:
    """The session is over."""
