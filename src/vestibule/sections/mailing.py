"""What addresses must prove, and the server that takes the mails."""

from dataclasses import dataclass

from vestibule.ground.knobs import knob

HOUR, DAY = 3600, 86400


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
