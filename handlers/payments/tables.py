"""Money that came and went, and what it pays."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Numeric,
    Text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from handlers.base.tables import Table
from handlers.customers.tables import Customer
from handlers.invoices.tables import InvoiceRate


class Payment(Table):
    """Money of a customer, never changed and never deleted: what was wrong is reversed by its opposite. ``words``: for the search.

    ``amount``: above zero for what came, below for what went back, nothing for a credit note that is set off. ``of_id``: the payment whose
    money this one gives back or reverses; together with it they are one *family*, of which never more is allocated than there is.
    ``reverses_id``: the very one that it reverses. ``method``: empty where no money moves.
    """

    __tablename__ = "payment"
    __table_args__ = (
        CheckConstraint("kind IN ('receipt', 'refund', 'set_off', 'reversal')", name="kind_known"),
        CheckConstraint(
            "method IN ('transfer', 'card', 'direct_debit', 'cheque', 'cash') OR (method = '' AND amount = 0)",
            name="method_known",
        ),
        CheckConstraint(
            "CASE kind WHEN 'receipt' THEN amount > 0 WHEN 'refund' THEN amount < 0 WHEN 'set_off' THEN amount = 0 AND method = '' "
            "ELSE true END",
            name="amount_of_its_kind",
        ),
        CheckConstraint("(kind = 'reversal') = (reverses_id IS NOT NULL)", name="reversal_of_something"),
        CheckConstraint(
            "CASE kind WHEN 'reversal' THEN of_id IS NOT NULL WHEN 'refund' THEN true ELSE of_id IS NULL END",
            name="family_of_its_kind",
        ),
        Index("ix_payment_words", "words", postgresql_using="gin"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    number: Mapped[str] = mapped_column(Text, unique=True)
    kind: Mapped[str] = mapped_column(Text)
    customer_id: Mapped[int] = mapped_column(ForeignKey(Customer.id), index=True)
    of_id: Mapped[int | None] = mapped_column(ForeignKey("business.payment.id"), index=True)
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("business.payment.id"), unique=True)
    received_on: Mapped[date] = mapped_column(Date)
    method: Mapped[str] = mapped_column(Text)
    amount: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    reference: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(TSVECTOR)
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    recorded_by: Mapped[str] = mapped_column(Text)
    idempotency_key: Mapped[str | None] = mapped_column(Text, unique=True)


class Allocation(Table):
    """What of a payment settles an invoice, at one rate of VAT; below zero what leaves a credit note, or is taken back by a reversal.

    A trigger keeps each rate of an invoice between nothing and what it comes to, whoever allocates at the same time.
    """

    __tablename__ = "payment_allocation"
    __table_args__ = (
        ForeignKeyConstraint(["invoice_id", "vat"], [InvoiceRate.invoice_id, InvoiceRate.vat]),
        CheckConstraint("amount <> 0", name="amount_given"),
        Index("ix_payment_allocation_invoice_id_vat", "invoice_id", "vat"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey(Payment.id), index=True)
    invoice_id: Mapped[int] = mapped_column(BigInteger)
    vat: Mapped[str] = mapped_column(Text)
    rate: Mapped[Decimal] = mapped_column(Numeric(6, 4))
    amount: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    allocated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    allocated_by: Mapped[str] = mapped_column(Text)
