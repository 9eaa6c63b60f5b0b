"""Serving: the application in granian, with the worker beside it."""

import multiprocessing
from functools import partial
from pathlib import Path

from flask import Flask

from vestibule.auth import Auth
from vestibule.doors.app import create_app
from vestibule.ground.knobs import SettingsError
from vestibule.settings import Settings
from vestibule.worker import Worker

THREADS = 16
PACKAGE = Path(__file__).resolve().parent.parent
LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def application(settings: Settings) -> Flask:
    """Make the application and start the worker in this process."""
    auth = Auth.opened(settings)
    auth.passwords.hasher.warm_up()
    Worker(auth).start()
    return create_app(auth=auth)


def serve(settings: Settings) -> None:
    """Serve until a signal ends it; requests in hand are finished first."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    check_loopback(settings)
    development = settings.site.development
    if development:
        # A fresh interpreter for each worker sees the changed code.
        multiprocessing.set_start_method("spawn", force=True)
    server = Granian(
        "vestibule",
        address=settings.site.host,
        port=settings.site.port,
        interface=Interfaces.WSGI,
        workers=settings.site.workers,
        blocking_threads=THREADS,
        websockets=False,
        respawn_failed_workers=True,
        respawn_interval=1,
        workers_kill_timeout=10,
        log_level=LogLevels.error if development else LogLevels.info,
        reload=development,
        reload_paths=[PACKAGE],
    )
    server.serve(
        target_loader=partial(application, settings), wrap_loader=False
    )


def check_loopback(settings: Settings) -> None:
    """Refuse to offer to a network what is for this machine alone."""
    site = settings.site
    if site.loopback_only and site.host not in LOOPBACK:
        raise SettingsError(
            f"The preset {site.preset} serves this machine alone, not "
            f"{site.host}. Leave out --host, or choose another preset."
        )


def check_production(settings: Settings) -> None:
    """Refuse to start in production without what production needs."""
    missing = []
    if not settings.site.secret_key:
        missing.append(
            "a secret key:\n    export VESTIBULE_SECRET_KEY="
            "$(python3 -c 'import secrets; print(secrets.token_hex(32))')"
        )
    if not settings.site.base_url:
        missing.append(
            "the public address:\n"
            "    export VESTIBULE_BASE_URL=https://id.example.com"
        )
    if missing:
        raise SettingsError(
            "Production needs\n  "
            + "\n  and ".join(missing)
            + "\nKeep them, best in a .env file: a new key signs everybody "
            "out."
        )


def development_app() -> Flask:
    """Make the application that ``flask run`` serves, for development."""
    settings = Settings.load(env_file=Path(".env"), development="true")
    app = application(settings.with_saved_secret())
    app.config["VESTIBULE_PORT"] = settings.site.port
    return app
