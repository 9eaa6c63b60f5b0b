"""What somebody is told whose username has changed."""

from vestibule.correspondence import (
    Desk,
    Facts,
    NotYou,
    in_one_line,
    unlinked,
)
from vestibule.ground.letters import Letter
from vestibule.user import User


def username_changed(
    desk: Desk, user: User, username: str, *, by_operator: bool = False
) -> Letter:
    """Write that an account goes by another name now.

    Args:
        desk: where the letter is written.
        user: the account as it was before.
        username: the name from now on.
        by_operator: those who run the site changed it.
    """
    sheet = desk.sheet(user)
    say = sheet.say
    named = (say("New username"), unlinked(in_one_line(username)))
    known = sheet.facts(by_operator=by_operator)
    return sheet.sealed(
        say("Your {site} username was changed", site=sheet.brief),
        say(
            "The username of your {site} account ({name}) was changed. From "
            "now on, sign in with the new one or with your email address."
        ),
        Facts((named, *known.rows)),
        NotYou(say("Set a new password at once:")),
        sheet.link(say("Set a new password"), "/password_reset"),
    )
