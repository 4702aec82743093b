"""Printing and parsing are inverse, for trees and for values."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from engine.feel import Environment, Value, compile_expression, printed, printed_value, tree
from engine.feel.functions import BUILTINS
from engine.feel.parser import Parser
from engine.feel.printer import same
from tests.engine.feel.strategies import NAMES, trees, unary_tests, values

SLOW = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
SHORT = settings(SLOW, max_examples=60)


def parsed(source: str) -> tree.Node:
    return Parser(source, NAMES, BUILTINS).whole_expression()


@SHORT
@given(trees)
def test_a_printed_tree_is_read_as_it_was(node: tree.Node) -> None:
    text = printed(node, names=NAMES)
    assert same(parsed(text), node), text
    assert len(text.splitlines()) <= 1
    assert printed(parsed(text), names=NAMES) == text


@SHORT
@given(unary_tests)
def test_printed_tests_are_read_as_they_were(tests: tree.Tests) -> None:
    text = printed(tests, names=NAMES)
    assert same(Parser(text, NAMES, BUILTINS).whole_tests(), tests), text


@given(values)
def test_a_printed_value_gives_the_value(value: Value) -> None:
    text = printed_value(value)
    found = compile_expression(text).evaluate({}, Environment(None))  # type: ignore[arg-type]
    assert found == value
    assert type(found) is type(value)
    assert len(text.splitlines()) == 1


@pytest.mark.long
@settings(SLOW, max_examples=4000)
@given(trees, unary_tests)
def test_many_printed_trees_are_read_as_they_were(node: tree.Node, tests: tree.Tests) -> None:
    assert same(parsed(printed(node, names=NAMES)), node)
    assert same(Parser(printed(tests, names=NAMES), NAMES, BUILTINS).whole_tests(), tests)
