"""Stock on hand."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from handlers.base.tables import Table
from handlers.catalogue.tables import Article


class Stock(Table):
    """One row an article: what lies there, what of it is promised, and the level below which it is short."""

    __tablename__ = "stock"
    __table_args__ = (
        CheckConstraint("on_hand >= 0", name="on_hand_not_negative"),
        CheckConstraint("reserved >= 0", name="reserved_not_negative"),
        CheckConstraint("reorder_level >= 0", name="reorder_level_not_negative"),
    )

    article_id: Mapped[int] = mapped_column(ForeignKey(Article.id), primary_key=True)
    on_hand: Mapped[Decimal] = mapped_column(Numeric(14, 4))
    reserved: Mapped[Decimal] = mapped_column(Numeric(14, 4))
    reorder_level: Mapped[Decimal] = mapped_column(Numeric(14, 4))
