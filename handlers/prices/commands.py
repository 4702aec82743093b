"""What people do to price lists, as record commands. The record's key is the list's code; who pays by which is told of the customer.

A document copies the prices that are proposed when it is written: what becomes of a list later changes none of them.
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.data import Money, data
from engine.errors import FieldProblem, InvalidInput, NotFound
from engine.record import Change, RecordContext, RecordTable, record_command
from handlers.base.parties import one_line
from handlers.base.rows import fields_of
from handlers.catalogue.rules import is_price
from handlers.catalogue.tables import Article
from handlers.customers.commands import KIND as CUSTOMER
from handlers.customers.tables import Customer
from handlers.prices.tables import CustomerPriceList, ListPrice, PriceList

KIND: Final = "price_list"
EDITORS: Final = ("sales_admin", "sales_manager")
"""Who may say what things cost, and who pays by which list: not whoever writes the quote."""
LONGEST_NAME: Final = 100
MOST_PRICES: Final = 500
"""Of one command: a page has fewer."""
_CODE: Final = re.compile(r"[A-Z0-9][A-Z0-9-]{0,19}")


@data
class PriceListData:
    """What people say of a list beside its prices. ``is_active``: it proposes prices."""

    name: str
    is_active: bool = True


@data
class ArticlePrice:
    """The price of one unit of an article in a list, before tax, in the company's currency; None: the usual price."""

    article: str
    price: Money | None


@data
class AddPriceList:
    """A new list, without prices yet."""

    code: str
    price_list: PriceListData


@data
class ChangePriceList:
    """A list as it is to be; its prices stay."""

    code: str
    price_list: PriceListData


@data
class SetPrices:
    """What these articles cost in a list from now on; the others keep their prices."""

    code: str
    prices: tuple[ArticlePrice, ...]


@data
class AssignPriceList:
    """By which list a customer pays from now on; empty: the usual prices."""

    number: str
    code: str


@record_command(
    "prices.add_list",
    event="price_list:added",
    kind=KIND,
    key="code",
    may=EDITORS,
    fr="Ajouter une grille tarifaire",
    en="Add a price list",
)
def add_list(given: AddPriceList, context: RecordContext) -> Change:
    """Raises InvalidInput, also for a code that is taken."""
    found = [] if _CODE.fullmatch(given.code) else [FieldProblem(field="code", code="price_list_code_invalid")]
    wanted = _tidied(given.price_list, found)
    if not found and _find(context.session, given.code) is not None:
        found = [FieldProblem(field="code", code="price_list_code_taken", facts={"code": given.code})]
    if found:
        raise InvalidInput(tuple(found))
    row = PriceList(code=given.code, name=wanted.name, is_active=wanted.is_active)
    context.session.add(row)
    context.session.flush()
    return Change(before=None, after=fields_of(PriceListData, row))


@record_command(
    "prices.change_list",
    event="price_list:changed",
    kind=KIND,
    key="code",
    may=EDITORS,
    fr="Modifier une grille tarifaire",
    en="Change a price list",
)
def change_list(given: ChangePriceList, context: RecordContext) -> Change:
    """Raises InvalidInput, NotFound (``price_list_unknown``)."""
    found: list[FieldProblem] = []
    wanted = _tidied(given.price_list, found)
    if found:
        raise InvalidInput(tuple(found))
    row = _known(context.session, given.code)
    before = fields_of(PriceListData, row)
    row.name, row.is_active = wanted.name, wanted.is_active
    context.session.flush()
    return Change(before=before, after=fields_of(PriceListData, row))


@record_command(
    "prices.set_prices",
    event="price_list:priced",
    kind=KIND,
    key="code",
    may=EDITORS,
    fr="Fixer des prix",
    en="Set prices",
)
def set_prices(given: SetPrices, context: RecordContext) -> Change:
    """Five statements, however many prices. Raises InvalidInput (``price ARTICLE``, ``prices``), NotFound (``price_list_unknown``,
    ``article_unknown``).
    """
    problems = [
        FieldProblem(field=f"price {each.article}", code="price_invalid")
        for each in given.prices
        if each.price is not None and not is_price(each.price)
    ]
    if len(given.prices) > MOST_PRICES:
        problems.append(FieldProblem(field="prices", code="prices_too_many", facts={"most": MOST_PRICES}))
    if problems:
        raise InvalidInput(tuple(problems))
    session = context.session
    row = _known(session, given.code)
    wanted = {each.article: each.price for each in given.prices}
    ids = {each.reference: each.id for each in session.execute(_ids(wanted))}
    for each in wanted:
        if each not in ids:
            raise NotFound("article_unknown", article=each)
    held = {each.article_id: each.price for each in session.scalars(_held(row.id, list(ids.values())))}
    before = {f"price {each}": held.get(ids[each]) for each in wanted}
    _write(session, row.id, {ids[article]: price for article, price in wanted.items()})
    return Change(before=before, after={f"price {article}": price for article, price in wanted.items()})


@record_command(
    "prices.assign",
    event="customer:priced",
    kind=CUSTOMER,
    key="number",
    may=EDITORS,
    fr="Choisir la grille tarifaire d’un client",
    en="Choose the price list of a customer",
)
def assign_list(given: AssignPriceList, context: RecordContext) -> Change:
    """Documents that exist keep their prices. Raises NotFound (``customer_unknown``, ``price_list_unknown``)."""
    session = context.session
    customer = session.scalar(select(Customer.id).where(Customer.number == given.number))
    if customer is None:
        raise NotFound("customer_unknown", number=given.number)
    row = _known(session, given.code) if given.code else None
    before = session.scalar(
        select(PriceList.code)
        .join(CustomerPriceList, CustomerPriceList.price_list_id == PriceList.id)
        .where(CustomerPriceList.customer_id == customer)
    )
    if row is None:
        session.execute(delete(CustomerPriceList).where(CustomerPriceList.customer_id == customer))
    else:
        written = insert(CustomerPriceList).values(customer_id=customer, price_list_id=row.id)
        chosen = {"price_list_id": written.excluded.price_list_id}
        session.execute(written.on_conflict_do_update(index_elements=["customer_id"], set_=chosen))
    return Change(before={"price_list": before or ""}, after={"price_list": given.code})


COMMANDS = RecordTable.of(add_list, change_list, set_prices, assign_list)


def tidied_code(code: str) -> str:
    """As it is kept: capitals, no spaces."""
    return "".join(code.split()).upper()


def _tidied(given: PriceListData, found: list[FieldProblem]) -> PriceListData:
    """As it is kept; what is wrong is added to ``found``."""
    wanted = replace(given, name=one_line(given.name))
    if not wanted.name:
        found.append(FieldProblem(field="name", code="price_list_name_missing"))
    elif len(wanted.name) > LONGEST_NAME:
        found.append(FieldProblem(field="name", code="text_too_long", facts={"most": LONGEST_NAME}))
    return wanted


def _find(session: Session, code: str) -> PriceList | None:
    return session.scalar(select(PriceList).where(PriceList.code == code))


def _known(session: Session, code: str) -> PriceList:
    found = _find(session, code)
    if found is None:
        raise NotFound("price_list_unknown", code=code)
    return found


def _ids(articles: dict[str, Any]) -> Any:
    return select(Article.id, Article.reference).where(Article.reference.in_(articles))


def _held(price_list: int, articles: list[int]) -> Any:
    return select(ListPrice).where(ListPrice.price_list_id == price_list, ListPrice.article_id.in_(articles))


def _write(session: Session, price_list: int, prices: dict[int, Decimal | None]) -> None:
    emptied = [article for article, price in prices.items() if price is None]
    kept = [
        {"price_list_id": price_list, "article_id": article, "price": price}
        for article, price in prices.items()
        if price is not None
    ]
    if emptied:
        of_these = ListPrice.article_id.in_(emptied)
        session.execute(delete(ListPrice).where(ListPrice.price_list_id == price_list, of_these))
    if kept:
        written = insert(ListPrice).values(kept)
        told = {"price": written.excluded.price}
        session.execute(written.on_conflict_do_update(index_elements=["price_list_id", "article_id"], set_=told))
