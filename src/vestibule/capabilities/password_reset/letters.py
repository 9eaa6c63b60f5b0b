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
        *_opening(sheet, by_operator=by_operator),
        sheet.link(say("Set a new password"), f"/password_reset/{token}"),
        sheet.life_of_link(),
        sheet.facts(by_operator=by_operator),
        _not_you(sheet, by_operator=by_operator),
        good_for=sheet.settings.email.link_life,
    )


def _opening(sheet: Sheet, *, by_operator: bool) -> tuple[str, ...]:
    """Say who wants the letter to be sent, and lead to the link."""
    say = sheet.say
    if by_operator:
        return (
            say(
                "The people who run {site} send you this link to choose a "
                "new password for your account ({name})."
            ),
        )
    return (
        say(
            "Somebody asked to reset the password of your {site} account "
            "({name})."
        ),
        say("To reset your password use the following link:"),
    )


def _not_you(sheet: Sheet, *, by_operator: bool) -> NotYou:
    """Say what to do about a letter that nobody here asked for."""
    say = sheet.say
    if by_operator:
        return NotYou(
            say(
                "Your old password still works. If in doubt, ask the people "
                "who run {site}."
            ),
            say("Didn’t expect this?"),
        )
    return NotYou(
        say("If you did not make this request - ignore this message.")
        + "\n"
        + say("Nothing has changed yet.")
    )
