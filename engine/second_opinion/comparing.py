"""Two traces held against each other: the first element at which they differ.

Moments are compared one after the other, because each follows from one thing that happened outside. Within a moment, marks are compared
as a partial order: each has what it came from, and what two branches do beside each other may be told in any order. Timers that are due
at one instant make one moment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from engine.feel import Value
from engine.second_opinion.trace import Mark, Moment, Trace
from engine.stories.values import same

Point = Literal["only_ours", "only_theirs", "waiting", "status", "variable", "stopped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """``point`` says in what they differ, ``element`` where (of variables: the name in ``variable``), ``step`` at which step of the story.

    ``ours`` and ``theirs`` are what was found, as texts; ``moment`` counts the ``grouped`` moments before it.
    """

    point: Point
    element: str | None = None
    mark: Mark | None = None
    step: int | None = None
    ours: str = ""
    theirs: str = ""
    variables: tuple[str, ...] = ()
    moment: int = 0


def difference(ours: Trace, theirs: Trace) -> Difference | None:
    """The first difference; None when they are the same."""
    mine, others = list(grouped(ours.moments)), list(grouped(theirs.moments))
    for number, moment in enumerate(mine):
        other = others[number] if number < len(others) else None
        found = _of_moment(moment, other)
        if found is not None:
            return replace(found, moment=number)
    if len(others) > len(mine):
        extra = others[len(mine)]
        first = extra.marks[0] if extra.marks else None
        return Difference(
            point="only_theirs", element=None if first is None else first.element, mark=first, step=extra.step
        )
    if ours.status != theirs.status:
        return Difference(point="status", ours=ours.status, theirs=theirs.status)
    if ours.status == "completed":
        return _of_variables(ours, theirs)
    return None


def grouped(moments: Sequence[Moment]) -> Iterator[Moment]:
    """Timers that fire at one instant as one moment: which of them comes first means nothing."""
    last: Moment | None = None
    for moment in moments:
        if last is not None and last.is_timer and moment.is_timer and last.at == moment.at:
            last = Moment(
                at=moment.at, step=None, marks=last.marks + moment.marks, waiting=moment.waiting, is_timer=True
            )
            continue
        if last is not None:
            yield last
        last = moment
    if last is not None:
        yield last


def _of_moment(ours: Moment, theirs: Moment | None) -> Difference | None:
    if theirs is None:
        first = ours.marks[0] if ours.marks else None
        element = first.element if first is not None else (ours.waiting[0] if ours.waiting else None)
        return Difference(point="only_ours", element=element, mark=first, step=ours.step)
    lacking = _first_beyond(ours.marks, theirs.marks)
    if lacking is not None:
        return Difference(point="only_ours", element=lacking.element, mark=lacking, step=ours.step)
    extra = _first_beyond(theirs.marks, ours.marks)
    if extra is not None:
        return Difference(point="only_theirs", element=extra.element, mark=extra, step=ours.step)
    if ours.waiting != theirs.waiting:
        beyond = (Counter(ours.waiting) - Counter(theirs.waiting)) or (Counter(theirs.waiting) - Counter(ours.waiting))
        return Difference(
            point="waiting",
            element=min(beyond),
            step=ours.step,
            ours=", ".join(ours.waiting) or "–",
            theirs=", ".join(theirs.waiting) or "–",
        )
    return None


def _first_beyond(marks: Sequence[Mark], others: Sequence[Mark]) -> Mark | None:
    left = Counter(others)
    for mark in marks:
        if not left[mark]:
            return mark
        left[mark] -= 1
    return None


def _of_variables(ours: Trace, theirs: Trace) -> Difference | None:
    names = sorted(ours.variables.keys() | theirs.variables.keys())
    wrong = tuple(name for name in names if not _same(name, ours, theirs))
    if not wrong:
        return None
    return Difference(
        point="variable",
        ours=_shown(ours.variables.get(wrong[0])),
        theirs=_shown(theirs.variables.get(wrong[0])),
        variables=wrong,
    )


def _same(name: str, ours: Trace, theirs: Trace) -> bool:
    if (name in ours.variables) != (name in theirs.variables):
        return False
    return same(ours.variables[name], theirs.variables[name])


def _shown(value: Value) -> str:
    return "null" if value is None else f"{value!s:.80}"
