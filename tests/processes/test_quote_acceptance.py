"""The stories of ``quote_acceptance`` with the real handlers on PostgreSQL: every case goes the way that its story tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from engine import clock, records
from engine.definitions.store import read_folder
from engine.handler import SYSTEM, Actor
from engine.instances import commands, operators, queries, telling
from engine.instances.runtime import Runtime
from engine.instances.telling import News
from engine.model.bundle import Bundle, read_bundle
from engine.stories import play, read_story
from engine.stories.story import HandlerStep, MessageStep, TaskStep, TimerStep
from handlers.customers.commands import AddCustomer, add_customer
from handlers.customers.types import CustomerData
from handlers.orders import queries as orders
from handlers.sales import commands as c
from handlers.sales import queries as quotes
from handlers.sales.handlers import HELD
from handlers.sales.types import Line, QuoteData
from handlers.table import HANDLERS
from tests.engine.stories.telling import at
from tests.processes.told import AUDITOR, PARIS, PROCESSES, Told, entered, house, plain

FOLDER = PROCESSES / "quote_acceptance"
STORIES = sorted(FOLDER.glob("stories/*.yaml"))
SHORT = {
    "accepted",
    "answered_in_time",
    "change_asked",
    "denied_then_accepted",
    "expired",
    "taken_back",
    "unsent_at_midnight",
}
"""Stories that each check plays; the others say little more, and wait for the long tests."""
NUMBER = "DV-2026-00001"
OFFER = QuoteData(subject="Mobilier", email="achats@vallier.example", valid_until=date(2026, 12, 23))
BY_LINK = Actor(login="link", name="Client", roles=frozenset({c.BY_LINK}))


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return read_bundle(read_folder(FOLDER))


@dataclass
class QuoteTold(Told):
    """What the story lets handlers return says what the data has to be. ``answered``: the customer's page has written already."""

    answered: bool = False

    def lines(self) -> tuple[Line, ...]:
        """One line that costs what the story says at the next submission; none where the story has a quote without any."""
        wanted = self.coming("submit_quote")
        if "net" not in wanted:
            return ()
        discount = Decimal(str(wanted["discount_percent"]))
        price = Decimal(str(wanted["net"])) * 100 / (100 - discount)
        return (Line(text="Mobilier", unit="lot", unit_price=price, discount=discount),)

    def prepare(self) -> None:
        database, seller = self.runtime.database, self.actor("sarah")
        given = AddCustomer(customer=CustomerData(name="Cabinet Vallier"))
        records.execute(database, add_customer, given, SYSTEM, now=self.now)
        quote = c.AddQuote(customer="CL-2026-00001", quote=OFFER, lines=self.lines(), today=self.now.date())
        records.execute(database, c.add_quote, quote, seller, now=self.now)

    def start(self) -> None:
        answers = {name: str(value) for name, value in (self.story.start.answers or {}).items()}
        seller = self.actor("sarah")
        self.case = self.attempt(
            lambda: commands.start_instance(self.runtime, seller, "quote_acceptance", answers).instance_id
        )

    def before(self, step: TaskStep | TimerStep) -> None:
        is_crossed = self.following is not None and self.following.raises == "quote_answered"
        if is_crossed:
            self.write_answer()
        if is_crossed and isinstance(step, TimerStep):
            with self.runtime.database.transaction() as session:  # its message is late
                session.execute(text("DELETE FROM jobs.procrastinate_jobs"))
        if step.element == "revise_quote" and isinstance(step, TaskStep) and step.answers["next"] == "send":
            change = c.ChangeQuote(number=NUMBER, quote=OFFER, lines=self.lines(), today=self.now.date())
            records.execute(self.runtime.database, c.change_quote, change, self.actor("sarah"), now=self.now)

    def handle(self, step: HandlerStep) -> None:
        """The letter is held: its time comes, or whoever wrote the quote takes it back before."""
        if step.element != "send_quote":
            return
        seller = self.actor("sarah")
        with self.runtime.database.reading() as session:
            view = quotes.find_quote(session, NUMBER)
            (activity,) = queries.case(session, seller, self.case).held
        assert view is not None
        assert (view.status, view.sent_at, view.link_key) == ("submitted", None, None), "there is no link yet"
        if step.raises is None:
            self.now += HELD
            self.promote()
            return
        with clock.frozen(self.now):
            operators.take_back(self.runtime, seller, self.case, activity, str(plain(step.facts["reason"])))
        self.work()

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

    def hear(self, step: MessageStep) -> None:
        assert step.name == "quote_answered"
        if not self.answered:
            self.write_answer()
        self.answered = False
        self.work()


@pytest.fixture(scope="module")
def published(template_url: str) -> Iterator[Runtime]:
    """The process alone: the order that it makes waits for somebody to take it."""
    with house(template_url, "quotes", ("quote_acceptance",)) as runtime:
        yield runtime


@pytest.fixture
def runtime(published: Runtime) -> Runtime:
    """Without a quote: each story begins with the first one."""
    with published.database.transaction() as session:
        session.execute(text("TRUNCATE business.quote, business.customer, business.number_series CASCADE"))
        session.execute(text("DELETE FROM engine.message"))
        session.execute(text("DELETE FROM engine.letter"))
    return published


@pytest.mark.parametrize(
    "file",
    [pytest.param(each, marks=() if each.stem in SHORT else pytest.mark.long, id=each.stem) for each in STORIES],
)
def test_each_story_goes_the_same_way_with_real_handlers(file: Path, bundle: Bundle, runtime: Runtime) -> None:
    story = read_story(file.read_bytes(), f"stories/{file.name}")
    report = play(bundle, story, HANDLERS, at)
    assert report.deviations == ()
    told = QuoteTold(runtime=runtime, story=story)
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
    with runtime.database.reading() as session:
        number = orders.order_of_quote(session, NUMBER)
        order = orders.find_order(session, number or "")
        placed = session.execute(
            text("SELECT correlation_key, payload::jsonb FROM engine.message WHERE name = 'order_placed'")
        ).all()
    if story.ending.value != "accepted":
        assert (order, placed) == (None, [])
        return
    assert order is not None
    assert (order.status, order.created_by, order.totals) == ("draft", "sarah", view.totals)
    assert order.placed_at is not None
    assert [(each.correlation_key, each.payload) for each in placed] == [(number, {"order_number": number})]
