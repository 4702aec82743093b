"""Cells of decision tables in the words of the person's language, where they are plain enough; else None, and FEEL itself is shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from engine import clock
from engine.feel import Budget, Environment, FeelError, Value, call_builtin, compile_expression, compile_unary_tests
from engine.feel.tree import Call, Constant, Name, Negation, Node, RangeLiteral, Test, Tests
from web import auth
from web.ui import shown, t

_OPERATORS: Final[Mapping[str, str]] = {"<": "less", "<=": "at_most", ">": "more", ">=": "at_least"}
_LITERALS: Final = frozenset({"date", "time", "date and time", "duration"})
_LISTED: Final = 12
"""Values of one cell in words; a longer list is read faster as it stands."""


def condition(source: str) -> str | None:
    """What a cell of an input asks: ``<= 5000`` is *at most 5,000*."""
    try:
        tree = compile_unary_tests(source or "-").tree
    except FeelError:
        return None
    if not isinstance(tree, Tests) or len(tree.tests) > _LISTED:
        return None
    if not tree.tests:
        return t("web.rule.any")
    words = [_test(each) for each in tree.tests]
    if None in words:
        return None
    text = t("web.rule.or").join(each for each in words if each)
    return t("web.rule.not", text=text) if tree.is_negated else text


def conclusion(source: str) -> str | None:
    """What a cell of an output says: a value as people write it."""
    if not source:
        return t("web.rule.nothing")
    try:
        return _plain(compile_expression(source).tree)
    except FeelError:
        return None


def _test(test: Test) -> str | None:
    if test.uses_input:
        return None
    if isinstance(test.operand, RangeLiteral) and test.operator is None:
        return _range(test.operand)
    if test.operator is None or test.operator == "=":
        return _plain(test.operand)
    return _compared(test.operator, test.operand)


def _range(node: RangeLiteral) -> str | None:
    low = None if node.start is None else _compared(">=" if node.start_included else ">", node.start)
    high = None if node.end is None else _compared("<=" if node.end_included else "<", node.end)
    if low is None or high is None:
        return None
    if node.start_included and node.end_included and node.start is not None and node.end is not None:
        return t("web.rule.between", low=_plain(node.start), high=_plain(node.end))
    return t("web.rule.and", low=low, high=high)


def _compared(operator: str, node: Node) -> str | None:
    value, word = _value(node), _OPERATORS.get(operator)
    if word is None or not isinstance(value, Decimal | date):
        return None
    return t(f"web.rule.{word}{'.day' if isinstance(value, date) else ''}", value=shown(value))


def _plain(node: Node) -> str | None:
    """A literal as people write it."""
    if isinstance(node, Constant) and node.value is None:
        return t("web.rule.nothing")
    if isinstance(node, Constant) and isinstance(node.value, str):
        return t("web.rule.text", text=node.value)
    value = _value(node)
    return None if value is None else shown(value)


def _value(node: Node) -> Value:
    """The value of a literal; None for everything else."""
    if isinstance(node, Constant):
        return node.value
    if isinstance(node, Negation) and isinstance(node.operand, Constant) and isinstance(node.operand.value, Decimal):
        return -node.operand.value
    if (
        isinstance(node, Call)
        and isinstance(node.function, Name)
        and node.function.name in _LITERALS
        and not node.names
    ):
        given = [each.value for each in node.arguments if isinstance(each, Constant)]
        if len(given) == len(node.arguments) == 1:
            environment = Environment(now=clock.now(), zone=auth.runtime().zone)
            return call_builtin(node.function.name, given, environment, Budget())
    return None
