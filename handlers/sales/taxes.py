"""Which VAT each line of a document bears, by its fiscal position. Pure.

A line names the rate that it would bear at home. Where it bears none, it counts under the name of what exempts it (``EXEMPT``): so the
totals are by rate and category, and an invoice says line by line why no tax is due.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Final

from engine.data import data
from handlers.catalogue import vat
from handlers.sales.types import Line

EXEMPT: Final = ("intra_eu", "export", "reverse_charge", "service_abroad")
"""Names under which lines count that bear no VAT because of who buys and where: goods to a business in another member state (CGI
art. 262 ter I), goods that leave the Union (262 I), services to a business in another member state (283-2) or outside the Union (259-1°).
"""

_USUAL: Final = "normal"
_OF_GOODS: Final = ("intra_eu", "export")
"""What exempts goods is called as the position that does."""


@data
class Taxation:
    """What decides the VAT of a document. ``day``: whose rates hold; ``is_untaxed``: the company is under the franchise en base, and
    invoices none; ``position``: one of ``handlers.customers.fiscal.POSITIONS``; ``is_business``: the customer is no private person.
    """

    day: date
    is_untaxed: bool = False
    position: str = "domestic"
    is_business: bool = True

    def rates(self) -> dict[str, Decimal]:
        """The rates by name; all nothing for a company that invoices none."""
        at_home = {name: Decimal(0) if self.is_untaxed else vat.rate(name, self.day) for name in vat.NAMES}
        return at_home | dict.fromkeys(EXEMPT, Decimal(0))

    def name_of(self, line: Line) -> str:
        """Under what name an item counts: that of its rate, or one of ``EXEMPT``.

        Services to a business abroad are not sold in France, whatever the seller's regime; those to a private person are (art. 259-2°).
        """
        if line.product_type == "service" and self.is_business and self.position in _OF_GOODS:
            return "reverse_charge" if self.position == "intra_eu" else "service_abroad"
        if line.product_type == "service" or self.is_untaxed or self.position not in _OF_GOODS:
            return line.vat
        return self.position

    def applied(self, lines: Iterable[Line]) -> tuple[Line, ...]:
        """The lines as they count."""
        if self.position not in _OF_GOODS:
            return tuple(lines)
        return tuple(replace(each, vat=self.name_of(each)) if each.kind == "item" else each for each in lines)


def charged_at(names: AbstractSet[str]) -> str:
    """Where shipping and adjustment of a document count whose lines count under ``names``: with the goods; at home, at the normal rate."""
    if found := [each for each in _OF_GOODS if each in names]:
        return found[0]
    return _USUAL if names & set(vat.NAMES) else next((each for each in EXEMPT if each in names), _USUAL)
