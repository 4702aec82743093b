"""What an invoice lacks, and a person should supply before it is validated: law, EN 16931 or the French reform ask for it. Pure.

Without some of it nothing can be validated at all (``handlers.invoices.making``); the rest is said, because somebody may know better: an
association has no SIREN.
"""

from __future__ import annotations

from typing import Final

from handlers.base import territories
from handlers.documents.model import Document

_BOTH_NUMBERS: Final = frozenset({"intra_eu", "reverse_charge"})
"""Why no tax is due: where both sides must be known by their VAT numbers (CGI ann. II art. 242 nonies A I-3°)."""

_DECISIVE: Final = ("seller_vat_number", "buyer_vat_number", "delivery_day")
"""What an exemption hangs on."""


def gaps(document: Document) -> tuple[str, ...]:
    """What is missing, as codes; each has its sentence, with the remedy, in the catalogue (``document.gap.CODE``)."""
    seller, buyer, exemptions = document.seller, document.buyer, set(document.exemptions)
    is_french = buyer.address is None or buyer.address.country == "FR"
    bears_tax = any(each.rate is not None for each in document.vat)
    checks = (
        ("seller_siren", not seller.siren),
        ("seller_address", not (seller.address.street and seller.address.city)),
        (
            "seller_vat_number",
            not seller.vat_number and bool(bears_tax or exemptions & {*_BOTH_NUMBERS, "export", "service_abroad"}),
        ),
        ("buyer_siren", buyer.is_company and is_french and not buyer.siren),
        ("buyer_vat_number", not buyer.vat_number and bool(exemptions & _BOTH_NUMBERS)),
        ("delivery_day", document.delivered_on is None and "intra_eu" in exemptions),
        ("delivery_country", not _leaves_france(document)),
    )
    return tuple(code for code, is_missing in checks if is_missing)


def decisive(document: Document) -> tuple[str, ...]:
    """Those of ``gaps`` without which what it leaves untaxed would have to be taxed: with them it is not validated."""
    if not set(document.exemptions) - {"franchise", "exempt"}:
        return ()
    return tuple(each for each in gaps(document) if each in _DECISIVE)


def _leaves_france(document: Document) -> bool:
    """Whether goods that bear no tax for going abroad do go there: into another member state, or out of the Union."""
    place = document.delivery_address or document.buyer.address
    if place is None:
        return True  # it is missing, which is said by itself
    if "intra_eu" in document.exemptions:
        return territories.is_other_member_state(place.country)
    return "export" not in document.exemptions or territories.is_outside(place.country)
