"""What people are told about their passkeys."""

from vestibule.correspondence import Desk, NotYou
from vestibule.ground.letters import Letter
from vestibule.user import User


def passkey_copied(desk: Desk, user: User, passkey: str) -> Letter:
    """Write that somebody may have a copy of a passkey.

    Args:
        desk: where the letter is written.
        user: whose account it is.
        passkey: what it is called.
    """
    sheet = desk.sheet(user)
    say = sheet.say
    return sheet.sealed(
        say(
            "A copy of your {site} passkey may exist",
            site=sheet.brief,
        ),
        say(
            "Somebody has just used the passkey “{passkey}” of your {site} "
            "account ({name}), and it counted backwards. That happens when a "
            "passkey was copied. The sign-in was refused.",
            passkey=passkey,
        ),
        sheet.facts(),
        say("Remove this passkey, and add a new one:"),
        sheet.link(say("Passkeys"), "/account/passkeys"),
        NotYou(
            say(
                "If that was not you, set a new password as well, on the "
                "page “Security”."
            )
        ),
    )
