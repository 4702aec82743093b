"""What an article is for those who ask and change."""

from __future__ import annotations

from decimal import Decimal

from engine.data import Money, data

KINDS = ("product", "service")


@data
class ArticleData:
    """Everything that people write about an article beside its reference.

    ``unit``: how it is counted. ``sale_price``: before tax, for one unit, in the company's currency, up to six decimals; None where each
    quote says it. ``vat``: a name of ``handlers.catalogue.vat.NAMES``. ``is_active``: still sold.
    """

    name: str
    unit: str
    kind: str = "product"
    category: str = ""
    description: str = ""
    sale_price: Money | None = None
    vat: str = "normal"
    is_active: bool = True


MOST_DECIMALS = Decimal("0.000001")
"""Of a price (domain §5.2-1)."""
