"""The seam between our decisions and the scorer of the DMN Technology Compatibility Kit (``evaluate``)."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from engine.data import YearsMonths
from engine.decisions import Decision, DecisionFailure
from engine.decisions.reader import read_file
from engine.errors import DefinitionError
from engine.feel import Environment, FeelFailure


@lru_cache(maxsize=8)
def _decisions(model: Path) -> Mapping[str, Decision]:
    found, _ = read_file(model.read_bytes(), model.name)
    return {decision.name: decision for decision in found.values()}


def evaluate(model: Path, kind: str, node: str, inputs: dict[str, Any]) -> Any:
    """What the decision ``node`` gives. Raises the scorer's EvaluationError where it cannot be taken."""
    scorer = sys.modules["conformance_run_dmn"]
    try:
        decision = _decisions(model).get(" ".join(node.split())) if kind == "decision" else None
    except DefinitionError as error:
        raise scorer.EvaluationError(error) from error
    if decision is None:
        raise scorer.EvaluationError(f"{kind} {node} cannot be read")
    environment = Environment(datetime.now(UTC))
    try:
        return decision.evaluate({name: _inward(value, scorer) for name, value in inputs.items()}, environment).value
    except (DecisionFailure, FeelFailure) as error:
        raise scorer.EvaluationError(error) from error


def _inward(value: Any, scorer: Any) -> Any:
    if isinstance(value, scorer.YearMonth):
        return YearsMonths(value.months)
    if isinstance(value, list):
        return [_inward(item, scorer) for item in value]
    if isinstance(value, dict):
        return {key: _inward(item, scorer) for key, item in value.items()}
    return value
