"""Checks of Valkey, where one is set."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from vestibule.doctor.checks import check
from vestibule.doctor.finding import NOTICE, WARNING, Skip, Trouble
from vestibule.doctor.installation import Installation, is_loopback


def _url(installation: Installation) -> str:
    """Say where Valkey is.

    Raises:
        Skip: there is none.
    """
    url = installation.settings.throttle.valkey_url
    if not url:
        raise Skip("no Valkey is set")
    return url


def _asked(installation: Installation) -> dict[str, Any]:
    """Ask Valkey how it is; what it cannot do without is a connection."""
    from valkey import Valkey
    from valkey.backoff import NoBackoff
    from valkey.retry import Retry

    client: Any = Valkey.from_url(
        _url(installation),
        socket_timeout=installation.patience.valkey,
        socket_connect_timeout=installation.patience.valkey,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )
    try:
        client.ping()
        found: dict[str, Any] = client.info("replication")
        return found
    finally:
        client.close()


@check(
    "valkey.reach",
    WARNING,
    fine="Valkey answers, and takes changes.",
    why="Attempts are counted by the database alone then, which is correct "
    "and slower in a flood. That Valkey forgets things when it is full is "
    "harmless: it only repeats what the database has said.",
    fix="systemctl status valkey",
)
def is_reached(installation: Installation) -> Iterator[Trouble]:
    """Connect to Valkey as Vestibule does."""
    _url(installation)
    try:
        found = _asked(installation)
    except ImportError:
        yield Trouble(
            WARNING,
            "The package valkey is missing.",
            "pip install '.[valkey]'",
        )
    except Exception as error:  # noqa: BLE001 - any failure is an outage
        kind = type(error).__name__
        yield Trouble(
            WARNING, f"Valkey does not answer: {kind}: {error}"[:300]
        )
    else:
        if found.get("role") == "slave":
            yield Trouble(
                WARNING,
                "This Valkey is a mere copy of another.",
                "VESTIBULE_VALKEY_URL=valkeys://…@PRIMARY:6379/0",
            )


@check(
    "valkey.protected",
    WARNING,
    NOTICE,
    fine="Valkey is on this machine, or asks for a password over TLS.",
    why="What lies there tells nothing and is signed, but whoever can write "
    "to it can empty it, and so take the relief away.",
    fix="VESTIBULE_VALKEY_URL=valkeys://:PASSWORD@HOST:6379/0",
)
def is_protected(installation: Installation) -> Iterator[Trouble]:
    """Look at the address: its scheme, its host and its password."""
    url = urlsplit(_url(installation))
    if url.scheme == "unix" or is_loopback(url.hostname or ""):
        return
    if url.scheme in ("valkey", "redis"):
        yield Trouble(
            WARNING, f"To {url.hostname} everything goes in clear text."
        )
    if not url.password:
        yield Trouble(NOTICE, f"{url.hostname} is asked without a password.")
