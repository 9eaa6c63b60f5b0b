"""What a sign-in can come to; doors turn each into their own answer."""

from dataclasses import dataclass, field

from vestibule.user import User


@dataclass(frozen=True)
class LoggedIn:
    """The person is signed in; ``token`` goes into their cookie only."""

    user: User
    token: str = field(repr=False)
    remember: bool = False


@dataclass(frozen=True)
class LoggedOut:
    """The session is over."""
