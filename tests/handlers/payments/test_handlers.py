"""What processes ask about money: what is left of an invoice, and reminders to those who receive invoices."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from engine import records
from engine.database.session import Database
from engine.handler import Actor, HandlerContext
from handlers.customers.commands import SaveContact, save_contact
from handlers.customers.types import ContactData
from handlers.payments import commands as c
from handlers.payments.handlers import read_invoice, remind_customer
from handlers.payments.steps import OfInvoice, Owed, Reminder
from handlers.payments.types import PaymentData
from tests.handlers.payments.conftest import CUSTOMER, NOW, TODAY, YASMINE, InvoiceMaker


def context_of(session: Session, invoice: str, key: str) -> HandlerContext:
    return HandlerContext(
        session=session,
        actor=Actor(login="yasmine", name="Yasmine"),
        business_key=invoice,
        attempt=1,
        idempotency_key=key,
        now=NOW,
        starter="yasmine",
    )


def remind(database: Database, invoice: str, key: str) -> None:
    with database.transaction() as session:
        given = Reminder(invoice_number=invoice, level="friendly")
        remind_customer.run(given, context_of(session, invoice, key))


def letters(database: Database) -> list[str]:
    with database.reading() as session:
        return [
            str(each) for each in session.execute(text("SELECT to_address FROM engine.letter ORDER BY id")).scalars()
        ]


def left(database: Database, invoice: str) -> Owed:
    with database.transaction() as session:
        found: Owed = read_invoice.run(OfInvoice(invoice_number=invoice), context_of(session, invoice, "read"))
    return found


def test_a_reminder_goes_to_those_who_receive_invoices_while_something_is_left(
    books: Database, invoice: InvoiceMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.invoices.printing.attachment", lambda *_: None)  # drawn where invoices are tried
    number = invoice(normal="100")
    remind(books, number, "first")
    assert letters(books) == [], "nobody is known who could get it"
    for name, receives in (("Marie", ("invoices",)), ("Luc", ("quotes",)), ("Paul", ("orders", "invoices"))):
        contact = ContactData(name=name, email=f"{name.lower()}@vallier.example", receives=receives)
        records.execute(books, save_contact, SaveContact(number=CUSTOMER, contact_id=None, contact=contact), YASMINE)
    for _ in range(2):
        remind(books, number, "second")
    assert letters(books) == ["marie@vallier.example", "paul@vallier.example"]
    assert left(books, number) == Owed(is_settled=False, open_amount=Decimal(120), is_consumer=False)
    money = PaymentData(received_on=TODAY, amount=Decimal(120))
    given = c.RecordPayment(customer=CUSTOMER, payment=money, key="k", today=TODAY)
    records.execute(books, c.record_payment, given, YASMINE, now=NOW)
    remind(books, number, "third")
    assert len(letters(books)) == 2
    assert left(books, number) == Owed(is_settled=True, open_amount=Decimal(0), is_consumer=False)
