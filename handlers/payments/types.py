"""What payments are made of, for those who ask and record. Amounts are in euros, to the cent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

from engine.data import Money, data
from handlers.customers.types import PAYMENTS

METHODS: Final = PAYMENTS
"""How money comes or goes."""

KINDS: Final = ("receipt", "refund", "set_off", "reversal")
"""A *receipt* is money that came, a *refund* money that we gave back, a *set-off* a credit note used against an invoice (no money moves),
and a *reversal* the opposite of one of these that was wrong: what was recorded is never changed."""

WAYS: Final = ("oldest", "chosen", "account")
"""What a payment pays: the invoices that are due first, those that somebody chose, or none yet (*on account*)."""

STATES: Final = ("unpaid", "partial", "paid", "overdue", "credited")
"""Of an invoice; *credited*: settled by credit notes alone."""

CREDIT_STATES: Final = ("to_use", "partly_used", "used")
"""Of a credit note."""


@data
class Share:
    """The part of an amount at one rate of VAT, tax included. ``vat``: the rate's name, ``rate``: 0.2000 for twenty per cent."""

    vat: str
    rate: Decimal
    amount: Money


@data
class OpenItem:
    """An invoice, or a credit note, of which something is left. ``id``: of its row; ``corrects``: the number of the invoice that a credit
    note is about; ``shares``: what is left, rate by rate, never negative.
    """

    id: int
    invoice: str
    corrects: str | None = None
    kind: str
    issued_on: date
    due_on: date | None
    total: Money
    shares: tuple[Share, ...]

    @property
    def open(self) -> Decimal:
        """What is left of it."""
        return sum((each.amount for each in self.shares), Decimal("0.00"))


@data
class Wanted:
    """How much of a payment goes to one invoice."""

    invoice: str
    amount: Money


@data
class PaymentData:
    """What people write about money that came, or went. ``received_on``: may lie before the day of any invoice; ``reference``: what the
    bank, the cheque or the receipt calls it.
    """

    received_on: date
    method: str = "transfer"
    amount: Money
    reference: str = ""
    note: str = ""
