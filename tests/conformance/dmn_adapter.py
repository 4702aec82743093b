"""The seam between our decisions and the scorer of the DMN Technology Compatibility Kit (``evaluate``)."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from engine.data import YearsMonths
from engine.decisions import Decision, DecisionFailure, DecisionModel, Service
from engine.decisions.reader import read_file
from engine.errors import DefinitionError
from engine.feel import Environment, FeelFailure

Named = TypeVar("Named", Decision, Service)


@lru_cache(maxsize=8)
def _model(path: Path) -> DecisionModel:
    others = {each.name: each.read_bytes() for each in path.parent.glob("*.dmn") if each != path}
    found, _ = read_file(path.read_bytes(), path.name, others=others)
    return found


def evaluate(model: Path, kind: str, node: str, inputs: dict[str, Any]) -> Any:
    """What the decision or service ``node`` gives. Raises the scorer's EvaluationError where it cannot be taken."""
    scorer = sys.modules["conformance_run_dmn"]
    name = " ".join(node.split())
    variables = {key: _inward(value, scorer) for key, value in inputs.items()}
    environment = Environment(datetime.now(UTC))
    try:
        found = _model(model)
        if kind == "decisionService":
            service = _named(found.services, name)
            return service.evaluate(variables, environment, is_strict=False)
        return _named(found.decisions, name).evaluate(variables, environment, is_strict=False).value
    except (DefinitionError, DecisionFailure, FeelFailure, LookupError) as error:
        raise scorer.EvaluationError(error) from error


def _named(elements: Mapping[str, Named], name: str) -> Named:
    """The element of that name. Raises LookupError when there is none that can be run."""
    for each in elements.values():
        if each.name == name:
            return each
    raise LookupError(f"{name} cannot be read")


def _inward(value: Any, scorer: Any) -> Any:
    if isinstance(value, scorer.YearMonth):
        return YearsMonths(value.months)
    if isinstance(value, list):
        return [_inward(item, scorer) for item in value]
    if isinstance(value, dict):
        return {key: _inward(item, scorer) for key, item in value.items()}
    return value
