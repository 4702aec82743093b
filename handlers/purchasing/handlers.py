"""What the process ``replenishment`` asks purchasing to do. Each runs in the transaction of its step, mails after commit."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.handler import BusinessError, HandlerContext, handler
from engine.letter import Letter, ToPerson, ToRole, write
from engine.texts import say
from handlers.base.numbers import take_number
from handlers.catalogue.tables import Article
from handlers.purchasing.rules import order_amount
from handlers.purchasing.tables import ReplenishmentRequest, Supplier, SupplierOrder
from handlers.purchasing.types import (
    Launch,
    Launched,
    Outcome,
    Refusal,
    Refused,
    RequestSubmitted,
    RequestWanted,
    Told,
    Waiting,
)
from handlers.stock.queries import level_of
from handlers.stock.rules import is_short

COMPANY_LANGUAGE = "fr"


@handler(
    "purchasing.submit_request",
    fr="Enregistrer la demande d’approvisionnement",
    en="Record the replenishment request",
    errors=("article_unknown", "article_not_short"),
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
    request = ReplenishmentRequest(
        number=take_number(session, "DA", context.now.year),
        article_id=article.id,
        quantity=given.quantity,
        needed_on=given.needed_on,
        comment=given.comment or None,
        submitted_by=context.actor.login,
        submitted_at=context.now,
        status="submitted",
        idempotency_key=context.idempotency_key,
    )
    session.add(request)
    session.flush()
    return RequestSubmitted(request_number=request.number, article_name=article.name, unit=article.unit)


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
        number=take_number(session, "CF", context.now.year),
        request_id=request.id,
        supplier_id=supplier.id,
        article_id=request.article_id,
        quantity=request.quantity,
        unit_price=given.unit_price,
        amount=order_amount(request.quantity, given.unit_price),
        launched_by=given.launched_by,
        approved_by=given.approved_by,
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
        request_status=request.status,
    )


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
    _write(context, code, ToPerson(login=context.starter), facts | more)
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
    _write(context, "mail.request_waiting", ToRole(role=given.role), facts)
    return Told()


def _write(context: HandlerContext, code: str, to: ToPerson | ToRole, facts: Mapping[str, str]) -> None:
    """Put a letter into the outbox, with this step: it goes once it is committed."""
    letter = Letter(
        key=context.idempotency_key,
        kind="process",
        to=to,
        locale=COMPANY_LANGUAGE,
        subject=say(f"{code}.subject", COMPANY_LANGUAGE, **facts),
        body=say(f"{code}.body", COMPANY_LANGUAGE, **facts),
        business_key=context.business_key,
    )
    write(context.session, letter, context.now, context.actor.login)
