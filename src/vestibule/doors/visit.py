"""The visit: a signed cookie that a form or a notice needs.

It carries the form's secret, notices for the next page and what was typed
into a form that failed; no row in the database. Nobody gets one who only
looks at the entrance or uses JSON.
"""

from typing import Any

from flask import request
from werkzeug.wrappers import Response

from vestibule.doors.caller import session_token
from vestibule.doors.hall import auth, hall
from vestibule.doors.stay import stay
from vestibule.ground.randomness import fingerprint

LIFE = 2 * 3600
LARGEST = 3000


class Visit:
    """What one browser carries from page to page."""

    def __init__(self, carried: Any) -> None:
        carried = carried if isinstance(carried, dict) else {}
        self.nonce: str = carried.get("n", "")
        self.notices: list[list[str]] = carried.get("f", [])
        self.kept: dict[str, Any] = carried.get("k", {})
        self.is_changed = False

    def form_token(self) -> str:
        """Make the secret that a form of this visit must send back.

        It is bound to the session, so that one made before signing in is
        worthless after (attack: a token planted before the sign-in).
        """
        if not self.nonce:
            self.nonce = auth().randomness.token()[:22]
        self.is_changed = True
        return hall().form_seal.close([self.nonce, _session_mark()])

    def is_own_form(self, token: object) -> bool:
        """Tell whether a form was made for this visit and session."""
        if not isinstance(token, str) or not self.nonce:
            return False
        opened = hall().form_seal.open(token, LIFE)
        return bool(opened == [self.nonce, _session_mark()])

    def note(self, kind: str, text: str) -> None:
        """Leave a notice for the next page."""
        self.notices = [*self.notices, [kind, text]][-4:]
        self.is_changed = True

    def take_notices(self) -> list[list[str]]:
        """Take the notices; each is shown once."""
        taken, self.notices = self.notices, []
        self.is_changed = self.is_changed or bool(taken)
        return taken

    def keep(self, name: str, typed: dict[str, Any]) -> None:
        """Keep what was typed until the form is shown again."""
        self.kept, self.is_changed = {name: typed}, True

    def take_kept(self, name: str) -> dict[str, Any]:
        """Take what was typed into the form of this name."""
        taken = self.kept.pop(name, {})
        self.is_changed = self.is_changed or bool(taken)
        return taken if isinstance(taken, dict) else {}

    def begin_anew(self, *, signed_in: bool = False) -> None:
        """Forget the form secret when somebody signs in or out.

        What is kept under an address stays for whoever signs in again to
        go on there; the address says whose page it is.
        """
        held = {k: v for k, v in self.kept.items() if k.startswith("/")}
        self.kept = held if signed_in else {}
        self.nonce, self.is_changed = "", True


def visit() -> Visit:
    """Read this request's visit, once."""
    known = stay()
    if known.visit is None:
        cookie = request.cookies.get(hall().visit_cookie, "")
        known.visit = Visit(
            hall().visit_seal.open(cookie, LIFE) if cookie else None
        )
    return known.visit


def save_visit(response: Response) -> None:
    """Send the visit back to the browser if it changed."""
    found = stay().visit
    if found is None or not found.is_changed:
        return
    carried = {"n": found.nonce, "f": found.notices, "k": found.kept}
    sealed = hall().visit_seal.close(carried)
    if len(sealed) > LARGEST:
        sealed = hall().visit_seal.close({**carried, "k": {}})
    if not any(carried.values()):
        hall().drop_cookie(response, hall().visit_cookie)
        return
    hall().set_cookie(response, hall().visit_cookie, sealed, LIFE)


def _session_mark() -> str:
    """Name the session without its secret."""
    token = session_token()
    return fingerprint(token).hex()[:32] if token else ""
