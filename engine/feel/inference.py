"""The types of expressions before they are evaluated, as far as they are known, and what can never give what is wanted.

A type says: what comes out is of it, or null. ``Null`` says: always null. None says that nothing is known: then nothing is complained of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.errors import Fact
from engine.feel import kinds, types
from engine.feel.call_types import LIST, Type, item_of, list_of, misfit, part_of, result_of, wanted_at
from engine.feel.extensions import FUNCTIONS
from engine.feel.functions import Builtin
from engine.feel.hints import closest
from engine.feel.kinds import shape_of
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
)
from engine.feel.types import ANY, BOOLEAN, NULL, joined, known
from engine.feel.values import Range, TypeName, Value


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that can be read and run, but never gives what is wanted. ``at`` is its offset in the source."""

    code: str
    at: int
    facts: Mapping[str, Fact]


@dataclass(slots=True)
class _Scope:
    """Names bound at one place, or (``is_filter``) the entries of a filter's ``item``."""

    names: dict[str, Type] = field(default_factory=dict)
    is_filter: bool = False


class Inference:
    """One walk over one tree. ``variables`` are the types of variables, ``named`` the types that the expression may name."""

    def __init__(
        self,
        variables: Mapping[str, TypeName],
        named: Mapping[str, TypeName],
        functions: Mapping[int, TypeName] | None = None,
    ) -> None:
        self.findings: list[Finding] = []
        self._given = variables
        self._variables: dict[str, Type] = {}
        self._named = named
        self._functions = functions or {}
        self._scopes: list[_Scope] = []

    @staticmethod
    def _resolved(kind: TypeName, named: Mapping[str, TypeName]) -> Type:
        try:
            return types.resolved(kind, named)
        except types.UnresolvedType:
            return None

    def variable(self, name: str) -> Type:
        """The type of a variable."""
        if name not in self._variables:
            kind = self._given.get(name)
            self._variables[name] = None if kind is None else known(self._resolved(kind, self._named))
        return self._variables[name]

    def type_of(self, node: Node) -> Type:
        """The type of ``node``, known or not; what is found on the way is added to ``findings``."""
        return _RULES[type(node)](self, node)

    def tests(self, node: Tests, tested: Type) -> Type:
        """Unary tests of a value of type ``tested``."""
        self._scopes.append(_Scope({"?": tested}))
        for test in node.tests:
            self._test(test, tested)
        self._scopes.pop()
        return BOOLEAN

    def _found(self, code: str, at: int, /, **facts: Fact) -> None:
        self.findings.append(Finding(code, at, facts))

    def _unknown(self, code: str, at: int, suggestion: str | None, /, **facts: Fact) -> None:
        if suggestion is None:
            self._found(code, at, **facts)
        else:
            self._found(f"{code}_similar", at, suggestion=suggestion, **facts)

    # --- names and paths

    def name(self, node: Name) -> Type:
        """A variable, a local name, or a built-in function."""
        return self._named_at(node.name, len(self._scopes))[0]

    def _named_at(self, name: str, depth: int) -> tuple[Type, bool]:
        """The type of a name seen from ``depth`` scopes, and whether the name is one that is known to be there."""
        for level in range(depth - 1, -1, -1):
            scope = self._scopes[level]
            if name in scope.names:
                found = scope.names[name]
                if scope.is_filter and found is not None and found.name == "context":
                    # an entry of that name hides the item
                    found = dict(found.fields).get(name, found)
                return found, True
            if scope.is_filter:
                item = scope.names["item"]
                if item is None or item.name == "context":
                    return self._entry_or_outer(dict(item.fields).get(name) if item else None, name, level)
        if name in self._given:
            return self.variable(name), True
        return (TypeName("function"), True) if name in FUNCTIONS else (None, False)

    def _entry_or_outer(self, entry: Type, name: str, level: int) -> tuple[Type, bool]:
        """An entry of a filter's item: where an item is null, the name means what it means outside."""
        if known(entry) is None or entry is None:
            return None, False
        outer, is_there = self._named_at(name, level)
        return (joined(entry, outer) if is_there else entry), True

    def path(self, node: Path) -> Type:
        """``source.a.b``."""
        found = self.type_of(node.source)
        for name in node.names:
            found = self._member(found, name, node.at)
        return found

    def _member(self, source: Type, name: str, at: int) -> Type:
        if source is None or source.name in ("Null", "function"):
            return source if source == NULL else None
        if source.name == "list":
            inner = self._member(part_of(source), name, at)
            return LIST if inner is None else TypeName("list", (inner,))
        if source.name == "context":
            entries = dict(source.fields)
            if entries and name not in entries:
                self._unknown("feel_unknown_entry", at, closest(name, entries), name=name)
            return known(entries.get(name))
        if source.name == "range" and name in kinds.RANGE_PROPERTIES:
            return BOOLEAN if name.endswith("included") else part_of(source)
        found = NULL if source.name == "range" else kinds.property_type(source.name, name)
        if found == NULL:
            suggestion = closest(name, kinds.properties_of(source.name))
            self._unknown("feel_unknown_property", at, suggestion, name=name, type=source.name)
        return found

    def filter(self, node: Filter) -> Type:
        """``list[condition]``: a list, or an item when the condition is a number that is written out."""
        source = self.type_of(node.source)
        item = item_of(source)
        self._scopes.append(_Scope({"item": item}, is_filter=True))
        condition = self.type_of(node.condition)
        self._scopes.pop()
        if source == NULL:
            return NULL
        if _is_position(node.condition):
            return item
        if condition is not None and condition.name not in ("boolean", "number", "Null"):
            self._found("feel_condition_kind", node.condition.at, type=condition.name)
        if condition != BOOLEAN or source is None:
            return LIST if condition == BOOLEAN else None
        return source if source.name == "list" else TypeName("list", (source,))

    # --- operators

    def constant(self, node: Constant) -> Type:
        """A literal."""
        return type_of_value(node.value)

    def chain(self, node: Chain) -> Type:
        """Arithmetic of one precedence."""
        found = self.type_of(node.first)
        first: Node | None = node.first
        for operator, operand in node.rest:
            right = self.type_of(operand)
            found = self._computed(operator, (first, found), (operand, right))
            first = None
        return found

    def _computed(self, operator: str, left: tuple[Node | None, Type], right: tuple[Node, Type]) -> Type:
        (left_node, left_type), (right_node, right_type) = left, right
        if left_type is None or right_type is None:
            return None
        found = kinds.arithmetic(operator, shape_of(left_type), shape_of(right_type))
        if found == NULL and not (_is_reported(left_node, left_type) or _is_reported(right_node, right_type)):
            facts = {"operator": operator, "left": left_type.name, "right": right_type.name}
            self._found("feel_arithmetic_kinds", right_node.at, **facts)
        return found

    def negation(self, node: Negation) -> Type:
        """Arithmetic minus."""
        operand = self.type_of(node.operand)
        if operand is None:
            return None
        found = kinds.negation(shape_of(operand))
        if found == NULL and not _is_reported(node.operand, operand):
            self._found("feel_negation_kind", node.at, type=operand.name)
        return found

    def junction(self, node: Junction) -> Type:
        """``and``, ``or``."""
        for operand in node.operands:
            self._condition(operand)
        return BOOLEAN

    def _condition(self, node: Node) -> None:
        """A place where only true counts: complain of what can never be it."""
        found = self.type_of(node)
        if found is not None and found.name not in ("boolean", "Null"):
            self._found("feel_condition_kind", node.at, type=found.name)

    def comparison(self, node: Comparison) -> Type:
        """``=``, ``<`` and the like."""
        left, right = self.type_of(node.left), self.type_of(node.right)
        return self._compared(node.operator, (node.left, left), (node.right, right), node.at)

    def _compared(self, operator: str, left: tuple[Node | None, Type], right: tuple[Node, Type], at: int) -> Type:
        (left_node, left_type), (right_node, right_type) = left, right
        if left_type is None or right_type is None:
            return BOOLEAN
        is_silent = _is_reported(left_node, left_type) or _is_reported(right_node, right_type)
        one, other = shape_of(left_type), shape_of(right_type)
        if operator in ("=", "!="):
            if not (is_silent or NULL in (left_type, right_type) or kinds.can_be_equal(one, other)):
                self._found("feel_never_equal", at, left=left_type.name, right=right_type.name)
            return BOOLEAN
        if kinds.can_be_ordered(one, other):
            return BOOLEAN
        if not is_silent:
            self._found("feel_never_ordered", at, left=left_type.name, right=right_type.name)
        return NULL

    def between(self, node: Between) -> Type:
        """``between``."""
        value = self.type_of(node.value)
        for bound in (node.low, node.high):
            self._compared("<=", (node.value, value), (bound, self.type_of(bound)), bound.at)
        return BOOLEAN

    def in_(self, node: In) -> Type:
        """``value in (tests)``."""
        return self.tests(node.tests, self.type_of(node.value))

    def _test(self, test: Test, tested: Type) -> None:
        operand = self.type_of(test.operand)
        if test.operator is not None:
            before = len(self.findings)
            self._compared(test.operator, (None, tested), (test.operand, operand), test.at)
            is_told = any(each.code == "feel_never_ordered" for each in self.findings[before:])
            if is_told and tested is not None and operand not in (None, NULL, tested):
                # a test has no result that could be null: it passes or not
                self.findings[before:] = [
                    Finding("feel_test_never", test.at, {"tested": tested.name, "type": _words(operand)})
                ]
            return
        if tested is None or operand is None or NULL in (tested, operand):
            return
        if operand == BOOLEAN and (test.uses_input or tested != BOOLEAN):
            return
        if not _can_pass(tested, operand):
            self._found("feel_test_never", test.at, tested=tested.name, type=_words(operand))

    def if_(self, node: If) -> Type:
        """``if``: what all its branches agree on."""
        found: Type = NULL
        for condition, value in node.branches:
            self._condition(condition)
            found = joined(found, self.type_of(value))
        return joined(found, self.type_of(node.otherwise))

    def instance_of(self, node: InstanceOf) -> Type:
        """``instance of``."""
        self.type_of(node.value)
        return BOOLEAN

    # --- loops

    def for_(self, node: For) -> Type:
        """``for``: a list of its results."""
        self._scopes.append(scope := _Scope())
        is_null = self._iterations(node.iterations, scope)
        scope.names.setdefault("partial", LIST)
        found = self.type_of(node.result)
        self._scopes.pop()
        return NULL if is_null else list_of(found)

    def quantified(self, node: Quantified) -> Type:
        """``some``, ``every``."""
        self._scopes.append(scope := _Scope())
        is_null = self._iterations(node.iterations, scope)
        self._condition(node.condition)
        self._scopes.pop()
        return NULL if is_null else BOOLEAN

    def _iterations(self, iterations: tuple[Iteration, ...], scope: _Scope) -> bool:
        """Bind the names of a loop; whether its first source is always null, and the loop with it."""
        is_null = False
        for index, iteration in enumerate(iterations):
            source = self.type_of(iteration.source)
            if iteration.end is not None:
                end = self.type_of(iteration.end)
                source = source if source is not None and source == end and source.name in ("number", "date") else None
            is_null = is_null or (index == 0 and source == NULL)
            if source is not None and source.name == "range":
                source = part_of(source)
            scope.names[iteration.name] = item_of(source)
        return is_null

    # --- literals

    def list_(self, node: ListLiteral) -> Type:
        """``[a, b]``."""
        found: Type = NULL
        for item in node.items:
            found = joined(found, self.type_of(item))
        return list_of(found)

    def context(self, node: ContextLiteral) -> Type:
        """``{a: 1}``."""
        self._scopes.append(scope := _Scope())
        for key, value in node.entries:
            if isinstance(value, FunctionLiteral):
                # it can call itself; what it gives is not known yet
                scope.names[key] = TypeName("function")
            scope.names[key] = self.type_of(value)
        self._scopes.pop()
        return TypeName("context", (), tuple((key, scope.names[key] or ANY) for key, _ in node.entries))

    def range_(self, node: RangeLiteral) -> Type:
        """``[a..b]``."""
        ends = [(end, self.type_of(end)) for end in (node.start, node.end) if end is not None]
        if len(ends) == 2:
            (start, start_type), (end, end_type) = ends
            if self._compared("<", (start, start_type), (end, end_type), node.at) == NULL:
                return NULL
        found = ends[0][1] if ends and ends[0][1] == ends[-1][1] else None
        if NULL in (each for _, each in ends):
            return NULL
        return TypeName("range") if found is None else TypeName("range", (found,))

    # --- functions

    def function(self, node: FunctionLiteral) -> Type:
        """A function written in FEEL."""
        if id(node) in self._functions:
            return self._functions[id(node)]
        parameters = [
            (name, None if kind is None else self._resolved(kind, self._named)) for name, kind in node.parameters
        ]
        self._scopes.append(_Scope({name: known(kind) for name, kind in parameters}))
        result = self.type_of(node.body)
        self._scopes.pop()
        return TypeName("function", (*(kind or ANY for _, kind in parameters), result or ANY))

    def call(self, node: Call) -> Type:
        """A call of a built-in or of a function value."""
        arguments = [self.type_of(argument) for argument in node.arguments]
        if isinstance(node.function, Name):
            name = node.function.name
            if name in FUNCTIONS and not any(name in scope.names for scope in self._scopes):
                return self._builtin_call(node, FUNCTIONS[name], arguments)
        function = self.type_of(node.function)
        if function is None or function.name != "function" or not function.arguments:
            return NULL if function == NULL else None
        return known(function.arguments[-1])

    def _builtin_call(self, node: Call, function: Builtin, arguments: list[Type]) -> Type:
        nodes: list[Node | None] = list(node.arguments)
        if node.names:
            order = next(filter(None, (each.positions(node.names) for each in function.signatures)), None)
            if order is None:
                return None
            by_name = dict(zip(node.names, zip(arguments, node.arguments, strict=True), strict=True))
            ordered = [by_name.get(name, (NULL, None)) for name in order]
            arguments, nodes = [each for each, _ in ordered], [each for _, each in ordered]
        signatures = [each for each in function.signatures if each.takes(len(arguments))]
        possible = [each for each in signatures if misfit(each, arguments) is None]
        if possible:
            return result_of(function.name, possible, arguments)
        misfits = [index for each in signatures if (index := misfit(each, arguments)) is not None]
        index = max(misfits, default=0)
        given, argument = arguments[index], nodes[index]
        if argument is not None and given is not None and not _is_reported(argument, given):
            wanted = wanted_at(signatures, index)
            self._found("feel_argument_kind", argument.at, function=function.name, type=given.name, wanted=wanted)
        return NULL


def type_of_function(node: FunctionLiteral, named: Mapping[str, TypeName], within: Mapping[int, TypeName]) -> TypeName:
    """The type of a function of which nothing but itself is known; ``within`` are those of the functions in its body, by identity.

    They are given, so that functions within functions within functions are gone through once.
    """
    return Inference({}, named, within).type_of(node) or TypeName("function")


def type_of_value(value: Value) -> Type:
    """The type of a constant."""
    if type(value) is Range:
        ends = [types.name_of(end) for end in (value.start, value.end) if end is not None]
        return TypeName("range", (TypeName(ends[0]),)) if ends else TypeName("range")
    return TypeName(types.name_of(value))


def _is_position(node: Node) -> bool:
    """A number that is written out: it picks an item whatever the list holds."""
    if isinstance(node, Negation):
        node = node.operand
    return isinstance(node, Constant) and type(node.value) is Decimal


def _is_reported(node: Node | None, kind: TypeName) -> bool:
    """What is always null has been complained of where it came from, unless somebody wrote null."""
    return kind == NULL and not isinstance(node, Constant)


def _can_pass(tested: TypeName, operand: TypeName) -> bool:
    """Whether a value of type ``tested`` can be equal to, in or within one of type ``operand``."""
    if operand.name == "range":
        inner = part_of(operand)
        return inner is None or kinds.can_be_ordered(shape_of(tested), shape_of(inner))
    if operand.name == "list":
        inner = part_of(operand)
        return tested.name == "list" or inner is None or inner == NULL or _can_pass(tested, inner)
    return kinds.can_be_equal(shape_of(tested), shape_of(operand))


def _words(kind: TypeName) -> str:
    return f"{kind.name}<{kind.arguments[0].name}>" if kind.name in ("list", "range") and kind.arguments else kind.name


_RULES: dict[type[Node], Callable[[Inference, Any], Type]] = {
    Constant: Inference.constant,
    Name: Inference.name,
    Path: Inference.path,
    Filter: Inference.filter,
    Chain: Inference.chain,
    Negation: Inference.negation,
    Junction: Inference.junction,
    Comparison: Inference.comparison,
    Between: Inference.between,
    In: Inference.in_,
    Tests: lambda inference, node: inference.tests(node, None),
    If: Inference.if_,
    For: Inference.for_,
    Quantified: Inference.quantified,
    ListLiteral: Inference.list_,
    ContextLiteral: Inference.context,
    RangeLiteral: Inference.range_,
    InstanceOf: Inference.instance_of,
    FunctionLiteral: Inference.function,
    Call: Inference.call,
}
