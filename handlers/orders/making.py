"""How an order comes to be: from what somebody writes, or from the quote that its customer accepted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import NotFound, WrongState
from handlers.base.numbers import take_number
from handlers.company.queries import invoices_vat
from handlers.customers.tables import Customer
from handlers.orders import store
from handlers.orders.settings import find_defaults
from handlers.orders.tables import SalesOrder
from handlers.orders.types import POLICIES, OrderData
from handlers.sales import rules
from handlers.sales import store as quotes
from handlers.sales.tables import QuoteVersion
from handlers.sales.taxes import Taxation
from handlers.sales.types import Line

SERIES = "CC"


def order_from_quote(
    session: Session, quote_number: str, version: int, *, key: str | None, today: date, now: datetime, by: str
) -> SalesOrder:
    """The order that follows from this accepted version, as a draft, dated ``today`` with the rates of VAT of that day.

    ``key``: of the step that asks and sends it on its way; asked again with it, the same order comes back. None: by hand. ``by``: a
    login. Raises NotFound (``quote_unknown``), WrongState: ``quote_not_accepted``, ``quote_ordered`` (it has made an order that stands).
    """
    quote, _ = quotes.lock(session, quote_number)  # two that ask at the same time come one after the other
    made = None if key is None else session.scalar(select(SalesOrder).where(SalesOrder.idempotency_key == key))
    if made is not None:
        return made
    row = session.scalar(select(QuoteVersion).where(QuoteVersion.quote_id == quote.id, QuoteVersion.version == version))
    if row is None:
        raise NotFound("quote_unknown", quote=quote_number)
    if row.status != "accepted":
        raise WrongState("quote_not_accepted", quote=quote_number)
    standing = select(SalesOrder.number).where(
        SalesOrder.origin_quote == quote_number, SalesOrder.status != "cancelled"
    )
    if (number := session.scalar(standing)) is not None:
        raise WrongState("quote_ordered", quote=quote_number, order=number)
    customer = session.get_one(Customer, quote.customer_id)
    known, defaults = quotes.data_of(row), find_defaults(session)
    given = OrderData(
        **{name: getattr(known, name) for name in OrderData.__dataclass_fields__.keys() & known.__dataclass_fields__},
        payment_method=customer.preferred_payment,
        **{name: getattr(defaults, name) for name in POLICIES},
    )
    return make(
        session,
        customer,
        given,
        quotes.lines_of(session, row.id),
        party=row.party,
        today=today,
        now=now,
        by=by,
        origin={
            "origin_quote": quote_number,
            "origin_version": version,
            "idempotency_key": key,
            "placed_at": None if key is None else now,
        },
    )


def make(
    session: Session,
    customer: Customer,
    given: OrderData,
    lines: Sequence[Line],
    *,
    party: dict[str, Any],
    today: date,
    now: datetime,
    by: str,
    origin: dict[str, Any] | None = None,
    number: str = "",
) -> SalesOrder:
    """A draft with this ``number``, or the next one; nothing is asked of what it says. ``origin``: the columns where it comes from."""
    is_untaxed = not invoices_vat(session)
    taxation = Taxation(
        day=today, is_untaxed=is_untaxed, position=given.fiscal_position, is_business=party["is_company"]
    )
    totals = rules.figures(lines, given.extras, taxation)
    number = number or take_number(session, SERIES, today.year)
    row = SalesOrder(
        number=number,
        customer_id=customer.id,
        status="draft",
        party=party,
        issued_on=today,
        is_untaxed=is_untaxed,
        words=store.words(number, customer.name, given, (origin or {}).get("origin_quote")),
        created_at=now,
        created_by=by,
        closed_because="",
        **origin or {},
    )
    store.put_head(row, given, totals)
    session.add(row)
    session.flush()
    store.write_lines(session, row.id, lines, totals, is_new=True)
    return row
