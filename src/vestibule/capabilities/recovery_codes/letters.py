"""What people are told about their recovery codes."""

from vestibule.correspondence import Desk, NotYou
from vestibule.ground.letters import Letter
from vestibule.ground.words import Amount
from vestibule.user import User


def recovery_code_used(desk: Desk, user: User, left: int) -> Letter:
    """Write that a recovery code has opened something, and what is left.

    Args:
        desk: where the letter is written.
        user: whose code it was.
        left: how many codes there are still.
    """
    sheet = desk.sheet(user)
    say = sheet.say
    return sheet.sealed(
        say("A recovery code of your {site} account", site=sheet.brief),
        say(
            "A recovery code was used for your {site} account ({name}), "
            "which works no more. You have {codes} left.",
            codes=Amount(left, "{count} code", "{count} codes"),
        ),
        sheet.facts(),
        say(
            "Make new codes on the page “Security” before you run out of them."
        ),
        NotYou(
            say(
                "If that was not you, set a new password, and make new "
                "recovery codes on the page “Security”:"
            )
        ),
        sheet.link(say("Set a new password"), "/password_reset"),
    )


def recovery_codes_made(desk: Desk, user: User) -> Letter:
    """Write that an account has new recovery codes, and the old are void."""
    sheet = desk.sheet(user)
    say = sheet.say
    return sheet.sealed(
        say("New recovery codes for your {site} account", site=sheet.brief),
        say(
            "New recovery codes were made for your {site} account ({name}). "
            "Codes from before work no more."
        ),
        sheet.facts(),
        NotYou(
            say(
                "If that was not you, set a new password, and make new "
                "recovery codes on the page “Security”:"
            )
        ),
        sheet.link(say("Set a new password"), "/password_reset"),
    )
