"""Whatever is invoiced, credited, paid, allocated, given back, set off and reversed, in any order: the accounts hold to the cent."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from engine import records
from engine.database.session import Database
from engine.errors import CommandRejected
from handlers.payments import commands as c
from handlers.payments import queries
from handlers.payments.types import PaymentData, Wanted
from tests.handlers.payments.conftest import CUSTOMER, NOW, TODAY, YASMINE, validated

VATS = ("normal", "intermediate", "reduced")

OUT_OF_BOUNDS = text("""
    SELECT count(*) FROM business.invoice_rate due JOIN business.invoice ON invoice.id = due.invoice_id
    CROSS JOIN LATERAL (SELECT coalesce(sum(amount), 0) AS amount FROM business.payment_allocation
                        WHERE invoice_id = due.invoice_id AND vat = due.vat) AS paid
    WHERE (CASE invoice.kind WHEN 'invoice' THEN paid.amount ELSE -paid.amount END) NOT BETWEEN 0 AND due.base + due.tax
""")
OVERDRAWN = text("SELECT count(*) FROM business.payment WHERE of_id IS NULL AND business.payment_rest(id) < 0")


@dataclass(slots=True)
class Firm:
    """Somebody in accounting who does anything at all; ``expected``: what the customer owes by the documents."""

    database: Database
    chance: random.Random
    expected: Decimal = Decimal(0)
    invoices: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    payments: list[tuple[str, Decimal]] = field(default_factory=list)
    reversed: set[str] = field(default_factory=set)
    done: int = 0

    def act(self) -> None:
        """One thing, or its refusal."""
        acts = (
            self.invoice,
            self.credit,
            self.record,
            self.record,
            self.allocate,
            self.refund,
            self.set_off,
            self.reverse,
        )
        try:
            self.chance.choice(acts)()
            self.done += 1
        except CommandRejected:
            pass

    def do(self, command: Any, given: Any) -> c.Done:
        answer: c.Done = records.execute(self.database, command, given, YASMINE, now=NOW).answer
        return answer

    def amount(self, most: int = 40_000) -> Decimal:
        return Decimal(self.chance.randint(1, most)) / 100

    def money(self, amount: Decimal) -> PaymentData:
        return PaymentData(received_on=TODAY, amount=amount)

    def key(self) -> str:
        return str(self.chance.random())

    def issue(self, bases: dict[str, str], corrects: str | None = None) -> str:
        with self.database.transaction() as session:
            number = validated(session, bases, corrects=corrects, issued_on=date(2026, 11, 2))
            total: Decimal = session.execute(
                text("SELECT total FROM business.invoice WHERE number = :number"), {"number": number}
            ).scalar_one()
        self.expected += -total if corrects else total
        return number

    def invoice(self) -> None:
        bases = {each: str(self.amount(10_000)) for each in self.chance.sample(VATS, self.chance.randint(1, 3))}
        self.invoices.append((self.issue(bases), bases))

    def credit(self) -> None:
        if self.invoices:
            number, bases = self.chance.choice(self.invoices)
            vat = self.chance.choice(sorted(bases))
            self.issue({vat: str((Decimal(bases[vat]) / 3).quantize(Decimal("0.01")) or Decimal("0.01"))}, number)

    def wanted(self) -> tuple[Wanted, ...]:
        with self.database.reading() as session:
            items = queries.open_items(session, CUSTOMER)
        chosen = self.chance.sample(items, min(len(items), self.chance.randint(1, 3)))
        return tuple(Wanted(invoice=each.invoice, amount=min(each.open, self.amount())) for each in chosen)

    def record(self) -> None:
        amount, way = self.amount(), self.chance.choice(("oldest", "chosen", "account"))
        given = c.RecordPayment(
            customer=CUSTOMER,
            payment=self.money(amount),
            way=way,
            chosen=self.wanted(),
            keeps_rest=True,
            key=self.key(),
            today=TODAY,
        )
        self.payments.append((self.do(c.record_payment, given).number, amount))
        self.expected -= amount

    def allocate(self) -> None:
        if self.payments:
            number, way = self.chance.choice(self.payments)[0], self.chance.choice(("oldest", "chosen"))
            self.do(c.allocate, c.AllocatePayment(number=number, way=way, chosen=self.wanted()))

    def credits(self) -> list[str]:
        with self.database.reading() as session:
            found = queries.open_items(session, CUSTOMER, with_credit=True)
        return [each.invoice for each in found if each.kind == "credit_note"]

    def refund(self) -> None:
        amount, notes = self.amount(5_000), self.credits()
        source = {"credit_note": self.chance.choice(notes)} if notes and self.chance.random() < 0.5 else {}
        if not source and self.payments:
            source = {"payment": self.chance.choice(self.payments)[0]}
        given = c.Refund(customer=CUSTOMER, given=self.money(amount), key=self.key(), today=TODAY, **source)
        self.payments.append((self.do(c.refund, given).number, -amount))
        self.expected += amount

    def set_off(self) -> None:
        notes = self.credits()
        if notes:
            way = self.chance.choice(("oldest", "chosen"))
            given = c.SetOff(
                customer=CUSTOMER,
                credit_note=self.chance.choice(notes),
                way=way,
                chosen=self.wanted(),
                key=self.key(),
                today=TODAY,
            )
            self.payments.append((self.do(c.set_off, given).number, Decimal(0)))

    def reverse(self) -> None:
        if self.payments:
            number, amount = self.chance.choice(self.payments)
            self.do(c.reverse_payment, c.ReversePayment(number=number, because="x", on=TODAY, today=TODAY))
            assert number not in self.reversed
            self.reversed.add(number)
            self.expected += amount

    def check(self) -> None:
        with self.database.reading() as session:
            found = queries.balance(session, CUSTOMER, TODAY)
            statement = queries.statement(session, CUSTOMER, date(2026, 11, 1), TODAY)
            assert statement is not None
            assert found.balance == statement.closing == self.expected
            assert min(found.owed, found.credits, found.on_account) >= 0
            assert session.execute(OUT_OF_BOUNDS).scalar_one() == 0
            assert session.execute(OVERDRAWN).scalar_one() == 0


@pytest.mark.parametrize(("seed", "steps"), [(1, 25), pytest.param(2, 400, marks=pytest.mark.long(minutes=1))])
def test_the_accounts_hold_whatever_is_done(books: Database, seed: int, steps: int) -> None:
    firm = Firm(database=books, chance=random.Random(seed))
    for step in range(steps):
        firm.act()
        if step % 25 == 24:
            firm.check()
    assert firm.done > steps / 3
    firm.check()
