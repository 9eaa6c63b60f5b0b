"""The installation: one installation, and the ways to look at it.

Everything outside of this process is reached through a field or a method
here, so that whoever tests can put a fault in its place.
"""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from importlib import metadata
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import dns.resolver

import vestibule
from vestibule.custody import is_keyless
from vestibule.doctor.finding import Skip
from vestibule.doctor.patience import Patience
from vestibule.doctor.probe import Visit, visited
from vestibule.doctor.reader import Reader
from vestibule.ground.clock import Clock
from vestibule.ground.knobs import SettingsError
from vestibule.settings import Settings


@dataclass
class Installation:
    """An installation: its settings, and the world around it."""

    settings: Settings
    deploy: bool = False
    clock: Clock = field(default_factory=Clock)
    # Name servers to ask in place of the system's, as address and port.
    name_server: tuple[str, int] | None = None
    disk: Callable[[Path], os.statvfs_result] = os.statvfs
    addresses: Callable[..., Any] = socket.getaddrinfo
    dial: Callable[..., socket.socket] = socket.create_connection
    version: Callable[[str], str] = metadata.version
    mounts: Path = Path("/proc/mounts")
    package: Path = Path(vestibule.__file__).parent
    # Certificates that the site's own answer to, in place of the system's.
    authority: Path | None = None
    user: int = field(default_factory=os.geteuid)
    # In a host, which signs with the key that the data folder keeps.
    is_mounted: bool = False
    patience: Patience = Patience()
    began: float = field(default_factory=monotonic)

    @property
    def host(self) -> str:
        """The host name of the public address."""
        return urlsplit(self.settings.base_url).hostname or "localhost"

    @property
    def data_folder(self) -> Path:
        """The folder that the site writes to.

        Raises:
            Skip: there is none yet.
        """
        folder = self.settings.data_folder
        if not folder.exists():
            raise Skip(f"there is no {folder} yet")
        return folder

    @cached_property
    def database(self) -> Reader:
        """What reads the database, and never changes it.

        Raises:
            Skip: its address cannot be read.
        """
        try:
            return Reader(self.settings, self.clock)
        except SettingsError as error:
            raise Skip("the address of the database is none") from error

    @cached_property
    def resolver(self) -> dns.resolver.Resolver:
        """What asks name servers."""
        if self.name_server is None:
            made = dns.resolver.Resolver()
        else:
            made = dns.resolver.Resolver(configure=False)
            made.nameservers = [self.name_server[0]]
            made.port = self.name_server[1]
        made.lifetime = self.patience.names
        return made

    @cached_property
    def visit(self) -> Visit:
        """What a visitor at the public address gets to see.

        Raises:
            Skip: there is no public address.
        """
        if not self.settings.site.base_url:
            raise Skip("there is no public address")
        if is_keyless(self.settings):
            raise Skip("there is no secret key here")
        return visited(
            self.settings, self.clock, self.dial, self.authority, self.patience
        )

    @property
    def is_late(self) -> bool:
        """Whether so much time is spent that nothing slow may begin."""
        return monotonic() - self.began > self.patience.all

    def close(self) -> None:
        """Let go of what was opened."""
        found = self.__dict__.get("database")
        if found is not None:
            found.close()


def is_loopback(host: str) -> bool:
    """Tell whether a host's name or address is this machine's own."""
    return host in ("localhost", "::1") or host.startswith("127.")
