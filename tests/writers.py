"""What people do with an account, as moves of a race.

Each function prepares an account for its move, and returns it.
"""

from collections.abc import Callable
from typing import TypeAlias

from conftest import PASSWORD
from racing import Move, move
from vestibule.auth import Auth
from vestibule.policy import OPERATOR
from vestibule.user import User

Writer: TypeAlias = Callable[[Auth, User], Move]

NEW = "another good password"


def added(auth: Auth, user: User) -> Move:
    """Write the first feedback."""
    return move("add_feedback", who=user.id, by=user.id)


def changed(auth: Auth, user: User) -> Move:
    """Change what was written."""
    number = auth.feedback.add(user, "A door", "Heavy", by=OPERATOR)
    return move("change_feedback", number=number, by=user.id)


def reset_asked(auth: Auth, user: User) -> Move:
    """Ask for a link."""
    return move("ask_reset", email=user.email)


def reset_asked_again(auth: Auth, user: User) -> Move:
    """Ask for a link where there is one."""
    auth.password_reset.issue(user)
    return move("ask_reset", email=user.email)


def reset_sent(auth: Auth, user: User) -> Move:
    """Have a link sent by an administrator."""
    return move("send_reset", who=user.id)


def reset_finished(auth: Auth, user: User) -> Move:
    """Set a new password by a link."""
    token = auth.password_reset.issue(user)
    return move("finish_reset", token=token, password=NEW)


def password_changed(auth: Auth, user: User) -> Move:
    """Set a new password by the old one, with a link on its way."""
    auth.password_reset.issue(user)
    return move("change_password", who=user.id, old=PASSWORD, new=NEW)


def address_confirmed(auth: Auth, user: User) -> Move:
    """Confirm the account's own address."""
    token = auth.mailed_tokens.issue(user.id, "email_verification", user.email)
    return move("confirm_email", token=token)


def new_address_confirmed(auth: Auth, user: User) -> Move:
    """Confirm a new address."""
    new = f"new-{user.email}"
    token = auth.mailed_tokens.issue(user.id, "email_verification", new)
    return move("confirm_email", token=token)


def link_sent_again(auth: Auth, user: User) -> Move:
    """Ask for another link to confirm the address."""
    return move("send_again", who=user.id)


def profile_changed(auth: Auth, user: User) -> Move:
    """Change username, address and the host's fields, not for the first."""
    auth.host_fields.keep(user, {"town": "Aville"})
    auth.mailed_tokens.issue(user.id, "email_verification", user.email)
    return move(
        "update_profile",
        who=user.id,
        email=f"new-{user.email}",
        town="Beeville",
    )


def profile_filled(auth: Auth, user: User) -> Move:
    """Fill in the host's fields for the first time."""
    return move("update_profile", who=user.id, town="Beeville")


def exported(auth: Auth, user: User) -> Move:
    """Take everything along."""
    return move("export", who=user.id)


def deleted(auth: Auth, user: User) -> Move:
    """Delete the account as well."""
    return move("delete", who=user.id, by=user.id)


# What each may come to besides success when the account goes.
WRITERS: dict[Writer, set[str]] = {
    added: {"missing"},
    # Feedback that is gone is refused like that of somebody else.
    changed: {"missing", "forbidden", "auth.required"},
    reset_asked: set(),
    reset_asked_again: set(),
    reset_sent: {"missing"},
    reset_finished: {"reset.invalid"},
    password_changed: {"old_password.incorrect", "conflict"},
    address_confirmed: {"link.invalid"},
    new_address_confirmed: {"link.invalid"},
    link_sent_again: {"missing"},
    profile_changed: {"auth.required"},
    profile_filled: {"auth.required"},
    exported: set(),
    deleted: set(),
}
