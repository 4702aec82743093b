"""What people note about deliveries outside a process, as record commands. The record's key is the delivery's number.

The process ``preparation`` leads a delivery until it has left (``handlers.deliveries.handlers``); what comes back afterwards is noted here.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import select

from engine.data import data
from engine.errors import FieldProblem, InvalidInput, WrongState
from engine.record import Change, RecordContext, RecordTable, reason_of, record_command
from handlers.base.numbers import take_number
from handlers.base.rows import words
from handlers.deliveries import rules, store
from handlers.deliveries.tables import Delivery, DeliveryLine
from handlers.orders.tables import SalesOrder
from handlers.stock import ledger
from handlers.stock.rules import is_quantity

KIND: Final = "delivery"
WORKERS: Final = ("warehouse",)
"""Who picks, ships, and takes goods back."""

READERS: Final = (*WORKERS, "sales", "sales_admin", "sales_manager", "accounting", "purchasing_admin", "auditor")
"""Who may see deliveries."""

PERSONAL: Final = ("reason",)
"""Fields whose values the history keeps apart, so that they can be erased."""

SERIES: Final = "BR"


@data
class Returned:
    """How much of a line of the delivery comes back; ``place``: of the line."""

    place: int
    quantity: Decimal


@data
class RecordReturn:
    """Goods of a delivery come back. ``is_redelivered``: the same are to be delivered again. ``key``: of the page, so that the same page
    sent twice makes one return. ``today``: the day at the company's.
    """

    number: str
    lines: tuple[Returned, ...]
    reason: str
    is_redelivered: bool = False
    key: str
    today: date


@record_command(
    "deliveries.record_return",
    event="delivery:returned",
    kind=KIND,
    key="number",
    may=WORKERS,
    personal=PERSONAL,
    fr="Noter un retour",
    en="Note a return",
)
def record_return(given: RecordReturn, context: RecordContext) -> Change:
    """The goods lie in the warehouse again; the answer is the number of the return.

    Raises InvalidInput (``lines.<place>``, ``reason``), NotFound (``delivery_unknown``), WrongState (``delivery_not_shipped``).
    """
    session, reason = context.session, reason_of(given.reason, "reason")
    order, origin = store.lock(session, given.number)
    made = session.scalar(select(Delivery).where(Delivery.idempotency_key == _key(given)))
    if made is not None:
        return Change(before={}, after={}, answer=made.number)
    if origin.kind != "delivery" or origin.status != "shipped":
        raise WrongState("delivery_not_shipped", delivery=given.number)
    lines = {each.place: each for each in store.lines_of(session, origin.id)}
    before = store.returned_of(session, origin.id)
    wanted = _sound(given, lines, before)
    made = _make(given, order, origin, reason, context)
    session.add(made)
    session.flush()
    back = [_line(made.id, at, lines[place], quantity) for at, (place, quantity) in enumerate(wanted.items(), 1)]
    session.add_all(back)
    session.flush()
    stocked = store.stocked(session, back, origin.warehouse)
    ledger.receive(
        session, made.number, origin.warehouse, stocked, by=context.actor.login, now=context.now, kind="return"
    )
    made.status, made.shipped_by = "shipped", context.actor.login
    made.shipped_at, made.shipped_on = context.now, given.today
    session.flush()
    return Change(
        before={f"returned {place}": before.get(lines[place].order_line_id, Decimal(0)) for place in wanted},
        after={
            f"returned {place}": before.get(lines[place].order_line_id, Decimal(0)) + quantity
            for place, quantity in wanted.items()
        },
        facts={"return": made.number, "reason": reason, "is_redelivered": given.is_redelivered},
        answer=made.number,
    )


COMMANDS = RecordTable.of(record_return)


def _key(given: RecordReturn) -> str:
    return f"return:{given.number}:{given.key}"


def _sound(given: RecordReturn, lines: dict[int, DeliveryLine], before: dict[int, Decimal]) -> dict[int, Decimal]:
    """What comes back, by place. Raises InvalidInput with everything that is wrong."""
    problems: list[FieldProblem] = []
    wanted: dict[int, Decimal] = {}
    for each in given.lines:
        field, line = f"lines.{each.place}", lines.get(each.place)
        if line is None or each.place in wanted or not is_quantity(each.quantity):
            problems.append(FieldProblem(field=field, code="returned_invalid"))
            continue
        most = rules.returnable(line.quantity, before.get(line.order_line_id, Decimal(0)))
        if each.quantity > most:
            facts: dict[str, Any] = {"most": rules.plain(most)}
            problems.append(FieldProblem(field=field, code="returned_too_much", facts=facts))
        elif each.quantity:
            wanted[each.place] = each.quantity
    if not problems and not wanted:
        problems.append(FieldProblem(field="lines", code="returned_nothing"))
    if problems:
        raise InvalidInput(tuple(problems))
    return wanted


def _make(given: RecordReturn, order: SalesOrder, origin: Delivery, reason: str, context: RecordContext) -> Delivery:
    number = take_number(context.session, SERIES, given.today.year)
    return Delivery(
        number=number,
        kind="return",
        order_id=origin.order_id,
        origin_id=origin.id,
        is_redelivered=given.is_redelivered,
        status="to_prepare",
        warehouse=origin.warehouse,
        party=origin.party,
        carrier="",
        tracking="",
        words=words(number, origin.number, order.number, origin.party["name"], order.customer_reference),
        created_at=context.now,
        created_by=context.actor.login,
        closed_because=reason,
        idempotency_key=_key(given),
    )


def _line(delivery_id: int, place: int, line: DeliveryLine, quantity: Decimal) -> DeliveryLine:
    return DeliveryLine(
        delivery_id=delivery_id,
        order_line_id=line.order_line_id,
        place=place,
        article=line.article,
        text=line.text,
        unit=line.unit,
        quantity=quantity,
    )
