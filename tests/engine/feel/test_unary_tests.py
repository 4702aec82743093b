"""Unary tests: the cells of decision tables (DMN 1.5 §7.3.3)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from engine.feel import Budget, Environment, Grid, Value, compile_unary_tests

D = Decimal


@pytest.mark.parametrize(
    ("tests", "value", "expected"),
    [
        ("-", None, True),
        ("-", D(1), True),
        ("5", D(5), True),
        ("5", D(6), False),
        ("5", "5", False),
        ("-5", D(-5), True),
        ("< 5", D(4), True),
        (">= 5", D(5), True),
        (">= 5", None, False),
        ("= 5", D(5), True),
        ("!= 5", D(5), False),
        ("[1..5)", D(5), False),
        ("(1..5]", D(5), True),
        ("]1..5[", D(1), False),
        ("1, 2, > 10", D(11), True),
        ("1, 2, > 10", D(3), False),
        ('"a", "b"', "b", True),
        ('"a", "b"', None, False),
        ('not("a", "b")', "c", True),
        ('not("a", "b")', "a", False),
        ('not("a")', None, True),
        ("not(> 5)", D(3), True),
        ("not(> 5)", None, False),
        ("null", None, True),
        ("null", D(1), False),
        ("true", True, True),
        ("true", False, False),
        ("true", None, False),
        ("false", False, True),
        ("not(true)", False, True),
        ('date("2026-01-01")', date(2026, 1, 1), True),
        ('[date("2026-01-01")..date("2026-01-31")]', date(2026, 1, 15), True),
        ("limit", D(10), True),
        ("> limit * 2", D(21), True),
        ("allowed", "FR", True),
        ("[1..limit]", D(7), True),
        ("? > limit and ? < 20", D(11), True),
        ('starts with(?, "F")', "FR", True),
        ("count(?) > 1", [D(1), D(2)], True),
        ("[1, 2]", D(2), True),
        ("[1..nothing]", D(2), False),
        ("not(?)", False, True),
        ("even(?)", D(3), False),
    ],
)
def test_matches(environment: Environment, tests: str, value: Value, expected: bool) -> None:
    context = {"limit": D(10), "allowed": ["FR", "MC"], "nothing": None}
    assert compile_unary_tests(tests, names=context).matches(value, context, environment) is expected


def test_variables_of_tests() -> None:
    assert compile_unary_tests("> limit, ? < other").variables == {"limit", "other"}


def test_listed_values() -> None:
    assert [each.evaluate({}, None) for each in compile_unary_tests('"b", "a"').values()] == ["b", "a"]  # type: ignore[arg-type]
    assert compile_unary_tests("> 5").values() == ()
    assert compile_unary_tests('not("a")').values() == ()


def test_a_grid_finds_the_rows_that_all_hold(environment: Environment) -> None:
    rows = [('"FR"', "> 10"), ('not("FR", "MC")', "-"), ("-", "<= 10"), ('"DE", "FR"', "[5..15]"), ("null", "null")]
    tests = [tuple(compile_unary_tests(cell) for cell in row) for row in rows]
    grid = Grid(tests)
    values: list[tuple[Value, Value]] = [
        (country, amount)
        for country in ("FR", "MC", "DE", "XX", None, D(1))
        for amount in (D(4), D(10), D(12), None, "x")
    ]
    for given in values:
        expected = [
            index
            for index, row in enumerate(tests)
            if all(cell.matches(value, {}, environment) for cell, value in zip(row, given, strict=True))
        ]
        assert grid.matching(given, {}, environment, Budget()) == expected


def test_an_empty_grid_has_no_rows(environment: Environment) -> None:
    assert Grid([]).matching((), {}, environment, Budget()) == []
