"""A proforma of an order: what its invoice would say, without being one. It takes no number of the invoices and is kept nowhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from handlers.documents.model import Document, DocumentKind
from handlers.documents.ours import Ours
from handlers.orders import printing
from handlers.orders.queries import OrderView
from handlers.sales import paper

_KIND = DocumentKind.PROFORMA


def document_of(order: OrderView, ours: Ours, today: date) -> Document:
    """The whole order, dated ``today``, called by the number of the order."""
    document = printing.document_of(order, ours, is_draft=False)
    rates = paper.rates_of(order.totals, is_untaxed=order.is_untaxed)
    mentions = ours.mentions(
        _KIND,
        today,
        document.language,
        is_business=order.party.is_company,
        exemptions=paper.exemptions_of(rates),
    )
    return replace(document, kind=_KIND, issued_on=today, order_number=order.number, mentions=mentions)
