"""What the migrations make is what the tables say."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import handlers.table  # noqa: F401 - brings in every table
from engine.database.session import Database
from handlers.base.tables import Table


def test_migrated_schema_equals_the_metadata(database: Database) -> None:
    options = {
        "include_schemas": True,
        "include_name": lambda name, kind, _parents: kind != "schema" or name == "business",
        "compare_server_default": True,
    }
    with database.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), Table.metadata)
    assert differences == []
