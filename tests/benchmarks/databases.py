"""A database of its own for a benchmark, gone with it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import event

from engine.database.embedded import EmbeddedServer
from engine.database.migrations import migrate
from engine.database.session import Database


@contextmanager
def fresh() -> Iterator[tuple[Database, EmbeddedServer]]:
    """An empty database in its newest form, on a server that nobody else uses."""
    with tempfile.TemporaryDirectory(prefix="bordereau-bench-") as folder:
        Path(folder).chmod(0o711)  # the server's own user goes through it
        with EmbeddedServer(Path(folder) / "postgresql") as server:
            migrate(server.url())
            database = Database(server.url())
            try:
                yield database, server
            finally:
                database.dispose()


@contextmanager
def sent_to(database: Database) -> Iterator[list[str]]:
    """The statements that are sent meanwhile, without savepoints."""
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "SAVEPOINT" not in statement:
            found.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
