"""Deliveries and returns, and their lines."""

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
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from handlers.base.tables import Table
from handlers.orders.tables import OrderLine, SalesOrder


class Delivery(Table):
    """What leaves at one time for an order, or (``kind`` *return*) what of it comes back. Never deleted: its series has no gap.

    Triggers keep the way from status to status, and all of it once it is shipped or cancelled. ``party``: the customer as the order copied
    it, with the place of delivery; ``warehouse``: the code of the order's, or of the one that was the default when it was planned.
    ``shipped_on``: the day at the company's. Of a return: ``origin_id`` is the delivery that it comes from, ``is_redelivered`` whether the
    same is to be delivered again; it is *shipped* when it is recorded. ``closed_because``: the reason of a cancellation or return.
    ``idempotency_key``: of the step or page that made it.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        CheckConstraint("kind IN ('delivery', 'return')", name="kind_known"),
        CheckConstraint(
            "status IN ('to_prepare', 'reserved', 'prepared', 'shipped', 'cancelled')", name="status_known"
        ),
        CheckConstraint("(kind = 'return') = (origin_id IS NOT NULL)", name="returns_have_an_origin"),
        CheckConstraint("kind = 'return' OR NOT is_redelivered", name="only_returns_are_redelivered"),
        CheckConstraint("(status = 'shipped') = (shipped_at IS NOT NULL)", name="shipped_since"),
        CheckConstraint(
            "(shipped_at IS NULL) = (shipped_on IS NULL) AND (shipped_at IS NULL) = (shipped_by IS NULL)",
            name="shipped_by_somebody",
        ),
        CheckConstraint("status <> 'prepared' OR prepared_by IS NOT NULL", name="prepared_by_somebody"),
        CheckConstraint("(status <> 'cancelled' AND kind <> 'return') OR closed_because <> ''", name="reason_given"),
        Index("ix_delivery_words", "words", postgresql_using="gin"),
        Index("ix_delivery_status", "status", "id"),
        Index("ix_delivery_origin_id", "origin_id", postgresql_where=text("origin_id IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    number: Mapped[str] = mapped_column(Text, unique=True)
    kind: Mapped[str] = mapped_column(Text)
    order_id: Mapped[int] = mapped_column(ForeignKey(SalesOrder.id), index=True)
    origin_id: Mapped[int | None] = mapped_column(ForeignKey("business.delivery.id"))
    is_redelivered: Mapped[bool] = mapped_column(Boolean)
    status: Mapped[str] = mapped_column(Text)
    warehouse: Mapped[str] = mapped_column(Text)
    party: Mapped[dict[str, Any]] = mapped_column(JSONB)
    carrier: Mapped[str] = mapped_column(Text)
    tracking: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(TSVECTOR)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str] = mapped_column(Text)
    prepared_by: Mapped[str | None] = mapped_column(Text)
    shipped_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    shipped_on: Mapped[date | None] = mapped_column(Date)
    shipped_by: Mapped[str | None] = mapped_column(Text)
    closed_because: Mapped[str] = mapped_column(Text)
    idempotency_key: Mapped[str] = mapped_column(Text, unique=True)


class DeliveryLine(Table):
    """How much of an order's line a delivery carries, or a return brings back; ``text`` and ``unit`` as the order says them.

    A trigger refuses what would make the deliveries of an order line, less what came back, more than what was ordered, and the returns of
    a delivery more than it carried (domain §5.2-2). Whoever writes has locked the order first, so that two cannot both be right.
    """

    __tablename__ = "delivery_line"
    __table_args__ = (
        UniqueConstraint("delivery_id", "place"),
        UniqueConstraint("delivery_id", "order_line_id"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("place >= 1", name="place_positive"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey(Delivery.id))
    order_line_id: Mapped[int] = mapped_column(ForeignKey(OrderLine.id), index=True)
    place: Mapped[int] = mapped_column(Integer)
    article: Mapped[str | None] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(Text)
    quantity: Mapped[Decimal] = mapped_column(Numeric(14, 4))
