"""Orders of customers, and their lines."""

from __future__ import annotations

from datetime import date, datetime
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
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from handlers.base.tables import Table
from handlers.customers.tables import Customer
from handlers.sales.columns import HeadColumns, LineColumns, head_checks, line_checks, offered_checks
from handlers.sales.tables import Quote


class SalesOrder(HeadColumns, Table):
    """What a customer orders. Triggers keep what was confirmed (but its ``terms``, until it is over) and the way from status to status.

    ``version``: of what binds us, 1 until a confirmed order is changed; what it said before is an ``OrderVersion``. Never deleted: its
    series has no gap. ``words``: what the search compares. ``origin_quote``, ``origin_version``: the quote that was accepted, which
    makes at most one order that stands. ``warehouse``: a code, empty for the company's default. ``placed_at``: from then on a case
    leads it. ``closed_at``, ``closed_because``: when and why it was closed or cancelled; no reason where its ``closing_rule`` closed
    it, until somebody gives up what that did not wait for. ``idempotency_key``: of the step that made it, null by hand.
    """

    __tablename__ = "sales_order"
    __table_args__ = (
        *head_checks(),
        CheckConstraint("status IN ('draft', 'confirmed', 'closed', 'cancelled')", name="status_known"),
        CheckConstraint("version >= 1", name="version_positive"),
        CheckConstraint("shipping_policy IN ('each_when_ready', 'all_at_once')", name="shipping_policy_known"),
        CheckConstraint("invoicing_policy IN ('on_order', 'on_delivery')", name="invoicing_policy_known"),
        CheckConstraint("closing_rule IN ('invoiced', 'shipped', 'both', 'paid')", name="closing_rule_known"),
        CheckConstraint("(origin_quote IS NULL) = (origin_version IS NULL)", name="origin_with_version"),
        CheckConstraint("(confirmed_at IS NULL) = (confirmed_by IS NULL)", name="confirmed_by_somebody"),
        CheckConstraint("status <> 'draft' OR confirmed_at IS NULL", name="draft_not_confirmed"),
        CheckConstraint("status NOT IN ('confirmed', 'closed') OR confirmed_at IS NOT NULL", name="confirmed_since"),
        CheckConstraint("(status IN ('closed', 'cancelled')) = (closed_at IS NOT NULL)", name="over_since"),
        CheckConstraint("status <> 'cancelled' OR closed_because <> ''", name="cancelled_for_a_reason"),
        Index("ix_sales_order_words", "words", postgresql_using="gin"),
        Index("ix_sales_order_status", "status", "id"),
        Index(
            "ux_sales_order_origin_quote", "origin_quote", unique=True, postgresql_where=text("status <> 'cancelled'")
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    number: Mapped[str] = mapped_column(Text, unique=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey(Customer.id), index=True)
    origin_quote: Mapped[str | None] = mapped_column(ForeignKey(Quote.number))
    origin_version: Mapped[int | None] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer, default=1)
    shipment_on: Mapped[date | None] = mapped_column(Date)
    delivery_method: Mapped[str] = mapped_column(Text)
    warehouse: Mapped[str] = mapped_column(Text)
    shipping_policy: Mapped[str] = mapped_column(Text)
    invoicing_policy: Mapped[str] = mapped_column(Text)
    closing_rule: Mapped[str] = mapped_column(Text)
    payment_method: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(TSVECTOR)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str] = mapped_column(Text)
    placed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    confirmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    confirmed_by: Mapped[str | None] = mapped_column(Text)
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    closed_because: Mapped[str] = mapped_column(Text)
    idempotency_key: Mapped[str | None] = mapped_column(Text, unique=True)


class OrderSettings(Table):
    """What the company’s orders begin with: what ``OrderDefaults`` says. There is one row, or none yet."""

    __tablename__ = "order_settings"
    __table_args__ = (
        CheckConstraint("id = 1", name="only_one"),
        CheckConstraint("shipping_policy IN ('each_when_ready', 'all_at_once')", name="shipping_policy_known"),
        CheckConstraint("invoicing_policy IN ('on_order', 'on_delivery')", name="invoicing_policy_known"),
        CheckConstraint("closing_rule IN ('invoiced', 'shipped', 'both', 'paid')", name="closing_rule_known"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    shipping_policy: Mapped[str] = mapped_column(Text)
    invoicing_policy: Mapped[str] = mapped_column(Text)
    closing_rule: Mapped[str] = mapped_column(Text)
    is_numbered_by_hand: Mapped[bool] = mapped_column(Boolean)


class OrderLine(LineColumns, Table):
    """A line of an order, in the order of ``place``; once the order is confirmed, deliveries and invoices point to its ``id``.

    ``amount`` is null for headings and notes. A confirmed order's line that is not wanted any more has the ``quantity`` 0.
    """

    __tablename__ = "order_line"
    __table_args__ = (
        UniqueConstraint("order_id", "place"),
        *line_checks(),
        *offered_checks(),
        CheckConstraint("quantity >= 0", name="quantity_not_negative"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey(SalesOrder.id))


class OrderVersion(Table):
    """What a confirmed order said before it was changed: ``version`` is the one that ended ``changed_at``. Never changed nor deleted.

    A trigger reads ``head`` (terms and figures) and ``lines`` from the order, numbers as texts, and notes the transaction in
    ``written_in``: only in that one do the lines of a confirmed order change. ``form_key``: sent twice, the change is made once.
    """

    __tablename__ = "order_version"

    order_id: Mapped[int] = mapped_column(ForeignKey(SalesOrder.id), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    head: Mapped[dict[str, Any]] = mapped_column(JSONB)
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_by: Mapped[str] = mapped_column(Text)
    form_key: Mapped[str] = mapped_column(Text, unique=True)
    written_in: Mapped[str] = mapped_column(Text)
