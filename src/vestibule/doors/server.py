"""Serving: the application in granian, with the worker beside it."""

import errno
import gc
import logging
import multiprocessing
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vestibule.doors.allocator import keep_memory
from vestibule.doors.capacity import THREADS
from vestibule.ground.knobs import SettingsError
from vestibule.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from flask import Flask

    from vestibule.doors.draining import Flag

# Seconds after which a thread that works in Python lets others do so.
SWITCH = 0.001
# Milliseconds from the first byte of a request to the end of its headers.
HEADERS_WITHIN = 15_000
PACKAGE = Path(__file__).resolve().parent.parent
LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def application(
    settings: Settings, is_ending: Callable[[], bool] | None = None
) -> "Flask":
    """Make the application and start the worker in this process.

    Args:
        settings: all of them.
        is_ending: tells whether the server was told to end.
    """
    from vestibule.auth import Auth
    from vestibule.doors.app import create_app
    from vestibule.worker import Worker

    auth = Auth.opened(settings)
    auth.passwords.hasher.warm_up()
    working = Worker(auth).start()
    app = create_app(auth=auth)
    readiness = app.extensions["vestibule"].readiness
    readiness.is_working = working.is_alive
    if is_ending is not None:
        readiness.is_ending = is_ending
    return app


def _application_of_worker(
    settings: Settings, flag: "Flag | None" = None
) -> "WSGIApplication":
    """Make the application in one of granian's processes.

    Ctrl-C reaches every process of a terminal, and the main one then ends
    the others. Two signals at once would block a worker in its handler,
    so only the main one listens to Ctrl-C. Until granian has set its
    handlers, a worker that is told to end just ends.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    keep_memory(settings.passwords.hash_memory)
    sys.setswitchinterval(SWITCH)
    from vestibule.doors.access_log import AccessLog
    from vestibule.doors.bodies import in_one_piece, measured

    app = application(settings, None if flag is None else flag.is_raised)
    own = app.extensions["vestibule"]
    own.front.gate.widen()
    answering = own.front.before(in_one_piece(measured(app)))
    measure = None if own.metrics is None else own.metrics.measure
    return AccessLog(answering, own, measure)


def share_code() -> None:
    """Load everything before the fork, so that all workers share it.

    The collector then looks at none of it again: each of its rounds would
    make copies of what is shared.
    """
    import vestibule.doors.app  # noqa: F401
    from vestibule.doors.plan import load_handlers

    load_handlers()
    gc.collect()
    gc.freeze()


def serve(settings: Settings) -> None:
    """Serve until a signal ends it; requests in hand are finished first."""
    from vestibule.doors import metrics_files
    from vestibule.doors.draining import Flag, Server

    # Before the fork, and before what reads from there is loaded.
    counts = settings.watch.metrics_token and metrics_files.make_folder()
    flag = Flag()
    development = settings.site.development
    if development:
        # A fresh interpreter for each worker sees the changed code. This
        # one loads only what it needs, which halves the time to start.
        multiprocessing.set_start_method("spawn", force=True)
    else:
        share_code()
    server = Server(
        flag,
        0 if development else settings.watch.drain,
        partial(metrics_files.take_away, counts) if counts else str,
        **_how(settings),
    )
    logging.getLogger("_granian").addFilter(_is_news)
    # A worker that is started from nothing cannot share the flag.
    shared = None if development else flag
    server.serve(
        target_loader=partial(_application_of_worker, settings, shared),
        wrap_loader=False,
    )


def _how(settings: Settings) -> dict[str, Any]:
    """Say to granian where and how it serves."""
    from granian.constants import Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels

    from vestibule.doors.logs import FOR_GRANIAN

    development = settings.site.development
    return {
        "address": _resolved(settings.site.host)[1],
        "port": settings.site.port,
        "interface": Interfaces.WSGI,
        "workers": settings.site.workers,
        # Most of them wait, which costs little; they start when they are
        # needed, and end when they are not.
        "blocking_threads": THREADS,
        "websockets": False,
        "http1_settings": HTTP1Settings(header_read_timeout=HEADERS_WITHIN),
        "respawn_failed_workers": True,
        "respawn_interval": 1,
        "workers_kill_timeout": 10,
        "log_level": LogLevels.error if development else LogLevels.info,
        # In development granian's own lines; else ours alone, in JSON.
        "log_dictconfig": {} if development else FOR_GRANIAN,
        "reload": development,
        "reload_paths": [PACKAGE],
    }


def _is_news(record: logging.LogRecord) -> bool:
    """Keep granian from warning of the threads, nearly all of which wait.

    An operator could do nothing about it; docs/operators/lanes.md says
    what each of them may wait for.
    """
    return "Python threads" not in record.getMessage()


def check_address(settings: Settings) -> None:
    """Refuse an address that cannot or must not be served.

    Workers share their port, so a second server would not fail by itself:
    it would answer every other request, from another database.
    """
    site = settings.site
    if site.loopback_only and site.host not in LOOPBACK:
        raise SettingsError(
            f"The preset {site.preset} serves this machine alone, not "
            f"{site.host}. Leave out --host, or choose another preset."
        )
    try:
        family, address = _resolved(site.host)
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, site.port))
    except OSError as error:
        is_taken = error.errno == errno.EADDRINUSE
        raise SettingsError(
            f"Cannot listen on {site.host}, port {site.port}: "
            f"{error.strerror}. "
            + (
                "Choose another one with --port."
                if is_taken
                else "See VESTIBULE_HOST and VESTIBULE_PORT."
            )
        ) from error


def _resolved(host: str) -> tuple[socket.AddressFamily, str]:
    """Look up the kind and the number of a host's address."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0]
    return found[0], str(found[4][0])


def development_app() -> "Flask":
    """Make the application that ``flask run`` serves, for development."""
    settings = Settings.load(env_file=Path(".env"), development="true")
    app = application(settings.with_saved_secret())
    app.config["VESTIBULE_PORT"] = settings.site.port
    return app
