"""A story told on the database: people, customers and time do what it says, and the worker does what is queued, with real handlers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine import clock
from engine.database.session import Database
from engine.definitions.store import read_folder
from engine.errors import WrongState
from engine.feel import compile_expression
from engine.handler import SYSTEM, Actor
from engine.identity.people import add_role
from engine.inbox.queries import TaskRow
from engine.instances import commands, queries, telling, work
from engine.instances.runtime import Runtime
from engine.instances.telling import News
from engine.jobs import outbox
from engine.messages import store as messages
from engine.messages.store import OutgoingMessage
from engine.protocol.events import ElementEntered
from engine.records import Recorded
from engine.stories import Report, Story
from engine.stories.story import ClockStep, ExpectStep, HandlerStep, MessageStep, TaskStep, TimerStep
from engine.timers import promoter
from handlers.base.roles import ROLES
from handlers.changes.commands import Revised, ReviseOrder, revise_order
from handlers.orders.queries import find_order
from handlers.orders.types import CHANGED, RevisedLine
from handlers.table import HANDLERS
from tests.conftest import cloned
from tests.engine.stories.telling import at
from tests.publishing import publish_unexamined

PARIS = ZoneInfo("Europe/Paris")
EDITOR = Actor(login="camille", name="Camille", roles=frozenset({"sales_admin"}))
AUDITOR = Actor(login="aude", name="Aude", roles=frozenset({"auditor"}))
INVOICED = ("invoice", "invoice_line", "invoice_rate")
PROCESSES = Path(__file__).parents[2] / "processes"


@contextmanager
def house(template_url: str, name: str, keys: Sequence[str]) -> Iterator[Runtime]:
    """A database with the company's roles where these processes are in force: one for all stories, because publishing costs more than a
    story.
    """
    with cloned(template_url, name) as url:
        database = Database(url)
        with database.transaction() as session:
            for key, title_fr, title_en in ROLES:
                add_role(session, key, title_fr=title_fr, title_en=title_en)
        for key in keys:
            publish_unexamined(database, SYSTEM, read_folder(PROCESSES / key), HANDLERS)
        yield Runtime(database=database, handlers=HANDLERS)
        database.dispose()


def empty(session: Session, *tables: str) -> None:
    """Business tables without a row, and all that refers to them; not even what is validated stays, which only the owner can do."""
    kept = [f"ALTER TABLE business.{each} {{}} TRIGGER never_empty_{each}s" for each in INVOICED]
    for each in kept:
        session.execute(text(each.format("DISABLE")))
    session.execute(text(f"TRUNCATE {', '.join(f'business.{each}' for each in tables)} RESTART IDENTITY CASCADE"))
    for each in kept:
        session.execute(text(each.format("ENABLE ALWAYS")))


def entered(report: Report) -> list[str]:
    """The elements that the story enters on the kernel, in order; not what a refusal has undone."""
    return [each.element for each in report.events if isinstance(each, ElementEntered)]


@dataclass(kw_only=True)
class Acting:
    """People who act on a database at a moment that only the test moves; the worker does what is queued after each of them."""

    runtime: Runtime
    now: datetime
    refused: str | None = None
    """The code with which the last person was refused."""

    def attempt(self, act: Any) -> int:
        """What a person does, gives the case; then the worker does what is queued. 0: they were refused."""
        self.refused = None
        with clock.frozen(self.now):
            try:
                found: int = act()
            except WrongState as refusal:
                self.refused = getattr(refusal.__cause__, "code", refusal.code)
                return 0
        self.work()
        return found

    def find(self, process: str) -> int:
        """The newest case of a process."""
        with self.runtime.database.reading() as session:
            found = session.execute(
                text("SELECT max(id) FROM engine.instance WHERE process_key = :process"), {"process": process}
            )
            return int(found.scalar_one())

    def open(self, case: int) -> dict[str, TaskRow]:
        """The tasks that wait in a case, by element."""
        with self.runtime.database.reading() as session:
            return {each.element_id: each for each in queries.case(session, AUDITOR, case).tasks if each.is_open}

    def act(self, case: int, element: str, actor: Actor, answers: Mapping[str, str]) -> str:
        """Somebody completes the task that waits at ``element``; gives what it is called."""
        task = self.open(case)[element]
        self.attempt(lambda: commands.complete_task(self.runtime, actor, task.id, answers).instance_id)
        return task.title["fr"]

    def work(self) -> None:
        """All that is queued, and what comes of it."""
        while found := self.queued():
            self.perform(found)

    def queued(self) -> Sequence[Row[Any]]:
        """What is queued now, taken out of the queue: to be performed a moment later than what is queued next."""
        with self.runtime.database.transaction() as session:
            taken = text("DELETE FROM jobs.procrastinate_jobs RETURNING id, task_name, args")
            return sorted(session.execute(taken).all())

    def perform(self, jobs: Sequence[Row[Any]]) -> None:
        """Do these jobs; what they queue stays in the queue."""
        for row in jobs:
            with clock.frozen(self.now):
                work.perform(self.runtime, row.task_name, row.args, 1)

    def promote(self) -> None:
        with self.runtime.database.transaction() as session:
            promoter.promote(session, self.now)
            outbox.promote(session, self.now)
        self.work()


@dataclass(kw_only=True)
class Told(Acting):
    """A story on the database. ``steps[done:]``: what is still to come, to know what the data has to be."""

    story: Story
    now: datetime = field(init=False)
    case: int = 0
    done: int = 0

    def __post_init__(self) -> None:
        self.now = datetime.fromisoformat(self.story.start.at).replace(tzinfo=PARIS)

    @property
    def steps(self) -> tuple[Any, ...]:
        return self.story.steps

    # -- what a story is about is prepared, begun and told from outside by whoever tests it ------------------------------------------

    def prepare(self) -> None:
        """Write the records that the story begins with."""

    def start(self) -> None:
        """Let the case begin."""
        raise NotImplementedError

    def handle(self, step: HandlerStep) -> None:
        """The worker has run the handlers already."""

    def hear(self, step: MessageStep) -> None:
        """Tell the case what the story says, as whoever else knows it."""
        with self.runtime.database.transaction() as session:
            payload = {name: plain(given) for name, given in step.payload.items()}
            sent = OutgoingMessage(
                name=step.name, key=None if step.key is None else str(plain(step.key)), payload=payload
            )
            messages.send(session, [sent], self.now, sender=SYSTEM.login)
        self.work()

    def before(self, step: TaskStep | TimerStep) -> None:
        """What happens right before somebody answers, or a time has come."""

    # -- how it goes -----------------------------------------------------------------------------------------------------------------

    def actor(self, login: str) -> Actor:
        assert self.story.people is not None
        return Actor(login=login, name=login.title(), roles=frozenset(self.story.people[login]))

    def coming(self, element: str) -> Mapping[str, Any]:
        """What the next call of the handler at ``element`` returns in the story."""
        return next(
            (
                {name: plain(given) for name, given in step.returns.items()}
                for step in self.steps[self.done :]
                if isinstance(step, HandlerStep) and step.element == element
            ),
            {},
        )

    @property
    def following(self) -> HandlerStep | None:
        """The next handler that the story tells of."""
        return next((each for each in self.steps[self.done :] if isinstance(each, HandlerStep)), None)

    def go(self) -> None:
        """Every step of the story, as people, others and time do it."""
        self.prepare()
        self.start()
        for step in self.steps:
            self.done += 1
            match step:
                case TaskStep(element=element, by=login, answers=answers):
                    self.before(step)
                    given = {name: str(plain(each)) for name, each in answers.items()}
                    if step.item is None:
                        self.complete(self.case, element, login, given)
                    else:
                        self.complete_one(step.item, element, login, given)
                case MessageStep():
                    self.hear(step)
                case TimerStep():
                    self.fire(step)
                case ClockStep():
                    self.pass_time(step)
                case ExpectStep(expectation=expected):
                    assert self.refused == expected.refused
                case _:
                    assert isinstance(step, HandlerStep)
                    self.handle(step)

    def complete(self, case: int, element: str, login: str, answers: Mapping[str, str]) -> None:
        """Somebody of the story completes the task that waits at ``element``."""
        self.act(case, element, self.actor(login), answers)

    def complete_one(self, item: int, element: str, login: str, answers: Mapping[str, str]) -> None:
        """Somebody of the story completes one of several tasks that wait at ``element``: the first of them is 1."""
        with self.runtime.database.reading() as session:
            tasks = queries.case(session, AUDITOR, self.case).tasks
        several = sorted(each.id for each in tasks if each.is_open and each.element_id == element)
        actor = self.actor(login)
        self.attempt(lambda: commands.complete_task(self.runtime, actor, several[item - 1], answers).instance_id)

    def fire(self, step: TimerStep) -> None:
        with self.runtime.database.reading() as session:
            found = session.execute(
                text("SELECT due_at FROM engine.timer WHERE instance_id = :id AND element_id = :element"),
                {"id": self.case, "element": step.element},
            )
            self.now = max(self.now, found.scalar_one())
        self.before(step)
        self.promote()

    def pass_time(self, step: ClockStep) -> None:
        if step.at is not None:
            self.now = datetime.fromisoformat(step.at).replace(tzinfo=PARIS)
        else:
            span = compile_expression(f'duration("{step.after}")').evaluate({}, at(self.now))
            assert isinstance(span, timedelta)
            self.now += span
        self.promote()


def plain(given: Any) -> Any:
    """A value of a story."""
    return given.value if hasattr(given, "value") else given


def revise(told: Acting, number: str, quantities: Mapping[str, Decimal], *, is_acknowledged: bool = False) -> Revised:
    """Somebody wants so many of each line, by its text, of a confirmed order, on its page; only its own process is told in this moment."""
    with told.runtime.database.reading() as session:
        order = find_order(session, number)
    assert order is not None
    wanted = (replace(each.line, quantity=quantities.get(each.line.text, each.line.quantity)) for each in order.lines)
    given = ReviseOrder(
        number=number,
        version=order.version,
        lines=tuple(RevisedLine(id=each.id, line=line) for each, line in zip(order.lines, wanted, strict=True)),
        extras=order.data.extras,
        is_acknowledged=is_acknowledged,
        key=f"page {order.version}",
    )

    def news(done: Recorded) -> list[News]:
        payload = {
            "order_number": number,
            "version": Decimal(done.answer.version),
            "is_acknowledged": is_acknowledged,
            "changed_by": EDITOR.login,
        }
        return [News(name=CHANGED, key=f"{number}/{done.answer.version}", payload=payload)]

    done = telling.execute(told.runtime.database, revise_order, given, EDITOR, news, now=told.now)
    told.work()
    answer = done.answer
    assert isinstance(answer, Revised)
    return answer
