"""Where the site lives, how it shows itself and how pages answer."""

from dataclasses import dataclass

from vestibule.ground.knobs import Networks, knob
from vestibule.ground.words import LANGUAGES


@dataclass(frozen=True)
class SiteSettings:
    """Where the site lives and what it is called."""

    preset: str = knob(
        "PRESET",
        "default",
        "Bundle of settings to start from.",
        choices=("default", "nist", "classroom"),
    )
    name: str = knob("SITE_NAME", "Vestibule", "Name on pages and in mails.")
    base_url: str = knob(
        "BASE_URL",
        "",
        "Public address of the site; every link in a mail starts with it.",
    )
    url_prefix: str = knob(
        "URL_PREFIX",
        "",
        "What the path of every page begins with, such as /account.",
        # Segments of unreserved characters (RFC 3986, 2.3), no dots alone.
        pattern=r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)*",
        example="/account",
    )
    host: str = knob("HOST", "127.0.0.1", "Address to listen on.")
    port: int = knob("PORT", 5000, "Port to listen on.", least=1, most=65535)
    workers: int = knob(
        "WORKERS", 1, "Processes that answer requests.", least=1, most=512
    )
    data: str = knob(
        "DATA",
        "vestibule-data",
        "Folder of the embedded database and the generated secret.",
    )
    backups: str = knob(
        "BACKUPS",
        "",
        "Folder of the backups, which `vestibule backup` writes to and "
        "`vestibule doctor` looks at.",
    )
    database_url: str = knob(
        "DATABASE_URL",
        "",
        "Database; empty means an SQLite file in the data folder.",
        secret=True,
    )
    secret_key: str = knob(
        "SECRET_KEY",
        "",
        "Key that signs cookies and forms; 32 characters or more.",
        secret=True,
    )
    old_secret_keys: tuple[str, ...] = knob(
        "OLD_SECRET_KEYS",
        (),
        "Keys before it that still verify what they signed, with commas or "
        "lines between.",
        kind="keys",
        secret=True,
    )
    development: bool = knob(
        "DEVELOPMENT",
        False,
        "Development mode: local mail page, nothing asked before start.",
    )
    trusted_proxies: Networks = knob(
        "TRUSTED_PROXIES",
        (),
        "Networks whose X-Forwarded-For and X-Forwarded-Proto are believed, "
        "with commas between.",
        kind="networks",
    )
    hsts: str = knob(
        "HSTS",
        "host",
        "Who is to be reached by https alone, once a browser has been here "
        "by https: the host of the site, or all subdomains below it, too.",
        choices=("host", "subdomains"),
    )
    loopback_only: bool = knob(
        "LOOPBACK_ONLY",
        False,
        "Refuse every request that does not come from this machine.",
    )


@dataclass(frozen=True)
class BrandSettings:
    """How the site shows itself, and where it can be reached."""

    language: str = knob(
        "LANGUAGE",
        "en",
        "Language for whoever has chosen none and whose browser asks for "
        "none.",
        choices=LANGUAGES,
    )
    folder: str = knob(
        "BRAND",
        "",
        "Folder with your brand.css and logo.svg; empty means our look.",
    )
    support: str = knob(
        "SUPPORT",
        "",
        "Where people get help, on pages and in mails.",
        kind="contact",
    )
    security_contact: str = knob(
        "SECURITY_CONTACT",
        "",
        "Where to report a vulnerability, as security.txt tells.",
        kind="contact",
    )


@dataclass(frozen=True)
class PageSettings:
    """How pages answer, where sites differ."""

    logout_on_get: bool = knob(
        "LOGOUT_ON_GET", False, "GET /logout signs out without a question."
    )
    after_login: str = knob(
        "AFTER_LOGIN",
        "",
        "Path to go to after signing in; empty means the profile.",
    )
    anonymous_status: int = knob(
        "ANONYMOUS_STATUS",
        302,
        "Answer to a signed-out GET of a private page: 302 sends to the "
        "sign-in page, 401 shows a page that says so.",
        choices=(302, 401),
    )
    not_allowed_status: int = knob(
        "NOT_ALLOWED_STATUS",
        403,
        "Answer to somebody signed in who may not see a page.",
        choices=(403, 401),
    )
    name_fields: bool = knob(
        "NAME_FIELDS", False, "Ask for first and last name at sign-up."
    )
