"""What the handlers of ``invoicing`` that look at money take and give. Amounts in euros, with tax."""

from __future__ import annotations

from datetime import date

from engine.data import Money, data


@data
class OfInvoice:
    """A validated invoice."""

    invoice_number: str


@data
class Owed:
    """What is left of it. ``open_amount``: never negative. ``is_consumer``: no business owes it, and the claim prescribes sooner."""

    is_settled: bool
    open_amount: Money
    is_consumer: bool


@data
class Reopened:
    """An invoice that was settled and is owed again, as its new case has to know it. Amounts with tax."""

    invoice_id: int
    kind: str
    order_number: str | None
    customer_name: str
    total: Money
    issued_on: date
    due_on: date


@data
class Reminder:
    """An invoice that is late. ``level``: *friendly*, *firm* or *formal*."""

    invoice_number: str
    level: str


@data
class Crediting:
    """A credit note that was validated."""

    invoice_number: str
    today: date


@data
class Credited:
    """What became of the invoice that it corrects. ``is_settled``: by it, nothing of that one is left now."""

    corrected_invoice: str
    is_settled: bool


@data
class OfOrder:
    """An order."""

    order_number: str


@data
class OrderPaid:
    """Whether an order that waits for it (its rule is *paid*) is paid: all of it is invoiced, and all its invoices are settled."""

    is_order_paid: bool


@data
class Told:
    """Nothing to say: the mail is on its way."""
