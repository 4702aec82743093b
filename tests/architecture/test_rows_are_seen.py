"""Nobody in ``handlers`` changes rows past the watch that tells the history what became of them (``engine.instances.row_changes``)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.architecture.sources import Source, sources

_CHANGES = re.compile(
    r"(?i)\b(insert\s+into|update\s+\S+\s+set|delete\s+from|merge\s+into|truncate|alter|create|drop)\b"
)
_PAST_IT = frozenset(
    {
        *("connection", "get_bind", "bulk_save_objects", "bulk_insert_mappings", "bulk_update_mappings"),
        *("exec_driver_sql", "driver_connection", "expire_on_commit", "query"),
    }
)
"""What leads past the watch: the connection under a session, and SQLAlchemy's ways of writing that tell nobody."""

NO_STEP = {
    "handlers/demonstration/": "fills an empty company before there is any case",
    "handlers/migrations/": "changes tables while nobody works",
}
"""Where no handler runs, each with its reason."""


def of_handlers() -> Iterator[Source]:
    yield from (each for each in sources() if each.is_in("handlers/") and not each.is_in(*NO_STEP))


def past(source: Source) -> list[str]:
    """Where the source changes rows so that nobody sees it."""
    found = []
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        is_text = name in {"text", "TextClause", "literal_column"} and any(
            isinstance(part, ast.Constant) and isinstance(part.value, str) and _CHANGES.search(part.value)
            for argument in node.args
            for part in ast.walk(argument)
        )
        if is_text or (name in _PAST_IT and isinstance(node.func, ast.Attribute)):
            found.append(f"{source.path}:{node.lineno} {name}")
    return found


def test_handlers_change_rows_only_where_they_are_seen() -> None:
    wrong = [each for source in of_handlers() for each in past(source)]
    assert not wrong, (
        "write rows as objects of the session, or by insert(), update(), delete() of SQLAlchemy run through it: "
        "the history of the case then tells what became of them"
    )


@pytest.mark.parametrize(
    "line",
    [
        'session.execute(text("UPDATE business.stock SET on_hand = 0"))',
        'session.execute(text(f"DELETE FROM {name}"))',
        "session.connection().execute(insert(Stock))",
        "session.bulk_save_objects(rows)",
        'session.connection().exec_driver_sql("TRUNCATE business.stock")',
    ],
)
def test_what_goes_past_it_is_found(line: str) -> None:
    assert past(Source(path="handlers/stock/x.py", tree=ast.parse(line)))


@pytest.mark.parametrize(
    "line",
    [
        "session.execute(insert(Stock).values(rows))",
        "session.add(row)",
        'session.execute(text("SELECT pg_advisory_xact_lock(:key)"))',
    ],
)
def test_what_is_seen_is_let_be(line: str) -> None:
    assert not past(Source(path="handlers/stock/x.py", tree=ast.parse(line)))
