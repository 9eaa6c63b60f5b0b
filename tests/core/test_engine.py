"""The engine opens the database also while others open or close it."""

import sqlite3
import threading
from pathlib import Path

from vestibule.engine import open_engine, reading
from vestibule.settings import Settings


def test_a_new_file_that_somebody_is_writing_to_is_waited_for(
    tmp_path: Path,
) -> None:
    path = tmp_path / "vestibule.db"
    first = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False
    )
    # In the mode of a new file; SQLite then answers "locked" at once.
    first.execute("BEGIN IMMEDIATE")
    first.execute("CREATE TABLE here (id INTEGER)")
    release = threading.Timer(0.3, lambda: first.execute("COMMIT"))
    release.start()

    engine = open_engine(Settings.load({}, database_url=f"sqlite:///{path}"))
    with reading(engine).connect() as connection:
        mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
        found = connection.exec_driver_sql("SELECT * FROM here").all()

    assert (mode, found) == ("wal", [])
    release.join()
    engine.dispose()
    first.close()
