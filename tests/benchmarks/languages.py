"""FEEL against Python's own ``eval`` of the same conditions, and a decision table against the calibration loop."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from engine.decisions import read_decisions
from engine.feel import Environment, compile_expression
from tests.benchmarks.measure import BLOCKS, Ratio, calibration, cpu

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


def conditions() -> Iterator[str]:
    """The eight conditions, compiled once, in a row; the same in Python with the same exact numbers."""
    context = typed(json.loads((INPUTS / "conditions-context.json").read_text()))
    sources = (INPUTS / "conditions.feel").read_text().splitlines()
    ours = [compile_expression(source, names=context) for source in sources if source]
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
    yield f"FEEL, eight conditions / Python's eval          {Ratio.of(above, below)}   goal <= 4, aim 2.5"


def table() -> Iterator[str]:
    """The 100 x 5 table over its 200 inputs, per evaluation, against C."""
    (decision,) = read_decisions((INPUTS / "discount-100x5.dmn").read_bytes(), "discount-100x5.dmn").values()
    inputs = typed(json.loads((INPUTS / "discount-inputs.json").read_text()))

    def evaluate() -> None:
        for each in inputs:
            decision.evaluate(each, ENVIRONMENT)

    above, below = [], []
    for _ in range(BLOCKS):
        above.append(cpu(evaluate) / len(inputs))
        below.append(cpu(calibration, 20))
    yield f"DMN, 100 x 5 table, one evaluation / C          {Ratio.of(above, below)}   {1e6 * min(above):.0f} µs"
