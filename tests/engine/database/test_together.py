"""Several writings as one statement."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from engine.database.session import Database
from engine.database.together import Together, Writing

PARENT = Writing("parents AS (INSERT INTO business.parent (id) VALUES (:parent))")
CHILDREN = Writing(
    "children AS (INSERT INTO business.child (parent) SELECT :parent FROM generate_series(1, :many) RETURNING parent)",
    tells=(("born", "(SELECT count(*) FROM children)"),),
)


@pytest.fixture(autouse=True)
def _tables(database: Database) -> None:
    with database.transaction() as session:
        session.execute(
            text("""CREATE TABLE business.parent (id integer PRIMARY KEY);
                    CREATE TABLE business.child (parent integer NOT NULL REFERENCES business.parent)""")
        )


def test_what_refers_to_a_row_may_be_written_with_it(database: Database) -> None:
    together = Together()
    assert together.is_empty
    together.add(CHILDREN, {"parent": 7, "many": 3})
    together.add(PARENT, {"parent": 7})
    with database.transaction() as session:
        assert together.send(session).born == 3
    with database.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM business.child WHERE parent = 7")) == 3


def test_of_what_is_refused_nothing_is_written(database: Database) -> None:
    orphans = Together()
    orphans.add(PARENT, {"parent": 7})
    orphans.add(Writing("orphans AS (INSERT INTO business.child (parent) VALUES (:unknown))"), {"unknown": 8})
    with pytest.raises(IntegrityError), database.transaction() as session:
        orphans.send(session)
    with database.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM business.parent")) == 0
