"""Documents to print: short, long, hostile; their figures agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from handlers.base.money import to_cents
from handlers.documents.mentions import Circumstances, due
from handlers.documents.model import (
    Adjustment,
    BankAccount,
    Buyer,
    DeliveryLine,
    Document,
    DocumentKind,
    Exemption,
    InvoiceReference,
    ItemLine,
    Language,
    Line,
    Mention,
    PaymentTerms,
    PostalAddress,
    SectionLine,
    Seller,
    Statement,
    StatementRow,
    Totals,
    VatPart,
)
from handlers.documents.ours import settlement

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


def item(  # noqa: PLR0917 - what most examples say, in the order of a line
    name: str,
    quantity: str = "1",
    price: str = "690",
    rate: Decimal | None = NORMAL,
    description: str = "",
    exemption: Exemption | None = None,
) -> ItemLine:
    return ItemLine(
        reference=name[:10].upper(),
        name=name,
        description=description,
        quantity=Decimal(quantity),
        unit="pièce",
        unit_price=Decimal(price),
        vat_rate=rate,
        exemption=exemption,
        amount=to_cents(Decimal(quantity) * Decimal(price)),
    )


DESK = "Bureau chêne 160 cm"


def figures(lines: Sequence[Line], adjustments: Sequence[Adjustment]) -> dict[str, Any]:
    """The breakdown and the totals that lines and adjustments make."""
    counted: list[ItemLine | Adjustment] = [each for each in lines if isinstance(each, ItemLine)]
    counted += adjustments
    bases: dict[tuple[Decimal | None, Exemption | None], Decimal] = {}
    for each in counted:
        bases[each.vat_rate, each.exemption] = bases.get((each.vat_rate, each.exemption), Decimal(0)) + each.amount
    parts = tuple(
        VatPart(rate=rate, exemption=exemption, base=base, vat=to_cents(base * (rate or 0)))
        for (rate, exemption), base in bases.items()
    )
    net, tax = sum((each.base for each in parts), Decimal(0)), sum((each.vat for each in parts), Decimal(0))
    return {"vat": parts, "totals": Totals(net=net, vat=tax, gross=net + tax)}


def mentions(
    kind: DocumentKind, language: Language, exemptions: tuple[Exemption, ...] = (), *, is_business: bool = True
) -> tuple[Mention, ...]:
    return due(
        Circumstances(
            kind=kind,
            day=DAY,
            exemptions=exemptions,
            is_business=is_business,
            penalty_percent=None,
            has_discount=False,
            mediator="CM2C, cm2c.net",
        ),
        language,
    )


def _explained(lines: Sequence[Line], exemption: Exemption | None) -> tuple[Line, ...]:
    """With the reason of what has no rate and says none."""
    return tuple(
        replace(each, exemption=exemption)
        if isinstance(each, ItemLine) and each.vat_rate is None and each.exemption is None
        else each
        for each in lines
    )


def _exemptions(made: dict[str, Any]) -> tuple[Exemption, ...]:
    return tuple(each.exemption for each in made["vat"] if each.exemption is not None)


def quote(
    lines: Sequence[Line],
    *,
    language: Language = "fr",
    adjustments: tuple[Adjustment, ...] = (),
    is_draft: bool = False,
) -> Document:
    lines = _explained(lines, "franchise")
    made = figures(lines, adjustments)
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
        terms=PaymentTerms(text="Paiement à 30 jours." if language == "fr" else "Payment within 30 days."),
        mentions=mentions(DocumentKind.QUOTE, language, _exemptions(made)),
        **made,
    )


DESK = "Bureau chêne 160 cm"


def invoice(
    lines: Sequence[Line] = (),
    *,
    kind: DocumentKind = DocumentKind.INVOICE,
    language: Language = "fr",
    adjustments: tuple[Adjustment, ...] = (),
    exemption: Exemption | None = None,
    buyer: Buyer = BUYER,
    **changed: Any,
) -> Document:
    """An invoice, or a credit note on one; two lines where none are given. ``exemption``: of all that has no rate and says no reason."""
    given = tuple(lines) or (item(DESK, "3"), item("Pose", "2.5", "58"))
    given = _explained(given, exemption)
    adjustments = tuple(
        replace(each, exemption=exemption) if each.vat_rate is None and each.exemption is None else each
        for each in adjustments
    )
    made = figures(given, adjustments)
    facts: dict[str, Any] = {
        "kind": kind,
        "language": language,
        "number": "FA-2026-00007",
        "is_draft": False,
        "issued_on": DAY,
        "seller": SELLER,
        "buyer": buyer,
        "reference": "PO 4500-77",
        "order_number": "CC-2026-00003",
        "category": "goods",
        "lines": given,
        "adjustments": adjustments,
        "due_on": date(2026, 12, 22) if kind is DocumentKind.INVOICE else None,
        "references": (ORIGINAL,) if kind is DocumentKind.CREDIT_NOTE else (),
        "delivered_on": date(2026, 11, 20),
        "terms": settlement(language)
        if kind is DocumentKind.CREDIT_NOTE
        else PaymentTerms(text="Paiement à 30 jours." if language == "fr" else "Payment within 30 days."),
        "payment_method": "transfer" if kind is DocumentKind.INVOICE else "",
        "mentions": mentions(kind, language, _exemptions(made), is_business=buyer.is_company),
    }
    return Document(**(facts | made | changed))


def delivery_note(number_of_lines: int = 3, language: Language = "fr") -> Document:
    """To another place than the customer's; the last line comes in two deliveries."""
    lines = [
        DeliveryLine(
            reference=f"BUR-{n:03}", name=f"{DESK} n° {n}", quantity=Decimal(n), unit="pièce", ordered=Decimal(n)
        )
        for n in range(1, number_of_lines)
    ]
    last = DeliveryLine(
        name="Lampe LED orientable",
        description="Avec ampoule.",
        quantity=Decimal("2.5"),
        unit="mètre",
        ordered=Decimal(4),
        remaining=Decimal("1.5"),
    )
    kind = DocumentKind.DELIVERY_NOTE
    return Document(
        kind=kind,
        language=language,
        number="BL-2026-00004",
        is_draft=False,
        issued_on=DAY,
        seller=SELLER,
        buyer=BUYER,
        delivery_address=PostalAddress(
            name="Chantier des Halles", street="2 quai Pasteur", postal_code="39100", city="Dole"
        ),
        delivered_on=DAY,
        carrier="Transports Rapides",
        tracking="XZ-445-778-221",
        reference="PO 4500-77",
        order_number="CC-2026-00003",
        lines=(*lines, last),
        mentions=mentions(kind, language),
    )


def statement(number_of_rows: int = 4, language: Language = "fr") -> Document:
    """Invoices and payments in turn, from a balance of before."""
    rows = []
    for n in range(number_of_rows):
        day = date(2026, 11, 1) + timedelta(days=n * 20 // max(number_of_rows, 1))
        if n % 2:
            rows.append(
                StatementRow(
                    day=day, label="Règlement par virement", number=f"RG-2026-{n:05}", credit=Decimal("500.00")
                )
            )
        else:
            rows.append(
                StatementRow(
                    day=day,
                    label="Facture",
                    number=f"FA-2026-{n:05}",
                    due_on=day + timedelta(days=10),
                    is_overdue=n == 0,
                    debit=Decimal("828.00"),
                )
            )
    moved = sum((each.debit - each.credit for each in rows), Decimal(0))
    return Document(
        kind=DocumentKind.STATEMENT,
        language=language,
        number="",
        is_draft=False,
        issued_on=DAY,
        seller=SELLER,
        buyer=BUYER,
        lines=(),
        terms=PaymentTerms(
            text="Merci de régler ce qui est échu." if language == "fr" else "Please pay what is overdue."
        ),
        statement=Statement(
            since=date(2026, 11, 1),
            until=DAY,
            opening=Decimal("1200.00"),
            rows=tuple(rows),
            closing=Decimal("1200.00") + moved,
            overdue=Decimal("828.00"),
        ),
    )


def acknowledgement(language: Language = "fr") -> Document:
    """Of an order whose quote was accepted."""
    kind = DocumentKind.ORDER_ACKNOWLEDGEMENT
    return replace(
        long(language),
        kind=kind,
        number="CC-2026-00003",
        valid_until=None,
        delivered_on=date(2026, 12, 4),
        delivery_method="Messagerie",
        payment_method="transfer",
        introduction="",
        mentions=mentions(kind, language),
    )


ORIGINAL = InvoiceReference(number="FA-2026-00003", issued_on=date(2026, 11, 2))
DEPOSIT = InvoiceReference(number="FA-2026-00002", issued_on=date(2026, 10, 12), is_deposit=True)
GERMAN = Buyer(
    number="CL-2026-00002",
    name="Möbelhaus Berlin GmbH",
    is_company=True,
    address=PostalAddress(street="Torstraße 1", postal_code="10115", city="Berlin", country="DE"),
    vat_number="DE136695976",
    email="rechnung@moebelhaus.example",
)
CONSUMER = Buyer(
    number="CL-2026-00003",
    name="Jean Morel",
    is_company=False,
    address=PostalAddress(street="3 rue Haute", postal_code="25000", city="Besançon"),
    email="jean.morel@example.org",
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
