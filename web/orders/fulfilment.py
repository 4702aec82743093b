"""What became of an order, from the documents that follow from it: what is delivered and invoiced of each line, how much money it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from handlers.deliveries import queries as deliveries
from handlers.deliveries.queries import DeliveryRow
from handlers.invoices import queries as invoices
from handlers.invoices.queries import InvoiceRow
from handlers.orders.queries import OrderView
from handlers.orders.rules import Share
from handlers.payments import queries as payments

_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fulfilment:
    """How far an order is. ``delivered``, ``invoiced``: of each line that has some, by its id (invoiced: drafts counted); ``goods``,
    ``items``: what part of the quantities the customer has, or that is invoiced; ``billed``: with tax, of validated invoices less credit
    notes; ``forgone``: what of those notes nobody invoices again; ``paid``: of ``billed``, in money; ``owed``: the numbers of the invoices
    of which something is still to be paid.
    """

    delivered: Mapping[int, Decimal]
    invoiced: Mapping[int, Decimal]
    deliveries: tuple[DeliveryRow, ...]
    invoices: tuple[InvoiceRow, ...]
    goods: Share
    items: Share
    billed: Decimal
    forgone: Decimal
    paid: Decimal
    owed: tuple[str, ...]

    @property
    def is_invoiced(self) -> bool:
        """Whether all of it is in invoices that are validated."""
        has_draft = any(each.status == "draft" for each in self.invoices)
        return self.items.percent == 100 and not has_draft


def fulfilment(session: Session, order: OrderView) -> Fulfilment:
    """How far it is; a constant number of statements, however many lines."""
    if order.confirmed_at is None:
        return _BEFORE
    items = {each.id: each.line.quantity for each in order.lines if each.line.kind == "item"}
    delivered = deliveries.delivered(session, order.number)
    invoiced = {line: each.quantity for line, each in invoices.invoiced(session, order.number).items()}
    made = invoices.invoices_of(session, order.number)
    valid = [(each, 1 if each.kind == "invoice" else -1) for each in made if each.status == "validated"]
    settled = payments.settlements(session, [each.id for each in made])
    return Fulfilment(
        delivered=delivered,
        invoiced=invoiced,
        deliveries=deliveries.deliveries_of(session, order.number),
        invoices=made,
        goods=_share(delivered, {line: items[line] for line in delivered}),
        items=_share(invoiced, items),
        billed=sum((sign * each.total for each, sign in valid), Decimal("0.00")),
        forgone=sum((each.total for each, sign in valid if sign < 0 and not each.is_reinvoiceable), Decimal("0.00")),
        paid=sum((sign * settled[each.id].by_money for each, sign in valid), Decimal("0.00")),
        owed=tuple(str(each.number) for each, sign in valid if sign > 0 and settled[each.id].whole < each.total),
    )


def _share(done: Mapping[int, Decimal], wanted: Mapping[int, Decimal]) -> Share:
    return Share(
        done=sum((min(done.get(line, _NOTHING), quantity) for line, quantity in wanted.items()), _NOTHING),
        whole=sum(wanted.values(), _NOTHING),
    )


_NO_SHARE = Share(done=_NOTHING, whole=_NOTHING)
_BEFORE = Fulfilment(
    delivered={},
    invoiced={},
    deliveries=(),
    invoices=(),
    goods=_NO_SHARE,
    items=_NO_SHARE,
    billed=_NOTHING,
    forgone=_NOTHING,
    paid=_NOTHING,
    owed=(),
)
"""Of an order that was never confirmed: nothing follows from it."""
