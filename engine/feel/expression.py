"""Expressions as the rest of the engine holds them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal

from engine.feel.errors import FeelSyntaxError
from engine.feel.values import Environment, Value

_LITERALS: dict[str, Value] = {"true": True, "false": False, "null": None}


class Expression:
    """A compiled expression. Equal and hashed by its source."""

    __slots__ = ("_path", "_value", "source", "variables")

    def __init__(self, source: str, names: Iterable[str] = ()) -> None:
        self.source = source
        text = source.strip()
        self._path: tuple[str, ...] = ()
        self._value: Value = None
        if text in _LITERALS:
            self._value = _LITERALS[text]
        elif re.fullmatch(r"\d+(\.\d+)?", text):
            self._value = Decimal(text)
        elif re.fullmatch(r'"[^"\\]*"', text):
            self._value = text[1:-1]
        elif re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*", text):
            self._path = tuple(text.split("."))
        else:
            raise FeelSyntaxError("feel_unexpected", 0, found=text[:20])
        self.variables = frozenset(self._path[:1])

    def evaluate(self, context: Mapping[str, Value], environment: Environment) -> Value:
        """The value in ``context``; null for what FEEL cannot compute. Raises FeelFailure when a bound is exceeded."""
        if not self._path:
            return self._value
        value: Value = context
        for name in self._path:
            value = value.get(name) if isinstance(value, Mapping) else None
        return value

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.source == self.source  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash(self.source)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.source!r})"


class UnaryTests(Expression):
    """Compiled unary tests: the condition of a table's cell."""

    __slots__ = ()

    def matches(self, value: Value, context: Mapping[str, Value], environment: Environment) -> bool:
        """Does ``value`` pass?"""
        return self.source.strip() == "-" or bool(value == self.evaluate(context, environment))


def compile_expression(source: str, *, names: Iterable[str] = ()) -> Expression:
    """Compile ``source``. Raises FeelSyntaxError."""
    return Expression(source, names)


def compile_unary_tests(source: str, *, names: Iterable[str] = ()) -> UnaryTests:
    """Compile unary tests. Raises FeelSyntaxError."""
    return UnaryTests(source, names)
