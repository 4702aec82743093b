"""Calls of built-ins and of functions written in FEEL."""

from __future__ import annotations

from dataclasses import dataclass

from engine.feel import types
from engine.feel.closures.frame import Frame, Run
from engine.feel.functions import Builtin, Signature
from engine.feel.operations import Budget
from engine.feel.tree import TypeName
from engine.feel.values import Function, Value


def call_of(builtin: Builtin, signature: Signature, arguments: tuple[Run, ...]) -> Run:
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
class Closure:
    """The body of a function written in FEEL with the frame that it was made in."""

    frame: Frame
    slots: tuple[int, ...]
    kinds: tuple[TypeName | None, ...]
    body: Run
    cost: int

    def __call__(self, *arguments: Value) -> Value:
        """Run the body with ``arguments``, those of declared types converted or null (DMN 1.5 §10.3.2.9.4). Raises FeelFailure."""
        frame = self.frame.copy()
        budget: Budget = frame[2]
        for slot, kind, value in zip(self.slots, self.kinds, arguments, strict=True):
            frame[slot] = value if kind is None else types.coerced(value, kind, budget)
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
