"""Articles."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Identity, Index, Numeric, Text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from handlers.base.tables import Table


class Article(Table):
    """What is bought and sold. ``reference`` is what people type; ``unit`` is how it is counted (``pièce``, ``m``).

    ``kind``: a *product* has stock, a *service* has none. ``sale_price`` is before tax, in the company's currency, for one unit; None where
    each quote says it. ``vat`` names the rate of tax (``handlers.catalogue.vat``). ``words`` is what the search compares.
    """

    __tablename__ = "article"
    __table_args__ = (
        CheckConstraint("reference <> ''", name="reference_given"),
        CheckConstraint("name <> ''", name="name_given"),
        CheckConstraint("kind IN ('product', 'service')", name="kind_known"),
        CheckConstraint("vat IN ('normal', 'intermediate', 'reduced', 'particular')", name="vat_known"),
        CheckConstraint("sale_price >= 0", name="sale_price_not_negative"),
        Index("ix_article_words", "words", postgresql_using="gin"),
        Index("ix_article_sort_name_reference", "sort_name", "reference"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    reference: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    sale_price: Mapped[Decimal | None] = mapped_column(Numeric(16, 6))
    vat: Mapped[str] = mapped_column(Text)
    is_active: Mapped[bool] = mapped_column(Boolean)
    sort_name: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(TSVECTOR)
