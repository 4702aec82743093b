"""``for``, ``some``, ``every`` and filters as closures. What is repeated is charged with its size before it runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from engine.feel.closures.frame import Frame, Run
from engine.feel.numbers import whole
from engine.feel.operations import Budget, equal, normal
from engine.feel.values import Range, Value


class _NotIterable(Exception):
    """What should be iterated is null: so is the whole loop."""


def items_of(value: Value, budget: Budget, each: int) -> list[Value]:
    """What a loop goes through: the items of a list or range, or the value itself. Null ends the loop with null.

    Charged with ``each`` steps for every item.
    """
    items: list[Value] = value if type(value) is list else _as_list(value, budget)
    budget.items(len(items), each)
    return items


def _as_list(value: Value, budget: Budget) -> list[Value]:
    value = normal(value)
    if type(value) is list:
        return value
    if value is None:
        raise _NotIterable
    return _range_items(value, budget) if type(value) is Range else [value]


def _range_items(interval: Range, budget: Budget) -> list[Value]:
    if interval.start is None or interval.end is None:
        raise _NotIterable
    items = steps(interval.start, interval.end, budget)
    if items and not interval.start_included:
        items = items[1:]
    if items and not interval.end_included and equal(items[-1], interval.end, budget) is True:
        items = items[:-1]
    return items


def steps(start: Value, end: Value, budget: Budget, each: int = 1) -> list[Value]:
    """``start..end``: whole numbers or days, upwards or downwards; charged with ``each`` steps for every one."""
    start, end = normal(start), normal(end)
    if type(start) is date and type(end) is date:
        first, last = start.toordinal(), end.toordinal()
        budget.items(abs(last - first) + 1, each)
        return [date.fromordinal(day) for day in _upwards(first, last)]
    first_number, last_number = whole(start), whole(end)
    if first_number is None or last_number is None:
        raise _NotIterable
    budget.items(abs(last_number - first_number) + 1, each)
    return [Decimal(number) for number in _upwards(first_number, last_number)]


def _upwards(first: int, last: int) -> range:
    return range(first, last + 1) if first <= last else range(first, last - 1, -1)


def guarded(run: Run) -> Run:
    """``run``, null where its source cannot be gone through."""

    def guarded(frame: Frame) -> Value:
        try:
            return run(frame)
        except _NotIterable:
            return None

    return guarded


def simple_for(slot: int, source: Run, result: Run) -> Run:
    """``for`` over one source."""

    def run(frame: Frame) -> Value:
        try:
            items = source(frame)
        except _NotIterable:
            return None
        return [result(frame) for frame[slot] in items]

    return run


def simple_quantified(slot: int, source: Run, condition: Run, *, decisive: bool) -> Run:
    """``some`` (``decisive`` true) or ``every`` (false) over one source."""

    def run(frame: Frame) -> Value:
        items = source(frame)
        found: bool | None = not decisive
        for frame[slot] in items:
            value = condition(frame)
            if value is decisive:
                return decisive
            if type(value) is not bool:
                found = None
        return found

    return run


def combinations(iterations: tuple[tuple[int, Run], ...], frame: Frame) -> Iterator[None]:
    """Set the slots to every combination in turn. A later source may use the names before it."""
    (slot, source), rest = iterations[0], iterations[1:]
    items = source(frame)
    for frame[slot] in items:
        if rest:
            yield from combinations(rest, frame)
        else:
            yield None


def item_at(value: Value, position: Decimal) -> Value:
    """The item at a position from 1, or from the end when negative."""
    value = normal(value)
    if value is None:
        return None
    items = value if type(value) is list else [value]
    index = whole(position)
    if index is None or index == 0 or abs(index) > len(items):
        return None
    return items[index - 1 if index > 0 else index]


def filtered(source: Run, condition: Run, slot: int, cost: int, *, is_test: bool) -> Run:
    """``list[condition]``; a condition that gives a number is a position."""

    def run(frame: Frame) -> Value:
        value = source(frame)
        if type(value) is not list:
            value = normal(value)
            if value is None:
                return None
            if type(value) is not list:
                value = [value]
        frame[2].spend(len(value) * cost)
        if is_test:
            return [frame[slot] for frame[slot] in value if condition(frame) is True]
        frame[slot] = value[0] if value else None
        first = normal(condition(frame))
        if type(first) is Decimal:
            return item_at(value, first)
        return [frame[slot] for frame[slot] in value if condition(frame) is True]

    return run
