"""Extension functions: by name and signature, never Python objects (engine/feel/extensions.py)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine.feel import Environment, FeelSyntaxError, Function, Value, compile_expression
from engine.feel.extensions import EXTENSIONS, declare
from engine.feel.functions import BUILTINS

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def evaluated(source: str, run: Callable[..., Any], name: str = "working_days_after") -> Value:
    environment = Environment(NOW, functions={name: Function(name, ("from", "days"), run)})
    return compile_expression(source).evaluate({}, environment)


def later(day: date, days: Decimal) -> date:
    return day + timedelta(days=int(days))


def test_the_environment_brings_what_runs() -> None:
    assert evaluated("working_days_after(today(), 2)", later) == date(2026, 1, 3)
    assert evaluated("working_days_after(days: 2, from: today())", later) == date(2026, 1, 3)
    assert evaluated("for d in 1..2 return working_days_after(today(), d).day", later) == [Decimal(2), Decimal(3)]
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


@pytest.mark.parametrize("given", [Secret(), 1.5, [date(2026, 1, 1), Secret()], "2026-01-01", {"a": 1}])
def test_a_result_that_is_not_of_the_declared_type_is_null(given: object) -> None:
    assert evaluated("working_days_after(today(), 2)", lambda *_: given) is None


def test_a_result_holds_only_values_of_feel() -> None:
    declare("looked_up(key: string) -> list")
    run = EXTENSIONS["looked_up"].signatures[0].run
    given = Function("looked_up", ("key",), lambda _: [1, Secret(), {"a": Secret(), "b": (1, 2)}])
    found = run(Environment(NOW, functions={"looked_up": given}), "key")
    assert found == [Decimal(1), None, {"a": None, "b": [Decimal(1), Decimal(2)]}]
    del EXTENSIONS["looked_up"]


def test_no_extension_hides_a_function_of_the_standard() -> None:
    assert not EXTENSIONS.keys() & BUILTINS.keys()
