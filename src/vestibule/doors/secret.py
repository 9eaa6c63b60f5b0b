"""The commands ``vestibule secret …``: a new key for the site."""

from collections.abc import Callable

import click

from vestibule.doors.commands import tell, with_settings
from vestibule.ground.randomness import Randomness
from vestibule.settings import Settings


@click.group("secret")
def commands() -> None:
    """Make a new secret key."""


@commands.command("new", epilog="Example: vestibule secret new")
@with_settings
def new(load: Callable[..., Settings]) -> None:
    """Print a fresh secret key, and say how to change to it.

    Nothing is written, and settings that cannot be used do not matter.
    """
    del load
    click.echo(Randomness().key())
    # Not among what goes into a file or a variable.
    tell(
        "Set it as {new}. To change the key of a running site, set the one "
        "before it as {old}, for a week at least, and for as long as the "
        "history is to be verified by it. If the old key has leaked, leave "
        "{old} empty.",
        new="VESTIBULE_SECRET_KEY",
        old="VESTIBULE_OLD_SECRET_KEYS",
        err=True,
    )
