"""A quote that nobody asked for: how documents look with the company's identity."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from engine.texts import say
from handlers.base.money import to_cents
from handlers.catalogue import vat
from handlers.company.queries import LogoPicture
from handlers.company.types import IdentityData, LogoType
from handlers.documents.model import (
    Buyer,
    Document,
    DocumentKind,
    ItemLine,
    Language,
    PostalAddress,
    SectionLine,
    Totals,
    VatPart,
)
from handlers.documents.ours import Ours


def specimen(ours: Ours, language: Language, today: date) -> Document:
    """A quote of today as ``ours`` would send it, marked as a draft."""

    def word(code: str) -> str:
        return say(f"document.specimen.{code}", language)

    rate = None if ours.is_franchise else vat.rate("normal", today)
    desk = _item(word("desk"), "BUR-CH-160", word("desk_about"), "2", word("piece"), "690.00", rate, discount=5)
    lamp = _item(word("lamp"), "LAM-LED-11", "", "4", word("piece"), "64.90", rate)
    assembly = _item(word("assembly"), "", "", "3.5", word("hour"), "58.00", rate)
    net = desk.amount + lamp.amount + assembly.amount
    tax = to_cents(net * (rate or 0))
    return Document(
        kind=DocumentKind.QUOTE,
        language=language,
        number=word("number"),
        is_draft=True,
        issued_on=today,
        valid_until=today + timedelta(days=30),
        seller=ours.seller(),
        buyer=Buyer(
            number="CL-0000",
            name=word("buyer"),
            is_company=True,
            address=PostalAddress(street=word("street"), postal_code="39000", city="Lons-le-Saunier"),
        ),
        subject=word("subject"),
        introduction=word("introduction"),
        lines=(
            SectionLine(title=word("goods"), subtotal=desk.amount + lamp.amount),
            desk,
            lamp,
            SectionLine(title=word("work"), subtotal=assembly.amount),
            assembly,
        ),
        vat=(VatPart(rate=rate, base=net, vat=tax),),
        totals=Totals(net=net, vat=tax, gross=net + tax),
        terms=ours.terms(word("terms"), language),
        mentions=ours.mentions(DocumentKind.QUOTE, today, language, is_business=True, is_untaxed=ours.is_franchise),
    )


def with_logo(content: bytes, media_type: LogoType, today: date) -> Document:
    """A page with that logo: for trying whether it can be drawn at all."""
    picture = LogoPicture(content=content, media_type=media_type)
    return specimen(Ours(identity=IdentityData(name="Bordereau"), logo=picture), "fr", today)


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
        amount=to_cents(Decimal(quantity) * Decimal(price) * (100 - discount) / 100),
    )
