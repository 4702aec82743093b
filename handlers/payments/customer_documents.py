"""How many documents a customer has, of each kind that a list can be narrowed to."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from engine.data import data
from handlers.customers.tables import Customer
from handlers.invoices.tables import Invoice
from handlers.orders.tables import SalesOrder
from handlers.payments.tables import Payment
from handlers.sales.tables import Quote


@data
class DocumentCounts:
    """``invoices``: credit notes and drafts, too."""

    quotes: int
    orders: int
    invoices: int
    payments: int


def counts_of(session: Session, customer: str) -> DocumentCounts:
    """Of the customer with this number, in one statement; nothing of one that does not exist."""

    def of(owner: InstrumentedAttribute[int]) -> ColumnElement[int]:
        which = select(Customer.id).where(Customer.number == customer).scalar_subquery()
        return select(func.count()).where(owner == which).scalar_subquery()

    given = {
        "quotes": of(Quote.customer_id),
        "orders": of(SalesOrder.customer_id),
        "invoices": of(Invoice.customer_id),
        "payments": of(Payment.customer_id),
    }
    found = session.execute(select(*(each.label(name) for name, each in given.items()))).one()
    return DocumentCounts(**found._asdict())
