"""Processes to diagrams: scope inside scope, the inner ones first; lanes and pools around."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil

from engine.model.elements import BoundaryEvent, Lane, Node, Process, SubProcess
from engine.model.layout.arranging import arrange
from engine.model.layout.geometry import Box, Diagram, Line, Shape, Size, together
from engine.model.layout.items import Attached, Item, Names, Scope, item_of, links_of, scope_of
from engine.model.layout.metrics import INSIDE, label_size, text_size
from engine.model.layout.routing import GAP, place

_HEADER = 30.0
"""The width of a pool's or lane's title."""
_PADDING, _TITLE = 30.0, 36.0
"""Inside a sub-process: around what it holds, and above it for its name."""
_POOL_PADDING = 30.0
_APART = 40.0
"""Between pools."""
_LEAST_LANE = 80.0
_ORIGIN = (160.0, 80.0)
_WIDEST_ROW = 1200.0
"""Event sub-processes stand beside each other up to this width."""


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What a scope holds, drawn from (0, 0)."""

    diagram: Diagram
    size: Size
    anchor: float
    lanes: tuple[float, ...] = ()


def lay_out(
    processes: Sequence[Process], pools: Mapping[str, str], associations: Mapping[str, str], names: Names
) -> Diagram:
    """The diagram of ``processes``, one below the other.

    ``pools`` gives the id of the pool of a process (none is drawn for one without), ``associations`` that of the association which leaves
    a compensation event, ``names`` what people who read another language call something.
    """
    found: list[Diagram] = []
    x, y = _ORIGIN
    for process in processes:
        drawn = _Scopes(process, associations, names).draw()
        diagram, height = _in_pool(process, drawn, pools.get(process.id))
        found.append(diagram.moved(x, y))
        y += height + _APART
    return together(found)


def _in_pool(process: Process, drawn: _Drawn, pool: str | None) -> tuple[Diagram, float]:
    if pool is None:
        return drawn.diagram, drawn.size.height
    header = _HEADER * (2 if process.lanes else 1)
    top = 0.0 if process.lanes else _POOL_PADDING
    width = header + 2 * _POOL_PADDING + drawn.size.width
    height = max(drawn.size.height + 2 * top, _title_length(process.name), _LEAST_LANE)
    shapes = {pool: Shape(id=pool, box=Box(0, 0, width, height), is_horizontal=True)}
    lanes = list(process.lanes.values())
    ends = [*drawn.lanes[1 : len(lanes)], height]
    for lane, start, end in zip(lanes, drawn.lanes, ends, strict=False):
        box = Box(_HEADER, start, width - _HEADER, end - start)
        shapes[lane.id] = Shape(id=lane.id, box=box, is_horizontal=True)
    inside = drawn.diagram.moved(header + _POOL_PADDING, top)
    return together([Diagram(shapes=shapes), inside]), height


def _title_length(*names: str) -> float:
    """How high a pool or lane must be for its title in each language, which runs upwards in two lines at most."""
    return max(map(_length_of_title, names))


def _length_of_title(name: str) -> float:
    whole = text_size(name or " ", 10_000, INSIDE).width
    longest = max((text_size(word, 10_000, INSIDE).width for word in name.split()), default=0.0)
    return max(longest, whole / 2 + longest / 2 if whole > _LEAST_LANE else whole) + 16


def _even(length: float) -> float:
    """At least so long, and its half a whole number of pixels."""
    return 2.0 * ceil(length / 2)


class _Scopes:
    """The scopes of one process."""

    def __init__(self, process: Process, associations: Mapping[str, str], names: Names) -> None:
        self._process = process
        self._names = names
        self._associations = dict(associations)
        self._positions = {lane: number for number, lane in enumerate(process.lanes)}

    def draw(self) -> _Drawn:
        lanes = list(self._process.lanes.values())
        heights = {number: max(_LEAST_LANE, _title_length(*self._names_of(lane))) for number, lane in enumerate(lanes)}
        return self._draw(self._process.id, max(1, len(lanes)), heights if lanes else {})

    def _draw(self, scope: str, lanes: int, heights: Mapping[int, float]) -> _Drawn:
        items: dict[str, Item] = {}
        inner: dict[str, _Drawn] = {}
        beside: list[Item] = []
        nodes = self._process.inside.get(scope, ())
        for node in nodes:
            if isinstance(node, BoundaryEvent):
                continue
            if isinstance(node, SubProcess):
                inner[node.id] = self._inside(node)
            item = item_of(node, self._names_of(node), self._lane(node, lanes), _room(inner.get(node.id)))
            if isinstance(node, SubProcess) and node.is_event:
                beside.append(item)
            else:
                items[node.id] = item
        for node in nodes:
            if isinstance(node, BoundaryEvent) and node.attached_to in items:
                items[node.attached_to].events.append(Attached(id=node.id, label=label_size(*self._names_of(node))))
        links = links_of(self._process, scope, items, self._associations, self._names)
        drawn = self._placed(scope_of(list(items.values()), links, lanes), heights)
        if beside:
            drawn = _with_beside(drawn, beside, lanes)
        return _with_inner(drawn, inner)

    def _placed(self, scope: Scope, heights: Mapping[int, float]) -> _Drawn:
        arranged = arrange(scope)
        placed = place(arranged.sheet, arranged.firsts, scope.below, has_lanes=bool(heights), lane_heights=heights)
        shapes, lines = placed.shapes, placed.lines
        boxes = [each.box for each in shapes] + [each.label for each in shapes if each.label is not None]
        width = max([placed.width, *(each.right for each in boxes)], default=0.0)
        dx = _even(max(0.0, -min((each.x for each in boxes), default=0.0)))
        diagram = Diagram(shapes={each.id: each for each in shapes}, lines={each.id: each for each in lines})
        size = Size(_even(width + dx), placed.lanes[-1])
        return _Drawn(diagram.moved(dx, 0), size, placed.anchor, tuple(placed.lanes))

    def _inside(self, node: SubProcess) -> _Drawn:
        """The whole box of a sub-process: its content, room for its name, a border."""
        drawn = self._draw(node.id, 1, {})
        names = [text_size(each.strip() or " ", 400, INSIDE) for each in self._names_of(node)]
        title = max(_TITLE, *(each.height + 16 for each in names))
        width = _even(max(drawn.size.width + 2 * _PADDING, *(each.width + 40 for each in names), 140))
        height = max(drawn.size.height + title + _PADDING, 80)
        return _Drawn(drawn.diagram.moved(_PADDING, title), Size(width, height), drawn.anchor + title)

    def _names_of(self, element: Node | Lane) -> tuple[str, ...]:
        return element.name, *self._names.get(element.id, ())

    def _lane(self, node: Node, lanes: int) -> int:
        return self._positions.get(node.lane or "", 0) if lanes > 1 else 0


def _room(drawn: _Drawn | None) -> tuple[Size, float] | None:
    return None if drawn is None else (drawn.size, drawn.anchor)


def _with_inner(drawn: _Drawn, inner: Mapping[str, _Drawn]) -> _Drawn:
    """Each sub-process with what it holds."""
    shapes = dict(drawn.diagram.shapes)
    lines: dict[str, Line] = dict(drawn.diagram.lines)
    for name, inside in inner.items():
        box = shapes[name].box
        shapes[name] = replace(shapes[name], is_expanded=True)
        moved = inside.diagram.moved(box.x, box.y)
        shapes |= moved.shapes
        lines |= moved.lines
    return replace(drawn, diagram=Diagram(shapes=shapes, lines=lines))


def _with_beside(drawn: _Drawn, beside: Sequence[Item], lanes: int) -> _Drawn:
    """Event sub-processes below all else; those of other lanes than the last behind all else, where no line passes."""
    shapes = dict(drawn.diagram.shapes)
    tops = list(drawn.lanes)
    width = drawn.size.width
    for lane in range(lanes):
        mine = [each for each in beside if each.lane == lane]
        if not mine:
            continue
        if lane == lanes - 1:
            x, y, high = 0.0, tops[-1] + GAP, 0.0
            for item in mine:
                if x and x + item.size.width > max(_WIDEST_ROW, drawn.size.width):
                    x, y, high = 0.0, y + high + GAP, 0.0
                shapes[item.id] = Shape(id=item.id, box=Box(x, y, item.size.width, item.size.height))
                x += item.size.width + GAP
                high = max(high, item.size.height)
                width = max(width, x - GAP)
            tops[-1] = y + high + (GAP if lanes > 1 else 0)
            continue
        x, needed = drawn.size.width + 2 * GAP, max(each.size.height for each in mine) + 2 * GAP
        more = max(0.0, needed - (tops[lane + 1] - tops[lane]))
        shapes, lines = _stretched(shapes, drawn.diagram.lines, tops[lane + 1], more)
        drawn = replace(drawn, diagram=Diagram(shapes=shapes, lines=lines))
        tops = [*tops[: lane + 1], *(each + more for each in tops[lane + 1 :])]
        for item in mine:
            shapes[item.id] = Shape(id=item.id, box=Box(x, tops[lane] + GAP, item.size.width, item.size.height))
            x += item.size.width + GAP
        width = max(width, x)
    height = max(drawn.size.height, tops[-1])
    diagram = Diagram(shapes=shapes, lines=drawn.diagram.lines)
    return _Drawn(diagram, Size(width, height), drawn.anchor, tuple(tops))


def _stretched(
    shapes: Mapping[str, Shape], lines: Mapping[str, Line], at: float, more: float
) -> tuple[dict[str, Shape], dict[str, Line]]:
    """Everything below ``at`` moved down; lines that pass become longer."""
    moved = {key: each.moved(0, more) if each.box.y >= at else each for key, each in shapes.items()}
    longer: dict[str, Line] = {}
    for key, line in lines.items():
        label = line.label.moved(0, more) if line.label is not None and line.label.y >= at else line.label
        points = tuple((x, y + more if y >= at else y) for x, y in line.points)
        longer[key] = replace(line, points=points, label=label)
    return moved, longer
