"""The command ``vestibule user reset-2fa``."""

from typing import TYPE_CHECKING

import click

from vestibule.doors.commands import tell, with_auth
from vestibule.policy import OPERATOR

if TYPE_CHECKING:
    from vestibule.auth import Auth


@click.group("user")
def commands() -> None:
    """Create accounts, look at them, change and delete them."""


@commands.command("reset-2fa", epilog="Example: vestibule user reset-2fa anna")
@click.argument("name")
@with_auth
def reset(auth: "Auth", name: str) -> None:
    """Remove the second step of somebody who cannot show it any more.

    From then on the password alone opens the account. Also the way back for
    the last administrator.
    """
    user = auth.administration.find(name)
    auth.second_factors.reset(user, by=OPERATOR)
    tell(
        "The second step of {name} is removed. They are told by mail.",
        name=user.username,
    )
