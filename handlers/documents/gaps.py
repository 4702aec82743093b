"""What an invoice lacks, and a person should supply before it is validated: law, EN 16931 or the French reform ask for it. Pure.

Without some of it nothing can be validated at all (``handlers.invoices.making``); the rest is said, because somebody may know better: an
association has no SIREN.
"""

from __future__ import annotations

from typing import Final

from handlers.documents.model import Document

_BOTH_NUMBERS: Final = frozenset({"intra_eu", "reverse_charge"})
"""Why no tax is due: where both sides must be known by their VAT numbers (CGI ann. II art. 242 nonies A I-3°)."""


def gaps(document: Document) -> tuple[str, ...]:
    """What is missing, as codes; each has its sentence, with the remedy, in the catalogue (``document.gap.CODE``)."""
    seller, buyer, exemption = document.seller, document.buyer, document.exemption
    is_french = buyer.address is None or buyer.address.country == "FR"
    bears_tax = any(each.rate is not None for each in document.vat)
    checks = (
        ("seller_siren", not seller.siren),
        ("seller_address", not (seller.address.street and seller.address.city)),
        ("seller_vat_number", not seller.vat_number and (bears_tax or exemption in {*_BOTH_NUMBERS, "export"})),
        ("buyer_siren", buyer.is_company and is_french and not buyer.siren),
        ("buyer_vat_number", not buyer.vat_number and exemption in _BOTH_NUMBERS),
        ("delivery_day", document.delivered_on is None and exemption == "intra_eu"),
    )
    return tuple(code for code, is_missing in checks if is_missing)
