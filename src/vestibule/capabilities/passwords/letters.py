"""What somebody is told whose password has changed."""

from vestibule.correspondence import Desk, NotYou, Part, Sheet
from vestibule.ground.letters import Letter
from vestibule.user import User


def password_changed(
    desk: Desk,
    user: User,
    *,
    by_operator: bool = False,
    is_bare: bool = False,
) -> Letter:
    """Write that the password is another one now.

    Args:
        desk: where the letter is written.
        user: whose account it is.
        by_operator: those who run the site have set it.
        is_bare: second factors that may have been a stranger's are gone.
    """
    sheet = desk.sheet(user)
    say = sheet.say
    return sheet.sealed(
        say("Your {site} password was changed", site=sheet.brief),
        say(
            "The password of your {site} account ({name}) was changed, and "
            "other devices were signed out."
        ),
        *([_bare(sheet)] if is_bare else []),
        sheet.facts(by_operator=by_operator),
        NotYou(say("Set a new password at once:")),
        sheet.link(say("Set a new password"), "/password_reset"),
    )


def _bare(sheet: Sheet) -> Part:
    """Say that second factors went, why, and where one's own are set up."""
    return sheet.say(
        "Nobody had confirmed this email address before. So the second step "
        "that the account had was removed, for it might have been somebody "
        "else’s: authenticator app, passkeys and recovery codes. The password "
        "alone opens the account now. Sign in and set the second step up "
        "again on the page “Security”."
    )
