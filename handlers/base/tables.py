"""The base of all business tables, and those that belong to no single part."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Integer, MetaData, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Table(DeclarativeBase):
    """Base of the tables in the schema ``business``; constraint names are derived, so that migrations can name them."""

    metadata = MetaData(
        schema="business",
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        },
    )


class NumberSeries(Table):
    """The next number of a series in a year. Locked by who takes one, so that a series has no gap."""

    __tablename__ = "number_series"
    __table_args__ = (CheckConstraint("next_number >= 1", name="next_number_positive"),)

    series: Mapped[str] = mapped_column(Text, primary_key=True)
    year: Mapped[int] = mapped_column(Integer, primary_key=True)
    next_number: Mapped[int] = mapped_column(Integer)


class LetterText(Table):
    """How this company words a letter to customers in one language, in place of the product's own words (``letter_rules``)."""

    __tablename__ = "letter_text"
    __table_args__ = (
        CheckConstraint("locale IN ('fr', 'en')", name="locale_known"),
        CheckConstraint("subject <> '' AND body <> ''", name="texts_given"),
    )

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    locale: Mapped[str] = mapped_column(Text, primary_key=True)
    subject: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
