"""What is written to addresses that are to be confirmed or given up."""

from vestibule.correspondence import Desk, Link, NotYou, Sheet
from vestibule.ground.letters import Letter
from vestibule.user import User


def confirm_address(desk: Desk, user: User, token: str) -> Letter:
    """Write the letter that a new account's address is confirmed with."""
    sheet = desk.sheet(user)
    say, life = sheet.say, sheet.settings.email.link_life
    return sheet.sealed(
        say("Confirm your email for {site}", site=sheet.brief),
        say(
            "Confirm that this address belongs to your {site} account "
            "({name}):"
        ),
        _way(sheet, token),
        sheet.life_of_link(),
        NotYou(say("Ignore this message, and nothing happens.")),
        why=say(
            "You get this message because somebody gave {address} as the "
            "address of a {site} account.",
            address=user.email,
        ),
        good_for=life,
    )


def confirm_new_address(
    desk: Desk, user: User, token: str, address: str
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
        _way(sheet, token),
        sheet.life_of_link(),
        say("Until then the address of the account stays as it is."),
        NotYou(say("Ignore this message, and nothing happens.")),
        to=address,
        why=say(
            "You get this message because somebody gave {address} as the "
            "address of a {site} account.",
            address=address,
        ),
        good_for=life,
    )


def address_changing(desk: Desk, user: User) -> Letter:
    """Write to the old address that a new one is asked for."""
    sheet = desk.sheet(user)
    say = sheet.say
    return sheet.sealed(
        say("Your {site} email is being changed", site=sheet.brief),
        say(
            "Somebody signed in to your {site} account ({name}) asked to "
            "change its email address. The change happens when the new "
            "address is confirmed."
        ),
        sheet.facts(),
        NotYou(
            say(
                "Set a new password, which signs everybody out and stops "
                "the change:"
            )
        ),
        sheet.link(say("Set a new password"), "/password_reset"),
    )


def _way(sheet: Sheet, token: str) -> Link:
    """Lead to the page with the button that confirms."""
    return sheet.link(
        sheet.say("Confirm the address"), f"/verify-email/{token}"
    )
