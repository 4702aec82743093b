"""The stories of ``preparation`` with the real handlers on PostgreSQL: every case goes the way that its story tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select, text

from engine import records
from engine.definitions.store import read_folder
from engine.handler import SYSTEM, Choice, ChoiceSource, HandlerTable
from engine.instances import commands, queries
from engine.instances.runtime import Runtime
from engine.messages import store as messages
from engine.messages.store import OutgoingMessage
from engine.model.bundle import Bundle, read_bundle
from engine.model.personal import personal_names
from engine.stories import play, read_story
from engine.stories.story import MessageStep, TaskStep, TimerStep
from handlers.catalogue.commands import columns
from handlers.catalogue.tables import Article
from handlers.catalogue.types import ArticleData
from handlers.changes.commands import ReviseOrder, revise_order
from handlers.customers.commands import AddCustomer, add_customer
from handlers.customers.types import CustomerData
from handlers.deliveries import queries as deliveries
from handlers.deliveries.commands import record_return
from handlers.demonstration.stock import seed_stock
from handlers.orders import commands as orders
from handlers.orders.queries import find_order as found_order
from handlers.orders.tables import SalesOrder
from handlers.orders.types import OrderData, RevisedLine
from handlers.sales.types import Line
from handlers.stock import ledger
from handlers.stock.ledger import Wanted
from handlers.table import HANDLERS
from tests.engine.stories.telling import at
from tests.processes.told import AUDITOR, PROCESSES, Told, entered, house

FOLDER = PROCESSES / "preparation"
STORIES = sorted(FOLDER.glob("stories/*.yaml"))
SHORT = {"two_waves", "recounted", "order_changed", "changed_while_short", "emptied_while_short"}
"""Stories that each check plays; the others say little more, and wait for the long tests."""
NUMBER, OTHER = "CC-2026-00001", "CC-2026-00002"
NAMES = {"BUR": "Bureau chêne", "CHA": "Chaise Nuage"}
ORDERED = {"BUR": 3, "CHA": 4}
STOCK = {
    "two_waves": {"BUR": 3},
    "together": {"BUR": 3},
    "given_up": {},
    "shipped": ORDERED,
    "changed_while_short": {"BUR": 3},
    "emptied_while_short": {},
}
"""What lies there of what is ordered; elsewhere only desks are ordered, and there are enough."""
WANTED = {"order_changed": {"BUR": 2}, "changed_while_short": {"BUR": 2}}
"""What is wanted of each of its goods once somebody has changed the order; elsewhere nothing."""
EMPTIED = {"not_wanted_any_more", "emptied_while_short"}
OFFERED = ChoiceSource(
    name="deliveries.orders_to_deliver",
    read=lambda _session: [Choice(value=each, label="offered a moment ago") for each in (NUMBER, OTHER)],
)
TABLE = HandlerTable(handlers=HANDLERS.handlers, choices={**HANDLERS.choices, OFFERED.name: OFFERED})


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return read_bundle(read_folder(FOLDER))


def test_reasons_are_personal(bundle: Bundle) -> None:
    """What people write freely may name somebody: its values are kept so that they can be erased."""
    assert personal_names(bundle) == {"customer_name", "address", "reason"}
    assert "reason" in record_return.personal


@dataclass
class Preparation(Told):
    """A story of an order of desks, and of chairs where the story has some."""

    name: str = ""

    def prepare(self) -> None:
        """The articles, their stock, and the order, which is confirmed."""
        stock = STOCK.get(self.name)
        ordered = ORDERED if stock is not None else {"BUR": 3}
        policy = str(self.coming("plan_delivery").get("shipping_policy", "each_when_ready"))
        with self.runtime.database.transaction() as session:
            for reference, name in NAMES.items():
                article = Article(reference=reference, **columns(reference, ArticleData(name=name, unit="pièce")))
                session.add(article)
                session.flush()
                there = (stock if stock is not None else ORDERED).get(reference, 0)
                there = min(there, 3) if stock is None else there
                seed_stock(session, article, Decimal(there), Decimal(0), Decimal(0))
        if self.name == "unknown":
            return
        customer = AddCustomer(customer=CustomerData(name="Cabinet Vallier"))
        records.execute(self.runtime.database, add_customer, customer, SYSTEM, now=self.now)
        self.order(policy, ordered)

    def order(self, policy: str, ordered: Mapping[str, int]) -> None:
        """A confirmed order, as it was placed and confirmed by others."""
        wanted_on = date(2026, 11, 26) if self.coming("plan_delivery").get("shipment_on") is not None else None
        order = OrderData(email="achats@vallier.example", shipping_policy=policy, shipment_on=wanted_on)
        lines = tuple(
            Line(article=each, text=NAMES[each], quantity=Decimal(count), unit="pièce")
            for each, count in ordered.items()
        )
        if self.name in EMPTIED:  # an order of nothing would be refused
            lines += (Line(text="Montage", unit="heure", product_type="service"),)
        wanted = orders.AddOrder(customer="CL-2026-00001", order=order, lines=lines, today=self.now.date())
        seller = replace(SYSTEM, roles=frozenset({"sales_admin"}))
        records.execute(self.runtime.database, orders.add_order, wanted, seller, now=self.now)
        with self.runtime.database.transaction() as session:
            row = session.scalars(select(SalesOrder).where(SalesOrder.status == "draft")).one()
            row.status, row.confirmed_at, row.confirmed_by = "confirmed", self.now, "camille"

    def start(self) -> None:
        if self.name == "nothing_left":  # somebody else was faster
            self.begin()
            self.case = 0
        self.case = self.begin()
        if self.name in {
            "given_back",
            "order_changed",
            "changed_while_short",
        }:  # somebody else waits for the same desks
            self.order("all_at_once", {"BUR": 3})
            self.begin(OTHER)

    def begin(self, number: str = NUMBER) -> int:
        answers = {"order_number": number}
        actor = self.actor("camille")
        return self.attempt(lambda: commands.start_instance(self.runtime, actor, "preparation", answers).instance_id)

    def hear(self, step: MessageStep) -> None:
        """The chairs come in, or somebody changes the order on its page."""
        if step.name == "delivery_changed":
            self.revise()
            return super().hear(step)
        with self.runtime.database.transaction() as session:
            chairs = [Wanted(line=1, article="CHA", quantity=Decimal(4))]
            ledger.receive(session, "RC-1", "", chairs, by="bruno", now=self.now)
        return super().hear(step)

    def revise(self) -> None:
        """What of its goods is wanted now."""
        with self.runtime.database.reading() as session:
            order = found_order(session, NUMBER)
        assert order is not None
        lines = tuple(RevisedLine(id=each.id, line=self.wanted_now(each.line)) for each in order.lines)
        given = ReviseOrder(
            number=NUMBER, version=1, lines=lines, extras=order.data.extras, is_acknowledged=False, key="page"
        )
        seller = replace(SYSTEM, roles=frozenset({"sales_admin"}))
        answer = records.execute(self.runtime.database, revise_order, given, seller, now=self.now).answer
        assert answer.to_replan == ("BL-2026-00001",)

    def wanted_now(self, line: Line) -> Line:
        if line.product_type != "product":
            return line
        return replace(line, quantity=Decimal(WANTED.get(self.name, {}).get(line.article, 0)))

    def before(self, step: TaskStep | TimerStep) -> None:
        """Somebody counts the desks while they wait at the door."""
        following = self.following
        if following is not None and following.raises == "stock_insufficient":
            with self.runtime.database.transaction() as session:
                ledger.count(session, "", "BUR", Decimal(2), reason="Inventaire", by="bruno", now=self.now)


@pytest.fixture(scope="module")
def prepared(template_url: str) -> Iterator[Runtime]:
    with house(template_url, "deliveries", ["preparation", "allotment"]) as runtime:
        yield replace(runtime, handlers=TABLE)


@pytest.fixture
def runtime(prepared: Runtime) -> Runtime:
    """Without orders, and nobody who waits: each story begins with the first one."""
    with prepared.database.transaction() as session:
        session.execute(text("TRUNCATE business.customer, business.article, business.number_series CASCADE"))
        session.execute(text("DELETE FROM engine.message"))
        # a case that a story leaves waiting would take what the next one's deliveries of the same number wait for
        session.execute(text("DELETE FROM engine.subscription"))
    return prepared


SAID = ("delivery_number", "readiness", "to_pick", "quantities", "missing", "to_ship", "is_complete", "outcome", "wave")
"""What a case carries at its end, in the story and on the database alike."""


@pytest.mark.parametrize(
    "file",
    [pytest.param(each, marks=() if each.stem in SHORT else pytest.mark.long, id=each.stem) for each in STORIES],
)
def test_each_story_goes_the_same_way_with_real_handlers(file: Path, bundle: Bundle, runtime: Runtime) -> None:
    story = read_story(file.read_bytes(), f"stories/{file.name}")
    report = play(bundle, story, HANDLERS, at)
    assert report.deviations == ()
    told = Preparation(runtime=runtime, story=story, name=file.stem)
    told.go()
    if story.ending.kind == "refused":
        assert (told.case, told.refused) == (0, story.ending.value)
        return
    with runtime.database.reading() as session:
        case = queries.case(session, AUDITOR, told.case)
        found = deliveries.deliveries_of(session, NUMBER)
        delivered = deliveries.is_delivered(session, NUMBER)
        of_case = text("SELECT count(*) FROM business.reservation WHERE document = ANY(:numbers)")
        promised = session.execute(of_case, {"numbers": [each.number for each in found]}).scalar_one()
    assert [each.element_id for each in case.timeline if each.type == "element:entered"] == entered(report)
    assert (case.row.status, case.row.business_key) == ("completed", NUMBER)
    assert report.state is not None
    known = {name: report.state.root_variables.get(name) for name in SAID}
    assert {name: case.variables.get(name) for name in SAID} == known
    assert file.stem == "nothing_left" or promised == 0, "nothing stays promised to a delivery that is over"
    if file.stem not in {"nothing_left", *EMPTIED}:
        assert delivered == (story.ending.value == "shipped")
        assert found[-1].status == {"shipped": "shipped", "cancelled": "cancelled"}[str(story.ending.value)]


def test_what_is_given_back_reaches_a_delivery_that_waits_for_it(runtime: Runtime) -> None:
    """First what was not picked, then what was picked and does not leave."""
    file = FOLDER / "stories" / "given_back.yaml"
    told = Preparation(runtime=runtime, story=read_story(file.read_bytes(), file.name), name=file.stem)
    told.prepare()
    told.start()
    first, other = told.case, told.find("preparation")

    def awaited() -> object:
        assert set(told.open(other)) == {"settle_shortage"}
        with runtime.database.reading() as session:
            return queries.case(session, AUDITOR, other).variables["missing"]

    bruno = told.actor("bruno")
    assert awaited() == "1. 3 pièces · BUR Bureau chêne"
    told.act(first, "pick", bruno, {"outcome": "some", "picked": "1 : 2"})
    assert awaited() == "1. 2 pièces · BUR Bureau chêne"
    told.act(first, "ship", bruno, {"outcome": "cancelled", "reason": "Le camion n’est pas venu"})
    assert set(told.open(other)) == {"pick"}


def test_the_first_delivery_of_a_year_is_numbered_in_it_from_midnight_at_the_company(runtime: Runtime) -> None:
    file = FOLDER / "stories" / "shipped.yaml"
    told = Preparation(runtime=runtime, story=read_story(file.read_bytes(), file.name), name=file.stem)
    told.prepare()
    told.now = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    told.start()
    with runtime.database.reading() as session:
        (found,) = deliveries.deliveries_of(session, NUMBER)
    assert found.number == "BL-2027-00001"


def test_an_arrival_reaches_every_delivery_that_waits_and_the_oldest_takes_first(runtime: Runtime) -> None:
    file = FOLDER / "stories" / "two_waves.yaml"
    told = Preparation(runtime=runtime, story=read_story(file.read_bytes(), file.name), name="given_up")
    told.prepare()
    told.order("each_when_ready", {"CHA": 4})
    cases = told.begin(), told.begin(OTHER)
    with runtime.database.transaction() as session:
        chairs = [Wanted(line=1, article="CHA", quantity=Decimal(5))]
        ledger.receive(session, "RC-1", "", chairs, by="bruno", now=told.now)
        sent = OutgoingMessage(name="goods_received", key="CHA", payload={"article": "CHA"})
        messages.send(session, [sent], told.now, sender="bruno")
    told.work()
    with runtime.database.reading() as session:
        found = [queries.case(session, AUDITOR, each).variables for each in cases]
        allotted = queries.case(session, AUDITOR, told.find("allotment")).row
    assert [each["to_pick"] for each in found] == [
        "2. 4 pièces · CHA Chaise Nuage",
        "1. 1 pièce · CHA Chaise Nuage",
    ]
    assert [each["missing"] for each in found] == ["1. 3 pièces · BUR Bureau chêne", "1. 3 pièces · CHA Chaise Nuage"]
    assert (allotted.status, allotted.business_key) == ("completed", "CHA")
