"""The Flask extension, and the standalone application that uses it."""

from importlib import import_module
from typing import Any

from flask import Blueprint, Flask, g, redirect, request, url_for
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Response

from vestibule import capabilities
from vestibule.auth import Auth
from vestibule.doors import caller, refusals, words
from vestibule.doors.classic import answer_programs, classic
from vestibule.doors.devmail import devmail
from vestibule.doors.headers import add_headers
from vestibule.doors.pages import page
from vestibule.doors.visit import FORM_FIELD, save_visit
from vestibule.errors import Refusal
from vestibule.ground.signing import Seal
from vestibule.history import under
from vestibule.settings import Settings

LARGEST_BODY = 64 * 1024
MOST_FIELDS = 100

# The capabilities that bring pages, in the order of the site map.
WITH_PAGES = (
    "registration",
    "login",
    "profile",
    "passwords",
    "password_reset",
    "email_verification",
)


class Hall:
    """What one application keeps of its Vestibule: operations and cookies."""

    def __init__(self, auth: Auth) -> None:
        self.auth = auth
        settings = auth.settings
        key = settings.site.secret_key
        self.visit_seal = Seal(key, "visit", auth.clock)
        self.form_seal = Seal(key, "form", auth.clock)
        # The browser itself then refuses a cookie that a neighbouring
        # domain planted (RFC 6265bis, 4.1.3.2).
        prefix = "__Host-" if settings.is_https else ""
        self.session_cookie = f"{prefix}session_id"
        self.visit_cookie = f"{prefix}vestibule_visit"

    def set_cookie(
        self,
        response: Response,
        name: str,
        value: str,
        life: int | None = None,
    ) -> None:
        """Set a cookie that no script reads and no other site sends."""
        response.set_cookie(
            name,
            value,
            max_age=life,
            path="/",
            secure=self.auth.settings.is_https,
            httponly=True,
            samesite="Lax",
        )

    def drop_cookie(self, response: Response, name: str) -> None:
        """Take a cookie back."""
        response.delete_cookie(
            name,
            path="/",
            secure=self.auth.settings.is_https,
            httponly=True,
            samesite="Lax",
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
            settings = self._settings or Settings.load()
            auth = Auth.opened(settings.with_saved_secret())
        app.extensions["vestibule"] = Hall(auth)
        hall = _blueprint()
        _protect(app if whole else hall)
        app.register_blueprint(hall, url_prefix=url_prefix or None)


def _protect(place: Flask | Blueprint) -> None:
    """Guard, dress and excuse every answer given in a place."""
    place.before_request(_greet)
    place.before_request(answer_programs)
    place.after_request(_see_off)
    place.teardown_request(_leave)
    place.context_processor(_shown)
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
    caller.refuse_outsiders()
    caller.refuse_foreign_sites()
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


def _shown() -> dict[str, Any]:
    """Give every template its words and who is signed in."""
    return {
        "_": words.say,
        "lang": words.language(),
        "site": caller.settings().site,
        "me": caller.signed_in(),
        "form_field": FORM_FIELD,
        "notices": [],
        "password_least": caller.settings().passwords.minimum_length,
    }


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
