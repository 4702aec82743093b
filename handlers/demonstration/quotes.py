"""A few quotes of the demonstration company: two drafts to send (one needs an approval), one accepted, one refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from engine import clock, records
from engine.handler import Actor, HandlerContext
from handlers.customers.queries import customers_page, find_customer
from handlers.sales import sending, store
from handlers.sales.commands import AddQuote, add_quote
from handlers.sales.handlers import note_answer, submit_quote
from handlers.sales.steps import Noted, Submission
from handlers.sales.types import Extras, Line, QuoteData

_PARIS = ZoneInfo("Europe/Paris")
_NOTHING_MORE = Extras()


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A quote for the customer found by ``customer``; ``answer``: what was answered already, None for a draft."""

    customer: str
    subject: str
    lines: tuple[Line, ...]
    extras: Extras = _NOTHING_MORE
    answer: str | None = None
    comment: str | None = None


_DESK = Line(
    article="BUR-CH-160", text="Bureau chêne 160 cm", quantity=Decimal(6), unit="pièce", unit_price=Decimal(690)
)
_CHAIR = Line(
    article="CHA-ERG-02", text="Chaise ergonomique Nuage", quantity=Decimal(6), unit="pièce", unit_price=Decimal(329)
)
_FITTING = Line(
    text="Livraison et montage sur place",
    quantity=Decimal(4),
    unit="heure",
    unit_price=Decimal(48),
    product_type="service",
)
_PANELS = Line(
    article="PAN-AC-120",
    text="Panneau acoustique 120 × 60",
    quantity=Decimal(40),
    unit="panneau",
    unit_price=Decimal("79.50"),
    discount=Decimal(15),
)

EXAMPLES = (
    Example(
        customer="Clinique",
        subject="Rangements de l’accueil",
        lines=(
            Line(
                article="CAI-MOB-03", text="Caisson mobile", quantity=Decimal(8), unit="pièce", unit_price=Decimal(189)
            ),
        ),
        answer="accepted",
    ),
    Example(
        customer="Rossi",
        subject="Bureau à domicile",
        lines=(_CHAIR,),
        answer="refused",
        comment="Le délai est trop long.",
    ),
    Example(
        customer="Vallier",
        subject="Mobilier de l’atelier",
        lines=(Line(kind="heading", text="Postes de travail"), _DESK, _CHAIR, _FITTING),
        extras=Extras(shipping=Decimal(90)),
    ),
    Example(customer="Comptoir", subject="Correction acoustique", lines=(_PANELS, _FITTING)),
)


def add_quotes(session: Session, seller: Actor) -> None:
    """Write them as ``seller``, dated today."""
    now = clock.now()
    today = now.astimezone(_PARIS).date()
    for example in EXAMPLES:
        number = _write(session, example, seller, today, now)
        if example.answer is not None:
            _answer(session, example, number, seller, today, now)


def _write(session: Session, example: Example, seller: Actor, today: date, now: datetime) -> str:
    (row,) = customers_page(session, search=example.customer).customers
    customer = find_customer(session, row.number)
    assert customer is not None
    place = customer.addresses[0].id if customer.addresses else None
    quote = QuoteData(
        subject=example.subject,
        email=customer.data.email,
        billing_id=place,
        shipping_id=place,
        valid_until=today + timedelta(days=30),
        extras=example.extras,
    )
    given = AddQuote(customer=customer.number, quote=quote, lines=example.lines, today=today)
    return str(records.apply(session, add_quote, given, seller, now=now).answer)


def _answer(  # noqa: PLR0917 - what of which, by whom, when
    session: Session, example: Example, number: str, seller: Actor, today: date, now: datetime
) -> None:
    """Let it have been sent and answered: what its case did, without the case."""
    assert example.answer is not None
    context = HandlerContext(
        session=session,
        actor=seller,
        business_key=number,
        attempt=1,
        idempotency_key=f"demonstration:{number}",
        now=now,
        starter=seller.login,
    )
    submit_quote.run(Submission(quote=number, today=today), context)
    sending.mark_sent(session, *store.lock(session, number), now)  # without a letter: nobody is to answer it any more
    noted = Noted(quote_number=number, version=1, answer=example.answer, comment=example.comment, noted_by=seller.login)
    note_answer.run(noted, context)
