"""Functions on lists (DMN 1.5 §10.3.4.4)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal, DecimalException, getcontext, setcontext
from functools import cmp_to_key

from engine.data import YearsMonths
from engine.feel import operations
from engine.feel.functions.registry import builtin
from engine.feel.numbers import CONTEXT, ONE, ZERO, quotient, whole
from engine.feel.operations import Budget, equal, normal, order
from engine.feel.values import Function, Value

Items = list[Value]


@builtin("list contains(list: list, element: any) -> boolean")
def list_contains(budget: Budget, items: Items, element: Value) -> Value:
    """Whether the element is in the list."""
    return operations.contains(items, element, budget)


@builtin("count(list: list) -> number")
def count(items: Items) -> Value:
    """How many items there are."""
    return Decimal(len(items))


def _either(name: str, result: str = "") -> tuple[str, str]:
    """One list, or its items as arguments; ``result`` is the type of what comes out where that is always the same."""
    arrow = f" -> {result}" if result else ""
    return f"{name}(list: list){arrow}", f"{name}(...c: any){arrow}"


@builtin(*_either("min"))
def least(budget: Budget, *values: Value) -> Value:
    """The least; null for nothing, or when items have no order."""
    return _extreme(_given(values), budget, -1)


@builtin(*_either("max"))
def greatest(budget: Budget, *values: Value) -> Value:
    """The greatest; null for nothing, or when items have no order."""
    return _extreme(_given(values), budget, 1)


def _given(values: tuple[Value, ...]) -> Items:
    return values[0] if len(values) == 1 and type(values[0]) is list else list(values)


def _extreme(items: Items, budget: Budget, wanted: int) -> Value:
    budget.items(len(items))
    if not items:
        return None
    best = normal(items[0])
    for item in items:
        found = order(item, best)
        if found is None:
            return None
        if found == wanted:
            best = normal(item)
    return best


@builtin(*_either("sum"))
def total(budget: Budget, *values: Value) -> Value:
    """The sum of numbers or durations; null for nothing."""
    return _sum(_given(values), budget)


_NUMBERS_ONLY = {Decimal}


def _sum_of_numbers(items: Items) -> Value:
    """Python's own sum, in the context of FEEL's arithmetic: a quarter of the time of adding one by one."""
    before = getcontext()
    setcontext(CONTEXT)
    try:
        return sum(items, ZERO)
    except DecimalException:
        return None
    finally:
        setcontext(before)


def _sum(items: Items, budget: Budget) -> Value:
    budget.items(len(items))
    if not items:
        return None
    if set(map(type, items)) == _NUMBERS_ONLY:
        return _sum_of_numbers(items)
    found = normal(items[0])
    if type(found) not in (Decimal, timedelta, YearsMonths):
        return None
    for item in items[1:]:
        found = operations.add(found, item, budget) if type(normal(item)) is type(found) else None
        if found is None:
            return None
    return found


def _numeric(operation: Callable[[Decimal, Decimal], Decimal], items: Items, start: Decimal) -> Decimal | None:
    found = start
    try:
        for item in items:
            found = operation(found, item)
    except DecimalException:
        return None
    return found


@builtin(*_either("mean"))
def mean(budget: Budget, *values: Value) -> Value:
    """The arithmetic mean."""
    items = _given(values)
    return operations.divide(_sum(items, budget), Decimal(len(items)))


@builtin(*_either("product", "number"))
def product(budget: Budget, *values: Value) -> Value:
    """The product of numbers; null for nothing."""
    numbers = _numbers(_given(values), budget)
    return _numeric(CONTEXT.multiply, numbers, ONE) if numbers else None


def _numbers(items: Items, budget: Budget) -> list[Decimal] | None:
    budget.items(len(items))
    found = [normal(item) for item in items]
    return found if all(type(item) is Decimal for item in found) else None


@builtin(*_either("median", "number"))
def median(budget: Budget, *values: Value) -> Value:
    """The middle one, or the mean of the two in the middle."""
    numbers = _numbers(_given(values), budget)
    if not numbers:
        return None
    ordered = sorted(numbers)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    both = _numeric(CONTEXT.add, ordered[middle - 1 : middle + 1], ZERO)
    return None if both is None else quotient(both, Decimal(2))


@builtin(*_either("stddev", "number"))
def stddev(budget: Budget, *values: Value) -> Value:
    """The standard deviation of a sample of at least two."""
    numbers = _numbers(_given(values), budget)
    if numbers is None or len(numbers) < 2:
        return None
    try:
        average = CONTEXT.divide(_numeric(CONTEXT.add, numbers, ZERO) or ZERO, Decimal(len(numbers)))
        squares = ZERO
        for number in numbers:
            difference = CONTEXT.subtract(number, average)
            squares = CONTEXT.fma(difference, difference, squares)
        return CONTEXT.sqrt(CONTEXT.divide(squares, Decimal(len(numbers) - 1)))
    except DecimalException:
        return None


@builtin(*_either("mode", "list<number>"))
def mode(budget: Budget, *values: Value) -> Value:
    """The most frequent numbers, ascending."""
    numbers = _numbers(_given(values), budget)
    if numbers is None:
        return None
    counts: dict[Decimal, int] = {}
    for number in numbers:
        counts[number] = counts.get(number, 0) + 1
    most = max(counts.values(), default=0)
    return sorted(number for number, times in counts.items() if times == most)


@builtin(*_either("all", "boolean"), *_either("and", "boolean"))
def all_(budget: Budget, *values: Value) -> Value:
    """False if one is false, true if all are true (or there is none), else null."""
    return _logical(_given(values), budget, decisive=False)


@builtin(*_either("any", "boolean"), *_either("or", "boolean"))
def any_(budget: Budget, *values: Value) -> Value:
    """True if one is true, false if all are false (or there is none), else null."""
    return _logical(_given(values), budget, decisive=True)


def _logical(items: Items, budget: Budget, *, decisive: bool) -> bool | None:
    budget.items(len(items))
    if any(item is decisive for item in items):
        return decisive
    return not decisive if all(type(item) is bool for item in items) else None


@builtin("sublist(list: list, start position: number, length: number or null?) -> list")
def sublist(budget: Budget, items: Items, start: Decimal, length: Decimal | None = None) -> Value:
    """From a position (1 is the first, -1 the last), ``length`` items or the rest."""
    position = _position(items, start)
    if position is None:
        return None
    budget.items(len(items))
    if length is None:
        return items[position:]
    size = whole(length)
    return None if size is None or size < 1 or position + size > len(items) else items[position : position + size]


def _position(items: Items, position: Decimal) -> int | None:
    found = whole(position)
    if found is None or found == 0 or abs(found) > len(items):
        return None
    return found - 1 if found > 0 else len(items) + found


@builtin("append(list: list or null, ...item: any) -> list")
def append(budget: Budget, items: Items | None, *more: Value) -> Value:
    """The list with items after it."""
    found = items or []
    budget.items(len(found) + len(more))
    return [*found, *more]


@builtin("concatenate(...list: list) -> list")
def concatenate(budget: Budget, *lists: Items) -> Value:
    """The lists one after the other."""
    budget.items(sum(map(len, lists)))
    return [item for items in lists for item in items]


@builtin("insert before(list: list, position: number, newItem: any) -> list")
def insert_before(budget: Budget, items: Items, position: Decimal, item: Value) -> Value:
    """The list with an item put in before a position."""
    index = _position(items, position)
    budget.items(len(items) + 1)
    return None if index is None else [*items[:index], item, *items[index:]]


@builtin("remove(list: list, position: number) -> list")
def remove(budget: Budget, items: Items, position: Decimal) -> Value:
    """The list without the item at a position."""
    index = _position(items, position)
    budget.items(len(items))
    return None if index is None else [*items[:index], *items[index + 1 :]]


@builtin("list replace(list: list, position: number, newItem: any) -> list")
def list_replace(budget: Budget, items: Items, position: Decimal, item: Value) -> Value:
    """The list with another item at a position."""
    index = _position(items, position)
    budget.items(len(items))
    return None if index is None else [*items[:index], item, *items[index + 1 :]]


@builtin("list replace(list: list, match: function, newItem: any) -> list")
def list_replace_matching(budget: Budget, items: Items, match: Function, item: Value) -> Value:
    """The list with another item at every place where ``match(item, newItem)`` is true; null when it is neither true nor false."""
    if len(match.parameters) != 2:
        return None
    budget.items(len(items))
    found: Items = []
    for each in items:
        hit = match.run(each, item)
        if type(hit) is not bool:
            return None
        found.append(item if hit else each)
    return found


@builtin("reverse(list: list) -> list")
def reverse(budget: Budget, items: Items) -> Value:
    """The list backwards."""
    budget.items(len(items))
    return items[::-1]


@builtin("index of(list: list, match: any) -> list<number>")
def index_of(budget: Budget, items: Items, match: Value) -> Value:
    """The positions of an item."""
    budget.items(len(items))
    return [Decimal(number) for number, item in enumerate(items, 1) if equal(item, match, budget) is True]


@builtin("union(...list: list) -> list")
def union(budget: Budget, *lists: Items) -> Value:
    """The lists one after the other, each item once."""
    return _distinct(concatenate(budget, *lists), budget)


@builtin("distinct values(list: list) -> list")
def distinct_values(budget: Budget, items: Items) -> Value:
    """Each item once, in the order of the first."""
    return _distinct(items, budget)


_HASHED = frozenset((Decimal, str, bool, date, timedelta, YearsMonths, type(None)))


def _distinct(items: Items, budget: Budget) -> Items:
    budget.items(len(items))
    found: Items = []
    others: Items = []
    seen: set[tuple[type, Value]] = set()
    for item in map(normal, items):
        if type(item) in _HASHED and not (type(item) is Decimal and item.is_snan()):
            if (type(item), item) in seen:
                continue
            seen.add((type(item), item))
        else:
            if operations.contains(others, item, budget):
                continue
            others.append(item)
        found.append(item)
    return found


@builtin("duplicate values(list: list) -> list")
def duplicate_values(budget: Budget, items: Items) -> Value:
    """Each item that stands more than once (an extension shared with other engines)."""
    budget.items(len(items))
    return [
        item
        for item in _distinct(items, budget)
        if sum(equal(item, other, budget) is True for other in _charged(items, budget)) > 1
    ]


def _charged(items: Items, budget: Budget) -> Items:
    budget.spend(len(items))
    return items


@builtin("flatten(list: list) -> list")
def flatten(budget: Budget, items: Items) -> Value:
    """All items of nested lists in one list."""
    found: Items = []
    stack = items[::-1]
    while stack:
        budget.spend(1)
        item = stack.pop()
        if type(item) is list:
            stack.extend(item[::-1])
        else:
            found.append(item)
    budget.items(len(found))
    return found


@builtin("sort(list: list, precedes: function) -> list")
def sort(budget: Budget, items: Items, precedes: Function) -> Value:
    """The list in the order in which ``precedes(a, b)`` says that a comes before b."""
    if len(precedes.parameters) != 2:
        return None
    budget.items(len(items))

    def compare(one: Value, other: Value) -> int:
        if precedes.run(one, other) is True:
            return -1
        return 1 if precedes.run(other, one) is True else 0

    return sorted(items, key=cmp_to_key(compare))


@builtin("sort(list: list) -> list")
def sort_naturally(budget: Budget, items: Items) -> Value:
    """The list in ascending order; null when its items have none (an extension)."""
    budget.items(len(items))
    if any(order(item, items[0]) is None for item in items):
        return None
    return sorted(items, key=cmp_to_key(lambda one, other: order(one, other) or 0))
