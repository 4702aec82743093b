"""One moment for all expressions, and a short way to evaluate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pytest

from engine.feel import Environment, Value, compile_expression

Evaluate = Callable[..., Value]


@pytest.fixture
def environment() -> Environment:
    return Environment(datetime(2026, 11, 21, 22, 30, tzinfo=UTC))


@pytest.fixture
def evaluate(environment: Environment) -> Evaluate:
    def run(source: str, variables: Mapping[str, Value] | None = None) -> Value:
        given = variables or {}
        return compile_expression(source, names=(*given, "due date")).evaluate(given, environment)

    return run
