"""What the handlers of this part take and give."""

from __future__ import annotations

from engine.data import Money, data


@data
class Rest:
    """What is left of an order, from its documents. ``total``: of the order, with tax, as it is now; ``goods_left``: goods of it remain and
    no delivery is under way that would take them along; ``is_added``: and no case plans them by itself, since what was ordered first has
    left or had no goods; ``bills_left``: something is still to be invoiced, drafts counted as invoiced; ``is_waiting``: a delivery has not
    left yet; ``is_invoiced``: the order goes on, nothing of it is to be invoiced, and no draft waits to be validated.
    """

    total: Money
    goods_left: bool
    is_added: bool
    bills_left: bool
    is_waiting: bool
    is_invoiced: bool = False
