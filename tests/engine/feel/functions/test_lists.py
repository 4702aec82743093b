"""Functions on lists (DMN 1.5 table 75) and sorting (§10.3.4.10)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest

from engine.data import YearsMonths
from engine.feel import FeelSyntaxError, Value

D = Decimal
Evaluate = Callable[..., Value]


def listed(*numbers: int | str) -> list[Decimal]:
    return [D(number) for number in numbers]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("list contains([1, 2, 3], 2)", True),
        ("list contains(list: [1, null], element: null)", True),
        ("list contains([1], null)", False),
        ("list contains([[1]], [1])", True),
        ('list contains([1], "1")', False),
        ("list contains(1, 1)", True),
        ("list contains(null, 1)", None),
        ("count([1, 2, 3])", D(3)),
        ("count([1, [2, 3]])", D(2)),
        ("count([null])", D(1)),
        ("count(null)", None),
        ("min([1, 2, 3])", D(1)),
        ("max(1, 2, 3)", D(3)),
        ("min(1)", D(1)),
        ("max([])", None),
        ("max(list: [1, 2])", D(2)),
        ('min("b", "a")', "a"),
        ('max([@"2026-01-01", @"2026-01-02"])', date(2026, 1, 2)),
        ('min(@"P1D", @"PT1H")', timedelta(hours=1)),
        ("min([1, null])", None),
        ("max([null])", None),
        ('min(1, "a")', None),
        ("min(true, false)", None),
        ("min(null)", None),
        ("sum([1, 2, 3])", D(6)),
        ("sum(1, 2, 3)", D(6)),
        ("sum(1)", D(1)),
        ("sum([])", None),
        ("sum([1, null])", None),
        ('sum([1, "2"])', None),
        ("sum(null)", None),
        ('sum([@"P1Y", @"P2M"])', YearsMonths(14)),
        ("mean([1, 2, 3])", D(2)),
        ("mean(1, 2)", D("1.5")),
        ("mean([])", None),
        ("mean([1, null])", None),
        ("product([2, 3, 4])", D(24)),
        ("product(2, 3, 4)", D(24)),
        ("product([])", None),
        ("product([2, null])", None),
        ("median(8, 2, 5, 3, 4)", D(4)),
        ("median([6, 1, 2, 3])", D("2.5")),
        ("median([])", None),
        ("median([null])", None),
        ("stddev(2, 4, 7, 5)", D("2.081665999466132735282297706979931")),
        ("stddev([47])", None),
        ("stddev(47)", None),
        ("stddev([])", None),
        ("stddev([1, null])", None),
        ("mode(6, 3, 9, 6, 6)", listed(6)),
        ("mode([6, 1, 9, 6, 1])", listed(1, 6)),
        ("mode([])", []),
        ("mode([1, null])", None),
        ("mode([1, 1.0])", listed(1)),
        ("all([false, null, true])", False),
        ("all(true)", True),
        ("all([])", True),
        ("all(0)", None),
        ("all(true, null)", None),
        ("all(null)", None),
        ("any([false, null, true])", True),
        ("any(false)", False),
        ("any([])", False),
        ("any(0)", None),
        ("any([false, null])", None),
        ("any(list: [true])", True),
        ("sublist([4, 5, 6], 1, 2)", listed(4, 5)),
        ("sublist([4, 5, 6], -2)", listed(5, 6)),
        ("sublist(list: [4, 5, 6], start position: 3)", listed(6)),
        ("sublist([4, 5, 6], 0)", None),
        ("sublist([4, 5, 6], 4)", None),
        ("sublist([4, 5, 6], -4)", None),
        ("sublist([4, 5, 6], 2, 3)", None),
        ("sublist([4, 5, 6], 2, 0)", None),
        ("sublist([4, 5, 6], 1.5)", None),
        ("sublist([4, 5, 6], null)", None),
        ("append([1], 2, 3)", listed(1, 2, 3)),
        ("append([1], null)", [D(1), None]),
        ("append(1, 2)", listed(1, 2)),
        ("append([], [1])", [listed(1)]),
        ("concatenate([1, 2], [3])", listed(1, 2, 3)),
        ("concatenate([1], 2)", listed(1, 2)),
        ("concatenate([1], null)", None),
        ("concatenate([1], [null])", [D(1), None]),
        ("insert before([1, 3], 1, 2)", listed(2, 1, 3)),
        ("insert before([1, 3], -1, 2)", listed(1, 2, 3)),
        ("insert before(list: [1], position: 1, newItem: null)", [None, D(1)]),
        ("insert before([1], 2, 2)", None),
        ("insert before([], 1, 1)", None),
        ("insert before([1], 0, 2)", None),
        ("remove([1, 2, 3], 2)", listed(1, 3)),
        ("remove(list: [1, 2, 3], position: -1)", listed(1, 2)),
        ("remove([1], 2)", None),
        ("remove([1], 0)", None),
        ("list replace([2, 4, 7, 8], 3, 6)", listed(2, 4, 6, 8)),
        ("list replace([2, 4, 7, 8], -1, null)", [*listed(2, 4, 7), None]),
        ("list replace([2, 4, 7, 8], function(item, newItem) item < newItem, 5)", listed(5, 5, 7, 8)),
        ("list replace(list: [1, 2], match: function(a, b) a = 2, newItem: 0)", listed(1, 0)),
        ("list replace(list: [1, 2], position: 1, newItem: 0)", listed(0, 2)),
        ("list replace(list: [1, 2], match: 1, newItem: 0)", None),
        ("list replace([1, 2], function(a) true, 0)", None),
        ("list replace([1, 2], function(a, b) null, 0)", None),
        ("list replace([], function(a, b) true, 0)", []),
        ("list replace([1], 2, 0)", None),
        ('list replace([1], "1", 0)', None),
        ("reverse([1, 2, 3])", listed(3, 2, 1)),
        ("reverse([])", []),
        ("reverse(null)", None),
        ("index of([1, 2, 3, 2], 2)", listed(2, 4)),
        ("index of([1, null], null)", listed(2)),
        ("index of(list: [], match: 1)", []),
        ("index of(null, 1)", None),
        ("union([1, 2], [2, 3])", listed(1, 2, 3)),
        ("union([1, null], [null])", [D(1), None]),
        ("union([1], null)", None),
        ("distinct values([1, 2, 3, 2, 1])", listed(1, 2, 3)),
        ("distinct values([null, null, 1, true, true])", [None, D(1), True]),
        ('distinct values(["1", 1, {a: 1}, {a: 1.0}])', ["1", D(1), {"a": D(1)}]),
        ("distinct values(1)", listed(1)),
        ("flatten([[1, 2], [[3]], 4])", listed(1, 2, 3, 4)),
        ("flatten([[], [[]], null])", [None]),
        ("flatten([{a: [1]}])", [{"a": listed(1)}]),
        ("sort(list: [3, 1, 4, 5, 2], precedes: function(x, y) x < y)", listed(1, 2, 3, 4, 5)),
        ("sort([], function(x, y) x < y)", []),
        ("sort([{a: 2, b: 1}, {a: 1, b: 2}, {a: 1, b: 3}], function(x, y) x.a < y.a).b", listed(2, 3, 1)),
        ("sort([1], function(x) true)", None),
        ("sort([1, 2], 3)", None),
    ],
)
def test_lists(evaluate: Evaluate, source: str, expected: Value) -> None:
    found = evaluate(source)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    "source",
    [
        *(
            "list contains([1])",
            "count()",
            "count([1], [2])",
            "sublist([1])",
            "sublist([1], 1, 1, 1)",
            "append()",
            "remove([1])",
        ),
        *(
            "insert before([1], 1)",
            "reverse()",
            "reverse([1], [2])",
            "index of([1])",
            "distinct values()",
            "flatten([1], [2])",
        ),
        *("count(lst: [1])", "sublist(list: [1])", "remove(list: [1], pos: 1)", "list replace([1], 1)"),
    ],
)
def test_a_wrong_number_of_arguments_is_found_when_the_expression_is_read(evaluate: Evaluate, source: str) -> None:
    with pytest.raises(FeelSyntaxError):
        evaluate(source)
