"""What a benchmark gives: figures, each with its goal and the verdict, as a line for people and scripts and as JSON."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tests.benchmarks.measure import Spread

Verdict = Literal["aim", "ok", "short", "-"]

BUSY_FROM = 1.1
"""Wall time over processor time of the calibration loop from which a machine is called busy."""

_MEETS = {"<=": operator.le, ">=": operator.ge}


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure must reach, and what is aimed at: ``Goal("<=", 4, aim=2.5)``."""

    sign: Literal["<=", ">="]
    bound: float
    aim: float | None = None

    def __str__(self) -> str:
        return f"{self.sign}{self.bound:g}"

    def is_met(self, spread: Spread) -> bool:
        """Whether the bad end of the interval is still within the bound."""
        return self._holds(spread, self.bound)

    def is_aim_met(self, spread: Spread) -> bool:
        """Whether it is within what is aimed at, too."""
        return self.aim is not None and self._holds(spread, self.aim)

    def _holds(self, spread: Spread, bound: float) -> bool:
        return bool(_MEETS[self.sign](spread.high if self.sign == "<=" else spread.low, bound))


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. ``name`` has no spaces (``feel.conditions.vs_eval``), ``unit`` is ``x`` for a ratio, else ``us`` or ``ms``.

    ``note`` says what else the reader has to know, such as what was changed for a comparison.
    """

    name: str
    spread: Spread
    unit: str = "x"
    goal: Goal | None = None
    note: str = ""

    @property
    def verdict(self) -> Verdict:
        """``aim``, ``ok`` (what must be reached is) or ``short``; ``-`` where no goal is stated."""
        if self.goal is None:
            return "-"
        if self.goal.is_aim_met(self.spread):
            return "aim"
        return "ok" if self.goal.is_met(self.spread) else "short"

    def record(self) -> dict[str, Any]:
        """The figure for the JSON file."""
        return {
            "name": self.name,
            "value": self.spread.median,
            "unit": self.unit,
            "low": self.spread.low,
            "high": self.spread.high,
            "blocks": self.spread.blocks,
            "goal": None if self.goal is None else str(self.goal),
            "aim": None if self.goal is None or self.goal.aim is None else f"{self.goal.sign}{self.goal.aim:g}",
            "verdict": self.verdict,
            "note": self.note or None,
        }


def line(figure: Figure, width: int = 0) -> str:
    """``name value unit goal verdict``: five columns between blanks, none of them with a blank in it; the name takes ``width``."""
    goal = "-" if figure.goal is None else str(figure.goal)
    return f"{figure.name:<{width}} {amount(figure.spread.median):>8} {figure.unit:<2} {goal:>6} {figure.verdict}"


def amount(value: float) -> str:
    """Three digits that count, never with an exponent."""
    decimals = 2 - math.floor(math.log10(abs(value))) if value else 0
    return f"{value:.{max(0, decimals)}f}"


def is_busy(busyness: Iterable[float]) -> bool:
    """Whether the machine did so much else during the run that times, and some ratios, say less."""
    return max(busyness) >= BUSY_FROM


def report(figures: Sequence[Figure], facts: Mapping[str, Any], busyness: Sequence[float]) -> dict[str, Any]:
    """The JSON of a run: ``facts`` of the machine, how busy it was at the beginning and the end, and every figure."""
    return {
        **facts,
        "wall_over_processor_time": [round(each, 3) for each in busyness],
        "machine_was_busy": is_busy(busyness),
        "figures": [figure.record() for figure in figures],
    }
