"""Why an expression gave null: the innermost part of it that is null although all that it works on has a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.feel import Budget, Environment, Expression, FeelError, Value, compile_expression, printed
from engine.feel.tree import (
    Call,
    Chain,
    Constant,
    ContextLiteral,
    Filter,
    For,
    FunctionLiteral,
    If,
    In,
    Node,
    Quantified,
    children,
)

_LONGEST_CHAIN = 20


def first_null(expression: Expression, context: Mapping[str, Value], environment: Environment) -> Node | None:
    """The part to blame for the null of ``expression``; None when nothing can be said, or it asks for null itself."""
    search = _Search(expression, context, environment)
    node = expression.tree
    try:
        while (beneath := search.null_beneath(node)) is not None:
            node = beneath
    except FeelError:
        # a part that cannot stand alone, or is too much work to ask again
        return None
    return None if isinstance(node, Constant) else node


class _Search:
    """Evaluates parts of one expression within one budget."""

    def __init__(self, expression: Expression, context: Mapping[str, Value], environment: Environment) -> None:
        self._names = expression.names
        self._context = context
        self._environment = environment
        self._budget = Budget()

    def null_beneath(self, node: Node) -> Node | None:
        """The first part directly below ``node`` that is null and makes ``node`` null."""
        return next((each for each in self._parts(node) if self._value(each) is None), None)

    def _value(self, node: Node) -> Value:
        part = compile_expression(printed(node, names=self._names), names=self._names)
        self._budget.spend(part.cost)
        return part.evaluate(self._context, self._environment, self._budget)

    def _parts(self, node: Node) -> tuple[Node, ...]:
        """What ``node`` works on and what sees the same variables as it."""
        if isinstance(node, If):
            return (next((value for test, value in node.branches if self._value(test) is True), node.otherwise),)
        if isinstance(node, For | Quantified):
            return (node.iterations[0].source,)
        if isinstance(node, Filter):
            return (node.source,)
        if isinstance(node, In):
            return (node.value,)
        if isinstance(node, Call):
            return node.arguments
        if isinstance(node, Chain) and 1 < len(node.rest) <= _LONGEST_CHAIN:
            # a + b + c: what is wrong may lie between the first two
            return (*children(node), replace(node, rest=node.rest[:-1]))
        return () if isinstance(node, ContextLiteral | FunctionLiteral) else tuple(children(node))
