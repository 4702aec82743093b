"""Extension functions: by name and signature, never Python objects (engine/feel/extensions.py)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from engine.feel import Environment, FeelSyntaxError, Function, Value, compile_expression
from engine.feel.extensions import EXTENSIONS
from engine.feel.functions import BUILTINS

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def evaluated(source: str, run: Callable[..., Any], name: str = "working_days_after") -> Value:
    environment = Environment(NOW, functions={name: Function(name, ("from", "days"), run)})
    return compile_expression(source).evaluate({}, environment)


def test_the_environment_brings_what_runs() -> None:
    assert evaluated("working_days_after(today(), 2)", lambda day, days: [day, days]) == [date(2026, 1, 1), Decimal(2)]
    assert evaluated("working_days_after(days: 2, from: today())", lambda _, days: days) == Decimal(2)
    assert evaluated("every d in [1, 2] satisfies working_days_after(today(), d) = d", lambda _, days: days) is True
    assert compile_expression("working_days_after(today(), 2)").evaluate({}, Environment(NOW)) is None


@pytest.mark.parametrize(
    "source",
    [
        "working_days_after(1, 2)",
        'working_days_after(today(), "2")',
        "working_days_after(null, 2)",
        "working_days_after(today(), null)",
    ],
)
def test_arguments_of_another_type_never_reach_the_function(source: str) -> None:
    def run(*_arguments: Value) -> Value:
        raise AssertionError

    assert evaluated(source, run) is None


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("working_days_after(today())", "feel_argument_count"),
        ("working_days_after(today(), 1, 2)", "feel_argument_count"),
        ("working_days_after(from: today(), day: 2)", "feel_argument_name_similar"),
        ("working_day_after(today(), 1)", "feel_unknown_function_similar"),
        ("anything(1)", "feel_unknown_function"),
    ],
)
def test_wrong_calls_are_found_when_the_text_is_read(source: str, code: str) -> None:
    with pytest.raises(FeelSyntaxError) as caught:
        compile_expression(source)
    assert caught.value.code == code


def test_only_what_is_declared_can_be_brought() -> None:
    with pytest.raises(FeelSyntaxError):
        evaluated("open(1)", lambda _: 1, name="open")
    # a name that is bound may be called, but never means a function of the environment
    assert evaluated("[1][open(1) = 1]", lambda _: Decimal(1), name="open") == []


class Secret:
    """A Python object that an expression must not get hold of."""

    key = "secret"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (Secret(), None),
        (1.5, None),
        ([1, Secret(), {"a": Secret(), "b": (1, 2)}], [Decimal(1), None, {"a": None, "b": [Decimal(1), Decimal(2)]}]),
    ],
)
def test_a_result_that_is_no_value_of_feel_is_null(given: object, expected: Value) -> None:
    assert evaluated("working_days_after(today(), 2)", lambda *_: given) == expected


def test_no_extension_hides_a_function_of_the_standard() -> None:
    assert not EXTENSIONS.keys() & BUILTINS.keys()
