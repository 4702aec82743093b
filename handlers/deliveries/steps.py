"""What the handlers of ``preparation`` and ``allotment`` take and give. ``today``: the day at the company's."""

from __future__ import annotations

from datetime import date

from engine.data import data


@data
class OrderToDeliver:
    """An order of which something may remain to be delivered. ``today`` None: the day in UTC (cases of versions that did not say it)."""

    order_number: str
    today: date | None = None


@data
class Planned:
    """The delivery that was made. ``shipment_on``: the day that the order wants, None: none was said."""

    delivery_number: str
    customer_name: str
    shipment_on: date | None
    shipping_policy: str


@data
class DeliveryRef:
    """One delivery."""

    delivery_number: str


@data
class Reservation:
    """What of the delivery is there. ``readiness``: ``all``, ``some`` or ``none``; ``to_pick``, ``missing``: a line each, None: nothing;
    ``quantities``: what can be picked, as a picker may change it.
    """

    readiness: str
    to_pick: str | None
    quantities: str | None
    missing: str | None


@data
class Replan:
    """A delivery whose order has changed. ``reason``: why it is given up where nothing of it is wanted any more; ``changed``: what the
    picker was told before and has not picked since.
    """

    delivery_number: str
    reason: str
    changed: str | None = None


@data
class Replanned:
    """``changed``: what is other than it was, a line each, with what was told before; None: nothing. ``is_emptied``: it carries nothing any
    more and is cancelled; ``freed``: the articles that others can have now who lack them.
    """

    changed: str | None
    is_emptied: bool
    freed: tuple[str, ...]


@data
class ChangedGoods:
    """A delivery that whoever picks it is to look at again; ``changed`` None: nothing is other than it was."""

    delivery_number: str
    customer_name: str
    changed: str | None


@data
class Picked:
    """What was taken out: lines like ``2 : 4,5``, by the places of the delivery's lines; a place that is not named has none."""

    delivery_number: str
    picked: str
    prepared_by: str


@data
class Prepared:
    """What is to be shipped, a line each, and where; None where the order names no place. ``freed``: the articles that others can have now
    who lack them.
    """

    to_ship: str
    address: str | None
    freed: tuple[str, ...]


@data
class Shipment:
    """A delivery that leaves."""

    delivery_number: str
    carrier: str | None = None
    tracking: str | None = None
    shipped_by: str
    today: date


@data
class Shipped:
    """Whether nothing of the order's goods remains to be delivered."""

    is_complete: bool


@data
class Cancellation:
    """A delivery that is given up, and why."""

    delivery_number: str
    reason: str


@data
class Status:
    """The state of the delivery afterwards; ``freed``: the articles that others can have now who lack them."""

    delivery_status: str
    freed: tuple[str, ...]


@data
class Shortage:
    """What a delivery lacks, a line each."""

    delivery_number: str
    customer_name: str
    missing: str


@data
class Late:
    """A delivery that waits for whoever holds ``role``."""

    delivery_number: str
    customer_name: str
    role: str


@data
class GivenUp:
    """A delivery that was cancelled, for whoever asked for it."""

    delivery_number: str
    customer_name: str
    reason: str


@data
class OrderOver:
    """An order that is closed or cancelled, and why."""

    order_number: str
    reason: str


@data
class Dropped:
    """The numbers of the deliveries that were cancelled with it; ``freed``: the articles that others can have now who lack them."""

    dropped: tuple[str, ...]
    freed: tuple[str, ...]


@data
class Arrival:
    """Goods of an article came in."""

    article: str


@data
class Waiting:
    """The deliveries that wait for goods, who has waited longest first."""

    deliveries: tuple[str, ...]


@data
class Told:
    """Nothing to say: the mail is on its way."""
