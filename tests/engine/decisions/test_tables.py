"""What a decision table gives under each hit policy (DMN 1.5 §8.2.10–11)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine.decisions import Decision, DecisionFailure, read_decisions
from engine.errors import EngineError
from engine.feel import Environment, Value

D = Decimal
Make = Callable[..., Any]

OVERLAPPING = [("> 10", '"low"'), ("> 100", '"high"'), ("> 1000", '"low"')]
ORDERED = ("level", '"high", "low"')


@pytest.fixture
def read(file: Make, decision: Make, table: Make) -> Make:
    def make(*arguments: Any, **named: Any) -> Decision:
        return read_decisions(file(decision(table(*arguments, **named))), "t.dmn")["decide"]

    return make


def test_a_threshold_asks_for_approval(read: Make, environment: Environment) -> None:
    found = read([("<= 1000", "false"), ("> 1000", "true")])
    assert found.inputs == ("amount",)
    assert found.outputs == ("decide",)
    low, high = (found.evaluate({"amount": D(amount)}, environment) for amount in (1000, 1001))
    assert (low.value, low.rules, low.inputs) == (False, ("r1",), {"amount": D(1000)})
    assert (high.value, high.rules) == (True, ("r2",))
    assert found.evaluate({}, environment).value is None


@pytest.mark.parametrize(
    ("policy", "aggregation", "amount", "expected", "rules"),
    [
        ("FIRST", None, 2000, "low", ("r1",)),
        ("UNIQUE", None, 50, "low", ("r1",)),
        (None, None, 50, "low", ("r1",)),
        ("PRIORITY", None, 2000, "high", ("r1", "r2", "r3")),
        ("RULE ORDER", None, 2000, ["low", "high", "low"], ("r1", "r2", "r3")),
        ("OUTPUT ORDER", None, 2000, ["high", "low", "low"], ("r1", "r2", "r3")),
        ("COLLECT", None, 2000, ["low", "high", "low"], ("r1", "r2", "r3")),
        ("COLLECT", "COUNT", 2000, D(3), ("r1", "r2", "r3")),
        ("COLLECT", "COUNT", 1, D(0), ()),
        ("COLLECT", None, 1, [], ()),
        ("RULE ORDER", None, 1, [], ()),
        ("FIRST", None, 1, None, ()),
        ("UNIQUE", None, 1, None, ()),
    ],
)
def test_hit_policies(
    *,
    read: Make,
    environment: Environment,
    policy: str | None,
    aggregation: str | None,
    amount: int,
    expected: Value,
    rules: tuple[str, ...],
) -> None:
    found = read(OVERLAPPING, outputs=[ORDERED], policy=policy, aggregation=aggregation)
    result = found.evaluate({"amount": D(amount)}, environment)
    assert (result.value, result.rules) == (expected, rules)


@pytest.mark.parametrize(("aggregation", "expected"), [("SUM", D(6)), ("MIN", D(1)), ("MAX", D(3)), ("COUNT", D(3))])
def test_aggregations(read: Make, environment: Environment, aggregation: str, expected: Decimal) -> None:
    found = read([("> 0", "1"), ("-", "amount - 48"), ("< 100", "3")], policy="COLLECT", aggregation=aggregation)
    assert found.evaluate({"amount": D(50)}, environment).value == expected


@pytest.mark.parametrize(
    ("policy", "code"), [("UNIQUE", "decision_several_rules"), ("ANY", "decision_different_results")]
)
def test_contradictions_are_failures(read: Make, environment: Environment, policy: str, code: str) -> None:
    found = read(OVERLAPPING, policy=policy)
    with pytest.raises(DecisionFailure) as caught:
        found.evaluate({"amount": D(500)}, environment)
    assert caught.value.code == code
    assert caught.value.facts["rules"] == "r1, r2"
    assert isinstance(caught.value, EngineError)


def test_any_takes_equal_results(read: Make, environment: Environment) -> None:
    found = read([("> 10", "1 + 1"), ("> 100", "2.0")], policy="ANY")
    assert found.evaluate({"amount": D(500)}, environment).value == D(2)


def test_several_outputs_are_a_context(read: Make, environment: Environment) -> None:
    found = read(
        [('"FR"', "> 10", '"a"', "1"), ("-", "-", '"b"', "")],
        inputs=["country", "n"],
        outputs=["x", "y"],
        policy="FIRST",
    )
    assert found.outputs == ("x", "y")
    assert found.evaluate({"country": "FR", "n": D(11)}, environment).value == {"x": "a", "y": D(1)}
    assert found.evaluate({"country": "DE", "n": D(11)}, environment).value == {"x": "b", "y": None}


def test_defaults_speak_when_no_rule_does(read: Make, environment: Environment) -> None:
    found = read([("> 10", '"a"')], default='"none"')
    assert found.evaluate({"amount": D(1)}, environment).value == "none"


def test_an_input_outside_its_values_is_a_failure(read: Make, environment: Environment) -> None:
    found = read([("> 10", '"a"'), ("-", '"b"')], policy="FIRST", allowed="[0..100]")
    assert found.evaluate({"amount": D(50)}, environment).value == "a"
    assert found.evaluate({"amount": None}, environment).value == "b"
    with pytest.raises(DecisionFailure) as caught:
        found.evaluate({"amount": D(101)}, environment)
    assert caught.value.facts == {"input": "amount", "value": "101", "allowed": "[0..100]"}


def test_inputs_are_expressions_and_cells_see_variables(read: Make, environment: Environment) -> None:
    found = read([("> limit", "amount - limit"), ("-", "0")], inputs=["sum(lines.price)"], policy="FIRST")
    given = {"lines": [{"price": D(3)}, {"price": D(4)}], "limit": D(5), "amount": D(9)}
    assert set(found.inputs) == {"lines", "limit", "amount"}
    result = found.evaluate(given, environment)
    assert (result.value, result.inputs) == (D(4), {"sum(lines.price)": D(7)})


def test_a_hundred_rules_find_the_one(read: Make, environment: Environment) -> None:
    rows = [(f"[{n * 10}..{n * 10 + 10})", '"FR","DE"' if n % 2 else 'not("FR")', str(n)) for n in range(100)]
    found = read(rows, inputs=["amount", "country"], policy="UNIQUE")
    for n in range(100):
        country = "FR" if n % 2 else "IT"
        result = found.evaluate({"amount": D(n * 10 + 3), "country": country}, environment)
        assert (result.value, result.rules) == (D(n), (f"r{n + 1}",))
    assert found.evaluate({"amount": D(3), "country": "FR"}, environment).value is None


def test_a_missing_input_meets_no_condition_on_it(read: Make, environment: Environment) -> None:
    found = read(
        [("? > 10", '"high"'), ("? <= 10 and ? > 0", '"low"'), ("null", '"none"'), ("not(? > 3)", '"odd"')],
        policy="RULE ORDER",
    )
    assert found.evaluate({"amount": None}, environment).value == ["none"]
    assert found.evaluate({"amount": D(11)}, environment).value == ["high"]


@pytest.mark.parametrize(
    ("aggregation", "cells", "expected"),
    [
        ("MIN", ['"b"', '"a"'], "a"),
        ("MAX", ['"b"', '"a"'], "b"),
        ("MIN", ['date("2026-01-02")', 'date("2026-01-01")'], date(2026, 1, 1)),
        ("MAX", ['duration("P1D")', 'duration("PT25H")'], timedelta(hours=25)),
        ("SUM", ['duration("P1D")', 'duration("PT1H")'], timedelta(hours=25)),
        ("SUM", ['"a"', '"b"'], None),
        ("MIN", ["1", '"a"'], None),
        ("COUNT", ["1", "1"], D(2)),
        ("COUNT", ["null", "1"], D(2)),
    ],
)
def test_aggregations_of_other_kinds(
    *, read: Make, environment: Environment, aggregation: str, cells: list[str], expected: Value
) -> None:
    found = read([("-", cell) for cell in cells], policy="COLLECT", aggregation=aggregation)
    assert found.evaluate({}, environment).value == expected


@pytest.mark.parametrize("aggregation", ["SUM", "MIN", "MAX"])
def test_nothing_to_aggregate_is_null(read: Make, environment: Environment, aggregation: str) -> None:
    found = read([("> 10", "1")], policy="COLLECT", aggregation=aggregation)
    assert found.evaluate({"amount": D(1)}, environment).value is None


def test_priority_looks_at_the_first_output_first(read: Make, environment: Environment) -> None:
    rows = [("-", '"b"', '"y"'), ("-", '"a"', '"z"'), ("-", '"a"', '"y"'), ("-", '"unlisted"', '"x"')]
    outputs = [("one", '"a", "b"'), ("two", '"x", "y", "z"')]
    found = read(rows, outputs=outputs, policy="PRIORITY")
    assert found.evaluate({}, environment).value == {"one": "a", "two": "y"}
    ordered = read(rows, outputs=outputs, policy="OUTPUT ORDER").evaluate({}, environment).value
    assert [(each["one"], each["two"]) for each in ordered] == [("a", "y"), ("a", "z"), ("b", "y"), ("unlisted", "x")]


def test_equal_priority_keeps_the_order_of_the_rows(read: Make, environment: Environment) -> None:
    rows = [("-", '"a"', "1"), ("-", '"b"', "2"), ("-", '"a"', "3")]
    ordered = read(rows, outputs=[("one", '"b", "a"'), "two"], policy="OUTPUT ORDER").evaluate({}, environment).value
    assert [each["two"] for each in ordered] == [D(2), D(1), D(3)]


@pytest.mark.parametrize("cell", ["{a: 1, b: [2, null]}", "[1, {c: null}]", "null", 'date("2026-01-01")'])
def test_any_compares_whole_values(read: Make, environment: Environment, cell: str) -> None:
    found = read([("-", cell, "1"), ("-", f"if true then {cell} else 0", "1.0")], outputs=["x", "y"], policy="ANY")
    assert found.evaluate({}, environment).rules == ("r1", "r2")


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("UNIQUE", D(7)), ("FIRST", D(7)), ("ANY", D(7)), ("COLLECT", D(7)), ("RULE ORDER", D(7)), (None, D(7))],
)
def test_a_default_stands_in_under_every_policy(
    read: Make, environment: Environment, policy: str | None, expected: Value
) -> None:
    found = read([("> 10", "1")], policy=policy, default="limit + 2")
    result = found.evaluate({"amount": D(1), "limit": D(5)}, environment)
    assert (result.value, result.rules) == (expected, ())
    assert "limit" in found.inputs


def test_tables_without_rules_or_inputs(read: Make, environment: Environment) -> None:
    assert read([]).evaluate({"amount": D(1)}, environment).value is None
    assert read([], policy="COLLECT").evaluate({"amount": D(1)}, environment).value == []
    assert read([("1",)], inputs=[]).evaluate({}, environment).value == D(1)
    assert read([("1",), ("2",)], inputs=[], policy="RULE ORDER").evaluate({}, environment).value == [D(1), D(2)]


def test_several_outputs_collected_are_contexts(read: Make, environment: Environment) -> None:
    found = read([("-", "1", "2"), ("-", "3", "4")], outputs=["x", "y"], policy="COLLECT")
    assert found.evaluate({}, environment).value == [{"x": D(1), "y": D(2)}, {"x": D(3), "y": D(4)}]
