"""What every document of sales has on paper: whom it is for, its lines, and what counts for the whole of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, cast

from engine.texts import format as forms
from engine.texts import say
from handlers.documents.model import (
    Adjustment,
    Buyer,
    Exemption,
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
from handlers.sales.taxes import EXEMPT, charged_at
from handlers.sales.types import Extras, Line, Place, RateTotal, Totals

_SUMMED: Final = ("lines", "discount", "charges", "base", "tax")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tax:
    """What a document says of a rate: what it is, None where no tax is due, and then why."""

    rate: Decimal | None
    exemption: Exemption | None = None


Rates = Mapping[str, Tax]
"""By the names that lines count under."""


def rates_of(totals: Totals, *, is_untaxed: bool) -> Rates:
    """The rates that a document names, and what exempts from them."""

    def tax(each: RateTotal) -> Tax:
        if each.vat in EXEMPT:
            return Tax(rate=None, exemption=cast("Exemption", each.vat))
        return Tax(rate=None, exemption="franchise") if is_untaxed else Tax(rate=each.rate)

    return {each.vat: tax(each) for each in totals.rates}


def exemptions_of(rates: Rates) -> tuple[Exemption, ...]:
    """Why some of its lines bear no tax."""
    return tuple(dict.fromkeys(each.exemption for each in rates.values() if each.exemption is not None))


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
    """The breakdown by rate: what bears no tax for one reason is one part, whatever rates it would have (EN 16931, BR-E-01)."""
    return tuple(
        VatPart(rate=rates[each.vat].rate, exemption=rates[each.vat].exemption, base=each.base, vat=each.tax)
        for each in _by_rate(totals, rates)
    )


def totals_of(totals: Totals) -> PrintedTotals:
    """The sums at the end."""
    return PrintedTotals(net=totals.net, vat=totals.tax, gross=totals.total)


def lines_of(lines: Sequence[Line], totals: Totals, rates: Rates) -> tuple[PrintedLine, ...]:
    """Each line as it is printed; a heading with what its part costs."""
    found: list[PrintedLine] = []
    amounts = totals.amounts
    for at, (line, amount, vat) in enumerate(zip(lines, amounts, totals.vats, strict=True)):
        if amount is not None and vat is not None:
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
                    vat_rate=rates[vat].rate,
                    exemption=rates[vat].exemption,
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
            else say("quote.discount_of_rate", language, percent=percent, rate=_called(rates[each.vat], language)),
            vat_rate=rates[each.vat].rate,
            exemption=rates[each.vat].exemption,
            amount=-each.discount,
        )
        for each in discounts
    ]
    charges = (
        (say("quote.shipping", language), extras.shipping),
        (say("quote.adjustment", language), extras.adjustment),
    )
    charged = rates.get(charged_at(rates.keys()))
    found += [
        Adjustment(label=label, vat_rate=charged.rate, exemption=charged.exemption, amount=amount)
        for label, amount in charges
        if amount and charged is not None
    ]
    return tuple(found)


def _called(tax: Tax, language: Language) -> str:
    """A rate, or what exempts from it, in a word."""
    return (
        forms.percent(tax.rate, language) if tax.rate is not None else say(f"document.exempt.{tax.exemption}", language)
    )


def _by_rate(totals: Totals, rates: Rates) -> list[RateTotal]:
    """The figures of each rate that the document names: those of names that share one are summed."""
    found: dict[Tax, RateTotal] = {}
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
