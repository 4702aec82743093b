"""The stories of ``quote_acceptance`` with the real handlers on PostgreSQL: every case goes the way that its story tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from engine import clock, records
from engine.database.session import Database
from engine.definitions.gate import check
from engine.definitions.store import read_folder
from engine.errors import WrongState
from engine.feel import compile_expression
from engine.handler import SYSTEM, Actor
from engine.identity.people import add_role
from engine.instances import commands, queries, telling, work
from engine.instances.runtime import Runtime
from engine.instances.telling import News
from engine.model.bundle import Bundle, read_bundle
from engine.protocol.events import ElementEntered
from engine.stories import Report, Story, play, read_story
from engine.stories.story import ClockStep, ExpectStep, HandlerStep, MessageStep, TaskStep, TimerStep
from engine.timers import promoter
from handlers.base.roles import ROLES
from handlers.customers.commands import AddCustomer, add_customer
from handlers.customers.types import CustomerData
from handlers.demonstration.seed import PEOPLE
from handlers.sales import commands as c
from handlers.sales import queries as quotes
from handlers.sales.types import Line, QuoteData
from handlers.table import HANDLERS
from tests.conftest import cloned
from tests.engine.stories.telling import at
from tests.publishing import publish_unexamined

FOLDER = Path(__file__).parents[2] / "processes" / "quote_acceptance"
STORIES = sorted(FOLDER.glob("stories/*.yaml"))
SHORT = {"accepted", "answered_in_time", "change_asked", "denied_then_accepted", "expired"}
"""Stories that each check plays; the others say little more, and wait for the long tests."""
PARIS = ZoneInfo("Europe/Paris")
NUMBER = "DV-2026-00001"
OFFER = QuoteData(subject="Mobilier", email="achats@vallier.example", valid_until=date(2026, 12, 23))
AUDITOR = Actor(login="aude", name="Aude", roles=frozenset({"auditor"}))
BY_LINK = Actor(login="link", name="Client", roles=frozenset({c.BY_LINK}))


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return read_bundle(read_folder(FOLDER))


def test_nothing_is_wrong_with_it(bundle: Bundle) -> None:
    assert check(bundle.files, HANDLERS, {role for _, _, roles in PEOPLE for role in roles}) == ()


@dataclass
class Told:
    """A story on the database. ``returned``: what the story lets handlers return, in order, to know what the data has to be."""

    runtime: Runtime
    story: Story
    now: datetime
    case: int = 0
    done: int = 0
    refused: str | None = None
    answered: bool = False
    steps: tuple[Any, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.steps = self.story.steps

    def actor(self, login: str) -> Actor:
        assert self.story.people is not None
        return Actor(login=login, name=login.title(), roles=frozenset(self.story.people[login]))

    def coming(self, element: str) -> Mapping[str, Any]:
        """What the next call of the handler at ``element`` returns in the story."""
        return next(
            (
                {name: given.value if hasattr(given, "value") else given for name, given in step.returns.items()}
                for step in self.steps[self.done :]
                if isinstance(step, HandlerStep) and step.element == element
            ),
            {},
        )

    def lines(self) -> tuple[Line, ...]:
        """One line that costs what the story says at the next submission; none where the story has a quote without any."""
        wanted = self.coming("submit_quote")
        if "net" not in wanted:
            return ()
        discount = Decimal(str(wanted["discount_percent"]))
        price = Decimal(str(wanted["net"])) * 100 / (100 - discount)
        return (Line(text="Mobilier", unit="lot", unit_price=price, discount=discount),)

    def write_quote(self) -> None:
        database, seller = self.runtime.database, self.actor("sarah")
        given = AddCustomer(customer=CustomerData(name="Cabinet Vallier"))
        records.execute(database, add_customer, given, SYSTEM, now=self.now)
        quote = c.AddQuote(customer="CL-2026-00001", quote=OFFER, lines=self.lines(), today=self.now.date())
        records.execute(database, c.add_quote, quote, seller, now=self.now)

    def start(self) -> None:
        answers = {name: str(value) for name, value in (self.story.start.answers or {}).items()}
        self.attempt(
            lambda: commands.start_instance(self.runtime, self.actor("sarah"), "quote_acceptance", answers).instance_id
        )

    def attempt(self, act: Any) -> None:
        """What a person does; then the worker does what is queued."""
        self.refused = None
        with clock.frozen(self.now):
            try:
                found = act()
            except WrongState as refusal:
                self.refused = getattr(refusal.__cause__, "code", refusal.code)
                return
        self.case = self.case or found
        self.work()

    def work(self) -> None:
        while True:
            with self.runtime.database.transaction() as session:
                found = session.execute(text("DELETE FROM jobs.procrastinate_jobs RETURNING id, task_name, args")).all()
            if not found:
                return
            for row in sorted(found):
                with clock.frozen(self.now):
                    work.perform(self.runtime, row.task_name, row.args, 1)

    def go(self) -> None:
        """Every step of the story, as people, the customer and time do it."""
        self.write_quote()
        self.start()
        for step in self.steps:
            self.done += 1
            match step:
                case TaskStep(element=element, by=login, answers=answers):
                    self.complete(element, login, {name: str(value) for name, value in answers.items()})
                case MessageStep():
                    self.answer()
                case TimerStep(element=element):
                    self.fire(element)
                case ClockStep():
                    self.pass_time(step)
                case ExpectStep(expectation=expected):
                    assert self.refused == expected.refused
                case _:
                    assert isinstance(step, HandlerStep), "the worker has run the handlers already"

    def complete(self, element: str, login: str, answers: Mapping[str, str]) -> None:
        following = next((each for each in self.steps[self.done :] if isinstance(each, HandlerStep)), None)
        if following is not None and following.raises == "quote_answered":
            self.write_answer()
        if element == "revise_quote" and answers["next"] == "send":
            change = c.ChangeQuote(number=NUMBER, quote=OFFER, lines=self.lines(), today=self.now.date())
            records.execute(self.runtime.database, c.change_quote, change, self.actor("sarah"), now=self.now)
        with self.runtime.database.reading() as session:
            (task,) = (
                e for e in queries.case(session, AUDITOR, self.case).tasks if e.is_open and e.element_id == element
            )
        self.attempt(lambda: commands.complete_task(self.runtime, self.actor(login), task.id, answers).instance_id)

    def write_answer(self) -> None:
        """What the customer's page does. The worker has not heard of it yet."""
        with self.runtime.database.reading() as session:
            view = quotes.find_quote(session, NUMBER)
        assert view is not None
        assert view.content_hash is not None
        wanted = self.coming("read_answer")
        given = c.AnswerQuote(
            number=NUMBER,
            version=view.version,
            content_hash=view.content_hash,
            answer=wanted["answer"],
            comment=wanted["comment"] or "",
            name="Jeanne Vallier",
            consent="Bon pour accord",
            address="192.0.2.7",
            today=min(self.now.astimezone(PARIS).date(), view.data.valid_until),
        )
        news = News(name="quote_answered", key=f"{NUMBER}/{view.version}")
        telling.execute(self.runtime.database, c.answer_quote, given, BY_LINK, news, now=self.now)
        self.answered = True

    def answer(self) -> None:
        if not self.answered:
            self.write_answer()
        self.answered = False
        self.work()

    def fire(self, element: str) -> None:
        with self.runtime.database.reading() as session:
            found = session.execute(
                text("SELECT due_at FROM engine.timer WHERE instance_id = :id AND element_id = :element"),
                {"id": self.case, "element": element},
            )
            self.now = max(self.now, found.scalar_one())
        following = next(each for each in self.steps[self.done :] if isinstance(each, HandlerStep))
        if following.raises == "quote_answered":
            self.write_answer()
            with self.runtime.database.transaction() as session:  # its message is late
                session.execute(text("DELETE FROM jobs.procrastinate_jobs"))
        self.promote()

    def pass_time(self, step: ClockStep) -> None:
        if step.at is not None:
            self.now = datetime.fromisoformat(step.at).replace(tzinfo=PARIS)
        else:
            span = compile_expression(f'duration("{step.after}")').evaluate({}, at(self.now))
            assert isinstance(span, timedelta)
            self.now += span
        self.promote()

    def promote(self) -> None:
        with self.runtime.database.transaction() as session:
            promoter.promote(session, self.now)
        self.work()


def entered(report: Report) -> list[str]:
    return [
        event.element
        for moment in report.moments
        if not moment.is_undone
        for event in moment.events
        if isinstance(event, ElementEntered)
    ]


@pytest.fixture(scope="module")
def house(template_url: str, bundle: Bundle) -> Iterator[Runtime]:
    """One database for all stories: publishing costs more than a story."""
    with cloned(template_url, "quotes") as url:
        database = Database(url)
        with database.transaction() as session:
            for key, title_fr, title_en in ROLES:
                add_role(session, key, title_fr=title_fr, title_en=title_en)
        publish_unexamined(database, SYSTEM, bundle.files, HANDLERS)
        yield Runtime(database=database, handlers=HANDLERS)
        database.dispose()


@pytest.fixture
def runtime(house: Runtime) -> Runtime:
    """Without a quote: each story begins with the first one."""
    with house.database.transaction() as session:
        session.execute(text("TRUNCATE business.quote, business.customer, business.number_series CASCADE"))
        session.execute(text("DELETE FROM engine.message"))
    return house


@pytest.mark.parametrize(
    "file",
    [pytest.param(each, marks=() if each.stem in SHORT else pytest.mark.long, id=each.stem) for each in STORIES],
)
def test_each_story_goes_the_same_way_with_real_handlers(file: Path, bundle: Bundle, runtime: Runtime) -> None:
    story = read_story(file.read_bytes(), f"stories/{file.name}")
    report = play(bundle, story, HANDLERS, at)
    assert report.deviations == ()
    told = Told(runtime=runtime, story=story, now=datetime.fromisoformat(story.start.at).replace(tzinfo=PARIS))
    told.go()
    if story.ending.kind == "refused":
        assert (told.case, told.refused) == (0, story.ending.value)
        return
    with runtime.database.reading() as session:
        case = queries.case(session, AUDITOR, told.case)
        view = quotes.find_quote(session, NUMBER)
    assert [each.element_id for each in case.timeline if each.type == "element:entered"] == entered(report)
    assert (case.row.status, case.row.business_key) == ("completed", NUMBER)
    assert report.state is not None
    named = {name: case.variables.get(name) for name in ("net", "total", "answer", "comment", "version")}
    assert named == {name: report.state.root_variables.get(name) for name in named}
    assert view is not None
    ends = {"withdrawn": "cancelled", "abandoned": "cancelled"}
    assert view.status == ends.get(str(story.ending.value), story.ending.value)
