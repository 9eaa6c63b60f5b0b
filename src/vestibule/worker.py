"""The worker: sends letters, seals the history, clears away what is over."""

import logging
import threading
from urllib.parse import urlsplit

from vestibule.auth import Auth
from vestibule.capability import Capability
from vestibule.errors import Unavailable
from vestibule.ground import names
from vestibule.ground.letters import ConsolePost, Post, SmtpPost
from vestibule.mailed_tokens import MailedTokens
from vestibule.outbox import Outbox
from vestibule.settings import Settings
from vestibule.throttle import Throttle

LOOK_EVERY = 2.0
SWEEP_EVERY = 600
# A part that has cleared away so many rows may have more of them; but it
# does not keep letters waiting for long.
MANY_ROWS = 200
SWEEPS_AT_ONCE = 100

log = logging.getLogger("vestibule.worker")


def post_for(settings: Settings, *, shown: bool = False) -> Post | None:
    """Choose the way letters leave; without one they wait.

    Args:
        settings: which name the mail server.
        shown: print them on the console, as in development.
    """
    post = smtp_for(settings)
    if shown or settings.site.development:
        return ConsolePost(post)
    return post


def smtp_for(settings: Settings) -> SmtpPost | None:
    """Give the way to the mail server, if one is set."""
    mail = settings.mail
    if not mail.server:
        return None
    return SmtpPost(
        server=mail.server,
        port=mail.port,
        sender=sender_for(settings),
        use_tls=mail.use_tls and not mail.use_ssl,
        use_ssl=mail.use_ssl,
        username=mail.username,
        password=mail.password,
        ca_file=mail.ca_file,
        reply_to=reply_to_for(settings),
    )


def sender_for(settings: Settings) -> str:
    """Choose what stands in From: what is set, or what comes near."""
    mail = settings.mail
    host = urlsplit(settings.base_url).hostname or "localhost"
    # At some services the name to sign in with is no address.
    own = mail.username if "@" in mail.username else ""
    return mail.sender or own or f"noreply@{host}"


def reply_to_for(settings: Settings) -> str:
    """Choose who gets the answers: support, where that is an address."""
    try:
        return names.email_address(settings.brand.support).shown
    except names.BadName:
        return ""


def sweep(auth: Auth) -> int:
    """Clear away what is over everywhere; say how many rows.

    What one part cannot do keeps no other from its work.
    """
    now = auth.clock.now()
    parts: list[Capability | Throttle | MailedTokens | Outbox] = [
        *auth.capabilities,
        auth.throttle,
        auth.mailed_tokens,
        auth.outbox,
    ]
    return sum(_swept(part, now) for part in parts)


def _swept(
    part: Capability | Throttle | MailedTokens | Outbox, now: int
) -> int:
    """Clear away what is over in one part; trouble is noted.

    Attack: rows made faster than they go, until the disk is full.
    """
    gone = 0
    try:
        for _ in range(SWEEPS_AT_ONCE):
            swept = part.sweep(now)
            gone += swept
            if swept < MANY_ROWS:
                break
    except Unavailable as silent:
        log.warning("a sweep came to nothing: %s", _wrong(silent))
    except Exception:
        log.exception("a sweep stumbled")
    return gone


def _wrong(silent: Unavailable) -> str:
    """Say what keeps us from work: a silent database, or a broken one."""
    if silent.lacks:
        return f"the schema is broken, see vestibule doctor: {silent.lacks}"
    return "the database does not answer"


class Worker:
    """Works beside the requests, in a thread or as a process of its own."""

    def __init__(self, auth: Auth, post: Post | None = None) -> None:
        self.auth = auth
        self.post = post_for(auth.settings) if post is None else post
        self.stopping = threading.Event()
        self._swept_at = 0

    def start(self) -> threading.Thread:
        """Work in a thread that ends with the process."""
        thread = threading.Thread(
            target=self.run, name="vestibule-worker", daemon=True
        )
        thread.start()
        return thread

    def stop(self) -> None:
        """Ask the worker to end after what it is doing."""
        self.stopping.set()
        self.auth.outbox.stirred.set()

    def run(self) -> None:
        """Work until stopped; trouble is noted and never ends the work."""
        while not self.stopping.is_set():
            self.auth.outbox.stirred.clear()
            try:
                self.round()
            except Unavailable as silent:
                log.warning("%s; trying again", _wrong(silent))
            except Exception:
                log.exception("the worker stumbled")
            self.auth.outbox.stirred.wait(LOOK_EVERY)

    def round(self) -> int:
        """Do once what is due; say how many letters left."""
        with self.auth.at_work:
            sent = self.auth.outbox.deliver(self.post) if self.post else 0
            now = self.auth.clock.now()
            if now - self._swept_at >= SWEEP_EVERY:
                self._swept_at = now
                sweep(self.auth)
            if self.auth.audit.seal():
                # The rest of a long history goes on at once.
                self.auth.outbox.stirred.set()
        return sent
