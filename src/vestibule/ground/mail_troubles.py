"""What goes wrong with a mail server, and what to look at."""

import smtplib
import socket
import ssl

# What went wrong, the most special first, and what to look at.
TROUBLES: tuple[tuple[type[BaseException], str], ...] = (
    (
        smtplib.SMTPAuthenticationError,
        "The server refused the name or the password. Check "
        "VESTIBULE_MAIL_USERNAME and VESTIBULE_MAIL_PASSWORD.",
    ),
    (
        smtplib.SMTPNotSupportedError,
        "The server does not offer what the settings ask for: STARTTLS "
        "(VESTIBULE_MAIL_USE_TLS), or signing in with a name.",
    ),
    (
        smtplib.SMTPSenderRefused,
        "The server refused the sender. Check VESTIBULE_MAIL_SENDER.",
    ),
    (
        smtplib.SMTPRecipientsRefused,
        "The server refused the recipient. Check the address; some servers "
        "take mail for others only from whoever signs in.",
    ),
    (
        smtplib.SMTPDataError,
        "The server refused the message itself, perhaps as spam.",
    ),
    (
        ssl.SSLCertVerificationError,
        "The certificate of the server does not fit its name, or nobody "
        "known has signed it. Check VESTIBULE_MAIL_SERVER and "
        "VESTIBULE_MAIL_CA_FILE.",
    ),
    (
        ssl.SSLError,
        "There is no encrypted connection. Port 465 needs "
        "VESTIBULE_MAIL_USE_SSL=true, port 587 needs it to be false.",
    ),
    (
        socket.gaierror,
        "Nobody knows the name of the server. Check VESTIBULE_MAIL_SERVER.",
    ),
    (
        TimeoutError,
        "The server does not answer. A firewall may be in between; check "
        "VESTIBULE_MAIL_SERVER and VESTIBULE_MAIL_PORT.",
    ),
    (
        ConnectionRefusedError,
        "Nothing listens there. Check VESTIBULE_MAIL_SERVER and "
        "VESTIBULE_MAIL_PORT.",
    ),
    (
        smtplib.SMTPServerDisconnected,
        "The server hung up. Port 465 needs VESTIBULE_MAIL_USE_SSL=true.",
    ),
    (
        FileNotFoundError,
        "There is no such file of certificates. Check VESTIBULE_MAIL_CA_FILE.",
    ),
    (OSError, "The server cannot be reached."),
)


def advice_on(trouble: BaseException | None) -> str:
    """Say in words what to look at when a mail server has failed us."""
    return next(
        (text for kind, text in TROUBLES if isinstance(trouble, kind)),
        "The server and Vestibule did not understand each other.",
    )
