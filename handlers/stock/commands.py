"""What people do to the stock of an article outside a process, as record commands. The record's key is the article's reference."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import update

from engine.data import data
from engine.errors import FieldProblem, InvalidInput, WrongState
from engine.handler import BusinessError
from engine.record import Change, RecordContext, RecordTable, record_command
from handlers.base.numbers import take_number
from handlers.stock import ledger
from handlers.stock.rules import Level, is_quantity
from handlers.stock.tables import Stock

KIND: Final = "stock"
EDITORS: Final = ("warehouse", "purchasing_admin", "purchasing_manager")
"""Who may count and set levels."""

LONGEST_REASON: Final = 200


@data
class CountStock:
    """What was counted in a warehouse, in the article's unit, and why it differs from what was known."""

    reference: str
    counted: Decimal
    reason: str
    warehouse: str = ""


@data
class SetReorderLevel:
    """The quantity below which the article is short in a warehouse, in its unit."""

    reference: str
    reorder_level: Decimal
    warehouse: str = ""


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
    """The answer, as of all commands that goods can be free after: the article, if somebody lacks it who can have some now.

    Raises InvalidInput, NotFound (``article_unknown``, ``warehouse_unknown``), WrongState (``service_has_no_stock``).
    """
    found = []
    if not is_quantity(given.counted):
        found.append(FieldProblem(field="counted", code="stock_quantity_invalid"))
    reason = _reason(given.reason, found)
    if found:
        raise InvalidInput(fields=tuple(found))
    before, after = ledger.count(
        context.session,
        given.warehouse,
        given.reference,
        given.counted,
        reason=reason,
        by=context.actor.login,
        now=context.now,
    )
    facts = {"reason": reason} | ({"warehouse": given.warehouse} if given.warehouse else {})
    lacked = ledger.lacked(context.session, (given.reference,))
    return Change(before=_fields(before), after=_fields(after), facts=facts, answer=lacked)


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
    """Raises InvalidInput, NotFound (``article_unknown``, ``warehouse_unknown``), WrongState (``service_has_no_stock``)."""
    if not is_quantity(given.reorder_level):
        raise InvalidInput(fields=(FieldProblem(field="reorder_level", code="stock_quantity_invalid"),))
    locked = ledger.lock(context.session, given.warehouse, given.reference)
    context.session.execute(
        update(Stock)
        .where(Stock.article_id == locked.article_id, Stock.warehouse_id == locked.warehouse_id)
        .values(reorder_level=given.reorder_level)
    )
    after = replace(locked.level, reorder_level=given.reorder_level)
    facts = {"warehouse": given.warehouse} if given.warehouse else {}
    return Change(before=_fields(locked.level), after=_fields(after), facts=facts)


@data
class TransferStock:
    """What of an article is brought from one warehouse to another (their codes), in its unit, and why.

    ``today``: the day at the company's.
    """

    reference: str
    quantity: Decimal
    source: str
    target: str
    reason: str
    today: date


@record_command(
    "stock.transfer",
    event="stock:transferred",
    kind=KIND,
    key="reference",
    may=EDITORS,
    fr="Transférer vers un autre entrepôt",
    en="Bring to another warehouse",
)
def transfer_stock(given: TransferStock, context: RecordContext) -> Change:
    """Only what nobody was promised. Numbered ``TR``. The answer: as of a count.

    Raises InvalidInput, NotFound (``article_unknown``, ``warehouse_unknown``), WrongState (``service_has_no_stock``).
    """
    found = []
    if not is_quantity(given.quantity) or not given.quantity:
        found.append(FieldProblem(field="quantity", code="transfer_quantity_invalid"))
    if given.source == given.target:
        found.append(FieldProblem(field="target", code="transfer_to_itself"))
    reason = _reason(given.reason, found)
    if found:
        raise InvalidInput(fields=tuple(found))
    try:
        number = ledger.transfer(
            context.session,
            lambda: take_number(context.session, "TR", given.today.year),
            given.reference,
            given.quantity,
            source=given.source,
            target=given.target,
            reason=reason,
            by=context.actor.login,
            now=context.now,
        )
    except BusinessError as refused:
        problem = FieldProblem(field="quantity", code=refused.code, facts=refused.facts)
        raise InvalidInput(fields=(problem,)) from refused
    facts = {"number": number, "quantity": given.quantity, "source": given.source, "target": given.target}
    lacked = ledger.lacked(context.session, (given.reference,))
    return Change(before={}, after={}, facts=facts | {"reason": reason}, answer=lacked)


@data
class ReleaseOpening:
    """That what of an article was promised before reservations were kept is promised no longer, and why."""

    reference: str
    reason: str


@record_command(
    "stock.release_opening",
    event="stock:opening_released",
    kind=KIND,
    key="reference",
    may=EDITORS,
    fr="Libérer ce qui était promis à l’ouverture",
    en="Release what was promised at the opening",
)
def release_opening(given: ReleaseOpening, context: RecordContext) -> Change:
    """Raises InvalidInput, NotFound (``article_unknown``), WrongState (``nothing_promised_at_opening``)."""
    found: list[FieldProblem] = []
    reason = _reason(given.reason, found)
    if found:
        raise InvalidInput(fields=tuple(found))
    if not ledger.release_article(context.session, ledger.OPENING, given.reference):
        raise WrongState("nothing_promised_at_opening", article=given.reference)
    lacked = ledger.lacked(context.session, (given.reference,))
    return Change(before={}, after={}, facts={"reason": reason}, answer=lacked)


COMMANDS = RecordTable.of(count_stock, set_reorder_level, transfer_stock, release_opening)


def _reason(typed: str, found: list[FieldProblem]) -> str:
    """The reason as it is kept; what is wrong with it is added to ``found``."""
    reason = " ".join(typed.split())
    if not reason:
        found.append(FieldProblem(field="reason", code="reason_missing"))
    elif len(reason) > LONGEST_REASON:
        found.append(FieldProblem(field="reason", code="text_too_long", facts={"most": LONGEST_REASON}))
    return reason


def _fields(level: Level) -> dict[str, Any]:
    return {"on_hand": level.on_hand, "reorder_level": level.reorder_level}
