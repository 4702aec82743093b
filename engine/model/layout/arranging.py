"""The best way to draw a scope: on which side loops go round, in which lane long lines run, and which flows had better lead back to the
left, tried one after the other.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace

from engine.model.layout.bodies import Choice, Side
from engine.model.layout.columns import assign_columns, turn_loops
from engine.model.layout.items import Item, Link, Scope
from engine.model.layout.ordering import order_slots
from engine.model.layout.rows import assign_rows
from engine.model.layout.sheet import Sheet, make_sheet

_MOST_SLOTS = 6_000
"""How much is tried: as many arrangements as have so many slots together."""
_QUICK, _THOROUGH = 4, 16
"""Sweeps over the columns: to compare choices, and at the end."""
_TURNED = 6
"""A flow that leads to the left without being a loop is as bad as so many bends; a crossing is worse."""
_UPPER = 5
"""The same for a boundary event on the upper edge."""


@dataclass(slots=True)
class Arranged:
    """An ordered sheet with its rows. ``firsts``: the first row of each lane, and the end; ``cost``: crossings, bends, rows."""

    sheet: Sheet
    firsts: list[int]
    cost: tuple[int, int, int]


def arrange(scope: Scope) -> Arranged:
    """Columns, orders and rows of a scope, with as few crossings and bends as the choices tried allow. Deterministic."""
    turn_loops(scope.items, scope.links)
    search = _Search(scope)
    search.improve()
    return search.best


class _Search:
    """From the first arrangement to better ones, one choice at a time."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._turned: set[Link] = set()
        self._sweeps = _QUICK
        self._choices = {link: _first_choice(link) for link in scope.links}
        first = self._arranged(self._choices)
        assert first is not None, "after turning loops no circle is left"
        self.best = first
        self._left = _MOST_SLOTS // max(1, sum(map(len, first.sheet.order)))

    def improve(self) -> None:
        """Try the other choices of each link, and again while that helps."""
        before = None
        while before != self.best.cost and self._left > 0:
            before = self.best.cost
            for link in self._scope.links:
                for choice in _other_choices(link, self._choices[link], self.best.sheet.column_of):
                    self._try(self._choices | {link: choice})
            if self.best.cost[0]:
                for link in self._scope.links:
                    self._try_turned(link)
        if self.best.cost[0]:
            self._left = 1
            self._sweeps = _THOROUGH
            self._try(self._choices)

    def _try(self, choices: Mapping[Link, Choice]) -> bool:
        if self._left <= 0:
            return False
        self._left -= 1
        tried = self._arranged(choices)
        if tried is None or tried.cost >= self.best.cost:
            return False
        self.best, self._choices = tried, dict(choices)
        return True

    def _try_turned(self, link: Link) -> None:
        """A flow that joins others may lead to the left, when what it leads to does not need it to be reached."""
        joins = sum(each.target is link.target for each in self._scope.links) > 1
        if link.is_self or not joins or self._left <= 0 or not self.best.cost[0]:
            return
        link.is_back = not link.is_back
        self._turned ^= {link}
        for choice in _back_choices(link, in_lane_of_target=True) if link.is_back else [_first_choice(link)]:
            if self._try(self._choices | {link: choice}):
                return
        link.is_back = not link.is_back
        self._turned ^= {link}

    def _arranged(self, choices: Mapping[Link, Choice]) -> Arranged | None:
        scope = self._scope
        column_of = assign_columns(scope.items, scope.links)
        if column_of is None:
            return None
        sheet = make_sheet(scope, column_of, choices)
        crossings = order_slots(sheet, self._sweeps)
        firsts = assign_rows(sheet)
        bends = sum(
            left.row != right.row for chain in sheet.chains.values() for left, right in itertools.pairwise(chain)
        )
        unusual = _TURNED * len(self._turned)
        unusual += _UPPER * sum(link.event is not None and choices[link].leaves is Side.TOP for link in scope.links)
        return Arranged(sheet, firsts, (crossings, bends + unusual, firsts[-1]))


def _first_choice(link: Link) -> Choice:
    """A loop to another lane leaves towards it; boundary events stand below."""
    if link.event is not None:
        return Choice(Side.BOTTOM, Side.BOTTOM)
    if link.is_back and link.source.lane != link.target.lane:
        upward = link.target.lane < link.source.lane
        return Choice(Side.TOP, Side.BOTTOM) if upward else Choice(Side.BOTTOM, Side.TOP)
    return Choice()


def _other_choices(link: Link, now: Choice, column_of: Mapping[Item, int]) -> list[Choice]:
    changes_lane = link.source.lane != link.target.lane
    is_long = abs(column_of[link.right] - column_of[link.left]) > 1
    lanes = (True, False) if changes_lane and is_long else (now.in_lane_of_target,)
    if link.is_back or link.is_self:
        found = [choice for lane in lanes for choice in _back_choices(link, in_lane_of_target=lane)]
    elif link.event is not None:
        found = [Choice(side, Side.BOTTOM, lane) for lane in lanes for side in Side]
    else:
        found = [replace(now, in_lane_of_target=lane) for lane in lanes]
    return [each for each in found if each != now]


def _back_choices(link: Link, *, in_lane_of_target: bool) -> list[Choice]:
    """The sides of its ends on which a loop may go round."""
    sides = [(Side.TOP, Side.TOP), (Side.BOTTOM, Side.BOTTOM)]
    if link.source.lane != link.target.lane or link.event is not None:
        sides += [(Side.TOP, Side.BOTTOM), (Side.BOTTOM, Side.TOP)]
    return [Choice(leaves, enters, in_lane_of_target) for leaves, enters in sides]
