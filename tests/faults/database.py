"""Faults of the database, of either kind, and of Valkey beside it."""

import sqlite3
from contextlib import closing
from typing import Any

from sqlalchemy import create_engine, event, text

from clinic import Clinic
from faults.matrix import fault
from mailroom import free_port
from vestibule import engine
from vestibule.doctor import sqlite_file
from vestibule.doctor.finding import ERROR, NOTICE, WARNING


@fault("database.reach", ERROR)
def nobody_listens(clinic: Clinic) -> None:
    """Nothing listens where PostgreSQL should be."""
    port = free_port()
    clinic.having(database_url=f"postgresql://v:canary@127.0.0.1:{port}/v")


@fault("database.reach", ERROR, on="postgres")
def unknown_database(clinic: Clinic) -> None:
    """There is no database of this name."""
    url = clinic.options["database_url"]
    head, _, query = url.partition("?")
    clinic.having(database_url=f"{head}_lost?{query}")


@fault("database.reach", ERROR)
def no_database_at_all(clinic: Clinic) -> None:
    """The file is no database."""
    clinic.installation().database.file.write_bytes(b"not a database " * 100)


@fault("database.reach", NOTICE)
def no_file_yet(clinic: Clinic) -> None:
    """There is no database file yet."""
    clinic.having(database_url=f"sqlite:///{clinic.folder}/none.db")


def in_sqlite(clinic: Clinic, statement: str) -> None:
    """Change an SQLite file."""
    with closing(
        sqlite3.connect(clinic.installation().database.file)
    ) as opened:
        opened.execute(statement)
        opened.commit()


@fault("database.schema", ERROR)
def schema_of_tomorrow(clinic: Clinic) -> None:
    """A newer version has changed the tables."""
    in_sqlite(clinic, "UPDATE vestibule_version SET version_num = '9999'")


@fault("database.schema", WARNING)
def schema_of_yesterday(clinic: Clinic) -> None:
    """The last steps are missing."""
    in_sqlite(clinic, "UPDATE vestibule_version SET version_num = '0003'")


@fault("database.schema", WARNING)
def no_tables(clinic: Clinic) -> None:
    """The file is empty."""
    path = clinic.folder / "empty.db"
    path.touch(0o600)
    clinic.having(database_url=f"sqlite:///{path}")


@fault("database.schema", ERROR)
def lost_table(clinic: Clinic) -> None:
    """Somebody has dropped the table of the seals."""
    in_sqlite(clinic, "DROP TABLE vestibule_seals")


@fault("database.workers", WARNING)
def a_crowd_over_a_file(clinic: Clinic) -> None:
    """Eight processes share one SQLite file."""
    clinic.having(workers=8)


@fault("database.space", WARNING)
def log_that_grew(clinic: Clinic) -> None:
    """The write-ahead log has 300 MiB."""
    file = clinic.installation().database.file
    with file.with_name(f"{file.name}-wal").open("wb") as log:
        log.truncate(300 * 2**20)


@fault("database.journal", WARNING)
def journal_undone(clinic: Clinic) -> None:
    """Another program has put the file into another journal mode."""
    in_sqlite(clinic, "PRAGMA journal_mode=DELETE")


@fault("database.synchronous", ERROR)
def careless_connections(clinic: Clinic) -> None:
    """Our own connections do not wait for the disk."""
    before = engine.open_engine

    def careless(settings: Any) -> Any:
        """Open the database, and trust the operating system."""
        opened = before(settings)
        event.listen(
            opened,
            "connect",
            lambda made, _: made.execute("PRAGMA synchronous=NORMAL").close(),
        )
        return opened

    clinic.stack.callback(setattr, sqlite_file, "open_engine", before)
    sqlite_file.open_engine = careless  # type: ignore[attr-defined]


@fault("database.file_system", ERROR)
def far_away(clinic: Clinic) -> None:
    """The SQLite file lies on NFS."""
    clinic.mounted("nfs4")


@fault("database.file_system", WARNING)
def in_memory(clinic: Clinic) -> None:
    """The SQLite file lies in memory."""
    clinic.mounted("tmpfs")


@fault("database.file_system", NOTICE)
def in_memory_here(clinic: Clinic) -> None:
    """The SQLite file lies in memory, to try things out."""
    clinic.mounted("tmpfs")
    clinic.deploy = False


@fault("database.whole", ERROR)
def damaged(clinic: Clinic) -> None:
    """Some pages of the file are overwritten."""
    file = clinic.installation().database.file
    content = bytearray(file.read_bytes())
    for start in range(8192, len(content), 8192):
        content[start : start + 64] = b"\xde\xad" * 32
    file.write_bytes(content)


def in_postgres(clinic: Clinic, statement: str) -> None:
    """Do something as the owner of everything."""
    opened = create_engine(
        clinic.world_of_postgres, isolation_level="AUTOCOMMIT"
    )
    with opened.connect() as connection:
        name = connection.execute(text("SELECT current_database()")).scalar()
        connection.execute(text(statement.format(name=name)))
    opened.dispose()


@fault("database.durability", ERROR, on="postgres")
def commits_do_not_wait(clinic: Clinic) -> None:
    """synchronous_commit is off for this database."""
    in_postgres(clinic, "ALTER DATABASE {name} SET synchronous_commit = off")


@fault("database.durability", ERROR, on="careless postgres")
def nothing_is_forced(clinic: Clinic) -> None:
    """Both fsync and full_page_writes are off for the whole server."""


@fault("database.writable", ERROR, on="postgres")
def read_only(clinic: Clinic) -> None:
    """Every transaction is read-only, as on a standby."""
    in_postgres(
        clinic, "ALTER DATABASE {name} SET default_transaction_read_only = on"
    )


@fault("database.isolation", WARNING, on="postgres")
def serializable(clinic: Clinic) -> None:
    """Transactions are serializable by default."""
    in_postgres(
        clinic,
        "ALTER DATABASE {name} SET default_transaction_isolation = "
        "'serializable'",
    )


@fault("database.version", WARNING, on="postgres")
def old_server(clinic: Clinic) -> None:
    """The server says that it is version 12."""
    clinic.answers["SHOW server_version_num"] = "120022"


@fault("database.connections", WARNING, on="postgres")
def too_many_processes(clinic: Clinic) -> None:
    """Twelve processes may open more connections than there are."""
    clinic.having(workers=12)


@fault("database.superuser", WARNING, on="careless postgres")
def superuser(clinic: Clinic) -> None:
    """The site connects as a superuser."""


@fault("database.least_privilege", NOTICE, on="careless postgres")
def owner(clinic: Clinic) -> None:
    """The site connects as the owner of the tables."""


@fault("database.encrypted", WARNING)
def tls_by_chance(clinic: Clinic) -> None:
    """The address of a PostgreSQL elsewhere says nothing of TLS."""
    clinic.having(database_url="postgresql://v@db.example.com/v")


@fault("database.encrypted", ERROR)
def clear_text(clinic: Clinic) -> None:
    """TLS to a PostgreSQL elsewhere is switched off."""
    url = "postgresql://v@db.example.com/v?sslmode=disable"
    clinic.having(database_url=url)


@fault("database.encrypted", WARNING)
def unchecked(clinic: Clinic) -> None:
    """The certificate of a PostgreSQL elsewhere is not checked."""
    url = "postgresql://v@db.example.com/v?sslmode=require"
    clinic.having(database_url=url)


@fault("database.time_out", NOTICE, on="postgres")
def endless(clinic: Clinic) -> None:
    """The address has options that undo the time-out of statements."""
    url = clinic.options["database_url"]
    clinic.having(database_url=f"{url}&options=-c%20geqo%3Don")


@fault("valkey.reach", WARNING)
def valkey_is_gone(clinic: Clinic) -> None:
    """Nothing listens where Valkey should be."""
    clinic.having(valkey_url=f"valkey://127.0.0.1:{free_port()}/0")


@fault("valkey.protected", WARNING)
def valkey_in_clear(clinic: Clinic) -> None:
    """Valkey is elsewhere, without TLS."""
    clinic.having(valkey_url="valkey://:secret-word@cache.example.com/0")


@fault("valkey.protected", NOTICE)
def valkey_for_all(clinic: Clinic) -> None:
    """Valkey is elsewhere, and asks for no password."""
    clinic.having(valkey_url="valkeys://cache.example.com/0")
