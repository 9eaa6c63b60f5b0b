"""What somebody is told whose address others try to sign up with."""

from vestibule.correspondence import Desk, NotYou
from vestibule.ground.letters import Letter
from vestibule.user import User


def already_registered(desk: Desk, user: User) -> Letter:
    """Write that there is an account with this address already."""
    sheet = desk.sheet(user)
    say = sheet.say
    return sheet.sealed(
        say("You already have a {site} account", site=sheet.brief),
        say(
            "Somebody, perhaps you, asked for a {site} account with this "
            "address. There is one already; its username is {name}."
        ),
        say(
            "Sign in to it as usual. If you forgot the password, choose a "
            "new one:"
        ),
        sheet.link(say("Set a new password"), "/password_reset"),
        sheet.facts(),
        NotYou(say("Nothing has changed; you can ignore this message.")),
    )
