"""FEEL: the eight conditions against Python's own ``eval`` of the same conditions, and what compiling one takes."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from engine.feel import Environment, compile_expression
from tests.benchmarks.figures import Figure, Goal
from tests.benchmarks.measure import BLOCKS, Spread, calibration, cpu

INPUTS = Path(__file__).parent / "inputs"
ENVIRONMENT = Environment(now=datetime(2026, 11, 21, 12, tzinfo=UTC))

IN_PYTHON = (
    "valid and credit_ok and order.amount < 100000",
    "customer.country in ('FR', 'MC') and order.total >= 1500",
    "len([line for line in order.lines if line.quantity > line.stock]) > 0",
    "any(line.discount > D15 for line in order.lines)",
    "order.due_date <= END if customer.segment == 'public' else order.deposit >= D30 * order.total",
    "sum(line.quantity * line.unit_price for line in order.lines) > 5000",
    "decision == 'accepted' and bool(match('^SO[0-9]+$', reference))",
    "days_late > 30 or (days_late > 15 and amount_due > 2000)",
)
_TEXTS = {"decision", "reference", "country", "segment", "item"}


def typed(value: Any, name: str = "") -> Any:
    """The values of the JSON file as a process has them: exact numbers, real dates."""
    if isinstance(value, dict):
        return {key: typed(each, key) for key, each in value.items()}
    if isinstance(value, list):
        return [typed(each, name) for each in value]
    if isinstance(value, str) and name.endswith("_date"):
        return date.fromisoformat(value)
    if isinstance(value, bool) or (isinstance(value, str) and name in _TEXTS):
        return value
    return Decimal(str(value)) if isinstance(value, int | float | str) and _is_number(str(value)) else value


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text) is not None


def _as_objects(value: Any) -> Any:
    if isinstance(value, dict):
        return SimpleNamespace(**{key: _as_objects(each) for key, each in value.items()})
    return [_as_objects(each) for each in value] if isinstance(value, list) else value


def _sources() -> list[str]:
    return [source for source in (INPUTS / "conditions.feel").read_text().splitlines() if source]


def conditions() -> Iterator[Figure]:
    """The eight conditions, compiled once, in a row; the same in Python with the same exact numbers."""
    context = typed(json.loads((INPUTS / "conditions-context.json").read_text()))
    ours = [compile_expression(source, names=context) for source in _sources()]
    names = {name: _as_objects(value) for name, value in context.items()}
    names |= {"D15": Decimal("0.15"), "D30": Decimal("0.3"), "END": date(2026, 12, 31), "match": re.match}
    theirs = [compile(source, "<condition>", "eval") for source in IN_PYTHON]
    for one, other in zip(ours, theirs, strict=True):
        found, expected = one.evaluate(context, ENVIRONMENT), eval(other, names)
        if found is not expected:
            raise AssertionError(f"{one.source}: {found} instead of {expected}")

    def feel() -> None:
        for each in ours:
            each.evaluate(context, ENVIRONMENT)

    def python() -> None:
        for each in theirs:
            eval(each, names)

    above, below = [], []
    for _ in range(BLOCKS):
        above.append(cpu(feel, 300))
        below.append(cpu(python, 300))
    yield Figure("feel.conditions.vs_eval", Spread.of_ratio(above, below), goal=Goal("<=", 4, aim=2.5))
    yield Figure("feel.conditions.time", Spread.of([1e6 * each for each in above]), "us", note="all eight, once each")


def compiling() -> Iterator[Figure]:
    """Reading and compiling one condition, the mean of the eight; never the same names twice, because what was compiled is kept."""
    names = json.loads((INPUTS / "conditions-context.json").read_text()).keys()
    sources = _sources()
    fresh = itertools.count()

    def compile_all() -> None:
        known = {*names, f"unused_{next(fresh)}"}
        for source in sources:
            compile_expression(source, names=known)

    above, below = [], []
    for _ in range(BLOCKS):
        above.append(cpu(compile_all, 10) / len(sources))
        below.append(cpu(calibration, 20))
    yield Figure("feel.compile.vs_calibration", Spread.of_ratio(above, below), note="one condition, the mean of eight")
    yield Figure("feel.compile.time", Spread.of([1e6 * each for each in above]), "us")
