"""Quotes, their versions and lines, and what customers answered."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from handlers.base.tables import Table
from handlers.catalogue.tables import Article
from handlers.customers.tables import Customer


class Quote(Table):
    """What is offered to a customer. ``version``: the latest; ``words``: what the search compares. Never deleted: its series has no gap."""

    __tablename__ = "quote"
    __table_args__ = (
        CheckConstraint("version >= 1", name="version_positive"),
        Index("ix_quote_words", "words", postgresql_using="gin"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    number: Mapped[str] = mapped_column(Text, unique=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey(Customer.id), index=True)
    version: Mapped[int] = mapped_column(Integer)
    words: Mapped[str] = mapped_column(TSVECTOR)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str] = mapped_column(Text)


class QuoteVersion(Table):
    """A quote as it was, or is, offered. Triggers keep what it says once it is submitted, and the way from status to status.

    ``party``: number, name, ``is_company``, ``siren`` and ``vat_number`` of the customer, ``billing`` and ``shipping`` (places or null), as
    they were when it was written. The figures are those of ``rules.totals``. ``issued_on``: the day on the document, whose rates of VAT
    hold (``is_untaxed``: none does, the company is under the franchise); of a draft the day when it was last written.
    ``fiscal_position``: of this sale, by which its lines bear the rates that they name, or none.
    ``content_hash``: of what was sent; ``link_key``: signs the address that the customer gets. ``closed_because``: the reason for
    ``cancelled``, or why a draft was returned.
    """

    __tablename__ = "quote_version"
    __table_args__ = (
        UniqueConstraint("quote_id", "version"),
        CheckConstraint(
            "status IN ('draft', 'submitted', 'sent', 'accepted', 'refused', 'change_asked', 'expired', 'cancelled')",
            name="status_known",
        ),
        CheckConstraint("currency = 'EUR'", name="currency_is_euro"),
        CheckConstraint("fiscal_position IN ('domestic', 'intra_eu', 'export')", name="fiscal_position_known"),
        CheckConstraint("total = net + tax", name="total_is_net_and_tax"),
        CheckConstraint("net >= 0 AND tax >= 0", name="total_not_negative"),
        CheckConstraint("discount BETWEEN 0 AND 100", name="discount_is_percent"),
        CheckConstraint("(sent_at IS NULL) = (content_hash IS NULL)", name="sent_with_hash"),
        CheckConstraint("(sent_at IS NULL) = (link_key IS NULL)", name="sent_with_link"),
        CheckConstraint("approved_by <> submitted_by", name="approver_is_another"),
        Index("ix_quote_version_status", "status", "quote_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    quote_id: Mapped[int] = mapped_column(ForeignKey(Quote.id))
    version: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    contact: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text)
    locale: Mapped[str] = mapped_column(Text)
    billing_id: Mapped[int | None] = mapped_column(BigInteger)
    shipping_id: Mapped[int | None] = mapped_column(BigInteger)
    party: Mapped[dict[str, Any]] = mapped_column(JSONB)
    customer_reference: Mapped[str] = mapped_column(Text)
    introduction: Mapped[str] = mapped_column(Text)
    valid_until: Mapped[date] = mapped_column(Date)
    terms: Mapped[str] = mapped_column(Text)
    fiscal_position: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    discount: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    shipping: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    adjustment: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    net: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    tax: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    total: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    discount_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    issued_on: Mapped[date] = mapped_column(Date)
    is_untaxed: Mapped[bool] = mapped_column(Boolean)
    submitted_by: Mapped[str | None] = mapped_column(Text)
    approved_by: Mapped[str | None] = mapped_column(Text)
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    content_hash: Mapped[str | None] = mapped_column(Text)
    link_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    closed_because: Mapped[str] = mapped_column(Text)


class QuoteLine(Table):
    """A line of a version, in the order of ``place``. ``amount`` is null for headings and notes."""

    __tablename__ = "quote_line"
    __table_args__ = (
        UniqueConstraint("version_id", "place"),
        CheckConstraint("kind IN ('item', 'heading', 'note')", name="kind_known"),
        CheckConstraint("text <> ''", name="text_given"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("unit_price >= 0", name="unit_price_not_negative"),
        CheckConstraint("discount BETWEEN 0 AND 100", name="discount_is_percent"),
        CheckConstraint("vat IN ('normal', 'intermediate', 'reduced', 'particular')", name="vat_known"),
        CheckConstraint("product_type IN ('product', 'service')", name="product_type_known"),
        CheckConstraint("(kind = 'item') = (amount IS NOT NULL)", name="items_have_amounts"),
        CheckConstraint(
            "amount = round(quantity * unit_price * (100 - discount) / 100, 2)", name="amount_is_rounded_once"
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey(QuoteVersion.id))
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


class QuoteAnswer(Table):
    """What the customer answered to a version, once. ``address``, ``by_link``: by the link, from where; else ``noted_by`` somebody of ours.

    ``consent``: the words that were agreed to; ``content_hash``: of what was before the customer.
    """

    __tablename__ = "quote_answer"
    __table_args__ = (
        CheckConstraint("answer IN ('accepted', 'refused', 'change_asked')", name="answer_known"),
        CheckConstraint("answer = 'accepted' OR comment <> ''", name="reason_given"),
        CheckConstraint(
            "NOT by_link OR answer <> 'accepted' OR (name <> '' AND consent <> '')", name="accepted_by_somebody"
        ),
    )

    version_id: Mapped[int] = mapped_column(ForeignKey(QuoteVersion.id), primary_key=True)
    answer: Mapped[str] = mapped_column(Text)
    by_link: Mapped[bool] = mapped_column(Boolean)
    name: Mapped[str] = mapped_column(Text)
    function: Mapped[str] = mapped_column(Text)
    comment: Mapped[str] = mapped_column(Text)
    consent: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)
    content_hash: Mapped[str] = mapped_column(Text)
    noted_by: Mapped[str] = mapped_column(Text)
    answered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
