"""What the processes ``order_fulfilment`` and ``order_change`` ask of an order that may change while it is carried out."""

from __future__ import annotations

from sqlalchemy.orm import Session

from engine.handler import HandlerContext, handler
from handlers.changes import store
from handlers.changes.steps import Rest
from handlers.deliveries import store as deliveries
from handlers.invoices import queries as invoicing
from handlers.invoices import rules
from handlers.invoices import store as invoices
from handlers.orders import store as orders
from handlers.orders.steps import Order, Reached, Stands
from handlers.orders.tables import SalesOrder


@handler("orders.read_rest", fr="Lire ce qui reste de la commande", en="Read what is left of the order")
def read_rest(given: Order, context: HandlerContext) -> Rest:
    """From its documents; nothing is changed. Goods that an open delivery may take along are planned by its own case."""
    return _rest(context.session, orders.lock(context.session, given.order_number))


@handler("orders.note_reached", fr="Noter où en est la commande", en="Note how far the order is")
def note_reached(given: Reached, context: HandlerContext) -> Stands:
    """Close it where this is what closes it (``closing_rule``) and its documents say that all of it has come so far: a preparation that
    somebody began by hand may still carry goods, and a message may tell of an order as it was before a change. The end of the case closes
    what is not closed here. What remains to be done of it goes on all the same.
    """
    session = context.session
    row = orders.lock(session, given.order_number)
    if row.closing_rule == given.reached:
        rest = _rest(session, row)
        is_reached = {"shipped": not (rest.goods_left or rest.is_waiting), "invoiced": rest.is_invoiced}
        if is_reached[given.reached]:
            orders.close(row, "", context.now)
            session.flush()
    return Stands(order_status=row.status)


def _rest(session: Session, row: SalesOrder) -> Rest:
    is_open = bool(deliveries.open_of(session, row.id))
    remains = any(each.remaining for each in deliveries.progress(session, row.id).values())
    goods_left = orders.goes_on(row) and remains and not is_open
    sale, earlier = invoices.sale_of(session, row), invoices.earlier(session, row.id)
    bills_left = row.total > 0 and not rules.is_fully_invoiced(sale.lines, earlier.lines)
    return Rest(
        total=row.total,
        goods_left=goods_left,
        is_added=goods_left and store.plans_nobody(session, row.id),
        bills_left=orders.goes_on(row) and bills_left,
        is_waiting=is_open,
        is_invoiced=orders.goes_on(row) and not bills_left and invoicing.waiting_draft(session, row.id) is None,
    )


HANDLERS = (read_rest, note_reached)
