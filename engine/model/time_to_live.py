"""How long a message that nobody waits for is kept: ``zeebe:properties`` of the event or task that throws it, ``timeToLive = PT2H``.

Zeebe gives each publishing a time to live and has no place for it in a diagram; a property is such a place. Pure.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from engine.feel.temporal import parse_duration
from engine.model.elements import EndEvent, MessageDefinition, Node, SendTask, ThrowEvent

PROPERTY: Final = "timeToLive"
SHORTEST: Final = timedelta(minutes=1)
"""A delivery is a job of its own, a moment after the throw."""
LONGEST: Final = timedelta(days=366)


def time_to_live(node: Node) -> timedelta | None:
    """What the element says of the message that it throws; None: nothing."""
    found = parse_duration(node.properties.get(PROPERTY, ""))
    return found if isinstance(found, timedelta) else None


def time_to_live_problem(node: Node) -> str | None:
    """Why the property says nothing here, as a code; None when all is well."""
    if PROPERTY not in node.properties:
        return None
    found = time_to_live(node)
    if found is None or not SHORTEST <= found <= LONGEST:
        return "time_to_live_unclear"
    throws = isinstance(node, SendTask) or (
        isinstance(node, ThrowEvent | EndEvent) and isinstance(node.result, MessageDefinition)
    )
    return None if throws else "time_to_live_misplaced"
