"""How orders are found, written and read, for the commands, handlers and queries of this part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import BigInteger, ColumnElement, Numeric, column, delete, select, update, values
from sqlalchemy.orm import Session

from engine.errors import NotFound
from handlers.base import rows
from handlers.base.rows import fields_of, put
from handlers.orders.tables import OrderLine, SalesOrder
from handlers.orders.types import OrderData, RevisedLine
from handlers.sales import rules
from handlers.sales.taxes import Taxation
from handlers.sales.types import Extras, Line, Totals

_FIGURES = ("net", "tax", "total")


def lock(session: Session, number: str) -> SalesOrder:
    """The order, kept from others until the transaction ends. Raises NotFound (``order_unknown``)."""
    found = session.scalar(
        select(SalesOrder)
        .where(SalesOrder.number == number)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("order_unknown", order=number)
    return found


def goes_on(row: SalesOrder) -> bool:
    """Whether goods and invoices may still come of it: it is confirmed, and not over by anybody's word (``closed_because``).

    Its own rule may close it before: one that *shipped* closes is still to be invoiced, one that *invoiced* closes still to be delivered.
    A return or a credit note may open again what was done.
    """
    return row.status == "confirmed" or (row.status == "closed" and not row.closed_because)


def close(row: SalesOrder, reason: str, now: datetime) -> None:
    """Close what is confirmed; one that its own rule has closed gets the ``reason`` why nothing more comes. Others stay as they are."""
    if row.status == "confirmed":
        row.status, row.closed_at, row.closed_because = "closed", now, reason
    elif reason and goes_on(row):
        row.closed_because = reason


def lines_of(session: Session, order_id: int) -> tuple[OrderLine, ...]:
    """The lines of an order, in order."""
    return tuple(
        session.scalars(select(OrderLine).where(OrderLine.order_id == order_id).order_by(OrderLine.place)).all()
    )


def data_of(row: SalesOrder) -> OrderData:
    """What people wrote in the head of an order."""
    names = OrderData.__dataclass_fields__.keys() - {"extras"}
    return OrderData(**{name: getattr(row, name) for name in names}, extras=Extras(**fields_of(Extras, row)))


def extras_of(row: SalesOrder) -> Extras:
    """What counts for the whole of an order."""
    return Extras(**fields_of(Extras, row))


def totals_of(row: SalesOrder, lines: Sequence[Line]) -> Totals:
    """The figures of an order, worked out again."""
    return rules.figures(lines, Extras(**fields_of(Extras, row)), taxation_of(row))


def taxation_of(row: SalesOrder) -> Taxation:
    """What decides the VAT of an order."""
    return Taxation(
        day=row.issued_on,
        is_untaxed=row.is_untaxed,
        position=row.fiscal_position,
        is_business=row.party["is_company"],
    )


def put_head(row: SalesOrder, given: OrderData, totals: Totals) -> None:
    """Write what people say about an order, and the figures that follow from its lines."""
    head = asdict(given)
    put(row, head.pop("extras"))
    put(row, head | {name: getattr(totals, name) for name in _FIGURES})


def write_lines(session: Session, order_id: int, lines: Sequence[Line], totals: Totals, *, is_new: bool) -> None:
    """Put these lines in place of those of a draft. Two statements, however many lines."""
    if not is_new:
        session.execute(delete(OrderLine).where(OrderLine.order_id == order_id))
    session.add_all(
        OrderLine(order_id=order_id, place=place, amount=amount, **asdict(line) | {"article": line.article or None})
        for place, (line, amount) in enumerate(zip(lines, totals.amounts, strict=True))
    )
    session.flush()


def words(number: str, name: str, given: OrderData, origin: str | None) -> ColumnElement[str]:
    """By what an order is found: its number, its customer's ``name``, subject, their reference, and the quote that it comes from."""
    return rows.words(number, name, given.subject, given.customer_reference, origin or "")


def revise(session: Session, row: SalesOrder, extras: Extras, lines: Sequence[RevisedLine]) -> None:
    """Write the next version of a confirmed order whose present one was kept a moment ago; lines without an ``id`` come after the others.

    Three statements, however many lines.
    """
    with session.no_autoflush:
        put(row, asdict(extras))
        totals = totals_of(row, [each.line for each in lines])
        put(row, {name: getattr(totals, name) for name in _FIGURES} | {"version": row.version + 1})
    session.flush()
    amounts = list(zip(lines, totals.amounts, strict=True))
    said = values(
        column("id", BigInteger),
        *(column(name, Numeric) for name in (*_REVISED, "amount")),
        name="said",
    ).data(
        [
            (each.id, *(getattr(each.line, name) for name in _REVISED), amount)
            for each, amount in amounts
            if each.id is not None and amount is not None
        ]
    )
    if any(each.id is not None and amount is not None for each, amount in amounts):
        session.execute(
            update(OrderLine)
            .where(OrderLine.order_id == row.id, OrderLine.id == said.c.id)
            .values({name: said.c[name] for name in (*_REVISED, "amount")})
            .execution_options(synchronize_session=False)
        )
    # places begin at 0 in orders as they were written; whatever the last one is, new lines come after it
    session.add_all(
        OrderLine(
            order_id=row.id, place=place, amount=amount, **asdict(each.line) | {"article": each.line.article or None}
        )
        for place, (each, amount) in enumerate(amounts)
        if each.id is None
    )
    session.flush()
    session.expire_all()


_REVISED = ("quantity", "unit_price", "discount")
