"""What an order is beside its lines, for those who ask and change. Its lines and figures are those of ``handlers.sales.types``."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

from engine.data import data
from handlers.sales.types import Extras, Line

STATUSES: Final = ("draft", "confirmed", "closed", "cancelled")
"""Of an order, in the order in which it can have them. What of it is delivered, invoiced and paid follows from its documents."""

STAGES: Final = ("draft", "placed", "confirmed", "closed", "cancelled")
"""What people see of it: its status, and of a draft whether it is placed and waits to be confirmed."""

SHIPPING_POLICIES: Final = ("each_when_ready", "all_at_once")
"""Each article leaves as soon as there is some, or nothing before everything is there."""

INVOICING_POLICIES: Final = ("on_order", "on_delivery")
"""What may be invoiced: what was ordered, or what was delivered."""

CLOSING_RULES: Final = ("invoiced", "shipped", "both", "paid")
"""What closes an order by itself: all of it is invoiced; shipped; both; or invoiced and paid."""

CLOSE_ASKED: Final = "order_close_asked"
"""The message that the case of an order waits for as long as goods or invoices may come."""

PAID: Final = "order_paid"
"""The message that the case of an order waits for once nothing but money is missing."""

CHANGED: Final = "order_changed"
"""The message that tells the case of an order that it was changed after it was confirmed."""

POLICIES: Final = ("shipping_policy", "invoicing_policy", "closing_rule")
"""The fields of an order whose value the company chooses beforehand (``OrderDefaults``)."""


@data
class OrderData:
    """Everything that people write about an order beside its lines; what a quote has too means the same (``QuoteData``).

    ``shipment_on``: the day when it is to leave, None where nobody said one. ``warehouse``: the code of the one that prepares it; empty:
    the company’s default. ``payment_method``: one of ``handlers.customers.types.PAYMENTS``, or empty.
    """

    subject: str = ""
    contact: str = ""
    email: str = ""
    locale: str = "fr"
    billing_id: int | None = None
    shipping_id: int | None = None
    customer_reference: str = ""
    terms: str = "30_days"
    fiscal_position: str = "domestic"
    currency: str = "EUR"
    extras: Extras = Extras()
    shipment_on: date | None = None
    delivery_method: str = ""
    warehouse: str = ""
    shipping_policy: str = "each_when_ready"
    invoicing_policy: str = "on_order"
    closing_rule: str = "both"
    payment_method: str = ""


@data
class OrderDefaults:
    """What the company’s orders begin with; each order may say otherwise as long as it is a draft.

    ``is_numbered_by_hand``: whoever writes an order gives it its number; those that accepted quotes make take the next one all the same.
    """

    shipping_policy: str = OrderData().shipping_policy
    invoicing_policy: str = OrderData().invoicing_policy
    closing_rule: str = OrderData().closing_rule
    is_numbered_by_hand: bool = False


@data
class KeptLine:
    """A line of a confirmed order. ``delivered``: what the customer has of it; ``invoiced``: drafts of invoices counted."""

    id: int
    line: Line
    delivered: Decimal = Decimal(0)
    invoiced: Decimal = Decimal(0)


@data
class RevisedLine:
    """A line of a confirmed order as it is to be. ``id``: of the line that there is; None: it is new."""

    id: int | None = None
    line: Line
