"""What can be asked about price lists."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.orm import Session, aliased

from engine.data import data
from handlers.base.rows import fields_of
from handlers.catalogue.tables import Article
from handlers.customers.tables import Customer
from handlers.prices.commands import PriceListData
from handlers.prices.tables import CustomerPriceList, ListPrice, PriceList


@data
class PriceListRow:
    """A list with how many ``prices`` stand in it and how many ``customers`` pay by it."""

    code: str
    data: PriceListData
    prices: int
    customers: int


def price_lists(session: Session) -> tuple[PriceListRow, ...]:
    """All lists by name. One statement."""
    prices = _count(ListPrice)
    customers = _count(CustomerPriceList)
    rows = session.execute(select(PriceList, prices, customers).order_by(PriceList.name, PriceList.code))
    return tuple(_listed(*row) for row in rows)


def find_list(session: Session, code: str) -> PriceListRow | None:
    """The list of this code; None when there is none."""
    asked = select(PriceList, _count(ListPrice), _count(CustomerPriceList)).where(PriceList.code == code)
    row = session.execute(asked).one_or_none()
    return None if row is None else _listed(*row)


def prices_in(session: Session, code: str, references: Iterable[str]) -> dict[str, Decimal]:
    """What these articles cost in a list; those that cost there what they usually do are left out. One statement."""
    rows = session.execute(
        select(Article.reference, ListPrice.price)
        .join(ListPrice, ListPrice.article_id == Article.id)
        .join(PriceList, PriceList.id == ListPrice.price_list_id)
        .where(PriceList.code == code, Article.reference.in_(list(references)))
    )
    return {row.reference: row.price for row in rows}


def prices_for(session: Session, customer: str, references: Iterable[str]) -> dict[str, Decimal]:
    """What a customer (number) pays for these articles where their list says so; for the others the usual price. One statement."""
    rows = session.execute(
        select(Article.reference, ListPrice.price)
        .join(ListPrice, ListPrice.article_id == Article.id)
        .join(PriceList, PriceList.id == ListPrice.price_list_id)
        .join(CustomerPriceList, CustomerPriceList.price_list_id == PriceList.id)
        .join(Customer, Customer.id == CustomerPriceList.customer_id)
        .where(Customer.number == customer, PriceList.is_active, Article.reference.in_(list(references)))
    )
    return {row.reference: row.price for row in rows}


def list_of(session: Session, customer: str) -> PriceListRow | None:
    """The list by which a customer (number) pays; None: the usual prices."""
    asked = (
        select(PriceList, _count(ListPrice), _count(CustomerPriceList))
        .join(CustomerPriceList, CustomerPriceList.price_list_id == PriceList.id)
        .join(Customer, Customer.id == CustomerPriceList.customer_id)
        .where(Customer.number == customer)
    )
    row = session.execute(asked).one_or_none()
    return None if row is None else _listed(*row)


def _count(table: type[ListPrice | CustomerPriceList]) -> ScalarSelect[int]:
    """How many rows of a table are of a list; under a name of its own, as the statement around it may ask the same table."""
    counted = aliased(table)
    of_list = select(func.count()).select_from(counted).where(counted.price_list_id == PriceList.id)
    return of_list.correlate(PriceList).scalar_subquery()


def _listed(row: PriceList, prices: int, customers: int) -> PriceListRow:
    return PriceListRow(
        code=row.code, data=PriceListData(**fields_of(PriceListData, row)), prices=prices, customers=customers
    )
