"""What the process ``invoicing`` asks to be done with an invoice. Each runs in the transaction of its step; letters go after commit."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import WrongState
from engine.handler import BusinessError, HandlerContext, handler
from engine.letter import ToPerson, ToRole
from engine.texts import format as formats
from handlers.base.letters import COMPANY_LANGUAGE, write_letter, write_to_each
from handlers.base.units import counted
from handlers.customers.queries import recipients
from handlers.invoices import judging, making, printing, queries, store
from handlers.invoices.commands import Seal, seal
from handlers.invoices.making import Asked
from handlers.invoices.steps import (
    Draft,
    Dropping,
    Judged,
    Judging,
    Order,
    Progress,
    Refused,
    Request,
    Sending,
    Told,
    Validated,
    Validation,
    Waiting,
    Written,
)
from handlers.invoices.tables import Invoice
from handlers.invoices.types import draft_name
from handlers.orders import store as orders
from handlers.orders.tables import SalesOrder

MOST_LINES: Final = 40
"""Of a draft, in the form of whoever validates it; all of them are on its page."""

MOST_COMPLAINT: Final = 1_000
"""Characters of what is against a draft."""

_OUTCOMES: Final = {
    "nothing_to_invoice": "mail.invoice_nothing_left",
    "order_not_invoiceable": "mail.invoice_order_over",
    "dropped": "mail.invoice_dropped",
}


@handler(
    "invoices.draft_invoice",
    fr="Préparer le brouillon de facture",
    en="Draft the invoice",
    errors=("nothing_to_invoice", "order_not_invoiceable"),
)
def draft_invoice(given: Request, context: HandlerContext) -> Written:
    """A draft of what is asked; it counts as invoiced from now on, so that nobody invoices the same again. One that is there is read."""
    session = context.session
    if given.invoice_id is not None:
        return _read(context, given.invoice_id)
    number = given.order_number or ""
    try:
        row = making.draft(
            session,
            number,
            Asked(what=given.what or "remaining", percent=given.percent),
            key=context.idempotency_key,
            asked_by=given.asked_by or context.starter,
            now=context.now,
            by=context.actor.login,
        )
    except WrongState as refusal:
        if refusal.code in {"nothing_to_invoice", "order_not_invoiceable"}:
            raise BusinessError(refusal.code, order=number) from refusal
        raise
    return _written(session, row, number)


@handler("invoices.read_draft", fr="Lire le brouillon", en="Read the draft")
def read_draft(given: Draft, context: HandlerContext) -> Written:
    """What a draft says now, after somebody changed it on its page."""
    return _read(context, given.invoice_id)


@handler(
    "invoices.judge_draft",
    fr="Contrôler le brouillon",
    en="Check the draft",
    effect=True,
)
def judge_draft(given: Judging, context: HandlerContext) -> Judged:
    """Hold what it would say against our rules and the official ones, as long as it has no number: it takes a second the first time."""
    document = judging.prospect(context.session, given.invoice_id, given.today)
    if document is None:
        return Judged(complaint=None, shown=None)
    found = "\n".join(judging.complaints(document))
    return Judged(complaint=found[:MOST_COMPLAINT] or None, shown=judging.fingerprint(document))


@handler(
    "invoices.validate_invoice",
    fr="Valider la facture",
    en="Validate the invoice",
    errors=(
        *(
            "validator_is_asker",
            "invoice_changed",
            "invoice_terms_missing",
            "company_identity_missing",
            "company_siren_missing",
        ),
        *("buyer_address_missing", "draft_refused", "document_figures_disagree", "vat_regime_changed"),
        "customer_vat_number_gone",
    ),
)
def validate_invoice(given: Validation, context: HandlerContext) -> Validated:
    """From now on it never changes: its number, its day, when it is due, and its hash. The history says both."""
    wanted = Seal(
        invoice=str(given.invoice_id),
        total=given.total,
        complaint=given.complaint,
        shown=given.shown,
        terms=given.terms,
        performed_on=given.performed_on,
        validated_by=given.validated_by,
        today=given.today,
    )
    try:
        context.keep(seal, wanted)
    except WrongState as refusal:
        raise BusinessError(refusal.code, **refusal.facts) from refusal
    session = context.session
    row, order = store.lock(session, given.invoice_id)
    assert row.number is not None
    assert row.issued_on is not None
    assert row.due_on is not None
    far = _progress(session, order)
    return Validated(
        invoice_number=row.number,
        issued_on=row.issued_on,
        due_on=row.due_on,
        is_fully_invoiced=far.is_fully_invoiced,
        order_goes_on=far.order_goes_on,
    )


@handler("invoices.drop_draft", fr="Abandonner le brouillon", en="Drop the draft")
def drop_draft(given: Dropping, context: HandlerContext) -> Progress:
    """It counts as invoiced no longer. What is validated already stays."""
    session = context.session
    found = session.scalar(select(Invoice.id).where(Invoice.id == given.invoice_id))
    if found is None:
        return Progress(is_fully_invoiced=False, order_goes_on=True)  # its order waits all the same
    row, order = store.lock_draft(session, found)
    store.drop(session, row)
    return _progress(session, order)


@handler("invoices.read_progress", fr="Lire où en est la facturation", en="Read how far it is invoiced")
def read_progress(given: Order, context: HandlerContext) -> Progress:
    """Whether anything of the order is left to invoice."""
    return _progress(context.session, orders.lock(context.session, given.order_number))


@handler("invoices.send_invoice", fr="Envoyer la facture par e-mail", en="Send the invoice by e-mail", effect=True)
def send_invoice(given: Sending, context: HandlerContext) -> Told:
    """Make the PDF with the invoice for machines inside, and write to the customer with it; without an address only the PDF is made."""
    session = context.session
    paper = printing.attachment(session, given.invoice_number, context.now)
    row = _of(session, given.invoice_number)
    addresses = recipients(session, row.customer_id, "invoices") or (row.email,)
    if any(addresses):
        facts = {
            "invoice": given.invoice_number,
            "subject": row.subject or given.invoice_number,
            "total": formats.money(row.total, row.locale),
            "day": formats.day(row.due_on, row.locale) if row.due_on else "",
        }
        code = "mail.invoice_sent" if row.kind == "invoice" else "mail.credit_note_sent"
        write_to_each(context, code, addresses, facts, row.locale, paper)
    return Told()


@handler(
    "invoices.tell_asker", fr="Prévenir qui a demandé la facture", en="Tell whoever asked for the invoice", effect=True
)
def tell_asker(given: Refused, context: HandlerContext) -> Told:
    """Write why no invoice came of it."""
    facts = {"order": given.order_number or "–", "reason": given.reason or "–"}
    write_letter(context, _OUTCOMES[given.outcome], ToPerson(login=given.asked_by), facts)
    return Told()


@handler("invoices.remind_accounting", fr="Relancer la comptabilité", en="Remind accounting", effect=True)
def remind_accounting(given: Waiting, context: HandlerContext) -> Told:
    """Write to accounting that a draft still waits."""
    facts = {"customer": given.customer_name, "total": formats.money(given.total, COMPANY_LANGUAGE)}
    write_letter(context, "mail.invoice_waiting", ToRole(role="accounting"), facts)
    return Told()


def _progress(session: Session, order: SalesOrder | None) -> Progress:
    if order is None:
        return Progress(is_fully_invoiced=False, order_goes_on=False)
    waiting = queries.waiting_draft(session, order.id)
    return Progress(
        is_fully_invoiced=queries.is_fully_invoiced(session, order),
        order_goes_on=orders.goes_on(order),
        waiting_draft=None if waiting is None else draft_name(waiting),
    )


def _of(session: Session, number: str) -> Invoice:
    return session.scalars(select(Invoice).where(Invoice.number == number)).one()


def _read(context: HandlerContext, invoice_id: int) -> Written:
    row, order = store.lock(context.session, invoice_id)
    if row.idempotency_key is None and row.status == "draft":
        row.idempotency_key = context.idempotency_key  # from now on this case leads it
        context.session.flush()
    return _written(context.session, row, None if order is None else order.number)


def _written(session: Session, row: Invoice, order: str | None) -> Written:
    lines = [each for each in store.lines_of(session, row.id) if each.kind == "item"]
    told = [
        f"{counted(each.quantity, each.unit, COMPANY_LANGUAGE)} × {each.text.splitlines()[0]} : "
        f"{formats.money(each.amount or Decimal(0), COMPANY_LANGUAGE)}"
        for each in lines[:MOST_LINES]
    ]
    return Written(
        invoice_id=row.id,
        draft=draft_name(row.id) if row.status == "draft" else None,
        kind=row.kind,
        order_number=order,
        customer_name=row.party["name"],
        net=row.net,
        total=row.total,
        terms=row.terms,
        lines_text="\n".join([*told, *(["…"] if len(lines) > MOST_LINES else [])]),
        asked_by=row.asked_by,
        category=row.category,
    )


HANDLERS: Final = (
    draft_invoice,
    read_draft,
    judge_draft,
    validate_invoice,
    drop_draft,
    read_progress,
    send_invoice,
    tell_asker,
    remind_accounting,
)
