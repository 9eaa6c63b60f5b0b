"""Every setting by its section: name, unit, default and meaning."""

from dataclasses import dataclass

from vestibule.ground.knobs import Knob, Networks, knob, knobs_of

HOUR, DAY = 3600, 86400


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
    development: bool = knob(
        "DEVELOPMENT",
        False,
        "Development mode: local mail page, nothing asked before start.",
    )
    trusted_proxies: Networks = knob(
        "TRUSTED_PROXIES",
        (),
        "Networks whose X-Forwarded-For is believed, with commas between.",
        kind="networks",
    )
    loopback_only: bool = knob(
        "LOOPBACK_ONLY",
        False,
        "Refuse every request that does not come from this machine.",
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


@dataclass(frozen=True)
class PasswordSettings:
    """What a password must be, and how it is hashed."""

    minimum_length: int = knob(
        "PASSWORD_MIN_LENGTH",
        8,
        "Shortest password.",
        least=1,
        most=64,
        unit="code points",
    )
    blocklist: bool = knob(
        "PASSWORD_BLOCKLIST",
        True,
        "Refuse common passwords and those made of the account's names.",
    )
    hash_memory: int = knob(
        "HASH_MEMORY",
        19_456,
        "Memory of one argon2id hash.",
        least=8,
        most=4_194_304,
        unit="KiB",
    )
    hash_passes: int = knob(
        "HASH_PASSES", 2, "Passes of one argon2id hash.", least=1, most=100
    )


@dataclass(frozen=True)
class SessionSettings:
    """How long somebody stays signed in, and what the browser keeps."""

    cookie: str = knob(
        "SESSION_COOKIE",
        "session_id",
        "Name of the session's cookie; under https __Host- is put before.",
        pattern=r"(?!__)[A-Za-z0-9_-]{1,64}",
        example="shop_session",
    )
    idle: int = knob(
        "SESSION_IDLE",
        12 * HOUR,
        "Ends a session nobody uses.",
        kind="duration",
        least=60,
        unit="seconds",
    )
    absolute: int = knob(
        "SESSION_ABSOLUTE",
        7 * DAY,
        "Ends every session.",
        kind="duration",
        least=60,
        unit="seconds",
    )
    proof: int = knob(
        "SESSION_PROOF",
        300,
        "How long signing in or confirming the password is a fresh proof.",
        kind="duration",
        least=30,
        most=HOUR,
        unit="seconds",
    )
    remember: int = knob(
        "SESSION_REMEMBER",
        30 * DAY,
        "Life of a session with “Remember me”.",
        kind="duration",
        least=60,
        unit="seconds",
    )


@dataclass(frozen=True)
class EmailSettings:
    """What addresses must prove, and what the reset tells."""

    verified_required: bool = knob(
        "VERIFIED_EMAIL_REQUIRED",
        False,
        "Sign-in only after the address is confirmed; sign-up then answers "
        "the same for a taken address.",
    )
    change_immediate: bool = knob(
        "EMAIL_CHANGE_IMMEDIATE",
        False,
        "Change an address without a confirmation mail.",
    )
    reveal_accounts: bool = knob(
        "REVEAL_ACCOUNTS",
        False,
        "Tell at the reset that an address has no account.",
    )
    reset_token_in_answer: bool = knob(
        "RESET_TOKEN_IN_ANSWER",
        False,
        "Hand the reset token to whoever asks by JSON: for lessons only.",
    )
    link_life: int = knob(
        "LINK_LIFE",
        HOUR,
        "Life of a mailed link.",
        kind="duration",
        least=60,
        most=DAY,
        unit="seconds",
    )


@dataclass(frozen=True)
class ThrottleSettings:
    """How many attempts there are before the wait begins."""

    per_account: int = knob(
        "ATTEMPTS_PER_ACCOUNT",
        10,
        "Attempts at one account in a window.",
        least=1,
        most=1_000_000,
    )
    per_address: int = knob(
        "ATTEMPTS_PER_ADDRESS",
        30,
        "Failed attempts from one network address in a window.",
        least=1,
        most=1_000_000,
    )
    window: int = knob(
        "ATTEMPTS_WINDOW",
        900,
        "Quiet time that clears a count.",
        kind="duration",
        least=1,
        unit="seconds",
    )


@dataclass(frozen=True)
class MailSettings:
    """The server that takes the mails."""

    server: str = knob("MAIL_SERVER", "", "SMTP server; empty sends none.")
    port: int = knob(
        "MAIL_PORT", 587, "Port of the SMTP server.", least=1, most=65535
    )
    use_tls: bool = knob(
        "MAIL_USE_TLS", True, "Encrypt by STARTTLS; never sent without."
    )
    use_ssl: bool = knob(
        "MAIL_USE_SSL", False, "Encrypt from the first byte (port 465)."
    )
    username: str = knob(
        "MAIL_USERNAME",
        "",
        "Name at the SMTP server.",
        aliases=("USER_EMAIL_ADDRESS",),
    )
    password: str = knob(
        "MAIL_PASSWORD",
        "",
        "Password at the SMTP server.",
        secret=True,
        aliases=("USER_EMAIL_PASSWORD",),
    )
    sender: str = knob("MAIL_SENDER", "", "Address in From.")
    ca_file: str = knob(
        "MAIL_CA_FILE",
        "",
        "Certificates to trust, in place of the system's.",
    )


SECTIONS: dict[str, type] = {
    "site": SiteSettings,
    "pages": PageSettings,
    "passwords": PasswordSettings,
    "sessions": SessionSettings,
    "email": EmailSettings,
    "throttle": ThrottleSettings,
    "mail": MailSettings,
}


def all_knobs() -> dict[str, Knob]:
    """List every knob by its key."""
    return {
        what.key: what
        for section in SECTIONS.values()
        for what in knobs_of(section).values()
    }
