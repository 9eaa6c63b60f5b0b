"""The commands ``vestibule user …``."""

import shlex
from typing import TYPE_CHECKING, Any

import click

from vestibule.doors.commands import (
    say,
    show_json,
    tell,
    with_auth,
)
from vestibule.doors.typed_passwords import ask_password, password_option
from vestibule.ground.clock import written
from vestibule.ground.words import LANGUAGES
from vestibule.policy import OPERATOR

if TYPE_CHECKING:
    from vestibule.auth import Auth
    from vestibule.capabilities.administration.search import Person
    from vestibule.user import User

json_option = click.option(
    "--json", "as_json", is_flag=True, help="For programs."
)


def facts(user: "User | Person") -> dict[str, Any]:
    """List what programs may know of an account; never its hash."""
    verified = user.email_verified_at
    return {
        "id": user.id,
        "username": user.username,
        "email": user.email,
        "is_admin": user.is_admin,
        "is_active": user.is_active,
        "email_verified_at": written(verified) if verified else None,
        "created_at": written(user.created_at),
    }


@click.group("user")
def commands() -> None:
    """Create accounts, look at them, change and delete them."""


@commands.command(epilog="Example: vestibule user create anna@example.com")
@click.argument("email")
@click.option("--username", help="Made from the address if left out.")
@click.option("--admin", is_flag=True, help="Make an administrator.")
@click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    help="In which its owner is written to; as the browser asks.",
)
@password_option
@with_auth
def create(
    auth: "Auth",
    email: str,
    *,
    username: str | None,
    admin: bool,
    language: str | None,
    password_stdin: bool,
) -> None:
    """Create an account that can sign in at once."""
    password = ask_password(password_stdin)
    user = auth.registration.register(
        email, password, username, by_operator=True, language=language
    )
    names = {"name": user.username, "email": user.email}
    if not admin:
        click.echo(say("Created {name} ({email}).", **names))
        return
    auth.administration.set_admin(user, is_admin=True, by=OPERATOR)
    click.echo(say("Created {name} ({email}), an administrator.", **names))


@commands.command("list", epilog="Example: vestibule user list --search an")
@click.option(
    "--search",
    default="",
    metavar="PREFIX",
    help="The beginning of a username or address.",
)
@click.option("--disabled", is_flag=True, help="Only disabled accounts.")
@click.option("--admins", is_flag=True, help="Only administrators.")
@click.option("--after", default=0, help="Number to begin behind.")
@click.option(
    "--most",
    type=click.IntRange(1, 10_000),
    default=100,
    help="How many at most (100).",
)
@json_option
@with_auth
def list_(
    auth: "Auth",
    *,
    search: str,
    disabled: bool,
    admins: bool,
    after: int,
    most: int,
    as_json: bool,
) -> None:
    """List accounts by number."""
    found = auth.administration.search(
        search,
        by=OPERATOR,
        after=after,
        most=most,
        is_active=False if disabled else None,
        is_admin=True if admins else None,
    )
    if as_json:
        show_json([facts(user) for user in found.items])
        return
    for user in found.items:
        click.echo(_line(user))
    if not found.items:
        tell("No accounts here.", err=True)
    if found.more is not None:
        asked = f" --search {shlex.quote(search)}" if search else ""
        asked += " --disabled" * disabled + " --admins" * admins
        here = click.get_current_context().command_path
        asked = f"{here}{asked} --after {found.more}"
        tell("More: {command}", command=asked, err=True)


def _line(user: "Person") -> str:
    """Write an account into one line of the list."""
    marks = ["admin"] * user.is_admin + ["disabled"] * (not user.is_active)
    line = f"{user.id:>6}  {user.username:20}  {user.email}  "
    return f"{line}{' '.join(marks)}".rstrip()


@commands.command(epilog="Example: vestibule user show anna@example.com")
@click.argument("name")
@json_option
@with_auth
def show(auth: "Auth", name: str, as_json: bool) -> None:
    """Show one account, by username, address or id:NUMBER."""
    user = auth.administration.find(name)
    found = {**facts(user), "language": user.language}
    if as_json:
        show_json(found)
        return
    for key, value in found.items():
        click.echo(f"{key:18} {'-' if value is None else value}")


@commands.command(epilog="Example: vestibule user promote anna")
@click.argument("name")
@with_auth
def promote(auth: "Auth", name: str) -> None:
    """Make somebody an administrator."""
    user = auth.administration.find(name)
    auth.administration.set_admin(user, is_admin=True, by=OPERATOR)
    tell("{name} is an administrator now, and signed out.", name=user.username)


@commands.command(epilog="Example: vestibule user demote anna")
@click.argument("name")
@with_auth
def demote(auth: "Auth", name: str) -> None:
    """Make an administrator an ordinary person."""
    user = auth.administration.find(name)
    auth.administration.set_admin(user, is_admin=False, by=OPERATOR)
    tell("{name} is no administrator now, and signed out.", name=user.username)


@commands.command(epilog="Example: vestibule user disable anna")
@click.argument("name")
@with_auth
def disable(auth: "Auth", name: str) -> None:
    """Let nobody sign in to an account; nothing is deleted."""
    user = auth.administration.find(name)
    auth.administration.set_active(user, is_active=False, by=OPERATOR)
    tell(
        "{name} is disabled now, and signed out. They are told by mail.",
        name=user.username,
    )


@commands.command(epilog="Example: vestibule user enable anna")
@click.argument("name")
@with_auth
def enable(auth: "Auth", name: str) -> None:
    """Let the owner of an account sign in again."""
    user = auth.administration.find(name)
    auth.administration.set_active(user, is_active=True, by=OPERATOR)
    tell("{name} is enabled now. They are told by mail.", name=user.username)


@commands.command("sign-out", epilog="Example: vestibule user sign-out anna")
@click.argument("name")
@with_auth
def sign_out(auth: "Auth", name: str) -> None:
    """End all sessions of somebody."""
    user = auth.administration.find(name)
    ended = auth.administration.end_sessions(user, by=OPERATOR)
    tell(
        "{name} is signed out. Sessions ended: {count}.",
        name=user.username,
        count=ended,
    )


@commands.command(
    "send-reset", epilog="Example: vestibule user send-reset anna"
)
@click.argument("name")
@with_auth
def send_reset(auth: "Auth", name: str) -> None:
    """Mail somebody a link to set a new password."""
    user = auth.administration.find(name)
    auth.administration.send_reset(user, by=OPERATOR)
    tell("The link goes by email to {email}.", email=user.email)


@commands.command(
    "set-password", epilog="Example: vestibule user set-password anna"
)
@click.argument("name")
@password_option
@with_auth
def set_password(auth: "Auth", name: str, password_stdin: bool) -> None:
    """Set somebody's password and end their sessions."""
    user = auth.administration.find(name)
    auth.administration.set_password(user, ask_password(password_stdin))
    tell(
        "The password of {name} is set. They are told by mail.",
        name=user.username,
    )
