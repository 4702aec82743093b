"""What may stand in the head of an order, and what may be done with an order when. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from engine.data import data
from engine.errors import FieldProblem
from handlers.base import parties
from handlers.base.parties import one_line
from handlers.customers.types import PAYMENTS
from handlers.orders.types import (
    CLOSING_RULES,
    INVOICING_POLICIES,
    SHIPPING_POLICIES,
    KeptLine,
    OrderData,
    OrderDefaults,
    RevisedLine,
)
from handlers.sales import head
from handlers.sales import rules as sales
from handlers.sales.types import Extras

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


ACTS: Final = ("place", "change", "revise", "cancel", "change_terms", "close")
"""What can be done with an order at some time of its life. It can be copied at any time."""


def refusal(act: str, order: Standing) -> str | None:
    """Why ``act`` (one of ``ACTS``) cannot be done now, as the code of an error; None when it can.

    A draft is free; once it is placed its case confirms or cancels it. What was confirmed is revised, as far as ``revision_problems`` lets
    it; its terms are free until all of it is invoiced (O13), and it can be closed by hand as long as something of it goes on (O20).
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
        case "change_terms" | "close" | "revise":
            return None if order.status == "confirmed" else "order_not_confirmed"
        case _:
            raise AssertionError(act)


_FREE: Final = ("quantity", "unit_price", "discount")
_FIXED: Final = ("kind", "article", "text", "unit", "vat", "product_type")


def least(kept: KeptLine, *, is_started: bool) -> Decimal:
    """The smallest quantity that a line of a confirmed order can have: what the customer has and what is invoiced stay, and once goods are
    prepared (``is_started``) quantities only grow (domain §5.2-17).
    """
    return max(kept.invoiced, kept.delivered, kept.line.quantity if is_started else Decimal(0))


def price_fixed(kept: KeptLine, *, is_started: bool) -> str | None:
    """Why price and discount of a line cannot change, as the code of an error; None when they can."""
    if is_started:
        return "order_line_price_started"
    return "order_line_price_invoiced" if kept.invoiced else None


def extras_fixed(kept: Sequence[KeptLine], *, is_started: bool) -> str | None:
    """Why what counts for the whole order cannot change: its invoices bear parts of it."""
    if is_started:
        return "order_extras_started"
    return "order_extras_invoiced" if any(each.invoiced for each in kept) else None


def revision_problems(
    kept: Sequence[KeptLine], asked: Sequence[RevisedLine], extras: tuple[Extras, Extras], *, is_started: bool
) -> list[FieldProblem]:
    """What is wrong with how a confirmed order is to be, by field (``lines.3.quantity``); ``extras``: before and after.

    Lines are never taken away (their quantity becomes 0), and new ones come after them, as long as nothing is prepared. A sold line keeps
    all but its quantity, price and discount.
    """
    if [each.id for each in asked[: len(kept)]] != [each.id for each in kept] or any(
        each.id is not None for each in asked[len(kept) :]
    ):
        return [FieldProblem(field="lines", code="order_lines_missing")]
    found: list[FieldProblem] = []
    for place, (before, after) in enumerate(zip(kept, asked, strict=False)):
        found += _line_revision_problems(before, after, f"lines.{place}", is_started=is_started)
    for place, new in enumerate(asked[len(kept) :], len(kept)):
        if is_started:
            found.append(FieldProblem(field=f"lines.{place}.text", code="order_line_new_started"))
        found += sales.line_problems(new.line, f"lines.{place}")
    why = extras_fixed(kept, is_started=is_started)
    if why is not None:
        names = Extras.__dataclass_fields__
        found += [
            FieldProblem(field=name, code=why) for name in names if len({getattr(each, name) for each in extras}) > 1
        ]
    if not found and not any(each.line.kind == "item" and each.line.quantity for each in asked):
        found.append(FieldProblem(field="lines", code="order_left_empty"))
    return found


def _line_revision_problems(
    before: KeptLine, after: RevisedLine, field: str, *, is_started: bool
) -> list[FieldProblem]:
    was, now = before.line, after.line
    fixed = _FIXED if was.kind == "item" else (*_FIXED, *_FREE)
    found = [
        FieldProblem(field=f"{field}.{name}", code="order_line_fixed")
        for name in fixed
        if getattr(was, name) != getattr(now, name)
    ]
    if found or was.kind != "item":
        return found
    # nothing of a line may remain, but nothing else that is wrong with a line may
    found = sales.line_problems(now if now.quantity else replace(now, quantity=Decimal(1)), field)
    if found:
        return found
    smallest = least(before, is_started=is_started)
    if now.quantity < smallest:
        code = "order_line_below_started" if is_started else "order_line_below_invoiced"
        facts: dict[str, str | int | None] = {"least": f"{smallest.normalize():f}"}
        found.append(FieldProblem(field=f"{field}.quantity", code=code, facts=facts))
    why = price_fixed(before, is_started=is_started)
    if why is not None:
        found += [
            FieldProblem(field=f"{field}.{name}", code=why)
            for name in ("unit_price", "discount")
            if getattr(was, name) != getattr(now, name)
        ]
    return found


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
