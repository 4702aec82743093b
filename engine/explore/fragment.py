"""What a condition asks of its variables, read from its tree: which paths, and against which constants.

*Plain* conditions compare one path with constants (``=``, ``<``, ``between``, ``in``), or are a boolean path, joined by ``and``, ``or``,
``not``. Their answer depends only on which side of the constants a value lies, so that finitely many *candidates* stand for all values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise

from engine.data import YearsMonths
from engine.decisions.decision import Decision
from engine.decisions.table import Table
from engine.feel import Environment, Expression, FeelError, UnaryTests, Value
from engine.feel import tree as feel
from engine.feel.compiler import Compiler
from engine.feel.functions import BUILTINS

ENVIRONMENT = Environment(now=datetime(2026, 1, 1, tzinfo=UTC))
"""Of what is evaluated while proving; whatever asks for the clock is not evaluated."""
_OF_THE_CLOCK = frozenset({"now", "today"})
_COUNTERS = {"loopCounter", "numberOfInstances", "numberOfActiveInstances", "numberOfCompletedInstances"}
NOT_FOLLOWED = frozenset(_COUNTERS | {"numberOfTerminatedInstances", "activationCount", "waitingForStart", "task"})
"""Names that the kernel itself gives to single expressions."""


@dataclass(frozen=True, slots=True)
class Shape:
    """``accesses``: the variables with their paths; ``constants`` that occur; ``is_plain``: see above; ``is_repeatable``: the same
    variables always give the same answer.
    """

    accesses: tuple[tuple[str, tuple[str, ...]], ...]
    constants: tuple[Value, ...]
    is_plain: bool
    is_repeatable: bool


@lru_cache(maxsize=2048)
def shape(expression: Expression | UnaryTests) -> Shape:
    """The shape of an expression, or of the tests of a cell."""
    accesses: dict[tuple[str, tuple[str, ...]], None] = {}
    constants: list[Value] = []
    is_repeatable = True
    waiting = [expression.tree]
    while waiting:
        node = waiting.pop()
        if _is_closed(node):
            constants.extend(_value(node))
            continue
        access = _access(node)
        if access is not None and access[0] in expression.possible_variables:
            accesses[access] = None
            continue
        if isinstance(node, feel.Call):
            called = node.function.name if isinstance(node.function, feel.Name) else ""
            is_repeatable = is_repeatable and called in BUILTINS and called not in _OF_THE_CLOCK
        elif isinstance(node, feel.Name) and node.name in _OF_THE_CLOCK:
            is_repeatable = False
        waiting.extend(feel.children(node))
    return Shape(tuple(accesses), tuple(constants), _is_plain(expression.tree), is_repeatable)


def _access(node: feel.Node) -> tuple[str, tuple[str, ...]] | None:
    if isinstance(node, feel.Name):
        return node.name, ()
    if isinstance(node, feel.Path) and isinstance(node.source, feel.Name):
        return node.source.name, node.names
    return None


def _is_plain(node: feel.Node) -> bool:
    match node:
        case feel.Name() | feel.Path():
            return _access(node) is not None
        case feel.Constant():
            return True
        case feel.Junction():
            return all(map(_is_plain, node.operands))
        case feel.Comparison():
            sides = (node.left, node.right)
            return sum(_access(each) is not None for each in sides) == 1 and any(map(_is_closed, sides))
        case feel.Between():
            return _access(node.value) is not None and _is_closed(node.low) and _is_closed(node.high)
        case feel.In():
            return _access(node.value) is not None and all(
                _is_closed(each.operand) and not each.uses_input for each in node.tests.tests
            )
        case feel.Call(function=feel.Name(name="not"), arguments=(inner,)):
            return _is_plain(inner)
        case _:
            return False


def _is_closed(node: feel.Node) -> bool:
    """It reads nothing: a constant, a list or range of constants, ``date("2026-01-01")``."""
    match node:
        case feel.Constant():
            return True
        case feel.Negation() | feel.ListLiteral() | feel.RangeLiteral():
            return all(map(_is_closed, feel.children(node)))
        case feel.Call(function=feel.Name(name=name)):
            is_pure = name in BUILTINS and name not in _OF_THE_CLOCK
            return is_pure and bool(node.arguments) and all(map(_is_closed, node.arguments))
        case _:
            return False


def _value(node: feel.Node) -> Iterator[Value]:
    """The single values of a closed node."""
    if isinstance(node, feel.ListLiteral | feel.RangeLiteral):
        for each in feel.children(node):
            yield from _value(each)
        return
    compiler = Compiler()
    try:
        found = Expression(f"closed {node!r}", node, compiler.expression(node), compiler).evaluate({}, ENVIRONMENT)
    except FeelError:
        return
    yield from found if isinstance(found, list) else (found,)


def shapes_of(decision: Decision) -> Iterator[Shape]:
    """The shapes of everything that a decision reads, when it is a table of its own."""
    if isinstance(decision.logic, Table) and not decision.requires and not decision.knowledge:
        for column in decision.logic.inputs:
            yield shape(column.expression)
        for rule in decision.logic.rules:
            yield from (shape(each) for each in rule.tests)


# -- candidates -------------------------------------------------------------------------------------------------------------------

_OF_EVERY_KIND: tuple[Value, ...] = (True, False, None, Decimal(0), "", date(2026, 1, 1), [], {})
_DAY, _SECOND = timedelta(days=1), timedelta(seconds=1)


def candidates(constants: Iterable[Value]) -> list[Value]:
    """Values of which each possible value answers plain comparisons with ``constants`` like one: the constants themselves, what lies
    between two of them, beyond the first and the last, and one of every other kind.
    """
    found: dict[tuple[type, str], Value] = {}

    def add(values: Iterable[Value]) -> None:
        for each in values:
            found.setdefault((type(each), repr(each)), each)

    by_kind: dict[type, list[Value]] = {}
    for each in constants:
        by_kind.setdefault(type(each), []).append(each)
    add(each for values in by_kind.values() for each in values)
    for kind, values in by_kind.items():
        try:
            add(_around(kind, sorted(values)))
        except (TypeError, OverflowError):  # moments with and without a zone have no order
            add(values)
    add(_OF_EVERY_KIND)
    return list(found.values())


def _around(kind: type, values: list[Value]) -> Iterator[Value]:
    if kind is str:
        # right behind each text stands the one with the smallest sign appended; the smallest of all is empty
        yield from (f"{each} " for each in values)
        yield from (f"{each}\0" for each in values)
        return
    if kind is YearsMonths:
        yield from (YearsMonths(each.months + step) for each in values for step in (1, -1))
        return
    step = {Decimal: Decimal(1), date: _DAY, datetime: _SECOND, timedelta: _SECOND}.get(kind)
    if step is None:
        if kind is time:
            yield from (time(0), time(23, 59, 59))
        return
    yield values[-1] + step
    yield values[0] - step
    for low, high in pairwise(values):
        if low != high:
            yield low + (high - low) / 2
