"""Run by Alembic: hands it the open connection of ``engine.database.migrations.upgrade``. There is no offline mode."""

from __future__ import annotations

from alembic import context

from engine.database.metadata import SCHEMA
from engine.database.migrations import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"], version_table=VERSION_TABLE, version_table_schema=SCHEMA
)
with context.begin_transaction():
    context.run_migrations()
