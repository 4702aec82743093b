"""What the process ``replenishment`` asks purchasing to do. Each runs in the transaction of its step, mails after commit."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.handler import BusinessError, HandlerContext, handler
from engine.letter import ToPerson, ToRole
from handlers.base.letters import COMPANY_LANGUAGE, write_letter
from handlers.base.numbers import take_number
from handlers.base.units import counted
from handlers.catalogue.tables import Article
from handlers.purchasing.rules import order_amount
from handlers.purchasing.tables import ReplenishmentRequest, Supplier, SupplierOrder, SupplierReceipt
from handlers.purchasing.types import (
    Arrival,
    Arrived,
    Closed,
    Closing,
    Ended,
    Launch,
    Launched,
    Outcome,
    Overdue,
    Refusal,
    Refused,
    RequestSubmitted,
    RequestWanted,
    Told,
    Waiting,
)
from handlers.stock import ledger
from handlers.stock.ledger import Wanted
from handlers.stock.queries import level_of
from handlers.stock.rules import is_short, plain
from handlers.stock.tables import Warehouse


@handler(
    "purchasing.submit_request",
    fr="Enregistrer la demande d’approvisionnement",
    en="Record the replenishment request",
    errors=("article_unknown", "article_not_short", "warehouse_unknown"),
)
def submit_request(given: RequestWanted, context: HandlerContext) -> RequestSubmitted:
    """Write the request, numbered; from then on it is frozen. Only an article that is short can be asked for."""
    session = context.session
    article = session.scalars(select(Article).where(Article.reference == given.article)).one_or_none()
    if article is None:
        raise BusinessError("article_unknown", article=given.article)
    level = level_of(session, article.id, lock=True)
    if level is None or not is_short(level):
        raise BusinessError("article_not_short", article=article.name)
    warehouse = session.scalars(
        select(Warehouse).where(Warehouse.code == given.warehouse if given.warehouse else Warehouse.is_default)
    ).one_or_none()
    if warehouse is None:
        raise BusinessError("warehouse_unknown", warehouse=given.warehouse)
    request = ReplenishmentRequest(
        number=take_number(session, "DA", (given.today or context.now).year),
        article_id=article.id,
        quantity=given.quantity,
        warehouse_id=warehouse.id,
        needed_on=given.needed_on,
        comment=given.comment or None,
        submitted_by=context.actor.login,
        submitted_at=context.now,
        status="submitted",
        idempotency_key=context.idempotency_key,
    )
    session.add(request)
    session.flush()
    return RequestSubmitted(
        request_number=request.number, article_name=article.name, unit=article.unit, warehouse_name=warehouse.name
    )


def _undecided(session: Session, number: str) -> ReplenishmentRequest:
    request = session.scalars(
        select(ReplenishmentRequest).where(ReplenishmentRequest.number == number).with_for_update()
    ).one()
    if request.status != "submitted":
        raise BusinessError("request_already_decided", request=number, status=request.status)
    return request


@handler(
    "purchasing.refuse_request",
    fr="Refuser la demande d’approvisionnement",
    en="Refuse the replenishment request",
    errors=("request_already_decided",),
)
def refuse_request(given: Refusal, context: HandlerContext) -> Refused:
    """Close the request with a reason."""
    request = _undecided(context.session, given.request_number)
    request.status = "refused"
    request.refusal_reason = given.reason
    request.decided_by = given.refused_by
    request.decided_at = context.now
    context.session.flush()
    return Refused(request_status=request.status)


@handler(
    "purchasing.launch_request",
    fr="Passer la commande au fournisseur",
    en="Order from the supplier",
    errors=("supplier_unknown", "supplier_inactive", "request_already_decided"),
)
def launch_request(given: Launch, context: HandlerContext) -> Launched:
    """Make the supplier order of a request. One order a request, whatever is repeated."""
    session = context.session
    request = _undecided(session, given.request_number)
    supplier = session.scalars(select(Supplier).where(Supplier.code == given.supplier)).one_or_none()
    if supplier is None:
        raise BusinessError("supplier_unknown", supplier=given.supplier)
    if not supplier.is_active:
        raise BusinessError("supplier_inactive", supplier=supplier.name)
    order = SupplierOrder(
        number=take_number(session, "CF", (given.today or context.now).year),
        request_id=request.id,
        supplier_id=supplier.id,
        article_id=request.article_id,
        quantity=request.quantity,
        unit_price=given.unit_price,
        amount=order_amount(request.quantity, given.unit_price),
        launched_by=given.launched_by,
        approved_by=given.approved_by,
        expected_on=given.expected_on,
        ordered_at=context.now,
        idempotency_key=context.idempotency_key,
    )
    session.add(order)
    request.status = "launched"
    request.decided_by = given.launched_by
    request.decided_at = context.now
    session.flush()
    return Launched(
        order_number=order.number,
        supplier_name=supplier.name,
        amount=order.amount,
        outstanding=order.quantity,
        request_status=request.status,
    )


@handler(
    "purchasing.receive_goods",
    fr="Entrer en stock ce qui est arrivé",
    en="Take in what has come",
    errors=("receipt_too_large", "order_not_awaited"),
)
def receive_goods(given: Arrival, context: HandlerContext) -> Arrived:
    """Note what has come of a supplier order, in the warehouse of its request; with the last of it the request is received."""
    session = context.session
    order, request = _awaited(session, given.order_number)
    outstanding = order.quantity - _received(session, order)
    if given.received > outstanding:
        raise BusinessError("receipt_too_large", order=order.number, outstanding=plain(outstanding))
    if given.received:
        receipt = SupplierReceipt(
            order_id=order.id,
            quantity=given.received,
            delivery_note=given.delivery_note or "",
            received_by=given.received_by,
            received_at=context.now,
            idempotency_key=context.idempotency_key,
        )
        session.add(receipt)
        session.flush()
        reference, warehouse = session.execute(
            select(Article.reference, Warehouse.code)
            .join(Warehouse, Warehouse.id == request.warehouse_id)
            .where(Article.id == order.article_id)
        ).one()
        came = Wanted(line=receipt.id, article=reference, quantity=given.received)
        ledger.receive(session, order.number, warehouse, (came,), by=given.received_by, now=context.now)
    if given.received == outstanding:
        _close(request, "received", given.received_by, context.now)
    session.flush()
    return Arrived(outstanding=outstanding - given.received, request_status=request.status)


@handler(
    "purchasing.close_request",
    fr="Clore une commande incomplète",
    en="Close an incomplete order",
    errors=("order_not_awaited",),
)
def close_request(given: Closing, context: HandlerContext) -> Closed:
    """Wait for no more of a supplier order: its request is received when some of it has come, else cancelled."""
    order, request = _awaited(context.session, given.order_number)
    status = "received" if _received(context.session, order) else "cancelled"
    _close(request, status, given.closed_by, context.now, given.reason)
    context.session.flush()
    return Closed(request_status=request.status)


def _awaited(session: Session, number: str) -> tuple[SupplierOrder, ReplenishmentRequest]:
    """The order and its request, both locked, while goods of it are awaited."""
    order, request = session.execute(
        select(SupplierOrder, ReplenishmentRequest)
        .join(ReplenishmentRequest, ReplenishmentRequest.id == SupplierOrder.request_id)
        .where(SupplierOrder.number == number)
        .with_for_update()
    ).one()
    if request.status != "launched":
        raise BusinessError("order_not_awaited", order=number)
    return order, request


def _received(session: Session, order: SupplierOrder) -> Decimal:
    received = select(func.coalesce(func.sum(SupplierReceipt.quantity), 0)).where(SupplierReceipt.order_id == order.id)
    return session.execute(received).scalar_one()


def _close(request: ReplenishmentRequest, status: str, by: str, now: datetime, because: str | None = None) -> None:
    request.status = status
    request.closed_by, request.closed_at, request.closed_because = by, now, because


@handler(
    "purchasing.tell_submitter",
    fr="Prévenir le demandeur par e-mail",
    en="Tell the submitter by e-mail",
    effect=True,
)
def tell_submitter(given: Outcome, context: HandlerContext) -> Told:
    """Write to whoever submitted the request what became of it."""
    facts = {"request": given.request_number, "article": given.article_name}
    if given.order_number is not None:
        code, more = "mail.request_launched", {"order": given.order_number, "supplier": given.supplier_name or ""}
    else:
        code, more = "mail.request_refused", {"reason": given.reason or ""}
    write_letter(context, code, ToPerson(login=context.starter), facts | more)
    return Told()


@handler(
    "purchasing.remind_buyers",
    fr="Relancer les achats par e-mail",
    en="Remind purchasing by e-mail",
    effect=True,
)
def remind_buyers(given: Waiting, context: HandlerContext) -> Told:
    """Write to all who hold ``role`` that a request still waits for them."""
    facts = {"request": given.request_number, "article": given.article_name}
    write_letter(context, "mail.request_waiting", ToRole(role=given.role), facts)
    return Told()


@handler(
    "purchasing.tell_receipt",
    fr="Annoncer l’arrivée au demandeur par e-mail",
    en="Tell the submitter by e-mail what has come",
    effect=True,
)
def tell_receipt(given: Ended, context: HandlerContext) -> Told:
    """Write to whoever submitted the request that its goods are there, or that the rest will not come."""
    facts = {
        "request": given.request_number,
        "article": given.article_name,
        "outstanding": counted(given.outstanding, given.unit, COMPANY_LANGUAGE),
    }
    code = "mail.request_incomplete" if given.outstanding else "mail.request_received"
    write_letter(context, code, ToPerson(login=context.starter), facts)
    return Told()


@handler(
    "purchasing.remind_delivery",
    fr="Signaler une livraison en retard par e-mail",
    en="Tell of a late delivery by e-mail",
    effect=True,
)
def remind_delivery(given: Overdue, context: HandlerContext) -> Told:
    """Write to purchasing that goods have not come when they were expected."""
    facts = {
        "order": given.order_number,
        "supplier": given.supplier_name,
        "article": given.article_name,
        "outstanding": counted(given.outstanding, given.unit, COMPANY_LANGUAGE),
    }
    write_letter(context, "mail.delivery_late", ToRole(role="purchasing_admin"), facts)
    return Told()


HANDLERS = (
    submit_request,
    refuse_request,
    launch_request,
    receive_goods,
    close_request,
    tell_submitter,
    remind_buyers,
    tell_receipt,
    remind_delivery,
)
