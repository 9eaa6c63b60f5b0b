"""Vestibule: the entrance hall of a web application, accounts you own.

The names below are public. They are imported when first used, so that a
script that needs only ``DB`` does not load Flask.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vestibule import errors, signals
    from vestibule.auth import Auth
    from vestibule.db import DB
    from vestibule.doors.app import Vestibule, create_app
    from vestibule.doors.caller import current_user, login_required
    from vestibule.doors.host_fields import ProfileFields
    from vestibule.field import switch, text
    from vestibule.migrations import include_object
    from vestibule.policy import OPERATOR, Actor
    from vestibule.settings import Settings
    from vestibule.user import User

__all__ = [
    "DB",
    "OPERATOR",
    "Actor",
    "Auth",
    "ProfileFields",
    "Settings",
    "User",
    "Vestibule",
    "create_app",
    "current_user",
    "errors",
    "include_object",
    "login_required",
    "signals",
    "switch",
    "text",
]

_HOMES = {
    "Actor": "vestibule.policy",
    "Auth": "vestibule.auth",
    "DB": "vestibule.db",
    "OPERATOR": "vestibule.policy",
    "ProfileFields": "vestibule.doors.host_fields",
    "Settings": "vestibule.settings",
    "User": "vestibule.user",
    "Vestibule": "vestibule.doors.app",
    "create_app": "vestibule.doors.app",
    "current_user": "vestibule.doors.caller",
    "include_object": "vestibule.migrations",
    "login_required": "vestibule.doors.caller",
    "switch": "vestibule.field",
    "text": "vestibule.field",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for (PEP 562)."""
    if name in ("errors", "signals"):
        return import_module(f"vestibule.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'vestibule' has no {name!r}")
    return getattr(import_module(_HOMES[name]), name)
