"""What can be asked about the changes that an order still allows."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.data import data
from handlers.changes import store
from handlers.orders import rules
from handlers.orders.tables import SalesOrder


@data
class Freedom:
    """What of a confirmed order is free now. ``is_started``: something is prepared or has left; ``least``: the smallest quantity of each
    line, by its id; ``prices``, ``extras``: why they are fixed, as the code of an error; lines that are left out have a free price.
    """

    is_started: bool
    least: Mapping[int, Decimal]
    prices: Mapping[int, str]
    extras: str | None


def freedom(session: Session, number: str) -> Freedom:
    """Of the order of this number, which there is; somebody may take some of it a moment later. A constant number of statements."""
    row = session.scalars(select(SalesOrder).where(SalesOrder.number == number)).one()
    stands = store.standing(session, row)
    prices = {each.id: rules.price_fixed(each, is_started=stands.is_started) for each in stands.kept}
    return Freedom(
        is_started=stands.is_started,
        least={each.id: rules.least(each, is_started=stands.is_started) for each in stands.kept},
        prices={line: code for line, code in prices.items() if code is not None},
        extras=rules.extras_fixed(stands.kept, is_started=stands.is_started),
    )
