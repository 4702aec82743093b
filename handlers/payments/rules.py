"""What a payment pays, to the cent and rate by rate. Pure.

Each amount that goes to an invoice is shared among its rates of VAT, because what was cashed is told to the tax office by rate (status
*212 Encaissée*, domain §3.1). Shares follow what is left at each rate, with the largest remainder: their sum is exact, no rate ever gets
more than is left of it, and the payment that settles an invoice settles each of its rates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Final

from engine.errors import FieldProblem
from handlers.base.money import CENT
from handlers.base.parties import one_line, too_long
from handlers.payments.types import METHODS, OpenItem, PaymentData, Share, Wanted

EARLIEST: Final = date(2000, 1, 1)
"""A day before it is a slip of the finger."""

HIGHEST: Final = Decimal(10) ** 9
"""No amount reaches it."""

MOST_INVOICES: Final = 200
"""Paid by one payment at once."""

NOTHING: Final = Decimal("0.00")

_LONGEST: Final = {"reference": 200, "note": 2_000}


def share(amount: Decimal, left: Sequence[Share]) -> tuple[Share, ...]:
    """``amount`` over what is ``left`` at each rate; rates that get nothing are left out. Raises ValueError for more than is left."""
    whole = sum((each.amount for each in left), NOTHING)
    if not 0 <= amount <= whole:
        raise ValueError(f"{amount} of {whole}")
    if not amount:
        return ()
    cents, of_all = int(amount / CENT), int(whole / CENT)
    parts = [divmod(cents * int(each.amount / CENT), of_all) for each in left]
    missing = cents - sum(found for found, _ in parts)
    # the largest remainders get the cents that are missing; of equal ones the higher rate, then the name: the same every time
    order = sorted(range(len(left)), key=lambda at: (-parts[at][1], -left[at].rate, left[at].vat))
    more = set(order[:missing])
    found = ((each, part + (at in more)) for at, (each, (part, _)) in enumerate(zip(left, parts, strict=True)))
    return tuple(replace(each, amount=part * CENT) for each, part in found if part)


def oldest_first(amount: Decimal, items: Iterable[OpenItem], first: str = "") -> tuple[Wanted, ...]:
    """``amount`` on the invoices that are due first, as far as it goes (C. civ. art. 1342-10, where the debtor says nothing else).

    ``first``: the invoice that comes before all others: the one that a credit note corrects.
    """
    found: list[Wanted] = []
    for each in sorted(items, key=lambda item: (item.invoice != first, *_age(item))):
        part = min(amount, each.open)
        if part <= 0:
            continue
        found.append(Wanted(invoice=each.invoice, amount=part))
        amount -= part
    return tuple(found)


def set_off(
    amount: Decimal, credit: Sequence[Share], debt: Sequence[Share]
) -> tuple[tuple[Share, ...], tuple[Share, ...]]:
    """``amount`` of a credit note used against an invoice: what leaves the one, and what it pays of the other.

    The same rate of VAT first: what a credit note takes back of a rate settles this rate of the invoice; what remains is shared among the
    rates that are left on either side. Raises ValueError for more than is left of one of them.
    """
    if amount > min(_sum(credit), _sum(debt)):
        raise ValueError(f"{amount} of {_sum(credit)} and {_sum(debt)}")
    owed = {(each.vat, each.rate): each.amount for each in debt}
    common = tuple(replace(each, amount=min(each.amount, owed.get((each.vat, each.rate), NOTHING))) for each in credit)
    same = share(min(amount, _sum(common)), common)
    more = amount - _sum(same)
    return _joined(same, share(more, less(credit, same))), _joined(same, share(more, less(debt, same)))


def less(shares: Sequence[Share], taken: Sequence[Share]) -> tuple[Share, ...]:
    """What remains of ``shares`` without ``taken``."""
    gone = {(each.vat, each.rate): each.amount for each in taken}
    return tuple(replace(each, amount=each.amount - gone.get((each.vat, each.rate), NOTHING)) for each in shares)


def rest(amount: Decimal, wanted: Iterable[Wanted]) -> Decimal:
    """What stays on account."""
    return amount - sum((each.amount for each in wanted), NOTHING)


def tidied(given: PaymentData) -> PaymentData:
    """As it is kept."""
    return replace(given, reference=one_line(given.reference), note=given.note.strip())


def problems(given: PaymentData, today: date) -> list[FieldProblem]:
    """What is wrong with a tidied payment, by field."""
    checks = (
        ("received_on", "received_in_future", given.received_on > today),
        ("received_on", "received_too_early", given.received_on < EARLIEST),
        ("method", "payment_unknown", given.method not in METHODS),
        ("amount", "payment_amount_invalid", not is_amount(given.amount)),
    )
    found = [FieldProblem(field=field, code=code) for field, code, is_wrong in checks if is_wrong]
    return found + too_long(given, _LONGEST)


def wanted_problems(amount: Decimal, wanted: Sequence[Wanted], left: Mapping[str, Decimal]) -> list[FieldProblem]:
    """What is wrong with what is to be paid with ``amount``; ``left``: what is open of each invoice. ``invoices.FA-1`` is at that one."""
    if len(wanted) > MOST_INVOICES:
        return [FieldProblem(field="amount", code="payment_invoices_too_many", facts={"most": MOST_INVOICES})]
    found: list[FieldProblem] = []
    seen: set[str] = set()
    for each in wanted:
        field = f"invoices.{each.invoice}"
        if each.invoice not in left or each.invoice in seen:
            found.append(FieldProblem(field=field, code="invoice_not_open", facts={"invoice": each.invoice[:40]}))
        elif not is_amount(each.amount):
            found.append(FieldProblem(field=field, code="payment_amount_invalid"))
        elif each.amount > left[each.invoice]:
            found.append(FieldProblem(field=field, code="payment_above_open"))
        seen.add(each.invoice)
    if not found and rest(amount, wanted) < 0:
        found.append(FieldProblem(field="amount", code="payment_too_small"))
    return found


def is_amount(value: Decimal) -> bool:
    """Whether it is an amount above zero, to the cent."""
    return value.is_finite() and 0 < value < HIGHEST and value == value.quantize(CENT)


def state(*, total: Decimal, by_money: Decimal, by_credit: Decimal, due_on: date | None, today: date) -> str:
    """One of ``STATES``. ``by_money``, ``by_credit``: how much of ``total`` was paid, and set off against credit notes."""
    settled = by_money + by_credit
    if settled >= total:
        return "credited" if by_credit and not by_money else "paid"
    if due_on is not None and due_on < today:
        return "overdue"
    return "partial" if settled else "unpaid"


def credit_state(*, total: Decimal, used: Decimal) -> str:
    """One of ``CREDIT_STATES``."""
    if used >= total:
        return "used"
    return "partly_used" if used else "to_use"


def _age(item: OpenItem) -> tuple[date, date, str]:
    return (item.due_on or item.issued_on, item.issued_on, item.invoice)


def _sum(shares: Iterable[Share]) -> Decimal:
    return sum((each.amount for each in shares), NOTHING)


def _joined(first: Sequence[Share], second: Sequence[Share]) -> tuple[Share, ...]:
    """The sum of both, rate by rate."""
    found: dict[tuple[str, Decimal], Share] = {}
    for each in (*first, *second):
        key = (each.vat, each.rate)
        found[key] = replace(each, amount=each.amount + found[key].amount) if key in found else each
    return tuple(found.values())
