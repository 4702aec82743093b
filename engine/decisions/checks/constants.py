"""What a cell asks, as far as it can be known without running the process: the constants at which its answer may change.

A cell that reads nothing but the tested value and constants, and only compares them, answers the same for all values between two
neighbouring constants. That is all that the checks take from the syntax tree: the answer itself is always that of the compiled cell.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from engine.data import YearsMonths
from engine.feel import Expression, Range, UnaryTests, Value
from engine.feel.compiler import Compiler
from engine.feel.tree import (
    Between,
    Call,
    Comparison,
    Constant,
    In,
    Junction,
    ListLiteral,
    Name,
    Node,
    Path,
    Test,
    Tests,
)

_TESTED = "?"


class _Opaque(Exception):
    """The answer depends on more than constants."""


def constants_of(cell: UnaryTests) -> tuple[Value, ...] | None:
    """The constants that ``cell`` compares with; None when its answer depends on more (variables, functions, the present day)."""
    if cell.variables or not isinstance(cell.tree, Tests):
        return None
    try:
        return tuple(_of_tests(cell.tree))
    except _Opaque:
        return None


def constant_of(expression: Expression) -> tuple[Value] | None:
    """The value of an expression that is the same in every run, in a tuple of its own since null is a value; else None."""
    if expression.variables or not isinstance(expression.tree, Node):
        return None
    try:
        return (_value(expression.tree),)
    except _Opaque:
        return None


def path_of(expression: Expression) -> tuple[str, ...] | None:
    """``order.amount`` as its names, when an expression is nothing but a variable or a path into one; else None."""
    tree = expression.tree
    if isinstance(tree, Name):
        return (tree.name,)
    if isinstance(tree, Path) and isinstance(tree.source, Name):
        return (tree.source.name, *tree.names)
    return None


def counts(expression: Expression) -> bool:
    """Whether an expression can give whole numbers from 0 only."""
    tree = expression.tree
    return (
        isinstance(tree, Call) and isinstance(tree.function, Name) and tree.function.name in ("count", "string length")
    )


def _of_tests(tests: Tests) -> Iterator[Value]:
    for test in tests.tests:
        yield from _of_test(test)


def _of_test(test: Test) -> Iterator[Value]:
    if test.operator is not None:
        yield from _compared(test.operand, is_ordered=test.operator not in ("=", "!="))
    elif test.uses_input:
        yield from _of_condition(test.operand)
    else:
        yield from _listed(test.operand)


def _compared(node: Node, *, is_ordered: bool) -> Iterator[Value]:
    value = _value(node)
    if isinstance(value, list | dict) or (is_ordered and isinstance(value, str)):
        # lists and contexts have no axis; texts are told apart but not put in order
        raise _Opaque
    yield from _plain(value)


def _listed(node: Node) -> Iterator[Value]:
    value = _value(node)
    for each in value if isinstance(value, list) else [value]:
        yield from _plain(each)


def _plain(value: Value) -> Iterator[Value]:
    if isinstance(value, Range):
        if isinstance(value.start, str) or isinstance(value.end, str):
            raise _Opaque
        yield from (end for end in (value.start, value.end) if end is not None)
    elif value is None or type(value) in _KINDS:
        if type(value) is time and value.tzinfo is not None:
            raise _Opaque
        yield value
    else:
        raise _Opaque


_KINDS = (Decimal, str, bool, date, datetime, time, timedelta, YearsMonths)


def _of_condition(node: Node) -> Iterator[Value]:
    """A condition on ``?``."""
    if isinstance(node, Junction):
        for operand in node.operands:
            yield from _of_condition(operand)
    elif isinstance(node, Comparison):
        is_ordered = node.operator not in ("=", "!=")
        if _is_tested(node.left):
            yield from _compared(node.right, is_ordered=is_ordered)
        elif _is_tested(node.right):
            yield from _compared(node.left, is_ordered=is_ordered)
        else:
            raise _Opaque
    elif isinstance(node, Between) and _is_tested(node.value):
        yield from _compared(node.low, is_ordered=True)
        yield from _compared(node.high, is_ordered=True)
    elif isinstance(node, In) and _is_tested(node.value):
        yield from _of_tests(node.tests)
    elif (
        isinstance(node, Call)
        and isinstance(node.function, Name)
        and node.function.name == "not"
        and len(node.arguments) == 1
    ):
        yield from _of_condition(node.arguments[0])
    else:
        raise _Opaque


def _is_tested(node: Node) -> bool:
    return isinstance(node, Name) and node.name == _TESTED


def _value(node: Node) -> Value:
    """The value of a tree without variables, if it is written down and not computed. Raises _Opaque."""
    found = Compiler().simplified(node)
    if isinstance(found, Constant):
        return found.value
    if isinstance(found, ListLiteral):
        return [_value(item) for item in found.items]
    raise _Opaque
