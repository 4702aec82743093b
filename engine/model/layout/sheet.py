"""The grid of one scope: columns of slots. A slot is a cell for a node, for a line passing by, or for the turn of a line beside its node.

A node with its turns is one *unit*: above or below the node, each in a row of its own, the lines that leave or enter it upwards or
downwards (loops, and the flows of boundary events). No line ever passes through the cell of a node.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from math import ceil

from engine.model.layout.bodies import Body, Choice, Side, Turn, body_of, label_beside
from engine.model.layout.geometry import Size
from engine.model.layout.items import EVENT, Form, Item, Link, Scope

LINE = 9.0
"""How much room a line takes above and below itself."""
LABEL_GAP = 5.0
"""Between a label and what it names."""
_TALL = 110.0
"""What is higher takes several rows."""


class Kind(Enum):
    """What a slot is for."""

    NODE = "node"
    TURN = "turn"
    LINE = "line"
    FILLER = "filler"


@dataclass(slots=True, eq=False)
class Slot:
    """One cell. It reaches ``up`` and ``down`` of its row's line, and ``left`` and ``right`` of its column's middle, ``shift`` from which
    its node stands.
    """

    column: int
    kind: Kind
    lane: int
    item: Item | None = None
    link: Link | None = None
    up: float = LINE
    down: float = LINE
    left: float = 0
    right: float = 0
    shift: float = 0
    row: int = 0
    position: int = 0


@dataclass(slots=True, eq=False)
class Unit:
    """Slots of a column that stay together, from above."""

    lane: int
    slots: list[Slot]


@dataclass(slots=True)
class Sheet:
    """All columns, and for each link its slots from left to right."""

    columns: list[list[Unit]]
    chains: dict[Link, list[Slot]]
    bodies: dict[Item, Body]
    node_slots: dict[Item, Slot]
    column_of: Mapping[Item, int]
    lanes: int
    order: list[list[Slot]] = field(default_factory=list)
    """The slots of each column from above, after ordering."""

    def list_slots(self) -> None:
        """Bring ``order`` and the positions of slots up to date with the units."""
        self.order = [[slot for unit in column for slot in unit.slots] for column in self.columns]
        for column in self.order:
            for position, slot in enumerate(column):
                slot.position = position


def make_sheet(scope: Scope, column_of: Mapping[Item, int], choices: Mapping[Link, Choice]) -> Sheet:
    """The slots of all items and links, in file order."""
    columns: list[list[Unit]] = [[] for _ in range(max(column_of.values(), default=-1) + 1)]
    sheet = Sheet(columns=columns, chains={}, bodies={}, node_slots={}, column_of=column_of, lanes=scope.lanes)
    maker = _Maker(sheet)
    at: dict[Item, list[Link]] = {}
    for link in (*scope.below, *scope.links):
        for item in {link.source, link.target}:
            at.setdefault(item, []).append(link)
    for item, column in column_of.items():
        below = [each for each in scope.below if each.source is item]
        sheet.bodies[item] = body_of(item, at.get(item, ()), choices)
        columns[column].append(maker.unit(item, below))
    for link in scope.links:
        maker.add_chain(link, in_lane_of_target=choices[link].in_lane_of_target)
    for units in columns:
        units.sort(key=lambda each: each.lane)
    sheet.list_slots()
    return sheet


class _Maker:
    """Fills a sheet. ``_turns`` are the cells in which a link turns, at its source (False) or its target (True)."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._turns: dict[tuple[Link, bool], Slot] = {}

    def unit(self, item: Item, below: Sequence[Link]) -> Unit:
        """A node with its turns above and below, and at the lower end what undoes it (``below``)."""
        column, body = self._sheet.column_of[item], self._sheet.bodies[item]
        slot = Slot(column=column, kind=Kind.NODE, lane=item.lane, item=item)
        slot.up, slot.down = item.anchor, item.size.height - item.anchor
        slot.left = slot.right = body.width / 2
        self._sheet.node_slots[item] = slot
        turns = [(turn.side, self._turn(turn, slot, body)) for turn in body.turns]
        above, under = ([each for at, each in turns if at is side and each is not None] for side in Side)
        fillers = [
            [
                Slot(column=column, kind=Kind.FILLER, lane=item.lane, up=0, down=0)
                for _ in range(ceil((reach - 60) / _TALL))
            ]
            for reach in (slot.up, slot.down)
        ]
        undoing = [self._undoing(link, column, body) for link in below]
        return Unit(item.lane, [*reversed(above), *fillers[0], slot, *fillers[1], *under, *undoing])

    def _undoing(self, link: Link, column: int, body: Body) -> Slot:
        """The cell of what undoes a node, straight below the event."""
        item = link.target
        self._sheet.bodies[item] = Body(item, item.size.width, [])
        slot = Slot(column=column, kind=Kind.NODE, lane=item.lane, item=item)
        slot.up, slot.down = item.anchor, item.size.height - item.anchor
        away = body.turn_of(link, at_target=False).x - body.width / 2
        slot.shift = away if abs(away) > item.size.width / 2 - 20 else 0.0
        slot.left, slot.right = item.size.width / 2 - slot.shift, item.size.width / 2 + slot.shift
        self._sheet.node_slots[item] = slot
        return slot

    def _turn(self, turn: Turn, node: Slot, body: Body) -> Slot | None:
        """The cell in which a line turns; a line from a node to itself has one for both its ends."""
        link, item = turn.link, body.item
        if link is None or turn.is_downward or (link.is_self and (link, False) in self._turns):
            return None
        slot = Slot(column=node.column, kind=Kind.TURN, lane=item.lane, item=item, link=link)
        if link.is_self:
            self._turns[link, False] = self._turns[link, True] = slot
            if link.label is not None:
                if turn.side is Side.TOP:
                    slot.up += link.label.height + LABEL_GAP
                else:
                    slot.down += link.label.height + LABEL_GAP
                node.left = node.right = max(node.left, link.label.width / 2 + 8)
        else:
            self._turns[link, turn.event is None and link.target is item] = slot
        return slot

    def add_chain(self, link: Link, *, in_lane_of_target: bool) -> None:
        """The cells that a link passes; its name has one of them, near its source."""
        column_of, slots = self._sheet.column_of, self._sheet.node_slots
        first = self._turns.get((link, link.is_back), slots[link.left])
        if link.is_self:
            self._sheet.chains[link] = [first]
            return
        last = self._turns.get((link, not link.is_back), slots[link.right])
        lane = (link.target if in_lane_of_target else link.source).lane
        between = range(column_of[link.left] + 1, column_of[link.right])
        named = between[-1 if link.is_back else 0] if between and link.label is not None else None
        chain = [first]
        for column in between:
            slot = Slot(column=column, kind=Kind.LINE, lane=lane, link=link)
            if column == named and link.label is not None:
                slot.up = link.label.height + LABEL_GAP + 2
                slot.left = slot.right = link.label.width / 2
            self._sheet.columns[column].append(Unit(lane=lane, slots=[slot]))
            chain.append(slot)
        self._sheet.chains[link] = [*chain, last]


def make_room(sheet: Sheet, corners: Mapping[Item, set[Side]]) -> None:
    """Room for the names of nodes and of their events; ``corners``: where besides their turns lines leave or enter nodes vertically."""
    for item, slot in sheet.node_slots.items():
        body = sheet.bodies[item]
        used = {turn.side for turn in body.turns if turn.link is not None} | corners.get(item, set())
        if item.label is not None:
            _add_label_room(slot, item.label, body, used)
        _add_room_of_events(slot, body)


def _add_label_room(slot: Slot, label: Size, body: Body, used: set[Side]) -> None:
    wanted = Side.BOTTOM if body.item.form is Form.CIRCLE else Side.TOP
    other = Side.BOTTOM if wanted is Side.TOP else Side.TOP
    body.label_side = other if wanted in used and other not in used else wanted
    body.is_label_aside = body.label_side in used
    reach = body.width / 2 - body.label_end + label.width if body.is_label_aside else label.width / 2
    slot.left, slot.right = max(slot.left, reach + 2), max(slot.right, reach + 2)
    if body.label_side is Side.TOP:
        slot.up += label.height + LABEL_GAP
    else:
        slot.down += label.height + LABEL_GAP


def _add_room_of_events(slot: Slot, body: Body) -> None:
    item = body.item
    for turn in body.turns:
        if turn.event is None:
            continue
        label = turn.event.label
        beyond = max(EVENT / 2 + 4, 0 if label is None else label.height + 6) + (16 if turn.is_downward else 0)
        if turn.side is Side.TOP:
            slot.up = max(slot.up, item.anchor + beyond)
        else:
            slot.down = max(slot.down, item.size.height - item.anchor + beyond)
        if label is not None:
            box = label_beside(turn, label)
            slot.left = max(slot.left, body.width / 2 - box[0])
            slot.right = max(slot.right, box[0] + label.width - body.width / 2)
