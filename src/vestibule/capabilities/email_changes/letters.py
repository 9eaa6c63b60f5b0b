"""What is written to addresses that are given up, or wanted in vain."""

from vestibule.correspondence import Desk, NotYou, Part, Sheet
from vestibule.ground.letters import Letter
from vestibule.user import User


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


def address_changed(
    desk: Desk, user: User, token: str, ends_at: int
) -> Letter:
    """Write to the old address that it was given up, and the way back.

    Args:
        desk: where the letter is written.
        user: the account as it was before.
        token: undoes the change.
        ends_at: the moment until which it does.
    """
    sheet = desk.sheet(user)
    say = sheet.say
    return _given_up(
        sheet,
        NotYou(
            say(
                "Undo it. This address will be the account’s again, all "
                "devices will be signed out, the password will stop "
                "working, and you will choose a new one:"
            )
        ),
        sheet.link(say("Undo the change"), f"/verify-email/undo/{token}"),
        say(
            "The link works once, until {moment}.",
            moment=sheet.moment(ends_at),
        ),
    )


def address_corrected(desk: Desk, user: User) -> Letter:
    """Write to an old address that nobody had confirmed; it has no way back.

    Its reader may be a stranger, whose address somebody typed by mistake.
    """
    return _given_up(desk.sheet(user))


def _given_up(sheet: Sheet, *more: Part) -> Letter:
    """Write to an old address that the account has another one now."""
    say = sheet.say
    return sheet.sealed(
        say("Your {site} email was changed", site=sheet.brief),
        say(
            "Your {site} account ({name}) has another email address now. "
            "Messages for it do not come here any more."
        ),
        sheet.facts(),
        *more,
        why=say(
            "You get this message because {address} was the address of the "
            "account {name} on {site} until now.",
            address=sheet.user.email,
        ),
    )


def address_wanted(desk: Desk, user: User, address: str) -> Letter:
    """Write to an account's address that another account wants it.

    With the subject and in the language of the letter that goes to an
    address which is nobody's, so that neither the export nor the list of
    letters tells the two apart.

    Args:
        desk: where the letter is written.
        user: who wants it.
        address: whose address it is already.
    """
    sheet = desk.sheet(user)
    say = sheet.say
    return sheet.sealed(
        say("Confirm your new email for {site}", site=sheet.brief),
        say(
            "Somebody asked to make {address} the address of the {site} "
            "account {name}. It belongs to another account already, so it "
            "stays that account’s, and nothing has changed.",
            address=address,
        ),
        sheet.facts(),
        say(
            "If it was you, and you want one account only: sign in to the "
            "other one, or set a new password for it. There you can delete "
            "it or change its address."
        ),
        sheet.link(say("Set a new password"), "/password_reset"),
        NotYou(say("Ignore this message, and nothing happens.")),
        to=address,
        why=say(
            "You get this message because somebody gave {address} as the "
            "address of a {site} account.",
            address=address,
        ),
        good_for=sheet.settings.email.link_life,
    )
