"""What the purchasing handlers take and give. Amounts are in the company's currency, quantities in the article's unit."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from engine.data import Money, data


@data
class RequestWanted:
    """What sales administration asks for; ``article`` is its reference."""

    article: str
    quantity: Decimal
    needed_on: date | None = None
    comment: str | None = None


@data
class RequestSubmitted:
    """The request as it stands from now on."""

    request_number: str
    article_name: str
    unit: str


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
    """The order to pass: ``supplier`` is its code; ``approved_by`` the login of the manager where one was asked."""

    request_number: str
    supplier: str
    unit_price: Money
    launched_by: str
    approved_by: str | None = None


@data
class Launched:
    """The supplier order that was made."""

    order_number: str
    supplier_name: str
    amount: Money
    request_status: str


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
