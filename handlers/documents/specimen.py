"""Documents that nobody asked for: how each kind looks with the company's identity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from engine.texts import say
from handlers.base.money import to_cents
from handlers.catalogue import vat
from handlers.company.queries import LogoPicture
from handlers.company.types import IdentityData, LogoType
from handlers.documents.model import (
    INVOICES,
    UNPRICED,
    Buyer,
    DeliveryLine,
    Document,
    DocumentKind,
    Exemption,
    InvoiceReference,
    ItemLine,
    Language,
    Line,
    PostalAddress,
    SectionLine,
    Statement,
    StatementRow,
    Totals,
    VatPart,
)
from handlers.documents.ours import Ours, settlement

KINDS: Final = tuple(each for each in DocumentKind if each is not DocumentKind.PROFORMA)
"""What can be looked at: everything that leaves the house."""

_MONTH: Final = timedelta(days=30)


def specimen(ours: Ours, language: Language, today: date, kind: DocumentKind = DocumentKind.QUOTE) -> Document:
    """A document of today as ``ours`` would send it, marked as a draft."""
    made = _plain(ours, language, today, kind)
    if kind is DocumentKind.STATEMENT:
        return replace(made, lines=(), statement=_statement(language, today))
    if kind is DocumentKind.DELIVERY_NOTE:
        lines = [_delivered(each) for each in _goods(ours, language, today)]
        return replace(made, lines=tuple(lines), delivered_on=today, carrier=_word("carrier", language))
    priced = _priced(made, _lines(ours, language, today))
    return _invoice(priced, language, today) if kind in INVOICES else priced


def with_logo(content: bytes, media_type: LogoType, today: date) -> Document:
    """A page with that logo: for trying whether it can be drawn at all."""
    picture = LogoPicture(content=content, media_type=media_type)
    return specimen(Ours(identity=IdentityData(name="Bordereau"), logo=picture), "fr", today)


def _plain(ours: Ours, language: Language, today: date, kind: DocumentKind) -> Document:
    """Who writes to whom, and what the law asks for."""
    is_quote = kind is DocumentKind.QUOTE
    exemptions: tuple[Exemption, ...] = ("franchise",) if ours.is_franchise else ()
    return Document(
        kind=kind,
        language=language,
        number=_word("number", language),
        is_draft=True,
        issued_on=today,
        valid_until=today + _MONTH if is_quote else None,
        seller=ours.seller(),
        buyer=Buyer(
            number="CL-0000",
            name=_word("buyer", language),
            is_company=True,
            address=PostalAddress(street=_word("street", language), postal_code="39000", city="Lons-le-Saunier"),
        ),
        subject="" if kind in UNPRICED else _word("subject", language),
        introduction=_word("introduction", language) if is_quote else "",
        lines=(),
        terms=ours.terms("" if kind in UNPRICED else _word("terms", language), language),
        mentions=ours.mentions(kind, today, language, is_business=True, exemptions=exemptions),
    )


def _priced(document: Document, lines: Sequence[Line]) -> Document:
    items = [each for each in lines if isinstance(each, ItemLine)]
    net, rate, exemption = sum((each.amount for each in items), Decimal(0)), items[0].vat_rate, items[0].exemption
    tax = to_cents(net * (rate or 0))
    totals = Totals(net=net, vat=tax, gross=net + tax)
    return replace(
        document, lines=tuple(lines), vat=(VatPart(rate=rate, exemption=exemption, base=net, vat=tax),), totals=totals
    )


def _invoice(document: Document, language: Language, today: date) -> Document:
    is_credit_note = document.kind is DocumentKind.CREDIT_NOTE
    return replace(
        document,
        category="mixed",
        delivered_on=today,
        due_on=None if is_credit_note else today + _MONTH,
        terms=settlement(language) if is_credit_note else document.terms,
        references=(InvoiceReference(number=_word("original", language), issued_on=today),) if is_credit_note else (),
    )


def _statement(language: Language, today: date) -> Statement:
    """Two invoices, of which one is paid."""
    since, amounts = today - 2 * _MONTH, (Decimal("768.36"), Decimal("1773.60"))
    rows = (
        StatementRow(day=since, label=say("document.kind.invoice", language), debit=amounts[0]),
        StatementRow(day=since + _MONTH, label=_word("payment", language), credit=amounts[0]),
        StatementRow(day=today, label=say("document.kind.invoice", language), due_on=today + _MONTH, debit=amounts[1]),
    )
    return Statement(since=since, until=today, opening=Decimal(0), rows=rows, closing=amounts[1])


def _lines(ours: Ours, language: Language, today: date) -> tuple[Line, ...]:
    """Goods and work, each with its subtotal."""
    goods = _goods(ours, language, today)
    assembly = _item(_word("assembly", language), "", "", "3.5", _word("hour", language), "58.00", goods[0].vat_rate)
    of_goods = sum((each.amount for each in goods), Decimal(0))
    return (
        SectionLine(title=_word("goods", language), subtotal=of_goods),
        *goods,
        SectionLine(title=_word("work", language), subtotal=assembly.amount),
        assembly,
    )


def _goods(ours: Ours, language: Language, today: date) -> tuple[ItemLine, ...]:
    rate = None if ours.is_franchise else vat.rate("normal", today)
    piece, about = _word("piece", language), _word("desk_about", language)
    return (
        _item(_word("desk", language), "BUR-CH-160", about, "2", piece, "690.00", rate, discount=5),
        _item(_word("lamp", language), "LAM-LED-11", "", "4", piece, "64.90", rate),
    )


def _delivered(line: ItemLine) -> DeliveryLine:
    return DeliveryLine(
        reference=line.reference,
        name=line.name,
        description=line.description,
        quantity=line.quantity,
        unit=line.unit,
        ordered=line.quantity,
        remaining=Decimal(0),
    )


def _item(  # noqa: PLR0917 - a line in the order of its columns
    name: str,
    reference: str,
    description: str,
    quantity: str,
    unit: str,
    price: str,
    rate: Decimal | None,
    *,
    discount: int = 0,
) -> ItemLine:
    return ItemLine(
        name=name,
        reference=reference,
        description=description,
        quantity=Decimal(quantity),
        unit=unit,
        unit_price=Decimal(price),
        discount_percent=Decimal(discount) or None,
        vat_rate=rate,
        exemption="franchise" if rate is None else None,
        amount=to_cents(Decimal(quantity) * Decimal(price) * (100 - discount) / 100),
    )


def _word(code: str, language: Language) -> str:
    return say(f"document.specimen.{code}", language)
