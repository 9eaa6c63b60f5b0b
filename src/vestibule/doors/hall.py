"""The hall: what one application keeps of its Vestibule."""

from typing import TYPE_CHECKING, Any, cast

from flask import current_app, request
from werkzeug.routing import Map
from werkzeug.wrappers import Response

from vestibule.auth import Auth
from vestibule.ground.brand import Brand
from vestibule.ground.signing import Seal
from vestibule.settings import Settings

if TYPE_CHECKING:
    from vestibule.doors.front import Front
    from vestibule.doors.host_fields import ProfileFields
    from vestibule.doors.hosting import WorkerBeside
    from vestibule.doors.rooms import Room


class Hall:
    """Operations, seals and cookies of one application."""

    def __init__(
        self,
        auth: Auth,
        profile_fields: "type[ProfileFields] | None" = None,
    ) -> None:
        self.auth = auth
        self.profile_fields = profile_fields
        # The OpenAPI document, once somebody has asked for it.
        self.document: dict[str, Any] | None = None
        # The addresses of the API's calls, once somebody missed one.
        self.calls: Map | None = None
        self.beside: WorkerBeside | None = None
        # What answers before Flask does.
        self.front: Front | None = None
        # The pages of the account area.
        self.rooms: list[Room] = []
        settings = auth.settings
        self.brand = Brand.read(settings.brand.folder)
        key = settings.site.secret_key
        self.visit_seal = Seal(key, "visit", auth.clock)
        self.form_seal = Seal(key, "form", auth.clock)
        # The browser itself then refuses a cookie that a neighbouring
        # domain planted (RFC 6265bis, 4.1.3.2).
        prefix = "__Host-" if settings.is_https else ""
        name = settings.sessions.cookie
        visit = "vestibule" if name == "session_id" else name
        self.session_cookie = f"{prefix}{name}"
        self.visit_cookie = f"{prefix}{visit}_visit"
        self.language_cookie = f"{prefix}{visit}_language"
        self.theme_cookie = f"{prefix}{visit}_theme"

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
            secure=self.is_secure,
            httponly=True,
            samesite="Lax",
        )

    @property
    def is_secure(self) -> bool:
        """Whether cookies go by https only, as the site or a request does."""
        return self.auth.settings.is_https or request.is_secure

    def drop_cookie(self, response: Response, name: str) -> None:
        """Take a cookie back."""
        response.delete_cookie(
            name,
            path="/",
            secure=self.is_secure,
            httponly=True,
            samesite="Lax",
        )


def hall() -> Hall:
    """Find the Vestibule that serves this application.

    Raises:
        LookupError: there is none. A RuntimeError would make
            ``current_user`` just false.
    """
    if "vestibule" not in current_app.extensions:
        raise LookupError(
            f"Vestibule is not mounted in {current_app.name!r}: "
            "call Vestibule(app), or init_app(app) in the factory."
        )
    return cast("Hall", current_app.extensions["vestibule"])


def auth() -> Auth:
    """Find the operations; the only thing that doors talk to."""
    return hall().auth


def settings() -> Settings:
    """Find the settings of this application's Vestibule."""
    return hall().auth.settings
