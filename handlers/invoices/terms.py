"""When an invoice is due. Pure.

Where a term adds days and goes to the end of a month, the order of both is part of the term (domain §5.5): 30 days from 31 January, then
the end of the month, is 31 March; the end of January, then 30 days, is 2 March.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

from handlers.sales.types import TERMS


def due_on(terms: str, day: date) -> date:
    """The last day to pay what is invoiced on ``day``. Raises ValueError for what is no term."""
    match terms:
        case "on_order" | "on_receipt":
            return day
        case "30_days":
            return day + timedelta(days=30)
        case "60_days":
            return day + timedelta(days=60)
        case "30_days_then_end_of_month":
            return _end_of_month(day + timedelta(days=30))
        case "45_days_then_end_of_month":
            return _end_of_month(day + timedelta(days=45))
        case "end_of_month_then_30_days":
            return _end_of_month(day) + timedelta(days=30)
        case "end_of_month_then_45_days":
            return _end_of_month(day) + timedelta(days=45)
        case _:
            raise ValueError(f"{terms!r} is none of {', '.join(TERMS)}")


def _end_of_month(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])
