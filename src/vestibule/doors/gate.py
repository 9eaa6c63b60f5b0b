"""The gate: what strangers may make expensive waits before Flask.

To check a password costs a hash, and to refuse one inside Flask still a
millisecond. So few such requests are let in at a time, in turns; who waits
too long is refused with an answer that was made before.
"""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask

from vestibule.budgets import address_key
from vestibule.doors.apologies import Apologies
from vestibule.doors.bodies import said_length, take
from vestibule.doors.capacity import (
    BODIES,
    LINE,
    LONGEST_PACE,
    OF_ONE,
    PATIENCE,
    ROOM,
    SEATS,
    UPLOADS,
    UPLOADS_OF_ONE,
    Seats,
)
from vestibule.doors.devices import carried
from vestibule.doors.hall import Hall
from vestibule.doors.shapes import LARGEST_BODY
from vestibule.doors.turnstile import Turnstile
from vestibule.doors.whence import client_address
from vestibule.ground.forks import in_each_child
from vestibule.policy import Act

if TYPE_CHECKING:
    from _typeshed.wsgi import (
        StartResponse,
        WSGIApplication,
        WSGIEnvironment,
    )

# Beside those in the lanes, whose request is read or written meanwhile.
BESIDE = 1
# How the names of devices begin that have signed in to an account before.
KNOWN = "gate:account:"
BODILESS = ("GET", "HEAD", "OPTIONS")


def doors_of(app: Flask, *acts: Act) -> frozenset[str]:
    """Find the paths where strangers can do one of these acts."""
    return frozenset(
        rule.rule
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ())
        and rule.endpoint.startswith("vestibule.")
        and vars(app.view_functions[rule.endpoint]).get("vestibule_act")
        in acts
    )


class Gate:
    """Bare WSGI before an application, for requests that cost much.

    In a server of somebody else nobody waits here: who finds no place is
    refused. ``widen`` gives it the threads of our own.
    """

    def __init__(
        self, behind: "WSGIApplication", own: Hall, app: Flask
    ) -> None:
        self._behind = behind
        self._own = own
        self._entrances = doors_of(app, Act.SIGN_IN)
        self._doors = self._entrances | doors_of(app, Act.REGISTER)
        self.turnstile = Turnstile(own.auth.passwords.hasher.lanes.most)
        # A place is kept so long, whatever was done from it.
        self.pace = 0.0
        # What only our own server has.
        self.bodies: Turnstile | None = None
        self.uploads: Turnstile | None = None
        self.seats: Seats | None = None
        self._refuse = Apologies(behind, own, self._doors)
        # The others are made by ``widen``, after every fork.
        in_each_child(self.turnstile, Turnstile.open)

    def widen(self) -> None:
        """Let requests wait, in a server that has threads for them.

        What needs no hash after all keeps its place as long as if it did,
        so that a flood of refusals is no more than the lanes could hash.
        """
        hasher = self._own.auth.passwords.hasher
        lanes = hasher.lanes.number
        self.turnstile.places = self.turnstile.of_one = lanes + BESIDE
        self.turnstile.room = ROOM
        whole = hasher.span * self.turnstile.places / lanes
        self.pace = min(whole, LONGEST_PACE)
        self.bodies = Turnstile(BODIES, of_one=OF_ONE)
        self.uploads = Turnstile(UPLOADS, of_one=UPLOADS_OF_ONE)
        self.seats = Seats(SEATS, LINE)

    def __call__(
        self, environ: "WSGIEnvironment", start: "StartResponse"
    ) -> Iterable[bytes]:
        """Let a request in, after a while perhaps, or refuse it."""
        # Attack: "post", which Flask takes for "POST".
        method = environ["REQUEST_METHOD"].upper()
        if method in BODILESS:
            return self._pass(environ, start)
        # Flask takes "//login" for "/login", and may take "/login/".
        path = "/" + environ["PATH_INFO"].strip("/")
        costs = method == "POST" and path in self._doors
        if not costs and self.bodies is None:
            return self._behind(environ, start)
        return self._with_body(environ, start, path if costs else "")

    def _pass(
        self, environ: "WSGIEnvironment", start: "StartResponse"
    ) -> Iterable[bytes]:
        """Pass on what costs little, as soon as there is a seat."""
        seats = self.seats
        if seats is None:
            return self._behind(environ, start)
        if not seats.take():
            return self._refuse(environ, start)
        try:
            return self._behind(environ, start)
        finally:
            seats.give_back()

    def _with_body(
        self, environ: "WSGIEnvironment", start: "StartResponse", door: str
    ) -> Iterable[bytes]:
        """Wait for the body first, which must hold neither place nor seat.

        Attack: bodies that come slowly, or never, in all threads.
        """
        who = self._who(environ)
        room = self.bodies
        if (said_length(environ) or 0) > LARGEST_BODY:
            # Flask refuses it, or reads it from whoever may send so much.
            return self._among(self.uploads, who, environ, start)
        if room is not None and not room.enter(who, 0):
            return self._refuse(environ, start)
        try:
            is_here = take(environ)
        finally:
            if room is not None:
                room.leave(who)
        if door and is_here:
            return self._in_turn(environ, start, who, door)
        return self._pass(environ, start)

    def _among(
        self,
        few: Turnstile | None,
        who: str,
        environ: "WSGIEnvironment",
        start: "StartResponse",
    ) -> Iterable[bytes]:
        """Pass a request on as one of few, or refuse it."""
        if few is None:
            return self._behind(environ, start)
        if not few.enter(who, 0):
            return self._refuse(environ, start)
        try:
            return self._behind(environ, start)
        finally:
            few.leave(who)

    def _in_turn(
        self,
        environ: "WSGIEnvironment",
        start: "StartResponse",
        who: str,
        door: str,
    ) -> Iterable[bytes]:
        """Pass a request on from a place, or refuse it."""
        is_known = who.startswith(KNOWN)
        if not self.turnstile.enter(who, PATIENCE, is_known=is_known):
            return self._refuse(environ, start)
        begun = time.monotonic()

        def watched(status: str, headers: Any, *error: Any) -> Any:
            """Note who has signed in."""
            if door in self._entrances and status < "4":
                self.turnstile.welcome(who)
            return start(status, headers, *error)

        try:
            return self._behind(environ, watched)
        finally:
            rest = self.pace - (time.monotonic() - begun)
            if rest > 0:
                time.sleep(rest)
            self.turnstile.leave(who)

    def _who(self, environ: "WSGIEnvironment") -> str:
        """Name whose device sends a request, or the network it comes from.

        All devices of one account share one name. Attack: signing in to
        one's own account again and again, for many names that are known.
        """
        for number, _ in carried(self._own, environ.get("HTTP_COOKIE")):
            return f"{KNOWN}{number}"
        trusted = self._own.auth.settings.site.trusted_proxies
        return address_key("gate", client_address(environ, trusted))
