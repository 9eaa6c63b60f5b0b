"""Signals: what happened, told to whoever connected.

A receiver is called after the commit, in the thread of the request, with
the ``Auth`` that it happened in and a ``Happening``. One that fails is
noted in the log and changes nothing: what it heard of is done.
"""

import logging
from dataclasses import dataclass

from blinker import Namespace

from vestibule.ground.redaction import network

DONE = "done"

log = logging.getLogger("vestibule.signals")
events = logging.getLogger("vestibule.events")

_all = Namespace()
signal = _all.signal

user_registered = signal("user-registered", "An account was created.")
user_signed_in = signal("user-signed-in", "Somebody signed in.")
sign_in_failed = signal(
    "sign-in-failed", "A sign-in was refused; ``outcome`` is the code."
)
user_signed_out = signal("user-signed-out", "A session was ended.")
password_changed = signal(
    "password-changed", "A password was changed by its owner or an operator."
)
password_reset = signal("password-reset", "A password was set by a link.")
email_confirmed = signal(
    "email-confirmed", "An address was proven to be the account's."
)
email_changed = signal("email-changed", "The address of an account changed.")
profile_updated = signal("profile-updated", "Somebody changed their profile.")
picture_changed = signal(
    "picture-changed", "Somebody has a new picture, or none any more."
)
role_changed = signal(
    "role-changed", "Somebody became an administrator, or is none any more."
)
account_disabled = signal(
    "account-disabled", "An account was closed for a while."
)
account_enabled = signal("account-enabled", "An account was opened again.")
feedback_changed = signal(
    "feedback-changed", "Feedback was written, changed or deleted."
)
user_deleted = signal("user-deleted", "An account is gone, with all it had.")
happened = signal(
    "happened", "Any of the above, and every other event of the history."
)

_OF_ACT = {
    "registration": user_registered,
    "login": user_signed_in,
    "session.end": user_signed_out,
    "password.change": password_changed,
    "administration.set_password": password_changed,
    "password_reset.finish": password_reset,
    "email_verification.confirm": email_confirmed,
    "email.change": email_changed,
    "email.undo": email_changed,
    "profile.update": profile_updated,
    "picture.change": picture_changed,
    "picture.remove": picture_changed,
    "administration.promote": role_changed,
    "administration.demote": role_changed,
    "administration.disable": account_disabled,
    "administration.enable": account_enabled,
    "feedback.add": feedback_changed,
    "feedback.change": feedback_changed,
    "feedback.delete": feedback_changed,
    "deletion": user_deleted,
}
_OF_REFUSED_ACT = {"login": sign_in_failed}


@dataclass(frozen=True)
class Happening:
    """One event of the history, as receivers get it.

    ``outcome`` is ``done`` or the code of a refusal, ``at`` is in whole
    seconds since 1970 UTC, ``door`` the way it came in by.
    """

    act: str
    outcome: str
    user_id: int | None
    actor_id: int | None
    at: int
    door: str
    address: str

    @property
    def is_done(self) -> bool:
        """Whether the act was done, and not refused."""
        return self.outcome == DONE


def announce(sender: object, what: Happening, request_id: str = "") -> None:
    """Log what happened and tell all receivers; none stops the others."""
    _write_down(what, request_id)
    acts = _OF_ACT if what.is_done else _OF_REFUSED_ACT
    for told in (acts.get(what.act), happened):
        if told is None or not told.receivers:
            continue
        for receiver in told.receivers_for(sender):
            try:
                receiver(sender, happening=what)
            except Exception:
                log.exception("a receiver of %s failed", told.name)


def _write_down(what: Happening, request_id: str) -> None:
    """Log an event: who, whom, what, how it ended, from which network.

    So it can be shipped to where nobody who breaks in here can change it
    (ASVS 5.0 16.4.3).
    """
    told = {
        "request_id": request_id,
        "act": what.act,
        "outcome": what.outcome,
        "user": what.user_id,
        "actor": what.actor_id,
        "door": what.door,
        "network": network(what.address),
    }
    events.info("%s: %s", what.act, what.outcome, extra=told)
