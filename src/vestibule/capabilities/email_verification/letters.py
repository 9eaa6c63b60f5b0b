"""What is written to addresses that are to be confirmed."""

from vestibule.correspondence import Code, Desk, NotYou, Part, Sheet
from vestibule.ground.codes import spaced
from vestibule.ground.letters import Letter
from vestibule.ground.words import Amount
from vestibule.mailed_tokens import LONGEST_LIFE_OF_CODE, Mailed
from vestibule.user import User


def confirm_address(desk: Desk, user: User, mailed: Mailed) -> Letter:
    """Write the letter that a new account's address is confirmed with."""
    sheet = desk.sheet(user)
    say, life = sheet.say, sheet.settings.email.link_life
    return sheet.sealed(
        say("Confirm your email for {site}", site=sheet.brief),
        say(
            "Confirm that this address belongs to your {site} account "
            "({name}):"
        ),
        *_ways(sheet, mailed),
        NotYou(
            say(
                "If you did not create this account, somebody else gave "
                "your address. Tell nobody the code. You can ignore this "
                "message; or open the link and choose a new password, and "
                "the account is yours alone."
            )
        ),
        why=say(
            "You get this message because somebody gave {address} as the "
            "address of a {site} account.",
            address=user.email,
        ),
        good_for=life,
    )


def confirm_new_address(
    desk: Desk, user: User, mailed: Mailed, address: str
) -> Letter:
    """Write to the address that an account is to have from now on.

    In the account's language, since nothing else is known of its reader.
    """
    sheet = desk.sheet(user)
    say, life = sheet.say, sheet.settings.email.link_life
    return sheet.sealed(
        say("Confirm your new email for {site}", site=sheet.brief),
        say(
            "Confirm that {address} is to be the address of your {site} "
            "account ({name}):",
            address=address,
        ),
        *_ways(sheet, mailed),
        say("Until then the address of the account stays as it is."),
        NotYou(
            say("Ignore this message, and nothing happens.")
            + " "
            + say("Tell nobody the code.")
        ),
        to=address,
        why=say(
            "You get this message because somebody gave {address} as the "
            "address of a {site} account.",
            address=address,
        ),
        good_for=life,
    )


def _ways(sheet: Sheet, mailed: Mailed) -> tuple[Part, ...]:
    """Lead to the page with the button, and give the code for it.

    The code is not in the subject, which screens show while they are
    locked, and which mail servers write into their logs.
    """
    say = sheet.say
    return (
        sheet.link(
            say("Confirm the address"), f"/verify-email/{mailed.token}"
        ),
        Code(
            say("Or type this code where you are asked for it:"),
            spaced(mailed.code),
        ),
        _lives(sheet),
    )


def _lives(sheet: Sheet) -> str:
    """Say how long link and code work."""
    life = sheet.settings.email.link_life
    less = min(life, LONGEST_LIFE_OF_CODE)
    until = sheet.moment(sheet.now + life)
    if life == less:
        return sheet.say(
            "Link and code work once, for {minutes}: until {moment}. Using "
            "one uses up the other.",
            minutes=_minutes(life),
            moment=until,
        )
    return sheet.say(
        "The link works once, for {minutes}: until {moment}. The code works "
        "for {less}. Using one uses up the other.",
        minutes=_minutes(life),
        moment=until,
        less=_minutes(less),
    )


def _minutes(seconds: int) -> Amount:
    """Say a span of time in minutes."""
    return Amount(seconds // 60, "{count} minute", "{count} minutes")
