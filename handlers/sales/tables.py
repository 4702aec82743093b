"""Quotes, their versions and lines, and what customers answered."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

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
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from handlers.base.tables import Table
from handlers.customers.tables import Customer
from handlers.sales.columns import HeadColumns, LineColumns, head_checks, line_checks, offered_checks


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


class QuoteVersion(HeadColumns, Table):
    """A quote as it was, or is, offered. Triggers keep what it says once it is submitted, and the way from status to status.

    ``issued_on``: of a draft the day when it was last written. ``content_hash``: of what was sent; ``link_key``: signs the address that
    the customer gets. ``closed_because``: the reason for ``cancelled``, or why a draft was returned.
    """

    __tablename__ = "quote_version"
    __table_args__ = (
        UniqueConstraint("quote_id", "version"),
        *head_checks(),
        CheckConstraint(
            "status IN ('draft', 'submitted', 'sent', 'accepted', 'refused', 'change_asked', 'expired', 'cancelled')",
            name="status_known",
        ),
        CheckConstraint("(sent_at IS NULL) = (content_hash IS NULL)", name="sent_with_hash"),
        CheckConstraint("(sent_at IS NULL) = (link_key IS NULL)", name="sent_with_link"),
        CheckConstraint("approved_by <> submitted_by", name="approver_is_another"),
        Index("ix_quote_version_status", "status", "quote_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    quote_id: Mapped[int] = mapped_column(ForeignKey(Quote.id))
    version: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(Text)
    introduction: Mapped[str] = mapped_column(Text)
    valid_until: Mapped[date] = mapped_column(Date)
    discount_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    submitted_by: Mapped[str | None] = mapped_column(Text)
    approved_by: Mapped[str | None] = mapped_column(Text)
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    content_hash: Mapped[str | None] = mapped_column(Text)
    link_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    closed_because: Mapped[str] = mapped_column(Text)


class QuoteLine(LineColumns, Table):
    """A line of a version, in the order of ``place``. ``amount`` is null for headings and notes."""

    __tablename__ = "quote_line"
    __table_args__ = (
        UniqueConstraint("version_id", "place"),
        *line_checks(),
        *offered_checks(),
        CheckConstraint("quantity > 0", name="quantity_positive"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey(QuoteVersion.id))


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
