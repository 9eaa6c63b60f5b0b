"""Every setting by its section: name, unit, default and meaning."""

from vestibule.ground.knobs import Knob, knobs_of
from vestibule.sections.mailing import EmailSettings, MailSettings
from vestibule.sections.place import (
    BrandSettings,
    PageSettings,
    SiteSettings,
)
from vestibule.sections.proving import (
    LoginSettings,
    PasswordSettings,
    SessionSettings,
    ThrottleSettings,
)
from vestibule.sections.watching import WatchSettings

__all__ = [
    "SECTIONS",
    "BrandSettings",
    "EmailSettings",
    "LoginSettings",
    "MailSettings",
    "PageSettings",
    "PasswordSettings",
    "SessionSettings",
    "SiteSettings",
    "ThrottleSettings",
    "WatchSettings",
    "all_knobs",
]

SECTIONS: dict[str, type] = {
    "site": SiteSettings,
    "brand": BrandSettings,
    "pages": PageSettings,
    "passwords": PasswordSettings,
    "sessions": SessionSettings,
    "login": LoginSettings,
    "email": EmailSettings,
    "throttle": ThrottleSettings,
    "mail": MailSettings,
    "watch": WatchSettings,
}


def all_knobs() -> dict[str, Knob]:
    """List every knob by its key."""
    return {
        what.key: what
        for section in SECTIONS.values()
        for what in knobs_of(section).values()
    }
