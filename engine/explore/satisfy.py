"""Whether there are values for which a path can be taken.

Two questions. *Relaxed*: every unknown value is free, however it comes about; when even then no values answer all conditions as the path
does, the path is impossible. *Exact*: values that are computed, decided or perhaps kept are worked out from those that somebody gives;
values found are proof, because every condition was evaluated with them. What is neither proved nor found is not decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from typing import Any

from engine.errors import EngineError
from engine.explore.fragment import ENVIRONMENT, candidates, shape, shapes_of
from engine.explore.unknown import Computed, Decided, Free, Hidden, Kept, Literal, Path, Put, Unknown
from engine.feel import Value

MAX_TRIES = 1_000
"""How many evaluations of conditions one question may take."""
_MAX_DEPTH = 50

Slot = tuple[Unknown, Path]


class Answer(StrEnum):
    """What can be said of a path."""

    POSSIBLE = "possible"
    IMPOSSIBLE = "impossible"
    OPEN = "open"


class _Uncertain(Exception):
    """A value that cannot be worked out."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer, and for POSSIBLE values by variable."""

    answer: Answer
    values: Mapping[str, Value]


class Solver:
    """Answers questions, each once: two sets of conditions that read alike are one question."""

    def __init__(self) -> None:
        self._known: dict[Any, bool] = {}

    def may(self, literals: Sequence[Literal]) -> bool:
        """False when no values at all can answer so (relaxed)."""
        question = numbered(literals, {})
        known = self._known.get(question)
        if known is None:
            known = self._known[question] = _relaxed(literals) is not Answer.IMPOSSIBLE
        return known

    def find(self, literals: Sequence[Literal]) -> Finding:
        """Values for which the path is taken (exact); IMPOSSIBLE and OPEN as in ``may``."""
        followed = [each for each in literals if each.bindings is not None]
        if len(followed) == len(literals):
            values = _exact(followed)
            if values is not None:
                return Finding(Answer.POSSIBLE, values)
        is_possible = self.may(followed)
        return Finding(Answer.OPEN if is_possible else Answer.IMPOSSIBLE, {})

    def core(self, literals: Sequence[Literal]) -> list[Literal]:
        """As few of ``literals`` as are needed for the answer to be no yes: what a person has to think about."""
        kept = list(literals)
        if self.find(kept).answer is Answer.POSSIBLE:
            return kept
        for each in literals:
            without = [other for other in kept if other is not each]
            if without and self.find(without).answer is not Answer.POSSIBLE:
                kept = without
        return kept


def connected(literals: Iterable[Literal], unknowns: Iterable[Unknown]) -> list[Literal]:
    """Those of ``literals`` that say something about ``unknowns``, or about what others of them say something about."""
    reached, given = set(unknowns), list(literals)
    left: list[Literal] = given
    while reached:
        beyond = [each for each in left if reached.isdisjoint(each.unknowns)]
        if len(beyond) == len(left):
            break
        reached.update(unknown for each in left if each not in beyond for unknown in each.unknowns)
        left = beyond
    return [each for each in given if each not in left]


def once(literals: Sequence[Literal], known: Mapping[Unknown, int]) -> list[Literal]:
    """``literals`` without what is said twice of the ``known`` values, by way of others that nothing else reads.

    A loop asks the same in every round, each time of a new value that is forgotten with the round: "for some x, A(x, y)" said of two such
    values says no more of y than said of one. The store of a loop stays finite so. A copy is recognized by its text, in the order asked.
    """
    groups: list[tuple[set[Unknown], list[int]]] = []
    for position, literal in enumerate(literals):
        others = {each for each in literal.unknowns if each not in known}
        joined = [group for group in groups if not others.isdisjoint(group[0])]
        groups = [group for group in groups if group not in joined]
        positions = sorted((*(each for _, members in joined for each in members), position))
        groups.append((others.union(*(unknowns for unknowns, _ in joined)), positions))
    first = {numbered([literals[each] for each in members], dict(known)): members for _, members in reversed(groups)}
    return [literals[each] for each in sorted(position for members in first.values() for position in members)]


def numbered(literals: Iterable[Literal], numbers: dict[Unknown, int]) -> tuple[Any, ...]:
    """What ``literals`` say, with unknown values by number (``numbers`` are those that have one already)."""
    return tuple(
        (
            each.condition.source,
            each.holds,
            each.may_be_null,
            tuple((name, signature(value, numbers)) for name, value in sorted((each.bindings or {}).items())),
        )
        for each in literals
        if each.bindings is not None
    )


def signature(value: Value, numbers: dict[Unknown, int]) -> tuple[Any, ...]:
    """A value as part of a key."""
    if isinstance(value, Unknown):
        return ("?", numbers.setdefault(value, len(numbers)), repr(value.domains) if value.domains else "")
    return (repr(value),)


# -- relaxed ----------------------------------------------------------------------------------------------------------------------


def _relaxed(literals: Sequence[Literal]) -> Answer:
    constants: dict[Slot, list[Value]] = {}
    of_literal: list[list[Slot]] = []
    is_complete = True
    for literal in literals:
        form = shape(literal.condition)
        is_complete = is_complete and form.is_plain
        slots = []
        for name, path in form.accesses:
            value = (literal.bindings or {}).get(name)
            if isinstance(value, Unknown):
                slots.append((value, path))
                constants.setdefault((value, path), []).extend(form.constants)
        of_literal.append(slots)
    is_complete = is_complete and not _overlap(constants)
    domains = {slot: _domain(slot, known) for slot, known in constants.items()}
    try:
        found = _search(literals, of_literal, domains, _Given)
    except _Uncertain:
        return Answer.OPEN
    if found is not None:
        return Answer.POSSIBLE
    return Answer.IMPOSSIBLE if is_complete else Answer.OPEN


def _domain(slot: Slot, constants: Iterable[Value]) -> list[Value]:
    unknown, path = slot
    known = unknown.domains.get(path)
    return candidates(constants) if known is None else list(known)


def _overlap(slots: Iterable[Slot]) -> bool:
    """A value and something inside it are asked for: not free of each other."""
    paths: dict[Unknown, set[Path]] = {}
    for unknown, path in slots:
        paths.setdefault(unknown, set()).add(path)
    return any(path[:size] in found for found in paths.values() for path in found for size in range(len(path)))


class _Given:
    """The values of unknowns, by their slots."""

    def __init__(self, assigned: Mapping[Slot, Value]) -> None:
        self.assigned = assigned
        self.whole: dict[Unknown, Value] = {}
        for (unknown, path), value in assigned.items():
            self.whole[unknown] = _put(self.whole.get(unknown), path, value)

    def value(self, value: Value, _depth: int = 0) -> Value:
        """``value`` itself, or what stands for it."""
        return self.whole.get(value) if isinstance(value, Unknown) else value


def _put(existing: Value, path: Path, value: Value) -> Value:
    if not path:
        return existing if isinstance(existing, dict) and value is None else value
    context = dict(existing) if isinstance(existing, dict) else {}
    context[path[0]] = _put(context.get(path[0]), path[1:], value)
    return context


# -- exact ------------------------------------------------------------------------------------------------------------------------


def _exact(literals: Sequence[Literal]) -> Mapping[str, Value] | None:
    """Values by variable for which every condition was evaluated as the path says; None when none were found."""
    pool: list[Value] = [constant for each in literals for constant in shape(each.condition).constants]
    try:
        of_literal = []
        for literal in literals:
            slots: dict[Slot, None] = {}
            for name, path in shape(literal.condition).accesses:
                _sources((literal.bindings or {}).get(name), path, slots, pool, 0)
            of_literal.append(list(slots))
        domains = {slot: _domain(slot, pool) for slots in of_literal for slot in slots}
        found = _search(literals, of_literal, domains, _WorkedOut)
    except _Uncertain:
        return None
    return (
        None if found is None else {".".join((unknown.name, *path)): value for (unknown, path), value in found.items()}
    )


def _sources(value: Value, path: Path, slots: dict[Slot, None], pool: list[Value], depth: int) -> None:
    """The slots of what ``value`` comes from; ``pool`` takes the constants on the way."""
    if not isinstance(value, Unknown):
        return
    if depth > _MAX_DEPTH:
        raise _Uncertain
    match value.origin:
        case Free():
            slots[value, path] = None
        case Hidden():
            raise _Uncertain
        case Kept(previous):
            _sources(previous, path, slots, pool, depth + 1)
        case Put(previous, at, inner):
            if path[: len(at)] != at:
                _sources(previous, path, slots, pool, depth + 1)
            if path[: len(at)] == at[: len(path)]:
                _sources(inner, path[len(at) :], slots, pool, depth + 1)
        case Computed(expression, bindings):
            form = shape(expression)
            pool.extend(form.constants)
            for name, inner_path in form.accesses:
                _sources(bindings.get(name), inner_path, slots, pool, depth + 1)
        case Decided(decision, bindings):
            read: set[tuple[str, Path]] = set()
            for form in shapes_of(decision):
                pool.extend(form.constants)
                read.update(form.accesses)
            read = read or {(name, ()) for name in decision.inputs}
            for name, inner_path in sorted(read):
                _sources(bindings.get(name), inner_path, slots, pool, depth + 1)


class _WorkedOut(_Given):
    """The same, with what is computed or decided worked out."""

    def value(self, value: Value, depth: int = 0) -> Value:
        """``value`` itself, or what comes out for it."""
        if not isinstance(value, Unknown):
            return value
        if depth > _MAX_DEPTH:
            raise _Uncertain
        match value.origin:
            case Kept(previous):
                return self.value(previous, depth + 1)
            case Put(previous, path, inner):
                return _put(self.value(previous, depth + 1), path, self.value(inner, depth + 1))
            case Computed(expression, bindings):
                known = {name: self.value(each, depth + 1) for name, each in bindings.items()}
                return expression.evaluate(known, ENVIRONMENT)
            case Decided(decision, bindings):
                known = {name: self.value(each, depth + 1) for name, each in bindings.items()}
                return decision.evaluate(known, ENVIRONMENT).value
            case _:
                return super().value(value)


def _search(
    literals: Sequence[Literal],
    of_literal: Sequence[Sequence[Slot]],
    domains: Mapping[Slot, Sequence[Value]],
    known: type[_Given],
) -> Mapping[Slot, Value] | None:
    """An assignment that keeps every literal, by trying: each literal is asked as soon as all that it reads is assigned.

    Raises _Uncertain when it takes too many tries.
    """
    order: dict[Slot, None] = dict.fromkeys(slot for slots in of_literal for slot in slots)
    slots = list(order)
    place = {slot: number for number, slot in enumerate(slots)}
    ready: list[list[Literal]] = [[] for _ in range(len(slots) + 1)]
    for literal, read in zip(literals, of_literal, strict=True):
        ready[max((place[slot] + 1 for slot in read), default=0)].append(literal)
    tries = count(1)
    assigned: dict[Slot, Value] = {}

    def are_kept(asked: Iterable[Literal]) -> bool:
        given = known(assigned)
        for literal in asked:
            if next(tries) > MAX_TRIES:
                raise _Uncertain
            if not _is_kept(literal, given):
                return False
        return True

    if not are_kept(ready[0]):
        return None
    tried: list[Iterator[Value]] = [iter(domains[slots[0]])] if slots else []
    while tried:
        slot = slots[len(tried) - 1]
        for value in tried[-1]:
            assigned[slot] = value
            if are_kept(ready[len(tried)]):
                break
        else:
            assigned.pop(slot, None)
            tried.pop()
            continue
        if len(tried) == len(slots):
            return assigned
        tried.append(iter(domains[slots[len(tried)]]))
    return None if slots else assigned


def _is_kept(literal: Literal, given: _Given) -> bool:
    try:
        seen = {name: given.value(value) for name, value in (literal.bindings or {}).items()}
        return literal.is_kept_by(literal.condition.evaluate(seen, ENVIRONMENT))
    except EngineError:  # a decision that refuses its input, an expression beyond its bounds: no value
        return False
