"""What somebody is told whose password has changed."""

from vestibule.correspondence import Desk, NotYou
from vestibule.ground.letters import Letter
from vestibule.user import User


def password_changed(
    desk: Desk, user: User, *, by_operator: bool = False
) -> Letter:
    """Write that the password is another one now."""
    sheet = desk.sheet(user)
    say = sheet.say
    return sheet.sealed(
        say("Your {site} password was changed", site=sheet.brief),
        say(
            "The password of your {site} account ({name}) was changed, and "
            "other devices were signed out."
        ),
        sheet.facts(by_operator=by_operator),
        NotYou(say("Set a new password at once:")),
        sheet.link(say("Set a new password"), "/password_reset"),
    )
