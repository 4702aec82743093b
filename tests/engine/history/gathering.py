"""Golden records of what the kernel does not record: acts of people and operators, records, publications, refusals.

    pytest -p tests.engine.history.gathering --gather tests/golden/history/N tests/engine tests/handlers

writes ``records.jsonl``, a record of each kind that those tests made the engine write: real ones, out of their databases, before each
is dropped. Of a kind the one with the most to read is taken. Files are added, never edited (``golden``).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from engine.data import from_canonical
from engine.protocol.events import EVENTS

TABLES = ("event", "record_event", "definition_event", "refusal_event")
_found: dict[str, str] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--gather", type=Path, required=True, metavar="FOLDER", help="where records.jsonl is written")


def pytest_sessionstart() -> None:
    """Read every database before it is dropped; no other module has taken ``execute`` yet."""
    shared: Any = sys.modules["tests.conftest"]
    execute = shared.execute

    def reading(url: str, statement: str) -> None:
        if statement.startswith("DROP DATABASE"):
            _gather(url, statement.split('"')[1])
        execute(url, statement)

    shared.execute = reading


def _gather(url: str, database: str) -> None:
    address = make_url(url).set(drivername="postgresql", database=database)
    with psycopg.connect(address.render_as_string(hide_password=False)) as connection:
        for table in TABLES:
            if connection.execute("SELECT to_regclass(%s)", (f"engine.{table}",)).fetchone() == (None,):
                continue  # of a test that has its own migrations to make
            for (record,) in connection.execute(f"SELECT record FROM engine.{table}"):
                read: dict[str, Any] = from_canonical(record)
                kind = read["type"]
                if kind not in EVENTS and len(read) > len(from_canonical(_found.get(kind, "{}"))):
                    _found[kind] = record


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write what was found, by kind."""
    folder: Path = session.config.getoption("--gather")
    folder.mkdir(parents=True, exist_ok=True)
    content = "".join(f"{_found[kind]}\n" for kind in sorted(_found))
    (folder / "records.jsonl").write_text(content, encoding="utf-8")
