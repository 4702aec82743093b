"""The French rates of value added tax, each with the day from which it holds. Pure.

Code général des impôts: *normal* art. 278, *intermediate* art. 278 quater and 279, *reduced* art. 278-0 bis, *particular* art. 281 quater
and following. A rate that the law changes gets a line of its own; what was invoiced keeps the rate of its day.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

RATES: Final = (
    ("normal", date(2014, 1, 1), Decimal("0.2000")),
    ("intermediate", date(2014, 1, 1), Decimal("0.1000")),
    ("reduced", date(2014, 1, 1), Decimal("0.0550")),
    ("particular", date(2014, 1, 1), Decimal("0.0210")),
)
"""Name, first day, rate as a part of one."""

NAMES: Final = tuple(dict.fromkeys(name for name, _, _ in RATES))


def rate(name: str, day: date) -> Decimal:
    """The rate called ``name`` on ``day`` (a day of the company's calendar). Raises KeyError where there is none."""
    held = [(since, each) for known, since, each in RATES if known == name and since <= day]
    if not held:
        raise KeyError(name)
    return max(held)[1]
