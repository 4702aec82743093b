"""How a built-in function is described: its signature as the standard writes it, and a Python function of plain values.

    @builtin("substring(string: string, start position: number, length: number?) -> string")
    def substring(budget: Budget, text: str, start: Decimal, length: Decimal | None = None) -> Value: ...

A function whose first parameter is called ``budget`` or ``environment`` is given that before its arguments. Arguments come checked: a
wrong kind, or null where the signature has no ``or null`` in it, makes the call null without reaching the function; a list of one is its
item where an item is wanted, and an item a list of one. A ``?`` after a type marks an argument that may be left out (and is then not
passed); ``...`` before a name takes all the rest. What stands after ``->`` is what comes out unless it is null: a type, or
``list<string>``; nothing where it depends on the arguments.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Literal, TypeVar

from engine.data import YearsMonths
from engine.feel.operations import Budget, normal
from engine.feel.tree import TypeName
from engine.feel.values import Environment, Function, Range, Value

_KINDS: dict[str, tuple[type, ...]] = {
    "number": (Decimal,),
    "string": (str,),
    "boolean": (bool,),
    "date": (date,),
    "time": (time,),
    "date and time": (datetime,),
    "days and time duration": (timedelta,),
    "years and months duration": (YearsMonths,),
    "duration": (timedelta, YearsMonths),
    "list": (list,),
    "context": (dict,),
    "range": (Range,),
    "function": (Function,),
    "point": (Decimal, str, date, time, datetime, timedelta, YearsMonths),
    "any": (),
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """``kinds`` empty takes anything, null too."""

    name: str
    kinds: tuple[type, ...]
    takes_null: bool = False
    is_optional: bool = False
    is_rest: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """One way to call a built-in. ``wants`` says what ``run`` gets before its arguments. Values of exactly ``kinds`` need no fitting.

    ``result`` is the type of what comes out (or null); None where that depends on the arguments.
    """

    parameters: tuple[Parameter, ...]
    run: Callable[..., Value]
    wants: Literal["budget", "environment"] | None
    least: int
    most: int | None
    kinds: tuple[type | None, ...] = field(default=())
    result: TypeName | None = None

    @property
    def type(self) -> TypeName:
        """The type of the function that it describes; what is one of several types, or depends on others, is Any."""
        known = {kind: name for name, kinds in _KINDS.items() if len(kinds) == 1 for kind in kinds}
        parameters = (TypeName(known[kind] if kind else "Any") for kind in self.kinds)
        return TypeName("function", (*parameters, self.result or TypeName("Any")))

    def takes(self, count: int) -> bool:
        """Whether it can be called with ``count`` arguments."""
        return self.least <= count and (self.most is None or count <= self.most)

    def positions(self, names: Sequence[str]) -> list[str] | None:
        """The parameter names up to the last one that is needed, in order; None when ``names`` do not fit this signature.

        A parameter that is not named is bound to null (DMN 1.5 §10.3.2.15, table 63), so one that takes null may be missing.
        """
        own = [parameter.name for parameter in self.parameters]
        if len(set(names)) != len(names) or not set(names) <= set(own) or self.most is None:
            return None
        if any(
            not (parameter.is_optional or parameter.takes_null) and parameter.name not in names
            for parameter in self.parameters
        ):
            return None
        return own[: max(self.least, *(own.index(name) + 1 for name in names))]

    def fitted(self, arguments: list[Value]) -> list[Value] | None:
        """The arguments as ``run`` takes them, or None when they do not fit."""
        found: list[Value] = []
        for index, argument in enumerate(arguments):
            parameter = self.parameters[min(index, len(self.parameters) - 1)]
            value = normal(argument)
            if parameter.kinds and type(value) not in parameter.kinds:
                value = _converted(value, parameter)
                if value is _MISFIT:
                    return None
            found.append(value)
        return found

    def run_with(self, fitted: list[Value], environment: Environment, budget: Budget) -> Value:
        """Run with arguments that fit."""
        if self.wants == "budget":
            return self.run(budget, *fitted)
        return self.run(environment, *fitted) if self.wants == "environment" else self.run(*fitted)


_MISFIT: Value = object()


def _converted(value: Value, parameter: Parameter) -> Value:
    """A single value where a list is wanted and the other way round (DMN 1.5 §10.3.2.9.4)."""
    if value is None:
        return None if parameter.takes_null or parameter.is_optional else _MISFIT
    if list in parameter.kinds:
        return [value]
    if type(value) is list and len(value) == 1 and type(normal(value[0])) in parameter.kinds:
        return normal(value[0])
    return _MISFIT


def fits(parameter: Parameter, value: Value) -> bool:
    """Whether ``value``, one of FEEL, can be the argument for ``parameter``."""
    return not parameter.kinds or type(value) in parameter.kinds or _converted(value, parameter) is not _MISFIT


@dataclass(frozen=True, slots=True)
class Builtin:
    """A built-in function with all its signatures."""

    name: str
    signatures: tuple[Signature, ...]

    @property
    def is_foldable(self) -> bool:
        """Whether it may be computed when the expression is compiled: only what depends on nothing but small arguments."""
        return self.name in _FOLDABLE

    @property
    def counts(self) -> str:
        """How many arguments it takes, for people: ``1 – 3``."""
        least = min(signature.least for signature in self.signatures)
        if any(signature.most is None for signature in self.signatures):
            return f"{least}+"
        most = max(signature.most or 0 for signature in self.signatures)
        return str(least) if least == most else f"{least} – {most}"

    def signature_for(self, count: int) -> Signature | None:
        """The first signature that takes ``count`` arguments."""
        return next((signature for signature in self.signatures if signature.takes(count)), None)

    def signatures_for(self, names: Sequence[str]) -> list[Signature]:
        """The signatures, those first that have ``names`` in their own order: ``before`` takes point and range either way round."""
        return sorted(
            self.signatures,
            key=lambda signature: tuple(parameter.name for parameter in signature.parameters) != tuple(names),
        )

    def call(self, arguments: list[Value], environment: Environment, budget: Budget) -> Value:
        """Call with arguments of any kind: the first signature that they fit is taken; null when there is none."""
        budget.spend(1)
        for signature in self.signatures:
            if signature.takes(len(arguments)):
                fitted = signature.fitted(arguments)
                if fitted is not None:
                    return signature.run_with(fitted, environment, budget)
        return None

    def as_value(self, environment: Environment, budget: Budget) -> Function:
        """The built-in as a function value, to be given to another function."""
        longest = max(self.signatures, key=lambda signature: len(signature.parameters))
        names = tuple(parameter.name for parameter in longest.parameters)

        def run(*arguments: Value) -> Value:
            return self.call(list(arguments), environment, budget)

        return Function(
            self.name,
            names,
            run,
            optional=len(names) - min(signature.least for signature in self.signatures),
            type=longest.type,
        )


BUILTINS: dict[str, Builtin] = {}
_FOLDABLE = frozenset(("date", "time", "date and time", "duration"))


def call_builtin(name: str, arguments: list[Value], environment: Environment, budget: Budget) -> Value:
    """Call the built-in ``name`` from outside an expression; null when it does not take these arguments."""
    return BUILTINS[name].call(arguments, environment, budget)


R = TypeVar("R", bound=Callable[..., Any])


def builtin(*signatures: str) -> Callable[[R], R]:
    """Describe a Python function as a built-in."""

    def describe(run: R) -> R:
        first = next(iter(inspect.signature(run).parameters), None)
        wants: Literal["budget", "environment"] | None = None
        if first == "budget":
            wants = "budget"
        elif first == "environment":
            wants = "environment"
        for text in signatures:
            name, made = signature_of(text, run, wants)
            known = BUILTINS.get(name, Builtin(name, ()))
            BUILTINS[name] = Builtin(name, (*known.signatures, made))
        return run

    return describe


def signature_of(
    text: str, run: Callable[..., Value], wants: Literal["budget", "environment"] | None
) -> tuple[str, Signature]:
    """The name and the signature that ``text`` describes, for ``run``."""
    text, _, result = text.partition(" -> ")
    name, _, rest = text.removesuffix(")").partition("(")
    parameters = tuple(_parameter(part) for part in rest.split(", ") if part)
    has_rest = any(parameter.is_rest for parameter in parameters)
    least = sum(1 for parameter in parameters if not parameter.is_optional)
    kinds = tuple(parameter.kinds[0] if len(parameter.kinds) == 1 else None for parameter in parameters)
    most = None if has_rest else len(parameters)
    return name, Signature(parameters, run, wants, least, most, kinds, _result(result))


def _result(text: str) -> TypeName | None:
    outer, _, inner = text.removesuffix(">").partition("<")
    if inner:
        return TypeName(outer, (TypeName(inner),))
    return TypeName(text) if len(_KINDS.get(text, ())) == 1 else None


def _parameter(text: str) -> Parameter:
    name, _, kind = text.partition(": ")
    is_rest, name = name.startswith("..."), name.removeprefix("...")
    is_optional, kind = kind.endswith("?"), kind.removesuffix("?")
    names = kind.split(" or ")
    takes_null = "null" in names or "any" in names
    kinds = tuple(each for part in names if part != "null" for each in _KINDS[part])
    return Parameter(name, kinds, takes_null, is_optional, is_rest)
