"""The stories of ``invoicing`` with the real handlers on PostgreSQL: orders, invoices and payments are what the stories say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
from sqlalchemy import text

from engine import clock, records
from engine.definitions.store import read_folder
from engine.handler import SYSTEM, Actor
from engine.instances import commands, queries, telling
from engine.instances.runtime import Runtime
from engine.instances.telling import News
from engine.messages import store as messages
from engine.messages.store import OutgoingMessage
from engine.model.bundle import Bundle, read_bundle
from engine.protocol.events import MessageThrown
from engine.records.queries import noted
from engine.stories import play, read_story
from engine.stories.story import MessageStep
from handlers.customers.commands import AddCustomer, add_customer
from handlers.customers.types import AddressData, CustomerData
from handlers.demonstration.company import seed_company
from handlers.invoices import commands as c
from handlers.invoices import making, verifying
from handlers.invoices import queries as invoices
from handlers.invoices.making import Asked
from handlers.orders import commands as orders
from handlers.orders.types import OrderData
from handlers.payments import commands as payments
from handlers.payments.types import PaymentData
from handlers.sales.types import Line
from handlers.table import HANDLERS
from tests.engine.stories.telling import at
from tests.processes.told import AUDITOR, PROCESSES, Told, empty, entered, house, plain
from web.payments.telling import invoices_owed_again

FOLDER: Final = PROCESSES / "invoicing"
STORIES: Final = sorted(FOLDER.glob("stories/*.yaml"))
SHORT: Final = {"paid", "credited", "payment_taken_back"}
"""Stories that each check plays; the others say little more, and wait for the long tests."""
NUMBER: Final = "CC-2026-00001"
FIRST: Final = "FA-2026-00001"
SARAH: Final = Actor(login="sarah", name="Sarah", roles=frozenset({"sales"}))
YASMINE: Final = Actor(login="yasmine", name="Yasmine", roles=frozenset({"accounting"}))


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return read_bundle(read_folder(FOLDER))


@dataclass
class InvoiceTold(Told):
    """What the story lets ``draft_invoice`` return says what the order has to be."""

    @property
    def asked(self) -> dict[str, Any]:
        return {name: plain(each) for name, each in (self.story.start.variables or {}).items()}

    def lines(self) -> tuple[Line, ...]:
        """Goods and a service; the part that the story asks for costs what its draft says."""
        what, net = self.asked.get("what", "remaining"), Decimal(str(self.coming("draft_invoice").get("net", 1000)))
        goods, services = {
            "percent": (net, net),  # a half of each
            "services": (Decimal(100), net),
            "products": (net, Decimal(200)),
        }.get(what, (net, Decimal(0)))
        desks = Line(text="Bureau", quantity=Decimal(4), unit="pièce", unit_price=goods / 4)
        fitting = Line(text="Montage", unit="forfait", unit_price=services, product_type="service")
        return (desks, fitting) if services else (desks,)

    def prepare(self) -> None:
        database, address = (
            self.runtime.database,
            AddressData(street="12 rue des Salines", postal_code="39000", city="Lons"),
        )
        is_consumer = self.coming("read_settlement").get("is_consumer", False)
        customer = CustomerData(
            name="Cabinet Vallier", is_company=not is_consumer, siren="" if is_consumer else "552100554"
        )
        records.execute(database, add_customer, AddCustomer(customer=customer, address=address), SYSTEM, now=self.now)
        is_part, closes = self.asked.get("what") == "percent", self.coming("read_order").get("is_order_paid", True)
        # what is paid as a whole and closes nothing: of an order that does not wait for it
        rule = "paid" if closes or is_part else "both"
        data = OrderData(subject="Mobilier", email="achats@vallier.example", closing_rule=rule)
        given = orders.AddOrder(customer="CL-2026-00001", order=data, lines=self.lines(), today=self.now.date())
        assert records.execute(database, orders.add_order, given, SARAH, now=self.now).answer == NUMBER
        if self.coming("judge_draft").get("complaint"):
            with database.transaction() as session:  # a number that no country has: no form of ours takes it
                session.execute(
                    text("UPDATE business.sales_order SET party = jsonb_set(party, '{vat_number}', '\"??1\"')")
                )
        is_over = self.following is not None and self.following.raises == "order_not_invoiceable"
        with database.transaction() as session:
            session.execute(
                text(
                    "UPDATE business.sales_order SET status = 'confirmed', confirmed_at = created_at, confirmed_by = 'c'"
                )
            )
            if is_over:
                session.execute(
                    text(
                        "UPDATE business.sales_order SET status = 'closed', closed_at = created_at, closed_because = 'x'"
                    )
                )

    def start(self) -> None:
        if "invoice_id" in self.asked:
            self.credit()
        elif "invoice_number" in self.asked:
            self.invoice()
            self.take_back()
        else:
            with self.runtime.database.transaction() as session:
                sent = OutgoingMessage(name="invoice_wanted", key=f"{NUMBER}/1", payload=self.asked)
                messages.send(session, [sent], self.now, sender="system")
        self.work()
        with self.runtime.database.reading() as session:
            self.case = int(session.execute(text("SELECT max(id) FROM engine.instance")).scalar_one())

    def take_back(self) -> None:
        """The customer pays all, and the bank takes it back: what accounting does on the page of the payment."""
        database, today = self.runtime.database, self.now.date()
        with database.reading() as session:
            view = invoices.find_invoice(session, FIRST)
        assert view is not None
        money = PaymentData(received_on=today, amount=view.totals.total)
        paid = payments.RecordPayment(customer="CL-2026-00001", payment=money, key=str(uuid4()), today=today)
        number = records.execute(database, payments.record_payment, paid, YASMINE, now=self.now).key
        back = payments.ReversePayment(number=number, because="Sans provision", on=today, today=today)
        telling.execute(database, payments.reverse_payment, back, YASMINE, invoices_owed_again, now=self.now)

    def invoice(self) -> None:
        """An invoice that went out."""
        database, today = self.runtime.database, self.now.date()
        with database.transaction() as session:
            made = making.draft(
                session, NUMBER, Asked(what="remaining"), key=None, asked_by="camille", now=self.now, by="camille"
            )
            draft, total = made.id, made.total
        sealed = c.Seal(invoice=str(draft), total=total, today=today, validated_by="yasmine")
        records.execute(database, c.seal, sealed, YASMINE, now=self.now)

    def credit(self) -> None:
        """An invoice that went out, and what accounting does on its page."""
        self.invoice()
        database, today = self.runtime.database, self.now.date()
        with database.reading() as session:
            view = invoices.find_invoice(session, FIRST)
        assert view is not None
        all_of = tuple(c.Quantity(line=each.id, quantity=each.line.quantity) for each in view.lines)
        if self.coming("set_off_credit").get("is_settled") is False:
            money = PaymentData(received_on=today, amount=view.totals.total)
            paid = payments.RecordPayment(customer="CL-2026-00001", payment=money, key="0", today=today)
            records.execute(database, payments.record_payment, paid, YASMINE, now=self.now)
        given = c.AddCreditNote(invoice=FIRST, quantities=all_of, reason="Rayé", is_reinvoiceable=False)

        def news(done: Any) -> list[News]:
            return [News(name="credit_note_wanted", key=str(done.answer), payload={"invoice_id": Decimal(done.answer)})]

        telling.execute(database, c.add_credit_note, given, YASMINE, news, now=self.now)

    def hear(self, step: MessageStep) -> None:
        """The customer pays all that is left, and accounting records it; or it changes the draft, of which it takes one desk."""
        database = self.runtime.database
        if step.name == "draft_changed":
            with database.reading() as session:
                draft = invoices.find_invoice(session, 1)
            assert draft is not None
            three = tuple(c.Quantity(line=each.order_line_id or 0, quantity=Decimal(3)) for each in draft.lines)
            change = c.ChangeDraft(invoice="1", quantities=three)
            telling.execute(database, c.change_draft, change, YASMINE, News(name=step.name, key="1"), now=self.now)
            self.work()
            return
        if step.name == "invoice_reopened":
            self.take_back()
            self.work()
            return
        with database.reading() as session:
            view = invoices.find_invoice(session, FIRST)
        assert view is not None
        today = self.now.date()
        money = PaymentData(received_on=today, amount=view.totals.total)
        given = payments.RecordPayment(customer="CL-2026-00001", payment=money, key="1", today=today)
        telling.execute(
            database, payments.record_payment, given, YASMINE, News(name="invoice_paid", key=FIRST), now=self.now
        )
        self.work()


@pytest.fixture(scope="module")
def published(template_url: str) -> Iterator[Runtime]:
    with house(template_url, "invoices", ("invoicing",)) as runtime:
        with runtime.database.transaction() as session:
            seed_company(session)
        yield runtime


@pytest.fixture
def runtime(published: Runtime) -> Runtime:
    """Without an order: each story begins with the first one."""
    tables = ("sales_order", "customer", "number_series", "invoice", "payment", "printed_document")
    with published.database.transaction() as session:
        empty(session, *tables)
        session.execute(text("ALTER TABLE engine.record_event DISABLE TRIGGER USER"))
        session.execute(text("DELETE FROM engine.record_event WHERE kind = 'invoice'"))
        session.execute(text("DELETE FROM engine.record_chain WHERE kind = 'invoice'"))
        session.execute(text("ALTER TABLE engine.record_event ENABLE TRIGGER USER"))
        session.execute(text("ALTER TABLE engine.record_event ENABLE ALWAYS TRIGGER record_event_only_grows"))
        for table in ("message", "letter", "subscription"):
            session.execute(text(f"DELETE FROM engine.{table}"))
        # a case that a test leaves behind would follow the invoice of the same number
        session.execute(text("UPDATE engine.instance SET business_key = NULL"))
    return published


LETTERS: Final = {
    "send_invoice": "Facture FA-2026-00001",
    "send_credit_note": "Avoir FA-2026-00002",
    "remind_customer": ("Facture FA-2026-00001 : un oubli", "Deuxième relance", "Mise en demeure"),
}
"""What customers get; nobody of ours has an address here."""


@pytest.mark.parametrize(
    "file",
    [pytest.param(each, marks=() if each.stem in SHORT else pytest.mark.long, id=each.stem) for each in STORIES],
)
def test_each_story_goes_the_same_way_with_real_handlers(file: Path, bundle: Bundle, runtime: Runtime) -> None:
    story = read_story(file.read_bytes(), f"stories/{file.name}")
    report = play(bundle, story, HANDLERS, at)
    assert report.deviations == ()
    told = InvoiceTold(runtime=runtime, story=story)
    told.go()
    path = entered(report)
    with runtime.database.reading() as session:
        case = queries.case(session, AUDITOR, told.case)
        subjects = list(session.execute(text("SELECT subject FROM engine.letter ORDER BY id")).scalars())
        sent = session.execute(
            text("SELECT name, correlation_key FROM engine.message WHERE name LIKE '%\\_%' ORDER BY id")
        )
        told_of = {"invoice_validated", "order_paid", *(["invoice_paid"] if "told_invoice" in path else [])}
        thrown = [(name, key) for name, key in sent if name in told_of]
        papers = session.execute(text("SELECT number FROM business.printed_document")).scalars().all()
        view = invoices.find_invoice(session, str(case.variables.get("invoice_number") or ""))
        assert verifying.verify(session, noted).broken == ()
    assert [each.element_id for each in case.timeline if each.type == "element:entered"] == path
    assert case.row.status == "completed"
    assert report.state is not None
    shared = (
        "net",
        "total",
        "kind",
        "invoice_number",
        "issued_on",
        "due_on",
        "is_fully_invoiced",
        "open_amount",
        "reminders",
    )
    named = {name: case.variables.get(name) for name in shared}
    assert named == {name: report.state.root_variables.get(name) for name in named}
    assert thrown == [(each.name, each.key) for each in report.events if isinstance(each, MessageThrown)]
    lettered = [each for each in path if each in LETTERS]
    assert len(subjects) == len(lettered)
    for subject, element in zip(subjects, lettered, strict=True):
        assert subject.replace("\xa0", " ").startswith(LETTERS[element])
    assert set(papers) == ({named["invoice_number"]} if named["invoice_number"] else set())
    assert case.row.business_key == named["invoice_number"]
    if view is not None and "invoice_number" not in told.asked:
        assert view.case_id == told.case


def test_no_second_case_begins_while_that_of_an_invoice_is_held_up(runtime: Runtime) -> None:
    """Its mail does not go out; meanwhile the customer pays, and the bank takes the money back, twice: one case follows it all the same."""
    file = FOLDER / "stories" / "paid.yaml"
    story = read_story(file.read_bytes(), file.name)
    told = InvoiceTold(runtime=runtime, story=story)
    told.prepare()
    told.start()
    task = told.open(told.case)["validate_draft"]
    with clock.frozen(told.now):
        commands.complete_task(runtime, YASMINE, task.id, {"decision": "validate", "terms": "30_days"})
    held_up = told.queued()
    told.take_back()
    told.take_back()
    told.work()
    told.perform(held_up)
    told.work()
    with runtime.database.reading() as session:
        of_invoice = text(
            "SELECT id FROM engine.instance WHERE process_key = 'invoicing' AND business_key = :number AND status = 'active'"
        )
        cases = session.execute(of_invoice, {"number": FIRST}).scalars().all()
        awaited = text(
            "SELECT count(*) FROM engine.subscription WHERE name = 'invoice_paid' AND correlation_key = :number"
        )
        assert session.execute(awaited, {"number": FIRST}).scalar_one() == 1
    assert cases == [told.case]


def test_one_case_follows_what_is_taken_back_twice_at_once(runtime: Runtime) -> None:
    """The worker has not begun the case of the first reversal when the second one comes."""
    file = FOLDER / "stories" / "payment_taken_back.yaml"
    told = InvoiceTold(runtime=runtime, story=read_story(file.read_bytes(), file.name))
    told.prepare()
    told.invoice()
    told.take_back()
    told.take_back()
    told.work()
    with runtime.database.reading() as session:
        waiting = session.execute(
            text("SELECT count(*) FROM engine.subscription WHERE correlation_key = :number AND name = 'invoice_paid'"),
            {"number": FIRST},
        )
        assert waiting.scalar_one() == 1
