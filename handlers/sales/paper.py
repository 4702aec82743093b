"""What every document of sales has on paper: whom it is for, its lines, and what counts for the whole of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from engine.texts import format as forms
from engine.texts import say
from handlers.documents.model import (
    Adjustment,
    Buyer,
    ItemLine,
    Language,
    NoteLine,
    PostalAddress,
    SectionLine,
    VatPart,
)
from handlers.documents.model import Line as PrintedLine
from handlers.documents.model import Totals as PrintedTotals
from handlers.sales.queries import Party
from handlers.sales.types import Extras, Line, Place, RateTotal, Totals

_NORMAL: Final = "normal"
_SUMMED: Final = ("lines", "discount", "charges", "base", "tax")

Rates = Mapping[str, Decimal | None]
"""By name of a rate of VAT: what it is, None where no tax is due."""


def rates_of(totals: Totals, *, is_untaxed: bool) -> Rates:
    """The rates that a document names."""
    return {each.vat: None if is_untaxed else each.rate for each in totals.rates}


def address_of(place: Place) -> PostalAddress:
    """A place as a letter has it."""
    return PostalAddress(
        name=place.label,
        street=place.street,
        postal_code=place.postal_code,
        city=place.city,
        country=place.country,
    )


def buyer_of(party: Party, contact: str, email: str = "") -> Buyer:
    """The customer as the record copied it. ``email``: where the document goes."""
    return Buyer(
        number=party.number,
        name=party.name,
        is_company=party.is_company,
        address=None if party.billing is None else address_of(party.billing),
        siren=party.siren,
        vat_number=party.vat_number,
        contact=contact,
        email=email,
    )


def delivery_address_of(party: Party) -> PostalAddress | None:
    """Where the goods go, when that is another place than where the invoice goes."""
    return None if party.shipping is None or party.shipping == party.billing else address_of(party.shipping)


def vat_of(totals: Totals, rates: Rates) -> tuple[VatPart, ...]:
    """The breakdown by rate: what bears no tax is one part, whatever rates it would have (EN 16931, BR-E-01)."""
    return tuple(VatPart(rate=rates[each.vat], base=each.base, vat=each.tax) for each in _by_rate(totals, rates))


def totals_of(totals: Totals) -> PrintedTotals:
    """The sums at the end."""
    return PrintedTotals(net=totals.net, vat=totals.tax, gross=totals.total)


def lines_of(lines: Sequence[Line], amounts: Sequence[Decimal | None], rates: Rates) -> tuple[PrintedLine, ...]:
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
    return tuple(found)


def adjustments_of(extras: Extras, totals: Totals, rates: Rates, language: Language) -> tuple[Adjustment, ...]:
    """What counts for the whole: the discount rate by rate, shipping, more or less of the total."""
    discounts = [each for each in _by_rate(totals, rates) if each.discount]
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
    found += [Adjustment(label=label, vat_rate=rates[_NORMAL], amount=amount) for label, amount in charges if amount]
    return tuple(found)


def _by_rate(totals: Totals, rates: Rates) -> list[RateTotal]:
    """The figures of each rate that the document names: those of names that share one are summed."""
    found: dict[Decimal | None, RateTotal] = {}
    for each in totals.rates:
        known = found.get(rates[each.vat])
        found[rates[each.vat]] = (
            each
            if known is None
            else replace(known, **{name: getattr(known, name) + getattr(each, name) for name in _SUMMED})
        )
    return list(found.values())


def _of_part(lines: Sequence[Line], amounts: Sequence[Decimal | None]) -> Decimal | None:
    """What the lines up to the next heading cost; None where none is sold."""
    sold = []
    for line, amount in zip(lines, amounts, strict=True):
        if line.kind == "heading":
            break
        if amount is not None:
            sold.append(amount)
    return sum(sold, Decimal("0.00")) if sold else None
