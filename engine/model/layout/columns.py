"""Which column each item stands in: loops are found and turned, then everything stands as far left as what leads to it allows."""

from __future__ import annotations

from collections.abc import Sequence

from engine.model.layout.items import Item, Link


def turn_loops(items: Sequence[Item], links: Sequence[Link]) -> None:
    """Set ``Link.is_back`` of what leads back: depth first from where the scope begins, in file order, a flow to what is still open
    (Sugiyama, Tagawa and Toda 1981, step 1).
    """
    leaving: dict[Item, list[Link]] = {each: [] for each in items}
    for link in links:
        leaving[link.source].append(link)
    entered = {each.target for each in links if not each.is_self}
    roots = [each for each in items if each not in entered] + list(items)
    is_open: dict[Item, bool] = {}
    for root in roots:
        if root in is_open:
            continue
        is_open[root] = True
        stack = [(root, iter(leaving[root]))]
        while stack:
            item, rest = stack[-1]
            for link in rest:
                if link.is_self:
                    continue
                if is_open.get(link.target):
                    link.is_back = True
                elif link.target not in is_open:
                    is_open[link.target] = True
                    stack.append((link.target, iter(leaving[link.target])))
                    break
            else:
                is_open[item] = False
                stack.pop()


def assign_columns(items: Sequence[Item], links: Sequence[Link]) -> dict[Item, int] | None:
    """The column of each item, from 0, as far left as its links allow; None when they go round in a circle (step 2)."""
    entering: dict[Item, list[Link]] = {each: [] for each in items}
    going: dict[Item, list[Link]] = {each: [] for each in items}
    for link in links:
        if not link.is_self:
            entering[link.right].append(link)
            going[link.left].append(link)
    missing = {each: len(entering[each]) for each in items}
    order = [each for each in items if not missing[each]]
    for item in order:
        for link in going[item]:
            missing[link.right] -= 1
            if not missing[link.right]:
                order.append(link.right)
    if len(order) < len(items):
        return None
    twins = _twins(links)
    column: dict[Item, int] = {}
    for item in order:
        column[item] = max((column[each.left] + _span(each, twins) for each in entering[item]), default=0)
    for item in reversed(order):
        # what nothing leads to stands just before what it leads to
        if not entering[item] and going[item]:
            column[item] = min(column[each.right] - _span(each, twins) for each in going[item])
    return {each: column[each] for each in items}


def _twins(links: Sequence[Link]) -> set[Link]:
    """Links that have the same ends as one before them: only that one is drawn straight from end to end."""
    seen: set[tuple[int, int]] = set()
    found: set[Link] = set()
    for link in links:
        key = (id(link.left), id(link.right))
        if key in seen:
            found.add(link)
        seen.add(key)
    return found


def _span(link: Link, twins: set[Link]) -> int:
    """A name takes a column of its own."""
    return 2 if link.label is not None or link in twins else 1
