"""Keys of messages that mean one case at a time: ``zeebe:properties`` of the event or task that waits, ``uniqueKey = true``.

At a wait inside of a case: no two cases wait there with the same key. At a start event: while a case that the message began with a key has
not ended, another message with that key begins none; it is kept for that case. Pure.
"""

from __future__ import annotations

from typing import Final

from engine.model.elements import (
    BoundaryEvent,
    CatchEvent,
    MessageDefinition,
    Node,
    ReceiveTask,
    StartEvent,
    definitions_of,
)

PROPERTY: Final = "uniqueKey"


def is_unique_key(node: Node) -> bool:
    """The key of the messages that the element waits for means one case at a time."""
    return node.properties.get(PROPERTY) == "true"


def unique_key_problem(node: Node) -> str | None:
    """Why the property says nothing here, as a code; None when all is well."""
    said = node.properties.get(PROPERTY)
    if said is None:
        return None
    if said not in {"true", "false"}:
        return "unique_key_unclear"
    awaited = [each for each in _awaited(node) if isinstance(each, MessageDefinition)]
    begins = isinstance(node, StartEvent) or (isinstance(node, ReceiveTask) and node.is_instantiating)
    if not awaited or not (begins or any(each.correlation_key is not None for each in awaited)):
        return "unique_key_misplaced"
    return None


def _awaited(node: Node) -> tuple[object, ...]:
    if isinstance(node, ReceiveTask):
        return (node.message,)
    return definitions_of(node.trigger) if isinstance(node, StartEvent | CatchEvent | BoundaryEvent) else ()
