"""Functions on contexts (DMN 1.5 table 81)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from engine.feel import Value

D = Decimal
Evaluate = Callable[..., Value]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('get value({key1: "value1"}, "key1")', "value1"),
        ('get value({key1: "value1"}, "unexistent-key")', None),
        ('get value(m: {"a b": 1}, key: "a b")', D(1)),
        ("get value({a: 1}, null)", None),
        ('get value(null, "a")', None),
        ('get value({a: {b: 2}}, ["a", "b"])', D(2)),
        ('get value({a: 1}, ["a", "b"])', None),
        ('get value([{a: 1}], "a")', D(1)),
        ("get entries({key1: 1, key2: null})", [{"key": "key1", "value": D(1)}, {"key": "key2", "value": None}]),
        ("get entries(m: {})", []),
        ("get entries(null)", None),
        ("get entries(1)", None),
        ('get entries({key1: "value1"})[key = "key1"].value', ["value1"]),
        ('context([{key: "a", value: 1}, {key: "b", value: 2}])', {"a": D(1), "b": D(2)}),
        ('context(entries: [{key: "a", value: 1, else: 2}])', {"a": D(1)}),
        ('context([{key: "a", value: null}])', {"a": None}),
        ('context({key: "a", value: 1})', {"a": D(1)}),
        ("context([])", {}),
        ('context([{key: "a", value: 1}, {key: "b"}])', None),
        ("context([{value: 1}])", None),
        ("context([{key: 1, value: 1}])", None),
        ("context([{key: null, value: 1}])", None),
        ('context([{key: "a", value: 1}, {key: "a", value: 2}])', None),
        ("context([1])", None),
        ("context([null])", None),
        ("context(null)", None),
        ('context put({x: 1}, "y", 2)', {"x": D(1), "y": D(2)}),
        ('context put({x: 1, y: 0, z: 0}, "y", 2)', {"x": D(1), "y": D(2), "z": D(0)}),
        ('context put({x: 1}, ["y"], 2)', {"x": D(1), "y": D(2)}),
        ('context put({x: 1, y: {a: 0}}, ["y", "a"], 2)', {"x": D(1), "y": {"a": D(2)}}),
        ('context put({x: 1, y: {a: 0}}, ["y", "b", "c"], 2)', None),
        ('context put({x: 1}, ["x", "a"], 2)', None),
        ("context put({x: 1}, [], 2)", None),
        ("context put({x: 1}, null, 2)", None),
        ('context put({x: 1}, ["x", 1], 2)', None),
        ('context put(null, "x", 2)', None),
        ('context put(context: {}, key: "a", value: null)', {"a": None}),
        ('context put(context: {}, keys: ["a"], value: 1)', {"a": D(1)}),
        ('context put(context: {}, keys: "a", value: 1)', {"a": D(1)}),
        ('context put(context: {}, key: ["a", "b"], value: 1)', None),
        ("context merge([{x: 1}, {y: 2}])", {"x": D(1), "y": D(2)}),
        ("context merge(contexts: [{x: 1, y: 0}, {y: 2}])", {"x": D(1), "y": D(2)}),
        ("context merge({x: 1})", {"x": D(1)}),
        ("context merge([])", {}),
        ("context merge([{x: 1}, null])", None),
        ("context merge([{x: 1}, 1])", None),
        ("context merge(null)", None),
    ],
)
def test_contexts(evaluate: Evaluate, source: str, expected: Value) -> None:
    found = evaluate(source)
    assert found == expected
    assert type(found) is type(expected)


def test_an_entry_that_is_put_keeps_its_place_or_comes_last(evaluate: Evaluate) -> None:
    assert list(evaluate('context put({x: 1, y: 0, z: 0}, "y", 2)')) == ["x", "y", "z"]
    assert list(evaluate('context put({x: 1, y: 0}, "a", 2)')) == ["x", "y", "a"]
    assert list(evaluate("context merge([{x: 1, y: 0}, {z: 1, x: 2}])")) == ["x", "y", "z"]
