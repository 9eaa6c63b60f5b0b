"""The Flask extension, and the standalone application that uses it."""

from pathlib import Path

from flask import Blueprint, Flask

from vestibule.auth import Auth
from vestibule.custody import with_key
from vestibule.doors import refusals
from vestibule.doors.addresses import warn_of_taken
from vestibule.doors.check import place_check
from vestibule.doors.front import put_in_front
from vestibule.doors.hall import Hall
from vestibule.doors.health import place_health
from vestibule.doors.host_fields import ProfileFields, check_fields
from vestibule.doors.hosting import WorkerBeside, attend, follow_forks, log
from vestibule.doors.mirror import MirroredCommands
from vestibule.doors.plan import everything
from vestibule.doors.shapes import LARGEST_BODY
from vestibule.doors.threshold import protect
from vestibule.doors.wellknown import add_well_known
from vestibule.errors import Refusal
from vestibule.ground.knobs import SettingsError
from vestibule.settings import Settings

# Files for everybody, which no act of the policy is about.
_STATIC = "vestibule.static"


class Vestibule:
    """The Flask extension: ``Vestibule(app)`` opens all doors in an app."""

    def __init__(
        self,
        app: Flask | None = None,
        settings: Settings | None = None,
        *,
        url_prefix: str | None = None,
        profile_fields: type[ProfileFields] | None = None,
        worker: bool = True,
        watched: bool = False,
    ) -> None:
        """Mount in an application now, or later by ``init_app``.

        Args:
            app: the host.
            settings: all settings; if left out, they come from the host's
                ``app.config``, the environment and ``.env``.
            url_prefix: what all addresses begin with, such as ``/account``;
                the setting ``URL_PREFIX`` if left out.
            profile_fields: what the host asks of its people besides.
            worker: send the mails from a thread of the host's processes.
            watched: answer at /healthz, /readyz and, with a token, at
                /metrics; these are the host's own otherwise.
        """
        if settings is not None and not isinstance(settings, Settings):
            raise TypeError("settings are made by Settings.load(…)")
        self._settings = settings
        self._url_prefix = url_prefix
        self._profile_fields = profile_fields
        self._worker = worker
        self._watched = watched
        if app is not None:
            self.init_app(app)

    def init_app(
        self,
        app: Flask,
        auth: Auth | None = None,
        url_prefix: str | None = None,
        *,
        whole: bool = False,
    ) -> None:
        """Mount pages and JSON in an application.

        Args:
            app: the host.
            auth: operations to use, whose owner runs the worker; made from
                the settings if left out.
            url_prefix: goes before that of the extension.
            whole: the application is nothing but Vestibule, so that the
                addresses where nothing is are ours to answer, too.

        Raises:
            RuntimeError: this application has a Vestibule already.
            SettingsError: a setting is unknown or cannot be used.
        """
        if "vestibule" in app.extensions:
            raise RuntimeError(
                f"Vestibule is already mounted in {app.name!r}: once by "
                "Vestibule(app), or once by init_app(app)."
            )
        if url_prefix is None:
            url_prefix = self._url_prefix
        if self._profile_fields is not None:
            check_fields(self._profile_fields)
        own = Hall(
            auth or _open(app, self._settings, url_prefix),
            self._profile_fields,
        )
        _check(app, own, url_prefix, whole=whole)
        if auth is None and self._worker:
            own.beside = WorkerBeside(own.auth)
        app.extensions["vestibule"] = own
        hall = everything(own)
        in_work = own.auth.settings.site.development
        own.shelf.keeps_prints = whole and not in_work
        protect(app if whole else hall)
        attend(app)
        # ``login_required`` on a host's own view refuses with ours, unless
        # the host has words of its own for that.
        handlers = app.error_handler_spec[None][None]
        handlers.setdefault(Refusal, refusals.answer_refusal)
        _take_addresses(app, own, hall)
        add_well_known(app, own.auth.settings, whole=whole)
        if whole or self._watched:
            _be_watched(own)
        _refuse_views_without_act(app)
        app.cli.add_command(MirroredCommands())


def _take_addresses(app: Flask, own: Hall, hall: Blueprint) -> None:
    """Answer at all our addresses, but for those that a host had before."""
    prefix = own.auth.settings.site.url_prefix
    earlier = [*app.url_map.iter_rules()]
    app.register_blueprint(hall, url_prefix=prefix or None)
    put_in_front(app, own)
    place_check(own, earlier)
    warn_of_taken(app, earlier, prefix)


def _be_watched(own: Hall) -> None:
    """Answer those who watch, and count what they are told of."""
    if own.beside is not None:
        own.readiness.is_working = own.beside.is_working
    place_health(own, own.readiness)
    if own.auth.settings.watch.metrics_token:
        # The library is loaded only where somebody wants the numbers.
        from vestibule.doors.metrics import place_metrics

        own.metrics = place_metrics(own)


def _open(
    app: Flask, settings: Settings | None, url_prefix: str | None
) -> Auth:
    """Open the database of a host, with the settings it has chosen."""
    if settings is None:
        settings = Settings.load(env_file=Path(".env"), config=app.config)
    if url_prefix is not None:
        settings = settings.having("option", URL_PREFIX=url_prefix)
    if app.debug and "DEVELOPMENT" not in settings.origins:
        settings = settings.having("app.debug", DEVELOPMENT="true")
    auth = Auth.opened(with_key(settings))
    follow_forks(auth)
    return auth


def _check(
    app: Flask, own: Hall, url_prefix: str | None, *, whole: bool
) -> None:
    """Refuse what would go wrong silently, and warn of what looks bad.

    Raises:
        SettingsError: links in mails would miss the prefix, or a cookie
            has the name of the host's own.
    """
    prefix = own.auth.settings.site.url_prefix
    if url_prefix not in (None, prefix):
        raise SettingsError(
            f"The operations were opened for the prefix {prefix!r}, not "
            f"{url_prefix!r}: give their settings VESTIBULE_URL_PREFIX."
        )
    name = app.config["SESSION_COOKIE_NAME"]
    if name in (
        own.session_cookie,
        own.visit_cookie,
        own.language_cookie,
        own.theme_cookie,
    ):
        raise SettingsError(
            f"VESTIBULE_SESSION_COOKIE: the host's own session is kept in "
            f"a cookie {name!r} already."
        )
    # Who is nothing but us was told by the command.
    for fault in () if whole else own.brand.faults():
        log.warning("%s", fault)


def _refuse_views_without_act(app: Flask) -> None:
    """Deny by default: what the policy does not know is not served.

    Raises:
        RuntimeError: one of our views names no act.
    """
    for endpoint, view in app.view_functions.items():
        is_ours = endpoint.startswith("vestibule.") and endpoint != _STATIC
        if is_ours and not hasattr(view, "vestibule_act"):
            raise RuntimeError(f"{endpoint} names no act of the policy")


def create_app(
    settings: Settings | None = None, auth: Auth | None = None
) -> Flask:
    """Make the standalone application, which is just another host.

    Args:
        settings: all settings; the process's own if left out.
        auth: operations to use; made from the settings if left out.
    """
    app = Flask("vestibule.doors", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    Vestibule(settings=settings).init_app(app, auth, whole=True)
    return app
