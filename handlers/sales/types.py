"""What a document of sales is made of, for those who ask and change. Amounts are in euros, quantities in the unit of their line."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

from engine.data import Money, data

LINE_KINDS: Final = ("item", "heading", "note")
"""An *item* is sold and counts; a *heading* begins a part of the document, a *note* stands between lines."""

PRODUCT_TYPES: Final = ("product", "service")
"""Goods, which have stock and are delivered, or services (the kinds of ``handlers.catalogue.types``)."""


@data
class Line:
    """One line of a document. ``text``: what is sold, or what the heading or note says; only it counts for those two.

    ``article``: the reference of an article; empty for what is sold once and has none. ``unit_price``: before tax, for one ``unit``, up to
    six decimals. ``discount``: percent of the line, two decimals. ``vat``: a name of ``handlers.catalogue.vat.NAMES``, the rate at home; on
    invoices, and where figures are worked out, of ``handlers.sales.taxes.EXEMPT`` too.
    """

    kind: str = "item"
    article: str = ""
    text: str
    quantity: Decimal = Decimal(1)
    unit: str = ""
    unit_price: Money = Decimal(0)
    discount: Decimal = Decimal(0)
    vat: str = "normal"
    product_type: str = "product"


@data
class Extras:
    """What counts for the whole document: ``discount`` in percent of all lines, ``shipping`` (charged with the normal rate of VAT), and
    ``adjustment``, more or less of the total before tax (normal rate too).
    """

    discount: Decimal = Decimal(0)
    shipping: Money = Decimal(0)
    adjustment: Money = Decimal(0)


@data
class RateTotal:
    """What one rate of VAT is taken of, or what bears none for one reason (``vat``: as in ``Line``).

    ``base`` = ``lines`` − ``discount`` + ``charges``; ``tax`` is rounded once, for the rate.
    """

    vat: str
    rate: Decimal
    lines: Money
    discount: Money
    charges: Money
    base: Money
    tax: Money


@data
class Totals:
    """The figures of a document, each to the cent. ``amounts``: before tax, one for each line in order, None for headings and notes;
    ``vats``: under which of ``rates`` each counts.

    ``lines``: the sum of the amounts; ``discount``, ``charges``: of the whole document; ``net`` before tax, ``tax``, ``total`` with it.
    ``rates``: highest first. ``list_amount``: what the lines would cost without any discount, and ``discount_percent`` how much less
    ``net`` without charges is, in percent with two decimals.
    """

    amounts: tuple[Money | None, ...]
    vats: tuple[str | None, ...]
    lines: Money
    discount: Money
    charges: Money
    net: Money
    tax: Money
    total: Money
    rates: tuple[RateTotal, ...]
    list_amount: Money
    discount_percent: Decimal


TERMS: Final = (
    "on_order",
    "on_receipt",
    "30_days",
    "30_days_then_end_of_month",
    "end_of_month_then_30_days",
    "45_days_then_end_of_month",
    "end_of_month_then_45_days",
    "60_days",
)
"""When a customer pays. Where days and the end of a month are added, the order is part of the term (domain §5.5)."""

STATUSES: Final = ("draft", "submitted", "sent", "accepted", "refused", "change_asked", "expired", "cancelled")
"""Of a version of a quote. *submitted*: a draft that waits for an approval or to be sent; nobody changes it meanwhile."""

ANSWERS: Final = ("accepted", "refused", "change_asked")
"""What a customer can answer, and the status of the version from then on."""


@data
class QuoteData:
    """Everything that people write about a quote beside its lines.

    ``contact``: whom it is addressed to at the customer's; ``email``: where it is sent; ``locale``: of the document and its mails.
    ``billing_id``, ``shipping_id``: addresses of the customer (None: none is named) that the quote copies. ``customer_reference``: theirs.
    ``terms``: one of ``TERMS``. ``fiscal_position``: one of ``handlers.customers.fiscal.POSITIONS``. ``currency``: the company's, which is
    the euro.
    """

    subject: str = ""
    contact: str = ""
    email: str = ""
    locale: str = "fr"
    billing_id: int | None = None
    shipping_id: int | None = None
    customer_reference: str = ""
    introduction: str = ""
    valid_until: date
    terms: str = "30_days"
    fiscal_position: str = "domestic"
    currency: str = "EUR"
    extras: Extras = Extras()


@data
class Place:
    """An address as a document copies it."""

    label: str = ""
    street: str = ""
    postal_code: str = ""
    city: str
    country: str = "FR"
