"""A customer with validated invoices, as rows: how an invoice comes to be is tried with the invoices."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from engine import records
from engine.database.session import Database
from engine.handler import Actor
from handlers.base.money import to_cents
from handlers.base.rows import words
from handlers.customers.commands import AddCustomer, add_customer
from handlers.customers.tables import Customer
from handlers.customers.types import CustomerData
from handlers.invoices.tables import Invoice, InvoiceLine, InvoiceRate

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
TODAY = date(2026, 11, 23)
YASMINE = Actor(login="yasmine", name="Yasmine", roles=frozenset({"accounting"}))
SARAH = Actor(login="sarah", name="Sarah", roles=frozenset({"sales"}))
CUSTOMER = "CL-2026-00001"
RATES = {"normal": Decimal("0.2"), "intermediate": Decimal("0.1"), "reduced": Decimal("0.055")}

PLACES = {"siren": "", "vat_number": "", "billing": None, "shipping": None}

InvoiceMaker = Callable[..., str]


def validated(
    session: Session,
    bases: dict[str, str],
    *,
    customer: str = CUSTOMER,
    corrects: str | None = None,
    issued_on: date = date(2026, 11, 2),
    days: int = 30,
) -> str:
    """The number of a new validated invoice, or of a credit note where it ``corrects`` one. ``bases``: before tax, by name of the rate."""
    rates = {name: (Decimal(base), to_cents(Decimal(base) * RATES[name])) for name, base in bases.items()}
    net, tax = (sum((each[at] for each in rates.values()), Decimal(0)) for at in (0, 1))
    count = (session.scalar(select(func.max(Invoice.sequence))) or 0) + 1
    number = f"FA-2026-{count:05d}"
    row = Invoice(
        kind="invoice" if corrects is None else "credit_note",
        status="draft",
        customer_id=session.scalar(select(Customer.id).where(Customer.number == customer)),
        corrects_id=None if corrects is None else session.scalar(select(Invoice.id).where(Invoice.number == corrects)),
        reason="" if corrects is None else "Retour",
        party={"number": customer, "name": "Cabinet Vallier", "is_company": True, **PLACES},
        **dict.fromkeys(("subject", "contact", "email", "customer_reference", "payment_method"), ""),
        locale="fr",
        terms="30_days",
        currency="EUR",
        **dict.fromkeys(("discount", "shipping", "adjustment"), Decimal(0)),
        is_untaxed=False,
        is_reinvoiceable=False,
        is_reduction=False,
        category="goods",
        net=net,
        tax=tax,
        total=net + tax,
        asked_by="camille",
        created_at=NOW,
        created_by="camille",
        words=words(number),
    )
    session.add(row)
    session.flush()
    for place, (name, (base, of_rate)) in enumerate(rates.items()):
        line = {
            "text": "Bureau",
            "quantity": 1,
            "unit": "",
            "unit_price": base,
            "discount": 0,
            "product_type": "product",
        }
        session.execute(
            insert(InvoiceLine).values(invoice_id=row.id, place=place, kind="item", vat=name, amount=base, **line)
        )
        zero = dict.fromkeys(("discount", "charges"), 0)
        session.execute(
            insert(InvoiceRate).values(
                invoice_id=row.id, vat=name, rate=RATES[name], lines=base, base=base, tax=of_rate, **zero
            )
        )
    last = session.execute(select(Invoice.hash).order_by(Invoice.sequence.desc().nulls_last()).limit(1)).scalar()
    row.status, row.number, row.sequence = "validated", number, count
    row.issued_on, row.due_on = issued_on, issued_on + timedelta(days=days)
    row.previous_hash, row.hash = last or "0" * 64, f"{count:064x}"
    row.seller, row.mentions = {"siren": "552100554"}, []
    row.validated_at, row.validated_by = NOW, "yasmine"
    session.flush()
    return number


@pytest.fixture
def books(database: Database) -> Database:
    """``CL-2026-00001`` and ``CL-2026-00002``, without invoices."""
    for name in ("Cabinet Vallier", "Hôtel des Deux Lacs"):
        given = AddCustomer(customer=CustomerData(name=name, email="compta@vallier.example"))
        records.execute(database, add_customer, given, YASMINE, now=NOW)
    return database


@pytest.fixture
def invoice(books: Database) -> InvoiceMaker:
    """Makes validated invoices: ``invoice(normal="100")`` is 120.00 with tax."""

    def make(
        customer: str = CUSTOMER,
        corrects: str | None = None,
        issued_on: date = date(2026, 11, 2),
        days: int = 30,
        **bases: str,
    ) -> str:
        with books.transaction() as session:
            return validated(session, bases, customer=customer, corrects=corrects, issued_on=issued_on, days=days)

    return make
