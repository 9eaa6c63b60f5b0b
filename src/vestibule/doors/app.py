"""The Flask extension, and the standalone application that uses it."""

from importlib import import_module

from flask import Blueprint, Flask, g, redirect, request, url_for
from werkzeug.exceptions import (
    HTTPException,
    NotFound,
    RequestEntityTooLarge,
)
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response

from vestibule import capabilities
from vestibule.auth import Auth
from vestibule.doors import caller, guards, refusals
from vestibule.doors.classic import answer_programs, classic
from vestibule.doors.devmail import devmail
from vestibule.doors.hall import Hall
from vestibule.doors.headers import add_headers
from vestibule.doors.pages import page
from vestibule.doors.shapes import MOST_FIELDS
from vestibule.doors.visit import save_visit
from vestibule.errors import Refusal
from vestibule.history import under
from vestibule.settings import Settings

LARGEST_BODY = 64 * 1024

# The capabilities that bring pages, in the order of the site map.
WITH_PAGES = (
    "registration",
    "login",
    "profile",
    "passwords",
    "password_reset",
    "email_verification",
)


class Vestibule:
    """The Flask extension: ``Vestibule(app)`` opens all doors in an app."""

    def __init__(
        self, app: Flask | None = None, settings: Settings | None = None
    ) -> None:
        self._settings = settings
        if app is not None:
            self.init_app(app)

    def init_app(
        self,
        app: Flask,
        auth: Auth | None = None,
        url_prefix: str = "",
        *,
        whole: bool = False,
    ) -> None:
        """Mount pages and JSON in an application.

        Args:
            app: the host.
            auth: operations to use; made from the settings if left out.
            url_prefix: what all addresses begin with.
            whole: the application is nothing but Vestibule, so that the
                addresses where nothing is are ours to answer, too.
        """
        if auth is None:
            settings = self._settings or Settings.of_this_process()
            auth = Auth.opened(settings.with_saved_secret())
        app.extensions["vestibule"] = Hall(auth)
        hall = _blueprint()
        _protect(app if whole else hall)
        # ``login_required`` on a host's own view refuses with ours.
        app.register_error_handler(Refusal, refusals.answer_refusal)
        app.register_blueprint(hall, url_prefix=url_prefix or None)


def _protect(place: Flask | Blueprint) -> None:
    """Guard, dress and excuse every answer given in a place."""
    place.before_request(_greet)
    place.before_request(answer_programs)
    place.after_request(_see_off)
    place.teardown_request(_leave)
    place.register_error_handler(Refusal, refusals.answer_refusal)
    place.register_error_handler(HTTPException, refusals.answer_http_error)
    place.register_error_handler(Exception, refusals.answer_bug)


def _blueprint() -> Blueprint:
    """Make the blueprint that holds everything, anew for each host."""
    hall = Blueprint(
        "vestibule",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/static/vestibule",
    )
    hall.add_url_rule("/", "home", _home)
    hall.add_url_rule("/logut", "logut", _logut)
    hall.register_blueprint(classic)
    hall.register_blueprint(devmail)
    for name in WITH_PAGES:
        module = import_module(f"{capabilities.__name__}.{name}.pages")
        hall.register_blueprint(module.pages)
    return hall


def _greet() -> None:
    """Note who comes from where, and refuse whom nobody should serve."""
    request.max_content_length = LARGEST_BODY
    request.max_form_parts = MOST_FIELDS
    here = caller.circumstances()
    g.vestibule_request_id = here.request_id
    g.vestibule_under = under(here)
    g.vestibule_under.__enter__()
    # Routing would lead from "//login" to a whole address made of the Host
    # header, which anybody may have written.
    if isinstance(request.routing_exception, RequestRedirect):
        raise NotFound
    guards.refuse_outsiders()
    guards.refuse_foreign_sites()
    if (request.content_length or 0) > LARGEST_BODY:
        raise RequestEntityTooLarge


def _see_off(response: Response) -> Response:
    """Give the answer its headers and the browser its visit."""
    save_visit(response)
    return add_headers(response)


def _leave(_: BaseException | None) -> None:
    """Forget the circumstances when the request is over."""
    held = g.pop("vestibule_under", None)
    if held is not None:
        held.__exit__(None, None, None)


def _home() -> Response:
    """Show the entrance."""
    return page("vestibule/home.html")


def _logut() -> Response:
    """Lead the misspelt address of the texts to the right one."""
    return redirect(url_for("vestibule.login.sign_out"))


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
