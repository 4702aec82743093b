"""The chain of what was validated: each invoice and credit note is hashed with the one before it, so that none can change, come or go.

SHA-256 of the hash before (of the first: sixty-four zeros) and of the canonical JSON of all that the invoice says (``engine.data``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from engine.data import data, to_canonical, to_values
from handlers.base.rows import fields_of
from handlers.invoices.tables import Invoice, InvoiceLine, InvoiceRate
from handlers.orders.tables import SalesOrder
from handlers.sales.types import Line, RateTotal

BEGINNING: Final = "0" * 64
_AT_ONCE: Final = 500

_HEAD: Final = (
    *("number", "kind", "sequence", "issued_on", "due_on", "reason", "is_reinvoiceable", "subject", "contact", "email"),
    *("locale", "party", "customer_reference", "terms", "payment_method", "currency", "is_untaxed", "category"),
    *("seller", "mentions", "validated_at", "validated_by"),
)
_PLACES: Final = {
    **dict.fromkeys(("discount", "shipping", "adjustment", "net", "tax", "total", "amount"), 2),
    **dict.fromkeys(("lines", "charges", "base"), 2),
    **dict.fromkeys(("quantity", "rate"), 4),
    "unit_price": 6,
}
"""How many decimals each number is kept with: the hash is of what is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What an invoice names by number: the order that it is of, and the invoice that it corrects."""

    order: str | None
    corrects: str | None


@data
class Broken:
    """A link that does not hold. ``code``: ``changed`` (its content is another), ``unlinked`` (it does not follow the one before),
    ``missing`` (the one before is not there), ``earlier`` (it is dated before the one before).
    """

    sequence: int
    number: str
    code: str


def content(row: Invoice, named: Named, lines: Sequence[InvoiceLine], rates: Sequence[InvoiceRate]) -> dict[str, Any]:
    """All that an invoice says."""
    assert row.validated_at is not None
    head = {name: getattr(row, name) for name in _HEAD} | {"validated_at": row.validated_at.astimezone(UTC)}
    figures = {name: getattr(row, name) for name in ("discount", "shipping", "adjustment", "net", "tax", "total")}
    of_lines = sorted(lines, key=lambda each: each.place)
    of_rates = sorted(rates, key=lambda each: each.vat)
    return {
        **head,
        **_scaled(figures),
        "order": named.order,
        "corrects": named.corrects,
        "lines": [
            _scaled(fields_of(Line, each) | {"article": each.article or "", "amount": each.amount}) for each in of_lines
        ],
        "rates": [_scaled(asdict(RateTotal(**fields_of(RateTotal, each)))) for each in of_rates],
    }


def link(previous: str, said: Mapping[str, Any]) -> str:
    """The hash of what is said, after the one before it."""
    return hashlib.sha256(previous.encode() + to_canonical(to_values(said)).encode()).hexdigest()


def verify(session: Session) -> tuple[Broken, ...]:
    """What does not hold of the whole chain, recomputed from the rows; nothing when all does. Three statements for 500 invoices."""
    found: list[Broken] = []
    previous, last, day = BEGINNING, 0, None
    for row, named, lines, rates in _validated(session):
        assert row.sequence is not None
        assert row.number is not None
        checks = (
            ("missing", row.sequence != last + 1),
            ("unlinked", row.previous_hash != previous),
            ("earlier", day is not None and row.issued_on is not None and row.issued_on < day),
            ("changed", row.hash != link(str(row.previous_hash), content(row, named, lines, rates))),
        )
        found += [Broken(sequence=row.sequence, number=row.number, code=code) for code, is_wrong in checks if is_wrong]
        previous, last, day = str(row.hash), row.sequence, row.issued_on
    return tuple(found)


def _validated(session: Session) -> Iterator[tuple[Invoice, Named, list[InvoiceLine], list[InvoiceRate]]]:
    after = 0
    corrected = aliased(Invoice)
    while True:
        rows = session.execute(
            select(Invoice, SalesOrder.number, corrected.number)
            .outerjoin(SalesOrder, SalesOrder.id == Invoice.order_id)
            .outerjoin(corrected, corrected.id == Invoice.corrects_id)
            .where(Invoice.sequence > after)
            .order_by(Invoice.sequence)
            .limit(_AT_ONCE)
        ).all()
        if not rows:
            return
        ids = [row.id for row, _, _ in rows]
        lines: dict[int, list[InvoiceLine]] = {each: [] for each in ids}
        rates: dict[int, list[InvoiceRate]] = {each: [] for each in ids}
        for line in session.scalars(select(InvoiceLine).where(InvoiceLine.invoice_id.in_(ids))):
            lines[line.invoice_id].append(line)
        for rate in session.scalars(select(InvoiceRate).where(InvoiceRate.invoice_id.in_(ids))):
            rates[rate.invoice_id].append(rate)
        for row, order, corrects in rows:
            yield row, Named(order=order, corrects=corrects), lines[row.id], rates[row.id]
        after = rows[-1][0].sequence or after


def _scaled(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.quantize(Decimal(1).scaleb(-_PLACES[name])) if isinstance(value, Decimal) else value
        for name, value in values.items()
    }
