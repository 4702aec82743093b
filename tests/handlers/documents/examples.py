"""Documents to print: short, long, hostile; their figures agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from handlers.base.money import to_cents
from handlers.documents.mentions import Circumstances, due
from handlers.documents.model import (
    Adjustment,
    BankAccount,
    Buyer,
    Document,
    DocumentKind,
    ItemLine,
    Language,
    Line,
    PaymentTerms,
    PostalAddress,
    SectionLine,
    Seller,
    Totals,
    VatPart,
)

DAY = date(2026, 11, 22)
NORMAL = Decimal("0.2000")

SELLER = Seller(
    name="Atelier du Jura",
    legal_form="sas",
    capital=Decimal("50000.00"),
    address=PostalAddress(street="4 rue des Artisans", postal_code="39000", city="Lons-le-Saunier"),
    siren="303265045",
    siret="30326504500011",
    registry_city="Lons-le-Saunier",
    vat_number="FR40303265045",
    activity_code="3101Z",
    phone="03 84 00 00 00",
    email="contact@atelier.example",
    website="https://atelier.example",
    bank=BankAccount(iban="FR7630006000011234567890189", bic="AGRIFRPP"),
    logo=None,
)

BUYER = Buyer(
    number="CL-2026-00001",
    name="Cabinet Vallier Architectes",
    is_company=True,
    address=PostalAddress(street="12 rue des Salines", postal_code="39000", city="Lons-le-Saunier"),
    siren="404833048",
    contact="Mme Léa Vallier",
)


def item(
    name: str, quantity: str = "1", price: str = "690", rate: Decimal | None = NORMAL, description: str = ""
) -> ItemLine:
    return ItemLine(
        reference=name[:10].upper(),
        name=name,
        description=description,
        quantity=Decimal(quantity),
        unit="pièce",
        unit_price=Decimal(price),
        vat_rate=rate,
        amount=to_cents(Decimal(quantity) * Decimal(price)),
    )


def quote(
    lines: Sequence[Line],
    *,
    language: Language = "fr",
    adjustments: tuple[Adjustment, ...] = (),
    is_draft: bool = False,
) -> Document:
    counted: list[ItemLine | Adjustment] = [each for each in lines if isinstance(each, ItemLine)]
    counted += adjustments
    bases: dict[Decimal | None, Decimal] = {}
    for each in counted:
        bases[each.vat_rate] = bases.get(each.vat_rate, Decimal(0)) + each.amount
    parts = tuple(VatPart(rate=rate, base=base, vat=to_cents(base * (rate or 0))) for rate, base in bases.items())
    net, tax = sum((each.base for each in parts), Decimal(0)), sum((each.vat for each in parts), Decimal(0))
    circumstances = Circumstances(
        kind=DocumentKind.QUOTE,
        day=DAY,
        is_franchise=None in bases,
        is_business=True,
        penalty_percent=None,
        has_discount=False,
        mediator="",
    )
    return Document(
        kind=DocumentKind.QUOTE,
        language=language,
        number="DV-2026-00001",
        is_draft=is_draft,
        issued_on=DAY,
        valid_until=date(2026, 12, 22),
        seller=SELLER,
        buyer=BUYER,
        reference="PO 4500-77",
        subject="Aménagement du premier étage" if language == "fr" else "Fitting out the first floor",
        introduction="Bonjour,\nvoici notre offre pour vos bureaux."
        if language == "fr"
        else "Dear Ms Vallier,\nhere is our offer.",
        lines=tuple(lines),
        adjustments=adjustments,
        vat=parts,
        totals=Totals(net=net, vat=tax, gross=net + tax),
        terms=PaymentTerms(text="Paiement à 30 jours." if language == "fr" else "Payment within 30 days."),
        mentions=due(circumstances, language),
    )


def short(language: Language = "fr") -> Document:
    """One line."""
    return quote([item("Bureau chêne 160 cm", "3")], language=language)


def long(language: Language = "fr", *, is_draft: bool = False) -> Document:
    """Sixty lines in two parts with their subtotals, two rates, a discount of a line, shipping."""
    first = [
        item(f"Bureau chêne n° {n}", str(n), "690", description="Plateau massif." if n % 3 else "")
        for n in range(1, 41)
    ]
    second = [item(f"Pose, étape {n}", "2.5", "48.1234", Decimal("0.1000")) for n in range(1, 21)]
    second[3] = replace(second[3], discount_percent=Decimal(10), amount=to_cents(Decimal("108.27765")))
    lines: list[Line] = [
        SectionLine(title="Mobilier", subtotal=sum((each.amount for each in first), Decimal(0))),
        *first,
        SectionLine(title="Pose", subtotal=sum((each.amount for each in second), Decimal(0))),
        *second,
    ]
    return quote(
        lines,
        language=language,
        is_draft=is_draft,
        adjustments=(Adjustment(label="Frais de port", vat_rate=NORMAL, amount=Decimal("45.00")),),
    )
