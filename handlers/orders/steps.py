"""What the handlers of ``order_fulfilment``, and of the end of ``quote_acceptance``, take and give. Amounts are in euros."""

from __future__ import annotations

from datetime import date

from engine.data import Money, data


@data
class Accepted:
    """The version of a quote that its customer accepted. ``today``: the day at the company's."""

    quote_number: str
    version: int
    today: date


@data
class Ordered:
    """The order that follows from it."""

    order_number: str


@data
class Order:
    """An order."""

    order_number: str


@data
class Read:
    """What a decision about an order needs. ``net`` before tax, ``total`` with it; ``seller``: the login of who made it;
    ``missing_articles``: how many articles there is too little of now; ``vat_refusal``: why its VAT treatment does not fit the customer as
    they are known now, as the code of an error; None: it does.
    """

    customer_name: str
    customer_reference: str
    origin_quote: str | None
    is_from_quote: bool
    net: Money
    total: Money
    shipment_on: date | None
    missing_articles: int
    seller: str
    vat_refusal: str | None = None


@data
class Confirm:
    """A draft that is to bind us. ``total``: as it was when this was decided; ``confirmed_by``: a login, None where nobody was asked."""

    order_number: str
    total: Money
    confirmed_by: str | None = None


@data
class Confirmed:
    """What the rest of its way needs of an order that does not change any more. ``has_goods``: something of it is to be delivered."""

    order_status: str
    shipment_on: date | None
    has_goods: bool
    invoicing_policy: str
    closing_rule: str


@data
class Reached:
    """How far an order has come: all of it is ``shipped``, or ``invoiced``."""

    order_number: str
    reached: str


@data
class Over:
    """An order of which nothing more is to come; ``reason`` None: it has come to its end by itself."""

    order_number: str
    reason: str | None = None


@data
class GivenUp:
    """A draft that comes to nothing, and why."""

    order_number: str
    reason: str


@data
class Stands:
    """The state of the order afterwards."""

    order_status: str


@data
class Cancelled:
    """An order that was cancelled, for whoever made it (``seller``: a login)."""

    order_number: str
    customer_name: str
    seller: str
    reason: str


@data
class Waiting:
    """Something that a role is asked for again: ``confirmation``, ``invoice_request`` or ``invoice``."""

    order_number: str
    customer_name: str
    role: str
    waits_for: str


@data
class Told:
    """Nothing to say: the mail is on its way."""
