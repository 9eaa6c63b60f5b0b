"""Passwords, sessions, and how often one may guess."""

from dataclasses import dataclass

from vestibule.ground.knobs import knob

HOUR, DAY = 3600, 86400
_LABEL = "(?!-)[a-z0-9-]{1,63}(?<!-)"


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
        "Name of the session's cookie; under https __Host- is put before, "
        "or __Secure- if it is shared.",
        pattern=r"(?!__)[A-Za-z0-9_-]{1,64}",
        example="shop_session",
    )
    domain: str = knob(
        "SESSION_DOMAIN",
        "",
        "Domain whose subdomains all share the sessions; empty means that "
        "the site keeps them to itself.",
        # Host names in small letters (RFC 1123, 2.1); others as xn--.
        pattern=rf"({_LABEL}(\.{_LABEL})*)?",
        example="example.com",
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
class LoginSettings:
    """How people sign in, and what they have to show."""

    second_factor: str = knob(
        "SECOND_FACTOR",
        "optional",
        "Who must have a second factor: nobody, or administrators, who act "
        "as such only with one.",
        choices=("optional", "admins"),
    )
    mailed_sign_in: bool = knob(
        "MAILED_SIGN_IN",
        False,
        "Lets people sign in by a code or link from a letter, without their "
        "password.",
    )
    passkey_origins: tuple[str, ...] = knob(
        "PASSKEY_ORIGINS",
        (),
        "Other sites of yours where the same passkeys sign people in, with "
        "commas between.",
        kind="origins",
        example="https://shop.example.org",
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
    proof_of_work: int = knob(
        "PROOF_OF_WORK",
        4000,
        "Rounds of PBKDF2 that a browser computes, on average, for one more "
        "attempt after the budget is spent; 0 offers none.",
        least=0,
        most=1_000_000,
        unit="thousand rounds",
    )
    valkey_url: str = knob(
        "VALKEY_URL",
        "",
        "Valkey server that keeps floods of attempts off the database; empty "
        "means none.",
        kind="valkey",
        secret=True,
    )
