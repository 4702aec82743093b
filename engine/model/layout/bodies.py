"""How a node is drawn: how wide it is, where its boundary events stand, and where lines meet its upper and lower side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from math import ceil

from engine.model.layout.geometry import Size
from engine.model.layout.items import EVENT, Attached, Item, Link


class Side(Enum):
    """Where a line meets a node that it does not meet at the left or right."""

    TOP = -1
    BOTTOM = 1


@dataclass(slots=True)
class Turn:
    """Where, from the node's left side, a line meets its upper or lower side; ``is_leftward``: it goes or comes that way;
    ``is_downward``: it goes straight on, to what undoes the node.
    """

    link: Link | None
    event: Attached | None
    is_leftward: bool
    side: Side
    x: float = 0
    is_downward: bool = False


@dataclass(slots=True, eq=False)
class Body:
    """A node as it is drawn: its width (boundary events may make it wider), its turns, on which side its label stands."""

    item: Item
    width: float
    turns: list[Turn]
    label_side: Side = Side.TOP
    is_label_aside: bool = False

    @property
    def label_end(self) -> float:
        """Where, from the node's left side, a name ends that stands left of the lines above or below the node."""
        return min([self.width / 2, *(turn.x for turn in self.turns if turn.side is self.label_side)]) - 6

    def turn_of(self, link: Link, *, at_target: bool) -> Turn:
        """The turn of a link that ends or begins here; of a line from the node to itself the first begins and the last ends."""
        found = [each for each in self.turns if each.link is link]
        return found[-1] if at_target else found[0]


@dataclass(frozen=True, slots=True)
class Choice:
    """How a link may be drawn: for loops the sides that it leaves and enters, in whose lane the way between is. What leaves a boundary
    event leaves where that stands.
    """

    leaves: Side = Side.TOP
    enters: Side = Side.TOP
    in_lane_of_target: bool = True


def body_of(item: Item, links: Sequence[Link], choices: Mapping[Link, Choice]) -> Body:
    """``item`` with its turns, of all ``links`` and as they are chosen to be drawn; a link without a choice goes straight down."""
    turns: list[Turn] = []
    for link in links:
        choice = choices.get(link)
        if choice is None:
            turns.append(Turn(link, link.event, is_leftward=False, side=Side.BOTTOM, is_downward=True))
            continue
        if link.source is item and link.event is not None:
            turns.append(Turn(link, link.event, link.is_back or link.is_self, choice.leaves))
            if link.is_self:
                turns.append(Turn(link, None, is_leftward=True, side=choice.leaves))
        elif link.is_self and link.source is item:
            turns += [Turn(link, None, is_leftward, choice.leaves) for is_leftward in (False, True)]
        elif link.is_back and link.source is item:
            turns.append(Turn(link, None, is_leftward=True, side=choice.leaves))
        if link.is_back and link.target is item:
            turns.append(Turn(link, None, is_leftward=False, side=choice.enters))
    used = {id(turn.event) for turn in turns if turn.event is not None}
    turns += [Turn(None, each, is_leftward=False, side=Side.BOTTOM) for each in item.events if id(each) not in used]
    return _placed(item, turns)


def _placed(item: Item, turns: list[Turn]) -> Body:
    """Turns from left to right: of those that go left the first turns first (next to the node), of those that go right the last."""
    body = Body(item, item.size.width, [])
    for side in Side:
        mine = [turn for turn in turns if turn.side is side]
        leftward = [turn for turn in mine if turn.is_leftward]
        idle = [turn for turn in mine if not turn.is_leftward and turn.link is None]
        # what enters the node from the right does so left of its events, which turn before it
        rightward = [turn for turn in mine if turn.is_downward]
        rightward += [turn for turn in mine if not turn.is_leftward and turn.link is not None and turn.event is None]
        away = [turn for turn in mine if not turn.is_leftward and not turn.is_downward and turn.link is not None]
        rightward += idle + [turn for turn in away if turn.event is not None]
        _spread(body, leftward, rightward)
        body.turns += [*leftward, *reversed(rightward)]
    return body


def _spread(body: Body, leftward: list[Turn], rightward: list[Turn]) -> None:
    """Where the turns of one side are. Events stand with their names beside them, below the node's edge."""
    turns = [*leftward, *rightward]
    if not any(turn.event for turn in turns):
        step = min(20.0, body.item.size.width / 2.5 / max(1, len(turns) - 1)) if turns else 0.0
        for number, turn in enumerate(turns):
            turn.x = body.width / 2 + (number - (len(turns) - 1) / 2) * step
        return
    at = 12.0
    for turn in leftward:
        at += EVENT / 2 if turn.event else 6
        turn.x = at
        # the name of the last may stand out to the right of the node
        room = 0 if turn is leftward[-1] and not rightward else _label_width(turn)
        at += (EVENT / 2 if turn.event else 6) + 2 + room
    start = at
    for turn in rightward:
        # the name of the first may stand out to the left of the node
        room = 0 if turn is rightward[0] and not leftward else _label_width(turn)
        at += room + (EVENT / 2 if turn.event else 6)
        turn.x = at
        at += EVENT / 2 + 4 if turn.event else 10
    width = max(body.width, at + (6 if rightward else 0))
    if rightward:
        # the last stands near the right corner, the others keep their distance
        shift = max(0.0, width - 8 - max(start, at))
        for turn in rightward:
            turn.x += shift
    body.width = 2.0 * ceil(width / 2)


def _label_width(turn: Turn) -> float:
    return turn.event.label.width + 4 if turn.event is not None and turn.event.label is not None else 0.0


def label_beside(turn: Turn, label: Size) -> tuple[float, float]:
    """Where the name of a boundary event begins, from the node's left side and from the side on which the event stands."""
    gap = EVENT / 2 + 2
    x = turn.x + gap if turn.is_leftward else turn.x - gap - label.width
    return x, 3.0 if turn.side is Side.BOTTOM else -3.0 - label.height
