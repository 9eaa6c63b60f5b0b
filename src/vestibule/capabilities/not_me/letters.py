"""What people are told about a sign-in that may not be theirs."""

from vestibule.correspondence import Desk, NotYou
from vestibule.ground.letters import Letter
from vestibule.user import User


def new_device(desk: Desk, user: User, token: str, ends_at: int) -> Letter:
    """Write that somebody signed in with a device not used before.

    Args:
        desk: where the letter is written.
        user: whose account it is.
        token: opens the page that shuts a stranger out.
        ends_at: the moment until which it does.
    """
    sheet = desk.sheet(user)
    say = sheet.say
    return sheet.sealed(
        say("New sign-in to your {site} account", site=sheet.brief),
        say(
            "Somebody signed in to your {site} account ({name}) with a "
            "browser or program that was not used for it before."
        ),
        sheet.facts(),
        say("If this was you, there is nothing to do."),
        NotYou(
            say(
                "Say so here. All devices will be signed out, the password "
                "will stop working, and you will choose a new one:"
            )
        ),
        sheet.link(say("This wasn’t me"), f"/security/not-me/{token}"),
        say(
            "The link works once, until {moment}.",
            moment=sheet.moment(ends_at),
        ),
    )


def secured(desk: Desk, user: User) -> Letter:
    """Write that everybody is out, and that a new password is needed."""
    sheet = desk.sheet(user)
    say = sheet.say
    return sheet.sealed(
        say("Your {site} account needs a new password", site=sheet.brief),
        say(
            "The link in our message to you was used to say that a sign-in "
            "to your {site} account ({name}) was not yours. All devices were "
            "signed out, and the old password does not work any more."
        ),
        sheet.facts(),
        say("If you have not chosen a new password yet, do it here:"),
        sheet.link(say("Set a new password"), "/password_reset"),
    )
