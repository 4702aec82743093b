"""A house in which any process can be published and run: one database for all, each test with processes and cases of its own."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import make_url, text

from engine import clock
from engine.data import data
from engine.database.session import Database
from engine.errors import DefinitionError
from engine.feel import Value
from engine.handler import SYSTEM, Actor, BusinessError, HandlerContext, HandlerTable, handler
from engine.history import queries as history
from engine.identity import people
from engine.instances import commands, queries, signals, work
from engine.instances.incidents import Incident
from engine.instances.queries import Case
from engine.instances.runtime import Runtime
from engine.kernel import Event, State, from_record
from engine.messages import store as messages
from engine.messages.signals import OutgoingSignal
from engine.messages.store import OutgoingMessage
from engine.migration import fold_case
from engine.protocol.events import EVENTS
from engine.timers import promoter, starts
from tests.conftest import execute, with_database
from tests.engine.instances.drawing import bundle_files
from tests.publishing import publish_unexamined

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
CLERK = Actor(login="clea", name="Cléa", roles=frozenset({"clerk"}))
OWNER = Actor(login="olga", name="Olga", roles=frozenset({"process_owner"}))
_numbers = itertools.count(1)


@data
class Note:
    said: str


@handler("note.write", fr="Noter", en="Note", errors=("no_ink",))
def write_note(given: Note, context: HandlerContext) -> None:
    if given.said == "no ink":
        raise BusinessError("no_ink")
    if given.said == "broken":
        raise ZeroDivisionError
    note(given, context)


@handler("note.post", fr="Poster", en="Post", effect=True)
def post_note(given: Note, context: HandlerContext) -> None:
    note(given, context)


@handler("note.erase", fr="Effacer", en="Erase")
def erase_note(given: Note, context: HandlerContext) -> None:
    if context.session.execute(text("SELECT 1 FROM business.note WHERE said = 'locked'")).first():
        raise ZeroDivisionError
    context.session.execute(text("DELETE FROM business.note WHERE said = :said"), {"said": given.said})
    note(Note(said=f"not {given.said}"), context)


def note(given: Note, context: HandlerContext) -> None:
    context.session.execute(
        text("INSERT INTO business.note (said, key) VALUES (:said, :key)"),
        {"said": given.said, "key": context.idempotency_key},
    )


HANDLERS = HandlerTable.of([write_note, post_note, erase_note], [])


@dataclass(slots=True)
class House:
    """What the tests do there."""

    runtime: Runtime
    now: datetime = NOW

    def publish(self, key: str, *inside: str, **files: bytes) -> None:
        """Publish a drawing whose main process is ``key``; people start it if it has a plain start event.

        Not examined: many drawings are unsound, to see what then happens.
        """
        given = bundle_files(key, *inside, **files)
        try:
            publish_unexamined(self.runtime.database, SYSTEM, given, HANDLERS)
        except DefinitionError as error:
            pytest.fail("\n".join(str(each) for each in error.problems))
        self.work()

    def start(self, key: str) -> int:
        case = self.start_only(key)
        self.work()
        return case

    def start_only(self, key: str) -> int:
        """Start without doing what is queued."""
        with clock.frozen(self.now):
            return commands.start_instance(self.runtime, CLERK, key).instance_id

    def complete(self, case: int, element: str, **answers: str) -> None:
        """Complete the oldest open task of the element."""
        self.complete_only(case, element, **answers)
        self.work()

    def complete_only(self, case: int, element: str, **answers: str) -> None:
        """The same without doing what is queued."""
        task = next(each.id for each in self.case(case).tasks if each.is_open and each.element_id == element)
        with clock.frozen(self.now):
            commands.complete_task(self.runtime, CLERK, task, answers)

    def send(self, name: str, key: str | None = None, **payload: Value) -> None:
        with self.runtime.database.transaction() as session:
            messages.send(session, [OutgoingMessage(name=name, key=key, payload=payload)], self.now, sender="post")
        self.work()

    def throw(self, *names: str, **payload: Value) -> None:
        with self.runtime.database.transaction() as session:
            outgoing = [OutgoingSignal(name=each, payload=payload) for each in names]
            signals.throw(session, outgoing, self.now, sender="horn")
        self.work()

    def pass_time(self, to: datetime) -> None:
        """Promote what is due, and work."""
        self.promote(to)
        self.work()

    def promote(self, to: datetime) -> None:
        """Queue what is due."""
        self.now = to
        with self.runtime.database.transaction() as session:
            promoter.promote(session, to)
            starts.promote(session, to, self.runtime.zone)

    def retry(self, case: int) -> None:
        for each in self.incidents(case):
            with clock.frozen(self.now):
                commands.retry_incident(self.runtime, OWNER, each.id)
        self.work()

    def jobs(self) -> list[tuple[str, dict[str, Any]]]:
        """Take what is in the queue out of it."""
        with self.runtime.database.transaction() as session:
            found = session.execute(text("SELECT task_name, args FROM jobs.procrastinate_jobs ORDER BY id")).all()
            session.execute(text("DELETE FROM jobs.procrastinate_jobs"))
        return [(row.task_name, row.args) for row in found]

    def work(self) -> None:
        """Run what is in the queue until it is empty, each job twice: the second time finds nothing to do."""
        while found := self.jobs():
            for name, arguments in found:
                for _ in range(2):
                    self.perform(name, arguments)

    def perform(self, name: str, arguments: Mapping[str, Any], attempt: int = 1) -> None:
        with clock.frozen(self.now):
            work.perform(self.runtime, name, arguments, attempt)

    def write(self, sql: str, **given: Any) -> None:
        with self.runtime.database.transaction() as session:
            session.execute(text(sql), given)

    def case(self, case: int) -> Case:
        with self.runtime.database.reading() as session:
            return queries.case(session, OWNER, case)

    def cases(self, key: str) -> list[int]:
        with self.runtime.database.reading() as session:
            return [each.id for each in queries.cases(session, OWNER, process_key=key).cases][::-1]

    def state(self, case: int) -> State:
        rows = self.rows("SELECT snapshot FROM engine.instance WHERE id = :id", id=case)
        return State.from_text(bytes(rows[0][0]))

    def status(self, case: int) -> str:
        return self.case(case).row.status

    def incidents(self, case: int) -> list[Incident]:
        return [each for each in self.case(case).incidents if each.resolved_at is None]

    def events(self, case: int) -> list[Event]:
        with self.runtime.database.reading() as session:
            return [from_record(each.record) for each in history.timeline(session, case) if each.type in EVENTS]

    def passed(self, case: int) -> list[str]:
        """The elements that were completed, in order."""
        return [each.element_id or "" for each in self.case(case).timeline if each.type == "element:completed"]

    def notes(self, case: int) -> list[str]:
        """What handlers wrote for the case, oldest first."""
        found = self.rows("SELECT said FROM business.note WHERE key LIKE :of ORDER BY id", of=f"{case}:%")
        return [said for (said,) in found]

    def rows(self, sql: str, **given: Any) -> list[tuple[Any, ...]]:
        with self.runtime.database.reading() as session:
            return [tuple(row) for row in session.execute(text(sql), given)]

    def check(self) -> None:
        """What each history tells is what the snapshot holds, and what stands in the tables is what lives inside."""
        beside = {
            kind: set(self.rows(f"SELECT instance_id, {name} FROM engine.{kind} WHERE {name} IS NOT NULL {only}"))
            for kind, name, only in (
                ("subscription", "wait", ""),
                ("timer", "wait", ""),
                ("incident", "reference", "AND resolved_at IS NULL"),
            )
        }
        inside: dict[str, set[tuple[Any, ...]]] = {kind: set() for kind in beside}
        cases = self.rows("""
            SELECT id, snapshot FROM engine.instance
        """)
        with self.runtime.database.reading() as session:
            for case, snapshot in cases:
                state = State.from_text(bytes(snapshot))
                folded = fold_case(each.record for each in history.timeline(session, case))
                assert folded.to_text() == state.to_text()
                for each in state.waits.values():
                    if each.held is None:
                        inside["timer" if each.due_at is not None else "subscription"].add((case, each.id))
                inside["incident"] |= {(case, each) for each in state.incidents}
        assert beside == inside


@pytest.fixture(scope="session")
def house(template_url: str) -> Iterator[House]:
    template = make_url(template_url).database
    name = f"{template}_{os.getpid()}_house_{next(_numbers)}"
    execute(template_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    database = Database(with_database(template_url, name))
    with database.transaction() as session:
        for role in ("clerk", "process_owner"):
            people.add_role(session, role, role, role)
        session.execute(text("CREATE TABLE business.note (id bigserial PRIMARY KEY, said text, key text UNIQUE)"))
    made = House(runtime=Runtime(database=database, handlers=HANDLERS))
    yield made
    made.check()
    database.dispose()
    execute(template_url, f'DROP DATABASE "{name}" WITH (FORCE)')
