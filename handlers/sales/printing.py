"""A quote on paper: what of it stands where, and the PDF that its customer gets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, cast

from sqlalchemy.orm import Session

from engine.letter import Attachment
from engine.texts import format as forms
from engine.texts import say
from handlers.documents import store as printed
from handlers.documents.model import (
    Adjustment,
    Buyer,
    Document,
    DocumentKind,
    ItemLine,
    Language,
    NoteLine,
    PostalAddress,
    SectionLine,
    Totals,
    VatPart,
)
from handlers.documents.model import Line as PrintedLine
from handlers.documents.ours import Ours, find_ours
from handlers.documents.press import pdf_of
from handlers.documents.store import Printed
from handlers.sales import queries
from handlers.sales.queries import QuoteView
from handlers.sales.types import Line, Place

_NORMAL: Final = "normal"


def document_of(quote: QuoteView, ours: Ours, *, is_draft: bool) -> Document:
    """The quote as it is printed."""
    given, language = quote.data, cast("Language", quote.data.locale)
    rates = {each.vat: None if quote.is_untaxed else each.rate for each in quote.totals.rates}
    party = quote.party
    return Document(
        kind=DocumentKind.QUOTE,
        language=language,
        number=quote.number,
        version=quote.version,
        is_draft=is_draft,
        issued_on=quote.issued_on,
        valid_until=given.valid_until,
        currency=given.currency,
        seller=ours.seller(),
        buyer=Buyer(
            number=party.number,
            name=party.name,
            is_company=party.is_company,
            address=None if party.billing is None else _address(party.billing),
            siren=party.siren,
            vat_number=party.vat_number,
            contact=given.contact,
        ),
        delivery_address=None if party.shipping in {None, party.billing} else _address(party.shipping),
        reference=given.customer_reference,
        subject=given.subject,
        introduction=given.introduction,
        lines=tuple(_lines(quote.lines, quote.totals.amounts, rates)),
        adjustments=tuple(_adjustments(quote, rates, language)),
        vat=tuple(VatPart(rate=rates[each.vat], base=each.base, vat=each.tax) for each in quote.totals.rates),
        totals=Totals(net=quote.totals.net, vat=quote.totals.tax, gross=quote.totals.total),
        terms=ours.terms(say(f"quote.terms.{given.terms}", language), language),
        mentions=ours.mentions(
            DocumentKind.QUOTE, quote.issued_on, language, is_business=party.is_company, is_untaxed=quote.is_untaxed
        ),
    )


def print_quote(session: Session, number: str, version: int, now: datetime) -> Printed | None:
    """The PDF of a version that was sent, made and kept the first time it is asked for; None as long as nobody has said who we are.

    It takes the time of a drawing: for effects, never for a step. Raises what ``pdf_of`` raises.
    """
    found = printed.find(session, DocumentKind.QUOTE, number, version)
    if found is not None:
        return found
    ours, quote = find_ours(session), queries.find_quote(session, number, version)
    if ours is None or quote is None:
        return None
    document = document_of(quote, ours, is_draft=False)
    return printed.keep(session, document, pdf_of(document), now)


def attachment(session: Session, number: str, version: int, now: datetime) -> Attachment | None:
    """The same as a letter carries it."""
    found = print_quote(session, number, version, now)
    return None if found is None else Attachment(name=file_name(found), content=printed.read(session, found))


def file_name(found: Printed) -> str:
    """What the PDF is called where it is saved: ``Devis DV-2026-00001 v2.pdf``."""
    title = say("document.kind.quote", found.language)
    return f"{title} {found.number}{f' v{found.version}' if found.version > 1 else ''}.pdf"


def _address(place: Place) -> PostalAddress:
    return PostalAddress(
        name=place.label,
        street=place.street,
        postal_code=place.postal_code,
        city=place.city,
        country=place.country,
    )


def _lines(
    lines: Sequence[Line], amounts: Sequence[Decimal | None], rates: dict[str, Decimal | None]
) -> list[PrintedLine]:
    """Each line as it is printed; a heading with what its part costs."""
    found: list[PrintedLine] = []
    for at, (line, amount) in enumerate(zip(lines, amounts, strict=True)):
        if amount is not None:
            name, _, description = line.text.partition("\n")
            found.append(
                ItemLine(
                    reference=line.article,
                    name=name,
                    description=description,
                    quantity=line.quantity,
                    unit=line.unit,
                    unit_price=line.unit_price,
                    discount_percent=line.discount or None,
                    vat_rate=rates[line.vat],
                    amount=amount,
                )
            )
        elif line.kind == "heading":
            found.append(SectionLine(title=line.text, subtotal=_of_part(lines[at + 1 :], amounts[at + 1 :])))
        else:
            found.append(NoteLine(text=line.text))
    return found


def _of_part(lines: Sequence[Line], amounts: Sequence[Decimal | None]) -> Decimal | None:
    """What the lines up to the next heading cost; None where none is sold."""
    sold = []
    for line, amount in zip(lines, amounts, strict=True):
        if line.kind == "heading":
            break
        if amount is not None:
            sold.append(amount)
    return sum(sold, Decimal("0.00")) if sold else None


def _adjustments(quote: QuoteView, rates: dict[str, Decimal | None], language: Language) -> list[Adjustment]:
    """What counts for the whole quote: the discount rate by rate, shipping, more or less of the total."""
    extras = quote.data.extras
    discounts = [each for each in quote.totals.rates if each.discount]
    percent = forms.percent(extras.discount / 100, language)
    found = [
        Adjustment(
            label=say("quote.discount", language, percent=percent)
            if len(discounts) == 1
            else say("quote.discount_of_rate", language, percent=percent, rate=forms.percent(each.rate, language)),
            vat_rate=rates[each.vat],
            amount=-each.discount,
        )
        for each in discounts
    ]
    charges = (
        (say("quote.shipping", language), extras.shipping),
        (say("quote.adjustment", language), extras.adjustment),
    )
    return found + [
        Adjustment(label=label, vat_rate=rates[_NORMAL], amount=amount) for label, amount in charges if amount
    ]
