"""Letters: what a mail is, and the ways it leaves the house."""

import smtplib
import ssl
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from typing import Protocol

from vestibule.ground import names

SECONDS_TO_WAIT = 10


@dataclass(frozen=True)
class Letter:
    """One mail to one address.

    ``moment`` and ``key`` make its headers; after ``good_for`` seconds it
    is not worth sending any more.
    """

    to: str
    subject: str
    text: str
    html: str = ""
    key: str = ""
    moment: int = 0
    good_for: int = 86400


class Undelivered(Exception):
    """A letter that did not leave; ``for_good`` when trying is pointless."""

    def __init__(self, reason: str, *, for_good: bool = False) -> None:
        super().__init__(reason)
        self.for_good = for_good


class Post(Protocol):
    """A way to send a letter."""

    def send(self, letter: Letter) -> None:
        """Deliver one letter or raise Undelivered."""


def sealed_envelope(
    letter: Letter, sender: str, reply_to: str = ""
) -> EmailMessage:
    """Build the message that goes over the wire.

    The policy refuses line breaks in every header (attack: mail header
    injection by a name or subject).

    Args:
        letter: what is sent.
        sender: what stands in From.
        reply_to: the address that answers go to, if not the sender's.

    Raises:
        ValueError: a header would not be one, or an address none.

    Source: RFC 5322; RFC 2046 5.1.4 for the two forms, the better one
    last; RFC 3834 for Auto-Submitted.
    """
    # Seven bits, which every server on the way can carry.
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    message["Date"] = datetime.fromtimestamp(letter.moment, UTC)
    message["From"] = sender
    message["To"] = Address(addr_spec=_wire_address(letter.to))
    if reply_to:
        message["Reply-To"] = Address(addr_spec=_wire_address(reply_to))
    # Attack: an encoded word (RFC 2047), which would be decoded here and
    # stand for whatever characters it likes.
    message["Subject"] = letter.subject.replace("=?", "= ?")
    message["Auto-Submitted"] = "auto-generated"
    if letter.key:
        domain = sender.rpartition("@")[2].strip("> ") or "localhost"
        message["Message-ID"] = f"<{letter.key}@{domain}>"
    message.set_content(letter.text)
    if letter.html:
        message.add_alternative(letter.html, subtype="html")
    return message


def _wire_address(address: str) -> str:
    """Write the domain of an address in ASCII, as SMTP needs it.

    It is read as at sign-up (attack: straße.de and strasse.de are two
    domains, but one to those who read by the older IDNA 2003).
    """
    domain = names.email_address(address).canonical.rpartition("@")[2]
    return f"{address.rpartition('@')[0]}@{domain}"


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
    reply_to: str = ""

    def send(self, letter: Letter) -> None:
        """Deliver one letter to the configured server.

        Raises:
            Undelivered: for good on a 5xx answer about this letter, and
                when it can be no mail; else to be tried again.

        Source: RFC 5321, RFC 3207 (STARTTLS), RFC 8314.
        """
        try:
            message = sealed_envelope(letter, self.sender, self.reply_to)
        except ValueError as error:
            raise Undelivered(
                f"cannot be a mail: {error}"[:200], for_good=True
            ) from error
        try:
            self._hand_over(message, letter)
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
        except (OSError, UnicodeError, smtplib.SMTPException) as refusal:
            raise Undelivered(
                f"{type(refusal).__name__}: {refusal}"[:200]
            ) from refusal

    def greet(self, patience: float) -> None:
        """Connect as for a letter, sign in, and leave again.

        Args:
            patience: seconds to wait for each answer.

        Raises:
            OSError, SMTPException: what a letter would meet as well.
        """
        smtp = self._connection(patience)
        try:
            smtp.noop()
            with suppress(OSError, smtplib.SMTPException):
                smtp.quit()
        finally:
            smtp.close()

    def _hand_over(self, message: EmailMessage, letter: Letter) -> None:
        """Give the message to the server, and leave.

        Its bytes go as they are: send_message would write ``>From`` where
        a line begins with ``From``.
        """
        sender = parseaddr(self.sender)[1]
        smtp = self._connection()
        try:
            smtp.sendmail(
                sender, [_wire_address(letter.to)], message.as_bytes()
            )
            # It is delivered now; a server that is rude at the farewell
            # must not get it a second time.
            with suppress(OSError, smtplib.SMTPException):
                smtp.quit()
        finally:
            smtp.close()

    def _connection(self, patience: float = SECONDS_TO_WAIT) -> smtplib.SMTP:
        """Open a connection; a missing or bad TLS is an error, not a hint."""
        context = ssl.create_default_context(cafile=self.ca_file or None)
        smtp: smtplib.SMTP
        if self.use_ssl:
            smtp = smtplib.SMTP_SSL(
                self.server,
                self.port,
                timeout=patience,
                context=context,
            )
        else:
            smtp = smtplib.SMTP(self.server, self.port, timeout=patience)
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
