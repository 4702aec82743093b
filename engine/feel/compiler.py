"""Tree to closures. Each node becomes a function of one *frame*, a flat list: variables, environment, budget, one slot per local name.

Names are resolved here, once: a local name is a slot, anything else is looked up in the variables. Straight-line code costs no counting
(the source is bounded); loops, filters and calls charge the budget with the size of what they repeat.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from engine.data import YearsMonths
from engine.feel import operations, types
from engine.feel.closures.arithmetic import ARITHMETIC, BINARY
from engine.feel.closures.calls import Closure, call_of, invoke
from engine.feel.closures.comparisons import (
    all_of,
    any_of,
    comparison,
    comparison_of_constants,
    constant_comparison,
    passed,
    range_test,
    text_test,
)
from engine.feel.closures.frame import FIRST_SLOT, INPUT, Frame, Run
from engine.feel.closures.loops import (
    combinations,
    filtered,
    guarded,
    item_at,
    items_of,
    simple_for,
    simple_quantified,
    steps,
)
from engine.feel.closures.readers import (
    builtin_reader,
    item_reader,
    member_reader,
    null,
    path_reader,
    slot_member_reader,
    slot_reader,
    two_step_reader,
    variable_reader,
    whole_item_reader,
)
from engine.feel.errors import FeelFailure, FeelSyntaxError
from engine.feel.extensions import FUNCTIONS
from engine.feel.functions import Builtin, Signature
from engine.feel.hints import closest
from engine.feel.inference import type_of_function
from engine.feel.operations import MAX_ITEMS, Budget, normal, order
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
)
from engine.feel.values import Function, Range, Value

NO_TYPES: Mapping[str, TypeName] = {}


@dataclass(slots=True)
class Scope:
    """Names bound at one place. ``item``: the slot of a filter's item, whose entries are names too; ``readers`` are those made so far."""

    slots: dict[str, int] = field(default_factory=dict)
    item: int | None = None
    readers: dict[str, Run] = field(default_factory=dict)


class Compiler:
    """Compiles one tree; afterwards ``variables``, ``possible_variables`` and ``slots`` say what was found."""

    def __init__(self, names: Iterable[str] = (), types: Mapping[str, TypeName] = NO_TYPES) -> None:
        self.names = frozenset(names)
        self.types = types
        self.variables: set[str] = set()
        self.possible_variables: set[str] = set()
        self.slots = FIRST_SLOT
        self._scopes: list[Scope] = []
        # by the identity of nodes: the tree outlives the compiler
        self._function_types: dict[int, TypeName] = {}
        self._sizes: dict[int, int] = {}

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

    def _size(self, node: Node) -> int:
        """How many nodes ``node`` has; each is counted once, however many loops and functions it stands in."""
        found = self._sizes.get(id(node))
        if found is None:
            found = self._sizes[id(node)] = 1 + sum(map(self._size, children(node)))
        return found

    # --- names

    def _new_slot(self) -> int:
        self.slots += 1
        return self.slots - 1

    def _local(self, name: str) -> int | None:
        """The slot of a name bound in the expression, when no filter's item may hide it."""
        for scope in reversed(self._scopes):
            if scope.item is not None:
                return None
            if name in scope.slots:
                return scope.slots[name]
        return None

    def name(self, node: Name) -> Run:
        """Read a variable, a local name, or a built-in function as a value."""
        return self._resolved(node.name, len(self._scopes), in_filter=False)

    def _resolved(self, name: str, depth: int, *, in_filter: bool) -> Run:
        for level in range(depth - 1, -1, -1):
            scope = self._scopes[level]
            if scope.item is not None and name == "item":
                return whole_item_reader(scope.item)
            if name in scope.slots:
                return slot_reader(scope.slots[name])
            if scope.item is not None:
                if name not in scope.readers:
                    outer = self._resolved(name, level, in_filter=True)
                    scope.readers[name] = item_reader(scope.item, name, outer)
                return scope.readers[name]
        self.possible_variables.add(name)
        if not in_filter:
            self.variables.add(name)
        builtin = FUNCTIONS.get(name)
        return variable_reader(name) if builtin is None else builtin_reader(name, builtin)

    def path(self, node: Path) -> Run:
        """Follow a path."""
        if isinstance(node.source, Name) and len(node.names) == 1:
            first, second = node.source.name, node.names[0]
            slot = self._local(first)
            if slot is not None:
                return slot_member_reader(slot, second)
            if first not in FUNCTIONS and not any(
                first in scope.slots or scope.item is not None for scope in self._scopes
            ):
                self.variables.add(first)
                self.possible_variables.add(first)
                return two_step_reader(first, second)
        source = self.expression(node.source)
        if len(node.names) == 1:
            return member_reader(source, node.names[0])
        return path_reader(source, node.names)

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
        builtin = FUNCTIONS.get(name)
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
        rest = tuple((ARITHMETIC[operator], self.expression(operand)) for operator, operand in node.rest)
        if len(rest) == 1:
            return BINARY[node.rest[0][0]](first, rest[0][1])

        def run(frame: Frame) -> Value:
            value = first(frame)
            for operation, operand in rest:
                value = operation(value, operand(frame), frame[2])
            return value

        return run

    def junction(self, node: Junction) -> Run:
        """``and``, ``or``."""
        operands = tuple(self.expression(operand) for operand in node.operands)
        return all_of(operands) if node.operator == "and" else any_of(operands)

    def comparison(self, node: Comparison) -> Run:
        """``=``, ``<`` and the like."""
        return self._compared(node.operator, self.expression(node.left), node.right)

    def _compared(self, operator: str, left: Run, right_node: Node) -> Run:
        right_node = self.simplified(right_node)
        if isinstance(right_node, Constant) and type(right_node.value) in (Decimal, str, date, bool):
            made = constant_comparison(operator, left, right_node.value)
            if made is not None:
                return made
        return comparison(operator, left, self.expression(right_node))

    def between(self, node: Between) -> Run:
        """``between``: both ends included."""
        value = self.expression(node.value)
        slot = self._new_slot()
        read = slot_reader(slot)
        both = all_of((self._compared(">=", read, node.low), self._compared("<=", read, node.high)))

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
            found = text_test(slot, texts)
        else:
            tests = tuple(self._test(test, slot) for test in node.tests)
            found = tests[0] if len(tests) == 1 else any_of(tests)
        if not node.is_negated:
            return found

        def negated(frame: Frame) -> Value:
            value = found(frame)
            return None if value is None else not value

        return negated

    def _test(self, test: Test, slot: int) -> Run:
        read = slot_reader(slot)
        if test.operator is not None:
            return self._compared(test.operator, read, test.operand)
        operand = self.simplified(test.operand)
        if isinstance(operand, Constant):
            if type(operand.value) is Range:
                return range_test(slot, operand.value)
            if type(operand.value) in (Decimal, str, date, bool):
                return comparison_of_constants("=", read, operand.value)
        run = self.expression(operand)
        if isinstance(test.operand, RangeLiteral):
            return lambda frame: (
                None if (interval := run(frame)) is None else operations.passes(frame[slot], interval, frame[2])
            )
        if test.uses_input:
            # a condition that is null (no input to compare) is not met, though the input is null like it
            return lambda frame: (
                value
                if type(value := run(frame)) is bool or value is None
                else operations.passes(frame[slot], value, frame[2])
            )
        return lambda frame: passed(frame[slot], run(frame), frame[2])

    def tests_value(self, node: Tests) -> Run:
        """Tests stand only where a value is tested; the parser never leaves them elsewhere."""
        return self.tests(node)

    # --- loops

    def for_(self, node: For) -> Run:
        """``for``: one result per combination."""
        self._scopes.append(scope := Scope())
        iterations = self._iterations(node.iterations, scope, self._size(node.result))
        partial = self._new_slot() if _mentions(node.result, "partial") else None
        if partial is not None:
            scope.slots["partial"] = partial
        result = self.expression(node.result)
        self._scopes.pop()
        if len(iterations) == 1 and partial is None:
            return simple_for(*iterations[0], result)

        def run(frame: Frame) -> Value:
            budget: Budget = frame[2]
            found: list[Value] = []
            for _ in combinations(iterations, frame):
                if partial is not None:
                    budget.spend(len(found))
                    frame[partial] = list(found)
                found.append(result(frame))
                if len(found) > MAX_ITEMS:
                    raise FeelFailure("feel_list_too_long", limit=MAX_ITEMS)
            return found

        return guarded(run)

    def quantified(self, node: Quantified) -> Run:
        """``some`` and ``every``, three-valued."""
        self._scopes.append(scope := Scope())
        iterations = self._iterations(node.iterations, scope, self._size(node.condition))
        condition = self.expression(node.condition)
        self._scopes.pop()
        decisive = node.quantifier == "some"

        def run(frame: Frame) -> Value:
            found: bool | None = not decisive
            for _ in combinations(iterations, frame):
                value = condition(frame)
                if value is decisive:
                    return decisive
                if type(value) is not bool:
                    found = None
            return found

        if len(iterations) > 1:
            return guarded(run)
        return guarded(simple_quantified(*iterations[0], condition, decisive=decisive))

    def _iterations(self, iterations: tuple[Iteration, ...], scope: Scope, cost: int) -> tuple[tuple[int, Run], ...]:
        """The slots and sources of a loop whose every turn takes ``cost`` steps."""
        found: list[tuple[int, Run]] = []
        for iteration in iterations:
            source = self._iteration_source(iteration, cost + 1)
            slot = self._new_slot()
            scope.slots[iteration.name] = slot
            found.append((slot, source))
        return tuple(found)

    def _iteration_source(self, iteration: Iteration, each: int) -> Run:
        source = self.expression(iteration.source)
        if iteration.end is None:
            return lambda frame: items_of(source(frame), frame[2], each)
        end = self.expression(iteration.end)
        return lambda frame: steps(source(frame), end(frame), frame[2], each)

    def filter(self, node: Filter) -> Run:
        """``list[condition]``."""
        source = self.expression(node.source)
        condition_node = self.simplified(node.condition)
        if isinstance(condition_node, Constant) and type(condition_node.value) is Decimal:
            position = condition_node.value
            return lambda frame: item_at(source(frame), position)
        slot = self._new_slot()
        self._scopes.append(Scope({"item": slot}, item=slot))
        condition = self.expression(condition_node)
        self._scopes.pop()
        cost = self._size(node.condition)
        return filtered(source, condition, slot, cost, is_test=isinstance(condition_node, _TESTING))

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
                if type(value) is Function and isinstance(value.run, Closure):
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
        value, wanted = self.expression(node.value), self._type(node.type, node.at)
        return lambda frame: types.is_instance(value(frame), wanted, frame[2])

    def _type(self, wanted: TypeName, at: int) -> TypeName:
        try:
            return types.resolved(wanted, self.types)
        except types.UnresolvedType as error:
            if error.code != "feel_unknown_type":
                raise FeelSyntaxError(error.code, at, name=error.name, limit=types.MAX_PARTS) from error
            suggestion = closest(error.name, (*types.TYPE_NAMES, *self.types))
            raise FeelSyntaxError.unknown(error.code, at, suggestion, name=error.name) from error

    # --- functions

    def function(self, node: FunctionLiteral) -> Run:
        """A function written in FEEL. It keeps what was bound when it was made."""
        kinds = tuple(None if kind is None else self._type(kind, node.at) for _, kind in node.parameters)
        names = tuple(name for name, _ in node.parameters)
        slots = tuple(self._new_slot() for _ in names)
        self._scopes.append(Scope(dict(zip(names, slots, strict=True))))
        body = self.expression(node.body)
        self._scopes.pop()
        cost = self._size(node.body)
        own_type = self._function_types[id(node)] = type_of_function(node, self.types, self._function_types)
        return lambda frame: Function("function", names, Closure(frame.copy(), slots, kinds, body, cost), type=own_type)

    def call(self, node: Call) -> Run:
        """Call a built-in, a function of the environment, or a function value."""
        if isinstance(node.function, Name):
            name = node.function.name
            is_bound = any(name in scope.slots for scope in self._scopes)
            builtin = FUNCTIONS.get(name)
            if builtin is not None and not is_bound:
                return self._builtin_call(node, name, builtin)
            if not is_bound and name not in self.names and not any(scope.item is not None for scope in self._scopes):
                suggestion = closest(name, (*FUNCTIONS, *self.names))
                raise FeelSyntaxError.unknown("feel_unknown_function", node.at, suggestion, length=len(name), name=name)
        function = self.expression(node.function)
        arguments = tuple(self.expression(argument) for argument in node.arguments)
        names = node.names

        def run(frame: Frame) -> Value:
            return invoke(function(frame), [argument(frame) for argument in arguments], names, frame[2])

        return run

    def _builtin_call(self, node: Call, name: str, builtin: Builtin) -> Run:
        nodes: list[Node | None] = list(node.arguments)
        if node.names:
            signature, nodes = self._by_name(node, name, builtin)
            # the names chose the signature: what does not fit it is not tried on another
            builtin = Builtin(name, (signature,))
        else:
            found = builtin.signature_for(len(nodes))
            if found is None:
                raise FeelSyntaxError(
                    "feel_argument_count", node.at, name=name, given=len(nodes), wanted=builtin.counts
                )
            signature = found
        arguments = tuple(null if each is None else self.expression(each) for each in nodes)
        return call_of(builtin, signature, arguments)

    def _by_name(self, node: Call, name: str, builtin: Builtin) -> tuple[Signature, list[Node | None]]:
        for signature in builtin.signatures_for(node.names):
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


def _value_of(node: Node | None) -> Value:
    return node.value if isinstance(node, Constant) else None


def _range_of(node: RangeLiteral, start: Value, end: Value) -> Range | None:
    start, end = normal(start), normal(end)
    if (node.start is not None and start is None) or (node.end is not None and end is None):
        return None
    if start is not None and end is not None and order(start, end) is None:
        return None
    return Range(start, end, node.start_included, node.end_included)


_TESTING = (Comparison, Junction, Between, In, Quantified, InstanceOf)


def _mentions(node: Node, name: str) -> bool:
    stack = [node]
    while stack:
        found = stack.pop()
        if isinstance(found, Name) and found.name == name:
            return True
        stack.extend(children(found))
    return False


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
