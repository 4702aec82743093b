"""The base of all business tables, and those that belong to no single part."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Identity, Integer, MetaData, Text
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


class DemonstrationMail(Table):
    """A mail that the demonstration company did not send. ``key`` is the idempotency key of the activity: one mail each."""

    __tablename__ = "demonstration_mail"
    __table_args__ = (CheckConstraint("(to_login IS NULL) <> (to_role IS NULL)", name="one_addressee"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(Text, unique=True)
    to_login: Mapped[str | None] = mapped_column(Text, index=True)
    to_role: Mapped[str | None] = mapped_column(Text, index=True)
    subject: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    business_key: Mapped[str | None] = mapped_column(Text)
    sent_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
