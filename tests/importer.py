"""Files as other systems export them, and the command that reads them."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from vestibule.doors.cli import main

Run = Callable[..., Result]


def importing_into(
    database_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Give a way to run the import in an empty folder, on a given text."""
    folder.mkdir()
    monkeypatch.chdir(folder)

    def run_import(
        text: str | bytes, *options: str, name: str = "users.csv"
    ) -> Result:
        """Write the file and run the command to its end."""
        given = text.encode() if isinstance(text, str) else text
        Path(name).write_bytes(given)
        env = {
            "VESTIBULE_DATABASE_URL": database_url,
            "VESTIBULE_SECRET_KEY": "9e2f61c07ab84d35f1d6083b7ca49e52",
            "VESTIBULE_HASH_MEMORY": "8",
            "VESTIBULE_HASH_PASSES": "1",
        }
        return CliRunner(catch_exceptions=False).invoke(
            main,
            ["user", "import", name, *options],
            env=env,
            prog_name="vestibule",
        )

    return run_import


def as_csv(*rows: Sequence[str]) -> str:
    """Write rows, the first of which is the header, as programs do."""
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue()


def as_jsonl(*rows: dict[str, Any]) -> str:
    """Write one JSON object a line."""
    return "".join(json.dumps(row) + "\n" for row in rows)
