"""What people are told when somebody closes their account or opens it."""

from vestibule.correspondence import Desk
from vestibule.ground.letters import Letter
from vestibule.user import User


def sign_in_closed(desk: Desk, user: User) -> Letter:
    """Write that nobody can sign in to an account any more."""
    sheet = desk.sheet(user)
    say = sheet.say
    return sheet.sealed(
        say("Support closed sign-in to your {site} account", site=sheet.brief),
        say(
            "The people who run {site} disabled your account ({name}). "
            "Nobody can sign in to it, and all devices were signed out. "
            "Nothing has been deleted."
        ),
        sheet.facts(by_operator=True),
        say(
            "If you think that this is a mistake, ask the people who run the "
            "site."
        ),
    )


def sign_in_opened(desk: Desk, user: User) -> Letter:
    """Write that an account is open again."""
    sheet = desk.sheet(user)
    say = sheet.say
    return sheet.sealed(
        say("Support opened sign-in to your {site} account", site=sheet.brief),
        say(
            "The people who run {site} enabled your account ({name}) again. "
            "You can sign in as before:"
        ),
        sheet.link(say("Sign in"), "/login"),
        sheet.facts(by_operator=True),
    )
