"""What a case did, told in the same words by both engines: marks in the order in which they were made, moment by moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from engine.feel import Value
from engine.model import elements as model

Kind = Literal["entered", "completed"]
Status = Literal["active", "completed", "failed", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """``element`` was entered or completed. ``items``: of which items and rounds, the outermost first.

    ``after`` is what it came from, by the tokens and not by the clock: so two branches that run beside each other may be told in any order,
    and are compared as a partial order. None where tokens gather.
    """

    kind: Kind
    element: str
    items: tuple[int, ...] = ()
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What one thing that happened led to; ``waiting`` are the elements at which something is awaited then, sorted, each as often as it is.

    ``is_timer``: time alone let it happen. ``step`` is the number of the story's step (None: the start, a timer).
    """

    at: datetime
    step: int | None
    marks: tuple[Mark, ...]
    waiting: tuple[str, ...]
    is_timer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A case from its start to where the story leaves it. ``variables`` are those of the process itself."""

    moments: tuple[Moment, ...]
    status: Status
    variables: Mapping[str, Value] = field(default_factory=dict)

    def until(self, moments: int) -> Trace:
        """The first so many moments, in which nothing has come to its end."""
        return Trace(moments=self.moments[:moments], status="active")


def tells_after(node: model.Node) -> bool:
    """Whether it is told what the element came from: not where tokens gather, and not behind a link, which is a flow that is not drawn."""
    if isinstance(node, model.Gateway) and len(node.incoming) > 1:
        return False
    return not (isinstance(node, model.CatchEvent) and isinstance(node.trigger, model.LinkDefinition))


def tells_entering(node: model.Node) -> bool:
    """A gateway is passed; only one that waits for events is at work in between."""
    return isinstance(node, model.EventBasedGateway) or not isinstance(node, model.Gateway)


def waits(node: model.Node) -> bool:
    """Whether something outside lets it go on."""
    if isinstance(node, model.CatchEvent):
        return not isinstance(node.trigger, model.LinkDefinition)
    return isinstance(node, model.UserTask | model.ServiceTask | model.ReceiveTask | model.EventBasedGateway)
