"""Activity: what happened to an account, in its reader's words.

Administrators read it, and so can the account's owner.
"""

from dataclasses import dataclass
from typing import Any

from vestibule.doors.hall import auth
from vestibule.doors.words import say
from vestibule.errors import Reason
from vestibule.signals import DONE


def _(text: str) -> str:
    """Mark a text as one to be translated where it is shown."""
    return text


ACTS = {
    "registration": _("Account created"),
    "importing": _("Account brought over from another system"),
    "login": _("Sign-in"),
    "login.stop": _("Sign-in closed to new devices for a day"),
    "login.new_device": _("Sign-in with a new device"),
    "not_me": _("“This wasn’t me”: everybody signed out, password ended"),
    "not_me.shut_out": _("“This wasn’t me”: signed out everywhere else"),
    "recent_proof": _("Password confirmed again"),
    "session.end": _("Sign-out"),
    "session.end_one": _("Sign-out of another device"),
    "session.end_all": _("Sign-out on all devices"),
    "password.change": _("Password change"),
    "password.rehash": _("Password kept in a safer form"),
    "password_reset.ask": _("Password reset requested"),
    "password_reset.finish": _("Password reset"),
    "password_reset": _("Password reset"),
    "email_verification.ask": _("Confirmation message sent"),
    "email_verification.confirm": _("Email address confirmed"),
    "email.change.ask": _("Change of email address requested"),
    "email.change": _("Change of email address"),
    "email.undo": _("Change of email address undone"),
    "email_verification.code": _("Code from a message tried"),
    "letter": _("Email message"),
    "profile.update": _("Profile change"),
    "picture": _("New picture"),
    "picture.change": _("New picture"),
    "picture.remove": _("Picture removed"),
    "feedback.add": _("Feedback written"),
    "feedback.change": _("Feedback changed"),
    "feedback.delete": _("Feedback deleted"),
    "feedback.list": _("Look at the feedback"),
    "feedback.see": _("Look at feedback"),
    "feedback.search": _("Search in all feedback"),
    "account.see": _("Look at the account"),
    "account.export": _("Data export"),
    "account.delete": _("Deletion of the account"),
    "export": _("Data export"),
    "deletion": _("Deletion of the account"),
    "administration.promote": _("Made an administrator"),
    "administration.demote": _("Administrator’s role taken away"),
    "administration.disable": _("Account disabled"),
    "administration.enable": _("Account enabled"),
    "administration.send_reset": _("Reset link sent by an administrator"),
    "administration.set_password": _("Password set by the operator"),
    "users.list": _("Look at the list of users"),
    "users.inspect": _("Look at the account as an administrator"),
    "users.disable": _("Account disabled"),
    "users.enable": _("Account enabled"),
    "users.promote": _("Made an administrator"),
    "users.demote": _("Administrator’s role taken away"),
    "users.send_reset": _("Reset link sent by an administrator"),
    "users.end_sessions": _("Sign-out on all devices"),
}

DOORS = {
    "page": _("Website"),
    "api": _("API"),
    "json": _("JSON routes"),
    "command": _("Command line"),
    "python": _("Program on the server"),
}

# Reasons in short, without the advice that was for whoever met them.
SHORT = {
    "rate.wait": _("Too many tries"),
    "credentials.incorrect": _("Wrong password or name"),
    "password.incorrect": _("Wrong password"),
    "old_password.incorrect": _("Wrong password"),
    "account.disabled": _("Account disabled"),
    "email.unverified": _("Email address not confirmed"),
    "reset.invalid": _("The link no longer works"),
    "link.invalid": _("The link no longer works"),
    "undo.invalid": _("The link no longer works"),
    "code.incorrect": _("Wrong code"),
    "not_me.invalid": _("The link no longer works"),
    "forbidden": _("Not allowed"),
    "auth.required": _("Not signed in"),
    "proof.too_old": _("Password not confirmed again"),
}


@dataclass(frozen=True)
class Line:
    """One thing that happened, in words.

    ``by`` is ``self`` for the account's owner, ``other`` for somebody else
    who was signed in, ``operator`` for commands, and else empty. ``actor``
    names somebody else whose account is still there.
    """

    at: int
    what: str
    is_done: bool
    outcome: str
    by: str
    actor_id: int | None
    actor: str
    door: str
    address: str


def activity(user_id: int, most: int) -> list[Line]:
    """Tell what happened to an account lately, the newest first."""
    events: list[dict[str, Any]] = auth().history.of(user_id, most)
    others = {event["actor_id"] for event in events} - {None, user_id}
    called = auth().db.usernames_of(others)
    return [
        Line(
            at=event["at"],
            what=say(ACTS.get(event["act"], event["act"])),
            is_done=event["outcome"] == DONE,
            outcome=_outcome(event["outcome"]),
            by=_by(event, user_id),
            actor_id=event["actor_id"],
            actor=called.get(event["actor_id"], ""),
            door=say(DOORS.get(event["door"], event["door"])),
            address=event["address"],
        )
        for event in events
    ]


def _outcome(code: str) -> str:
    """Say how something ended."""
    if code == DONE:
        return say("Done")
    reason = Reason.known.get(code)
    text = SHORT.get(code) or (reason.text if reason else "")
    if not text or "{" in text:
        return say("Refused")
    return say("Refused: {why}", why=say(text))


def _by(event: dict[str, Any], user_id: int) -> str:
    """Say who did something, as far as that was known."""
    if event["actor_id"] is not None:
        return "self" if event["actor_id"] == user_id else "other"
    return "operator" if event["door"] in ("command", "python") else ""
