"""Marks: which counts are closed, noted in Valkey while a flood lasts.

The rows in the database count and decide; a mark only repeats what a row
has said, for a minute at most, so that refusing costs no query. Whatever
goes wrong with Valkey, the database is asked as if there were none.
Source: ASVS 5.0 6.3.1; docs/decisions/0018.
"""

import hashlib
import hmac
import logging
import threading
from collections.abc import Callable, Iterable
from time import monotonic
from typing import TYPE_CHECKING, Any

from vestibule.ground.clock import Clock
from vestibule.ground.forks import in_each_child
from vestibule.ground.knobs import SettingsError
from vestibule.settings import Settings

if TYPE_CHECKING:
    from valkey import ConnectionPool

# Seconds after which Valkey is taken for lost: it answers in under one
# thousandth, and somebody waits.
PATIENCE = 0.05
# Seconds in which one that was lost is not asked.
REST = 5.0
# Seconds that a mark lives at most, should nobody be able to remove it.
LONGEST = 60
# Seconds in which a count that was opened gets no mark from whoever still
# saw it closed.
OPENED = 5
# What one that was lost has to do before it counts as found: one that is
# full, or a mere copy of another, would only answer.
PROBE = ("SET", "vestibule:probe", "1", "EX", 5)

log = logging.getLogger("vestibule")


class NoMarks:
    """What is asked where there is no Valkey: nothing is known."""

    def waits(self, keys: Iterable[str]) -> dict[str, int]:
        """Say which counts are known to be closed, for how many seconds."""
        del keys
        return {}

    def mark(self, key: str, wait: int) -> None:
        """Note that a count is closed for so many seconds."""

    def clear(self, *keys: str) -> None:
        """Forget that counts are closed, as they are open now."""


class Marks:
    """Marks in Valkey, by names that tell nothing to whoever reads them."""

    def __init__(self, url: str, secret_key: str, clock: Clock) -> None:
        self.clock = clock
        # Attack: trying all addresses until the hash of one fits.
        self._key = hashlib.sha256(f"marks:{secret_key}".encode()).digest()
        self._pool = _pool(url)
        self.begin_anew()
        in_each_child(self, Marks.begin_anew)

    def begin_anew(self) -> None:
        """Know nothing of an outage, as another process would not.

        The connections know by themselves that they are the parent's.
        """
        self._alone = threading.Lock()
        self.is_lost = False
        self._rests_until = 0.0

    def waits(self, keys: Iterable[str]) -> dict[str, int]:
        """Say which counts are known to be closed, for how many seconds."""
        listed = list(keys)
        names = [self._name(key) for key in listed]
        [found] = self._ask(("MGET", *names)) or [[]]
        now = self.clock.now()
        waits = {
            key: self._until(name, text) - now
            for key, name, text in zip(listed, names, found, strict=False)
        }
        return {key: wait for key, wait in waits.items() if wait > 0}

    def mark(self, key: str, wait: int) -> None:
        """Note that a count is closed for so many seconds.

        Not over what is there: who opened the count knows better.
        """
        name = self._name(key)
        now = self.clock.now()
        said = f"{now + wait} {now}"
        text = f"{said} {self._seal(name, said)}"
        life = max(1, min(wait, LONGEST))
        self._ask(("SET", name, text, "EX", life, "NX"))

    def clear(self, *keys: str) -> None:
        """Forget that counts are closed, as they are open now."""
        names = [self._name(key) for key in keys]
        self._ask(*(("SET", name, "open", "EX", OPENED) for name in names))

    def _name(self, key: str) -> str:
        """Name the mark of a count; only this site can make such a name."""
        digest = hmac.new(self._key, key.encode(), hashlib.sha256)
        return f"vestibule:closed:{digest.hexdigest()[:40]}"

    def _seal(self, name: str, said: str) -> str:
        """Sign what a mark says, for this mark alone.

        Attack: another user of the same Valkey who writes into it that
        somebody's count is closed for years.
        """
        text = f"{name} {said}".encode()
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()[:32]

    def _until(self, name: str, text: object) -> int:
        """Read when a count opens, from its own mark, written lately."""
        said, _, seal = str(text).rpartition(" ")
        own = self._seal(name, said)
        if not hmac.compare_digest(seal.encode(), own.encode()):
            return 0
        until, written = map(int, said.split(" "))
        is_fresh = abs(self.clock.now() - written) <= LONGEST
        return until if is_fresh else 0

    def _ask(self, *commands: tuple[Any, ...]) -> list[Any]:
        """Send commands and read the answers; none if Valkey is lost."""
        if not commands or not self._may_ask():
            return []
        probes = [PROBE] if self.is_lost else []
        first = len(probes)
        try:
            answers = self._answers([*probes, *commands])
        except Exception as error:  # noqa: BLE001 - any failure is an outage
            self._lose(error)
            return []
        if probes:
            self._find()
        return answers[first:]

    def _answers(self, commands: Iterable[tuple[Any, ...]]) -> list[Any]:
        """Send commands over one connection, and read all the answers."""
        connection: Any = self._pool.get_connection("")
        try:
            packed = connection.pack_commands(commands)
            connection.send_packed_command(packed)
            return [connection.read_response() for _ in commands]
        except BaseException:
            # CVE-2023-28858: an answer that nobody read here would be the
            # next caller's.
            connection.disconnect()
            raise
        finally:
            self._pool.release(connection)

    def _may_ask(self) -> bool:
        """Tell whether to ask; one that was lost is tried by one caller."""
        if not self.is_lost:
            return True
        with self._alone:
            now = monotonic()
            if now < self._rests_until:
                return False
            self._rests_until = now + REST
            return True

    def _lose(self, error: Exception) -> None:
        """Ask no more for a while, and say so once."""
        with self._alone:
            was_lost, self.is_lost = self.is_lost, True
            self._rests_until = monotonic() + REST
        if not was_lost:
            kind = type(error).__name__
            text = "Valkey is lost (%s: %s); attempts are counted without it"
            log.warning(text, kind, error)

    def _find(self) -> None:
        """Go on asking, and say so once."""
        with self._alone:
            was_lost, self.is_lost = self.is_lost, False
        if was_lost:
            log.warning("Valkey answers again")


def _pool(url: str) -> "ConnectionPool":
    """Make the connections to Valkey, none of which is opened yet.

    Raises:
        SettingsError: the package is missing.
    """
    try:
        from valkey import ConnectionPool
        from valkey.backoff import NoBackoff
        from valkey.retry import Retry
    except ImportError as error:
        raise SettingsError(
            "VESTIBULE_VALKEY_URL is set, but the package valkey is missing. "
            "Install it with: pip install 'vestibule[valkey]'"
        ) from error
    make: Callable[..., ConnectionPool] = ConnectionPool.from_url
    return make(
        url,
        socket_timeout=PATIENCE,
        socket_connect_timeout=PATIENCE,
        # Its own would try for seconds, while somebody waits.
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
        protocol=2,
        lib_name=None,
        lib_version=None,
    )


def marks_for(settings: Settings, clock: Clock) -> Marks | NoMarks:
    """Make the marks in the configured Valkey, or what does without."""
    url = settings.throttle.valkey_url
    if not url:
        return NoMarks()
    return Marks(url, settings.keys.current, clock)
