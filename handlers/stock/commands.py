"""What people do to the stock of an article outside a process, as record commands. The record's key is the article's reference."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.data import data
from engine.errors import FieldProblem, InvalidInput, NotFound, WrongState
from engine.record import Change, RecordContext, RecordTable, record_command
from handlers.catalogue.tables import Article
from handlers.stock.rules import is_quantity
from handlers.stock.tables import Stock

KIND: Final = "stock"
EDITORS: Final = ("warehouse", "purchasing_admin", "purchasing_manager")
"""Who may count and set levels."""

LONGEST_REASON: Final = 200


@data
class CountStock:
    """What was counted, in the article's unit, and why it differs from what was known."""

    reference: str
    counted: Decimal
    reason: str


@data
class SetReorderLevel:
    """The quantity below which the article is short, in its unit."""

    reference: str
    reorder_level: Decimal


@record_command(
    "stock.count",
    event="stock:counted",
    kind=KIND,
    key="reference",
    may=EDITORS,
    fr="Compter le stock",
    en="Count stock",
)
def count_stock(given: CountStock, context: RecordContext) -> Change:
    """Raises InvalidInput, NotFound (``article_unknown``), WrongState (``service_has_no_stock``)."""
    found = []
    if not is_quantity(given.counted):
        found.append(FieldProblem(field="counted", code="stock_quantity_invalid"))
    reason = " ".join(given.reason.split())
    if not reason:
        found.append(FieldProblem(field="reason", code="reason_missing"))
    elif len(reason) > LONGEST_REASON:
        found.append(FieldProblem(field="reason", code="text_too_long", facts={"most": LONGEST_REASON}))
    if found:
        raise InvalidInput(fields=tuple(found))
    row = _row(context.session, given.reference)
    before = _fields(row)
    row.on_hand = given.counted
    context.session.flush()
    return Change(before=before, after=_fields(row), facts={"reason": reason})


@record_command(
    "stock.set_reorder_level",
    event="stock:level_set",
    kind=KIND,
    key="reference",
    may=EDITORS,
    fr="Fixer le seuil de réapprovisionnement",
    en="Set the reorder level",
)
def set_reorder_level(given: SetReorderLevel, context: RecordContext) -> Change:
    """Raises InvalidInput, NotFound (``article_unknown``), WrongState (``service_has_no_stock``)."""
    if not is_quantity(given.reorder_level):
        raise InvalidInput(fields=(FieldProblem(field="reorder_level", code="stock_quantity_invalid"),))
    row = _row(context.session, given.reference)
    before = _fields(row)
    row.reorder_level = given.reorder_level
    context.session.flush()
    return Change(before=before, after=_fields(row))


COMMANDS = RecordTable.of(count_stock, set_reorder_level)


def _row(session: Session, reference: str) -> Stock:
    """The stock of an article, locked; empty where nobody has counted it yet."""
    article = session.scalar(select(Article).where(Article.reference == reference))
    if article is None:
        raise NotFound("article_unknown", article=reference)
    if article.kind != "product":
        raise WrongState("service_has_no_stock", article=reference)
    row = session.get(Stock, article.id, with_for_update=True)
    if row is None:
        row = Stock(article_id=article.id, on_hand=Decimal(0), reserved=Decimal(0), reorder_level=Decimal(0))
        session.add(row)
        session.flush()
    return row


def _fields(row: Stock) -> dict[str, Any]:
    return {"on_hand": row.on_hand, "reorder_level": row.reorder_level}
