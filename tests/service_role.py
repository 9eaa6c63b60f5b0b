"""The role that docs/operators/history.md makes for the service."""

import os
import re
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, make_url, text

from conftest import TurnableClock, run_sql
from processes import ROOT
from vestibule.auth import Auth
from vestibule.db import DB
from vestibule.settings import Settings

PAGE = ROOT / "docs/operators/history.md"


def statements(role: str) -> list[str]:
    """Read how the page makes the role, under a name of the test's own."""
    block = re.search(r"```sql\n(CREATE ROLE .*?)```", PAGE.read_text(), re.S)
    assert block
    made = block[1].replace("vestibule_service", role)
    return [one for one in made.split(";") if one.strip()]


@pytest.fixture
def service(
    auth: Auth, settings: Settings, clock: TurnableClock
) -> Iterator[Auth]:
    """Open the database of the test as the role of the page."""
    if auth.db.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no roles")
    role = f"service_{os.getpid()}_{os.urandom(3).hex()}"
    engine = create_engine(auth.db.engine.url)
    with engine.begin() as connection:
        for statement in statements(role):
            connection.execute(text(statement))
    url = make_url(settings.database_url).set(username=role)
    opened = Auth(
        DB(
            settings.having(
                "test",
                DATABASE_URL=url.render_as_string(hide_password=False),
            ),
            clock,
        )
    )
    yield opened
    opened.db.close()
    with engine.begin() as connection:
        connection.execute(text(f"DROP OWNED BY {role}"))
    engine.dispose()
    run_sql(settings.database_url, f"DROP ROLE {role}")
