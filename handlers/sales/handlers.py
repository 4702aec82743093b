"""What the process ``quote_acceptance`` asks to be done with a quote. Each runs in the transaction of its step; letters go after commit."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.handler import BusinessError, HandlerContext, handler
from engine.letter import Attachment, ToAddress, ToPerson, ToRole, site
from engine.texts import format as formats
from handlers.base.letters import write_letter
from handlers.company.queries import invoices_vat
from handlers.customers import fiscal
from handlers.customers.tables import Customer
from handlers.sales import links, offer, printing, sending, store
from handlers.sales.steps import (
    Answered,
    Cancelled,
    Issue,
    Issued,
    Noted,
    Outcome,
    Renewed,
    Return,
    Returned,
    Sending,
    Submission,
    Submitted,
    Told,
    Version,
    Waiting,
)
from handlers.sales.tables import Quote, QuoteAnswer, QuoteVersion
from handlers.sales.types import ANSWERS

_OUTCOMES: Final = {
    "accepted": "mail.quote_accepted",
    "refused": "mail.quote_refused",
    "change_asked": "mail.quote_change_asked",
}
LINK = "/quote/"
"""Where the pages of customers begin; the token follows."""

HELD: Final = timedelta(minutes=2)
"""So long the letter with a quote can be taken back: the time to see the wrong price right after the click."""


@handler(
    "sales.submit_quote",
    fr="Soumettre le devis",
    en="Submit the quote",
    errors=(
        *("quote_unknown", "quote_not_draft", "quote_in_progress"),
        *("quote_empty", "quote_without_email", "quote_out_of_date"),
        *fiscal.REFUSALS,
    ),
)
def submit_quote(given: Submission, context: HandlerContext) -> Submitted:
    """Freeze the draft, dated today, with the customer as it is known today and the rates of VAT of today."""
    session = context.session
    quote, row = _lock(session, given.quote)
    if row.status != "draft":
        raise BusinessError("quote_not_draft", quote=given.quote)
    if given.is_first and row.submitted_by is not None:
        raise BusinessError("quote_in_progress", quote=given.quote)
    lines = store.lines_of(session, row.id)
    if code := offer.missing(row.email, row.valid_until, lines, given.today):
        raise BusinessError(code, quote=given.quote)
    customer = session.get_one(Customer, quote.customer_id)
    if code := store.fiscal_refusal(session, customer, row.party, row.fiscal_position, lines):
        raise BusinessError(code, quote=given.quote)
    row.party = row.party | {name: getattr(customer, name) for name in store.PARTY}
    row.issued_on, row.is_untaxed = given.today, not invoices_vat(session)
    store.put_figures(row, store.totals_of(row, lines))
    row.status, row.submitted_by, row.closed_because = "submitted", context.actor.login, ""
    session.flush()
    return Submitted(
        quote_number=quote.number,
        version=row.version,
        customer_name=customer.name,
        net=row.net,
        total=row.total,
        discount_percent=row.discount_percent,
        valid_until=row.valid_until,
    )


@handler("sales.return_quote", fr="Rendre le devis à corriger", en="Give the quote back to be changed")
def return_quote(given: Return, context: HandlerContext) -> Returned:
    """Make it a draft again: not approved, or approved and then not sent. What was approved counts for what it said then."""
    _, row = _lock(context.session, given.quote_number)
    row.status, row.closed_because, row.approved_by = "draft", given.reason or "", None
    context.session.flush()
    return Returned(revision_reason=given.reason or None)


@handler(
    "sales.issue_quote",
    fr="Autoriser l’envoi du devis",
    en="Clear the quote for sending",
    errors=("quote_out_of_date", "approver_is_author"),
)
def issue_quote(given: Issue, context: HandlerContext) -> Issued:
    """It may go out, and who approved it is on record. It binds us from when its letter goes (``send_quote``), not before."""
    _, row = _lock(context.session, given.quote_number)
    if row.valid_until < given.today:
        raise BusinessError("quote_out_of_date", quote=given.quote_number)
    if given.approved_by is not None and given.approved_by == row.submitted_by:
        raise BusinessError("approver_is_author", quote=given.quote_number)
    row.approved_by = given.approved_by
    context.session.flush()
    return Issued(quote_status=row.status)


# Not ``once``: what it does is a row of the outbox, in the transaction that ends it. The letter itself goes once (``engine.mail.sending``).
@handler("sales.send_quote", fr="Envoyer le devis par e-mail", en="Send the quote by e-mail", effect=True, hold=HELD)
def send_quote(given: Sending, context: HandlerContext) -> Issued:
    """Write to the customer, with the PDF and the link to see and answer it. From here on the quote binds us."""
    quote, row = _lock(context.session, given.quote_number)
    if row.version == given.version and row.status == "submitted":
        sending.mark_sent(context.session, quote, row, context.now)
    paper = printing.attachment(context.session, given.quote_number, given.version, context.now)
    _write_to_customer(given, context, "mail.quote_sent", paper)
    return Issued(quote_status=row.status)


@handler("sales.remind_customer", fr="Rappeler le devis au client", en="Remind the customer of the quote", effect=True)
def remind_customer(given: Sending, context: HandlerContext) -> Told:
    """Write to the customer that the offer ends soon; nothing where an answer has come meanwhile."""
    _write_to_customer(given, context, "mail.quote_reminder")
    return Told()


@handler(
    "sales.note_answer",
    fr="Noter la réponse du client",
    en="Note the customer’s answer",
    errors=("quote_answered",),
)
def note_answer(given: Noted, context: HandlerContext) -> Answered:
    """Write down what the customer said by other ways than the link; or take the offer back."""
    session = context.session
    _, row = _lock(session, given.quote_number)
    if row.version != given.version or row.status != "sent":
        raise BusinessError("quote_answered", quote=given.quote_number)
    if given.answer == "withdrawn":
        row.status, row.closed_because = "cancelled", given.comment or ""
    else:
        assert row.content_hash is not None
        session.add(
            QuoteAnswer(
                version_id=row.id,
                answer=given.answer,
                by_link=False,
                name="",
                function="",
                comment=given.comment or "",
                consent="",
                address="",
                content_hash=row.content_hash,
                noted_by=given.noted_by,
                answered_at=context.now,
            )
        )
        row.status = given.answer
    session.flush()
    return Answered(answer=given.answer, comment=given.comment)


@handler("sales.read_answer", fr="Lire la réponse du client", en="Read the customer’s answer")
def read_answer(given: Version, context: HandlerContext) -> Answered:
    """What the customer answered by the link."""
    found = context.session.scalars(
        select(QuoteAnswer)
        .join(QuoteVersion, QuoteVersion.id == QuoteAnswer.version_id)
        .join(Quote, Quote.id == QuoteVersion.quote_id)
        .where(Quote.number == given.quote_number, QuoteVersion.version == given.version)
    ).one()
    return Answered(answer=found.answer, comment=found.comment or None)


@handler("sales.expire_quote", fr="Clore le devis expiré", en="Close the expired quote", errors=("quote_answered",))
def expire_quote(given: Version, context: HandlerContext) -> Issued:
    """The offer has ended without an answer."""
    _, row = _lock(context.session, given.quote_number)
    if row.status in ANSWERS:
        raise BusinessError("quote_answered", quote=given.quote_number)
    row.status = "expired"
    context.session.flush()
    return Issued(quote_status=row.status)


@handler("sales.renew_quote", fr="Préparer la version suivante", en="Prepare the next version")
def renew_quote(given: Version, context: HandlerContext) -> Renewed:
    """A copy of what was sent, as a draft; what was sent stays as it is."""
    session = context.session
    quote, row = _lock(session, given.quote_number)
    answer = session.get_one(QuoteAnswer, row.id)
    lines = store.lines_of(session, row.id)
    following = QuoteVersion(
        quote_id=quote.id,
        version=row.version + 1,
        status="draft",
        party=row.party,
        issued_on=row.issued_on,
        is_untaxed=row.is_untaxed,
        submitted_by=row.submitted_by,
        closed_because=answer.comment,
        **{name: value for name, value in asdict(store.data_of(row)).items() if name != "extras"},
        **asdict(store.extras_of(row)),
    )
    totals = store.totals_of(row, lines)
    store.put_figures(following, totals)
    session.add(following)
    quote.version = following.version
    session.flush()
    store.write_lines(session, following.id, lines, totals, is_new=True)
    return Renewed(version=following.version, revision_reason=answer.comment or None)


@handler("sales.abandon_quote", fr="Abandonner le devis", en="Give the quote up")
def abandon_quote(given: Cancelled, context: HandlerContext) -> Issued:
    """A draft that is not sent after all; one that was cancelled already stays so."""
    _, row = _lock(context.session, given.quote_number)
    if row.status != "cancelled":
        row.status = "cancelled"
        context.session.flush()
    return Issued(quote_status=row.status)


@handler("sales.tell_seller", fr="Prévenir le vendeur par e-mail", en="Tell the seller by e-mail", effect=True)
def tell_seller(given: Outcome, context: HandlerContext) -> Told:
    """Write to whoever sent the quote what became of it."""
    facts = {"quote": given.quote_number, "customer": given.customer_name, "comment": given.comment or "–"}
    write_letter(context, _OUTCOMES.get(given.outcome, "mail.quote_expired"), ToPerson(login=context.starter), facts)
    return Told()


@handler("sales.remind_approvers", fr="Relancer l’accord par e-mail", en="Ask again for the approval", effect=True)
def remind_approvers(given: Waiting, context: HandlerContext) -> Told:
    """Write to all who hold ``role`` that a quote still waits for them."""
    facts = {"quote": given.quote_number, "customer": given.customer_name}
    write_letter(context, "mail.quote_waiting", ToRole(role=given.role), facts)
    return Told()


def _lock(session: Session, number: str) -> tuple[Quote, QuoteVersion]:
    try:
        return store.lock(session, number)
    except NotFound as error:
        raise BusinessError("quote_unknown", quote=number) from error


def _write_to_customer(given: Sending, context: HandlerContext, code: str, paper: Attachment | None = None) -> None:
    session = context.session
    found = session.execute(
        select(QuoteVersion)
        .join(Quote, Quote.id == QuoteVersion.quote_id)
        .where(Quote.number == given.quote_number, QuoteVersion.version == given.version)
    ).scalar_one()
    if found.status != "sent" or found.link_key is None:
        return  # answered meanwhile: nothing is asked of them any more
    token = links.token(given.quote_number, given.version, found.link_key)
    facts = {
        "quote": given.quote_number,
        "subject": found.subject or given.quote_number,
        "total": formats.money(found.total, found.locale),
        "day": formats.day(found.valid_until, found.locale),
        "link": site(session) + LINK + token,
    }
    write_letter(context, code, ToAddress(address=found.email), facts, found.locale, paper)


HANDLERS = (
    submit_quote,
    return_quote,
    issue_quote,
    send_quote,
    remind_customer,
    note_answer,
    read_answer,
    expire_quote,
    renew_quote,
    abandon_quote,
    tell_seller,
    remind_approvers,
)
