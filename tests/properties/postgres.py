"""The house on PostgreSQL: the real commands and handlers, their triggers and constraints, and the queries that screens ask.

All in one transaction that is never committed; each act in a savepoint, at whose end the constraints that wait are asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, TypeVar

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from engine import records
from engine.handler import Actor, HandlerContext
from handlers.changes import commands as changes
from handlers.changes import handlers as changing
from handlers.deliveries import commands as returns
from handlers.deliveries import handlers as deliveries
from handlers.deliveries import queries as goods
from handlers.deliveries import store as delivered
from handlers.deliveries.rules import plain
from handlers.deliveries.steps import Cancellation, DeliveryRef, OrderToDeliver, Picked, Shipment
from handlers.invoices import commands as drafts
from handlers.invoices import handlers as invoices
from handlers.invoices import queries as billed
from handlers.invoices import rules, store
from handlers.invoices.steps import Dropping, Request, Validation
from handlers.invoices.tables import Invoice
from handlers.orders import commands as orders
from handlers.orders import handlers as fulfilment
from handlers.orders import queries as ordered
from handlers.orders.steps import Confirm, Over, Reached
from handlers.orders.tables import SalesOrder
from handlers.orders.types import OrderData, RevisedLine
from handlers.payments import commands as payments
from handlers.payments import queries as receivables
from handlers.payments.tables import Allocation, Payment
from handlers.payments.types import PaymentData, Wanted
from handlers.sales.types import Extras, Line, RateTotal
from handlers.stock import ledger
from handlers.stock.rules import available
from tests.properties.house import ARTICLES, Carried, Figures, Paid, Papered, Seen, Terms, Validated, Way

T = TypeVar("T")
CUSTOMER: Final = "CL-2026-00001"
DAY: Final = date(2026, 11, 23)
NOW: Final = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
SARAH: Final = Actor(login="sarah", name="Sarah", roles=frozenset({"sales"}))
BRUNO: Final = Actor(login="bruno", name="Bruno", roles=frozenset({"warehouse"}))
YASMINE: Final = Actor(login="yasmine", name="Yasmine", roles=frozenset({"accounting"}))
_SUMMED: Final = ("lines", "discount", "charges", "base", "tax")


@dataclass(slots=True)
class PostgresHouse:
    session: Session
    came: int = 0

    # -- how it is done --------------------------------------------------------------------------------------------------------------------

    def _context(self, key: str = "") -> HandlerContext:
        return HandlerContext(
            session=self.session,
            actor=SARAH,
            business_key="",
            attempt=1,
            idempotency_key=key or "0:a:h",
            now=NOW,
            starter="sarah",
            keep=lambda command, given: records.apply(self.session, command, given, SARAH, now=NOW),
        )

    def _do(self, act: Callable[[], T]) -> T:
        """In a savepoint: what is refused leaves nothing."""
        savepoint: AbstractContextManager[Any] = self.session.begin_nested()
        try:
            with savepoint:
                found = act()
                self.session.flush()
                self.session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
                self.session.execute(text("SET CONSTRAINTS ALL DEFERRED"))
                return found
        finally:
            self.session.expire_all()

    def _record(self, command: Any, given: Any, actor: Actor) -> Any:
        return self._do(lambda: records.apply(self.session, command, given, actor, now=NOW).answer)

    # -- orders and goods ------------------------------------------------------------------------------------------------------------------

    def order(self, lines: Sequence[Line], extras: Extras, terms: Terms) -> tuple[str, tuple[int, ...]]:
        head = OrderData(
            extras=extras,
            invoicing_policy=terms.invoicing_policy,
            closing_rule=terms.closing_rule,
            fiscal_position=terms.position,
        )
        given = orders.AddOrder(customer=CUSTOMER, order=head, lines=tuple(lines), today=DAY)
        number = str(self._record(orders.add_order, given, SARAH))
        found = ordered.find_order(self.session, number)
        assert found is not None
        confirm = Confirm(order_number=number, total=found.totals.total, confirmed_by="camille")
        self._do(lambda: fulfilment.confirm_order.run(confirm, self._context()))
        return number, tuple(each.id for each in found.lines)

    def revise(self, order: str, quantities: Mapping[int, Decimal], key: str) -> None:
        found = ordered.find_order(self.session, order)
        assert found is not None
        lines = tuple(
            RevisedLine(id=each.id, line=replace(each.line, quantity=quantities.get(each.id, each.line.quantity)))
            for each in found.lines
        )
        row = self.session.get_one(SalesOrder, found.id)
        given = changes.ReviseOrder(
            number=order, version=row.version, lines=lines, extras=found.data.extras, is_acknowledged=False, key=key
        )
        self._record(changes.revise_order, given, SARAH)

    def come(self, article: str, quantity: Decimal) -> None:
        self.came += 1
        wanted = [ledger.Wanted(line=1, article=article, quantity=quantity)]
        self._do(lambda: ledger.receive(self.session, f"CF-{self.came}", "", wanted, by="bruno", now=NOW))

    def plan(self, order: str, key: str) -> tuple[str, tuple[Carried, ...]]:
        given = OrderToDeliver(order_number=order, today=DAY)
        number: str = self._do(lambda: deliveries.plan_delivery.run(given, self._context(key)).delivery_number)
        return number, self._carried(number)

    def reserve(self, delivery: str) -> Mapping[int, Decimal]:
        self._do(lambda: deliveries.reserve.run(DeliveryRef(delivery_number=delivery), self._context()))
        found = goods.find_delivery(self.session, delivery)
        assert found is not None
        return {each.order_line_id: each.reserved for each in found.lines if each.reserved is not None}

    def pick(self, delivery: str, quantities: Mapping[int, Decimal]) -> tuple[Carried, ...]:
        typed = "\n".join(f"{place} : {plain(each)}" for place, each in quantities.items())
        given = Picked(delivery_number=delivery, picked=typed, prepared_by="bruno")
        self._do(lambda: deliveries.prepare.run(given, self._context()))
        return self._carried(delivery)

    def ship(self, delivery: str) -> bool:
        given = Shipment(delivery_number=delivery, shipped_by="bruno", today=DAY)
        return bool(self._do(lambda: deliveries.ship_delivery.run(given, self._context()).is_complete))

    def cancel(self, delivery: str) -> None:
        given = Cancellation(delivery_number=delivery, reason="Non")
        self._do(lambda: deliveries.cancel_delivery.run(given, self._context()))

    def take_back(self, delivery: str, quantities: Mapping[int, Decimal], key: str, *, again: bool) -> str:
        lines = tuple(returns.Returned(place=place, quantity=each) for place, each in quantities.items())
        given = returns.RecordReturn(
            number=delivery, lines=lines, reason="Rayé", is_redelivered=again, key=key, today=DAY
        )
        return str(self._record(returns.record_return, given, BRUNO))

    def _carried(self, number: str) -> tuple[Carried, ...]:
        _, row = delivered.lock(self.session, number)
        lines = delivered.lines_of(self.session, row.id)
        return tuple(Carried(each.place, each.order_line_id, each.quantity) for each in lines)

    # -- invoices and credit notes ---------------------------------------------------------------------------------------------------------

    def invoice(self, order: str, what: str, percent: Decimal | None, key: str) -> Figures:
        given = Request(order_number=order, what=what, percent=percent, asked_by="camille")
        return self._figures(self._do(lambda: invoices.draft_invoice.run(given, self._context(key)).invoice_id))

    def change(self, paper: int, quantities: Sequence[tuple[int, Decimal]]) -> Figures:
        asked = tuple(drafts.Quantity(line=line, quantity=each) for line, each in quantities)
        self._record(drafts.change_draft, drafts.ChangeDraft(invoice=str(paper), quantities=asked), YASMINE)
        return self._figures(paper)

    def credit(self, paper: int, quantities: Sequence[tuple[int, Decimal]], key: str, *, again: bool) -> Figures:
        asked = tuple(drafts.Quantity(line=line, quantity=each) for line, each in quantities)
        given = drafts.AddCreditNote(
            invoice=str(paper), quantities=asked, reason="Rayé", is_reinvoiceable=again, key=key
        )
        return self._figures(self._record(drafts.add_credit_note, given, YASMINE))

    def reduce(self, paper: int, amounts: Sequence[tuple[int, Decimal]], percent: Decimal | None, key: str) -> Figures:
        asked = tuple(drafts.Amount(line=line, amount=each) for line, each in amounts)
        given = drafts.AddReduction(invoice=str(paper), amounts=asked, percent=percent, reason="Retard", key=key)
        return self._figures(self._record(drafts.add_reduction, given, YASMINE))

    def drop(self, paper: int) -> None:
        self._do(lambda: invoices.drop_draft.run(Dropping(invoice_id=paper), self._context()))

    def validate(self, paper: int, day: date) -> Validated:
        total = store.find(self.session, paper).total
        given = Validation(invoice_id=paper, total=total, terms="30_days", validated_by="andre", today=day)
        self._do(lambda: invoices.validate_invoice.run(given, self._context()))
        row = store.find(self.session, paper)
        assert row.number and row.issued_on and row.sequence and row.previous_hash and row.hash  # noqa: PT018 - all or none
        return Validated(row.number, row.issued_on, row.sequence, row.previous_hash, row.hash)

    def _figures(self, paper: int) -> Figures:
        row, lines = store.find(self.session, paper), store.lines_of(self.session, paper)
        return Figures(
            id=paper,
            lines=tuple(Papered(each.id, each.order_line_id, each.quantity, each.amount) for each in lines),
            rates=tuple(
                RateTotal(vat=each.vat, rate=each.rate, **{name: getattr(each, name) for name in _SUMMED})
                for each in store.rates_of(self.session, paper)
            ),
            shipping=row.shipping,
            adjustment=row.adjustment,
            net=row.net,
            tax=row.tax,
            total=row.total,
        )

    # -- payments --------------------------------------------------------------------------------------------------------------------------

    def pay(self, amount: Decimal, way: str, chosen: Sequence[Wanted], key: str) -> Paid:
        given = payments.RecordPayment(
            customer=CUSTOMER,
            payment=PaymentData(received_on=DAY, amount=amount),
            way=way,
            chosen=tuple(chosen),
            keeps_rest=True,
            key=key,
            today=DAY,
        )
        return self._paid(payments.record_payment, given)

    def allot(self, payment: str, way: str, chosen: Sequence[Wanted]) -> Paid:
        return self._paid(payments.allocate, payments.AllocatePayment(number=payment, way=way, chosen=tuple(chosen)))

    def refund(self, amount: Decimal, payment: str, credit_note: str, key: str) -> Paid:
        given = payments.Refund(
            customer=CUSTOMER,
            payment=payment,
            credit_note=credit_note,
            given=PaymentData(received_on=DAY, amount=amount),
            key=key,
            today=DAY,
        )
        return self._paid(payments.refund, given)

    def set_off(self, credit_note: str, way: str, chosen: Sequence[Wanted], key: str) -> Paid:
        given = payments.SetOff(
            customer=CUSTOMER, credit_note=credit_note, way=way, chosen=tuple(chosen), key=key, today=DAY
        )
        return self._paid(payments.set_off, given)

    def reverse(self, payment: str) -> Paid:
        given = payments.ReversePayment(number=payment, because="Rejet", on=DAY, today=DAY)
        return self._paid(payments.reverse_payment, given)

    def _paid(self, command: Any, given: Any) -> Paid:
        """Of money on account what it pays now, of any other payment all that it pays."""
        last = self.session.scalar(select(func.max(Allocation.id))) or 0
        number = self._record(command, given, YASMINE).number
        asked = (
            select(Invoice.number, Allocation.vat, func.sum(Allocation.amount))
            .join(Invoice, Invoice.id == Allocation.invoice_id)
            .join(Payment, Payment.id == Allocation.payment_id)
            .where(Payment.number == number, Allocation.id > (last if command is payments.allocate else 0))
            .group_by(Invoice.number, Allocation.vat)
        )
        return Paid(number, {(str(invoice), vat): amount for invoice, vat, amount in self.session.execute(asked)})

    # -- how far it is ---------------------------------------------------------------------------------------------------------------------

    def reach(self, order: str, what: str) -> str:
        given = Reached(order_number=order, reached=what)
        return str(self._do(lambda: changing.note_reached.run(given, self._context()).order_status))

    def close(self, order: str, reason: str) -> str:
        given = Over(order_number=order, reason=reason or None)
        return str(self._do(lambda: fulfilment.close_order.run(given, self._context()).order_status))

    def seen(self) -> Seen:
        numbers = self.session.scalars(select(SalesOrder.number).order_by(SalesOrder.id)).all()
        items = receivables.open_items(self.session, CUSTOMER, with_credit=True)
        levels = ledger.availability(self.session, ARTICLES)
        return Seen(
            orders={number: self._way(number) for number in numbers},
            levels={name: (each.on_hand, each.reserved, available(each)) for name, each in levels.items()},
            items={each.invoice: {one.vat: one.amount for one in each.shares} for each in items},
            on_account=receivables.balance(self.session, CUSTOMER, DAY).on_account,
        )

    def _way(self, number: str) -> Way:
        found = ordered.find_order(self.session, number)
        assert found is not None
        row, progress = self.session.get_one(SalesOrder, found.id), goods.progress(self.session, number)
        earlier, sale = store.earlier(self.session, row.id), store.sale_of(self.session, row)
        given = {line: each.delivered for line, each in progress.items()}
        return Way(
            status=found.status,
            goes_on=found.goes_on,
            progress=progress,
            invoiced={
                line: (each.quantity, each.amount) for line, each in billed.invoiced(self.session, number).items()
            },
            rates=earlier.rates,
            charges=(earlier.shipping, earlier.adjustment),
            is_open=rules.open_quantities(sale.lines, earlier.lines, given, found.data.invoicing_policy),
            is_fully_invoiced=billed.is_fully_invoiced(self.session, row),
        )
