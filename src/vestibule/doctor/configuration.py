"""Checks of the settings as a whole."""

from collections.abc import Iterator

from vestibule.doctor.checks import When, check
from vestibule.doctor.finding import ERROR, NOTICE, WARNING, Trouble
from vestibule.doctor.installation import Installation, is_loopback
from vestibule.engine import database_address
from vestibule.ground.knobs import SettingsError


@check(
    "configuration.readable",
    ERROR,
    fine="Every setting is known, can be read and fits the others.",
    why="What is misspelt or does not fit would otherwise be silently "
    "ignored, and a protection would not be there.",
    fix="vestibule config show",
    when=When.START,
)
def is_readable(installation: Installation) -> Iterator[Trouble]:
    """Look at what only whoever opens things would find."""
    try:
        database_address(installation.settings)
    except SettingsError as error:
        yield Trouble(ERROR, str(error))


@check(
    "configuration.development",
    ERROR,
    WARNING,
    fine="Development mode is off.",
    why="It shows every mail, with the links that open accounts, to whoever "
    "reaches the site.",
    fix="VESTIBULE_DEVELOPMENT=false",
    when=When.START,
)
def is_no_workshop(installation: Installation) -> Iterator[Trouble]:
    """Look for the development mode where others could reach it."""
    site = installation.settings.site
    if not site.development:
        return
    if installation.deploy or not is_loopback(site.host):
        yield Trouble(
            ERROR, f"Development mode is on, and {_where(installation)}."
        )
    else:
        yield Trouble(WARNING, "Development mode is on.")


def _where(installation: Installation) -> str:
    """Say who would see what the development mode shows."""
    if is_loopback(installation.settings.site.host):
        return "this is to be a site for others"
    return f"it listens on {installation.settings.site.host}"


@check(
    "configuration.contradictions",
    WARNING,
    fine="No two settings speak against each other.",
    why="One of the two has no effect, and which one is easily mistaken.",
    fix="vestibule config show",
)
def agrees(installation: Installation) -> Iterator[Trouble]:
    """Look for settings that undo each other."""
    found = installation.settings
    if found.sessions.idle > found.sessions.absolute:
        yield Trouble(
            WARNING,
            f"VESTIBULE_SESSION_IDLE ({found.sessions.idle} s) is longer "
            f"than VESTIBULE_SESSION_ABSOLUTE ({found.sessions.absolute} s), "
            "so it ends no session.",
            "VESTIBULE_SESSION_IDLE=12h",
        )
    if found.mail.use_ssl and found.mail.port == 587:
        yield Trouble(
            WARNING,
            "VESTIBULE_MAIL_USE_SSL is on, and port 587 speaks STARTTLS.",
            "VESTIBULE_MAIL_PORT=465",
        )
    if found.mail.password and not found.mail.username:
        yield Trouble(
            WARNING,
            "VESTIBULE_MAIL_PASSWORD is set without VESTIBULE_MAIL_USERNAME, "
            "so nobody signs in to the mail server.",
            "VESTIBULE_MAIL_USERNAME=vestibule@example.com",
        )
    if found.site.loopback_only and not is_loopback(installation.host):
        yield Trouble(
            WARNING,
            f"VESTIBULE_LOOPBACK_ONLY refuses everybody else, and the public "
            f"address is {found.base_url}.",
            "VESTIBULE_LOOPBACK_ONLY=false",
        )


@check(
    "configuration.security_contact",
    NOTICE,
    fine="Whoever finds a weakness is told where to report it.",
    why="Without security.txt (RFC 9116), whoever finds a hole tells nobody, "
    "or everybody.",
    fix="VESTIBULE_SECURITY_CONTACT=security@example.com",
    when=When.DEPLOY,
)
def has_contact(installation: Installation) -> Iterator[Trouble]:
    """Look for an address of security.txt."""
    if not installation.settings.brand.security_contact:
        yield Trouble(NOTICE, "VESTIBULE_SECURITY_CONTACT is not set.")
