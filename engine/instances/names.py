"""What people call the elements of a bundle: French from the diagram, the second language from ``process.yaml``."""

from __future__ import annotations

from collections.abc import Mapping

from engine.model.bundle import Bundle
from engine.model.elements import Node


def find_node(bundle: Bundle, element_id: str) -> Node | None:
    """The node of this id, in whichever process of the bundle it stands."""
    return next(
        (process.nodes[element_id] for process in bundle.model.processes.values() if element_id in process.nodes), None
    )


def element_title(bundle: Bundle, element_id: str) -> Mapping[str, str]:
    """What an element is called, by locale; its id where it has no name."""
    node = find_node(bundle, element_id)
    french = (node.name if node is not None else "") or element_id
    return {"fr": french, "en": french} | dict(bundle.names.get(element_id, {}))
