"""Functions on numbers (DMN 1.5 §10.3.4.5)."""

from __future__ import annotations

from datetime import timedelta
from decimal import ROUND_DOWN, ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal, DecimalException

from engine.data import YearsMonths
from engine.feel import numbers, operations
from engine.feel.functions.registry import builtin
from engine.feel.numbers import CONTEXT, whole
from engine.feel.operations import Budget
from engine.feel.values import Value

_LOG_STEPS, _EXP_STEPS = 20, 10
"""What a series of 34 digits costs, in steps."""


def _rounded(value: Decimal, scale: Decimal, rounding: str) -> Value:
    digits = whole(numbers.scaled(scale, 0, ROUND_DOWN))
    return None if digits is None else numbers.scaled(value, digits, rounding)


@builtin("decimal(n: number, scale: number) -> number")
def decimal(value: Decimal, scale: Decimal) -> Value:
    """Rounded to ``scale`` digits, half to even."""
    return _rounded(value, scale, ROUND_HALF_EVEN)


@builtin("floor(n: number, scale: number?) -> number")
def floor(value: Decimal, scale: Decimal | None = numbers.ZERO) -> Value:
    """Rounded down, towards minus infinity."""
    return None if scale is None else _rounded(value, scale, "ROUND_FLOOR")


@builtin("ceiling(n: number, scale: number?) -> number")
def ceiling(value: Decimal, scale: Decimal | None = numbers.ZERO) -> Value:
    """Rounded up, towards plus infinity."""
    return None if scale is None else _rounded(value, scale, "ROUND_CEILING")


@builtin("round up(n: number, scale: number) -> number")
def round_up(value: Decimal, scale: Decimal) -> Value:
    """Rounded away from zero."""
    return _rounded(value, scale, ROUND_UP)


@builtin("round down(n: number, scale: number) -> number")
def round_down(value: Decimal, scale: Decimal) -> Value:
    """Rounded towards zero."""
    return _rounded(value, scale, ROUND_DOWN)


@builtin("round half up(n: number, scale: number) -> number")
def round_half_up(value: Decimal, scale: Decimal) -> Value:
    """Rounded to the nearest, a half away from zero."""
    return _rounded(value, scale, ROUND_HALF_UP)


@builtin("round half down(n: number, scale: number) -> number")
def round_half_down(value: Decimal, scale: Decimal) -> Value:
    """Rounded to the nearest, a half towards zero."""
    return _rounded(value, scale, ROUND_HALF_DOWN)


@builtin("abs(n: number or duration)")
def absolute(value: Value) -> Value:
    """The size of a number or a duration."""
    if type(value) is Decimal:
        return value.copy_abs()
    zero = timedelta(0) if type(value) is timedelta else YearsMonths(0)
    return operations.negated(value) if value < zero else value


@builtin("modulo(dividend: number, divisor: number) -> number")
def modulo(dividend: Decimal, divisor: Decimal) -> Value:
    """The remainder, with the sign of the divisor."""
    return numbers.modulo(dividend, divisor)


def _computed(operation: str, value: Decimal) -> Value:
    try:
        return getattr(CONTEXT, operation)(value)
    except DecimalException:
        return None


@builtin("sqrt(number: number) -> number")
def sqrt(value: Decimal) -> Value:
    """The square root; null below zero."""
    return None if value < 0 else _computed("sqrt", value)


@builtin("log(number: number) -> number")
def log(budget: Budget, value: Decimal) -> Value:
    """The natural logarithm; null for zero and below."""
    budget.spend(_LOG_STEPS)
    return None if value <= 0 else _computed("ln", value)


@builtin("exp(number: number) -> number")
def exp(budget: Budget, value: Decimal) -> Value:
    """The constant e to the power of a number."""
    budget.spend(_EXP_STEPS)
    return _computed("exp", value)


@builtin("odd(number: number) -> boolean")
def odd(value: Decimal) -> Value:
    """Whether it is an odd whole number."""
    return numbers.modulo(value, Decimal(2)) == 1


@builtin("even(number: number) -> boolean")
def even(value: Decimal) -> Value:
    """Whether it is an even whole number."""
    return numbers.modulo(value, Decimal(2)) == 0
