"""The chain of what was validated: each invoice and credit note is hashed with the one before it, so that none can change, come or go.

SHA-256 of the hash before (of the first: sixty-four zeros) and of the canonical JSON of all that the invoice says (``engine.data``). What
is hashed has a version: an invoice is verified the way it was hashed. The first did not say whose it was by our books, nor when what it
invoices was delivered or done; the second says its own version, too, so that one cannot be taken for the other. What reduces a price says
so, and nothing else does: so those from before are hashed as they were.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC
from decimal import Decimal
from typing import Any, Final

from engine.data import to_canonical, to_values
from handlers.base.rows import fields_of
from handlers.invoices.tables import Invoice, InvoiceLine, InvoiceRate
from handlers.sales.types import Line, RateTotal

BEGINNING: Final = "0" * 64
VERSION: Final = 2
"""How what is validated now is hashed."""

_SINCE_2: Final = ("customer_id", "performed_on", "delivered_on")

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


def content(row: Invoice, named: Named, lines: Sequence[InvoiceLine], rates: Sequence[InvoiceRate]) -> dict[str, Any]:
    """All that an invoice says."""
    assert row.validated_at is not None
    head = {name: getattr(row, name) for name in _HEAD} | {"validated_at": row.validated_at.astimezone(UTC)}
    figures = {name: getattr(row, name) for name in ("discount", "shipping", "adjustment", "net", "tax", "total")}
    of_lines = sorted(lines, key=lambda each: each.place)
    of_rates = sorted(rates, key=lambda each: each.vat)
    if row.hash_version > 1:
        head |= {name: getattr(row, name) for name in _SINCE_2} | {"version": row.hash_version}
    if row.is_reduction:
        head["is_reduction"] = True
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


def told(row: Invoice, named: Named, lines: Sequence[InvoiceLine], rates: Sequence[InvoiceRate]) -> dict[str, str]:
    """What the history says of a validated invoice: its hash, and enough beside it to say later what is another."""
    said = content(row, named, lines, rates)
    figures = {name: f"{said[name]:f}" for name in ("net", "tax", "total")}
    days = {name: str(said.get(name) or "") for name in ("issued_on", "due_on", "performed_on", "delivered_on")}
    return {
        "number": str(row.number),
        "sequence": str(row.sequence),
        "previous_hash": str(row.previous_hash),
        "hash": str(row.hash),
        "customer_id": str(row.customer_id),
        "order": named.order or "",
        "corrects": named.corrects or "",
        **days,
        **figures,
        **{name: digest(said[name]) for name in ("lines", "rates")},
    }


def digest(value: object) -> str:
    """A short one of a part, to be compared with itself."""
    return hashlib.sha256(to_canonical(to_values(value)).encode()).hexdigest()[:16]


def _scaled(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.quantize(Decimal(1).scaleb(-_PLACES[name])) if isinstance(value, Decimal) else value
        for name, value in values.items()
    }
