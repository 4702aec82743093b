"""What people call the elements of a bundle: French from the diagram, the second language from ``process.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from engine.feel import Value
from engine.model.bundle import Bundle
from engine.model.elements import Flow, Node, Process

LONGEST_ITEM: Final = 80

_NAMES: Final = ("name", "title", "label", "number", "id")
"""What an item that consists of several values is called by: the first of these that it has."""


def find_process(bundle: Bundle, node_or_flow: str) -> Process:
    """The process of the bundle in which an element or a flow stands; the main one for what stands in none."""
    found = (
        each for each in bundle.model.processes.values() if node_or_flow in each.nodes or node_or_flow in each.flows
    )
    return next(found, bundle.process)


def find_node(bundle: Bundle, element_id: str) -> Node | None:
    """The node of this id, in whichever process of the bundle it stands."""
    return find_process(bundle, element_id).nodes.get(element_id)


def find_flow(bundle: Bundle, flow_id: str) -> Flow | None:
    """The flow of this id, in whichever process of the bundle it stands."""
    return find_process(bundle, flow_id).flows.get(flow_id)


def element_title(bundle: Bundle, element_id: str) -> Mapping[str, str]:
    """What an element is called, by locale; its id where it has no name."""
    node = find_node(bundle, element_id)
    french = (node.name if node is not None else "") or element_id
    return {"fr": french, "en": french} | dict(bundle.names.get(element_id, {}))


def title_of_item(title: Mapping[str, str], item: Value) -> Mapping[str, str]:
    """The title of a task that is asked once for each item of a list, with the item behind it: so that they differ in the inbox.

    An item of several values is called by its name, title, label, number or id; what has none of them changes nothing.
    """
    if isinstance(item, Mapping):
        item = next((item[key] for key in _NAMES if isinstance(item.get(key), str | Decimal)), None)
    if isinstance(item, bool) or not isinstance(item, str | Decimal):
        return title
    said = " ".join((format(item, "f") if isinstance(item, Decimal) else item).split())
    if not said:
        return title
    if len(said) > LONGEST_ITEM:
        said = f"{said[: LONGEST_ITEM - 1]}…"
    return {locale: f"{each} – {said}" for locale, each in title.items()}
