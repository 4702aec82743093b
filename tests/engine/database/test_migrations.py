"""Empty → head gives exactly the tables that the code declares."""

from __future__ import annotations

import importlib
from pathlib import Path
from threading import Thread

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from engine.database.metadata import metadata
from engine.database.migrations import current_heads, migrate, newest_heads, upgrade
from engine.database.session import Database

ROOT = Path(__file__).parents[3]


def all_tables_of_the_engine() -> None:
    for file in sorted((ROOT / "engine").glob("*/tables.py")):
        importlib.import_module(f"engine.{file.parent.name}.tables")


def test_head_equals_metadata(database: Database) -> None:
    all_tables_of_the_engine()
    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_schemas": True,
                "include_name": lambda name, kind, parents: name == "engine" if kind == "schema" else True,
                # tables that only SQL text speaks to have no Table object to compare
                "include_object": lambda thing, name, kind, reflected, compared: (
                    not (kind == "table" and reflected and compared is None)
                ),
                "compare_type": True,
                "compare_server_default": False,
            },
        )
        assert compare_metadata(context, metadata) == []


def test_database_is_at_the_newest_revision_of_both_branches(database: Database) -> None:
    with database.engine.connect() as connection:
        assert current_heads(connection) == newest_heads()


def test_migrating_again_changes_nothing(database: Database, database_url: str) -> None:
    migrate(database_url)
    with database.engine.connect() as connection:
        assert current_heads(connection) == newest_heads()


def test_a_new_database_has_no_revision(database: Database) -> None:
    with database.engine.connect() as connection, connection.begin() as transaction:
        connection.execute(text("DROP TABLE engine.alembic_version"))
        assert current_heads(connection) == frozenset()
        transaction.rollback()


def test_a_package_without_migrations_is_skipped(database: Database) -> None:
    assert newest_heads(("engine.database", "nowhere_at_all")) == newest_heads(("engine.database",))


def test_two_starts_at_once_migrate_once(database: Database) -> None:
    """The advisory lock: the second waits, then finds nothing to do."""
    with database.transaction() as session:
        for schema in ("engine", "business", "jobs"):
            session.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    failures: list[BaseException] = []

    def run() -> None:
        try:
            migrate(database.url)
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            failures.append(error)

    threads = [Thread(target=run) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failures == []


@pytest.mark.parametrize("schema", ["engine", "business", "jobs"])
def test_schemas_exist(database: Database, schema: str) -> None:
    with database.reading() as session:
        found = session.execute(text("SELECT 1 FROM pg_namespace WHERE nspname = :name"), {"name": schema}).scalar()
    assert found == 1


def test_upgrade_on_an_open_transaction_rolls_back_with_it(database: Database) -> None:
    with database.engine.connect() as connection:
        for schema in ("engine", "business", "jobs"):
            connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
        upgrade(connection)
        connection.rollback()
        assert current_heads(connection) == newest_heads()
