"""Hosting: what Vestibule does at every request of the host around it."""

import atexit
import logging
import os
import threading
from collections.abc import Callable
from functools import partial

from flask import (
    Flask,
    current_app,
    request,
    request_started,
    request_tearing_down,
)

from vestibule.auth import Auth
from vestibule.doors.caller import come_in
from vestibule.doors.hall import hall
from vestibule.doors.request_ids import ENTRY
from vestibule.doors.stay import forget_stay
from vestibule.ground.forks import in_each_child
from vestibule.settings import Settings
from vestibule.worker import Worker, post_for

SECONDS_TO_END = 5

log = logging.getLogger("vestibule")


def attend(app: Flask) -> None:
    """Be told of every request of a host, whatever hooks it has itself."""
    request_started.connect(_arrive, app)
    request_tearing_down.connect(_leave, app)


def follow_forks(auth: Auth) -> None:
    """Begin anew in every process that is forked from here on.

    A server may load the application first, which may have used the
    database and hashed passwords by then.
    """
    in_each_child(auth, Auth.after_fork, _in_hand)


def _in_hand(auth: Auth) -> tuple[threading.Lock, threading.Lock]:
    """Name the locks of a worker's round, and of a session's sliding on.

    SQLite would take its own locks along into the child, where nobody
    ever gives them back.
    """
    return auth.at_work, auth.sessions.slides.at_work


def _arrive(_: Flask, **__: object) -> None:
    """Note who comes from where; begin to work at the first request."""
    forget_stay()
    come_in()
    beside = hall().beside
    if beside is not None:
        beside.start_once()


def _leave(_: Flask, **__: object) -> None:
    """Forget who came, when the request is over."""
    known = forget_stay()
    entry = request.environ.get(ENTRY)
    if entry is not None:
        entry.route = request.url_rule.rule if request.url_rule else ""
        entry.user_id = None if known is None else known.actor_id
    if known is not None and known.under is not None:
        known.under.__exit__(None, None, None)


class WorkerBeside:
    """The worker of a process, beside a host's requests.

    It starts with the first of them and not before: a server may load the
    application and then fork, and threads stay behind in the parent; and
    commands like ``flask routes`` load it without serving anybody.
    """

    def __init__(self, auth: Auth) -> None:
        self._auth = auth
        self._process = 0
        self._alone = threading.Lock()
        self._thread: threading.Thread | None = None
        self.stop: Callable[[], object] = lambda: None

    def is_working(self) -> bool:
        """Tell whether it is at work, or has not begun to be."""
        has_begun = self._process == os.getpid() and self._thread is not None
        return not has_begun or bool(self._thread and self._thread.is_alive())

    def start_once(self) -> None:
        """Start, unless this process has started it already."""
        if self._process == os.getpid() or current_app.testing:
            return
        with self._alone:
            if self._process != os.getpid():
                self._process = os.getpid()
                self._start(shown=current_app.debug)

    def _start(self, *, shown: bool) -> None:
        """Start the thread, and have it end with the interpreter."""
        settings = self._auth.settings
        if shown:
            _warn_of_place(settings)
        else:
            _warn(settings)
        worker = Worker(self._auth, post_for(settings, shown=shown))
        thread = self._thread = worker.start()
        self.stop = partial(_end, worker, thread)
        atexit.register(self.stop)


def _warn(settings: Settings) -> None:
    """Say what a host forgets easily before it goes into production."""
    if settings.site.development:
        return
    if not settings.mail.server:
        log.warning("no mail will leave: VESTIBULE_MAIL_SERVER is not set")
    if not settings.site.base_url:
        log.warning(
            "VESTIBULE_BASE_URL is not set: links in mails begin with %s",
            settings.site_root,
        )


def _warn_of_place(settings: Settings) -> None:
    """Say it when links in mails lead elsewhere than people are."""
    here = request.host_url.rstrip("/")
    if not settings.site.base_url and here != settings.base_url:
        log.warning(
            "links in mails begin with %s, and this is %s: "
            "set VESTIBULE_BASE_URL",
            settings.site_root,
            here,
        )


def _end(worker: Worker, thread: threading.Thread) -> None:
    """End the work, but let a letter in hand be finished."""
    worker.stop()
    thread.join(SECONDS_TO_END)
