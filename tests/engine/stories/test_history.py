"""Stories of cases that the engine ran on the real database, made of the history as it is stored."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from engine import clock
from engine.database.session import Database
from engine.definitions import store
from engine.history import queries as history
from engine.inbox import queries as inbox_queries
from engine.instances.commands import complete_task, start_instance
from engine.instances.runtime import Runtime
from engine.protocol.events import from_record
from engine.stories import Recorded, check_story, play, read_story, recorded
from tests.engine.processes import parcels

MONDAY = datetime(2026, 11, 23, 9, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def runtime(database: Database) -> Iterator[Runtime]:
    with clock.frozen(MONDAY):
        yield parcels.prepare(database)


def test_a_case_of_the_engine_is_told_again(runtime: Runtime) -> None:
    case = start_instance(runtime, parcels.CLERK, "parcel", {"article": "hat", "worth": "12,50"}).instance_id
    with clock.frozen(MONDAY + timedelta(minutes=20, seconds=3)):
        with runtime.database.reading() as session:
            (task,) = [each for each in inbox_queries.of_instance(session, case) if each.is_open]
        complete_task(runtime, parcels.PACKER, task.id, {"weight": "4"})
    with runtime.database.reading() as session:
        bundle = store.load_latest(session, "parcel").bundle
        entries = history.timeline(session, case)
    told = [Recorded(at=each.at, actor=each.actor, event=from_record(each.record)) for each in entries]
    text = recorded(bundle, told, {"fr": "Un colis", "en": "A parcel"}, runtime.environment)
    assert parcels.PACKER.login not in text
    assert parcels.CLERK.login not in text
    story = read_story(text.encode(), "stories/parcel.yaml")
    assert check_story(bundle, story, parcels.HANDLERS, runtime.environment) == ()
    report = play(bundle, story, parcels.HANDLERS, runtime.environment)
    assert report.deviations == (), text
    assert [each.tag for each in report.events] == [each.event.tag for each in told]
