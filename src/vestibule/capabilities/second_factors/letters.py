"""What people are told about their second factors."""

from vestibule.correspondence import Desk, NotYou, Part, Sheet
from vestibule.ground.letters import Letter
from vestibule.user import User


def second_step_guessed(desk: Desk, user: User) -> Letter:
    """Write that somebody has shown one factor, and guesses at the other."""
    sheet = desk.sheet(user)
    say = sheet.say
    return sheet.sealed(
        say("Wrong codes for your {site} account", site=sheet.brief),
        say(
            "Somebody has passed the first step of a sign-in to your {site} "
            "account ({name}), and then entered several wrong codes at the "
            "second. They did not get in."
        ),
        sheet.facts(),
        NotYou(
            say(
                "If that was not you, they know your password or read your "
                "mail. Set a new password, and use it nowhere else:"
            )
        ),
        sheet.link(say("Set a new password"), "/password_reset"),
    )


def factors_removed(desk: Desk, user: User) -> Letter:
    """Write that those who run the site have taken the second step away."""
    sheet = desk.sheet(user)
    say = sheet.say
    return sheet.sealed(
        say(
            "The second step of your {site} account was removed",
            site=sheet.brief,
        ),
        say(
            "Those who run {site} have removed the second step from your "
            "account ({name}). From now on the password alone opens it."
        ),
        sheet.facts(by_operator=True),
        say("Sign in and set the second step up again:"),
        sheet.link(say("Security"), "/account/security"),
        NotYou(
            say(
                "If you have not asked for this, set a new password on that "
                "page, and write to those who run the site."
            )
        ),
    )


def factor_added(
    desk: Desk, user: User, what: str, link: tuple[str, int] | None = None
) -> Letter:
    """Write that an account has one more second factor.

    Args:
        desk: where the letter is written.
        user: whose account it is.
        what: what the factor is called, in the words of its capability.
        link: the token that undoes it, and the moment until which it does;
            None where a new password undoes as much.
    """
    sheet = desk.sheet(user)
    say = sheet.say
    return sheet.sealed(
        say("New way to sign in to your {site} account", site=sheet.brief),
        say(
            "This was added to your {site} account ({name}): {what}.",
            what=say(what),
        ),
        sheet.facts(),
        *_undoing(sheet, link),
    )


def _undoing(sheet: Sheet, link: tuple[str, int] | None) -> list[Part]:
    """Say what to do about a factor that is somebody else's."""
    say = sheet.say
    if link is None:
        return [
            NotYou(say("If that was not you, set a new password:")),
            sheet.link(say("Set a new password"), "/password_reset"),
        ]
    token, ends_at = link
    return [
        NotYou(
            say(
                "If that was not you, say so here. It will be removed, all "
                "devices will be signed out, and you will choose a new "
                "password:"
            )
        ),
        sheet.link(say("This wasn’t me"), f"/security/not-me/{token}"),
        say(
            "The link works once, until {moment}.",
            moment=sheet.moment(ends_at),
        ),
    ]


def factor_removed(desk: Desk, user: User, what: str) -> Letter:
    """Write that an account has one second factor less.

    Args:
        desk: where the letter is written.
        user: whose account it is.
        what: what the factor is called, in the words of its capability.
    """
    sheet = desk.sheet(user)
    say = sheet.say
    return sheet.sealed(
        say(
            "A way to sign in to your {site} account was removed",
            site=sheet.brief,
        ),
        say(
            "This was removed from your {site} account ({name}): {what}.",
            what=say(what),
        ),
        sheet.facts(),
        NotYou(
            say(
                "If that was not you, set a new password, and look at the "
                "page “Security”:"
            )
        ),
        sheet.link(say("Set a new password"), "/password_reset"),
    )
