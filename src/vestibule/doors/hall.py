"""The hall: what one application keeps of its Vestibule."""

from typing import TYPE_CHECKING, Any, cast

from flask import current_app, request
from werkzeug.routing import Map
from werkzeug.wrappers import Response

from vestibule.auth import Auth
from vestibule.doors.credentials import CookieReader
from vestibule.doors.destinations import sharing_origins
from vestibule.doors.outages import Outages
from vestibule.ground.brand import Brand
from vestibule.ground.signing import Seal
from vestibule.readiness import Readiness
from vestibule.settings import Settings

if TYPE_CHECKING:
    from vestibule.doors.front import Front
    from vestibule.doors.host_fields import ProfileFields
    from vestibule.doors.hosting import WorkerBeside
    from vestibule.doors.metrics import Metrics
    from vestibule.doors.parts import Part
    from vestibule.doors.rooms import Room


class Shelf:
    """What was made before and does not change: links, and whole pages.

    Only an application that is nothing but ours keeps pages.
    """

    def __init__(self) -> None:
        self.links: dict[tuple[str, str, str], str] = {}
        self.prints: dict[tuple[str, ...], str] = {}
        self.keeps_prints = False


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
        self.readiness = Readiness(auth)
        # Only where there is a token that opens them.
        self.metrics: Metrics | None = None
        self.shelf = Shelf()
        self.outages = Outages()
        # The pages of the account area.
        self.rooms: list[Room] = []
        # What capabilities add to the pages of others.
        self.parts: list[Part] = []
        settings = auth.settings
        self.is_https = settings.is_https
        self.hsts = settings.site.hsts
        self.brand = Brand.read(settings.brand.folder)
        keys = settings.keys
        self.visit_seal = Seal(keys, "visit", auth.clock)
        self.form_seal = Seal(keys, "form", auth.clock)
        self.device_seal = Seal(keys, "device", auth.clock)
        self.form_targets = sharing_origins(settings)
        self._name_cookies(settings)

    def _name_cookies(self, settings: Settings) -> None:
        """Name the cookies, so that browsers know who may set them."""
        # The browser itself then refuses a cookie that a neighbouring
        # domain planted (RFC 6265bis, 4.1.3.2).
        prefix = "__Host-" if self.is_https else ""
        name = settings.sessions.cookie
        visit = "vestibule" if name == "session_id" else name
        # Who shares it with subdomains names a domain, which __Host-
        # forbids; RFC 6265bis, 4.1.3.1.
        self.session_domain = settings.sessions.domain or None
        self.unshared_cookie = f"{prefix}{name}"
        is_shared = settings.is_https and self.session_domain
        self.session_cookie = (
            f"__Secure-{name}" if is_shared else self.unshared_cookie
        )
        self.session_reader = CookieReader(self.session_cookie)
        self.visit_cookie = f"{prefix}{visit}_visit"
        self.language_cookie = f"{prefix}{visit}_language"
        self.language_reader = CookieReader(self.language_cookie)
        self.theme_cookie = f"{prefix}{visit}_theme"
        self.device_cookie = f"{prefix}{visit}_device"
        self.device_reader = CookieReader(self.device_cookie)

    def set_cookie(
        self,
        response: Response,
        name: str,
        value: str,
        life: int | None = None,
    ) -> None:
        """Set a cookie that no script reads and no other site sends."""
        self._drop_unshared(response, name)
        response.set_cookie(
            name,
            value,
            max_age=life,
            path="/",
            domain=self._domain_of(name),
            secure=self.is_secure,
            httponly=True,
            samesite="Lax",
        )

    def _domain_of(self, name: str) -> str | None:
        """Say with which domain a cookie is shared: the session's alone."""
        return self.session_domain if name == self.session_cookie else None

    def _drop_unshared(self, response: Response, name: str) -> None:
        """Take back the session's cookie from before it was shared.

        A browser would send it along, and by the same name before the new
        one.
        """
        if self._domain_of(name) and self.unshared_cookie in request.cookies:
            response.delete_cookie(
                self.unshared_cookie,
                path="/",
                secure=self.is_secure,
                httponly=True,
                samesite="Lax",
            )

    @property
    def is_secure(self) -> bool:
        """Whether cookies go by https only, as the site or a request does."""
        return self.is_https or request.is_secure

    def drop_cookie(self, response: Response, name: str) -> None:
        """Take a cookie back."""
        self._drop_unshared(response, name)
        response.delete_cookie(
            name,
            path="/",
            domain=self._domain_of(name),
            secure=self.is_secure,
            httponly=True,
            samesite="Lax",
        )

    def see_out(self, response: Response) -> None:
        """Take the session's cookie back, and the pages that were kept.

        Only by https do browsers listen. Other cookies, and what scripts
        have stored here, may be a host's around us, so they stay.
        Source: W3C, Clear Site Data, section 3.1; ASVS 5.0 14.3.1.
        """
        self.drop_cookie(response, self.session_cookie)
        if self.is_secure:
            response.headers["Clear-Site-Data"] = '"cache"'


def hall() -> Hall:
    """Find the Vestibule that serves this application.

    Raises:
        LookupError: there is none. A RuntimeError would make
            ``current_user`` just false.
    """
    found = current_app.extensions.get("vestibule")
    if found is None:
        raise LookupError(
            f"Vestibule is not mounted in {current_app.name!r}: "
            "call Vestibule(app), or init_app(app) in the factory."
        )
    return cast("Hall", found)


def auth() -> Auth:
    """Find the operations; the only thing that doors talk to."""
    return hall().auth


def settings() -> Settings:
    """Find the settings of this application's Vestibule."""
    return hall().auth.settings
