"""What the process ``order_fulfilment`` asks of an order that may change while it is carried out."""

from __future__ import annotations

from engine.handler import HandlerContext, handler
from handlers.changes import store
from handlers.changes.steps import Rest
from handlers.deliveries import store as deliveries
from handlers.invoices import rules
from handlers.invoices import store as invoices
from handlers.orders import store as orders
from handlers.orders.steps import Order


@handler("orders.read_rest", fr="Lire ce qui reste de la commande", en="Read what is left of the order")
def read_rest(given: Order, context: HandlerContext) -> Rest:
    """From its documents; nothing is changed. Goods that an open delivery may take along are planned by its own case."""
    session = context.session
    row = orders.lock(session, given.order_number)
    is_open = bool(deliveries.open_of(session, row.id))
    remains = any(each.remaining for each in deliveries.progress(session, row.id).values())
    goods_left = orders.goes_on(row) and remains and not is_open
    sale, earlier = invoices.sale_of(session, row), invoices.earlier(session, row.id)
    return Rest(
        total=row.total,
        goods_left=goods_left,
        is_added=goods_left and store.plans_nobody(session, row.id),
        bills_left=orders.goes_on(row) and row.total > 0 and not rules.is_fully_invoiced(sale.lines, earlier.lines),
        is_waiting=is_open,
    )


HANDLERS = (read_rest,)
