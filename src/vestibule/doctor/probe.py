"""A probe at the public address, which sees what arrives behind it.

The question is signed with the site's own key, and so is the answer: it
comes from this installation or from nobody. Neither changes anything.
"""

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from vestibule.doctor.finding import Skip
from vestibule.doctor.patience import Patience
from vestibule.ground.clock import Clock
from vestibule.ground.randomness import Randomness
from vestibule.ground.signing import Seal
from vestibule.settings import Settings

Dial = Callable[..., socket.socket]
# An address for documentation (RFC 5737), which no visitor can have.
FORGED = "192.0.2.77"
HEADER = "X-Vestibule-Doctor"
PATH = "/check"
PURPOSE = "doctor"


@dataclass(frozen=True)
class Visit:
    """What came of asking the public address.

    ``seen`` is what the installation itself saw of the question, if the
    answer was its own; ``trouble`` is why there was no answer at all.
    """

    trouble: str = ""
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    seen: dict[str, Any] | None = None

    @property
    def moment(self) -> int | None:
        """When the answer was given, by the clock of whoever gave it."""
        for name, value in self.headers:
            if name.lower() == "date":
                try:
                    return int(parsedate_to_datetime(value).timestamp())
                except ValueError:
                    return None
        return None

    def own(self) -> dict[str, Any]:
        """What the installation saw.

        Raises:
            Skip: it did not answer.
        """
        if self.seen is None:
            raise Skip("the public address does not answer as this site")
        return self.seen


def visited(
    settings: Settings,
    clock: Clock,
    dial: Dial,
    authority: Path | None,
    patience: Patience,
) -> Visit:
    """Ask the public address who answers there, and what arrives.

    Args:
        settings: with the address, and the key to sign with.
        clock: of this machine.
        dial: opens a connection to a host and port.
        authority: certificates to trust, in place of the system's.
        patience: how long it may take.
    """
    nonce = Randomness().token()
    seal = Seal(settings.keys, PURPOSE, clock)
    headers = {
        HEADER: seal.close(["question", nonce]),
        "X-Forwarded-For": FORGED,
        "X-Forwarded-Proto": "gopher",
        "Accept": "application/json",
    }
    url = settings.site_root + PATH
    try:
        status, given, body = fetched(url, headers, dial, authority, patience)
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        return Visit(trouble=f"{type(error).__name__}: {error}"[:200])
    return Visit("", status, tuple(given), _opened(seal, body, nonce))


def fetched(
    url: str,
    headers: dict[str, str],
    dial: Dial,
    authority: Path | None = None,
    patience: Patience = Patience(),  # noqa: B008 - it is frozen
) -> tuple[int, list[tuple[str, str]], bytes]:
    """Fetch one address, without following where it leads."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context(cafile=authority)
        connection = http.client.HTTPSConnection(
            host, parts.port, timeout=patience.step, context=context
        )
    else:
        connection = http.client.HTTPConnection(
            host, parts.port, timeout=patience.step
        )
    with _for_a_while(dial, patience.visit) as dialled:
        # The standard library has no other way to say where a host is.
        connection._create_connection = dialled  # type: ignore[attr-defined]
        try:
            connection.request("GET", parts.path or "/", headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read(65_536)
        finally:
            connection.close()


@contextmanager
def _for_a_while(dial: Dial, seconds: float) -> Iterator[Dial]:
    """Give what opens connections that are cut in the end.

    Attack: an answer of which a byte comes every few seconds, for ever.
    """
    opened: list[socket.socket] = []

    def dialled(*place: Any) -> socket.socket:
        """Connect, and keep a second handle, which no TLS takes away."""
        made = dial(*place)
        opened.append(made.dup())
        return made

    def cut() -> None:
        """End whatever is still read."""
        for one in opened:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield dialled
    finally:
        timer.cancel()
        timer.join()
        for one in opened:
            one.close()


def _opened(seal: Seal, body: bytes, nonce: str) -> dict[str, Any] | None:
    """Read an answer, if it is this installation's to this question."""
    try:
        text = json.loads(body)["seal"]
    except (ValueError, TypeError, KeyError):
        return None
    told = seal.open(text, 60) if isinstance(text, str) else None
    match told:
        case ["answer", str(named), dict(seen)] if named == nonce:
            return seen
    return None


def answered(
    seal: Seal, question: str, seen: Iterable[tuple[str, object]]
) -> bytes | None:
    """Write the answer of an installation; None if nobody of ours asks."""
    match seal.open(question, 60):
        case ["question", str(nonce)]:
            told = seal.close(["answer", nonce, dict(seen)])
            return json.dumps({"seal": told}).encode()
    return None
