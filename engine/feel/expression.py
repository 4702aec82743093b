"""Expressions as the rest of the engine holds them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal, DecimalException
from functools import lru_cache
from typing import NoReturn

from engine.data import YearsMonths
from engine.feel.closures.frame import INPUT, Frame, Run
from engine.feel.compiler import NO_TYPES, Compiler, constant_texts
from engine.feel.errors import FeelFailure
from engine.feel.extensions import FUNCTIONS
from engine.feel.operations import Budget, weigh
from engine.feel.parser import Parser
from engine.feel.reading import count
from engine.feel.tree import Constant, Name, Node, Path, Tests, TypeName, measure
from engine.feel.values import Environment, Value

_SHORT = 1_000


class _Compiled:
    """What expressions and tests have in common. Equal by source, names and types: two that read the same are the same.

    ``names`` and ``types`` are those that it was compiled with. ``cost`` is what straight-line evaluation takes, in steps: no ``Budget``
    counts it, so whoever evaluates again and again has to. ``path`` is the way to the value, where nothing else is asked for: a variable
    and the names of entries (``order.amount``); else None. ``constant`` holds the one value that it always has, if that is a duration, a
    short text, true, false or null; else it is None.
    """

    __slots__ = (
        "_run",
        "_slots",
        "constant",
        "cost",
        "names",
        "path",
        "possible_variables",
        "source",
        "tree",
        "types",
        "variables",
    )

    def __init__(self, source: str, tree: Node, run: Run, compiler: Compiler) -> None:
        self.source = source
        self.tree = tree
        self.names = compiler.names
        self.types = compiler.types
        self.cost = measure(tree)[0]
        self.path = _path_of(tree)
        self.constant: tuple[Value] | None = None
        self.variables = frozenset(compiler.variables)
        self.possible_variables = frozenset(compiler.possible_variables)
        self._run = run
        self._slots = [None] * (compiler.slots - INPUT)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _Compiled)
            and type(other) is type(self)
            and (other.source, other.names, other.types) == (self.source, self.names, self.types)
        )

    def __hash__(self) -> int:
        return hash(self.source)

    def __repr__(self) -> str:
        return f"{type(self).__name__.removeprefix('_')}({self.source!r})"


def _path_of(tree: Node) -> tuple[str, ...] | None:
    match tree:
        case Name():
            return (tree.name,)
        case Path(source=Name(name=name)):
            return (name, *tree.names)
        case _:
            return None


class Expression(_Compiled):
    """A compiled expression. ``variables`` are the free names that it reads, ``tree`` is its syntax tree.

    ``possible_variables`` adds the names inside filters, which may also be entries of the items.
    """

    __slots__ = ()

    def __init__(self, source: str, tree: Node, run: Run, compiler: Compiler) -> None:
        super().__init__(source, tree, run, compiler)
        value = known.value if isinstance(known := compiler.simplified(tree), Constant) else ...
        is_short = isinstance(value, str) and len(value) < _SHORT and value.isascii()
        if is_short or value is None or isinstance(value, timedelta | YearsMonths | bool):
            self.constant = (value,)

    def evaluate(self, context: Mapping[str, Value], environment: Environment, budget: Budget | None = None) -> Value:
        """The value in ``context``; null for what FEEL cannot compute. Raises FeelFailure when a bound is exceeded.

        ``budget`` is shared by expressions that belong to one piece of work (a decision with all that it requires).
        """
        if budget is None:
            budget = Budget()
        frame: Frame = [context, environment, budget, *self._slots]
        try:
            value = self._run(frame)
            kind = type(value)
            if kind is list or kind is dict:
                weigh(value, budget)
            elif kind is Decimal and not value.is_finite():
                return None
        except RecursionError as error:
            _too_deep(error)
        except DecimalException:
            # only a NaN that came in with the variables does this; it is no number
            return None
        return value


class UnaryTests(_Compiled):
    """Compiled unary tests: the condition of a table's cell. Inside, ``?`` is the tested value.

    ``texts`` are the texts asked for, when nothing else is asked; ``run`` and ``slots`` are for ``Grid`` (many tests in one frame).
    """

    __slots__ = ("is_any", "is_negated", "run", "slots", "texts")

    def __init__(self, source: str, tree: Tests, run: Run, compiler: Compiler) -> None:
        super().__init__(source, tree, run, compiler)
        self.is_any = not tree.tests
        self.is_negated = tree.is_negated
        self.texts = constant_texts(tree.tests)
        self.run = run
        self.slots = compiler.slots

    def values(self) -> tuple[Expression, ...]:
        """The values that are listed, each as an expression; none when something else than plain values is asked for."""
        tests = self.tree.tests if isinstance(self.tree, Tests) and not self.tree.is_negated else ()
        if any(test.operator is not None or test.uses_input for test in tests):
            return ()
        return tuple(_compiled_tree(self.source, test.operand, self.names, self.types) for test in tests)

    def matches(self, value: Value, context: Mapping[str, Value], environment: Environment) -> bool:
        """Does ``value`` pass? Raises FeelFailure when a bound is exceeded."""
        frame: Frame = [context, environment, Budget(), *self._slots]
        frame[INPUT] = value
        try:
            return self._run(frame) is True
        except RecursionError as error:
            _too_deep(error)
        except DecimalException:
            return False


def _too_deep(error: RecursionError) -> NoReturn:
    raise FeelFailure("feel_too_nested_value") from error


def compile_expression(
    source: str, *, names: Iterable[str] = (), types: Mapping[str, TypeName] = NO_TYPES
) -> Expression:
    """Compile ``source``. ``names`` are variables that it may use: needed for names with spaces and for functions among the variables.

    ``types`` are the named types that ``instance of`` and parameters of functions may use, also qualified (``ns.tName``).
    Raises FeelSyntaxError with code, position and facts; FeelTooMuch within ``reading.at_most``.
    """
    count(source)
    return _expression(source, frozenset(names), frozenset(types.items()))


@lru_cache(maxsize=2048)
def _expression(source: str, names: frozenset[str], types: frozenset[tuple[str, TypeName]]) -> Expression:
    known = dict(types)
    tree = Parser(source, names, FUNCTIONS, known).whole_expression()
    return _compiled_tree(source, tree, names, known)


def _compiled_tree(source: str, tree: Node, names: frozenset[str], types: Mapping[str, TypeName]) -> Expression:
    compiler = Compiler(names, types)
    run = compiler.expression(tree)
    return Expression(source, tree, run, compiler)


def compile_unary_tests(
    source: str, *, names: Iterable[str] = (), types: Mapping[str, TypeName] = NO_TYPES
) -> UnaryTests:
    """Compile unary tests. Takes and raises what ``compile_expression`` does."""
    count(source)
    return _unary_tests(source, frozenset(names), frozenset(types.items()))


@lru_cache(maxsize=2048)
def _unary_tests(source: str, names: frozenset[str], types: frozenset[tuple[str, TypeName]]) -> UnaryTests:
    known = dict(types)
    tree = Parser(source, names, FUNCTIONS, known).whole_tests()
    compiler = Compiler(names, known)
    return UnaryTests(source, tree, compiler.tests(tree), compiler)
