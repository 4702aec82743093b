"""What is to be placed in one scope: its nodes with their sizes, and the links between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from engine.model.elements import (
    BoundaryEvent,
    CatchEvent,
    CompensationDefinition,
    EndEvent,
    ExclusiveGateway,
    Gateway,
    Node,
    Process,
    StartEvent,
    SubProcess,
    ThrowEvent,
)
from engine.model.layout.geometry import Size
from engine.model.layout.metrics import label_size, task_size

EVENT, GATEWAY = 36.0, 50.0
"""The sizes that bpmn.io draws."""


Names = Mapping[str, Sequence[str]]
"""By id, what nodes and flows are called in other languages than the file's: their room holds these, too."""


class Form(Enum):
    """The outline of a node, on which lines end."""

    RECTANGLE = "rectangle"
    CIRCLE = "circle"
    DIAMOND = "diamond"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A boundary event."""

    id: str
    label: Size | None


@dataclass(slots=True, kw_only=True, eq=False)
class Item:
    """A node with its boundary events. ``anchor`` is how far below its upper side lines come in and go out; ``lane`` is a position."""

    id: str
    form: Form
    size: Size
    anchor: float
    lane: int
    label: Size | None = None
    events: list[Attached] = field(default_factory=list)
    has_marker: bool = False


@dataclass(slots=True, kw_only=True, eq=False)
class Link:
    """A flow between two items, from the node itself or from an event attached to it; or the association of a compensation event.

    ``is_back``: it leads to the left. ``is_undoing``: it is such an association, to an activity that has no place in the flow.
    """

    id: str
    source: Item
    target: Item
    event: Attached | None = None
    label: Size | None = None
    is_back: bool = False
    is_undoing: bool = False

    @property
    def is_self(self) -> bool:
        """It begins and ends at one item."""
        return self.source is self.target

    @property
    def left(self) -> Item:
        """The end that is drawn to the left."""
        return self.target if self.is_back else self.source

    @property
    def right(self) -> Item:
        """The end that is drawn to the right."""
        return self.source if self.is_back else self.target


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A process or sub-process as a graph. ``below``: the associations to what undoes an activity and stands below it."""

    items: tuple[Item, ...]
    links: tuple[Link, ...]
    below: tuple[Link, ...]
    lanes: int


def scope_of(items: Sequence[Item], links: Sequence[Link], lanes: int) -> Scope:
    """The graph of a scope: what undoes an activity of its lane, and has no events of its own, is placed together with that activity."""
    below = tuple(
        each for each in links if each.is_undoing and each.source.lane == each.target.lane and not each.target.events
    )
    placed = {each.target for each in below}
    return Scope(
        items=tuple(each for each in items if each not in placed),
        links=tuple(each for each in links if each not in below),
        below=below,
        lanes=lanes,
    )


def item_of(node: Node, names: Sequence[str], lane: int, inside: tuple[Size, float] | None) -> Item:
    """A node without its events; ``names``: what it is called in each language; ``inside``: the size of a sub-process and its anchor."""
    match node:
        case SubProcess() if inside is not None:
            size, anchor = inside
            return Item(id=node.id, form=Form.RECTANGLE, size=size, anchor=anchor, lane=lane)
        case Gateway():
            form, side = Form.DIAMOND, GATEWAY
        case StartEvent() | EndEvent() | CatchEvent() | ThrowEvent():
            form, side = Form.CIRCLE, EVENT
        case _:
            size = task_size(*names)
            return Item(id=node.id, form=Form.RECTANGLE, size=size, anchor=size.height / 2, lane=lane)
    return Item(
        id=node.id,
        form=form,
        size=Size(side, side),
        anchor=side / 2,
        lane=lane,
        label=label_size(*names),
        has_marker=isinstance(node, ExclusiveGateway),
    )


def links_of(
    process: Process, scope: str, items: dict[str, Item], associations: dict[str, str], names: Names
) -> tuple[Link, ...]:
    """The flows of a scope in file order, then the associations of its compensation events (``associations``: their ids by event);
    ``names``: what flows are called in other languages.
    """
    events = {each.id: (item, each) for item in items.values() for each in item.events}
    found: list[Link] = []
    for flow in process.flows.values():
        if process.nodes[flow.source].scope != scope:
            continue
        source, event = events.get(flow.source, (items.get(flow.source), None))
        target = items.get(flow.target)
        if source is not None and target is not None:
            label = label_size(flow.name, *names.get(flow.id, ()))
            found.append(Link(id=flow.id, source=source, target=target, event=event, label=label))
    for node in process.inside.get(scope, ()):
        if isinstance(node, BoundaryEvent) and isinstance(node.trigger, CompensationDefinition):
            handler = getattr(process.nodes.get(node.attached_to), "compensated_by", None)
            if handler in items and node.id in associations:
                source, event = events[node.id]
                undone = Link(id=associations[node.id], source=source, target=items[handler], event=event)
                undone.is_undoing = True
                found.append(undone)
    return tuple(found)
