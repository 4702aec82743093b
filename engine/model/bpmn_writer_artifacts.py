"""What a diagram shows besides processes: notes, data, groups, pools of others, messages between pools.

The model knows nothing of it, so it is placed around the finished drawing: notes and data in a row above it, each over what it belongs to;
pools of others below.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from engine.model.layout import Box, Diagram, Line, Shape
from engine.model.layout.geometry import Size
from engine.model.layout.metrics import INSIDE, label_size, text_size
from engine.model.xml_file import BPMN, Element, child, children, local_name, reference, text_of

_DATA = {"dataObjectReference": Size(36, 50), "dataStoreReference": Size(50, 50)}
_GROUP = Size(140, 80)
_NOTE_WIDTH = 140.0
_GAP, _APART, _POOL = 20.0, 40.0, 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Artifact:
    id: str
    size: Size
    label: Size | None
    ends: tuple[str, ...]
    """What lines join it to."""


def with_artifacts(root: Element, diagram: Diagram) -> Diagram:
    """The diagram of ``root`` with everything around it."""
    lines = _lines_of(root)
    artifacts = [
        each for element in root.iter(f"{{{BPMN}}}*") if (each := _artifact_of(element, lines, diagram)) is not None
    ]
    diagram = _with_pools(root, diagram)
    if artifacts:
        diagram = _with_row(artifacts, diagram)
    drawn = dict(diagram.lines)
    for identity, (source, target) in lines.items():
        begin, end = _box(source, diagram), _box(target, diagram)
        if identity not in drawn and begin is not None and end is not None:
            drawn[identity] = _straight(identity, begin, end)
    return replace(diagram, lines=drawn)


def _lines_of(root: Element) -> dict[str, tuple[str, str]]:
    """By id, the ends of associations, data associations and message flows."""
    found: dict[str, tuple[str, str]] = {}
    for each in root.iter(f"{{{BPMN}}}*"):
        identity, kind = each.get("id"), local_name(each)
        if identity is None:
            continue
        if kind in {"association", "messageFlow"}:
            found[identity] = (reference(each.get("sourceRef") or ""), reference(each.get("targetRef") or ""))
        elif kind in {"dataInputAssociation", "dataOutputAssociation"}:
            owner = each.getparent()
            node = "" if owner is None else owner.get("id") or ""
            is_input = kind == "dataInputAssociation"
            other = reference(text_of(child(each, "sourceRef" if is_input else "targetRef")))
            found[identity] = (other, node) if is_input else (node, other)
    return found


def _artifact_of(element: Element, lines: dict[str, tuple[str, str]], diagram: Diagram) -> _Artifact | None:
    identity, kind = element.get("id"), local_name(element)
    if identity is None or identity in diagram.shapes or not _is_visible(element):
        return None
    label = None
    if kind == "textAnnotation":
        room = text_size(text_of(child(element, "text")) or " ", _NOTE_WIDTH, INSIDE)
        size = Size(max(60.0, room.width + 16), max(30.0, room.height + 12))
    elif kind in _DATA:
        size, label = _DATA[kind], label_size(element.get("name") or "")
    elif kind == "group":
        size = _GROUP
    else:
        return None
    ends = [other for pair in lines.values() if identity in pair for other in pair if other != identity]
    return _Artifact(id=identity, size=size, label=label, ends=tuple(ends))


def _is_visible(element: Element) -> bool:
    """Not inside a process that is not drawn."""
    at = element.getparent()
    while at is not None and local_name(at) != "process":
        at = at.getparent()
    return at is None or at.get("isExecutable") in {"true", "1"}


def _with_pools(root: Element, diagram: Diagram) -> Diagram:
    """Pools of others are empty boxes."""
    shapes = dict(diagram.shapes)
    boxes = [each.box for each in shapes.values()]
    left, right = min((each.x for each in boxes), default=160), max((each.right for each in boxes), default=760)
    y = max((each.bottom for each in boxes), default=80)
    for collaboration in children(root, "collaboration"):
        for pool in children(collaboration, "participant"):
            identity = pool.get("id") or ""
            if identity not in shapes:
                box = Box(left, y + _APART, right - left, _POOL)
                shapes[identity] = Shape(id=identity, box=box, is_horizontal=True)
                y = box.bottom
    return replace(diagram, shapes=shapes)


def _with_row(artifacts: list[_Artifact], diagram: Diagram) -> Diagram:
    """Everything moved down by what stands above it, each as near as possible above what it belongs to."""

    def wanted(each: _Artifact) -> float:
        boxes = [box for end in each.ends if (box := _box(end, diagram)) is not None]
        return min((box.middle[0] for box in boxes), default=float("inf"))

    boxes = [each.box for each in diagram.shapes.values()]
    left, top = min((box.x for box in boxes), default=160), min((box.y for box in boxes), default=80)
    height = max(each.size.height + (each.label.height + 5 if each.label else 0) for each in artifacts)
    diagram = diagram.moved(0, height + _APART)
    shapes = dict(diagram.shapes)
    at = left
    for each in sorted(artifacts, key=wanted):
        width = max(each.size.width, each.label.width if each.label else 0)
        middle = wanted(each)
        x = at if middle == float("inf") else max(at, middle - width / 2)
        box = Box(
            round(x + (width - each.size.width) / 2), top + height - each.size.height, each.size.width, each.size.height
        )
        label = None
        if each.label is not None:
            label = Box(
                round(x + (width - each.label.width) / 2),
                box.y - 5 - each.label.height,
                each.label.width,
                each.label.height,
            )
        shapes[each.id] = Shape(id=each.id, box=box, label=label)
        at = x + width + _GAP
    return replace(diagram, shapes=shapes)


def _box(identity: str, diagram: Diagram) -> Box | None:
    """Where something stands; of a flow, the middle of its longest part."""
    if identity in diagram.shapes:
        return diagram.shapes[identity].box
    if identity not in diagram.lines:
        return None
    points = diagram.lines[identity].points
    parts = list(pairwise(points))
    (ax, ay), (bx, by) = max(parts, key=lambda part: abs(part[0][0] - part[1][0]) + abs(part[0][1] - part[1][1]))
    return Box((ax + bx) / 2, (ay + by) / 2, 0, 0)


def _straight(identity: str, source: Box, target: Box) -> Line:
    """From the side of one that looks at the other; pools are wide, so the line stands over what is narrower."""
    narrow = min(source, target, key=lambda box: box.width)
    ends = []
    for box, other in ((source, target), (target, source)):
        x = min(max(narrow.middle[0], box.x), box.right) if box.width > 400 else box.middle[0]
        ends.append((round(x, 1), round(box.bottom if box.middle[1] < other.middle[1] else box.y, 1)))
    return Line(id=identity, points=tuple(ends))
