"""The stories of ``order_change`` with the real handlers on PostgreSQL, and the real ``preparation`` where they call it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import text

from engine import records
from engine.definitions.store import read_folder
from engine.handler import SYSTEM, Actor
from engine.instances import commands, queries
from engine.instances.runtime import Runtime
from engine.model.bundle import Bundle, read_bundle
from engine.protocol.events import MessageThrown
from engine.stories import play, read_story
from engine.stories.story import HandlerStep
from handlers.catalogue.commands import columns
from handlers.catalogue.tables import Article
from handlers.catalogue.types import ArticleData
from handlers.customers.commands import AddCustomer, add_customer
from handlers.customers.types import AddressData, CustomerData
from handlers.demonstration.company import seed_company
from handlers.invoices import commands as invoicing
from handlers.invoices import making
from handlers.orders import commands as c
from handlers.orders.types import OrderData
from handlers.payments import commands as payments
from handlers.payments.types import PaymentData
from handlers.sales.types import Line
from handlers.stock import ledger
from handlers.table import HANDLERS
from tests.engine.stories.telling import at
from tests.processes.told import AUDITOR, EDITOR, PROCESSES, Told, empty, entered, house, revise

FOLDER: Final = PROCESSES / "order_change"
STORIES: Final = sorted(FOLDER.glob("stories/*.yaml"))
NUMBER: Final = "CC-2026-00001"
BRUNO: Final = Actor(login="bruno", name="Bruno", roles=frozenset({"warehouse"}))
YASMINE: Final = Actor(login="yasmine", name="Yasmine", roles=frozenset({"accounting"}))


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return read_bundle(read_folder(FOLDER))


@dataclass
class ChangeTold(Told):
    """A confirmed order of four desks; the change makes five of them, or leaves the two that are invoiced."""

    name: str

    @property
    def is_lowered(self) -> bool:
        return self.name.startswith("lowered")

    def prepare(self) -> None:
        database, today = self.runtime.database, self.now.date()
        address = AddressData(street="12 rue des Salines", postal_code="39000", city="Lons")
        customer = AddCustomer(customer=CustomerData(name="Cabinet Vallier", siren="552100554"), address=address)
        records.execute(database, add_customer, customer, SYSTEM, now=self.now)
        with database.transaction() as session:
            session.add(Article(reference="BUR", **columns("BUR", ArticleData(name="Bureau", unit="pièce"))))
            session.flush()
            ledger.count(session, "", "BUR", Decimal(50), reason="Inventaire", by="bruno", now=self.now)
        desks = Line(article="BUR", text="Bureau", quantity=Decimal(4), unit="pièce", unit_price=Decimal(582))
        data = OrderData(email="achats@vallier.example", closing_rule="paid")
        given = c.AddOrder(customer="CL-2026-00001", order=data, lines=(desks,), today=today)
        records.execute(database, c.add_order, given, EDITOR, now=self.now)
        confirm = text("UPDATE business.sales_order SET status = 'confirmed', confirmed_at = now(), confirmed_by = 'c'")
        with database.transaction() as session:
            session.execute(confirm)
        begin = {"order_number": NUMBER}
        delivery = self.attempt(lambda: commands.start_instance(self.runtime, EDITOR, "preparation", begin).instance_id)
        if self.name == "added":  # all of it has left
            self.act(delivery, "pick", BRUNO, {"outcome": "all"})
            self.act(delivery, "ship", BRUNO, {"outcome": "shipped"})
        if self.is_lowered:
            self.invoice_half()

    def invoice_half(self) -> None:
        """Two desks are invoiced; where the story says so, they are paid."""
        database, today = self.runtime.database, self.now.date()
        asked = making.Asked(what="percent", percent=Decimal(50))
        with database.transaction() as session:
            made = making.draft(session, NUMBER, asked, key=None, asked_by="camille", now=self.now, by="camille")
            draft, total = made.id, made.total
        sealed = invoicing.Seal(invoice=str(draft), total=total, today=today, validated_by="yasmine")
        records.execute(database, invoicing.seal, sealed, YASMINE, now=self.now)
        if self.coming("read_payments")["is_order_paid"]:
            money = PaymentData(received_on=today, amount=total)
            paid = payments.RecordPayment(customer="CL-2026-00001", payment=money, key="0", today=today)
            records.execute(database, payments.record_payment, paid, YASMINE, now=self.now)

    def start(self) -> None:
        assert self.story.start.variables is not None
        told = self.story.start.variables["is_acknowledged"] is True
        revise(self, NUMBER, {"Bureau": Decimal(2 if self.is_lowered else 5)}, is_acknowledged=told)
        self.case = self.find("order_change")

    def handle(self, step: HandlerStep) -> None:
        """The called process: the warehouse does its tasks."""
        if step.element != "prepare_addition":
            return
        child = self.find("preparation")
        if step.returns["outcome"] == "cancelled":
            self.act(child, "pick", BRUNO, {"outcome": "cancelled", "reason": "Pas de camion"})
        else:
            self.act(child, "pick", BRUNO, {"outcome": "all"})
            self.act(child, "ship", BRUNO, {"outcome": "shipped"})
        assert self.refused is None


@pytest.fixture(scope="module")
def published(template_url: str) -> Iterator[Runtime]:
    with house(template_url, "changes", ("preparation", "order_change")) as runtime:
        with runtime.database.transaction() as session:
            seed_company(session)
        yield runtime


@pytest.fixture
def runtime(published: Runtime) -> Runtime:
    """Without an order: each story begins with the first one."""
    with published.database.transaction() as session:
        empty(session, "delivery", "sales_order", "customer", "article", "number_series", "invoice", "payment")
        for table in ("message", "letter", "subscription"):
            session.execute(text(f"DELETE FROM engine.{table}"))
    return published


@pytest.mark.parametrize("file", STORIES, ids=lambda each: each.stem)
def test_each_story_goes_the_same_way_with_real_handlers(file: Path, bundle: Bundle, runtime: Runtime) -> None:
    story = read_story(file.read_bytes(), f"stories/{file.name}")
    report = play(bundle, story, HANDLERS, at)
    assert report.deviations == ()
    told = ChangeTold(runtime=runtime, story=story, name=file.stem)
    told.go()
    with runtime.database.reading() as session:
        case = queries.case(session, AUDITOR, told.case)
        sent = text("SELECT name, correlation_key FROM engine.message WHERE sender_instance_id = :case ORDER BY id")
        thrown = [(name, key) for name, key in session.execute(sent, {"case": told.case})]
        asked = text("SELECT count(*) FROM engine.letter WHERE subject LIKE '%a été modifiée%'")
        acknowledged = session.execute(asked).scalar_one()
    assert [each.element_id for each in case.timeline if each.type == "element:entered"] == entered(report)
    assert case.row.status == "completed"
    assert report.state is not None
    shared = ("total", "is_added", "bills_left", "is_order_paid", "is_shipped", "version")
    named = {name: case.variables.get(name) for name in shared}
    assert named == {name: report.state.root_variables.get(name) for name in named}
    assert thrown == [(each.name, each.key) for each in report.events if isinstance(each, MessageThrown)]
    assert acknowledged == ("acknowledge_change" in entered(report))
