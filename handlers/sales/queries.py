"""What can be asked about quotes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from engine.data import Money, data
from engine.errors import CommandRejected, NotFound, WrongState
from engine.handler import Choice, ChoiceSource
from handlers.base.rows import begins_words, fields_of
from handlers.customers.tables import Customer
from handlers.sales import store
from handlers.sales.tables import Quote, QuoteAnswer, QuoteVersion
from handlers.sales.types import Line, Place, QuoteData, Totals

MOST_DRAFTS = 500
"""Drafts that a form offers, the newest first."""


@data
class QuoteRow:
    """A quote in a list, with its latest version. ``total`` with tax."""

    id: int
    number: str
    version: int
    status: str
    customer_number: str
    customer_name: str
    subject: str
    total: Money
    valid_until: date
    created_by: str


@data
class QuotePage:
    """Some quotes, newest first. ``next``: the ``after`` of the page that follows; None on the last one."""

    quotes: tuple[QuoteRow, ...]
    next: int | None


@data
class Party:
    """The customer as a quote copied it."""

    number: str
    name: str
    is_company: bool
    siren: str
    vat_number: str
    billing: Place | None
    shipping: Place | None


@data
class Answer:
    """What the customer answered; ``noted_by``: the login of who noted it, empty when it came by the link."""

    answer: str
    by_link: bool
    name: str
    function: str
    comment: str
    consent: str
    address: str
    content_hash: str
    noted_by: str
    answered_at: datetime


@data
class VersionRow:
    """A version in the list of versions."""

    version: int
    status: str
    total: Money
    sent_at: datetime | None


@data
class QuoteView:
    """Everything about one version of a quote. ``latest``: the number of the latest version; moments are in UTC."""

    number: str
    version: int
    latest: int
    status: str
    data: QuoteData
    party: Party
    lines: tuple[Line, ...]
    totals: Totals
    issued_on: date
    is_untaxed: bool
    submitted_by: str | None
    approved_by: str | None
    sent_at: datetime | None
    content_hash: str | None
    link_key: bytes | None
    closed_because: str
    created_at: datetime
    created_by: str
    answer: Answer | None
    versions: tuple[VersionRow, ...]


_OF_VERSION = (
    *("version", "status", "issued_on", "is_untaxed", "submitted_by", "approved_by", "sent_at"),
    *("content_hash", "link_key", "closed_because"),
)
_LATEST = and_(QuoteVersion.quote_id == Quote.id, QuoteVersion.version == Quote.version)


def quotes_page(
    session: Session,
    *,
    search: str = "",
    statuses: Sequence[str] = (),
    customer: str | None = None,
    after: int | None = None,
    limit: int = 50,
) -> QuotePage:
    """Quotes, newest first; ``search``: each typed word begins a word of the number, customer, subject or their reference.

    One statement, whatever there is.
    """
    wanted: list[ColumnElement[bool] | None] = [
        begins_words(Quote.words, search),
        QuoteVersion.status.in_(statuses) if statuses else None,
        Customer.number == customer if customer is not None else None,
        Quote.id < after if after is not None else None,
    ]
    rows = session.execute(
        select(Quote, QuoteVersion, Customer.number, Customer.name)
        .join(QuoteVersion, _LATEST)
        .join(Customer, Customer.id == Quote.customer_id)
        .where(*(each for each in wanted if each is not None))
        .order_by(Quote.id.desc())
        .limit(limit + 1)
    ).all()
    found = tuple(
        QuoteRow(
            id=quote.id,
            number=quote.number,
            version=version.version,
            status=version.status,
            customer_number=number,
            customer_name=name,
            subject=version.subject,
            total=version.total,
            valid_until=version.valid_until,
            created_by=quote.created_by,
        )
        for quote, version, number, name in rows[:limit]
    )
    return QuotePage(quotes=found, next=found[-1].id if len(rows) > limit else None)


def find_quote(session: Session, number: str, version: int | None = None) -> QuoteView | None:
    """One version of the quote of this number, the latest by default; None when there is none. Three statements."""
    rows = session.execute(
        select(Quote, QuoteVersion, QuoteAnswer)
        .join(QuoteVersion, QuoteVersion.quote_id == Quote.id)
        .outerjoin(QuoteAnswer, QuoteAnswer.version_id == QuoteVersion.id)
        .where(Quote.number == number)
        .order_by(QuoteVersion.version)
    ).all()
    found = next((each for each in rows if each[1].version == (version or each[0].version)), None)
    if found is None:
        return None
    quote, row, answer = found
    lines = store.lines_of(session, row.id)
    return QuoteView(
        **{name: getattr(row, name) for name in _OF_VERSION},
        number=quote.number,
        latest=quote.version,
        data=store.data_of(row),
        party=party(row.party),
        lines=lines,
        totals=store.totals_of(row, lines),
        created_at=quote.created_at,
        created_by=quote.created_by,
        answer=_answer(answer),
        versions=tuple(
            VersionRow(version=each.version, status=each.status, total=each.total, sent_at=each.sent_at)
            for _, each, _ in rows
        ),
    )


def read_drafts(session: Session) -> Sequence[Choice]:
    """The drafts that no case leads yet, newest first."""
    rows = session.execute(
        select(Quote.number, Customer.name)
        .join(QuoteVersion, _LATEST)
        .join(Customer, Customer.id == Quote.customer_id)
        .where(QuoteVersion.status == "draft", QuoteVersion.submitted_by.is_(None))
        .order_by(Quote.id.desc())
        .limit(MOST_DRAFTS)
    )
    return [Choice(value=number, label=f"{number} · {name}") for number, name in rows]


def _answer(row: QuoteAnswer | None) -> Answer | None:
    return None if row is None else Answer(**fields_of(Answer, row))


def party(known: dict[str, Any]) -> Party:
    """The customer as a document keeps it in its column."""
    places = {name: Place(**known[name]) if known[name] else None for name in ("billing", "shipping")}
    return Party(**{**known, **places})


def draft_refusal(session: Session, number: str) -> CommandRejected | None:
    """Why the quote is none of ``read_drafts``; None for one that is."""
    asked = select(QuoteVersion.status, QuoteVersion.submitted_by).join(Quote, _LATEST).where(Quote.number == number)
    found = session.execute(asked).one_or_none()
    if found is None:
        return NotFound("quote_unknown", quote=number)
    status, submitted_by = found
    if status == "cancelled":
        return WrongState("quote_cancelled", quote=number)
    if status not in ("draft", "submitted"):
        return WrongState("quote_sent", quote=number)
    return None if status == "draft" and submitted_by is None else WrongState("quote_in_progress", quote=number)


DRAFTS = ChoiceSource(name="sales.draft_quotes", read=read_drafts, refusal=draft_refusal)
