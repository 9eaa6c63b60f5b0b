"""The examination: makes all checks, and gives a finding for each."""

import traceback
from collections.abc import Callable, Iterable, Iterator

from vestibule.doctor import (
    administrators,
    backups,
    clocks,
    configuration,
    database,
    disk,
    files,
    history,
    mail,
    postgresql,
    public_address,
    secrets,
    sender_domain,
    site,
    software,
    sqlite_file,
    valkey,
    weakened,
)
from vestibule.doctor.checks import CHECKS, GROUPS, Check, When
from vestibule.doctor.finding import Finding, Skip, State, Trouble
from vestibule.doctor.installation import Installation
from vestibule.ground.redaction import without

# The register is complete once all these are imported.
MODULES = (
    administrators, backups, clocks, configuration, database, disk, files,
    history, mail, postgresql, public_address, secrets, sender_domain, site,
    software, sqlite_file, valkey, weakened,
)  # fmt: skip
# Groups of which a check may wait for somebody else.
SLOW = {"mail", "site", "clock", "valkey"}


def in_order() -> list[Check]:
    """List all checks by their groups."""
    order = list(GROUPS)
    return sorted(CHECKS.values(), key=lambda one: order.index(one.group))


def examine(
    installation: Installation,
    occasion: When = When.ASKED,
    begins: Callable[[Check], object] = lambda _: None,
) -> Iterator[Finding]:
    """Make all checks of an occasion; none can stop the others.

    Args:
        installation: the installation.
        occasion: at which it is looked at.
        begins: told of each check before it is made.
    """
    for one in in_order():
        if one.when <= occasion:
            begins(one)
            yield from findings(one, installation)


def findings(one: Check, installation: Installation) -> Iterator[Finding]:
    """Make one check."""
    secrets = installation.settings.secrets
    troubles: list[Trouble] = []
    try:
        if installation.is_late and one.group in SLOW:
            raise Skip("too much time is spent waiting already")
        troubles += one.look(installation)
    except Skip as skipped:
        if not troubles:
            yield Finding(one.id, State.SKIPPED, f"Not looked at: {skipped}.")
    except Exception as bug:  # noqa: BLE001 - it must not stop the others
        troubles.append(_crashed(bug))
    else:
        if not troubles:
            yield Finding(one.id, State.OK, one.fine, one.why)
    for trouble in troubles:
        what = scrubbed(trouble.what.replace("\n", " "), secrets)
        fix = scrubbed(trouble.fix, secrets) or one.fix
        yield Finding(one.id, trouble.state, what, one.why, fix)


def _crashed(bug: Exception) -> Trouble:
    """Say that a check itself has failed; what it says may hold a secret."""
    last = traceback.extract_tb(bug.__traceback__)[-1]
    where = f"{last.filename.rpartition('/')[2]}:{last.lineno}"
    return Trouble(
        State.WARNING,
        f"This check failed itself: {type(bug).__name__} at {where}.",
        "report it to the maintainers of Vestibule",
    )


def scrubbed(text: str, secrets: Iterable[str]) -> str:
    """Blacken every secret in a text that may come from elsewhere.

    Attack: a mail or name server whose answer moves the cursor of a
    terminal, and writes "0 errors" there.
    """
    return "".join(
        one if one.isprintable() or one == "\n" else _spelt(one)
        for one in without(secrets, text)
    )


def _spelt(character: str) -> str:
    """Write a character that a terminal would not show, or would obey."""
    return character.encode("unicode_escape").decode("ascii")
