"""Tree to source text, and values to FEEL notation: what ``parser`` reads, backwards.

One canonical line: single spaces, parentheses only where the tree would otherwise be another one. ``parse(printed(tree)) == tree`` up to
``at`` holds for every tree that the parser makes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from engine.data import YearsMonths
from engine.feel import temporal
from engine.feel.errors import FeelSyntaxError
from engine.feel.functions import BUILTINS
from engine.feel.lexer import KEYWORDS, WORD
from engine.feel.parser import STRENGTHS, Parser
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

_OPEN, _OR, _AND, _COMPARE, _ADD, _MULTIPLY, _POWER, _MINUS, _INSTANCE, _POSTFIX, _CLOSED = range(11)
"""How strongly a construct holds together: the parser's strengths, below them what takes all that follows (``if``, ``for`` …)."""

_PLAIN_KEY = re.compile(rf"{WORD}(?: {WORD})*")
_BARE_TYPE_AT_END = re.compile(r"\binstance of (?:.*-> )?(?:list|range|context|function)\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SHORT_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def printed(node: Node, *, names: Iterable[str] = ()) -> str:
    """``node`` as FEEL source. ``names`` are variables that the reader of the text knows, besides those that ``node`` uses.

    A name with spaces or signs could swallow its neighbours (``a - b`` where ``a-b`` is known too); names then stand in parentheses.
    """
    text = _Printer(guards_names=False).text(node)
    if _reads_as(text, node, names):
        return text
    return _Printer(guards_names=True).text(node)


def printed_value(value: Value) -> str:
    """``value`` in FEEL notation: evaluated, it gives ``value`` again. What is no value (no number) is ``null``.

    A function has no notation: it is shown with its parameters, ``function(a, b)``.
    """
    return _PRINTED_VALUES.get(type(value), _null)(value)


def printed_type(wanted: TypeName) -> str:
    """A type as ``instance of`` takes it."""
    if wanted.name == "function" and wanted.arguments:
        *parameters, result = map(printed_type, wanted.arguments)
        return f"function<{', '.join(parameters)}> -> {result}"
    parts = [printed_type(each) for each in wanted.arguments]
    parts += [f"{name}: {printed_type(kind)}" for name, kind in wanted.fields]
    return f"{wanted.name}<{', '.join(parts)}>" if parts else wanted.name


def text_literal(text: str) -> str:
    """``text`` as a string literal of one line."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + _CONTROL.sub(lambda found: _SHORT_ESCAPES.get(found[0]) or f"\\u{ord(found[0]):04x}", escaped) + '"'


def same(one: object, other: object) -> bool:
    """Whether two trees are the same, wherever their nodes stand in the source."""
    pending = [(one, other)]
    while pending:
        first, second = pending.pop()
        if type(first) is not type(second):
            return False
        if isinstance(first, tuple) and isinstance(second, tuple):
            if len(first) != len(second):
                return False
            pending.extend(zip(first, second, strict=True))
        elif is_dataclass(first) and isinstance(first, Node | Iteration):
            pending.extend(
                (getattr(first, each.name), getattr(second, each.name)) for each in fields(first) if each.name != "at"
            )
        elif first != second:
            return False
    return True


def _reads_as(text: str, node: Node, names: Iterable[str]) -> bool:
    try:
        parser = Parser(text, (*names, *_names_in(node)), BUILTINS)
        return same(parser.whole_tests() if isinstance(node, Tests) else parser.whole_expression(), node)
    except FeelSyntaxError:
        return False


def _names_in(node: Node) -> Iterator[str]:
    pending = [node]
    while pending:
        found = pending.pop()
        if isinstance(found, Name):
            yield found.name
        elif isinstance(found, Path):
            yield from found.names
        pending.extend(children(found))


class _Printer:
    """Prints one tree. ``guards_names``: every name that is read stands in parentheses."""

    def __init__(self, *, guards_names: bool) -> None:
        self._guards_names = guards_names

    def text(self, node: Node, least: int = _OPEN) -> str:
        """``node`` where something of strength ``least`` is wanted: in parentheses when it holds together less."""
        strength, write = _WRITERS[type(node)]
        if isinstance(node, Chain):
            strength = STRENGTHS[node.rest[0][0]]
        elif isinstance(node, Junction):
            strength = STRENGTHS[node.operator]
        text = write(self, node)
        return f"({text})" if strength < least else text

    # --- what is read

    def constant(self, node: Constant) -> str:
        value = node.value
        if isinstance(value, date | time | timedelta | YearsMonths):
            return f'@"{temporal.iso_text(value)}"'
        text = str(value) if isinstance(value, Decimal) else printed_value(value)
        return f"({text})" if self._guards_names and text in KEYWORDS else text

    def name(self, node: Name) -> str:
        return f"({node.name})" if self._guards_names else node.name

    def path(self, node: Path) -> str:
        # a path of a path is not the longer path: the parser makes one of all names in a row
        least = _CLOSED if isinstance(node.source, Path) else _POSTFIX
        text = ".".join((self.text(node.source, least), *node.names))
        return f"({text})" if self._guards_names else text

    def filter(self, node: Filter) -> str:
        return f"{self.text(node.source, _POSTFIX)}[{self.text(node.condition)}]"

    def call(self, node: Call) -> str:
        # a guarded name of a function would not be looked for among the functions
        function = node.function.name if isinstance(node.function, Name) else self.text(node.function, _POSTFIX)
        arguments = [self.text(argument) for argument in node.arguments]
        if node.names:
            arguments = [f"{name}: {argument}" for name, argument in zip(node.names, arguments, strict=True)]
        return f"{function}({', '.join(arguments)})"

    # --- operators

    def chain(self, node: Chain) -> str:
        least = STRENGTHS[node.rest[0][0]] + 1
        parts = [self.text(node.first, least)]
        for operator, operand in node.rest:
            parts += (operator, self.text(operand, least))
        return " ".join(parts)

    def negation(self, node: Negation) -> str:
        return f"-{self.text(node.operand, _MINUS)}"

    def junction(self, node: Junction) -> str:
        least = STRENGTHS[node.operator] + 1
        return f" {node.operator} ".join(self.text(operand, least) for operand in node.operands)

    def comparison(self, node: Comparison) -> str:
        left = self.text(node.left, _COMPARE)
        if node.operator == "<" and _BARE_TYPE_AT_END.search(left):
            # "x instance of list < 1" would begin the list's item type
            left = f"({left})"
        return f"{left} {node.operator} {self.text(node.right, _ADD)}"

    def between(self, node: Between) -> str:
        return f"{self.text(node.value, _COMPARE)} between {self.text(node.low, _ADD)} and {self.text(node.high, _ADD)}"

    def in_(self, node: In) -> str:
        value, tests = self.text(node.value, _COMPARE), node.tests.tests
        if len(tests) == 1 and tests[0].operator is None:
            operand = tests[0].operand
            text = self.text(operand, _ADD)
            is_range = isinstance(operand, RangeLiteral) and None not in (operand.start, operand.end)
            if is_range or not text.startswith("("):
                return f"{value} in {text}"
        return f"{value} in ({', '.join(map(self.test, tests))})"

    def instance_of(self, node: InstanceOf) -> str:
        return f"{self.text(node.value, _INSTANCE)} instance of {printed_type(node.type)}"

    # --- tests

    def test(self, node: Test) -> str:
        return self.text(node.operand) if node.operator is None else f"{node.operator} {self.text(node.operand, _ADD)}"

    def tests(self, node: Tests) -> str:
        if not node.tests:
            return "-"
        text = ", ".join(map(self.test, node.tests))
        if node.is_negated:
            return f"not({text})"
        only = node.tests[0].operand
        is_call_of_not = isinstance(only, Call) and isinstance(only.function, Name) and only.function.name == "not"
        # alone in its cell, a call of "not" would negate the cell
        return f"({text})" if is_call_of_not and len(node.tests) == 1 and node.tests[0].operator is None else text

    # --- worded constructs

    def if_(self, node: If) -> str:
        parts = [f"if {self.text(condition)} then {self.text(value)}" for condition, value in node.branches]
        otherwise = self.text(node.otherwise)
        if isinstance(node.otherwise, If):
            # "else if" would be one more branch
            otherwise = f"({otherwise})"
        return " else ".join((*parts, otherwise))

    def for_(self, node: For) -> str:
        return f"for {self._iterations(node.iterations)} return {self.text(node.result)}"

    def quantified(self, node: Quantified) -> str:
        return f"{node.quantifier} {self._iterations(node.iterations)} satisfies {self.text(node.condition)}"

    def _iterations(self, iterations: tuple[Iteration, ...]) -> str:
        return ", ".join(
            f"{each.name} in {self.text(each.source, _OR)}" + (f"..{self.text(each.end, _OR)}" if each.end else "")
            for each in iterations
        )

    def function(self, node: FunctionLiteral) -> str:
        parameters = (name if kind is None else f"{name}: {printed_type(kind)}" for name, kind in node.parameters)
        return f"function({', '.join(parameters)}) {self.text(node.body)}"

    # --- brackets

    def list_(self, node: ListLiteral) -> str:
        return f"[{', '.join(map(self.text, node.items))}]"

    def context(self, node: ContextLiteral) -> str:
        return _entries((key, self.text(value)) for key, value in node.entries)

    def range_(self, node: RangeLiteral) -> str:
        start = None if node.start is None else self.text(node.start, _ADD)
        end = None if node.end is None else self.text(node.end, _ADD)
        if end is not None and end.startswith("["):
            # "[1..[" is a range with an open end
            end = f"({end})"
        return _interval(start, end, start_included=node.start_included, end_included=node.end_included)


_WRITERS: dict[type[Node], tuple[int, Callable[[_Printer, Any], str]]] = {
    Constant: (_POSTFIX, _Printer.constant),
    Name: (_POSTFIX, _Printer.name),
    Path: (_POSTFIX, _Printer.path),
    Filter: (_POSTFIX, _Printer.filter),
    Call: (_POSTFIX, _Printer.call),
    ListLiteral: (_POSTFIX, _Printer.list_),
    ContextLiteral: (_POSTFIX, _Printer.context),
    RangeLiteral: (_POSTFIX, _Printer.range_),
    InstanceOf: (_INSTANCE, _Printer.instance_of),
    Negation: (_MINUS, _Printer.negation),
    Chain: (_ADD, _Printer.chain),
    Comparison: (_COMPARE, _Printer.comparison),
    Between: (_COMPARE, _Printer.between),
    In: (_COMPARE, _Printer.in_),
    Junction: (_OR, _Printer.junction),
    If: (_OPEN, _Printer.if_),
    For: (_OPEN, _Printer.for_),
    Quantified: (_OPEN, _Printer.quantified),
    FunctionLiteral: (_OPEN, _Printer.function),
    Test: (_OPEN, _Printer.test),
    Tests: (_OPEN, _Printer.tests),
}


def _entries(entries: Iterable[tuple[str, str]]) -> str:
    keyed = (f"{key if _PLAIN_KEY.fullmatch(key) else text_literal(key)}: {text}" for key, text in entries)
    return f"{{{', '.join(keyed)}}}"


def _interval(start: str | None, end: str | None, *, start_included: bool, end_included: bool) -> str:
    if start is None:
        return f"({'<=' if end_included else '<'} {end})"
    if end is None:
        return f"({'>=' if start_included else '>'} {start})"
    return f"{'[' if start_included else '('}{start}..{end}{']' if end_included else ')'}"


def _null(_value: Value) -> str:
    return "null"


def _called(function: str) -> Callable[[Value], str]:
    return lambda value: f'{function}("{temporal.iso_text(value)}")'


def _number_text(value: Decimal) -> str:
    """In digits, as people write it; with an exponent only what is longer than a line of digits that one can read."""
    text = str(value)
    return format(value, "f") if "E" in text and abs(value.adjusted()) <= _MOST_DIGITS else text


_MOST_DIGITS = 40


def _range_value(value: Range) -> str:
    if value.start is None and value.end is None:
        return "null"
    start = None if value.start is None else printed_value(value.start)
    end = None if value.end is None else printed_value(value.end)
    return _interval(start, end, start_included=value.start_included, end_included=value.end_included)


_PRINTED_VALUES: Mapping[type, Callable[[Any], str]] = {
    bool: lambda value: "true" if value else "false",
    Decimal: lambda value: _number_text(value) if value.is_finite() else "null",
    str: text_literal,
    date: _called("date"),
    time: _called("time"),
    datetime: _called("date and time"),
    timedelta: _called("duration"),
    YearsMonths: _called("duration"),
    list: lambda value: f"[{', '.join(map(printed_value, value))}]",
    dict: lambda value: _entries((key, printed_value(item)) for key, item in value.items()),
    Range: _range_value,
    Function: lambda value: f"function({', '.join(value.parameters)})",
}
