"""From rows and columns to pixels: where columns, channels and rows lie, and the lines through them, with right angles only.

Between two columns lies a channel. A line changes its row in a channel, on a track of its own, or beside a gateway that it leaves or enters
at the upper or lower corner, where the column is free.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.model.layout.bodies import Body, Side, Turn, label_beside
from engine.model.layout.geometry import Box, Line, Point, Shape
from engine.model.layout.items import EVENT, Attached, Form, Item, Link
from engine.model.layout.sheet import LABEL_GAP, Kind, Sheet, Slot, make_room

GAP = 20.0
"""Between what stands in neighbouring rows."""
_CHANNEL, _NARROW = 50.0, 22.0
"""The least width of a channel between two nodes, and beside a column without nodes."""
_TRACK = 12.0
_BEFORE, _BEHIND = 16.0, 24.0
"""From a column to the first track, and from the last track to the next column (an arrow's head ends there)."""
_STEP = 14.0
"""Between lines that leave or enter one side of a node."""
LANE_PADDING = 16.0

_Corners = dict[Link, tuple[Side | None, Side | None]]
"""By link, the corner at its left and at its right end."""


@dataclass(slots=True)
class Placed:
    """A scope in pixels: the lines ``x`` of columns and ``y`` of rows, where lanes begin and the last one ends."""

    shapes: list[Shape] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    width: float = 0
    lanes: list[float] = field(default_factory=list)
    anchor: float = 0


def place(
    sheet: Sheet, firsts: list[int], below: Sequence[Link], *, has_lanes: bool, lane_heights: Mapping[int, float]
) -> Placed:
    """Shapes and lines of the ordered sheet. ``firsts``: the first row of each lane; ``below``: what undoes activities;
    ``lane_heights``: what each lane needs at least.
    """
    corners = _find_corners(sheet)
    used: dict[Item, set[Side]] = {}
    for link, (left, right) in corners.items():
        for item, side in ((link.left, left), (link.right, right)):
            if side is not None:
                used.setdefault(item, set()).add(side)
    make_room(sheet, used)
    router = _Router(sheet, corners)
    lanes = router.set_rows(firsts, LANE_PADDING if has_lanes else 0.0, lane_heights)
    router.set_columns()
    placed = Placed(lanes=lanes, width=router.width)
    for item, slot in sheet.node_slots.items():
        placed.shapes += router.shapes_of(item, slot)
    placed.lines = [*(router.line(link) for link in sheet.chains), *(router.line_below(link) for link in below)]
    begin = min(sheet.node_slots.values(), key=lambda slot: (slot.column, slot.row), default=None)
    placed.anchor = 0 if begin is None else router.y[begin.row]
    return placed


def _find_corners(sheet: Sheet) -> _Corners:
    """Which lines may leave or enter a gateway at a corner: the uppermost and the lowest, where the cells on their way are empty."""
    found: _Corners = {}
    taken: set[tuple[Item, Side]] = {
        (item, turn.side) for item, body in sheet.bodies.items() for turn in body.turns if turn.link is not None
    }
    rows = [{slot.row for slot in column} for column in sheet.order]
    _straighten_turns(sheet, rows)
    for is_left in (True, False):
        ends: dict[Slot, list[tuple[int, Link]]] = {}
        for link, chain in sheet.chains.items():
            at, beside = (chain[0], chain[1]) if is_left and len(chain) > 1 else (chain[-1], chain[-2 % len(chain)])
            if len(chain) > 1 and _has_corners(at, is_left=is_left) and (at is chain[0]) is is_left:
                ends.setdefault(at, []).append((beside.row, link))
        for slot, joined in ends.items():
            if len(joined) < 2:
                continue
            for side, (row, link) in ((Side.TOP, min(joined, key=_first)), (Side.BOTTOM, max(joined, key=_first))):
                is_apart = row < slot.row if side is Side.TOP else row > slot.row
                way = range(min(row, slot.row + 1), max(row + 1, slot.row))
                item = slot.item
                if item is None or not is_apart or (item, side) in taken or rows[slot.column] & set(way):
                    continue
                if sum(one == row for one, _ in joined) > 1 or (side is Side.BOTTOM and _is_named_below(item)):
                    continue
                left, right = found.get(link, (None, None))
                if (right if is_left else left) is not None and len(sheet.chains[link]) == 2:
                    continue  # one bend is enough
                taken.add((item, side))
                rows[slot.column] |= set(way)
                passing = Slot(column=slot.column, kind=Kind.LINE, lane=slot.lane, row=row)
                sheet.order[slot.column].append(passing)
                found[link] = (side, right) if is_left else (left, side)
    for column in sheet.order:
        column.sort(key=lambda slot: slot.row)
    return found


def _straighten_turns(sheet: Sheet, rows: list[set[int]]) -> None:
    """Where the column is free, a line turns only in the row in which it goes on."""
    for chain in sheet.chains.values():
        for slot, beside in ((chain[0], chain[1 % len(chain)]), (chain[-1], chain[-2 % len(chain)])):
            if slot.kind is not Kind.TURN or slot.item is None or slot.row == beside.row:
                continue
            is_below = slot.row > sheet.node_slots[slot.item].row
            way = set(range(min(slot.row, beside.row), max(slot.row, beside.row) + 1)) - {slot.row}
            if (beside.row > slot.row) is is_below and not rows[slot.column] & way:
                slot.row = beside.row
                rows[slot.column] |= way


def _first(each: tuple[int, Link]) -> int:
    return each[0]


def _has_corners(slot: Slot, *, is_left: bool) -> bool:
    """Gateways may be left and entered above and below; events that join several lines entered."""
    if slot.item is None or slot.kind is not Kind.NODE:
        return False
    return slot.item.form is Form.DIAMOND or (slot.item.form is Form.CIRCLE and not is_left)


def _is_named_below(item: Item) -> bool:
    return item.form is Form.CIRCLE and item.label is not None


@dataclass(slots=True, eq=False)
class _Bend:
    """A change of height in a channel; ``track`` counts from the left."""

    link: Link
    left: float
    right: float
    track: int = 0

    def spans(self, y: float) -> bool:
        """Whether a horizontal line at ``y`` would meet it."""
        return min(self.left, self.right) - 1 <= y <= max(self.left, self.right) + 1

    def overlaps(self, other: _Bend) -> bool:
        """Whether both would meet on one track."""
        low, high = min(self.left, self.right) - 4, max(self.left, self.right) + 4
        return low <= max(other.left, other.right) and min(other.left, other.right) <= high


class _Router:
    """Rows and columns of one sheet in pixels."""

    def __init__(self, sheet: Sheet, corners: _Corners) -> None:
        self._sheet = sheet
        self._corners = corners
        self.y: list[float] = []
        self.width = 0.0
        self._x: list[float] = []
        self._ends: list[float] = []
        self._bends: dict[tuple[Link, int], _Bend] = {}
        self._offsets = self._find_offsets()

    # -- rows ---------------------------------------------------------------------------------------------------------------------------

    def set_rows(self, firsts: list[int], padding: float, least: Mapping[int, float]) -> list[float]:
        """The height of each row's line, as near as possible to the rows that its lines lead to; gives where lanes begin, and the end of
        the last.
        """
        count = firsts[-1]
        pairs: dict[int, list[tuple[int, float]]] = {}
        up, down = [0.0] * count, [0.0] * count
        for column in self._sheet.order:
            real = [slot for slot in column if slot.kind is not Kind.FILLER]
            for upper, lower in itertools.pairwise(real):
                is_own = upper.item is not None and upper.item is lower.item
                gap = 4.0 if is_own else GAP
                pairs.setdefault(lower.row, []).append((upper.row, upper.down + gap + lower.up))
            for slot in real:
                up[slot.row], down[slot.row] = max(up[slot.row], slot.up), max(down[slot.row], slot.down)
        self.y = [0.0] * count
        pull = self._pull(count)
        lanes: list[float] = []
        end = 0.0
        for number, (first, following) in enumerate(itertools.pairwise(firsts)):
            lanes.append(end)
            for row in range(first, following):
                y = end + padding + up[row]
                if row > first:
                    y = max(y, self.y[row - 1] + GAP)
                for above, distance in pairs.get(row, ()):
                    if above >= first:
                        y = max(y, self.y[above] + distance)
                self.y[row] = round(y)
            _lower(self.y, range(first, following), pairs, pull)
            if first < following:
                free = min(self.y[row] - up[row] for row in range(first, following)) - end - padding
                for row in range(first, following):
                    self.y[row] -= int(max(0.0, free))
            bottom = max((self.y[row] + down[row] for row in range(first, following)), default=end) + padding
            end = round(max(bottom, end + least.get(number, 0.0)))
        return [*lanes, end]

    def _pull(self, count: int) -> list[int]:
        """Of each row, how many more of its lines lead to a row below than to one above."""
        pull = [0] * count
        for chain in self._sheet.chains.values():
            for left, right in itertools.pairwise(chain):
                upper, lower = sorted((left.row, right.row))
                if upper != lower:
                    pull[upper] += 1
                    pull[lower] -= 1
        return pull

    # -- columns ------------------------------------------------------------------------------------------------------------------------

    def set_columns(self) -> None:
        """The middle of each column, and the channels between them as wide as their tracks need."""
        at = 0.0
        for column, slots in enumerate(self._sheet.order):
            left, right = (max((getattr(slot, side) for slot in slots), default=0.0) for side in ("left", "right"))
            self._x.append(round(at + left))
            end = self._x[-1] + right
            self._ends.append(end)
            self.width = max(self.width, end)
            tracks = self._set_tracks(column)
            following = self._sheet.order[column + 1] if column + 1 < len(self._sheet.order) else []
            has_nodes = all(any(slot.kind is Kind.NODE for slot in each) for each in (slots, following))
            least = _CHANNEL if has_nodes else _NARROW
            at = end + max(least, _BEFORE + (tracks - 1) * _TRACK + _BEHIND if tracks else 0.0)

    def _set_tracks(self, column: int) -> int:
        """Tracks for all changes of row behind a column, so that few lines cross there; how many tracks."""
        bends = [each for (_, at), each in self._bends_in(column).items() if at == column]
        rest = list(bends)
        order: list[_Bend] = []
        while rest:
            # next to the left stands what crosses least when all others stand right of it
            best = min(
                rest, key=lambda bend: sum(_cost(bend, one) - _cost(one, bend) for one in rest if one is not bend)
            )
            rest.remove(best)
            order.append(best)
        for number, bend in enumerate(order):
            for before in order[:number]:
                if bend.overlaps(before) or _cost(before, bend) != _cost(bend, before):
                    bend.track = max(bend.track, before.track + 1)
        return max((each.track + 1 for each in bends), default=0)

    def _bends_in(self, column: int) -> dict[tuple[Link, int], _Bend]:
        for link, chain in self._sheet.chains.items():
            for index, (left, right) in enumerate(itertools.pairwise(chain)):
                if left.column != column:
                    continue
                first, last = self._heights(link, index, left, right)
                if abs(first - last) > 0.5:
                    self._bends[link, column] = _Bend(link, first, last)
        return self._bends

    def _heights(self, link: Link, index: int, left: Slot, right: Slot) -> tuple[float, float]:
        """Where the line leaves one slot and enters the next."""
        corner_left, corner_right = self._corners.get(link, (None, None))
        first = self.y[left.row] + (self._offsets.get((link, True), 0.0) if left.kind is Kind.NODE else 0.0)
        last = self.y[right.row] + (self._offsets.get((link, False), 0.0) if right.kind is Kind.NODE else 0.0)
        if index == 0 and corner_left is not None:
            first = last
        if index == len(self._sheet.chains[link]) - 2 and corner_right is not None:
            last = first
        return first, last

    # -- ends ---------------------------------------------------------------------------------------------------------------------------

    def _find_offsets(self) -> dict[tuple[Link, bool], float]:
        """How far from a node's line its several lines leave on the right (True) or enter on the left (False), in the order of where they
        come from or go to.
        """
        found: dict[tuple[Link, bool], float] = {}
        ends: dict[tuple[Slot, bool], list[tuple[int, int, Link]]] = {}
        for link, chain in self._sheet.chains.items():
            if len(chain) < 2:
                continue
            corner_left, corner_right = self._corners.get(link, (None, None))
            for is_left, slot, beside, corner in (
                (True, chain[0], chain[1], corner_left),
                (False, chain[-1], chain[-2], corner_right),
            ):
                if slot.kind is Kind.NODE and corner is None:
                    joined = ends.setdefault((slot, is_left), [])
                    joined.append((beside.row, len(joined), link))
        for (slot, is_left), joined in ends.items():
            above = sorted(each for each in joined if each[0] < slot.row)
            below = sorted(each for each in joined if each[0] > slot.row)
            has_straight = len(above) + len(below) < len(joined)
            if len(joined) == 1:
                continue
            item = slot.item
            reach = 17.0 if item is None or item.form is not Form.RECTANGLE else 28.0
            step = min(_STEP, reach / max(1, len(above), len(below)))
            shift = 0.0 if has_straight else step / 2 if above and below else 0.0
            if not has_straight and not (above and below):
                # all to one side: spread around the middle
                for number, each in enumerate(above or below):
                    found[each[2], is_left] = (number - (len(joined) - 1) / 2) * min(step, 2 * reach / len(joined))
                continue
            for number, each in enumerate(reversed(above)):
                found[each[2], is_left] = -(number + 1) * step + shift
            for number, each in enumerate(below):
                found[each[2], is_left] = (number + 1) * step - shift
        return found

    # -- shapes and lines ---------------------------------------------------------------------------------------------------------------

    def box(self, item: Item) -> Box:
        """Where a node stands."""
        slot, body = self._sheet.node_slots[item], self._sheet.bodies[item]
        x = self._x[slot.column] + slot.shift - body.width / 2
        return Box(x, self.y[slot.row] - item.anchor, body.width, item.size.height)

    def shapes_of(self, item: Item, slot: Slot) -> list[Shape]:
        """A node and its boundary events with their names."""
        box, body = self.box(item), self._sheet.bodies[item]
        found = [Shape(id=item.id, box=box, label=self._label_of(item, slot, box, body), has_marker=item.has_marker)]
        for turn in body.turns:
            event = turn.event
            if event is not None:
                found.append(_event_shape(turn, event, box))
        return found

    def _label_of(self, item: Item, slot: Slot, box: Box, body: Body) -> Box | None:
        if item.label is None:
            return None
        width, height = item.label.width, item.label.height
        middle = self._x[slot.column]
        x = box.x + body.label_end - width if body.is_label_aside else middle - width / 2
        y = box.y - LABEL_GAP - height if body.label_side is Side.TOP else box.bottom + LABEL_GAP
        return Box(round(x), round(y), width, height)

    def line(self, link: Link) -> Line:
        """The line of a link from source to target, and its name above it."""
        chain = self._sheet.chains[link]
        if link.is_self:
            return self._line_to_itself(link, chain[0])
        points = self._begin(link, chain)
        for index, (left, right) in enumerate(itertools.pairwise(chain)):
            first, last = self._heights(link, index, left, right)
            bend = self._bends.get((link, left.column))
            if bend is not None and abs(first - last) > 0.5:
                x = self._ends[left.column] + _BEFORE + bend.track * _TRACK
                points += [(x, first), (x, last)]
        points += self._end(link, chain)
        if link.is_back:
            points.reverse()
        return Line(id=link.id, points=_simplified(points), label=self._label_above(link, chain))

    def line_below(self, link: Link) -> Line:
        """From a compensation event straight down to what undoes its activity."""
        start = self._dock(link.source, self._sheet.bodies[link.source].turn_of(link, at_target=False))
        return Line(id=link.id, points=(start, (start[0], self.box(link.target).y)))

    def _label_above(self, link: Link, chain: list[Slot]) -> Box | None:
        label = link.label
        if label is None:
            return None
        cells = [slot for slot in chain if slot.kind is Kind.LINE]
        slot = (cells[-1] if link.is_back else cells[0]) if cells else chain[0]
        y = self.y[slot.row] - 4 - label.height
        return Box(round(self._x[slot.column] - label.width / 2), round(y), label.width, label.height)

    def _begin(self, link: Link, chain: list[Slot]) -> list[Point]:
        """The left end of a line."""
        slot, item = chain[0], link.left
        corner = self._corners.get(link, (None, None))[0]
        if slot.kind is Kind.TURN:
            return self._at_turn(link, slot, item, at_target=link.is_back)
        if corner is not None:
            x = self._x[slot.column]
            return [(x, self._edge(item, corner)), (x, self._heights(link, 0, slot, chain[1])[0])]
        y = self.y[slot.row] + self._offsets.get((link, True), 0.0)
        return [(self._side(item, y, is_right=True), y)]

    def _end(self, link: Link, chain: list[Slot]) -> list[Point]:
        """The right end of a line."""
        slot, item = chain[-1], link.right
        corner = self._corners.get(link, (None, None))[1]
        if slot.kind is Kind.TURN:
            return self._at_turn(link, slot, item, at_target=not link.is_back)[::-1]
        if corner is not None:
            x = self._x[slot.column]
            return [(x, self._heights(link, len(chain) - 2, chain[-2], slot)[1]), (x, self._edge(item, corner))]
        y = self.y[slot.row] + self._offsets.get((link, False), 0.0)
        return [(self._side(item, y, is_right=False), y)]

    def _at_turn(self, link: Link, slot: Slot, item: Item, *, at_target: bool) -> list[Point]:
        """From the node's edge (or its event's) to the row of the turn."""
        turn = self._sheet.bodies[item].turn_of(link, at_target=at_target)
        x, y = self._dock(item, turn)
        return [(x, y), (x, self.y[slot.row])]

    def _dock(self, item: Item, turn: Turn) -> Point:
        box = self.box(item)
        x = box.x + turn.x
        if turn.event is not None:
            return x, box.y - EVENT / 2 if turn.side is Side.TOP else box.bottom + EVENT / 2
        return x, self._edge(item, turn.side, turn.x - box.width / 2)

    def _line_to_itself(self, link: Link, slot: Slot) -> Line:
        body = self._sheet.bodies[link.source]
        start = self._dock(link.source, body.turn_of(link, at_target=False))
        end = self._dock(link.source, body.turn_of(link, at_target=True))
        y = self.y[slot.row]
        label = None
        if link.label is not None:
            x = (start[0] + end[0] - link.label.width) / 2
            top = y + 4 if y > start[1] else y - 4 - link.label.height
            label = Box(round(x), round(top), link.label.width, link.label.height)
        return Line(id=link.id, points=(start, (start[0], y), (end[0], y), end), label=label)

    def _edge(self, item: Item, side: Side, dx: float = 0.0) -> float:
        """The y of a node's outline above or below, ``dx`` from its middle."""
        box = self.box(item)
        less = 0.0
        if item.form is Form.DIAMOND:
            less = abs(dx)
        elif item.form is Form.CIRCLE:
            less = box.height / 2 - max(0.0, (box.height / 2) ** 2 - dx**2) ** 0.5
        return box.y + less if side is Side.TOP else box.bottom - less

    def _side(self, item: Item, y: float, *, is_right: bool) -> float:
        """The x of a node's outline at the height ``y``."""
        box = self.box(item)
        dy = y - box.middle[1]
        less = 0.0
        if item.form is Form.DIAMOND:
            less = abs(dy)
        elif item.form is Form.CIRCLE:
            less = box.width / 2 - max(0.0, (box.width / 2) ** 2 - dy**2) ** 0.5
        return box.right - less if is_right else box.x + less


def _lower(y: list[float], rows: range, pairs: Mapping[int, Sequence[tuple[int, float]]], pull: Sequence[int]) -> None:
    """Move rows of a lane, which stand as high as possible, down to what their lines lead to; the last one stays."""
    below: dict[int, list[tuple[int, float]]] = {}
    for row in rows:
        for above, distance in pairs.get(row, ()):
            below.setdefault(above, []).append((row, distance))
    for row in reversed(rows[:-1]):
        if pull[row] > 0:
            limits = [y[row + 1] - GAP, *(y[lower] - distance for lower, distance in below.get(row, ()))]
            y[row] = max(y[row], float(int(min(limits))))


def _event_shape(turn: Turn, event: Attached, box: Box) -> Shape:
    edge = box.y if turn.side is Side.TOP else box.bottom
    shape = Box(box.x + turn.x - EVENT / 2, edge - EVENT / 2, EVENT, EVENT)
    label = None
    if event.label is not None:
        x, y = label_beside(turn, event.label)
        label = Box(round(box.x + x), round(edge + y), event.label.width, event.label.height)
    return Shape(id=event.id, box=shape, label=label)


def _cost(left: _Bend, right: _Bend) -> int:
    """How many lines cross in a channel when ``left`` stands left of ``right``."""
    return right.spans(left.right) + left.spans(right.left)


def _simplified(points: list[Point]) -> tuple[Point, ...]:
    """Without points that lie on the way between their neighbours."""
    found: list[Point] = []
    for point in points:
        if found and abs(found[-1][0] - point[0]) < 0.5 and abs(found[-1][1] - point[1]) < 0.5:
            continue
        if len(found) > 1 and (
            abs(found[-2][0] - found[-1][0]) < 0.5 > abs(found[-1][0] - point[0])
            or abs(found[-2][1] - found[-1][1]) < 0.5 > abs(found[-1][1] - point[1])
        ):
            found.pop()
        found.append(point)
    return tuple((round(x, 1), round(y, 1)) for x, y in found)
