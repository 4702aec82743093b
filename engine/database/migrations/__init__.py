"""Alembic migrations without ``alembic.ini``: ``migrate`` brings a database to the newest schema.

Two branches, each beside its tables: ``engine`` (here) and ``handlers`` (``handlers/migrations/versions``, found by the name of the
package, so that the engine imports nothing above it). PostgreSQL schemas: ``engine``, ``business``, ``jobs``; the revisions reached stand
in ``engine.alembic_version``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import to_tuple
from sqlalchemy import Connection, text

from engine.database.metadata import SCHEMA
from engine.database.roles import give_rights
from engine.database.session import Database
from engine.errors import EngineError

PACKAGES = ("engine.database", "handlers")
VERSION_TABLE = "alembic_version"
_LOCK = 0x626F7264  # "bord": any number, the same in every release


class NotMigrated(EngineError):
    """The database has not the tables of this release."""

    default_code = "database_not_migrated"


def migrate(url: str, packages: Sequence[str] = PACKAGES) -> None:
    """Bring the database at ``url`` to the newest revision of both branches, in one transaction; concurrent calls wait for each other.

    The application's role gets its rights in what is there then. Raises Unavailable when it does not answer.
    """
    database = Database(url)
    try:
        with database.transaction() as session:
            session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            upgrade(session.connection(), packages)
            give_rights(session.connection())
    finally:
        database.dispose()


def require_newest(database: Database) -> None:
    """Raises NotMigrated unless the database has exactly the tables of this release; Unavailable when it does not answer."""
    with database.reading() as session:
        reached = current_heads(session.connection())
    if reached != newest_heads():
        raise NotMigrated(None, reached=", ".join(sorted(reached)) or None, wanted=", ".join(sorted(newest_heads())))


def upgrade(connection: Connection, packages: Sequence[str] = PACKAGES, revision: str = "heads") -> None:
    """The same on an open transaction, and to any revision."""
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
    config = _config(packages)
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def current_heads(connection: Connection) -> frozenset[str]:
    """The revisions that the database has reached; empty when it is new."""
    context = MigrationContext.configure(
        connection, opts={"version_table": VERSION_TABLE, "version_table_schema": SCHEMA}
    )
    return frozenset(context.get_current_heads())


def newest_heads(packages: Sequence[str] = PACKAGES) -> frozenset[str]:
    """The revisions that this release wants, as a database names them: without those that another one needs, and so implies."""
    scripts = ScriptDirectory.from_config(_config(packages))
    implied = {needed for each in scripts.walk_revisions() for needed in to_tuple(each.dependencies, default=())}
    return frozenset(scripts.get_heads()) - implied


def known_revisions(packages: Sequence[str] = PACKAGES) -> frozenset[str]:
    """All revisions that this release knows, old ones too."""
    return frozenset(each.revision for each in ScriptDirectory.from_config(_config(packages)).walk_revisions())


def _config(packages: Sequence[str]) -> Config:
    here = Path(__file__).parent
    folders = [folder for folder in map(_versions, packages) if folder is not None]
    config = Config()
    config.set_main_option("script_location", _verbatim(here))
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", os.pathsep.join(map(_verbatim, folders)))
    return config


def _versions(package: str) -> Path | None:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0]) / "migrations" / "versions"
    return folder if folder.is_dir() else None


def _verbatim(path: Path) -> str:
    return str(path).replace("%", "%%")  # Alembic interpolates its options
