"""What may stand in the head of an order, and what may be done with an order when. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import Final

from engine.data import data
from engine.errors import FieldProblem
from handlers.base import parties
from handlers.base.parties import one_line
from handlers.customers.types import PAYMENTS
from handlers.orders.types import CLOSING_RULES, INVOICING_POLICIES, SHIPPING_POLICIES, OrderData, OrderDefaults
from handlers.sales import head

_LONGEST: Final = {"delivery_method": 80, "warehouse": 20}
_NUMBER: Final = re.compile(r"(?=.*[0-9])[A-Z0-9][A-Z0-9._-]{0,29}")
"""Of an order, typed by hand: it stands in addresses, on documents, in the keys of messages."""


@data
class Standing:
    """How far an order is. ``is_placed``: a case leads it. ``is_invoiced``: all of it, in invoices that are validated. ``goes_on``: its own
    rule closed it, and something of it is still under way, or is open again.
    """

    status: str
    is_placed: bool
    is_empty: bool = False
    is_invoiced: bool = False
    goes_on: bool = False


ACTS: Final = ("place", "change", "cancel", "change_terms", "close")
"""What can be done with an order at some time of its life. It can be copied at any time."""


def refusal(act: str, order: Standing) -> str | None:
    """Why ``act`` (one of ``ACTS``) cannot be done now, as the code of an error; None when it can.

    A draft is free; once it is placed its case confirms or cancels it. What was confirmed keeps its lines and prices; its terms are free
    until all of it is invoiced (O13), and it can be closed by hand as long as something of it goes on (O20).
    """
    is_draft = order.status == "draft"
    match act:
        case "place" | "cancel" if is_draft and order.is_placed:
            return "order_in_progress"
        case "place" if is_draft and order.is_empty:
            return "order_empty"
        case "place" | "change" | "cancel":
            return None if is_draft else "order_not_draft"
        case "change_terms" if order.status == "confirmed" and order.is_invoiced:
            return "order_invoiced"
        case "close" if order.status == "closed" and order.goes_on:
            return None
        case "change_terms" | "close":
            return None if order.status == "confirmed" else "order_not_confirmed"
        case _:
            raise AssertionError(act)


def stage(status: str, *, is_placed: bool) -> str:
    """What people see of an order: one of ``handlers.orders.types.STAGES``."""
    return "placed" if status == "draft" and is_placed else status


@data
class Share:
    """What part of an order is done, from nothing (0) to all of it (1)."""

    done: Decimal
    whole: Decimal

    @property
    def percent(self) -> int:
        """In whole percent; 100 only when all of it is done, 0 only when nothing is."""
        if not self.whole or self.done >= self.whole:
            return 100 if self.whole else 0
        return min(max(int(self.done * 100 / self.whole), 1 if self.done else 0), 99)


def tidied(given: OrderData) -> OrderData:
    """As it is kept."""
    method, warehouse = one_line(given.delivery_method), given.warehouse.strip().upper()
    return replace(given, delivery_method=method, warehouse=warehouse, **head.tidied(given))


def problems(given: OrderData) -> list[FieldProblem]:
    """What is wrong with the head of a tidied order, by field."""
    found = head.problems(given) + parties.too_long(given, _LONGEST) + policy_problems(given)
    if given.payment_method not in ("", *PAYMENTS):
        found.append(FieldProblem(field="payment_method", code="payment_unknown"))
    return found


def policy_problems(given: OrderData | OrderDefaults) -> list[FieldProblem]:
    """What is wrong with how it is shipped, invoiced and closed, by field."""
    checks = (
        ("shipping_policy", "shipping_policy_unknown", given.shipping_policy not in SHIPPING_POLICIES),
        ("invoicing_policy", "invoicing_policy_unknown", given.invoicing_policy not in INVOICING_POLICIES),
        ("closing_rule", "closing_rule_unknown", given.closing_rule not in CLOSING_RULES),
    )
    return [FieldProblem(field=field, code=code) for field, code, is_wrong in checks if is_wrong]


def number_problem(number: str, *, is_by_hand: bool, series: str) -> FieldProblem | None:
    """What is wrong with the number that was typed for a new order; ``is_by_hand``: the company's orders are numbered so.

    One as ``series`` gives them is refused: some day the series would come to it.
    """
    checks = (
        ("order_number_automatic", bool(number) and not is_by_hand),
        ("order_number_missing", is_by_hand and not number),
        ("order_number_invalid", bool(number) and not _NUMBER.fullmatch(number)),
        ("order_number_of_series", re.fullmatch(rf"{re.escape(series)}-\d{{4}}-\d+", number) is not None),
    )
    code = next((code for code, is_wrong in checks if is_wrong), None)
    return None if code is None else FieldProblem(field="number", code=code)
