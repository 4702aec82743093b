"""Nothing that is written in an expression reaches Python, or costs more than the bounds."""

from __future__ import annotations

from time import process_time

import pytest

from engine.feel import Budget, Environment, FeelFailure, FeelSyntaxError, Function, compile_expression
from engine.feel.operations import MAX_STEPS
from tests.engine.feel.attacks import CONTEXT, HARMLESS, LARGE, REFUSED, TOO_MUCH


@pytest.mark.parametrize("source", HARMLESS)
def test_harmless(environment: Environment, source: str) -> None:
    budget = Budget()
    assert compile_expression(source).evaluate(CONTEXT, environment, budget) == HARMLESS[source]
    assert budget.spent <= MAX_STEPS


@pytest.mark.parametrize("source", LARGE)
def test_large_but_within_the_bounds(environment: Environment, source: str) -> None:
    budget = Budget()
    assert compile_expression(source).evaluate(CONTEXT, environment, budget) is not None
    assert budget.spent <= MAX_STEPS


@pytest.mark.parametrize("source", TOO_MUCH)
def test_work_is_bounded(environment: Environment, source: str) -> None:
    start = process_time()
    with pytest.raises(FeelFailure) as caught:
        compile_expression(source).evaluate(CONTEXT, environment)
    assert caught.value.code == TOO_MUCH[source]
    # counted steps bound the work; the generous seconds only show that the count is a fair one
    assert process_time() - start < 10


@pytest.mark.parametrize("source", REFUSED)
def test_refused_when_read(source: str) -> None:
    start = process_time()
    with pytest.raises(FeelSyntaxError) as caught:
        compile_expression(source)
    assert caught.value.code == REFUSED[source]
    assert 0 <= caught.value.position <= caught.value.position + caught.value.length <= max(len(source), 10_000)
    assert process_time() - start < 10


@pytest.mark.parametrize(
    "source", ["1" + "+1" * 4900, "a" + ".a" * 4900, "true" + " and true" * 1000, "if true then 1 else " * 450 + "2"]
)
def test_long_is_not_deep(environment: Environment, source: str) -> None:
    compile_expression(source).evaluate(CONTEXT, environment)


def test_what_a_function_value_holds_cannot_be_read(environment: Environment) -> None:
    found = compile_expression("{f: function(n) n, a: f.frame, b: f.run, c: get entries(f)}").evaluate({}, environment)
    assert isinstance(found["f"], Function)
    assert (found["a"], found["b"], found["c"]) == (None, None, None)
