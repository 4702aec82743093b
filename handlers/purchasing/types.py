"""What the purchasing handlers take and give. Amounts are in the company's currency, quantities in the article's unit.

``today``: the day at the company's; None: the day in UTC (cases of versions that did not say it).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from engine.data import Money, data


@data
class RequestWanted:
    """What sales administration asks for; ``article`` is its reference, ``warehouse`` its code, the default one where none is said."""

    article: str
    quantity: Decimal
    warehouse: str | None = None
    needed_on: date | None = None
    comment: str | None = None
    today: date | None = None


@data
class RequestSubmitted:
    """The request as it stands from now on."""

    request_number: str
    article_name: str
    unit: str
    warehouse_name: str


@data
class Refusal:
    """Why a request is refused, and by whom (a login)."""

    request_number: str
    reason: str
    refused_by: str


@data
class Refused:
    """The state of the request afterwards."""

    request_status: str


@data
class Launch:
    """The order to pass: ``supplier`` is its code; ``approved_by`` the login of the manager where one was asked; ``expected_on`` the day
    that the supplier has announced.
    """

    request_number: str
    supplier: str
    unit_price: Money
    launched_by: str
    approved_by: str | None = None
    expected_on: date | None = None
    today: date | None = None


@data
class Launched:
    """The supplier order that was made; ``outstanding``: what is still to come of it, all at first."""

    order_number: str
    supplier_name: str
    amount: Money
    outstanding: Decimal
    request_status: str


@data
class Arrival:
    """What has come of a supplier order: zero when nothing has. ``delivery_note``: the number on the supplier's slip."""

    order_number: str
    received: Decimal
    received_by: str
    delivery_note: str | None = None


@data
class Arrived:
    """What is still to come afterwards, and the state of the request."""

    outstanding: Decimal
    request_status: str


@data
class Closing:
    """That nothing more is awaited of a supplier order, why, and who says so (a login)."""

    order_number: str
    reason: str
    closed_by: str


@data
class Closed:
    """The state of the request afterwards: received when some goods have come, else cancelled."""

    request_status: str


@data
class Ended:
    """What came of a launched request, for its submitter; ``outstanding``: what will not come."""

    request_number: str
    article_name: str
    outstanding: Decimal
    unit: str


@data
class Overdue:
    """A supplier order that has not come in full when it was expected."""

    order_number: str
    supplier_name: str
    article_name: str
    outstanding: Decimal
    unit: str


@data
class Outcome:
    """What became of a request, for its submitter: either an order number, or a reason for the refusal."""

    request_number: str
    article_name: str
    order_number: str | None = None
    supplier_name: str | None = None
    reason: str | None = None


@data
class Waiting:
    """A request that still waits for a decision."""

    request_number: str
    article_name: str
    role: str


@data
class Told:
    """Nothing to say: the mail is on its way."""
