"""Logic, comparisons and tests as closures: fast where both values are of one plain kind."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from engine.feel import operations
from engine.feel.closures.frame import Frame, Run
from engine.feel.operations import Budget, at_most, equal, less
from engine.feel.values import Range, Value


def all_of(operands: tuple[Run, ...]) -> Run:
    """``and`` of two or more: false decides, null spreads."""
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
            if value is not True:
                if value is False:
                    return False
                found = None
        return found

    return run


def any_of(operands: tuple[Run, ...]) -> Run:
    """``or`` of two or more: true decides, null spreads."""
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
            if value is not False:
                if value is True:
                    return True
                found = None
        return found

    return run


def constant_comparison(operator: str, left: Run, value: Value) -> Run | None:
    """A comparison with a constant of a kind that Python orders as FEEL does."""
    if type(value) is bool and operator not in ("=", "!="):
        return None
    return comparison_of_constants(operator, left, value)


def comparison_of_constants(operator: str, left: Run, constant: Value) -> Run:
    """A comparison with a constant: direct where the value is of the constant's kind."""
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


def comparison(operator: str, left: Run, right: Run) -> Run:
    """A comparison of two computed values."""
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


def text_test(slot: int, texts: frozenset[str]) -> Run:
    """Whether the value in ``slot`` is one of some texts."""

    def run(frame: Frame) -> Value:
        value = frame[slot]
        if type(value) is str:
            return value in texts
        return _any_passes(value, texts, frame[2])

    return run


def _any_passes(value: Value, texts: Iterable[str], budget: Budget) -> bool | None:
    found = [equal(value, text, budget) for text in texts]
    return True if True in found else (None if None in found else False)


def range_test(slot: int, interval: Range) -> Run:
    """Whether the value in ``slot`` lies in a constant range."""
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


def passed(value: Value, tested: Value, budget: Budget) -> bool | None:
    """A test without ``?`` that gives a boolean is itself the answer, unless a boolean is what is tested."""
    if type(tested) is bool and value is not None and type(value) is not bool:
        return tested
    return operations.passes(value, tested, budget)
