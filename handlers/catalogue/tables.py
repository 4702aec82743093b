"""Articles."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Identity, Text
from sqlalchemy.orm import Mapped, mapped_column

from handlers.base.tables import Table


class Article(Table):
    """What is bought and sold. ``reference`` is what people type; ``unit`` is how it is counted (``pièce``, ``m``)."""

    __tablename__ = "article"
    __table_args__ = (
        CheckConstraint("reference <> ''", name="reference_given"),
        CheckConstraint("name <> ''", name="name_given"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    reference: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(Text)
