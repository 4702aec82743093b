"""Arithmetic as closures: two plain numbers go straight to the decimal context."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, DecimalException

from engine.feel import operations
from engine.feel.closures.frame import Frame, Run
from engine.feel.numbers import CONTEXT
from engine.feel.operations import Budget
from engine.feel.values import Value


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
    return lambda frame: operations.power(left(frame), right(frame), frame[2])


BINARY: dict[str, Callable[[Run, Run], Run]] = {"+": _plus, "-": _minus, "*": _times, "/": _over, "**": _to_power}
ARITHMETIC: dict[str, Callable[[Value, Value, Budget], Value]] = {
    "+": operations.add,
    "-": lambda left, right, _budget: operations.subtract(left, right),
    "*": lambda left, right, _budget: operations.multiply(left, right),
    "/": lambda left, right, _budget: operations.divide(left, right),
    "**": operations.power,
}
