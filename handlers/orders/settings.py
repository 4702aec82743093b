"""What the company's orders begin with: one record, which administrators and sales managers change; its history tells every value."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from engine.data import data
from engine.errors import FieldProblem, InvalidInput
from engine.record import Change, RecordContext, record_command
from handlers.base.rows import fields_of, put
from handlers.orders import rules
from handlers.orders.tables import OrderSettings, SalesOrder
from handlers.orders.types import OrderDefaults

KIND: Final = "order_settings"
KEY: Final = "orders"
EDITORS: Final = ("admin", "sales_manager")


@data
class SetDefaults:
    """What orders begin with from now on. ``key`` is always ``KEY``."""

    defaults: OrderDefaults
    key: str = KEY


@record_command(
    "orders.set_defaults",
    event="order_settings:set",
    kind=KIND,
    key="key",
    may=EDITORS,
    fr="Régler les commandes",
    en="Set what orders begin with",
)
def set_defaults(given: SetDefaults, context: RecordContext) -> Change:
    """Orders that exist stay as they are. Raises InvalidInput."""
    if found := rules.policy_problems(given.defaults):
        raise InvalidInput(tuple(found))
    row = context.session.get(OrderSettings, 1)
    before = None if row is None else fields_of(OrderDefaults, row)
    if row is None:
        row = OrderSettings(id=1, **asdict(given.defaults))
        context.session.add(row)
    else:
        put(row, asdict(given.defaults))
    context.session.flush()
    return Change(before=before, after=fields_of(OrderDefaults, row))


def find_defaults(session: Session) -> OrderDefaults:
    """What orders begin with; as long as nobody has said it, what ``OrderDefaults`` says."""
    row = session.get(OrderSettings, 1)
    return OrderDefaults() if row is None else OrderDefaults(**fields_of(OrderDefaults, row))


def number_given(session: Session, typed: str, series: str) -> str:
    """The number that somebody typed for a new order, as it is kept; empty where ``series`` gives the next one.

    Whoever takes a number by hand comes after whoever does so at the same time. Raises InvalidInput (field ``number``).
    """
    number = typed.strip().upper()
    row = session.get(OrderSettings, 1, with_for_update=True if number else None)
    is_by_hand = row is not None and row.is_numbered_by_hand
    problem = rules.number_problem(number, is_by_hand=is_by_hand, series=series)
    if problem is None and number and session.scalar(select(exists().where(SalesOrder.number == number))):
        problem = FieldProblem(field="number", code="order_number_taken", facts={"order": number})
    if problem is not None:
        raise InvalidInput((problem,))
    return number
