"""The path that a story expects: elements one after the other, and branches in any interleaving.

A pattern is a tuple of elements and of ``Parallel``; what may still come is kept as a set of patterns, because an element may stand in
several branches.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

MOST_WAYS = 500
"""Patterns kept at a time: a path with many equal branches can be followed in many ways."""


@dataclass(frozen=True, slots=True)
class Parallel:
    """Branches that run beside each other; none is empty."""

    branches: tuple[Pattern, ...]


Pattern = tuple["str | Parallel", ...]


class TooOpen(Exception):
    """The expected path can be followed in more than ``MOST_WAYS`` ways."""


def pattern_of(items: Sequence[Any]) -> Pattern:
    """The pattern of a list of YAML: texts are elements; a list holds branches, each a text or a list as this one."""
    made: list[str | Parallel] = []
    for item in items:
        if isinstance(item, str):
            made.append(item)
            continue
        branches = [pattern_of((each,) if isinstance(each, str) else each) for each in item]
        if any(branches):
            made.append(_parallel([each for each in branches if each]))
    return tuple(made)


def elements_of(pattern: Pattern) -> Iterator[str]:
    """Every element that the pattern names."""
    for each in pattern:
        if isinstance(each, str):
            yield each
        else:
            for branch in each.branches:
                yield from elements_of(branch)


def _parallel(branches: list[Pattern]) -> Parallel:
    # the order of branches means nothing: equal ones give one pattern
    return Parallel(tuple(sorted(branches, key=repr)))


def _next(pattern: Pattern) -> Iterator[tuple[str, Pattern]]:
    """Each element that may come first, with what is left then."""
    if not pattern:
        return
    head, tail = pattern[0], pattern[1:]
    if isinstance(head, str):
        yield head, tail
        return
    for number, branch in enumerate(head.branches):
        others = [*head.branches[:number], *head.branches[number + 1 :]]
        for element, rest in _next(branch):
            left = [*others, rest] if rest else others
            yield element, ((_parallel(left), *tail) if left else tail)


class Follower:
    """Follows a pattern element by element."""

    def __init__(self, pattern: Pattern) -> None:
        self.named = frozenset(elements_of(pattern))
        self._ways: frozenset[Pattern] = frozenset({pattern})

    @property
    def expected(self) -> tuple[str, ...]:
        """What may come next, sorted."""
        return tuple(sorted({element for way in self._ways for element, _ in _next(way)}))

    @property
    def is_done(self) -> bool:
        """Nothing more must come."""
        return () in self._ways

    def take(self, element: str) -> bool:
        """Whether ``element`` may come now; then it is behind us. Raises TooOpen."""
        ways = frozenset(rest for way in self._ways for first, rest in _next(way) if first == element)
        if len(ways) > MOST_WAYS:
            raise TooOpen
        if ways:
            self._ways = ways
        return bool(ways)

    def copy(self) -> Follower:
        """One that goes on from here by itself."""
        made = Follower(())
        made.named, made._ways = self.named, self._ways
        return made
