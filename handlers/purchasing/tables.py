"""Suppliers, replenishment requests, supplier orders."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Date, DateTime, ForeignKey, Identity, Numeric, Text
from sqlalchemy.orm import Mapped, mapped_column

from handlers.base.tables import Table
from handlers.catalogue.tables import Article
from handlers.stock.tables import Warehouse


class Supplier(Table):
    """Who sells to us. Nothing is ordered from a supplier who is not active."""

    __tablename__ = "supplier"
    __table_args__ = (CheckConstraint("name <> ''", name="name_given"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text)
    is_active: Mapped[bool] = mapped_column(Boolean)


class ReplenishmentRequest(Table):
    """What sales administration asks for. What was asked is frozen at submission (seed rule R2; a trigger keeps it).

    A launched request is *received* when its goods have come, or purchasing waits for no more of them; *cancelled* when none came.
    """

    __tablename__ = "replenishment_request"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("status IN ('submitted', 'launched', 'refused', 'received', 'cancelled')", name="status_known"),
        CheckConstraint("(status = 'refused') = (refusal_reason IS NOT NULL)", name="refused_with_reason"),
        CheckConstraint("(status = 'submitted') = (decided_by IS NULL)", name="decided_by_somebody"),
        CheckConstraint("(decided_by IS NULL) = (decided_at IS NULL)", name="decided_at_some_time"),
        CheckConstraint("decided_by <> submitted_by", name="submitter_does_not_decide"),
        CheckConstraint("(status IN ('received', 'cancelled')) = (closed_by IS NOT NULL)", name="closed_by_somebody"),
        CheckConstraint("(closed_by IS NULL) = (closed_at IS NULL)", name="closed_at_some_time"),
        CheckConstraint("status <> 'cancelled' OR coalesce(closed_because, '') <> ''", name="cancelled_with_reason"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    number: Mapped[str] = mapped_column(Text, unique=True)
    article_id: Mapped[int] = mapped_column(ForeignKey(Article.id), index=True)
    quantity: Mapped[Decimal] = mapped_column(Numeric(14, 4))
    warehouse_id: Mapped[int] = mapped_column(ForeignKey(Warehouse.id), index=True)
    needed_on: Mapped[date | None] = mapped_column(Date)
    comment: Mapped[str | None] = mapped_column(Text)
    submitted_by: Mapped[str] = mapped_column(Text)
    submitted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    status: Mapped[str] = mapped_column(Text)
    refusal_reason: Mapped[str | None] = mapped_column(Text)
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    closed_by: Mapped[str | None] = mapped_column(Text)
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    closed_because: Mapped[str | None] = mapped_column(Text)
    idempotency_key: Mapped[str] = mapped_column(Text, unique=True)


class SupplierOrder(Table):
    """One order to a supplier, at most one a request (domain §5.2-15)."""

    __tablename__ = "supplier_order"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("unit_price >= 0", name="unit_price_not_negative"),
        CheckConstraint("amount = round(quantity * unit_price, 2)", name="amount_is_quantity_times_price"),
        CheckConstraint("approved_by <> launched_by", name="approver_is_another"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    number: Mapped[str] = mapped_column(Text, unique=True)
    request_id: Mapped[int] = mapped_column(ForeignKey(ReplenishmentRequest.id), unique=True)
    supplier_id: Mapped[int] = mapped_column(ForeignKey(Supplier.id), index=True)
    article_id: Mapped[int] = mapped_column(ForeignKey(Article.id), index=True)
    quantity: Mapped[Decimal] = mapped_column(Numeric(14, 4))
    unit_price: Mapped[Decimal] = mapped_column(Numeric(16, 6))
    amount: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    launched_by: Mapped[str] = mapped_column(Text)
    approved_by: Mapped[str | None] = mapped_column(Text)
    expected_on: Mapped[date | None] = mapped_column(Date)
    ordered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    idempotency_key: Mapped[str] = mapped_column(Text, unique=True)


class SupplierReceipt(Table):
    """Goods of a supplier order that came in at one time. Never changed; together never more than was ordered (a trigger keeps both)."""

    __tablename__ = "supplier_receipt"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity_positive"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey(SupplierOrder.id), index=True)
    quantity: Mapped[Decimal] = mapped_column(Numeric(14, 4))
    delivery_note: Mapped[str] = mapped_column(Text)
    received_by: Mapped[str] = mapped_column(Text)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    idempotency_key: Mapped[str] = mapped_column(Text, unique=True)
