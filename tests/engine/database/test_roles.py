"""Web servers and workers work as a role that can do all of their work, and cannot touch what was recorded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from engine.database.roles import APPLICATION, ONLY_GROWING, can_change_history, make_application
from engine.database.session import Database
from engine.definitions import store
from engine.errors import NotAllowed
from engine.history import keeping, refusals, signing
from engine.history.keeping import Keeping
from engine.history.verification import verify_all
from engine.identity.people import find_actor
from engine.instances import commands, queries
from engine.instances.runtime import Runtime
from engine.settings import CHECKOUT
from engine.worker import run_pending
from handlers.demonstration.seed import seed
from handlers.table import HANDLERS
from tests.engine.history.conftest import NOW


@pytest.fixture
def application(database: Database) -> Iterator[Database]:
    """The database as the application sees it, filled by its owner."""
    seed(database)
    found = Database(make_url(database.url).set(username=APPLICATION, password=None).render_as_string(False))
    try:
        with found.reading() as session:
            session.connection()
    except (DBAPIError, psycopg.OperationalError):
        pytest.skip("this server has no role for the application that needs no password")
    yield found
    found.dispose()


def test_it_can_do_all_of_its_work(application: Database, tmp_path: Path) -> None:
    runtime = Runtime(database=application, handlers=HANDLERS)
    for folder in sorted(each for each in (CHECKOUT / "processes").iterdir() if each.is_dir()):
        store.publish_folder(application, folder, HANDLERS, runtime.environment)
    with application.reading() as session:
        camille, gabriel = find_actor(session, "camille"), find_actor(session, "gabriel")
    assert camille is not None
    assert gabriel is not None
    answers = {"article": "BUR-CH-160", "quantity": "12"}
    case = commands.start_instance(runtime, camille, "replenishment", answers).instance_id
    with application.reading() as session:
        task = next(each for each in queries.case(session, gabriel, case).tasks if each.is_open)
    commands.complete_task(runtime, gabriel, task.id, {"decision": "refuse", "reason": "Remplacé."})
    run_pending(runtime)
    refusals.note(application, NotAllowed("not_yours"), "camille", NOW, act="x", about={})
    signing.ensure_key(tmp_path / "key")
    where = Keeping(key_file=tmp_path / "key", folder=tmp_path / "points")
    assert [each.number for each in keeping.sign(application, where, NOW)] == [1]
    with application.reading() as session:
        report = verify_all(session)
    assert report.is_whole
    assert report.events > 20


FORBIDDEN = (
    *(f"DELETE FROM {table}" for table in ONLY_GROWING),
    *(f"TRUNCATE {table}" for table in ONLY_GROWING),
    *(f"ALTER TABLE {table} DISABLE TRIGGER ALL" for table in ONLY_GROWING),
    "UPDATE engine.event SET actor = 'x'",
    "UPDATE engine.history_checkpoint SET size = 1",
    "DROP TABLE engine.event",
    "CREATE TABLE engine.mine (x int)",
    "DROP TRIGGER event_only_grows ON engine.event",
    "CREATE OR REPLACE FUNCTION engine.refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "SET session_replication_role = replica",
    "SET ROLE bordereau",
    "UPDATE engine.alembic_version SET version_num = 'x'",
)


def test_it_cannot_touch_what_was_recorded(application: Database) -> None:
    for statement in FORBIDDEN:
        with pytest.raises(DBAPIError, match=r"permission denied|must be owner"), application.transaction() as session:
            session.execute(text(statement))


def test_the_owner_is_told_that_it_could_change_the_past_and_the_application_is_not(
    database: Database, application: Database
) -> None:
    for found, wanted in ((database, True), (application, False)):
        with found.reading() as session:
            assert can_change_history(session.connection()) is wanted


def test_making_the_role_gives_an_address_once_and_its_rights_anew(database: Database) -> None:
    """In a transaction that is rolled back: roles belong to the whole server."""
    with database.engine.connect() as connection, connection.begin() as transaction:
        connection.execute(text(f"ALTER ROLE {APPLICATION} RENAME TO kept_for_the_test"))
        password = make_application(connection)
        assert password is not None
        assert make_application(connection) is None
        connection.execute(text(f"SET ROLE {APPLICATION}"))
        assert not can_change_history(connection)
        transaction.rollback()
