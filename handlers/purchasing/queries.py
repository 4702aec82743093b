"""What can be asked about purchasing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.data import Money, data
from engine.handler import Choice, ChoiceSource
from handlers.base.rows import fields_of
from handlers.catalogue.tables import Article
from handlers.purchasing.tables import ReplenishmentRequest, Supplier, SupplierOrder, SupplierReceipt
from handlers.stock.tables import Warehouse


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


@data
class Receipt:
    """What came of a supplier order at one time. ``received_at`` in UTC."""

    quantity: Decimal
    delivery_note: str
    received_by: str
    received_at: datetime


@data
class Awaited:
    """What is still to come of a supplier order. ``expected_on``: the day that the supplier announced."""

    order_number: str
    supplier_name: str
    warehouse_name: str
    outstanding: Decimal
    expected_on: date | None


def receipts_of_order(session: Session, order_number: str) -> tuple[Receipt, ...]:
    """What came of the order, the first one first."""
    asked = (
        select(SupplierReceipt)
        .join(SupplierOrder, SupplierOrder.id == SupplierReceipt.order_id)
        .where(SupplierOrder.number == order_number)
        .order_by(SupplierReceipt.id)
    )
    return tuple(Receipt(**fields_of(Receipt, each)) for each in session.scalars(asked))


def awaited(session: Session, article: str, limit: int = 50) -> tuple[Awaited, ...]:
    """The supplier orders of which goods of this article (its reference) are still to come, the first expected first."""
    received = (
        select(func.coalesce(func.sum(SupplierReceipt.quantity), 0))
        .where(SupplierReceipt.order_id == SupplierOrder.id)
        .scalar_subquery()
    )
    asked = (
        select(
            SupplierOrder.number,
            Supplier.name,
            Warehouse.name,
            SupplierOrder.quantity - received,
            SupplierOrder.expected_on,
        )
        .join(Article, Article.id == SupplierOrder.article_id)
        .join(ReplenishmentRequest, ReplenishmentRequest.id == SupplierOrder.request_id)
        .join(Warehouse, Warehouse.id == ReplenishmentRequest.warehouse_id)
        .join(Supplier, Supplier.id == SupplierOrder.supplier_id)
        .where(Article.reference == article, ReplenishmentRequest.status == "launched")
        .order_by(SupplierOrder.expected_on.nulls_last(), SupplierOrder.id)
        .limit(limit)
    )
    return tuple(
        Awaited(
            order_number=number,
            supplier_name=supplier,
            warehouse_name=warehouse,
            outstanding=outstanding,
            expected_on=expected_on,
        )
        for number, supplier, warehouse, outstanding, expected_on in session.execute(asked)
    )


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
