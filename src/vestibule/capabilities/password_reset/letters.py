"""What somebody is told whose password may be set anew."""

from vestibule.correspondence import Desk, NotYou, Sheet
from vestibule.ground.letters import Letter
from vestibule.user import User


def reset(
    desk: Desk, user: User, token: str, *, by_operator: bool = False
) -> Letter:
    """Write the letter with the link that sets a new password."""
    sheet = desk.sheet(user)
    say = sheet.say
    return sheet.sealed(
        # This subject and the sentences at the link are the contract's.
        say("Password Reset Request E-Mail"),
        _asked(sheet, by_operator=by_operator),
        say("To reset your password use the following link:"),
        sheet.link(say("Set a new password"), f"/password_reset/{token}"),
        sheet.life_of_link(),
        sheet.facts(by_operator=by_operator),
        NotYou(
            say("If you did not make this request - ignore this message.")
            + "\n"
            + say("Nothing has changed yet.")
        ),
        good_for=sheet.settings.email.link_life,
    )


def _asked(sheet: Sheet, *, by_operator: bool) -> str:
    """Say who wants the letter to be sent."""
    if by_operator:
        return sheet.say(
            "The people who run {site} send you this link to choose a new "
            "password for your account ({name})."
        )
    return sheet.say(
        "Somebody asked to reset the password of your {site} account ({name})."
    )
