"""What the handlers of ``invoicing`` take and give. ``today``: the day at the company's; amounts in euros, with tax unless said."""

from __future__ import annotations

from datetime import date

from engine.data import Money, data


@data
class Request:
    """What is asked to be invoiced: ``what`` (one of ``handlers.invoices.types.WHATS``) of an order; ``asked_by``: a login.

    Or ``invoice_id``: a draft that is there already.
    """

    order_number: str | None = None
    what: str | None = None
    percent: Money | None = None
    asked_by: str | None = None
    invoice_id: int | None = None


@data
class Draft:
    """A draft of an invoice or credit note."""

    invoice_id: int


@data
class Written:
    """A draft, for the form of whoever validates it. ``kind``: *invoice* or *credit_note*; ``net``: before tax; ``lines_text``: lines;
    ``category``: one of ``handlers.invoices.types.CATEGORIES``; ``draft``: what pages make a link to it of (``types.draft_name``).
    """

    invoice_id: int
    draft: str | None = None
    kind: str
    order_number: str | None
    customer_name: str
    net: Money
    total: Money
    terms: str
    lines_text: str
    asked_by: str
    category: str


@data
class Judging:
    """A draft, before anybody validates it."""

    invoice_id: int
    today: date


@data
class Judged:
    """``complaint``: why it cannot be validated as it is, None where nothing is against it; ``shown``: the fingerprint of what it says."""

    complaint: str | None
    shown: str | None


@data
class Validation:
    """A draft that is validated. ``validated_by``: a login, who saw ``total``; ``terms``: one of ``handlers.sales.types.TERMS``.

    ``performed_on``: the day on which the services were done, where they are and it is another than the invoice's.
    ``complaint``, ``shown``: what it was ``Judged`` to be, when whoever validates it saw it.
    """

    invoice_id: int
    total: Money
    complaint: str | None = None
    shown: str | None = None
    terms: str | None = None
    performed_on: date | None = None
    validated_by: str
    today: date


@data
class Validated:
    """What it is from then on. ``is_fully_invoiced``: nothing of its order is left to invoice; ``order_goes_on``: nobody has given the
    order up, whose case would be over.
    """

    invoice_number: str
    issued_on: date
    due_on: date
    is_fully_invoiced: bool
    order_goes_on: bool


@data
class Dropping:
    """A draft that is not to be; ``reason`` for its history."""

    invoice_id: int


@data
class Order:
    """An order."""

    order_number: str


@data
class Progress:
    """How far the order is invoiced, and whether it goes on (see ``Validated``). ``waiting_draft``: what pages make a link of,
    to a draft that waits to be validated and counts as invoiced; None: there is none.
    """

    is_fully_invoiced: bool
    order_goes_on: bool
    waiting_draft: str | None = None


@data
class Sending:
    """A validated invoice or credit note that goes to its customer."""

    invoice_number: str


@data
class Refused:
    """Why no invoice came of a request, for whoever asked. ``outcome``: *nothing_to_invoice*, *order_over* or *dropped*."""

    order_number: str | None
    asked_by: str
    outcome: str
    reason: str | None = None


@data
class Waiting:
    """A draft that still waits to be validated."""

    customer_name: str
    total: Money


@data
class Told:
    """Nothing to say: the mail is on its way."""
