"""The plan: what stands at which address below the root."""

from importlib import import_module

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from vestibule import capabilities
from vestibule.doors import files
from vestibule.doors.api import EVERY_METHOD
from vestibule.doors.apidocs import apidocs
from vestibule.doors.brand import brand
from vestibule.doors.caller import allowed
from vestibule.doors.classic import classic
from vestibule.doors.devmail import devmail
from vestibule.doors.hall import Hall
from vestibule.doors.manifest import manifest
from vestibule.doors.nowhere import nowhere
from vestibule.doors.pages import page
from vestibule.doors.showroom import showroom
from vestibule.policy import Act

# The capabilities that bring pages, in the order of the site map.
WITH_PAGES = (
    "registration",
    "login",
    "second_factors",
    "passkeys",
    "totp",
    "recovery_codes",
    "mailed_sign_in",
    "recent_proof",
    "profile",
    "feedback",
    "pictures",
    "passwords",
    "sessions",
    "audit",
    "not_me",
    "password_reset",
    "email_verification",
    "email_changes",
    "preferences",
    "export",
    "deletion",
    "administration",
)


# The capabilities that the API reaches, in the order of its document.
WITH_API = (
    "registration",
    "login",
    "second_factors",
    "passkeys",
    "totp",
    "recovery_codes",
    "mailed_sign_in",
    "sessions",
    "audit",
    "recent_proof",
    "profile",
    "feedback",
    "pictures",
    "passwords",
    "not_me",
    "password_reset",
    "email_verification",
    "email_changes",
    "preferences",
    "export",
    "deletion",
)


def load_handlers() -> None:
    """Import all handlers, as a server does before it forks."""
    for name in WITH_PAGES:
        import_module(f"{capabilities.__name__}.{name}.pages")
    for name in WITH_API:
        import_module(f"{capabilities.__name__}.{name}.api")


def everything(own: Hall) -> Blueprint:
    """Make the blueprint that holds everything, anew for each host."""
    hall = Blueprint(
        "vestibule",
        __name__,
        template_folder="templates",
    )
    hall.add_url_rule(
        "/static/vestibule/<path:filename>", "static", files.send
    )
    hall.url_defaults(files.add_mark)
    # Under a prefix the address may be written without its last slash.
    hall.add_url_rule("/", "home", _home, strict_slashes=False)
    hall.add_url_rule("/logut", "logut", _logut)
    hall.register_blueprint(classic)
    hall.register_blueprint(devmail)
    hall.register_blueprint(showroom)
    hall.register_blueprint(apidocs)
    hall.register_blueprint(manifest)
    if own.brand.folder:
        hall.register_blueprint(brand)
    hall.register_blueprint(_api(), url_prefix="/api/v1")
    for name in WITH_PAGES:
        module = import_module(f"{capabilities.__name__}.{name}.pages")
        hall.register_blueprint(module.pages)
        # What it shows in the list of the account area, if anything.
        own.rooms += [module.ROOM] if hasattr(module, "ROOM") else []
        # And what it adds to pages that know nothing of it.
        own.parts += getattr(module, "PARTS", ())
    return hall


def _api() -> Blueprint:
    """Make the blueprint of the API, with whatever lies below it."""
    api = Blueprint("api", __name__)
    for name in WITH_API:
        module = import_module(f"{capabilities.__name__}.{name}.api")
        api.register_blueprint(module.api)
    for path in ("/", "/<path:rest>"):
        api.add_url_rule(
            path,
            "nowhere",
            nowhere,
            methods=EVERY_METHOD,
            provide_automatic_options=False,
            strict_slashes=False,
        )
    return api


@allowed(Act.ENTER)
def _home() -> Response:
    """Show the entrance."""
    return page("vestibule/home.html")


@allowed(Act.ENTER)
def _logut() -> Response:
    """Lead the misspelt address of the texts to the right one."""
    return redirect(url_for("vestibule.login.sign_out"))
