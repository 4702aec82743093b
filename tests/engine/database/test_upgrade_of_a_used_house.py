"""A database that an earlier release has filled is brought to this one's tables, and this release goes on with what stands in it.

``tests/golden/database/engine_0010.jsonl`` holds the rows of a house with the tables of ``engine_0010``: a table a line, by name. It has
one case that ended and one that waits for a person, with a timer beside. Files are added, never edited.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.database.migrations import current_heads, migrate, newest_heads, upgrade
from engine.database.session import Database
from engine.history import queries as history
from engine.history.verification import verify_all
from engine.inbox import lists
from engine.inbox.lists import Criteria
from engine.instances import queries
from engine.instances.runtime import Runtime
from engine.migration import fold_case
from tests.engine.inbox.cast import desk
from tests.engine.instances.posting import CLERK, HANDLERS, NOW, OWNER, Post

FILES = sorted((Path(__file__).parents[2] / "golden" / "database").glob("*.jsonl"))
_SEQUENCES = """
    SELECT format('SELECT setval(pg_get_serial_sequence(%L, %L), (SELECT coalesce(max(%I), 0) + 1 FROM %I.%I), false)',
                  table_schema || '.' || table_name, column_name, column_name, table_schema, table_name)
    FROM information_schema.columns WHERE table_schema IN ('engine', 'business') AND is_identity = 'YES'
"""


def fill(session: Session, file: Path) -> None:
    """Write the rows as they stood; references and triggers have seen them before."""
    session.execute(text("SET LOCAL session_replication_role = replica"))
    for line in file.read_text(encoding="utf-8").splitlines():
        found = json.loads(line)
        if (
            found["table"] == "engine.history_pending"
        ):  # triggers of the history cannot be left out: they wrote what stands here
            session.execute(text("DELETE FROM engine.history_pending"))
        columns = ", ".join(f'"{each}"' for each in found["rows"][0])
        session.execute(
            text(f"""
                INSERT INTO {found["table"]} ({columns}) OVERRIDING SYSTEM VALUE
                SELECT {columns} FROM json_populate_recordset(NULL::{found["table"]}, CAST(:rows AS json))
            """),
            {"rows": json.dumps(found["rows"])},
        )
    for (statement,) in session.execute(text(_SEQUENCES)).all():
        session.execute(text(statement))
    session.execute(text("SET LOCAL session_replication_role = DEFAULT"))


@pytest.mark.parametrize("file", FILES, ids=lambda each: each.stem)
def test_an_upgrade_keeps_what_stands_there_and_goes_on_with_it(database: Database, file: Path) -> None:
    with database.transaction() as session:
        for schema in ("engine", "business", "jobs"):
            session.execute(text(f"DROP SCHEMA {schema} CASCADE"))
        upgrade(session.connection(), ("engine.database",), file.stem)
        assert current_heads(session.connection()) == {file.stem}
        fill(session, file)
    migrate(database.url)
    with database.engine.connect() as connection:
        assert current_heads(connection) == newest_heads()

    post = Post(runtime=Runtime(database=database, handlers=HANDLERS))
    (ended, waiting) = [each[0] for each in post.rows("SELECT id FROM engine.instance ORDER BY id")]
    with database.reading() as session:
        report = verify_all(session)
        assert report.is_whole
        assert report.events > 10
        assert [each.element_id for each in lists.page(session, desk(session, CLERK)).tasks] == ["look"]
        assert lists.page(session, desk(session, CLERK, criteria=Criteria(search="K-1"))).tasks == ()
        for case in (ended, waiting):
            assert queries.case(session, OWNER, case).row.id == case
            folded = fold_case(each.record for each in history.timeline(session, case))
            assert folded.status == post.status(case)
    assert (post.status(ended), post.status(waiting)) == ("completed", "active")
    post.complete(waiting, "look")
    assert post.status(waiting) == "completed"
    assert post.rows("SELECT count(*) FROM engine.timer") == [(0,)]
    later = post.start("one")
    post.now = NOW + timedelta(hours=2)
    post.promote()
    post.work()
    assert post.status(later) == "completed", "its timer has taken the task away"
    with database.reading() as session:
        assert verify_all(session).is_whole
