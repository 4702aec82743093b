"""What was typed about an order, and what it means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from handlers.customers.queries import CustomerView
from handlers.orders.types import POLICIES, OrderData, OrderDefaults
from handlers.sales.types import Line
from web import ui
from web.sales import editor, forms
from web.sales.forms import DocumentForm, Meant

_CHOSEN = ("warehouse", "delivery_method", *POLICIES, "payment_method")
"""Fields of an order alone that mean what was typed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderForm(DocumentForm):
    """An order as it stands in the form."""

    number: str = ""
    shipment_on: str = ""
    delivery_method: str = ""
    warehouse: str = ""
    shipping_policy: str = OrderData().shipping_policy
    invoicing_policy: str = OrderData().invoicing_policy
    closing_rule: str = OrderData().closing_rule
    payment_method: str = ""


def of_order(customer: str, order: OrderData, lines: Sequence[Line]) -> OrderForm:
    """The form of an order as it is."""
    return OrderForm(
        **forms.of_document(customer, order, lines),
        **{name: getattr(order, name) for name in _CHOSEN},
        shipment_on=order.shipment_on.isoformat() if order.shipment_on else "",
    )


def begun(customer: CustomerView, defaults: OrderDefaults) -> OrderForm:
    """The form of a new order, filled from its customer and from what the company's orders begin with."""
    policies = {name: getattr(defaults, name) for name in POLICIES}
    return editor.for_customer(
        customer, OrderForm(payment_method=customer.data.preferred_payment, **policies), "orders"
    )


def order_of(form: OrderForm, meant: Meant) -> OrderData:
    """What the head means."""
    return OrderData(
        **meant.head,
        **{name: getattr(form, name) for name in _CHOSEN},
        shipment_on=ui.day(form.shipment_on),
    )
