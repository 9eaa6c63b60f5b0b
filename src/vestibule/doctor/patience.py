"""How long the doctor waits for others; whoever tests waits less."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Patience:
    """The seconds after which each of the others is given up."""

    # Each answer of Valkey, of the mail server, and one of name servers.
    valkey: float = 1.0
    mail: float = 3.0
    names: float = 2.0
    # The public address: each step, and all of them.
    step: float = 4.0
    visit: float = 6.0
    # Nothing slow is begun any more after this, by all checks together.
    all: float = 14.0
