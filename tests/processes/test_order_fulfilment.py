"""The stories of ``order_fulfilment`` with the real handlers on PostgreSQL, and the real ``preparation`` where they call it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import text

from engine import clock, records
from engine.definitions.store import read_folder
from engine.handler import SYSTEM, Actor, HandlerContext
from engine.instances import commands, queries, telling
from engine.instances.runtime import Runtime
from engine.instances.telling import News
from engine.messages import store as messages
from engine.messages.store import OutgoingMessage
from engine.model.bundle import Bundle, read_bundle
from engine.protocol.events import MessageThrown
from engine.stories import play, read_story
from engine.stories.story import HandlerStep, MessageStep, TaskStep, TimerStep
from handlers.catalogue.commands import columns
from handlers.catalogue.tables import Article
from handlers.catalogue.types import ArticleData
from handlers.customers.commands import AddCustomer, add_customer
from handlers.customers.types import AddressData, CustomerData
from handlers.demonstration.company import seed_company
from handlers.invoices import commands as invoicing
from handlers.invoices import making
from handlers.orders import commands as c
from handlers.orders import queries as orders
from handlers.orders.handlers import order_from_quote
from handlers.orders.steps import Accepted
from handlers.orders.types import OrderData
from handlers.sales import commands as quotes
from handlers.sales import sending
from handlers.sales import store as quote_store
from handlers.sales.handlers import note_answer, submit_quote
from handlers.sales.steps import Noted, Submission
from handlers.sales.types import Line, QuoteData
from handlers.stock import ledger
from handlers.stock.ledger import Wanted
from handlers.table import HANDLERS
from tests.engine.stories.telling import at
from tests.processes.told import AUDITOR, PROCESSES, Told, empty, entered, house, plain, revise

FOLDER: Final = PROCESSES / "order_fulfilment"
STORIES: Final = sorted(FOLDER.glob("stories/*.yaml"))
SHORT: Final = {"in_one_go", "changed_meanwhile", "closed_by_hand", "added_afterwards", "lowered", "vat_refused"}
"""Stories that each check plays; the others say little more, and wait for the long tests."""
NUMBER: Final = "CC-2026-00001"
SARAH: Final = Actor(login="sarah", name="Sarah", roles=frozenset({"sales"}))
CAMILLE: Final = Actor(login="camille", name="Camille", roles=frozenset({"sales_admin"}))
YASMINE: Final = Actor(login="yasmine", name="Yasmine", roles=frozenset({"accounting"}))
BRUNO: Final = Actor(login="bruno", name="Bruno", roles=frozenset({"warehouse"}))


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return read_bundle(read_folder(FOLDER))


@dataclass
class OrderTold(Told):
    """What the story lets ``read_order`` and ``confirm_order`` return says what the order has to be."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.whole = self.story

    def wanted(self) -> dict[str, Any]:
        """What they return next; an order that nobody confirms is as most are."""
        found: dict[str, Any] = {"has_goods": True, "invoicing_policy": "on_order", "closing_rule": "both"}
        for step in reversed(self.steps[self.done :]):
            if isinstance(step, HandlerStep) and step.element == "confirm_order":
                found |= {name: plain(given) for name, given in step.returns.items()}
        return found | dict(self.coming("read_order"))

    def lines(self, wanted: Mapping[str, Any]) -> tuple[Line, ...]:
        """Goods and a service, or a service alone, that cost what the story says."""
        net = Decimal(str(wanted["net"]))
        goods = net * 4 / 5 if wanted["has_goods"] else Decimal(0)
        service = Line(text="Montage", unit="forfait", unit_price=net - goods, product_type="service")
        desks = Line(article="BUR", text="Bureau", quantity=Decimal(4), unit="pièce", unit_price=goods / 4)
        return (desks, service) if wanted["has_goods"] else (service,)

    def data(self, wanted: Mapping[str, Any]) -> OrderData:
        day = wanted["shipment_on"]
        return OrderData(
            subject="Mobilier",
            email="achats@vallier.example",
            shipment_on=None if day is None else date(2026, 12, 4),
            invoicing_policy=wanted["invoicing_policy"],
            closing_rule=wanted["closing_rule"],
        )

    def prepare(self) -> None:
        wanted, database = self.wanted(), self.runtime.database
        address = AddressData(street="12 rue des Salines", postal_code="39000", city="Lons")
        customer = AddCustomer(customer=CustomerData(name="Cabinet Vallier", siren="552100554"), address=address)
        records.execute(database, add_customer, customer, SYSTEM, now=self.now)
        with database.transaction() as session:
            article = ArticleData(name="Bureau", unit="pièce")
            session.add(Article(reference="BUR", **columns("BUR", article)))
        if not wanted["missing_articles"]:
            self.fill_stock()
        if wanted["is_from_quote"]:
            self.accept_quote(wanted)
            self.change(wanted)
            if wanted.get("vat_refusal"):
                self.lose_number()
        else:
            order, day = self.data(wanted), self.now.date()
            given = c.AddOrder(customer="CL-2026-00001", order=order, lines=self.lines(wanted), today=day)
            records.execute(database, c.add_order, given, SARAH, now=self.now)

    def fill_stock(self) -> None:
        with self.runtime.database.transaction() as session:
            ledger.count(session, "", "BUR", Decimal(50), reason="Inventaire", by="bruno", now=self.now)

    def accept_quote(self, wanted: Mapping[str, Any]) -> None:
        """What ``quote_acceptance`` does."""
        day = self.now.date()
        offer = QuoteData(subject="Mobilier", email="achats@vallier.example", valid_until=date(2026, 12, 23))
        given = quotes.AddQuote(customer="CL-2026-00001", quote=offer, lines=self.lines(wanted), today=day)
        number = records.execute(self.runtime.database, quotes.add_quote, given, SARAH, now=self.now).answer
        with self.runtime.database.transaction() as session:
            context = HandlerContext(
                session=session,
                actor=SARAH,
                business_key=number,
                attempt=1,
                idempotency_key="1:make_order",
                now=self.now,
                starter="sarah",
            )
            submit_quote.run(Submission(quote=number, today=day), context)
            sending.mark_sent(session, *quote_store.lock(session, number), self.now)
            noted = Noted(quote_number=number, version=1, answer="accepted", noted_by="sarah")
            note_answer.run(noted, context)
            order_from_quote.run(Accepted(quote_number=number, version=1, today=day), context)

    def change(self, wanted: Mapping[str, Any], *, is_emptied: bool = False) -> None:
        lines = () if is_emptied else self.lines(wanted)
        change = c.ChangeOrder(number=NUMBER, order=self.data(wanted), lines=lines, today=self.now.date())
        records.execute(self.runtime.database, c.change_order, change, CAMILLE, now=self.now)

    def lose_number(self) -> None:
        """It was sold without VAT to a business of another member state, whose number is not on record any more."""
        with self.runtime.database.transaction() as session:
            session.execute(text("UPDATE business.sales_order SET fiscal_position = 'intra_eu'"))

    def start(self) -> None:
        news = News(name="order_placed", key=NUMBER, payload={"order_number": NUMBER})
        with self.runtime.database.transaction() as session:
            order = orders.find_order(session, NUMBER)
            assert order is not None
            if order.placed_at is not None:  # the quote's case has placed it
                messages.send(
                    session,
                    [OutgoingMessage(name=news.name, key=news.key, payload=news.payload)],
                    self.now,
                    sender="system",
                )
        if order.placed_at is None:
            telling.execute(
                self.runtime.database, c.place_order, c.PlaceOrder(number=NUMBER), SARAH, news, now=self.now
            )
        self.work()
        self.case = self.find("order_fulfilment")

    def before(self, step: TaskStep | TimerStep) -> None:
        match self.following and self.following.raises:
            case "order_changed":
                self.change(self.wanted())
            case "order_empty":
                order = {"shipment_on": None, "invoicing_policy": "on_order", "closing_rule": "both"}
                self.change(order, is_emptied=True)

    def handle(self, step: HandlerStep) -> None:
        """The called process: the warehouse does its tasks."""
        if step.element not in {"prepare_goods", "prepare_rest"}:
            return
        child = self.find("preparation")
        if step.returns["outcome"] == "cancelled":
            self.act(child, "pick", BRUNO, {"outcome": "cancelled", "reason": "Pas de camion"})
            return
        if (
            step.returns["outcome"] == "nothing_left"
        ):  # nothing of it is wanted any more, and a service once more than that
            revise(self, NUMBER, {"Montage": Decimal(2)})
            self.send("delivery_changed", "BL-2026-00001")
            return
        if "settle_shortage" in self.open(child):
            self.fill_stock()
            self.act(child, "settle_shortage", CAMILLE, {"next": "again"})
        self.act(child, "pick", BRUNO, {"outcome": "all"})
        if step.element == "prepare_goods" and self.awaits("addition_over"):
            self.ship_and_add(child)
        else:
            self.act(child, "ship", BRUNO, {"outcome": "shipped"})
        assert self.refused is None

    def awaits(self, message: str) -> bool:
        """Whether the story tells of this message."""
        return any(isinstance(each, MessageStep) and each.name == message for each in self.whole.steps)

    def ship_and_add(self, child: int) -> None:
        """All leaves; before the worker has told the order so, a desk more is wanted, and prepared elsewhere."""
        task = self.open(child)["ship"]
        with clock.frozen(self.now):
            commands.complete_task(self.runtime, BRUNO, task.id, {"outcome": "shipped"})
        late = self.queued()
        revise(self, NUMBER, {"Bureau": Decimal(5)})
        assert self.find("preparation") != child
        self.perform(late)
        self.work()

    def send(self, name: str, key: str) -> None:
        with self.runtime.database.transaction() as session:
            messages.send(session, [OutgoingMessage(name=name, key=key, payload={})], self.now, sender="camille")
        self.work()

    def hear(self, step: MessageStep) -> None:
        match step.name:
            case "addition_over":  # from its own case: the warehouse cancels what was added
                self.act(self.find("preparation"), "pick", BRUNO, {"outcome": "cancelled", "reason": "Pas de camion"})
            case (
                "order_all_invoiced"
            ):  # from the case of a change: first no goods are wanted any more, then one service less
                is_first = "ask_invoice" in self.open(self.case)
                revise(self, NUMBER, {"Bureau": Decimal(0)} if is_first else {"Montage": Decimal(1)})
            case "order_close_asked":
                self.close(step)
            case _:  # from the process of invoices
                if step.name == "invoice_validated":
                    self.invoice(is_all=bool(plain(step.payload["is_fully_invoiced"])))
                super().hear(step)

    def invoice(self, *, is_all: bool) -> None:
        """What accounting makes of it: of all that is left a draft; of services, where the rest is not wanted later, an invoice."""
        if not is_all and not self.awaits("order_all_invoiced"):
            return
        asked, today = making.Asked(what="remaining" if is_all else "services"), self.now.date()
        with self.runtime.database.transaction() as session:
            made = making.draft(session, NUMBER, asked, key=None, asked_by="camille", now=self.now, by="camille")
            draft, total = made.id, made.total
        if not is_all:
            sealed = invoicing.Seal(invoice=str(draft), total=total, today=today, validated_by="yasmine")
            records.execute(self.runtime.database, invoicing.seal, sealed, YASMINE, now=self.now)

    def close(self, step: MessageStep) -> None:
        if self.coming("drop_deliveries")["freed"]:  # somebody else wants more desks than there are
            with self.runtime.database.transaction() as session:
                desks = [Wanted(line=1, article="BUR", quantity=Decimal(60))]
                ledger.reserve(session, "BL-2026-00099", "", desks, by="bruno", now=self.now)
        given = c.AskClose(number=NUMBER, reason=step.payload["reason"])
        news = News(name=step.name, key=NUMBER, payload={"reason": given.reason})
        done = telling.execute(self.runtime.database, c.ask_close, given, CAMILLE, news, now=self.now)
        assert done.answer is True, "a case waits for it"
        self.work()


@pytest.fixture(scope="module")
def published(template_url: str) -> Iterator[Runtime]:
    """What calls, what is called, and what tells it of changes; invoices are asked for, and nobody makes any."""
    with house(template_url, "orders", ("preparation", "order_fulfilment", "order_change")) as runtime:
        with runtime.database.transaction() as session:
            seed_company(session)
        yield runtime


@pytest.fixture
def runtime(published: Runtime) -> Runtime:
    """Without an order, or a case that waits for news of it: each story begins with the first one."""
    tables = ("delivery", "sales_order", "quote", "customer", "article", "number_series", "invoice")
    with published.database.transaction() as session:
        empty(session, *tables)
        session.execute(text("DELETE FROM engine.message"))
        session.execute(text("DELETE FROM engine.letter"))
        session.execute(text("DELETE FROM engine.subscription"))
    return published


@pytest.mark.parametrize(
    "file",
    [pytest.param(each, marks=() if each.stem in SHORT else pytest.mark.long, id=each.stem) for each in STORIES],
)
def test_each_story_goes_the_same_way_with_real_handlers(file: Path, bundle: Bundle, runtime: Runtime) -> None:
    story = read_story(file.read_bytes(), f"stories/{file.name}")
    report = play(bundle, story, HANDLERS, at)
    assert report.deviations == ()
    told = OrderTold(runtime=runtime, story=story)
    told.go()
    with runtime.database.reading() as session:
        case = queries.case(session, AUDITOR, told.case)
        order = orders.find_order(session, NUMBER)
        wanted = session.execute(
            text(
                "SELECT correlation_key, payload::jsonb AS told FROM engine.message WHERE name = 'invoice_wanted' ORDER BY id"
            )
        ).all()
        letters = session.execute(text("SELECT subject, to_address FROM engine.letter ORDER BY id")).all()
    assert [each.element_id for each in case.timeline if each.type == "element:entered"] == entered(report)
    assert (case.row.status, case.row.business_key) == (
        "active" if story.ending.kind == "waiting" else "completed",
        NUMBER,
    )
    assert report.state is not None
    shared = ("net", "total", "confirmation", "proposed_invoice", "missing_articles", "round", "order_status", "seller")
    named = {name: case.variables.get(name) for name in shared}
    assert named == {name: report.state.root_variables.get(name) for name in named}
    assert order is not None
    ends = {"waiting": "draft", "cancelled": "cancelled"}
    assert order.status == ends.get(story.ending.kind, ends.get(str(story.ending.value), "closed"))
    if order.status == "closed":
        assert order.closed_because == (case.variables.get("close_reason") or "")
    thrown = [each for each in report.events if isinstance(each, MessageThrown) and each.name == "invoice_wanted"]
    assert [(each.correlation_key, each.told["what"]) for each in wanted] == [
        (each.key, each.payload["what"]) for each in thrown
    ]
    acknowledged = [each.to_address for each in letters if each.subject.startswith("Accusé de réception")]
    assert acknowledged == (["achats@vallier.example"] if order.confirmed_at else [])


def test_an_order_wakes_only_when_its_own_addition_is_over(runtime: Runtime) -> None:
    file = FOLDER / "stories" / "added_afterwards.yaml"
    story = read_story(file.read_bytes(), file.name)
    told = OrderTold(runtime=runtime, story=story)
    end = next(place for place, step in enumerate(story.steps) if isinstance(step, TimerStep))
    told.story = replace(story, steps=story.steps[:end])
    told.go()

    def read() -> int:
        with runtime.database.reading() as session:
            case = queries.case(session, AUDITOR, told.case)
        return sum(each.type == "element:entered" and each.element_id == "read_rest" for each in case.timeline)

    before = read()
    told.send("addition_over", "CC-2026-00002")
    assert read() == before
    told.send("addition_over", NUMBER)
    assert read() == before + 1
