"""Addresses that others look for at the root of a host name.

They stay there when everything else is below a prefix. What is a host's own
stays so: ours are written as patterns, which Werkzeug tries only after all
plain addresses, whenever these were added; and where the host has a pattern
below ``/.well-known/`` by now, nothing of ours is added.
Source: RFC 8615; W3C, A Well-Known URL for Changing Passwords; RFC 9116.
"""

from urllib.parse import urlsplit

from flask import Flask, jsonify, redirect, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from vestibule.doors.caller import allowed
from vestibule.doors.files import cached, send
from vestibule.doors.hall import auth, settings
from vestibule.ground.clock import written
from vestibule.ground.contacts import link_to
from vestibule.ground.words import LANGUAGES
from vestibule.policy import Act
from vestibule.settings import Settings

PLACE = "/.well-known/"
# So named, they belong to our blueprint: its hooks guard and dress them.
OURS = "vestibule.wellknown."
DAY = 86400
# RFC 9116, section 2.5.5: less than a year.
DAYS_OF_CONTACT = 180


def add_well_known(app: Flask, settings: Settings, *, whole: bool) -> None:
    """Add what is expected at the root of a host name.

    Args:
        app: the host.
        settings: say whether there is a contact to tell.
        whole: the host is nothing but us, so that its icons are ours.
    """
    views = {
        "change-password": _change_password,
        "passkey-endpoints": _passkeys,
    }
    if settings.login.passkey_origins:
        views["webauthn"] = _related
    if settings.brand.security_contact:
        views["security.txt"] = _security
    for name, view in views.items():
        if not _is_taken(app, PLACE + name):
            rule = f'{PLACE}<any("{name}"):name>'
            app.add_url_rule(rule, OURS + view.__name__[1:], view)
    if whole:
        app.add_url_rule("/robots.txt", f"{OURS}robots", _robots)
        for name in ("favicon.ico", "apple-touch-icon.png"):
            app.add_url_rule(
                f"/{name}", f"{OURS}icon", _icon, defaults={"name": name}
            )


def _is_taken(app: Flask, path: str) -> bool:
    """Tell whether a host answers here, and not only everywhere."""
    try:
        rule, _ = app.url_map.bind("localhost").match(path, return_rule=True)
    except HTTPException:
        return False
    return rule.rule.startswith(PLACE)


@allowed(Act.ENTER)
def _change_password(name: str) -> Response:  # noqa: ARG001
    """Lead a password manager to the page where a password is changed."""
    return redirect(url_for("vestibule.passwords.change"))


@allowed(Act.ENTER)
def _security(name: str) -> Response:  # noqa: ARG001
    """Tell where to report a vulnerability."""
    site, brand = settings().site, settings().brand
    today = auth().clock.now() // DAY
    spoken = sorted(LANGUAGES, key=lambda code: code != brand.language)
    lines = [
        f"Contact: {link_to(brand.security_contact)}",
        f"Expires: {written((today + DAYS_OF_CONTACT) * DAY)}",
        f"Preferred-Languages: {', '.join(spoken)}",
    ]
    if settings().is_https:
        root = f"https://{urlsplit(site.base_url).netloc}"
        lines.append(f"Canonical: {root}{request.path}")
    text = "".join(f"{line}\n" for line in lines)
    return cached(Response(text, mimetype="text/plain"), DAY)


@allowed(Act.ENTER)
def _passkeys(name: str) -> Response:  # noqa: ARG001
    """Tell a password manager where passkeys are added and kept.

    Source: W3C, A Well-Known URL for Relying Party Passkey Endpoints.
    """
    root = settings().base_url
    places = {
        "enroll": url_for("vestibule.passkeys.add"),
        "manage": url_for("vestibule.passkeys.show"),
    }
    host = urlsplit(root)
    start = f"{host.scheme}://{host.netloc}"
    return cached(jsonify({k: start + v for k, v in places.items()}), DAY)


@allowed(Act.ENTER)
def _related(name: str) -> Response:  # noqa: ARG001
    """Tell browsers where else the passkeys of this site may be asked for.

    Source: W3C Web Authentication Level 3, 5.11.
    """
    origins = [*settings().login.passkey_origins]
    return cached(jsonify(origins=origins), DAY)


@allowed(Act.ENTER)
def _robots() -> Response:
    """Ask search engines to show the entrance and nothing behind it.

    No path is named, for whoever reads this would know it, too.
    Source: RFC 9309.
    """
    entrance = url_for("vestibule.home")
    files = url_for("vestibule.static", filename="")
    text = f"User-agent: *\nAllow: {entrance}$\nAllow: {files}\nDisallow: /\n"
    return cached(Response(text, mimetype="text/plain"), DAY)


@allowed(Act.ENTER)
def _icon(name: str) -> Response:
    """Send an icon to who looks for it without reading a page."""
    return send(name)
