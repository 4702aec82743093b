"""What people do to quotes outside a process, as record commands. The record's key is the quote's number.

From its submission on the process ``quote_acceptance`` leads a quote (``handlers.sales.handlers``); what a customer answers over the link
that was sent comes in here too.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.data import data
from engine.errors import FieldProblem, InvalidInput, WrongState
from engine.record import Change, RecordContext, RecordTable, record_command
from handlers.base.numbers import take_number
from handlers.base.parties import one_line
from handlers.customers.tables import Customer
from handlers.sales import head, offer, rules, store
from handlers.sales.tables import Quote, QuoteAnswer, QuoteVersion
from handlers.sales.types import ANSWERS, Line, QuoteData, Totals

KIND: Final = "quote"
EDITORS: Final = ("sales", "sales_admin", "sales_manager")
"""Who may write quotes."""

READERS: Final = (*EDITORS, "accounting", "auditor")
"""Who may see them."""

BY_LINK: Final = "@quote_link"
"""What somebody holds who came by the link of a quote, and nobody else: no role of a person is written so."""

PERSONAL: Final = ("contact", "email", "party", "name", "function", "comment", "address")
"""Fields whose values the history keeps apart, so that they can be erased."""

LONGEST_COMMENT: Final = 2_000


@data
class AddQuote:
    """A new quote for a customer. ``today``: the day at the company's."""

    customer: str
    quote: QuoteData
    lines: tuple[Line, ...] = ()
    today: date


@data
class ChangeQuote:
    """A draft as it is to be, lines and all."""

    number: str
    quote: QuoteData
    lines: tuple[Line, ...]
    today: date


@data
class CancelQuote:
    """A draft that is not to be sent after all. The number stays."""

    number: str
    reason: str


@data
class AnswerQuote:
    """What a customer answers to the version before them. ``name``, ``function``: who, in their words; ``consent``: the sentence that was
    agreed to; ``address``: where it came from; ``content_hash``: of what was on the page.
    """

    number: str
    version: int
    content_hash: str
    answer: str
    name: str = ""
    function: str = ""
    comment: str = ""
    consent: str = ""
    address: str = ""
    today: date


@record_command(
    "sales.add_quote",
    event="quote:added",
    kind=KIND,
    key=None,
    may=EDITORS,
    personal=PERSONAL,
    fr="Établir un devis",
    en="Write a quote",
)
def add_quote(given: AddQuote, context: RecordContext) -> Change:
    """The answer is the number. Raises InvalidInput, also for a customer that there is not."""
    session = context.session
    customer = session.scalar(select(Customer).where(Customer.number == given.customer))
    if customer is None:
        raise InvalidInput((FieldProblem(field="customer", code="quote_customer_missing"),))
    wanted, lines, totals = _sound(session, given, customer)
    number = take_number(session, "DV", given.today.year)
    quote = Quote(
        number=number,
        customer_id=customer.id,
        version=1,
        created_at=context.now,
        created_by=context.actor.login,
        words=store.words(number, customer.name, wanted),
    )
    session.add(quote)
    session.flush()
    row = QuoteVersion(quote_id=quote.id, version=1, status="draft", closed_because="")
    store.fill(session, row, customer, wanted, given.today)
    store.put_figures(row, totals)
    session.add(row)
    session.flush()
    store.write_lines(session, row.id, lines, totals, is_new=True)
    return Change(before=None, after=_fields(row, lines), key=number, answer=number)


@record_command(
    "sales.change_quote",
    event="quote:changed",
    kind=KIND,
    key="number",
    may=EDITORS,
    personal=PERSONAL,
    fr="Modifier un devis",
    en="Change a quote",
)
def change_quote(given: ChangeQuote, context: RecordContext) -> Change:
    """Raises InvalidInput, NotFound (``quote_unknown``), WrongState (``quote_not_draft``)."""
    session = context.session
    quote, row = _draft(session, given.number)
    customer = session.get_one(Customer, quote.customer_id)
    wanted, lines, totals = _sound(session, given, customer)
    before = _fields(row, store.lines_of(session, row.id))
    store.fill(session, row, customer, wanted, given.today)
    store.put_figures(row, totals)
    quote.words = store.words(quote.number, customer.name, wanted)
    session.flush()
    store.write_lines(session, row.id, lines, totals, is_new=False)
    return Change(before=before, after=_fields(row, lines))


@record_command(
    "sales.cancel_quote",
    event="quote:cancelled",
    kind=KIND,
    key="number",
    may=EDITORS,
    personal=PERSONAL,
    fr="Annuler un devis",
    en="Cancel a quote",
)
def cancel_quote(given: CancelQuote, context: RecordContext) -> Change:
    """Raises InvalidInput, NotFound (``quote_unknown``), WrongState (``quote_not_draft``)."""
    reason = one_line(given.reason)
    if not reason or len(reason) > LONGEST_COMMENT:
        code = "text_too_long" if reason else "quote_reason_missing"
        raise InvalidInput((FieldProblem(field="reason", code=code, facts={"most": LONGEST_COMMENT}),))
    _, row = _draft(context.session, given.number)
    row.status, row.closed_because = "cancelled", reason
    context.session.flush()
    return Change(before={"status": "draft"}, after={"status": "cancelled"}, facts={"reason": reason})


@record_command(
    "sales.answer_quote",
    event="quote:answered",
    kind=KIND,
    key="number",
    may=(BY_LINK,),
    personal=PERSONAL,
    fr="Répondre à un devis",
    en="Answer a quote",
)
def answer_quote(given: AnswerQuote, context: RecordContext) -> Change:
    """Raises InvalidInput; WrongState: ``quote_not_current`` (another version, or other content), ``quote_answered``, ``quote_over``."""
    _require_answer(given)
    session = context.session
    _, row = store.lock(session, given.number)
    if (row.version, row.content_hash) != (given.version, given.content_hash):
        raise WrongState("quote_not_current", quote=given.number)
    if row.status in ANSWERS:
        raise WrongState("quote_answered", quote=given.number)
    if row.status != "sent" or row.valid_until < given.today:
        raise WrongState("quote_over", quote=given.number)
    told = {
        "name": one_line(given.name),
        "function": one_line(given.function),
        "comment": given.comment.strip(),
        "address": given.address,
    }
    session.add(
        QuoteAnswer(
            version_id=row.id,
            answer=given.answer,
            by_link=True,
            consent=given.consent,
            content_hash=given.content_hash,
            noted_by="",
            answered_at=context.now,
            **told,
        )
    )
    row.status = given.answer
    session.flush()
    return Change(
        before={"status": "sent", **dict.fromkeys(told)},
        after={"status": given.answer, **told},
        facts={"version": given.version, "consent": given.consent, "content_hash": given.content_hash},
    )


COMMANDS = RecordTable.of(add_quote, change_quote, cancel_quote, answer_quote)


def _sound(
    session: Session, given: AddQuote | ChangeQuote, customer: Customer
) -> tuple[QuoteData, tuple[Line, ...], Totals]:
    """What is to be kept, with its figures. Raises InvalidInput with everything that is wrong."""
    wanted, lines = offer.tidied(given.quote), tuple(rules.tidied(each) for each in given.lines)
    taxation = store.taxation_today(session, customer, wanted.fiscal_position, given.today)
    found = [*offer.problems(wanted, given.today), *rules.problems(lines, wanted.extras, taxation)]
    found += head.position_problems(wanted, customer.vat_number, is_company=customer.is_company)
    if found:
        raise InvalidInput(tuple(found))
    store.require_articles(session, lines)
    return wanted, lines, rules.figures(lines, wanted.extras, taxation)


def _draft(session: Session, number: str) -> tuple[Quote, QuoteVersion]:
    quote, row = store.lock(session, number)
    if row.status != "draft":
        raise WrongState("quote_not_draft", quote=number)
    return quote, row


def _require_answer(given: AnswerQuote) -> None:
    comment = given.comment.strip()
    checks = (
        ("answer", "quote_answer_unknown", given.answer not in ANSWERS),
        ("name", "quote_name_missing", given.answer == "accepted" and not one_line(given.name)),
        ("consent", "quote_consent_missing", given.answer == "accepted" and not given.consent),
        ("comment", "quote_reason_missing", given.answer != "accepted" and not comment),
    )
    found = [FieldProblem(field=field, code=code) for field, code, is_wrong in checks if is_wrong]
    found += [
        FieldProblem(field=field, code="text_too_long", facts={"most": most})
        for field, text, most in (
            ("name", given.name, 120),
            ("function", given.function, 120),
            ("comment", comment, LONGEST_COMMENT),
        )
        if len(text) > most
    ]
    if found:
        raise InvalidInput(tuple(found))


def _fields(row: QuoteVersion, lines: tuple[Line, ...]) -> dict[str, Any]:
    """What the history compares: each field of the head, each line as one."""
    said = asdict(store.data_of(row))
    extras = said.pop("extras")
    for name in ("billing_id", "shipping_id"):
        said.pop(name)  # the party has the addresses themselves
    figures = {name: getattr(row, name) for name in ("net", "tax", "total")}
    told = {f"line {place}": asdict(line) for place, line in enumerate(lines, 1)}
    return {**said, **extras, "party": row.party, "version": row.version, "status": row.status, **figures, **told}
