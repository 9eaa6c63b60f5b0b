"""The commands ``vestibule mail …``: send one letter, look at all."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from vestibule.doors.commands import FAILED, USAGE, fail, with_settings
from vestibule.ground import names
from vestibule.ground.clock import Clock
from vestibule.ground.letters import Undelivered
from vestibule.ground.mail_troubles import advice_on
from vestibule.ground.randomness import Randomness
from vestibule.ground.words import LANGUAGES
from vestibule.settings import Settings

if TYPE_CHECKING:
    from vestibule.correspondence import Desk
    from vestibule.ground.letters import Letter, SmtpPost


@click.group("mail")
def commands() -> None:
    """Try the mail server, and look at the mails."""


@commands.command(
    "test", epilog="Example: vestibule mail test you@example.com"
)
@click.argument("address")
@with_settings
def try_out(load: Callable[..., Settings], address: str) -> None:
    """Send one real mail now, and say what is wrong if it fails."""
    from vestibule.worker import smtp_for

    settings = load()
    post = smtp_for(settings)
    if post is None:
        fail("VESTIBULE_MAIL_SERVER is not set, so no mail leaves.", USAGE)
    letter = _trial(_desk(settings), address)
    try:
        post.send(letter)
    except Undelivered as trouble:
        fail(_explained(trouble, post), FAILED)
    domain = post.sender.rpartition("@")[2].strip("> ")
    click.echo(
        f"{post.server} took the mail to {letter.to} from {post.sender}.\n"
        "If it does not arrive, look among the spam, and at the SPF and DKIM "
        f"records of {domain}."
    )


def _desk(settings: Settings) -> "Desk":
    """Set up a place to write letters at, without any database."""
    from vestibule.correspondence import Desk

    return Desk(settings, Clock())


def _trial(desk: "Desk", address: str) -> "Letter":
    """Write a test letter to an address that need not have an account."""
    from dataclasses import replace

    from vestibule.doors.samples import trial
    from vestibule.user import User

    try:
        to = names.email_address(address).shown
    except names.BadName:
        fail(f"{address!r} is no email address.", USAGE)
    letter = trial(desk, User(email=to, username=to))
    key: UUID = Randomness().row_id()
    return replace(letter, key=str(key), moment=desk.clock.now())


def _explained(trouble: Undelivered, post: "SmtpPost") -> str:
    """Say in words why a letter did not leave."""
    return (
        f"{advice_on(trouble.__cause__)}\n"
        f"No mail left by {post.server}, port {post.port}: {trouble}"
    )


@commands.command(
    "preview",
    epilog="Example: vestibule mail preview --out mails --language ru",
)
@click.option(
    "--out",
    metavar="DIR",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the files.",
)
@click.option(
    "--language", type=click.Choice(LANGUAGES), help="Only this language."
)
@with_settings
def preview(
    load: Callable[..., Settings], out: Path, language: str | None
) -> None:
    """Write every mail, with sample data, as text and as HTML."""
    from vestibule.doors.samples import KINDS, sample

    desk = _desk(load())
    out.mkdir(parents=True, exist_ok=True)
    languages = LANGUAGES if language is None else (language,)
    for kind in KINDS:
        for spoken in languages:
            letter = sample(kind, spoken, desk)
            file = out / f"{kind}.{spoken}.txt"
            text = f"Subject: {letter.subject}\n\n{letter.text}"
            file.write_text(text, "utf-8")
            file.with_suffix(".html").write_text(letter.html, "utf-8")
    click.echo(f"Wrote {2 * len(KINDS) * len(languages)} files to {out}.")
