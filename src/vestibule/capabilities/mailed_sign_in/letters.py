"""What somebody is told who signs in by mail."""

from vestibule.correspondence import Code, Desk, NotYou
from vestibule.ground.codes import spaced
from vestibule.ground.letters import Letter
from vestibule.ground.words import Amount
from vestibule.mailed_tokens import Mailed
from vestibule.user import User

# ASVS 6.5.5: what travels another way is good for ten minutes at most.
LIFE = 600


def login_code(desk: Desk, user: User, mailed: Mailed) -> Letter:
    """Write the letter with the code and the link that sign somebody in.

    The code is not in the subject, which screens show while they are
    locked, and which mail servers write into their logs.
    """
    sheet = desk.sheet(user)
    say = sheet.say
    return sheet.sealed(
        say("Sign in to {site}", site=sheet.brief),
        say("Somebody asked to sign in to your {site} account ({name})."),
        Code(
            say("Type this code on the page where you asked for it:"),
            spaced(mailed.code),
        ),
        say("On another device, open this link instead:"),
        sheet.link(
            say("Open the page to sign in"), f"/login/code/{mailed.token}"
        ),
        say(
            "Link and code work once, for {minutes}: until {moment}. Using "
            "one uses up the other.",
            minutes=Amount(LIFE // 60, "{count} minute", "{count} minutes"),
            moment=sheet.moment(sheet.now + LIFE),
        ),
        sheet.facts(),
        NotYou(
            say("If you did not ask for this, ignore this message.")
            + " "
            + say(
                "Do not tell anybody the code, and do not pass the link on: "
                "whoever has one of them gets into your account. We never "
                "ask you for it."
            )
        ),
        good_for=LIFE,
    )


def claimed(desk: Desk, user: User) -> Letter:
    """Write that an account is its reader's alone from now on."""
    sheet = desk.sheet(user)
    say = sheet.say
    return sheet.sealed(
        say("Your {site} account is yours alone now", site=sheet.brief),
        say(
            "You have signed in to your {site} account ({name}) by mail, and "
            "confirmed your address with that. Anybody could have chosen the "
            "password before, so it does not work any more, and everybody "
            "else was signed out."
        ),
        sheet.facts(),
        say("To sign in with a password again, choose a new one:"),
        sheet.link(say("Set a new password"), "/password_reset"),
    )
