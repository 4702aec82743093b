"""Tree to closures. Each node becomes a function of one *frame*, a flat list: variables, environment, budget, one slot per local name.

Names are resolved here, once: a local name is a slot, anything else is looked up in the variables. Straight-line code costs no counting
(the source is bounded); loops, filters and calls charge the budget with the size of what they repeat.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, DecimalException
from typing import Any

from engine.data import YearsMonths
from engine.feel import operations, types
from engine.feel.errors import FeelFailure, FeelSyntaxError
from engine.feel.functions import BUILTINS, Builtin, Signature
from engine.feel.hints import closest
from engine.feel.numbers import CONTEXT, whole
from engine.feel.operations import MAX_ITEMS, Budget, at_most, equal, less, normal, order
from engine.feel.tree import (
    Between,
    Call,
    Chain,
    Comparison,
    Constant,
    ContextLiteral,
    Filter,
    For,
    FunctionLiteral,
    If,
    In,
    InstanceOf,
    Iteration,
    Junction,
    ListLiteral,
    Name,
    Negation,
    Node,
    Path,
    Quantified,
    RangeLiteral,
    Test,
    Tests,
    TypeName,
    children,
    measure,
)
from engine.feel.values import Function, Range, Value

Frame = list[Any]
Run = Callable[[Frame], Value]

VARIABLES, ENVIRONMENT, BUDGET, INPUT, FIRST_SLOT = range(5)
"""Where things are in a frame. ``INPUT`` is the tested value (``?``)."""

EXTENSIONS = frozenset(("working_days_after", "working_hours_after"))
"""Functions that the environment brings (``Environment.functions``); known here so that a misspelt one is found when the text is read."""


@dataclass(slots=True)
class Scope:
    """Names bound at one place. ``item``: the slot of a filter's item, whose entries are names too."""

    slots: dict[str, int] = field(default_factory=dict)
    item: int | None = None


class Compiler:
    """Compiles one tree; afterwards ``variables``, ``possible_variables`` and ``slots`` say what was found."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.names = frozenset(names)
        self.variables: set[str] = set()
        self.possible_variables: set[str] = set()
        self.slots = FIRST_SLOT
        self._scopes: list[Scope] = []

    def expression(self, node: Node) -> Run:
        """The closure of ``node``."""
        node = self.simplified(node)
        return _COMPILERS[type(node)](self, node)

    def tests(self, node: Tests) -> Run:
        """The closure of unary tests: true, false or null for the frame's input."""
        self._scopes.append(Scope({"?": INPUT}))
        made = self._tests(node, INPUT)
        self._scopes.pop()
        return made

    # --- names

    def _new_slot(self) -> int:
        self.slots += 1
        return self.slots - 1

    def _local(self, name: str) -> int | None:
        """The slot of a name bound in the expression, when no filter's item may hide it."""
        for scope in reversed(self._scopes):
            if name in scope.slots:
                return scope.slots[name]
            if scope.item is not None:
                return None
        return None

    def name(self, node: Name) -> Run:
        """Read a variable, a local name, or a built-in function as a value."""
        return self._resolved(node.name, len(self._scopes), in_filter=False)

    def _resolved(self, name: str, depth: int, *, in_filter: bool) -> Run:
        for level in range(depth - 1, -1, -1):
            scope = self._scopes[level]
            if name in scope.slots:
                return _slot_reader(scope.slots[name])
            if scope.item is not None:
                return _item_reader(scope.item, name, self._resolved(name, level, in_filter=True))
        self.possible_variables.add(name)
        if not in_filter:
            self.variables.add(name)
        builtin = BUILTINS.get(name)
        return _variable_reader(name) if builtin is None else _builtin_reader(name, builtin)

    def path(self, node: Path) -> Run:
        """Follow a path."""
        if isinstance(node.source, Name) and len(node.names) == 1:
            first, second = node.source.name, node.names[0]
            slot = self._local(first)
            if slot is not None:
                return _slot_member_reader(slot, second)
            if first not in BUILTINS and not any(
                first in scope.slots or scope.item is not None for scope in self._scopes
            ):
                self.variables.add(first)
                self.possible_variables.add(first)
                return _two_step_reader(first, second)
        source = self.expression(node.source)
        if len(node.names) == 1:
            return _member_reader(source, node.names[0])
        return _path_reader(source, node.names)

    # --- simplification

    def simplified(self, node: Node) -> Node:
        """``node`` as a constant where that is known now: ``-1``, ``date("2026-12-31")``, ``[1..5)``."""
        if isinstance(node, Negation):
            operand = self.simplified(node.operand)
            if isinstance(operand, Constant) and type(operand.value) in (Decimal, timedelta, YearsMonths):
                return Constant(node.at, operations.negated(operand.value))
        elif isinstance(node, RangeLiteral):
            start = None if node.start is None else self.simplified(node.start)
            end = None if node.end is None else self.simplified(node.end)
            if (start is None or isinstance(start, Constant)) and (end is None or isinstance(end, Constant)):
                return Constant(node.at, _range_of(node, _value_of(start), _value_of(end)))
        elif isinstance(node, Call) and isinstance(node.function, Name) and not node.names:
            return self._simplified_call(node, node.function.name)
        return node

    def _simplified_call(self, node: Call, name: str) -> Node:
        builtin = BUILTINS.get(name)
        if builtin is None or not builtin.is_foldable or self._local(name) is not None:
            return node
        arguments = [self.simplified(argument) for argument in node.arguments]
        if not arguments or not all(isinstance(argument, Constant) for argument in arguments):
            return node
        values = [_value_of(argument) for argument in arguments]
        signature = builtin.signature_for(len(values))
        fitted = None if signature is None or signature.wants else signature.fitted(values)
        return node if signature is None or fitted is None else Constant(node.at, signature.run(*fitted))

    # --- operators

    def constant(self, node: Constant) -> Run:
        """A value that is always the same."""
        value = node.value
        return lambda _frame: value

    def negation(self, node: Negation) -> Run:
        """Arithmetic minus."""
        operand = self.expression(node.operand)
        return lambda frame: operations.negated(operand(frame))

    def chain(self, node: Chain) -> Run:
        """Arithmetic of one precedence."""
        first = self.expression(node.first)
        rest = tuple((_ARITHMETIC[operator], self.expression(operand)) for operator, operand in node.rest)
        if len(rest) == 1:
            return _BINARY[node.rest[0][0]](first, rest[0][1])

        def run(frame: Frame) -> Value:
            value = first(frame)
            for operation, operand in rest:
                value = operation(value, operand(frame), frame[2])
            return value

        return run

    def junction(self, node: Junction) -> Run:
        """``and``, ``or``."""
        operands = tuple(self.expression(operand) for operand in node.operands)
        return _all_of(operands) if node.operator == "and" else _any_of(operands)

    def comparison(self, node: Comparison) -> Run:
        """``=``, ``<`` and the like."""
        return self._compared(node.operator, self.expression(node.left), node.right)

    def _compared(self, operator: str, left: Run, right_node: Node) -> Run:
        right_node = self.simplified(right_node)
        if isinstance(right_node, Constant) and type(right_node.value) in (Decimal, str, date, bool):
            made = _constant_comparison(operator, left, right_node.value)
            if made is not None:
                return made
        return _comparison(operator, left, self.expression(right_node))

    def between(self, node: Between) -> Run:
        """``between``: both ends included."""
        value = self.expression(node.value)
        slot = self._new_slot()
        read = _slot_reader(slot)
        both = _all_of((self._compared(">=", read, node.low), self._compared("<=", read, node.high)))

        def run(frame: Frame) -> Value:
            frame[slot] = value(frame)
            return both(frame)

        return run

    def if_(self, node: If) -> Run:
        """``if … then … else``: what is not true counts as false."""
        branches = tuple((self.expression(condition), self.expression(value)) for condition, value in node.branches)
        otherwise = self.expression(node.otherwise)
        if len(branches) == 1:
            condition, then = branches[0]
            return lambda frame: then(frame) if condition(frame) is True else otherwise(frame)

        def run(frame: Frame) -> Value:
            for condition, value in branches:
                if condition(frame) is True:
                    return value(frame)
            return otherwise(frame)

        return run

    def in_(self, node: In) -> Run:
        """``value in (tests)``."""
        value = self.expression(node.value)
        slot = self._new_slot()
        self._scopes.append(Scope({"?": slot}))
        tests = self._tests(node.tests, slot)
        self._scopes.pop()

        def run(frame: Frame) -> Value:
            frame[slot] = value(frame)
            return tests(frame)

        return run

    def _tests(self, node: Tests, slot: int) -> Run:
        if not node.tests:
            return lambda _frame: True
        texts = constant_texts(node.tests)
        if texts is not None:
            found = _text_test(slot, texts)
        else:
            tests = tuple(self._test(test, slot) for test in node.tests)
            found = tests[0] if len(tests) == 1 else _any_of(tests)
        if not node.is_negated:
            return found

        def negated(frame: Frame) -> Value:
            value = found(frame)
            return None if value is None else not value

        return negated

    def _test(self, test: Test, slot: int) -> Run:
        read = _slot_reader(slot)
        if test.operator is not None:
            return self._compared(test.operator, read, test.operand)
        operand = self.simplified(test.operand)
        if isinstance(operand, Constant):
            if type(operand.value) is Range:
                return _range_test(slot, operand.value)
            if type(operand.value) in (Decimal, str, date, bool):
                return _comparison_of_constants("=", read, operand.value)
        run = self.expression(operand)
        if isinstance(test.operand, RangeLiteral):
            return lambda frame: (
                None if (interval := run(frame)) is None else operations.passes(frame[slot], interval, frame[2])
            )
        if test.uses_input:
            return lambda frame: (
                value if type(value := run(frame)) is bool else operations.passes(frame[slot], value, frame[2])
            )
        return lambda frame: _passed(frame[slot], run(frame), frame[2])

    def tests_value(self, node: Tests) -> Run:
        """Tests stand only where a value is tested; the parser never leaves them elsewhere."""
        return self.tests(node)

    # --- loops

    def for_(self, node: For) -> Run:
        """``for``: one result per combination."""
        self._scopes.append(scope := Scope())
        iterations = self._iterations(node.iterations, scope)
        partial = self._new_slot() if _mentions(node.result, "partial") else None
        if partial is not None:
            scope.slots["partial"] = partial
        cost = measure(node.result)[0]
        result = self.expression(node.result)
        self._scopes.pop()
        if len(iterations) == 1 and partial is None:
            return _simple_for(*iterations[0], result, cost)

        def run(frame: Frame) -> Value:
            budget: Budget = frame[2]
            found: list[Value] = []
            for _ in _combinations(iterations, frame, cost):
                if partial is not None:
                    budget.spend(len(found))
                    frame[partial] = list(found)
                found.append(result(frame))
                if len(found) > MAX_ITEMS:
                    raise FeelFailure("feel_list_too_long", limit=MAX_ITEMS)
            return found

        return _guarded(run)

    def quantified(self, node: Quantified) -> Run:
        """``some`` and ``every``, three-valued."""
        self._scopes.append(scope := Scope())
        iterations = self._iterations(node.iterations, scope)
        cost = measure(node.condition)[0]
        condition = self.expression(node.condition)
        self._scopes.pop()
        decisive = node.quantifier == "some"

        def run(frame: Frame) -> Value:
            found: bool | None = not decisive
            for _ in _combinations(iterations, frame, cost):
                value = condition(frame)
                if value is decisive:
                    return decisive
                if type(value) is not bool:
                    found = None
            return found

        if len(iterations) > 1:
            return _guarded(run)
        return _guarded(_simple_quantified(*iterations[0], condition, cost, decisive=decisive))

    def _iterations(self, iterations: tuple[Iteration, ...], scope: Scope) -> tuple[tuple[int, Run], ...]:
        found: list[tuple[int, Run]] = []
        for iteration in iterations:
            source = self._iteration_source(iteration)
            slot = self._new_slot()
            scope.slots[iteration.name] = slot
            found.append((slot, source))
        return tuple(found)

    def _iteration_source(self, iteration: Iteration) -> Run:
        source = self.expression(iteration.source)
        if iteration.end is None:
            return lambda frame: _items_of(source(frame), frame[2])
        end = self.expression(iteration.end)
        return lambda frame: _steps(source(frame), end(frame), frame[2])

    def filter(self, node: Filter) -> Run:
        """``list[condition]``."""
        source = self.expression(node.source)
        condition_node = self.simplified(node.condition)
        if isinstance(condition_node, Constant) and type(condition_node.value) is Decimal:
            position = condition_node.value
            return lambda frame: _item_at(source(frame), position)
        slot = self._new_slot()
        self._scopes.append(Scope({"item": slot}, item=slot))
        condition = self.expression(condition_node)
        self._scopes.pop()
        cost = measure(node.condition)[0]
        return _filter(source, condition, slot, cost, is_test=isinstance(condition_node, _TESTING))

    # --- literals

    def list_(self, node: ListLiteral) -> Run:
        """``[a, b]``."""
        items = tuple(self.expression(item) for item in node.items)
        return lambda frame: [item(frame) for item in items]

    def context(self, node: ContextLiteral) -> Run:
        """``{a: 1}``; a function among its entries can call itself."""
        self._scopes.append(scope := Scope())
        entries: list[tuple[str, Run, int]] = []
        for key, value in node.entries:
            if isinstance(value, FunctionLiteral):
                slot = scope.slots[key] = self._new_slot()
                entries.append((key, self.expression(value), slot))
            else:
                run = self.expression(value)
                slot = scope.slots[key] = self._new_slot()
                entries.append((key, run, slot))
        self._scopes.pop()

        def run_all(frame: Frame) -> Value:
            made: dict[str, Value] = {}
            for key, run, slot in entries:
                value = made[key] = frame[slot] = run(frame)
                if type(value) is Function and isinstance(value.run, _Closure):
                    value.run.frame[slot] = value
            return made

        return run_all

    def range_(self, node: RangeLiteral) -> Run:
        """``[a..b]`` with ends that are computed."""
        start = self.expression(node.start) if node.start is not None else None
        end = self.expression(node.end) if node.end is not None else None
        return lambda frame: _range_of(node, start(frame) if start else None, end(frame) if end else None)

    def instance_of(self, node: InstanceOf) -> Run:
        """``instance of``."""
        if not types.is_known(node.type):
            suggestion = closest(node.type.name, types.TYPE_NAMES)
            raise FeelSyntaxError.unknown("feel_unknown_type", node.at, suggestion, name=node.type.name)
        value, wanted = self.expression(node.value), node.type
        return lambda frame: types.is_instance(normal(value(frame)), wanted)

    # --- functions

    def function(self, node: FunctionLiteral) -> Run:
        """A function written in FEEL. It keeps what was bound when it was made."""
        for _, kind in node.parameters:
            if kind is not None and not types.is_known(kind):
                raise FeelSyntaxError.unknown("feel_unknown_type", node.at, None, name=kind.name)
        names = tuple(name for name, _ in node.parameters)
        slots = tuple(self._new_slot() for _ in names)
        self._scopes.append(Scope(dict(zip(names, slots, strict=True))))
        body = self.expression(node.body)
        self._scopes.pop()
        kinds = tuple(kind for _, kind in node.parameters)
        cost = measure(node.body)[0]
        return lambda frame: Function("function", names, _Closure(frame.copy(), slots, kinds, body, cost))

    def call(self, node: Call) -> Run:
        """Call a built-in, a function of the environment, or a function value."""
        if isinstance(node.function, Name):
            name = node.function.name
            is_bound = any(name in scope.slots for scope in self._scopes)
            builtin = BUILTINS.get(name)
            if builtin is not None and not is_bound:
                return self._builtin_call(node, name, builtin)
            if name in EXTENSIONS and not is_bound:
                return self._extension_call(node, name)
            if not is_bound and name not in self.names and not any(scope.item is not None for scope in self._scopes):
                suggestion = closest(name, (*BUILTINS, *EXTENSIONS, *self.names))
                raise FeelSyntaxError.unknown("feel_unknown_function", node.at, suggestion, name=name)
        function = self.expression(node.function)
        arguments = tuple(self.expression(argument) for argument in node.arguments)
        names = node.names

        def run(frame: Frame) -> Value:
            return invoke(function(frame), [argument(frame) for argument in arguments], names, frame[2])

        return run

    def _extension_call(self, node: Call, name: str) -> Run:
        arguments = tuple(self.expression(argument) for argument in node.arguments)
        names = node.names

        def run(frame: Frame) -> Value:
            function = frame[1].functions.get(name)
            return invoke(function, [argument(frame) for argument in arguments], names, frame[2])

        return run

    def _builtin_call(self, node: Call, name: str, builtin: Builtin) -> Run:
        nodes: list[Node | None] = list(node.arguments)
        if node.names:
            signature, nodes = self._by_name(node, name, builtin)
        else:
            found = builtin.signature_for(len(nodes))
            if found is None:
                raise FeelSyntaxError(
                    "feel_argument_count", node.at, name=name, given=len(nodes), wanted=builtin.counts
                )
            signature = found
        arguments = tuple(_null if each is None else self.expression(each) for each in nodes)
        return _call_of(builtin, signature, arguments)

    def _by_name(self, node: Call, name: str, builtin: Builtin) -> tuple[Signature, list[Node | None]]:
        for signature in builtin.signatures:
            order_of = signature.positions(node.names)
            if order_of is not None:
                by_name = dict(zip(node.names, node.arguments, strict=True))
                return signature, [by_name.get(parameter) for parameter in order_of]
        known = {parameter.name for signature in builtin.signatures for parameter in signature.parameters}
        wrong = next((given for given in node.names if given not in known), node.names[0])
        if set(node.names) <= known:
            raise FeelSyntaxError(
                "feel_argument_count", node.at, name=name, given=len(node.names), wanted=builtin.counts
            )
        raise FeelSyntaxError.unknown("feel_argument_name", node.at, closest(wrong, known), function=name, name=wrong)


def constant_texts(tests: tuple[Test, ...]) -> frozenset[str] | None:
    """The texts, when all that is asked is whether the input is one of some texts."""
    found = [test.operand.value for test in tests if test.operator is None and isinstance(test.operand, Constant)]
    is_plain = len(found) == len(tests) > 0 and all(type(each) is str for each in found)
    return frozenset(found) if is_plain else None


# --- readers


def _null(_frame: Frame) -> Value:
    return None


def _slot_reader(slot: int) -> Run:
    return lambda frame: frame[slot]


def _variable_reader(name: str) -> Run:
    def run(frame: Frame) -> Value:
        try:
            return frame[0][name]
        except KeyError:
            return None

    return run


def _builtin_reader(name: str, builtin: Builtin) -> Run:
    def run(frame: Frame) -> Value:
        try:
            return frame[0][name]
        except KeyError:
            return builtin.as_value(frame[1], frame[2])

    return run


def _item_reader(slot: int, name: str, outer: Run) -> Run:
    def run(frame: Frame) -> Value:
        try:
            return frame[slot][name]
        except (KeyError, TypeError):
            return outer(frame)

    return run


def _two_step_reader(first: str, second: str) -> Run:
    def run(frame: Frame) -> Value:
        try:
            return frame[0][first][second]
        except (KeyError, TypeError):
            return operations.member(frame[0].get(first), second, frame[2])

    return run


def _slot_member_reader(slot: int, name: str) -> Run:
    def run(frame: Frame) -> Value:
        value = frame[slot]
        if type(value) is dict:
            return value.get(name)
        return operations.member(value, name, frame[2])

    return run


def _member_reader(source: Run, name: str) -> Run:
    def run(frame: Frame) -> Value:
        value = source(frame)
        if type(value) is dict:
            return value.get(name)
        return operations.member(value, name, frame[2])

    return run


def _path_reader(source: Run, names: tuple[str, ...]) -> Run:
    def run(frame: Frame) -> Value:
        value = source(frame)
        for name in names:
            value = value.get(name) if type(value) is dict else operations.member(value, name, frame[2])
        return value

    return run


# --- logic and comparison


def _all_of(operands: tuple[Run, ...]) -> Run:
    if len(operands) == 2:
        left, right = operands

        def both(frame: Frame) -> Value:
            first = left(frame)
            if first is False:
                return False
            second = right(frame)
            if second is False:
                return False
            return True if first is True and second is True else None

        return both

    def run(frame: Frame) -> Value:
        found: bool | None = True
        for operand in operands:
            value = operand(frame)
            if value is False:
                return False
            if value is not True:
                found = None
        return found

    return run


def _any_of(operands: tuple[Run, ...]) -> Run:
    if len(operands) == 2:
        left, right = operands

        def either(frame: Frame) -> Value:
            first = left(frame)
            if first is True:
                return True
            second = right(frame)
            if second is True:
                return True
            return False if first is False and second is False else None

        return either

    def run(frame: Frame) -> Value:
        found: bool | None = False
        for operand in operands:
            value = operand(frame)
            if value is True:
                return True
            if value is not False:
                found = None
        return found

    return run


def _constant_comparison(operator: str, left: Run, value: Value) -> Run | None:
    """A comparison with a constant of a kind that Python orders as FEEL does."""
    if type(value) is bool and operator not in ("=", "!="):
        return None
    return _comparison_of_constants(operator, left, value)


def _comparison_of_constants(operator: str, left: Run, constant: Value) -> Run:
    kind = type(constant)
    if operator == "=":

        def is_equal(frame: Frame) -> Value:
            value = left(frame)
            return value == constant if type(value) is kind else equal(value, constant, frame[2])

        return is_equal
    if operator == "!=":

        def is_different(frame: Frame) -> Value:
            value = left(frame)
            return value != constant if type(value) is kind else _not(equal(value, constant, frame[2]))

        return is_different
    if operator == "<":

        def is_less(frame: Frame) -> Value:
            value = left(frame)
            return value < constant if type(value) is kind else less(value, constant)

        return is_less
    if operator == "<=":

        def is_at_most(frame: Frame) -> Value:
            value = left(frame)
            return value <= constant if type(value) is kind else at_most(value, constant)

        return is_at_most
    if operator == ">":

        def is_greater(frame: Frame) -> Value:
            value = left(frame)
            return value > constant if type(value) is kind else less(constant, value)

        return is_greater

    def is_at_least(frame: Frame) -> Value:
        value = left(frame)
        return value >= constant if type(value) is kind else at_most(constant, value)

    return is_at_least


def _comparison(operator: str, left: Run, right: Run) -> Run:
    if operator == "=":
        return lambda frame: equal(left(frame), right(frame), frame[2])
    if operator == "!=":
        return lambda frame: _not(equal(left(frame), right(frame), frame[2]))
    if operator in (">", ">="):
        # a > b is b < a, but what stands left is evaluated first all the same: nothing here has effects
        left, right, operator = right, left, {">": "<", ">=": "<="}[operator]
    if operator == "<":

        def is_less(frame: Frame) -> Value:
            one, other = left(frame), right(frame)
            if type(one) is Decimal and type(other) is Decimal:
                return one < other
            return less(one, other)

        return is_less

    def is_at_most(frame: Frame) -> Value:
        one, other = left(frame), right(frame)
        if type(one) is Decimal and type(other) is Decimal:
            return one <= other
        return at_most(one, other)

    return is_at_most


def _not(value: Value) -> Value:
    return None if value is None else not value


def _text_test(slot: int, texts: frozenset[str]) -> Run:
    def run(frame: Frame) -> Value:
        value = frame[slot]
        if type(value) is str:
            return value in texts
        return _any_passes(value, texts, frame[2])

    return run


def _any_passes(value: Value, texts: Iterable[str], budget: Budget) -> bool | None:
    found = [equal(value, text, budget) for text in texts]
    return True if True in found else (None if None in found else False)


def _range_test(slot: int, interval: Range) -> Run:
    start, end = interval.start, interval.end
    if type(start) is not type(end) or type(start) not in (Decimal, str, date):
        return lambda frame: operations.within(frame[slot], interval)
    kind, from_start, to_end = type(start), interval.start_included, interval.end_included

    def run(frame: Frame) -> Value:
        value = frame[slot]
        if type(value) is not kind:
            return operations.within(value, interval)
        return (start <= value if from_start else start < value) and (value <= end if to_end else value < end)

    return run


def _passed(value: Value, tested: Value, budget: Budget) -> bool | None:
    """A test without ``?`` that gives a boolean is itself the answer, unless a boolean is what is tested."""
    if type(tested) is bool and value is not None and type(value) is not bool:
        return tested
    return operations.passes(value, tested, budget)


# --- arithmetic


def _plus(left: Run, right: Run) -> Run:
    add = CONTEXT.add

    def run(frame: Frame) -> Value:
        one, other = left(frame), right(frame)
        if type(one) is Decimal and type(other) is Decimal:
            try:
                return add(one, other)
            except DecimalException:
                return None
        return operations.add(one, other, frame[2])

    return run


def _times(left: Run, right: Run) -> Run:
    multiply = CONTEXT.multiply

    def run(frame: Frame) -> Value:
        one, other = left(frame), right(frame)
        if type(one) is Decimal and type(other) is Decimal:
            try:
                return multiply(one, other)
            except DecimalException:
                return None
        return operations.multiply(one, other)

    return run


def _minus(left: Run, right: Run) -> Run:
    return lambda frame: operations.subtract(left(frame), right(frame))


def _over(left: Run, right: Run) -> Run:
    return lambda frame: operations.divide(left(frame), right(frame))


def _to_power(left: Run, right: Run) -> Run:
    return lambda frame: operations.power(left(frame), right(frame))


_BINARY: dict[str, Callable[[Run, Run], Run]] = {"+": _plus, "-": _minus, "*": _times, "/": _over, "**": _to_power}
_ARITHMETIC: dict[str, Callable[[Value, Value, Budget], Value]] = {
    "+": operations.add,
    "-": lambda left, right, _budget: operations.subtract(left, right),
    "*": lambda left, right, _budget: operations.multiply(left, right),
    "/": lambda left, right, _budget: operations.divide(left, right),
    "**": lambda left, right, _budget: operations.power(left, right),
}


# --- lists and ranges


def _value_of(node: Node | None) -> Value:
    return node.value if isinstance(node, Constant) else None


def _range_of(node: RangeLiteral, start: Value, end: Value) -> Range | None:
    start, end = normal(start), normal(end)
    if (node.start is not None and start is None) or (node.end is not None and end is None):
        return None
    if start is not None and end is not None and order(start, end) is None:
        return None
    return Range(start, end, node.start_included, node.end_included)


class _NotIterable(Exception):
    """What should be iterated is null: so is the whole loop."""


def _items_of(value: Value, budget: Budget) -> list[Value]:
    if type(value) is list:
        budget.items(len(value))
        return value
    value = normal(value)
    if type(value) is list:
        return value
    if value is None:
        raise _NotIterable
    if type(value) is Range:
        return _range_items(value, budget)
    return [value]


def _range_items(interval: Range, budget: Budget) -> list[Value]:
    if interval.start is None or interval.end is None:
        raise _NotIterable
    items = _steps(interval.start, interval.end, budget)
    if items and not interval.start_included:
        items = items[1:]
    if items and not interval.end_included and equal(items[-1], interval.end, budget) is True:
        items = items[:-1]
    return items


def _steps(start: Value, end: Value, budget: Budget) -> list[Value]:
    """``start..end``: whole numbers or days, upwards or downwards."""
    start, end = normal(start), normal(end)
    if type(start) is date and type(end) is date:
        first, last = start.toordinal(), end.toordinal()
        budget.items(abs(last - first) + 1)
        return [date.fromordinal(day) for day in _upwards(first, last)]
    first_number, last_number = whole(start), whole(end)
    if first_number is None or last_number is None:
        raise _NotIterable
    budget.items(abs(last_number - first_number) + 1)
    return [Decimal(number) for number in _upwards(first_number, last_number)]


def _upwards(first: int, last: int) -> range:
    return range(first, last + 1) if first <= last else range(first, last - 1, -1)


def _guarded(run: Run) -> Run:
    def guarded(frame: Frame) -> Value:
        try:
            return run(frame)
        except _NotIterable:
            return None

    return guarded


def _simple_for(slot: int, source: Run, result: Run, cost: int) -> Run:
    def run(frame: Frame) -> Value:
        try:
            items = source(frame)
        except _NotIterable:
            return None
        frame[2].spend(len(items) * cost)
        return [result(frame) for frame[slot] in items]

    return run


def _simple_quantified(slot: int, source: Run, condition: Run, cost: int, *, decisive: bool) -> Run:
    def run(frame: Frame) -> Value:
        items = source(frame)
        frame[2].spend(len(items) * cost)
        found: bool | None = not decisive
        for frame[slot] in items:
            value = condition(frame)
            if value is decisive:
                return decisive
            if type(value) is not bool:
                found = None
        return found

    return run


def _combinations(iterations: tuple[tuple[int, Run], ...], frame: Frame, cost: int) -> Iterator[None]:
    """Set the slots to every combination in turn. A later source may use the names before it."""
    (slot, source), rest = iterations[0], iterations[1:]
    items = source(frame)
    frame[2].spend(len(items) * cost)
    for frame[slot] in items:
        if rest:
            yield from _combinations(rest, frame, cost)
        else:
            yield None


def _item_at(value: Value, position: Decimal) -> Value:
    value = normal(value)
    if value is None:
        return None
    items = value if type(value) is list else [value]
    index = whole(position)
    if index is None or index == 0 or abs(index) > len(items):
        return None
    return items[index - 1 if index > 0 else index]


def _filter(source: Run, condition: Run, slot: int, cost: int, *, is_test: bool) -> Run:
    def run(frame: Frame) -> Value:
        value = source(frame)
        if type(value) is not list:
            value = normal(value)
            if value is None:
                return None
            if type(value) is not list:
                value = [value]
        frame[2].spend(len(value) * cost)
        if is_test:
            return [frame[slot] for frame[slot] in value if condition(frame) is True]
        frame[slot] = value[0] if value else None
        first = normal(condition(frame))
        if type(first) is Decimal:
            return _item_at(value, first)
        return [frame[slot] for frame[slot] in value if condition(frame) is True]

    return run


_TESTING = (Comparison, Junction, Between, In, Quantified, InstanceOf)


def _mentions(node: Node, name: str) -> bool:
    stack = [node]
    while stack:
        found = stack.pop()
        if isinstance(found, Name) and found.name == name:
            return True
        stack.extend(children(found))
    return False


# --- calls


def _call_of(builtin: Builtin, signature: Signature, arguments: tuple[Run, ...]) -> Run:
    """A call of ``builtin``. Arguments that are of the kinds of ``signature`` already go straight to its function."""
    if signature.wants != "environment" and signature.most is not None and len(arguments) in (1, 2):
        direct = _call_of_one if len(arguments) == 1 else _call_of_two
        return direct(builtin, signature, arguments)
    return lambda frame: builtin.call([argument(frame) for argument in arguments], frame[1], frame[2])


def _call_of_one(builtin: Builtin, signature: Signature, arguments: tuple[Run, ...]) -> Run:
    run, kind, only = signature.run, signature.kinds[0], arguments[0]
    wants_budget = signature.wants == "budget"

    def call(frame: Frame) -> Value:
        value = only(frame)
        if type(value) is kind:
            return run(frame[2], value) if wants_budget else run(value)
        return builtin.call([value], frame[1], frame[2])

    return call


def _call_of_two(builtin: Builtin, signature: Signature, arguments: tuple[Run, ...]) -> Run:
    run, (kind, other_kind), (left, right) = signature.run, signature.kinds[:2], arguments
    wants_budget = signature.wants == "budget"

    def call(frame: Frame) -> Value:
        value, other = left(frame), right(frame)
        if type(value) is kind and type(other) is other_kind:
            return run(frame[2], value, other) if wants_budget else run(value, other)
        return builtin.call([value, other], frame[1], frame[2])

    return call


@dataclass(frozen=True, slots=True, eq=False)
class _Closure:
    """The body of a function written in FEEL with the frame that it was made in."""

    frame: Frame
    slots: tuple[int, ...]
    kinds: tuple[TypeName | None, ...]
    body: Run
    cost: int

    def __call__(self, *arguments: Value) -> Value:
        frame = self.frame.copy()
        for slot, kind, value in zip(self.slots, self.kinds, arguments, strict=True):
            if kind is not None and not types.conforms(normal(value), kind):
                return None
            frame[slot] = value
        budget: Budget = frame[2]
        budget.enter(self.cost)
        try:
            return self.body(frame)
        finally:
            budget.calls -= 1


def invoke(function: Value, arguments: list[Value], names: tuple[str, ...], budget: Budget) -> Value:
    """Call a function value with arguments in order, or by ``names``; null when it is no function or they do not fit it."""
    if type(function) is not Function:
        return None
    if names:
        if not set(names) <= set(function.parameters) or len(set(names)) != len(names):
            return None
        by_name = dict(zip(names, arguments, strict=True))
        arguments = [by_name.get(parameter) for parameter in function.parameters]
    if not len(function.parameters) - function.optional <= len(arguments) <= len(function.parameters):
        return None
    budget.spend(1)
    return function.run(*arguments)


_COMPILERS: dict[type[Node], Callable[[Compiler, Any], Run]] = {
    Constant: Compiler.constant,
    Name: Compiler.name,
    Path: Compiler.path,
    Filter: Compiler.filter,
    Chain: Compiler.chain,
    Negation: Compiler.negation,
    Junction: Compiler.junction,
    Comparison: Compiler.comparison,
    Between: Compiler.between,
    In: Compiler.in_,
    Tests: Compiler.tests_value,
    If: Compiler.if_,
    For: Compiler.for_,
    Quantified: Compiler.quantified,
    ListLiteral: Compiler.list_,
    ContextLiteral: Compiler.context,
    RangeLiteral: Compiler.range_,
    InstanceOf: Compiler.instance_of,
    FunctionLiteral: Compiler.function,
    Call: Compiler.call,
}
