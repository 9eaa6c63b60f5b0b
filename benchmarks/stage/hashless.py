"""Vestibule with a hole: whoever has no account costs no hash, nor a pace.

Only benchmarks/timing.py starts this, to see itself find the hole. It is no
setting, and nothing of the package knows of it.
"""

import stage.paceless
from vestibule.capabilities.passwords.hasher import Hasher


def nothing(_hasher: Hasher, _password: str) -> None:
    """Hash nothing."""


# At every import, as a server may start its workers by importing this anew.
Hasher.verify_nobody = nothing  # type: ignore[method-assign]

if __name__ == "__main__":
    stage.paceless.main()
