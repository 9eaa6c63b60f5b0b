"""What somebody is told whose address others try to sign up with."""

from vestibule.correspondence import Desk, NotYou, Sheet
from vestibule.ground.letters import Letter
from vestibule.user import User


def already_registered(desk: Desk, user: User) -> Letter:
    """Write that there is an account with this address already."""
    sheet = desk.sheet(user)
    return _taken(
        sheet,
        sheet.say(
            "Sign in to it as usual. If you forgot the password, choose a "
            "new one:"
        ),
    )


def registered_unconfirmed(desk: Desk, user: User) -> Letter:
    """Write that there is one which nobody has confirmed, to take over.

    Attack: somebody signs up with another's address, and waits until its
    owner wants an account.
    """
    sheet = desk.sheet(user)
    return _taken(
        sheet,
        sheet.say(
            "Nobody has confirmed yet that its owner reads this mailbox. If "
            "you did not create it, or do not know its password, choose a "
            "new one: everybody else will be signed out, and the account "
            "is yours alone."
        ),
    )


def _taken(sheet: Sheet, advice: str) -> Letter:
    """Write that an address is taken, and how its owner comes in."""
    say = sheet.say
    return sheet.sealed(
        say("You already have a {site} account", site=sheet.brief),
        say(
            "Somebody, perhaps you, asked for a {site} account with this "
            "address. There is one already; its username is {name}."
        ),
        advice,
        sheet.link(say("Set a new password"), "/password_reset"),
        sheet.facts(),
        NotYou(say("Nothing has changed; you can ignore this message.")),
    )
