"""The gate: what strangers may make expensive waits before Flask.

To check a password costs a hash, and to refuse one inside Flask still a
millisecond. So few such requests are let in at a time, in turns; who waits
too long is refused with an answer that was made before.
"""

import os
import threading
import time
import weakref
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from io import BytesIO
from typing import TYPE_CHECKING, Any

from flask import Flask

from vestibule.doors.apologies import Apologies
from vestibule.doors.hall import Hall
from vestibule.doors.shapes import LARGEST_BODY
from vestibule.doors.turnstile import Turnstile
from vestibule.doors.whence import client_address
from vestibule.policy import Act
from vestibule.throttle import address_key

if TYPE_CHECKING:
    from _typeshed.wsgi import (
        StartResponse,
        WSGIApplication,
        WSGIEnvironment,
    )

# Beside those in the lanes, whose request is read or written meanwhile.
BESIDE = 1
# Seconds; with what comes after it, a refusal takes less than one.
PATIENCE = 0.6
LONGEST_PACE = 0.25
# More threads in Flask at once would only take each other's turns, and the
# connections to the database.
SEATS = 16
HASHING = (Act.SIGN_IN, Act.REGISTER)
BODILESS = ("GET", "HEAD", "OPTIONS")


def doors_of(app: Flask) -> frozenset[str]:
    """Find the paths where strangers can have something hashed."""
    return frozenset(
        rule.rule
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ())
        and rule.endpoint.startswith("vestibule.")
        and vars(app.view_functions[rule.endpoint]).get("vestibule_act")
        in HASHING
    )


def follow_forks(turnstile: Turnstile) -> None:
    """Have nobody inside in each process that is forked from here on."""
    known = weakref.ref(turnstile)

    def begin_anew() -> None:
        """Forget who is inside in the parent, unless the host is gone."""
        found = known()
        if found is not None:
            found.open()

    os.register_at_fork(after_in_child=begin_anew)


class Gate:
    """Bare WSGI before an application, for requests that cost much.

    In a server of somebody else nobody waits here: who finds no place is
    refused. ``widen`` gives it the threads of our own.
    """

    def __init__(
        self, behind: "WSGIApplication", own: Hall, doors: frozenset[str]
    ) -> None:
        self._behind = behind
        self._own = own
        self._doors = doors
        self.turnstile = Turnstile(own.auth.passwords.hasher.lanes.most)
        # Who may be waited for, until all of their body is here.
        self.bodies: Turnstile | None = None
        # A place is kept so long, whatever was done from it.
        self.pace = 0.0
        # How many others are in Flask at once, if that is for us to say.
        self._seats: AbstractContextManager[object] = nullcontext()
        self._refuse = Apologies(behind, own, doors)
        follow_forks(self.turnstile)

    def widen(self, threads: int) -> None:
        """Let requests wait, in a server that has so many threads.

        Half of them may wait for a place and a quarter for a body; the
        others are left for everything else. What needs no hash after all
        keeps its place as long as if it did, so that a flood of refusals
        is no more than the lanes could hash.
        """
        hasher = self._own.auth.passwords.hasher
        lanes = hasher.lanes.number
        self.turnstile.places = self.turnstile.of_one = lanes + BESIDE
        self.turnstile.room = threads // 2
        whole = hasher.span * self.turnstile.places / lanes
        self.pace = min(whole, LONGEST_PACE)
        self.bodies = Turnstile(threads // 4, of_one=threads // 8)
        self._seats = threading.Semaphore(SEATS)

    def __call__(
        self, environ: "WSGIEnvironment", start: "StartResponse"
    ) -> Iterable[bytes]:
        """Let a request in, after a while perhaps, or refuse it."""
        method = environ["REQUEST_METHOD"]
        if method in BODILESS:
            return self._pass(environ, start)
        costs = method == "POST" and environ["PATH_INFO"] in self._doors
        if not costs and self.bodies is None:
            return self._behind(environ, start)
        return self._with_body(environ, start, costs=costs)

    def _pass(
        self, environ: "WSGIEnvironment", start: "StartResponse"
    ) -> Iterable[bytes]:
        """Pass on what costs little, as soon as there is a seat."""
        with self._seats:
            return self._behind(environ, start)

    def _with_body(
        self,
        environ: "WSGIEnvironment",
        start: "StartResponse",
        *,
        costs: bool,
    ) -> Iterable[bytes]:
        """Wait for the body first, which must hold no place in the lanes.

        Attack: bodies that come slowly, or never, in all threads.
        """
        who = self._who(environ)
        if self.bodies is None:
            _take(environ)
        elif not self.bodies.enter(who, 0):
            return self._refuse(environ, start)
        else:
            try:
                if not _take(environ):
                    # It is large, cut off or of no known length: nothing
                    # is hashed, and Flask reads it or refuses to.
                    return self._pass(environ, start)
            finally:
                self.bodies.leave(who)
        if costs:
            return self._in_turn(environ, start, who)
        return self._pass(environ, start)

    def _in_turn(
        self, environ: "WSGIEnvironment", start: "StartResponse", who: str
    ) -> Iterable[bytes]:
        """Pass a request on from a place, or refuse it."""
        if not self.turnstile.enter(who, PATIENCE):
            return self._refuse(environ, start)
        begun = time.monotonic()

        def watched(status: str, headers: Any, *error: Any) -> Any:
            """Note who has proven something."""
            if status < "4":
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
        """Name the network that a request comes from."""
        trusted = self._own.auth.settings.site.trusted_proxies
        return address_key("gate", client_address(environ, trusted))


def _take(environ: "WSGIEnvironment") -> bool:
    """Read a small body; tell whether all of it is here."""
    try:
        length = int(environ.get("CONTENT_LENGTH") or -1)
    except ValueError:
        return False
    if not 0 <= length <= LARGEST_BODY:
        return False
    pieces = []
    while length > 0:
        piece = environ["wsgi.input"].read(length)
        if not piece:
            break
        pieces.append(piece)
        length -= len(piece)
    environ["wsgi.input"] = BytesIO(b"".join(pieces))
    return length == 0
