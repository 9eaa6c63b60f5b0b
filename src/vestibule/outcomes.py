"""What a sign-in can come to; doors turn each into their own answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vestibule.user import User


@dataclass(frozen=True)
class Arrival:
    """Somebody on the way in: who, what is shown, and what was asked for.

    ``proofs`` names what they have shown so far, such as ``password``;
    ``is_whole`` says that nothing more need be shown, as after two factors,
    or one that is two by itself. ``known`` is the token of their device, if
    the account knows it, and ``trusted`` are those that stand for a second
    factor. ``is_common`` says that everybody tries their password first.
    What the browser is to keep besides goes into ``keeps``.
    """

    user: User
    proofs: tuple[str, ...]
    is_whole: bool = False
    remember: bool = False
    is_common: bool = False
    known: str | None = field(default=None, repr=False)
    trusted: Sequence[str] = field(default=(), repr=False)
    keeps: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def is_fresh(self) -> bool:
        """Whether all was shown just now, and nothing was taken on trust."""
        return self.is_whole or "trusted" not in self.keeps


@dataclass(frozen=True)
class SecondFactorNeeded:
    """One factor is right, and the account asks for another.

    ``token`` stands for the sign-in that waits, ``ways`` name what can
    finish it, the best first; until ``ends_at`` it waits.
    """

    token: str = field(repr=False)
    ways: Sequence[str]
    ends_at: int


@dataclass(frozen=True)
class Advice:
    """What somebody should do, told as they come in.

    A program gets the ``code``, which is permanent, and a browser the
    ``text``, or is first led to the ``page`` of this endpoint.
    """

    code: str
    text: str = ""
    page: str = ""


@dataclass(frozen=True)
class LoggedIn:
    """The person is signed in; ``token`` goes into their cookie only.

    By ``device`` theirs is known at the next sign-in; it opens nothing.
    ``keeps`` is what the browser keeps besides, by its purpose, and
    ``advice`` is what to tell them.
    """

    user: User
    token: str = field(repr=False)
    remember: bool = False
    device: str = field(default="", repr=False)
    is_new_device: bool = False
    keeps: Mapping[str, str] = field(default_factory=dict, repr=False)
    advice: Sequence[Advice] = ()


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
