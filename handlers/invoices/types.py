"""What an invoice is made of, for those who ask and change. Amounts are in euros, quantities in the unit of their line."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from engine.data import Money, data
from handlers.sales.types import Extras, Line, RateTotal

KINDS: Final = ("invoice", "credit_note")
STATUSES: Final = ("draft", "validated")
WHATS: Final = ("remaining", "products", "services", "delivered", "percent")
"""What of an order is invoiced: all that is left, only goods, only services, only what was delivered, a percentage of each line."""

CATEGORIES: Final = ("goods", "services", "mixed")
"""What is invoiced, as the law wants it said (décret 2022-1299)."""

DRAFT_NAME: Final = "FA-brouillon-"
"""How the name of a draft begins; its id follows."""


def draft_name(invoice_id: int) -> str:
    """What a case calls a draft, which has no number; pages make a link of it, in the reader's language (``web.ui.linked``)."""
    return f"{DRAFT_NAME}{invoice_id}"


@data
class Source:
    """A line that is invoiced, or credited: of an order, or of an invoice. ``id``: its own; ``amount``: what all of it costs before tax."""

    id: int
    line: Line
    amount: Money | None


@data
class Invoiced:
    """What was invoiced of one line, less what credit notes gave back to be invoiced again.

    Of credits: what was given back. ``amount`` counts that by which the price was ``reduced``, which has no quantity.
    """

    quantity: Decimal = Decimal(0)
    amount: Money = Decimal("0.00")
    reduced: Money = Decimal("0.00")


@data
class Earlier:
    """What came before of one order (or, of credits, of one invoice): by line, by name of the rate of VAT, and of the whole document."""

    lines: Mapping[int, Invoiced]
    rates: Mapping[str, RateTotal]
    shipping: Money = Decimal("0.00")
    adjustment: Money = Decimal("0.00")


@data
class Sale:
    """An order as invoices see it: its lines name what they count under (``handlers.sales.taxes``). ``rates``: of its day, by name."""

    lines: tuple[Source, ...]
    extras: Extras
    rates: Mapping[str, Decimal]


@data
class DraftLine:
    """A line of an invoice. ``source``: the line that it invoices or credits, None for headings and notes; ``line.quantity``: of it."""

    source: int | None
    line: Line
    amount: Money | None


@data
class Drafted:
    """An invoice or credit note with its figures, each to the cent and none below zero but ``adjustment``.

    ``shipping``, ``adjustment``: what of the document's charges it bears, both inside ``charges`` of the rate that bears them.
    """

    lines: tuple[DraftLine, ...]
    rates: tuple[RateTotal, ...]
    shipping: Money
    adjustment: Money
    net: Money
    tax: Money
    total: Money
