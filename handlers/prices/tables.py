"""Price lists, the prices that stand in them, and who pays by which."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Identity, Numeric, Text
from sqlalchemy.orm import Mapped, mapped_column

from handlers.base.tables import Table
from handlers.catalogue.tables import Article
from handlers.customers.tables import Customer


class PriceList(Table):
    """A list; ``code`` is what people type. One that is not active proposes nothing."""

    __tablename__ = "price_list"
    __table_args__ = (
        CheckConstraint("code ~ '^[A-Z0-9][A-Z0-9-]{0,19}$'", name="code_sound"),
        CheckConstraint("name <> ''", name="name_given"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    is_active: Mapped[bool] = mapped_column(Boolean)


class ListPrice(Table):
    """The price of one unit of an article in a list: before tax, in the company's currency. No row: the article's usual price."""

    __tablename__ = "list_price"
    __table_args__ = (CheckConstraint("price >= 0", name="price_not_negative"),)

    price_list_id: Mapped[int] = mapped_column(ForeignKey(PriceList.id), primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey(Article.id), primary_key=True, index=True)
    price: Mapped[Decimal] = mapped_column(Numeric(16, 6))


class CustomerPriceList(Table):
    """The list by which a customer pays; no row: the usual prices."""

    __tablename__ = "customer_price_list"

    customer_id: Mapped[int] = mapped_column(ForeignKey(Customer.id, ondelete="CASCADE"), primary_key=True)
    price_list_id: Mapped[int] = mapped_column(ForeignKey(PriceList.id), index=True)
