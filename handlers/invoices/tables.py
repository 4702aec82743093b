"""Invoices and credit notes, their lines, and what each rate of VAT is taken of."""

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
    Numeric,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from handlers.base.tables import Table
from handlers.customers.tables import Customer
from handlers.orders.tables import OrderLine, SalesOrder
from handlers.sales.columns import LineColumns, line_checks

_VAT_KNOWN = "vat IN ('normal', 'intermediate', 'reduced', 'particular', 'intra_eu', 'export', 'reverse_charge', 'service_abroad')"


class Invoice(Table):
    """An invoice or a credit note; all amounts of both are positive. Triggers keep what is validated, for good, and the chain.

    A *draft* has no number and may be dropped. With its validation it gets ``number`` and ``hash`` at once, ``issued_on`` never before the
    one that comes before it in the chain (``sequence``, ``previous_hash``), and copies of what the law wants said: ``seller`` (the
    company's identity, its logo by hash), ``mentions`` (code and text of each).

    ``party`` and what stands beside it are copied from the order. ``discount`` in percent, ``shipping`` and ``adjustment``: what of the
    order's charges this one bears. ``corrects_id``: the invoice that a credit note is about, ``reason`` why, ``is_reinvoiceable``: that
    what it gives back may be invoiced again; ``is_reduction``: that it reduces prices, its lines are amounts of one piece each and give no
    quantity back. ``asked_by``: a login.
    ``performed_on``: when the services were, as whoever validates says; ``delivered_on``: when the goods had left, by the deliveries of
    that day; None where it is not known. ``hash_version``: how it was hashed (``chain``).
    ``idempotency_key``: of the step that drafted it, or took it over from the person who did; ``form_key``: of the
    form with which a person drafted it.
    """

    __tablename__ = "invoice"
    __table_args__ = (
        UniqueConstraint("sequence"),
        CheckConstraint("kind IN ('invoice', 'credit_note')", name="kind_known"),
        CheckConstraint("status IN ('draft', 'validated')", name="status_known"),
        CheckConstraint("(kind = 'credit_note') = (corrects_id IS NOT NULL)", name="credit_notes_correct"),
        CheckConstraint("kind = 'invoice' OR reason <> ''", name="credited_for_a_reason"),
        CheckConstraint("kind = 'credit_note' OR NOT is_reinvoiceable", name="only_credits_give_back"),
        CheckConstraint(
            "NOT is_reduction OR kind = 'credit_note' AND NOT is_reinvoiceable", name="reductions_give_no_quantity"
        ),
        CheckConstraint("currency = 'EUR'", name="currency_is_euro"),
        CheckConstraint("total = net + tax", name="total_is_net_and_tax"),
        CheckConstraint("net >= 0 AND tax >= 0", name="total_not_negative"),
        CheckConstraint("category IN ('goods', 'services', 'mixed')", name="category_known"),
        CheckConstraint("due_on >= issued_on", name="due_after_issue"),
        CheckConstraint("sequence >= 1", name="sequence_positive"),
        CheckConstraint("hash ~ '^[0-9a-f]{64}$' AND previous_hash ~ '^[0-9a-f]{64}$'", name="sha256"),
        CheckConstraint(
            "num_nulls(number, issued_on, due_on, sequence, previous_hash, hash, seller, mentions, validated_at, validated_by)"
            " = CASE status WHEN 'draft' THEN 10 ELSE 0 END",
            name="complete_once_validated",
        ),
        CheckConstraint("status = 'draft' OR terms <> ''", name="terms_once_validated"),
        CheckConstraint("status = 'draft' OR seller ->> 'siren' ~ '^[0-9]{9}$'", name="siren_once_validated"),
        CheckConstraint("jsonb_typeof(mentions) = 'array'", name="mentions_are_a_list"),
        CheckConstraint("hash_version IN (1, 2)", name="hash_version_known"),
        CheckConstraint("performed_on IS NULL OR category <> 'goods'", name="goods_are_not_performed"),
        Index("ix_invoice_words", "words", postgresql_using="gin"),
        Index("ix_invoice_status", "status", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    number: Mapped[str | None] = mapped_column(Text, unique=True)
    kind: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    order_id: Mapped[int | None] = mapped_column(ForeignKey(SalesOrder.id), index=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey(Customer.id), index=True)
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("business.invoice.id"), index=True)
    reason: Mapped[str] = mapped_column(Text)
    is_reinvoiceable: Mapped[bool] = mapped_column(Boolean)
    is_reduction: Mapped[bool] = mapped_column(Boolean)
    subject: Mapped[str] = mapped_column(Text)
    contact: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text)
    locale: Mapped[str] = mapped_column(Text)
    party: Mapped[dict[str, Any]] = mapped_column(JSONB)
    customer_reference: Mapped[str] = mapped_column(Text)
    terms: Mapped[str] = mapped_column(Text)
    payment_method: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    discount: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    shipping: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    adjustment: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    is_untaxed: Mapped[bool] = mapped_column(Boolean)
    category: Mapped[str] = mapped_column(Text)
    net: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    tax: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    total: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    asked_by: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str] = mapped_column(Text)
    issued_on: Mapped[date | None] = mapped_column(Date)
    due_on: Mapped[date | None] = mapped_column(Date)
    sequence: Mapped[int | None] = mapped_column(BigInteger)
    previous_hash: Mapped[str | None] = mapped_column(Text)
    hash: Mapped[str | None] = mapped_column(Text)
    seller: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    mentions: Mapped[list[dict[str, str]] | None] = mapped_column(JSONB(none_as_null=True))
    validated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    validated_by: Mapped[str | None] = mapped_column(Text)
    hash_version: Mapped[int] = mapped_column(Integer, server_default="1")
    performed_on: Mapped[date | None] = mapped_column(Date)
    delivered_on: Mapped[date | None] = mapped_column(Date)
    words: Mapped[str] = mapped_column(TSVECTOR)
    idempotency_key: Mapped[str | None] = mapped_column(Text, unique=True)
    form_key: Mapped[str | None] = mapped_column(Text, unique=True)


class InvoiceLine(LineColumns, Table):
    """A line, in the order of ``place``. ``order_line_id``: what was ordered; ``corrects_line_id``: of a credit note, what was invoiced.

    ``quantity``: of this invoice. ``amount``: what of the order's line it bears, null for headings and notes. ``vat``: the rate, or what
    exempts from it (``handlers.sales.taxes``). Triggers hold the sums against what was ordered and invoiced.
    """

    __tablename__ = "invoice_line"
    __table_args__ = (
        UniqueConstraint("invoice_id", "place"),
        *line_checks(),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("amount >= 0", name="amount_not_negative"),
        CheckConstraint(_VAT_KNOWN, name="vat_known"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey(Invoice.id))
    order_line_id: Mapped[int | None] = mapped_column(ForeignKey(OrderLine.id), index=True)
    corrects_line_id: Mapped[int | None] = mapped_column(ForeignKey("business.invoice_line.id"), index=True)


class InvoiceRate(Table):
    """What one rate of VAT is taken of, or bears none for one reason: ``base`` = ``lines`` − ``discount`` + ``charges``. ``tax`` may be a
    cent off: sums are not.
    """

    __tablename__ = "invoice_rate"
    __table_args__ = (
        CheckConstraint(_VAT_KNOWN, name="vat_known"),
        CheckConstraint(
            "vat NOT IN ('intra_eu', 'export', 'reverse_charge', 'service_abroad') OR (rate = 0 AND tax = 0)",
            name="exempt_is_free",
        ),
        CheckConstraint("rate BETWEEN 0 AND 1", name="rate_is_part_of_one"),
        CheckConstraint("base = lines - discount + charges", name="base_is_the_sum"),
        CheckConstraint("base >= 0 AND tax >= 0", name="not_negative"),
    )

    invoice_id: Mapped[int] = mapped_column(ForeignKey(Invoice.id), primary_key=True)
    vat: Mapped[str] = mapped_column(Text, primary_key=True)
    rate: Mapped[Decimal] = mapped_column(Numeric(6, 4))
    lines: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    discount: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    charges: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    base: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    tax: Mapped[Decimal] = mapped_column(Numeric(14, 2))
