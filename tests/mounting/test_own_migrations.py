"""A host's own Alembic leaves our tables alone, in the same database."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, create_engine, inspect

from processes import PATIENCE, environment
from vestibule import include_object, testing
from vestibule.migrations import HEAD

SHOP = """
import os

from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from vestibule import User, Vestibule, include_object


class Base(DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Base)


class Order(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id), index=True)


def create_app():
    app = Flask(__name__)
    url = os.environ["VESTIBULE_DATABASE_URL"]
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    db.init_app(app)
    Vestibule(app)
    Migrate(app, db, include_object=include_object)
    return app
"""

Flask = Callable[..., str]


@pytest.fixture
def flask(tmp_path: Path, database_url: str) -> Flask:
    """Run the commands of a host with Flask-Migrate, in its folder."""
    (tmp_path / "shop.py").write_text(SHOP)

    def run(*arguments: str) -> str:
        """Run one command to its end, and read what it says."""
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "shop", *arguments],
            cwd=tmp_path,
            env=environment(
                tmp_path,
                VESTIBULE_DATABASE_URL=database_url,
            ),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    return run


def tables(url: str) -> set[str]:
    """List the tables of a database."""
    engine = create_engine(url)
    found = {*inspect(engine).get_table_names()}
    engine.dispose()
    return found


def test_flask_migrate_makes_the_host_s_tables_alone(
    flask: Flask, database_url: str, tmp_path: Path
) -> None:
    before = tables(database_url)
    flask("db", "init")
    assert "Detected added table 'order'" in flask("db", "migrate")
    flask("db", "upgrade")
    (step,) = (tmp_path / "migrations/versions").glob("*.py")

    assert tables(database_url) == before | {"order", "alembic_version"}
    assert "drop" not in step.read_text().partition("def downgrade")[0]
    assert "['vestibule_users.id']" in step.read_text()
    assert "No changes in schema detected" in flask("db", "migrate")
    assert f"Up to date, revision {HEAD}" in flask("vestibule", "db", "status")


@pytest.mark.parametrize("protected", [True, False])
def test_the_filter_is_what_keeps_our_tables(protected: bool) -> None:
    settings = testing.settings()
    engine = create_engine(settings.database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"include_object": include_object if protected else None},
        )
        changes = compare_metadata(context, MetaData())
    engine.dispose()

    assert bool(changes) is not protected
