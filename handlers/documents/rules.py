"""Whether the figures of a document agree: one that contradicts itself is never printed. Pure."""

from __future__ import annotations

from decimal import Decimal

from handlers.base.money import to_cents
from handlers.documents.model import Adjustment, Document, ItemLine, SectionLine

_NOTHING = Decimal("0.00")


def contradictions(document: Document) -> tuple[str, ...]:
    """What does not agree, as codes; nothing when all does. Lines and adjustments make the net total, the rates make the tax, a part's
    lines make its subtotal, and each rate's tax is that of its base (domain §5.2-4).
    """
    counted: list[ItemLine | Adjustment] = [each for each in document.lines if isinstance(each, ItemLine)]
    counted += document.adjustments
    of_lines = sum((each.amount for each in counted), _NOTHING)
    totals = document.totals
    used = {each.vat_rate for each in counted}
    checks = (
        ("net_is_not_the_sum_of_lines", totals.net != of_lines),
        ("net_is_not_the_sum_of_bases", totals.net != sum((each.base for each in document.vat), _NOTHING)),
        ("vat_is_not_the_sum_of_rates", totals.vat != sum((each.vat for each in document.vat), _NOTHING)),
        ("gross_is_not_net_and_vat", totals.gross != totals.net + totals.vat),
        (
            "vat_is_not_that_of_its_base",
            any(each.vat != to_cents(each.base * (each.rate or 0)) for each in document.vat),
        ),
        ("rate_without_its_part", not used <= {each.rate for each in document.vat}),
        ("subtotal_is_not_the_sum_of_its_lines", not _subtotals_agree(document)),
    )
    return tuple(code for code, is_wrong in checks if is_wrong)


def _subtotals_agree(document: Document) -> bool:
    said: Decimal | None = None
    found = _NOTHING
    for each in document.lines:
        if isinstance(each, SectionLine):
            if said is not None and said != found:
                return False
            said, found = each.subtotal, _NOTHING
        elif isinstance(each, ItemLine):
            found += each.amount
    return said is None or said == found
