"""Letters: what a mail is, and the ways it leaves the house."""

import smtplib
import ssl
import sys
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Protocol

SECONDS_TO_WAIT = 10


@dataclass(frozen=True)
class Letter:
    """One mail to one address; ``moment`` and ``key`` make its headers."""

    to: str
    subject: str
    text: str
    key: str = ""
    moment: str = ""


class Undelivered(Exception):
    """A letter that did not leave; ``for_good`` when trying is pointless."""

    def __init__(self, reason: str, *, for_good: bool = False) -> None:
        super().__init__(reason)
        self.for_good = for_good


class Post(Protocol):
    """A way to send a letter."""

    def send(self, letter: Letter) -> None:
        """Deliver one letter or raise Undelivered."""


def sealed_envelope(letter: Letter, sender: str) -> EmailMessage:
    """Build the message that goes over the wire.

    The policy refuses line breaks in every header (attack: mail header
    injection by a name or subject).

    Source: RFC 5322; RFC 3834 for Auto-Submitted.
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = Address(addr_spec=_wire_address(letter.to))
    message["Subject"] = letter.subject
    message["Auto-Submitted"] = "auto-generated"
    if letter.key:
        domain = sender.rpartition("@")[2].strip("> ") or "localhost"
        message["Message-ID"] = f"<{letter.key}@{domain}>"
    if letter.moment:
        message["Date"] = letter.moment
    message.set_content(letter.text)
    return message


def _wire_address(address: str) -> str:
    """Write the domain of an address in ASCII, as SMTP needs it."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.encode('idna').decode('ascii')}"


@dataclass(frozen=True)
class SmtpPost:
    """Sends by SMTP, encrypted when told so and never less than told."""

    server: str
    port: int
    sender: str
    use_tls: bool = False
    use_ssl: bool = False
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""

    def send(self, letter: Letter) -> None:
        """Deliver one letter to the configured server.

        Raises:
            Undelivered: for good on a 5xx answer about this letter, else
                to be tried again.

        Source: RFC 5321, RFC 3207 (STARTTLS), RFC 8314.
        """
        message = sealed_envelope(letter, self.sender)
        try:
            with self._connection() as smtp:
                smtp.send_message(message)
        except smtplib.SMTPRecipientsRefused as refusal:
            codes = [code for code, _ in refusal.recipients.values()]
            raise Undelivered(
                f"recipient refused: {codes}",
                for_good=all(code >= 500 for code in codes),
            ) from refusal
        except smtplib.SMTPDataError as refusal:
            raise Undelivered(
                f"message refused: {refusal.smtp_code}",
                for_good=refusal.smtp_code >= 500,
            ) from refusal
        except (OSError, smtplib.SMTPException) as refusal:
            raise Undelivered(
                f"{type(refusal).__name__}: {refusal}"[:200]
            ) from refusal

    def _connection(self) -> smtplib.SMTP:
        """Open a connection; a missing or bad TLS is an error, not a hint."""
        context = ssl.create_default_context(cafile=self.ca_file or None)
        smtp: smtplib.SMTP
        if self.use_ssl:
            smtp = smtplib.SMTP_SSL(
                self.server,
                self.port,
                timeout=SECONDS_TO_WAIT,
                context=context,
            )
        else:
            smtp = smtplib.SMTP(
                self.server, self.port, timeout=SECONDS_TO_WAIT
            )
        try:
            if self.use_tls:
                smtp.starttls(context=context)
            if self.username:
                smtp.login(self.username, self.password)
        except BaseException:
            smtp.close()
            raise
        return smtp


@dataclass(frozen=True)
class ConsolePost:
    """Prints every letter, and passes it on where a server is set."""

    onward: Post | None = None

    def send(self, letter: Letter) -> None:
        """Show one letter on the console of the developer."""
        rule = "─" * 72
        print(
            f"\n{rule}\nTo: {letter.to}\nSubject: {letter.subject}\n\n"
            f"{letter.text.rstrip()}\n{rule}",
            file=sys.stderr,
            flush=True,
        )
        if self.onward is not None:
            self.onward.send(letter)
