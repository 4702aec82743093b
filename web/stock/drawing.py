"""What lay there over time, drawn as steps. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

WIDTH, HEIGHT, ROOM = 640, 120, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A line of steps in a box of ``WIDTH`` by ``HEIGHT``; ``ground`` is where nothing lies."""

    path: str
    ground: str
    highest: Decimal
    lowest: Decimal


def curve(points: Sequence[tuple[datetime, Decimal]], until: datetime) -> Curve | None:
    """The steps through ``points`` (moment, what lay there from then on), the oldest first; None for fewer than two."""
    if len(points) < 2:
        return None
    first = points[0][0]
    span = max((until - first).total_seconds(), 1.0)
    values = [value for _, value in points]
    highest, lowest = max(*values, Decimal(0)), min(*values, Decimal(0))
    height = highest - lowest or Decimal(1)

    def across(at: datetime) -> str:
        return f"{ROOM + (WIDTH - 2 * ROOM) * (at - first).total_seconds() / span:.1f}"

    def down(value: Decimal) -> str:
        return f"{ROOM + (HEIGHT - 2 * ROOM) * float((highest - value) / height):.1f}"

    steps = [f"M{across(points[0][0])} {down(points[0][1])}"]
    steps += [f"H{across(at)}V{down(value)}" for at, value in points[1:]]
    return Curve(path="".join([*steps, f"H{WIDTH - ROOM}"]), ground=down(Decimal(0)), highest=highest, lowest=lowest)
