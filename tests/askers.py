"""Askers: everybody who may stand towards a thing in some way."""

from dataclasses import dataclass

from deeds import Deed
from vestibule.policy import Who
from vestibule.user import User

# Who asks, whose things they ask for, and how they stand towards those.
CAST = {
    "anonymous": ("", "alice", Who.ANONYMOUS),
    "owner": ("alice", "alice", Who.OWNER),
    "other": ("bob", "alice", Who.OTHER),
    "admin": ("root", "alice", Who.OTHER | Who.ADMIN),
    "admin who is the owner": ("root", "root", Who.OWNER | Who.ADMIN),
    "disabled": ("evan", "evan", Who.ANONYMOUS),
    "disabled by another node": ("fay", "fay", Who.ANONYMOUS),
}


@dataclass
class Asker:
    """Somebody with a session and a form in hand, who asks for things."""

    name: str
    user: User | None
    owner: User
    who: Who
    token: str = ""
    visit: str = ""
    form: str = ""

    def standing(self, deed: Deed) -> Who:
        """Say how they stand towards the thing that a deed is done to."""
        if self.who is Who.ANONYMOUS or not deed.is_own:
            return self.who
        return Who.OWNER | (self.who & Who.ADMIN)

    def subject(self, deed: Deed) -> User:
        """Say whose thing a deed is done to."""
        is_own = not deed.names_a_thing and self.user is not None
        return self.user if is_own and self.user else self.owner
