"""Checks of the database, whichever of the two it is."""

from collections.abc import Iterator

from sqlalchemy import inspect

from vestibule.doctor.checks import When, check
from vestibule.doctor.finding import ERROR, NOTICE, WARNING, Skip, Trouble
from vestibule.doctor.installation import Installation
from vestibule.doctor.reader import Silent, said
from vestibule.migrations import HEAD
from vestibule.records import Record


@check(
    "database.reach",
    ERROR,
    NOTICE,
    fine="The database answers.",
    why="Without it nobody can sign in, and every page says that the "
    "service is unavailable.",
    fix="vestibule config show",
    when=When.START,
)
def is_reached(installation: Installation) -> Iterator[Trouble]:
    """Connect, and ask for the smallest answer."""
    kind = installation.database.kind
    smallest = "SELECT count(*) FROM sqlite_master"
    try:
        installation.database.value(
            "SELECT 1" if kind != "sqlite" else smallest
        )
    except Silent as silent:
        if silent.__cause__ is None:
            told = f"{str(silent)[0].upper()}{str(silent)[1:]}."
            yield Trouble(NOTICE, told, "vestibule db upgrade")
            return
        why = said(silent.__cause__)
        shown = installation.settings.database_shown
        yield Trouble(
            ERROR, f"{shown} does not answer: {why}", _first_aid(why)
        )


def _first_aid(told: str) -> str:
    """Say what to do about the driver's words."""
    words = told.casefold()
    for sign, fix in (
        ("password", "VESTIBULE_DATABASE_URL=postgresql://NAME:PASSWORD@…"),
        ("does not exist", "createdb -O vestibule vestibule"),
        ("pg_hba", "add a line for this host to pg_hba.conf"),
        ("too many", "ALTER SYSTEM SET max_connections = 200  -- in psql"),
        ("resolve", "VESTIBULE_DATABASE_URL=postgresql://…@RIGHT-HOST/…"),
        ("not a database", "restore the newest backup"),
        ("unable to open", "ls -l vestibule-data"),
        ("locked", "end the program that holds the file: fuser FILE"),
    ):
        if sign in words:
            return fix
    return "systemctl status postgresql"


@check(
    "database.schema",
    ERROR,
    WARNING,
    fine="The tables are those that this version knows.",
    why="A newer schema has been changed in ways that this version would "
    "damage; an older one lacks what it writes to.",
    fix="vestibule db upgrade",
    when=When.START,
)
def schema_is_current(installation: Installation) -> Iterator[Trouble]:
    """Compare the revision of the schema with ours."""
    found = installation.database.revision()
    if found is None:
        yield Trouble(WARNING, "There are no tables yet.")
    elif found > HEAD:
        yield Trouble(
            ERROR,
            f"The database is at revision {found}, and this version knows "
            f"only up to {HEAD}.",
            "pip install -r requirements.txt && pip install --no-deps .",
        )
    elif found < HEAD:
        yield Trouble(
            WARNING,
            f"The database is at revision {found}, and {HEAD} is needed.",
        )
    elif lost := _missing(installation):
        yield Trouble(
            ERROR,
            f"No such table: {', '.join(lost)}.",
            "restore the newest backup, as docs/operators/running.md says",
        )


def _missing(installation: Installation) -> list[str]:
    """List the tables of this version that are not there."""
    # It lists all capabilities, and so all their tables.
    import vestibule.auth  # noqa: F401

    with installation.database.connected() as connection:
        there = inspect(connection)
        return sorted(
            name
            for name in Record.metadata.tables
            if not there.has_table(name)
        )


@check(
    "database.workers",
    WARNING,
    fine="The database suits the number of processes.",
    why="SQLite lets one process write at a time; with many of them, people "
    "wait for each other.",
    fix="VESTIBULE_DATABASE_URL=postgresql://NAME:PASSWORD@HOST/DATABASE",
    when=When.DEPLOY,
)
def suits_workers(installation: Installation) -> Iterator[Trouble]:
    """Look for many processes over one SQLite file."""
    workers = installation.settings.site.workers
    if installation.database.kind != "sqlite":
        raise Skip("the database is PostgreSQL")
    if workers > 4:
        yield Trouble(WARNING, f"{workers} processes share one SQLite file.")


@check(
    "database.space",
    WARNING,
    fine="The write-ahead log is small.",
    why="It only grows while some program keeps a transaction open; reading "
    "gets slower, and the disk fills.",
    fix="end the program that keeps the database open: fuser "
    "vestibule-data/vestibule.db",
)
def log_is_small(installation: Installation) -> Iterator[Trouble]:
    """Look at the size of SQLite's write-ahead log."""
    file = installation.database.file
    log = file.with_name(f"{file.name}-wal")
    size = log.stat().st_size if log.exists() else 0
    if size > 256 * 2**20:
        yield Trouble(WARNING, f"{log} has {size // 2**20} MiB.")
