"""Mailed links: their secret leaves the address before a page is shown.

Attack: an address lies in the browser's history, in logs, and goes along
to whatever a page links to; a secret in it opens the account to whoever
finds it. So the address that was mailed shows nothing: it moves the token
into a cookie and leads on to a page whose address is the same for all.
Source: OWASP ASVS 5.0 14.2.1; Forgot Password Cheat Sheet, URL tokens.

A capability declares where its form stands, and has two views::

    LINK = MailedLink("undo", "email_changes.undo")


    @pages.route("/verify-email/undo/<token>", methods=["GET", "POST"])
    @allowed(Act.UNDO_EMAIL)
    def open_link(token: str) -> Response:
        return LINK.opened(token, auth().email_changes.look, _dead)


    @pages.route("/verify-email/undo", methods=["GET", "POST"])
    @allowed(Act.UNDO_EMAIL)
    def undo() -> Response:
        return LINK.shown(_form, _dead)

``_dead`` answers the Expired of a link that is over, as ``look`` raises
it. ``_form`` gets the token, looks what it opens and answers with a
``form_page``; its shape has ``link: str = asked.opened_link()``, its
template ``<input type="hidden" name="link" value="{{ link }}">`` with
``link=LINK.mark(token)``, and its act calls ``LINK.check(form.link,
token)`` first. So nobody who has opened two links in two windows acts on
the other one. A redirect says that all is done, and the cookie goes.
Whoever is to set a new password next goes on to
``NEW_PASSWORD.taken(reset_token)``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import after_this_request, redirect, request, url_for
from werkzeug.wrappers import Response

from vestibule.doors.hall import auth, hall, settings
from vestibule.doors.stay import stay
from vestibule.errors import Conflict, Expired, Reason
from vestibule.ground.randomness import fingerprint
from vestibule.ground.signing import Seal

LIFE = 3600


class LinkNotOpened(Expired):
    """The page of a mailed link was asked for without the link."""

    reason = Reason(
        "link.not_opened",
        "Open the link in the message once more. If you get here again, "
        "your browser keeps no cookies for this site: allow them first",
    )


class OtherLinkOpened(Conflict):
    """Another link was opened in this browser since the page was shown."""

    reason = Reason(
        "link.other_opened",
        "You have opened another link since, and this page is about that "
        "one now. Check it and send again",
    )


@dataclass(frozen=True)
class SealedCookie:
    """A cookie that no script reads, and whose value we have signed."""

    name: str
    life: int = LIFE

    @property
    def full_name(self) -> str:
        """The name as browsers know it, beside that of the visit."""
        return hall().visit_cookie.removesuffix("visit") + self.name

    def give(self, response: Response, value: Any) -> None:
        """Have the browser keep a value made of JSON types."""
        sealed = self._seal().close(value)
        hall().set_cookie(response, self.full_name, sealed, self.life)

    def held(self) -> Any:
        """Read the value, or None if there is none that we have given."""
        cookie = request.cookies.get(self.full_name, "")
        return self._seal().open(cookie, self.life) if cookie else None

    def drop(self, response: Response) -> None:
        """Take it back, if the browser has one."""
        if self.full_name in request.cookies:
            hall().drop_cookie(response, self.full_name)

    def _seal(self) -> Seal:
        """Make the seal of this cookie alone."""
        return Seal(settings().keys, f"cookie.{self.name}", auth().clock)


@dataclass(frozen=True)
class MailedLink:
    """One kind of mailed link: its cookie, and where its form stands."""

    name: str
    endpoint: str

    @property
    def cookie(self) -> SealedCookie:
        """The cookie that holds the token meanwhile; the newest wins."""
        return SealedCookie(self.name)

    def opened(
        self,
        token: str,
        look: Callable[[str], object],
        dead: Callable[[Expired], Response],
    ) -> Response:
        """Answer the address that was mailed; nothing is used up.

        Args:
            token: the secret in the address.
            look: raises Expired if it opens nothing.
            dead: answers that.
        """
        try:
            look(token)
        except Expired as refusal:
            return _quiet(dead(refusal))
        return self.taken(token)

    def taken(self, token: str) -> Response:
        """Move a token into its cookie, and lead on to the form."""
        # Also what was posted is shown the form by GET (RFC 9110, 15.4.4).
        response = redirect(url_for(f"vestibule.{self.endpoint}"), 303)
        self.cookie.give(response, token)
        return _quiet(response)

    def shown(
        self,
        show: Callable[[str], Response],
        dead: Callable[[Expired], Response],
    ) -> Response:
        """Answer the address of the form.

        Args:
            show: answers with the form of a token, or does what it is for.
            dead: answers the Expired that ``show`` raises.

        Raises:
            LinkNotOpened: no link was opened before.
        """
        token = self.cookie.held()
        if not isinstance(token, str):
            raise LinkNotOpened
        try:
            response = show(token)
        except Expired as refusal:
            response = dead(refusal)
        if 300 <= response.status_code < 400:
            self.cookie.drop(response)
        return _quiet(response)

    def mark(self, token: str) -> str:
        """Name a token in a form, without telling it."""
        return fingerprint(token).hex()[:16]

    def check(self, mark: str, token: str) -> None:
        """Refuse a form that was shown for another link.

        Raises:
            OtherLinkOpened: it was.
        """
        if mark and mark != self.mark(token):
            raise OtherLinkOpened


# Where every way to a new password ends, whichever letter it began with.
NEW_PASSWORD = MailedLink("reset", "password_reset.finish")

# Who chose or typed a password in this browser a while ago: the name, and
# the ticket that shows it to whoever confirms the address here.
NEWCOMER = SealedCookie("newcomer", 2 * 3600)


def welcome(name: str, ticket: str) -> None:
    """Remember a newcomer until the address is confirmed."""
    stay().newcomer = name, ticket

    @after_this_request
    def remember(response: Response) -> Response:
        """Give the cookie."""
        NEWCOMER.give(response, [name, ticket])
        return response


def newcomer() -> tuple[str, str]:
    """Say who is a newcomer here, and the ticket; both empty if nobody."""
    just_now = stay().newcomer
    if just_now is not None:
        return just_now
    match NEWCOMER.held():
        case [str(name), str(ticket)]:
            return name, ticket
    return "", ""


def _quiet(response: Response) -> Response:
    """Tell nobody where somebody comes from who goes on from here."""
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
