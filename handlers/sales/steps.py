"""What the handlers of ``quote_acceptance`` take and give. ``today``: the day at the company's; amounts in euros."""

from __future__ import annotations

from datetime import date

from engine.data import Money, data


@data
class Submission:
    """A draft that is to be sent to its customer. ``is_first``: a case begins with it, not one that it comes back to."""

    quote: str
    today: date
    is_first: bool = True


@data
class Submitted:
    """The quote as it stands from now on. ``net`` before tax, ``total`` with it; ``discount_percent``: off the list prices."""

    quote_number: str
    version: int
    customer_name: str
    net: Money
    total: Money
    discount_percent: Money
    valid_until: date


@data
class Return:
    """A submitted quote that goes back to whoever writes it; ``reason`` None: its validity has passed."""

    quote_number: str
    reason: str | None = None


@data
class Returned:
    """Why, for the form."""

    revision_reason: str | None


@data
class Issue:
    """A quote that may go out; ``approved_by``: a login where an approval was asked."""

    quote_number: str
    approved_by: str | None = None
    today: date


@data
class Issued:
    """The state of the quote afterwards."""

    quote_status: str


@data
class Sending:
    """A version that was sent, and may be sent again as a reminder."""

    quote_number: str
    version: int


@data
class Noted:
    """What the customer said otherwise than by the link, or that we withdraw the offer (``withdrawn``); noted by a login."""

    quote_number: str
    version: int
    answer: str
    comment: str | None = None
    noted_by: str


@data
class Answered:
    """What became of the version: an answer (``handlers.sales.types.ANSWERS``) or ``withdrawn``, with the customer's words."""

    answer: str
    comment: str | None


@data
class Version:
    """One version of a quote."""

    quote_number: str
    version: int


@data
class Renewed:
    """The next version, a draft, and what the customer asked."""

    version: int
    revision_reason: str | None


@data
class Cancelled:
    """A quote that is given up."""

    quote_number: str


@data
class Outcome:
    """What became of a quote, for its seller: ``accepted``, ``refused``, ``change_asked`` or ``expired``."""

    quote_number: str
    customer_name: str
    outcome: str
    comment: str | None = None


@data
class Waiting:
    """A quote that still waits for an approval."""

    quote_number: str
    customer_name: str
    role: str


@data
class Told:
    """Nothing to say: the mail is on its way."""
