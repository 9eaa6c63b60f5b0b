"""Checks of a PostgreSQL: what a commit is worth, and who we are there."""

from collections.abc import Iterator

from vestibule.doctor.checks import When, check
from vestibule.doctor.finding import ERROR, NOTICE, WARNING, Trouble
from vestibule.doctor.installation import Installation, is_loopback

OLDEST = 14
EACH_PROCESS = 40
VERIFIED = ("verify-full", "verify-ca")
# What each server-wide switch is for; the first is also a connection's own.
LASTING = {
    "synchronous_commit": "a commit is acknowledged before it is on the disk",
    "fsync": "nothing is ever forced to the disk",
    "full_page_writes": "a power cut may leave half-written pages",
}


def _ask(installation: Installation, name: str) -> str:
    """Read one setting of the server, as our connections have it."""
    _ = installation.database.host
    return str(installation.database.value(f"SHOW {name}"))


@check(
    "database.durability",
    ERROR,
    fine="A commit in PostgreSQL waits until it is on the disk.",
    why="Otherwise a crash takes back what people were told is done: a new "
    "password, a revoked session. Without fsync it may ruin the database.",
    fix="ALTER SYSTEM SET synchronous_commit = on; SELECT pg_reload_conf();"
    "  -- in psql",
)
def commits_last(installation: Installation) -> Iterator[Trouble]:
    """Look at the three settings that durability hangs on."""
    for name, cost in LASTING.items():
        if _ask(installation, name) == "off":
            fix = (
                f"ALTER SYSTEM SET {name} = on; SELECT pg_reload_conf();"
                "  -- in psql"
            )
            if name == "synchronous_commit":
                fix += _of_us_alone(installation, name)
            yield Trouble(ERROR, f"{name} is off: {cost}.", fix)


def _of_us_alone(installation: Installation, name: str) -> str:
    """Say how to undo what is set for a database or a role, before all."""
    database, role = (
        installation.database.value(f"SELECT quote_ident({who}::text)")
        for who in ("current_database()", "current_user")
    )
    return (
        f"\nALTER DATABASE {database} RESET {name};"
        f"\nALTER ROLE {role} RESET {name};"
    )


@check(
    "database.writable",
    ERROR,
    fine="PostgreSQL takes changes.",
    why="A standby, or a server that is read-only, lets nobody sign in.",
    fix="VESTIBULE_DATABASE_URL=postgresql://…@PRIMARY/…",
)
def takes_changes(installation: Installation) -> Iterator[Trouble]:
    """Look for a standby and for read-only transactions."""
    if _ask(installation, "transaction_read_only") == "on":
        yield Trouble(ERROR, "Every transaction there is read-only.")


@check(
    "database.isolation",
    WARNING,
    fine="Transactions in PostgreSQL are isolated as Vestibule expects.",
    why="It is written and tested for read committed. Stricter levels refuse "
    "transactions that meet, and people see an error.",
    fix="ALTER ROLE vestibule SET default_transaction_isolation = "
    "'read committed'  -- in psql",
)
def is_isolated(installation: Installation) -> Iterator[Trouble]:
    """Look at the level that transactions begin with."""
    found = _ask(installation, "default_transaction_isolation")
    if found != "read committed":
        yield Trouble(WARNING, f"Transactions are {found!r} by default.")


@check(
    "database.version",
    WARNING,
    fine=f"PostgreSQL is version {OLDEST} or newer.",
    why="Older versions get no more repairs of security holes.",
    fix="pg_upgradecluster VERSION main",
)
def is_maintained(installation: Installation) -> Iterator[Trouble]:
    """Look at the version of the server."""
    found = int(_ask(installation, "server_version_num")) // 10_000
    if found < OLDEST:
        yield Trouble(WARNING, f"PostgreSQL is version {found}.")


@check(
    "database.connections",
    WARNING,
    fine="PostgreSQL has room for the connections of all processes.",
    why="When there is none left, people wait and then see an error, just "
    "when many come at once.",
    fix="ALTER SYSTEM SET max_connections = 200;  -- in psql, then restart",
)
def has_room(installation: Installation) -> Iterator[Trouble]:
    """Compare the limit of the server with what we may open."""
    room = int(_ask(installation, "max_connections"))
    workers = installation.settings.site.workers
    most = EACH_PROCESS * workers
    if room < most:
        yield Trouble(
            WARNING,
            f"max_connections is {room}, and {workers} processes may open "
            f"{most}.",
            f"ALTER SYSTEM SET max_connections = {most + 20};"
            "  -- in psql, then restart",
        )


@check(
    "database.superuser",
    WARNING,
    fine="The role in PostgreSQL is no superuser.",
    why="Whoever finds a way into the site would have the whole server, and "
    "the files of its machine.",
    fix="ALTER ROLE vestibule NOSUPERUSER  -- in psql",
)
def is_no_superuser(installation: Installation) -> Iterator[Trouble]:
    """Look at what the role may do besides."""
    if _ask(installation, "is_superuser") == "on":
        role = installation.database.value("SELECT current_user")
        yield Trouble(
            WARNING,
            f"The role {role} is a superuser.",
            f'ALTER ROLE "{role}" NOSUPERUSER  -- in psql',
        )


@check(
    "database.least_privilege",
    NOTICE,
    fine="The role that serves people cannot change the tables themselves.",
    why="A role that only reads and writes rows cannot drop a table or a "
    "constraint, whatever goes wrong. `vestibule db upgrade` then needs "
    "another role, the owner of the tables. Source: ASVS 5.0 13.2.2.",
    fix="ALTER TABLE … OWNER TO vestibule_owner  -- see "
    "docs/operators/database-role.md",
    when=When.DEPLOY,
)
def owns_nothing(installation: Installation) -> Iterator[Trouble]:
    """Look whether the role owns the tables, or may make new ones."""
    _ = installation.database.host
    owned = installation.database.value(
        "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'vestibule%'"
        " AND pg_has_role(current_user, tableowner, 'USAGE')"
    )
    if owned:
        role = installation.database.value("SELECT current_user")
        yield Trouble(
            NOTICE,
            f"The role {role} may change and drop all {owned} tables.",
        )


@check(
    "database.encrypted",
    ERROR,
    WARNING,
    fine="The connection to PostgreSQL stays on this machine or is encrypted.",
    why="The password and every row travel there; whoever sits in between "
    "reads them, or answers in place of the database.",
    fix="VESTIBULE_DATABASE_URL=postgresql://…?sslmode=verify-full"
    "&sslrootcert=system",
)
def is_encrypted(installation: Installation) -> Iterator[Trouble]:
    """Look how the address asks for TLS; libpq alone would only prefer it."""
    host = installation.database.host
    if not host or host.startswith(("/", "@")) or is_loopback(host):
        return
    mode = str(installation.database.address.query.get("sslmode", "prefer"))
    if mode in ("disable", "allow"):
        yield Trouble(ERROR, f"To {host} everything goes in clear text.")
    elif mode == "prefer":
        yield Trouble(
            WARNING,
            f"To {host} TLS is used only if the server offers it, and whoever "
            "is in between decides that.",
        )
    elif mode not in VERIFIED:
        yield Trouble(
            WARNING,
            f"To {host} TLS is used, and its certificate is not checked.",
        )


@check(
    "database.time_out",
    NOTICE,
    fine="Statements in PostgreSQL end after a while.",
    why="A statement without a limit holds a connection for ever, until "
    "there is none for anybody.",
    fix="leave out options=… in VESTIBULE_DATABASE_URL",
)
def statements_end(installation: Installation) -> Iterator[Trouble]:
    """Look whether the address has undone our time-out."""
    if _ask(installation, "statement_timeout") in ("0", "0s", "0ms"):
        yield Trouble(NOTICE, "statement_timeout is off.")
