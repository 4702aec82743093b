"""What can be asked about orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from engine.data import Money, data
from handlers.base.rows import begins_words
from handlers.customers.tables import Customer
from handlers.orders import rules, store
from handlers.orders.tables import OrderVersion, SalesOrder
from handlers.orders.types import OrderData
from handlers.sales.queries import Party, party
from handlers.sales.store import line_of
from handlers.sales.types import Extras, Line, Totals


@data
class OrderRow:
    """An order in a list. ``stage``: of ``types.STAGES``; ``total`` with tax."""

    id: int
    number: str
    stage: str
    customer_number: str
    customer_name: str
    subject: str
    total: Money
    issued_on: date
    shipment_on: date | None
    created_by: str


@data
class OrderPage:
    """Some orders, newest first. ``next``: the ``after`` of the page that follows; None on the last one."""

    orders: tuple[OrderRow, ...]
    next: int | None


@data
class OrderedLine:
    """A line with the ``id`` that deliveries and invoices name."""

    id: int
    line: Line


@data
class OrderView:
    """All that an order says itself; what of it is delivered, invoiced and paid is asked of those documents. Moments are in UTC.

    ``version``: of what binds us, 1 until a confirmed order is changed.
    """

    id: int
    number: str
    status: str
    version: int
    data: OrderData
    party: Party
    lines: tuple[OrderedLine, ...]
    totals: Totals
    issued_on: date
    is_untaxed: bool
    origin_quote: str | None
    origin_version: int | None
    created_at: datetime
    created_by: str
    placed_at: datetime | None
    confirmed_at: datetime | None
    confirmed_by: str | None
    closed_at: datetime | None
    closed_because: str

    @property
    def goes_on(self) -> bool:
        """Whether goods and invoices may still come of it (``store.goes_on``)."""
        return self.status == "confirmed" or (self.status == "closed" and not self.closed_because)

    @property
    def stage(self) -> str:
        """Of ``types.STAGES``."""
        return rules.stage(self.status, is_placed=self.placed_at is not None)


_OF_ORDER = (
    *(
        "id",
        "number",
        "status",
        "version",
        "issued_on",
        "is_untaxed",
        "origin_quote",
        "origin_version",
        "created_at",
        "created_by",
    ),
    *("placed_at", "confirmed_at", "confirmed_by", "closed_at", "closed_because"),
)
_LISTED = ("id", "number", "subject", "total", "issued_on", "shipment_on", "created_by")


def orders_page(
    session: Session,
    *,
    search: str = "",
    stages: Sequence[str] = (),
    customer: str | None = None,
    after: int | None = None,
    limit: int = 50,
) -> OrderPage:
    """Orders, newest first; ``search``: each typed word begins a word of the number, customer, subject, their reference or the quote.

    One statement, whatever there is.
    """
    wanted: list[ColumnElement[bool] | None] = [
        begins_words(SalesOrder.words, search),
        or_(*map(_in_stage, stages)) if stages else None,
        Customer.number == customer if customer is not None else None,
        SalesOrder.id < after if after is not None else None,
    ]
    rows = session.execute(
        select(SalesOrder, Customer.number, Customer.name)
        .join(Customer, Customer.id == SalesOrder.customer_id)
        .where(*(each for each in wanted if each is not None))
        .order_by(SalesOrder.id.desc())
        .limit(limit + 1)
    ).all()
    found = tuple(
        OrderRow(
            **{field: getattr(row, field) for field in _LISTED},
            stage=rules.stage(row.status, is_placed=row.placed_at is not None),
            customer_number=number,
            customer_name=name,
        )
        for row, number, name in rows[:limit]
    )
    return OrderPage(orders=found, next=found[-1].id if len(rows) > limit else None)


def _in_stage(stage: str) -> ColumnElement[bool]:
    match stage:
        case "draft":
            return and_(SalesOrder.status == "draft", SalesOrder.placed_at.is_(None))
        case "placed":
            return and_(SalesOrder.status == "draft", SalesOrder.placed_at.is_not(None))
        case _:
            return SalesOrder.status == stage


def find_order(session: Session, number: str) -> OrderView | None:
    """The order of this number; None when there is none. Two statements."""
    row = session.scalar(select(SalesOrder).where(SalesOrder.number == number))
    if row is None:
        return None
    lines = tuple(OrderedLine(id=each.id, line=line_of(each)) for each in store.lines_of(session, row.id))
    return OrderView(
        **{name: getattr(row, name) for name in _OF_ORDER},
        data=store.data_of(row),
        party=party(row.party),
        lines=lines,
        totals=store.totals_of(row, [each.line for each in lines]),
    )


@data
class EndedVersion:
    """What a confirmed order said until it was changed, as it was kept. ``changed_by``: a login; the moment is in UTC."""

    version: int
    terms: str
    extras: Extras
    total: Money
    lines: tuple[OrderedLine, ...]
    changed_at: datetime
    changed_by: str


def ended_versions(session: Session, number: str) -> tuple[EndedVersion, ...]:
    """What the order of this number said before each change, the first version first. One statement."""
    asked = (
        select(OrderVersion)
        .join(SalesOrder, SalesOrder.id == OrderVersion.order_id)
        .where(SalesOrder.number == number)
        .order_by(OrderVersion.version)
    )
    return tuple(_ended(each) for each in session.scalars(asked))


def _ended(row: OrderVersion) -> EndedVersion:
    return EndedVersion(
        version=row.version,
        terms=row.head["terms"],
        extras=Extras(**{name: Decimal(row.head[name]) for name in Extras.__dataclass_fields__}),
        total=Decimal(row.head["total"]),
        lines=tuple(OrderedLine(id=each["id"], line=_kept_line(each)) for each in row.lines),
        changed_at=row.changed_at,
        changed_by=row.changed_by,
    )


def _kept_line(kept: Mapping[str, Any]) -> Line:
    """A line as the trigger kept it: its numbers are texts."""
    told = {name: kept[name] for name in Line.__dataclass_fields__ if name in kept}
    numbers = {name: Decimal(kept[name]) for name in ("quantity", "unit_price", "discount")}
    return Line(**told | numbers | {"article": kept["article"] or ""})


def order_of_quote(session: Session, number: str) -> str | None:
    """The number of the order that stands and came from this quote; None as long as there is none."""
    return session.scalar(
        select(SalesOrder.number).where(SalesOrder.origin_quote == number, SalesOrder.status != "cancelled")
    )
