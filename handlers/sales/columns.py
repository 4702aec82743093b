"""What documents of a sale have in common: columns and constraints of quotes and orders, and of their and the invoices' lines."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Date, ForeignKey, Integer, Numeric, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from handlers.catalogue.tables import Article


def head_checks() -> tuple[CheckConstraint, ...]:
    """What holds for the head of every quote and order, made anew for each table."""
    return (
        CheckConstraint("currency = 'EUR'", name="currency_is_euro"),
        CheckConstraint("fiscal_position IN ('domestic', 'intra_eu', 'export')", name="fiscal_position_known"),
        CheckConstraint("total = net + tax", name="total_is_net_and_tax"),
        CheckConstraint("net >= 0 AND tax >= 0", name="total_not_negative"),
        CheckConstraint("discount BETWEEN 0 AND 100", name="discount_is_percent"),
    )


class HeadColumns:
    """For whom, on which terms, for how much: ``discount`` in percent, amounts in euros, those of ``rules.totals``.

    ``party``: number, name, ``is_company``, ``siren`` and ``vat_number`` of the customer, ``billing`` and ``shipping`` (places or null), as
    they were when it was written. ``issued_on``: the day on the document, whose rates of VAT hold (``is_untaxed``: none does, the company
    is under the franchise). ``fiscal_position``: of this sale, by which its lines bear the rates that they name, or none.
    """

    subject: Mapped[str] = mapped_column(Text)
    contact: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text)
    locale: Mapped[str] = mapped_column(Text)
    billing_id: Mapped[int | None] = mapped_column(BigInteger)
    shipping_id: Mapped[int | None] = mapped_column(BigInteger)
    party: Mapped[dict[str, Any]] = mapped_column(JSONB)
    customer_reference: Mapped[str] = mapped_column(Text)
    terms: Mapped[str] = mapped_column(Text)
    fiscal_position: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    discount: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    shipping: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    adjustment: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    net: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    tax: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    total: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    issued_on: Mapped[date] = mapped_column(Date)
    is_untaxed: Mapped[bool] = mapped_column(Boolean)


def line_checks() -> tuple[CheckConstraint, ...]:
    """What holds for every line, made anew for each table."""
    return (
        CheckConstraint("kind IN ('item', 'heading', 'note')", name="kind_known"),
        CheckConstraint("text <> ''", name="text_given"),
        CheckConstraint("unit_price >= 0", name="unit_price_not_negative"),
        CheckConstraint("discount BETWEEN 0 AND 100", name="discount_is_percent"),
        CheckConstraint("product_type IN ('product', 'service')", name="product_type_known"),
        CheckConstraint("(kind = 'item') = (amount IS NOT NULL)", name="items_have_amounts"),
    )


def offered_checks() -> tuple[CheckConstraint, ...]:
    """What holds besides while a line is offered or ordered: a rate of the article, and an amount that follows from the other columns."""
    return (
        CheckConstraint("vat IN ('normal', 'intermediate', 'reduced', 'particular')", name="vat_known"),
        CheckConstraint(
            "amount = round(quantity * unit_price * (100 - discount) / 100, 2)", name="amount_is_rounded_once"
        ),
    )


class LineColumns:
    """A line in the order of ``place``: prices without VAT in euros, ``discount`` in percent. ``amount`` is null for headings and notes."""

    place: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(Text)
    article: Mapped[str | None] = mapped_column(ForeignKey(Article.reference), index=True)
    text: Mapped[str] = mapped_column(Text)
    quantity: Mapped[Decimal] = mapped_column(Numeric(14, 4))
    unit: Mapped[str] = mapped_column(Text)
    unit_price: Mapped[Decimal] = mapped_column(Numeric(16, 6))
    discount: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    vat: Mapped[str] = mapped_column(Text)
    product_type: Mapped[str] = mapped_column(Text)
    amount: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
