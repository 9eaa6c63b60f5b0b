"""Alembic's entry: run the steps on the connection that was handed in."""

from alembic import context

from vestibule.migrations import VERSION_TABLE

connection = context.config.attributes["connection"]
context.configure(connection=connection, version_table=VERSION_TABLE)
with context.begin_transaction():
    context.run_migrations()
