"""Warehouses, what lies in them, the movements that say why, and what is promised."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Numeric,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from handlers.base.tables import Table
from handlers.catalogue.tables import Article


class Warehouse(Table):
    """A place where goods lie. One is the default: what names none is meant there. The first one comes with the tables.

    ``may_be_negative``: more may be promised and shipped than is known to lie there (goods are noted after they have left).
    """

    __tablename__ = "warehouse"
    __table_args__ = (
        CheckConstraint("code <> ''", name="code_given"),
        CheckConstraint("name <> ''", name="name_given"),
        Index("uq_warehouse_is_default", "is_default", unique=True, postgresql_where=text("is_default")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    is_default: Mapped[bool] = mapped_column(Boolean)
    may_be_negative: Mapped[bool] = mapped_column(Boolean)


class Stock(Table):
    """One row an article and warehouse: what lies there, what of it is promised, and the level below which it is short there.

    ``on_hand`` is the sum of its movements, ``reserved`` and ``missing`` are those of its reservations: triggers write them, and let nobody
    else do so. A trigger refuses what would take ``on_hand`` below zero, unless the warehouse may be negative.
    """

    __tablename__ = "stock"
    __table_args__ = (
        CheckConstraint("reserved >= 0", name="reserved_not_negative"),
        CheckConstraint("missing >= 0", name="missing_not_negative"),
        CheckConstraint("reorder_level >= 0", name="reorder_level_not_negative"),
    )

    article_id: Mapped[int] = mapped_column(ForeignKey(Article.id), primary_key=True)
    warehouse_id: Mapped[int] = mapped_column(ForeignKey(Warehouse.id), primary_key=True, index=True)
    on_hand: Mapped[Decimal] = mapped_column(Numeric(14, 4))
    reserved: Mapped[Decimal] = mapped_column(Numeric(14, 4))
    missing: Mapped[Decimal] = mapped_column(Numeric(14, 4))
    reorder_level: Mapped[Decimal] = mapped_column(Numeric(14, 4))


class StockMovement(Table):
    """What came (positive) or went (negative), why, by whom, for which document and which line of it. Never changed nor deleted."""

    __tablename__ = "stock_movement"
    __table_args__ = (
        CheckConstraint("quantity <> 0", name="something_moved"),
        CheckConstraint("kind IN ('count', 'receipt', 'shipment', 'return', 'transfer')", name="kind_known"),
        CheckConstraint("kind IN ('count', 'transfer') OR document <> ''", name="document_given"),
        CheckConstraint("kind <> 'shipment' OR quantity < 0", name="shipment_goes"),
        CheckConstraint("kind NOT IN ('receipt', 'return') OR quantity > 0", name="receipt_comes"),
        ForeignKeyConstraint(["article_id", "warehouse_id"], [Stock.article_id, Stock.warehouse_id]),
        Index("ix_stock_movement_article_id_id", "article_id", "id"),
        # one line of a document moves once: a step that is repeated moves nothing (domain §5.2-16)
        Index(
            "uq_stock_movement_document_line_kind_warehouse_id",
            "document",
            "line",
            "kind",
            "warehouse_id",
            unique=True,
            postgresql_where=text("line IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    article_id: Mapped[int] = mapped_column(BigInteger)
    warehouse_id: Mapped[int] = mapped_column(BigInteger)
    quantity: Mapped[Decimal] = mapped_column(Numeric(14, 4))
    kind: Mapped[str] = mapped_column(Text)
    document: Mapped[str] = mapped_column(Text)
    line: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Reservation(Table):
    """What of a stock is promised to a line of a document, until it is shipped or released; and what the line lacks."""

    __tablename__ = "reservation"
    __table_args__ = (
        CheckConstraint("quantity >= 0 AND missing >= 0", name="quantities_not_negative"),
        CheckConstraint("quantity + missing > 0", name="something_wanted"),
        CheckConstraint("document <> ''", name="document_given"),
        UniqueConstraint("document", "line", "warehouse_id"),
        ForeignKeyConstraint(["article_id", "warehouse_id"], [Stock.article_id, Stock.warehouse_id]),
        Index("ix_reservation_article_id_warehouse_id", "article_id", "warehouse_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    article_id: Mapped[int] = mapped_column(BigInteger)
    warehouse_id: Mapped[int] = mapped_column(BigInteger)
    document: Mapped[str] = mapped_column(Text)
    line: Mapped[int] = mapped_column(BigInteger)
    quantity: Mapped[Decimal] = mapped_column(Numeric(14, 4))
    missing: Mapped[Decimal] = mapped_column(Numeric(14, 4))
    by: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
