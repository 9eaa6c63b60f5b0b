"""A process that seals: over and over, or once and dies in the middle.

Called with the address of the database, a secret key and what to do.
"""

import os
import signal
import sys
from typing import Any

from vestibule.auth import Auth
from vestibule.capabilities.audit.seals import OwnSeals
from vestibule.settings import Settings


def main() -> None:
    """Do what we are called for."""
    url, key, what, data = sys.argv[1:]
    auth = Auth.opened(
        Settings.load({}, database_url=url, secret_key=key, data=data)
    )
    print("ready", flush=True)
    sys.stdin.readline()
    if what == "die":
        make = OwnSeals.make

        def killed(self: OwnSeals, *given: Any) -> None:
            """Sign, and die before the transaction ends."""
            make(self, *given)
            os.kill(os.getpid(), signal.SIGKILL)

        OwnSeals.make = killed  # type: ignore[assignment,method-assign]
        auth.audit.seal()
    print("sealing", flush=True)
    while auth.audit.sealer.seal():
        pass
    auth.db.close()


main()
