"""What can be asked about purchasing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.data import Money, data
from engine.handler import Choice, ChoiceSource
from handlers.purchasing.tables import ReplenishmentRequest, Supplier, SupplierOrder


@data
class OrderOfRequest:
    """The supplier order that a request led to. ``amount`` before tax in the company's currency, ``ordered_at`` in UTC."""

    number: str
    request_number: str
    supplier_name: str
    quantity: Decimal
    unit_price: Money
    amount: Money
    launched_by: str
    approved_by: str | None
    ordered_at: datetime


def read_suppliers(session: Session) -> Sequence[Choice]:
    """The suppliers that one can order from, by name."""
    rows = session.scalars(select(Supplier).where(Supplier.is_active).order_by(Supplier.name))
    return [Choice(value=row.code, label=row.name) for row in rows]


def order_of_request(session: Session, request_number: str) -> OrderOfRequest | None:
    """The supplier order of the request, None while there is none."""
    found = session.execute(
        select(SupplierOrder, Supplier.name)
        .join(ReplenishmentRequest, ReplenishmentRequest.id == SupplierOrder.request_id)
        .join(Supplier, Supplier.id == SupplierOrder.supplier_id)
        .where(ReplenishmentRequest.number == request_number)
    ).one_or_none()
    if found is None:
        return None
    order, supplier_name = found
    return OrderOfRequest(
        number=order.number,
        request_number=request_number,
        supplier_name=supplier_name,
        quantity=order.quantity,
        unit_price=order.unit_price,
        amount=order.amount,
        launched_by=order.launched_by,
        approved_by=order.approved_by,
        ordered_at=order.ordered_at,
    )


SUPPLIERS = ChoiceSource(name="purchasing.suppliers", read=read_suppliers)
