"""What somebody is told whose password strangers have tried to guess."""

from vestibule.correspondence import Desk
from vestibule.ground.letters import Letter
from vestibule.user import User


def closed_to_strangers(desk: Desk, user: User) -> Letter:
    """Write that only devices that are known may sign in for now."""
    sheet = desk.sheet(user)
    say = sheet.say
    return sheet.sealed(
        say("Many wrong passwords for your {site} account", site=sheet.brief),
        say(
            "Somebody has tried to sign in to your {site} account ({name}) "
            "with wrong passwords, very many times in a row. So nobody can "
            "sign in to it on a new device for a day."
        ),
        sheet.facts(),
        say(
            "You can sign in as always where you have signed in before. "
            "Nothing in your account has changed."
        ),
        say("To sign in on a new device at once, set a new password:"),
        sheet.link(say("Set a new password"), "/password_reset"),
    )
