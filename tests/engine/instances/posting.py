"""A small house with effects that reach outside: what left it stands in ``SENT``, which no rollback empties."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from engine import clock
from engine.data import data
from engine.database.session import Database
from engine.handler import SYSTEM, Actor, HandlerContext, HandlerTable, Retries, Transient, handler
from engine.identity import people
from engine.instances import commands, work
from engine.instances.runtime import Runtime
from engine.jobs import outbox
from engine.timers import promoter
from tests.engine.instances.drawing import bundle_files
from tests.publishing import publish_unexamined

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
CLERK = Actor(login="clea", name="Cléa", roles=frozenset({"clerk"}))
OWNER = Actor(login="olga", name="Olga", roles=frozenset({"process_owner"}))
AUDITOR = Actor(login="aude", name="Aude", roles=frozenset({"auditor"}))
STRANGER = Actor(login="zoe", name="Zoé", roles=frozenset({"gardener"}))
HOLD = timedelta(minutes=5)

SENT: list[str] = []
"""The idempotency key of everything that went out."""
TROUBLE: list[Exception] = []
"""What the next calls raise, one each: before anything goes out if it is a Transient, else after."""


@data
class Said:
    said: str = ""


def _send(context: HandlerContext) -> None:
    trouble = TROUBLE.pop(0) if TROUBLE else None
    if isinstance(trouble, Transient):
        raise trouble
    SENT.append(context.idempotency_key)
    if trouble is not None:
        raise trouble


@handler("post.mail", fr="Envoyer", en="Send", effect=True, once=True, retries=Retries(attempts=3, first_seconds=7))
def mail(given: Said, context: HandlerContext) -> None:
    _send(context)


@handler("post.held", fr="Envoyer plus tard", en="Send later", effect=True, hold=HOLD)
def held(given: Said, context: HandlerContext) -> None:
    _send(context)


@handler("post.again", fr="Demander", en="Ask", effect=True, retries=Retries(attempts=2, first_seconds=60))
def again(given: Said, context: HandlerContext) -> None:
    _send(context)


@handler("post.step", fr="Compter", en="Count", retries=Retries(attempts=2, first_seconds=9))
def step(given: Said, context: HandlerContext) -> None:
    _send(context)


HANDLERS = HandlerTable.of([mail, held, again, step], [])


@dataclass(slots=True)
class Post:
    """What the tests do there."""

    runtime: Runtime
    now: datetime = field(default=NOW)

    @classmethod
    def made(cls, database: Database) -> Post:
        SENT.clear()
        TROUBLE.clear()
        with database.transaction() as session:
            for role in ("clerk", "process_owner"):
                people.add_role(session, role, role, role)
        return cls(runtime=Runtime(database=database, handlers=HANDLERS))

    def publish(self, key: str, *inside: str) -> None:
        publish_unexamined(self.runtime.database, SYSTEM, bundle_files(key, *inside), HANDLERS)

    def start(self, key: str) -> int:
        with self.at():
            return commands.start_instance(self.runtime, CLERK, key).instance_id

    def complete(self, case: int, element: str) -> None:
        ((task,),) = self.rows(
            "SELECT id FROM engine.task WHERE instance_id = :case AND element_id = :element AND is_open",
            case=case,
            element=element,
        )
        with self.at():
            commands.complete_task(self.runtime, CLERK, task, {})

    @contextmanager
    def at(self) -> Iterator[None]:
        with clock.frozen(self.now):
            yield

    def promote(self) -> None:
        with self.runtime.database.transaction() as session:
            promoter.promote(session, self.now)
            outbox.promote(session, self.now)

    def jobs(self) -> list[tuple[str, dict[str, Any]]]:
        """Take what is in the queue out of it."""
        found = self.rows("SELECT task_name, args FROM jobs.procrastinate_jobs ORDER BY id")
        self.write("DELETE FROM jobs.procrastinate_jobs")
        return [(name, arguments) for name, arguments in found]

    def perform(self, name: str, arguments: Mapping[str, Any], attempt: int = 1) -> None:
        with self.at():
            work.perform(self.runtime, name, arguments, attempt)

    def work(self) -> None:
        """Run what is in the queue until it is empty, each job twice: the second time finds nothing to do."""
        while found := self.jobs():
            for name, arguments in found:
                for _ in range(2):
                    self.perform(name, arguments)

    def status(self, case: int) -> str:
        return str(self.rows("SELECT status FROM engine.instance WHERE id = :case", case=case)[0][0])

    def incidents(self) -> list[tuple[Any, ...]]:
        return self.rows("SELECT id, element_id, code FROM engine.incident WHERE resolved_at IS NULL ORDER BY id")

    def told(self, case: int) -> list[str]:
        """The types of the case's history."""
        return [
            kind
            for (kind,) in self.rows(
                "SELECT type FROM engine.event WHERE instance_id = :case ORDER BY sequence", case=case
            )
        ]

    def rows(self, sql: str, **given: Any) -> list[tuple[Any, ...]]:
        with self.runtime.database.reading() as session:
            return [tuple(row) for row in session.execute(text(sql), given)]

    def write(self, sql: str, **given: Any) -> None:
        with self.runtime.database.transaction() as session:
            session.execute(text(sql), given)
