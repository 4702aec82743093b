"""What accounting does with money, as record commands. The record's key is the payment's number.

Nothing that was recorded is changed: a payment that was wrong is reversed by its opposite, which frees what it paid. Locks: the customer,
then payments, then invoices, the series of numbers last; so the payments of one customer come one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from engine.data import data
from engine.errors import FieldProblem, InvalidInput, NotFound, WrongState
from engine.record import Change, RecordContext, RecordTable, reason_of, record_command
from handlers.base.numbers import take_number
from handlers.customers.tables import Customer
from handlers.payments import rules, store
from handlers.payments.store import CREDIT_NOTE, Part
from handlers.payments.tables import Payment
from handlers.payments.types import WAYS, OpenItem, PaymentData, Wanted

KIND: Final = "payment"
RECORDERS: Final = ("accounting",)
"""Who may record what was paid."""

READERS: Final = ("sales", "sales_admin", "sales_manager", "accounting", "auditor")
"""Who may see it."""

PERSONAL: Final = ("reference", "note", "reason")
"""Fields whose values the history keeps apart, so that they can be erased: banks name people there."""

SERIES: Final = "RG"


@data
class RecordPayment:
    """Money that came. ``way``: one of ``WAYS``; ``chosen``: what goes where, of the way *chosen*. ``keeps_rest``: what is more than is
    due stays on account. ``key``: of the form, so that sending it twice records it once; ``today``: the day at the company's.
    """

    customer: str
    payment: PaymentData
    way: str = "oldest"
    chosen: tuple[Wanted, ...] = ()
    keeps_rest: bool = False
    key: str
    today: date


@data
class AllocatePayment:
    """Money that is on account, and pays something now."""

    number: str
    way: str = "oldest"
    chosen: tuple[Wanted, ...] = ()


@data
class ReversePayment:
    """A payment that was wrong, or that the bank took back. ``on``: the day of that."""

    number: str
    because: str
    on: date
    today: date


@data
class Refund:
    """Money that we give back: what of ``payment`` is on account, or what of ``credit_note`` is not used; one of the two."""

    customer: str
    payment: str = ""
    credit_note: str = ""
    given: PaymentData
    key: str
    today: date


@data
class SetOff:
    """A credit note used against invoices of its customer: *oldest*, the one that it corrects first, or ``chosen``."""

    customer: str
    credit_note: str
    way: str = "oldest"
    chosen: tuple[Wanted, ...] = ()
    key: str
    today: date


@data
class Done:
    """What became of it: the number of the payment, the invoices that are settled by it; of a reversal, those that were settled and are
    owed again (``reopened``), and those of which more is owed than before (``raised``).
    """

    number: str
    settled: tuple[str, ...] = ()
    reopened: tuple[str, ...] = ()
    raised: tuple[str, ...] = ()


@record_command(
    "payments.record_payment",
    event="payment:recorded",
    kind=KIND,
    key=None,
    may=RECORDERS,
    personal=PERSONAL,
    fr="Enregistrer un règlement",
    en="Record a payment",
)
def record_payment(given: RecordPayment, context: RecordContext) -> Change:
    """The answer is ``Done``. Raises InvalidInput, at ``keeps_rest`` (``payment_above_due``) when more came than is to be paid; WrongState
    (``payment_sent_already``).
    """
    wanted = _sound(given.payment, given.today)
    session = context.session
    customer = store.lock_customer(session, given.customer)
    if (known := store.by_key(session, given.key)) is not None:
        return _known(known, customer, wanted)
    items = store.open_items(session, customer.id)
    paid = _paid(given.way, given.chosen, wanted.amount, items)
    if rules.rest(wanted.amount, paid) and given.way != "account" and not given.keeps_rest:
        raise InvalidInput((FieldProblem(field="keeps_rest", code="payment_above_due"),))
    parts = _parts(paid, items)
    store.lock_invoices(session, {each.invoice_id for each in parts})
    number = take_number(session, SERIES, given.today.year)
    row = store.write(
        session, number, "receipt", customer, wanted, now=context.now, by=context.actor, idempotency_key=given.key
    )
    store.allocate(session, row.id, parts, now=context.now, by=context.actor)
    return Change(
        before=None,
        after=_fields(row, customer) | _told(paid),
        key=number,
        answer=Done(number=number, settled=_settled(paid, items)),
    )


@record_command(
    "payments.allocate",
    event="payment:allocated",
    kind=KIND,
    key="number",
    may=RECORDERS,
    personal=PERSONAL,
    fr="Affecter un règlement à des factures",
    en="Allocate a payment to invoices",
)
def allocate(given: AllocatePayment, context: RecordContext) -> Change:
    """The answer is ``Done``. Raises InvalidInput; NotFound (``payment_record_unknown``); WrongState (``payment_without_rest``)."""
    session = context.session
    row, customer = store.lock(session, given.number)
    family = store.family(session, row.id)
    if row.kind != "receipt" or family.rest <= 0:
        raise WrongState("payment_without_rest", payment=given.number)
    items = store.open_items(session, customer.id)
    paid = _paid(given.way, given.chosen, family.rest, items)
    if not paid:
        raise InvalidInput((FieldProblem(field="amount", code="payment_pays_nothing"),))
    parts = _parts(paid, items)
    store.lock_invoices(session, {each.invoice_id for each in parts})
    store.allocate(session, row.id, parts, now=context.now, by=context.actor)
    return Change(
        before={"on_account": family.rest},
        after={"on_account": rules.rest(family.rest, paid)} | _told(paid),
        answer=Done(number=given.number, settled=_settled(paid, items)),
    )


@record_command(
    "payments.reverse_payment",
    event="payment:reversed",
    kind=KIND,
    key="number",
    may=RECORDERS,
    personal=PERSONAL,
    fr="Annuler un règlement par son contraire",
    en="Reverse a payment",
)
def reverse_payment(given: ReversePayment, context: RecordContext) -> Change:
    """The answer is ``Done`` with the number of the reversal. What it paid is open again, and whoever runs it tells their cases.

    Raises InvalidInput; NotFound; WrongState: ``payment_reversed``, ``payment_refunded`` (its refunds first), ``payment_is_reversal``.
    """
    because = reason_of(given.because)
    session = context.session
    row, customer = store.lock(session, given.number)
    _require_day(given.on, row.received_on, given.today)
    root = row.of_id or row.id
    family = store.family(session, root)
    if row.kind == "reversal":
        raise WrongState("payment_is_reversal", payment=given.number)
    if store.is_reversed(session, row.id):
        raise WrongState("payment_reversed", payment=given.number)
    if root == row.id and family.is_refunded:
        raise WrongState("payment_refunded", payment=given.number)
    parts = store.opposite(store.parts_of(session, root)) if root == row.id else ()
    freed = store.invoices_settled(session, {each.invoice_id for each in parts})
    store.lock_invoices(session, {each.invoice_id for each in parts})
    number = take_number(session, SERIES, given.today.year)
    opposite = PaymentData(received_on=given.on, method=row.method, amount=-row.amount, note=because)
    reversal = store.write(
        session,
        number,
        "reversal",
        customer,
        opposite,
        now=context.now,
        by=context.actor,
        of_id=root,
        reverses_id=row.id,
    )
    store.allocate(session, reversal.id, parts, now=context.now, by=context.actor)
    return Change(
        before={"status": "recorded"},
        after={"status": "reversed"},
        facts={"reason": because, "reversed_by": number, "received_on": given.on},
        answer=Done(
            number=number,
            reopened=tuple(invoice for invoice, is_settled in freed.items() if is_settled),
            raised=tuple(invoice for invoice, is_settled in freed.items() if not is_settled),
        ),
    )


@record_command(
    "payments.refund",
    event="payment:refunded",
    kind=KIND,
    key=None,
    may=RECORDERS,
    personal=PERSONAL,
    fr="Enregistrer un remboursement",
    en="Record a refund",
)
def refund(given: Refund, context: RecordContext) -> Change:
    """The answer is ``Done``. Raises InvalidInput; NotFound (``payment_record_unknown``, ``invoice_unknown``)."""
    wanted = _sound(given.given, given.today)
    session = context.session
    customer = store.lock_customer(session, given.customer)
    if (known := store.by_key(session, given.key)) is not None:
        return _known(known, customer, replace(wanted, amount=-wanted.amount))
    root: Payment | None = None
    parts: tuple[Part, ...] = ()
    if given.payment:
        root, owner = store.lock(session, given.payment)
        if owner.id != customer.id or root.kind != "receipt":
            raise NotFound("payment_record_unknown", payment=given.payment[:40])
        _require_enough(wanted.amount, store.family(session, root.id).rest)
    else:
        credit = _credit(context, customer, given.credit_note)
        _require_enough(wanted.amount, credit.open)
        parts = store.opposite(_of(credit, wanted.amount))
    store.lock_invoices(session, {each.invoice_id for each in parts})
    number = take_number(session, SERIES, given.today.year)
    row = store.write(
        session,
        number,
        "refund",
        customer,
        replace(wanted, amount=-wanted.amount),
        now=context.now,
        by=context.actor,
        idempotency_key=given.key,
        of_id=None if root is None else root.id,
    )
    store.allocate(session, row.id, parts, now=context.now, by=context.actor)
    source = {"of": given.payment or given.credit_note}
    return Change(before=None, after=_fields(row, customer) | source, key=number, answer=Done(number=number))


@record_command(
    "payments.set_off",
    event="payment:set_off",
    kind=KIND,
    key=None,
    may=RECORDERS,
    personal=PERSONAL,
    fr="Imputer un avoir sur des factures",
    en="Set a credit note off against invoices",
)
def set_off(given: SetOff, context: RecordContext) -> Change:
    """The answer is ``Done``. Raises InvalidInput; NotFound (``invoice_unknown``)."""
    session = context.session
    moved = PaymentData(received_on=given.today, method="", amount=Decimal("0.00"), reference=given.credit_note)
    customer = store.lock_customer(session, given.customer)
    if (known := store.by_key(session, given.key)) is not None:
        return _known(known, customer, moved)
    credit = _credit(context, customer, given.credit_note)
    items = store.open_items(session, customer.id)
    paid = _paid(given.way, given.chosen, credit.open, items, credit.corrects or "")
    if not paid:
        raise InvalidInput((FieldProblem(field="amount", code="payment_pays_nothing"),))
    parts = set_off_parts(credit, paid, items)
    store.lock_invoices(session, {each.invoice_id for each in parts})
    number = take_number(session, SERIES, given.today.year)
    row = store.write(
        session, number, "set_off", customer, moved, now=context.now, by=context.actor, idempotency_key=given.key
    )
    store.allocate(session, row.id, parts, now=context.now, by=context.actor)
    return Change(
        before=None,
        after=_fields(row, customer) | {"of": given.credit_note} | _told(paid),
        key=number,
        answer=Done(number=number, settled=_settled(paid, items)),
    )


COMMANDS = RecordTable.of(record_payment, allocate, reverse_payment, refund, set_off)


def _sound(given: PaymentData, today: date) -> PaymentData:
    wanted = rules.tidied(given)
    if found := rules.problems(wanted, today):
        raise InvalidInput(tuple(found))
    return wanted


def _paid(
    way: str, chosen: Sequence[Wanted], amount: Decimal, items: Sequence[OpenItem], first: str = ""
) -> tuple[Wanted, ...]:
    """What ``amount`` pays; ``first``: the invoice that a credit note corrects. Raises InvalidInput."""
    if way not in WAYS:
        raise InvalidInput((FieldProblem(field="way", code="payment_way_unknown"),))
    if way == "account":
        return ()
    if way == "oldest":
        return rules.oldest_first(amount, items, first)
    found = rules.wanted_problems(amount, chosen, {each.invoice: each.open for each in items})
    if found:
        raise InvalidInput(tuple(found))
    return tuple(chosen)


def _parts(paid: Sequence[Wanted], items: Sequence[OpenItem]) -> tuple[Part, ...]:
    known = store.by_number(items)
    return tuple(part for each in paid for part in _of(known[each.invoice], each.amount))


def _of(item: OpenItem, amount: Decimal) -> tuple[Part, ...]:
    return tuple(Part(invoice_id=item.id, share=each) for each in rules.share(amount, item.shares))


def set_off_parts(credit: OpenItem, paid: Sequence[Wanted], items: Sequence[OpenItem]) -> tuple[Part, ...]:
    """What leaves the credit note, and what it settles."""
    known, left = store.by_number(items), credit.shares
    found: list[Part] = []
    for each in paid:
        item = known[each.invoice]
        used, settled = rules.set_off(each.amount, left, item.shares)
        found += store.opposite(Part(invoice_id=credit.id, share=part) for part in used)
        found += [Part(invoice_id=item.id, share=part) for part in settled]
        left = rules.less(left, used)
    return tuple(found)


def _credit(context: RecordContext, customer: Customer, number: str) -> OpenItem:
    """A credit note of which something is left."""
    found = store.open_items(context.session, customer.id, (CREDIT_NOTE,), numbers=(number,))
    if not found:
        raise NotFound("credit_note_not_open", invoice=number[:40])
    return found[0]


def _require_enough(amount: Decimal, left: Decimal) -> None:
    if amount > left:
        raise InvalidInput((FieldProblem(field="amount", code="refund_above_rest"),))


def _require_day(day: date, first: date, today: date) -> None:
    if not first <= day <= today:
        code = "received_in_future" if day > today else "reversed_before_received"
        raise InvalidInput((FieldProblem(field="on", code=code),))


def _settled(paid: Sequence[Wanted], items: Sequence[OpenItem]) -> tuple[str, ...]:
    known = store.by_number(items)
    return tuple(each.invoice for each in paid if each.amount == known[each.invoice].open)


def _known(row: Payment, customer: Customer, given: PaymentData) -> Change:
    """The same form, sent again: nothing is done, and its number is said. Raises WrongState (``payment_sent_already``) where it says
    something else than it did: it was filled in anew.
    """
    names = ("received_on", "method", "amount", "reference")
    is_same = row.customer_id == customer.id and all(getattr(row, name) == getattr(given, name) for name in names)
    if not is_same:
        raise WrongState("payment_sent_already", payment=row.number)
    return Change(before={}, after={}, key=row.number, answer=Done(number=row.number))


def _fields(row: Payment, customer: Customer) -> dict[str, Any]:
    names = ("kind", "received_on", "method", "amount", "reference", "note")
    return {name: getattr(row, name) for name in names} | {"customer": customer.number}


def _told(paid: Sequence[Wanted]) -> dict[str, Any]:
    """One entry of the history for each invoice."""
    return {f"invoice {each.invoice}": each.amount for each in paid}
