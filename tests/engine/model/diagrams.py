"""What is wrong with a drawing, computed from its diagram interchange and the elements that it draws; it knows nothing of who drew it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import combinations, pairwise

from lxml import etree

from engine.model.xml_file import BPMN, Element, child, children, local_name, parse_xml, reference, text_of

DI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
WAYPOINTS = "http://www.omg.org/spec/DD/20100524/DI"
HOLDERS = {"process", "subProcess", "transaction"}
NOT_NODES = {"participant", "lane"}

Rectangle = tuple[float, float, float, float]
"""Left, top, right, bottom."""
Segment = tuple[float, float, float, float]


@dataclass
class Drawn:
    """One file: rectangles of shapes, points of lines, rectangles of labels, and what holds what."""

    kinds: dict[str, str] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    hosts: dict[str, str] = field(default_factory=dict)
    ends: dict[str, tuple[str, str]] = field(default_factory=dict)
    lanes: dict[str, str] = field(default_factory=dict)
    pools: dict[str, str] = field(default_factory=dict)
    shapes: dict[str, Rectangle] = field(default_factory=dict)
    lines: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    labels: dict[str, Rectangle] = field(default_factory=dict)

    def inside(self, identity: str) -> set[str]:
        """The sub-processes around an element."""
        found: set[str] = set()
        while identity in self.parents:
            identity = self.parents[identity]
            found.add(identity)
        return found


def read(xml: bytes) -> Drawn:
    root = parse_xml(xml, "x.bpmn")
    drawn = Drawn()
    for element in root.iter(f"{{{BPMN}}}*"):
        identity, kind = element.get("id"), local_name(element)
        if identity is None:
            continue
        drawn.kinds[identity] = kind
        parent = element.getparent()
        if isinstance(parent, etree._Element) and local_name(parent) in HOLDERS:
            drawn.parents[identity] = parent.get("id") or ""
        if kind in {"sequenceFlow", "association"}:
            drawn.ends[identity] = (
                reference(element.get("sourceRef") or ""),
                reference(element.get("targetRef") or ""),
            )
        elif kind == "boundaryEvent":
            drawn.hosts[identity] = reference(element.get("attachedToRef") or "")
        elif kind == "participant":
            drawn.pools[reference(element.get("processRef") or "")] = identity
        elif kind == "lane":
            drawn.lanes |= {text_of(each): identity for each in children(element, "flowNodeRef")}
    for shape in root.iter(f"{{{DI}}}BPMNShape"):
        identity = shape.get("bpmnElement") or ""
        assert identity not in drawn.shapes, f"{identity} is drawn twice"
        drawn.shapes[identity] = _rectangle(child(shape, "Bounds", DC))
        _read_label(shape, identity, drawn)
    for line in root.iter(f"{{{DI}}}BPMNEdge"):
        identity = line.get("bpmnElement") or ""
        points = children(line, "waypoint", WAYPOINTS)
        drawn.lines[identity] = [(float(each.get("x") or 0), float(each.get("y") or 0)) for each in points]
        _read_label(line, identity, drawn)
    return drawn


def _read_label(element: Element, identity: str, drawn: Drawn) -> None:
    label = child(element, "BPMNLabel", DI)
    if label is not None:
        drawn.labels[identity] = _rectangle(child(label, "Bounds", DC))


def _rectangle(bounds: Element | None) -> Rectangle:
    assert bounds is not None
    x, y, width, height = (float(bounds.get(name) or 0) for name in ("x", "y", "width", "height"))
    return x, y, x + width, y + height


@dataclass
class Faults:
    """What was found, as sentences; ``crossings`` are kept apart, because not every process can be drawn without."""

    crossings: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    bends: int = 0

    @property
    def counted(self) -> Counter[str]:
        return Counter(each.split(":")[0] for each in self.others)


def faults_of(xml: bytes) -> Faults:
    drawn = read(xml)
    found = Faults()
    _check_complete(drawn, found)
    _check_nodes(drawn, found)
    _check_lines(drawn, found)
    _check_labels(drawn, found)
    found.bends = sum(max(0, len(points) - 2) for points in drawn.lines.values())
    return found


def _check_complete(drawn: Drawn, found: Faults) -> None:
    for identity, kind in drawn.kinds.items():
        is_line = kind in {"sequenceFlow", "association"}
        is_node = kind in NOT_NODES or (identity in drawn.parents and _is_node(kind))
        if (is_line and identity not in drawn.lines) or (is_node and identity not in drawn.shapes):
            found.others.append(f"missing: {identity}")


def _is_node(kind: str) -> bool:
    return kind.endswith(("Task", "Event", "Gateway")) or kind in {"task", "subProcess", "transaction", "callActivity"}


def _overlap(a: Rectangle, b: Rectangle, slack: float = 0.5) -> bool:
    return a[0] < b[2] - slack and b[0] < a[2] - slack and a[1] < b[3] - slack and b[1] < a[3] - slack


def _within(inner: Rectangle, outer: Rectangle) -> bool:
    return outer[0] <= inner[0] and outer[1] <= inner[1] and inner[2] <= outer[2] and inner[3] <= outer[3]


def _nodes(drawn: Drawn) -> dict[str, Rectangle]:
    return {key: each for key, each in drawn.shapes.items() if drawn.kinds[key] not in NOT_NODES}


def _check_nodes(drawn: Drawn, found: Faults) -> None:
    nodes = _nodes(drawn)
    for (one, a), (other, b) in combinations(nodes.items(), 2):
        if one in drawn.inside(other) or other in drawn.inside(one):
            continue
        if drawn.hosts.get(one) == other or drawn.hosts.get(other) == one:
            continue
        # an event may stand on the border of a sub-process that holds others, never on one of them
        if _overlap(a, b):
            found.others.append(f"overlap: {one} {other}")
    for key, box in nodes.items():
        parent = drawn.parents.get(key, "")
        if parent in nodes and not _within(box, nodes[parent]):
            found.others.append(f"outside: {key} of {parent}")
        lane = drawn.lanes.get(key)
        if lane is not None and not _within(box, drawn.shapes[lane]):
            found.others.append(f"outside: {key} of {lane}")
        if parent in drawn.pools and not _within(box, drawn.shapes[drawn.pools[parent]]):
            found.others.append(f"outside: {key} of {drawn.pools[parent]}")
        host = drawn.hosts.get(key)
        if host is not None and not (
            _is_on_edge(box, nodes[host]) and nodes[host][0] <= box[0] and box[2] <= nodes[host][2]
        ):
            found.others.append(f"detached: {key}")
    for (one, a), (other, b) in combinations(((k, b) for k, b in drawn.shapes.items() if drawn.kinds[k] == "lane"), 2):
        if _overlap(a, b):
            found.others.append(f"overlap: {one} {other}")


def _is_on_edge(event: Rectangle, host: Rectangle) -> bool:
    """On the lower edge; on the upper one, where that saves a crossing."""
    return event[1] < host[3] < event[3] or event[1] < host[1] < event[3]


def _segments(points: list[tuple[float, float]]) -> list[Segment]:
    return [(*a, *b) for a, b in pairwise(points)]


def _cross(a: Segment, b: Segment) -> bool:
    """Both are horizontal or vertical; to touch is to cross."""
    return (
        min(a[0], a[2]) <= max(b[0], b[2])
        and min(b[0], b[2]) <= max(a[0], a[2])
        and min(a[1], a[3]) <= max(b[1], b[3])
        and min(b[1], b[3]) <= max(a[1], a[3])
    )


def _touches(segment: Segment, box: Rectangle, slack: float = 0.5) -> bool:
    return (
        min(segment[0], segment[2]) < box[2] - slack
        and max(segment[0], segment[2]) > box[0] + slack
        and min(segment[1], segment[3]) < box[3] - slack
        and max(segment[1], segment[3]) > box[1] + slack
    )


def _check_lines(drawn: Drawn, found: Faults) -> None:
    nodes = _nodes(drawn)
    for key, points in drawn.lines.items():
        source, target = drawn.ends[key]
        if len(points) < 2:
            found.others.append(f"no line: {key}")
            continue
        if any(a[0] != b[0] and a[1] != b[1] for a, b in pairwise(points)):
            found.others.append(f"slanted: {key}")
        for end, point in ((source, points[0]), (target, points[-1])):
            if not _is_at_border(point, nodes[end], drawn.kinds[end]):
                found.others.append(f"not docked: {key} at {end}")
        around = drawn.inside(key)
        for node, box in nodes.items():
            if node in around or (
                node in {source, target} and not drawn.kinds[node].endswith(("Task", "task", "Process"))
            ):
                continue
            if drawn.hosts.get(source) == node and source != target:
                pass  # it leaves the event outwards, and may come back to the activity
            if any(_touches(each, box) for each in _segments(points)):
                found.others.append(f"through: {key} {node}")
        parent = drawn.parents.get(key, "")
        holder = drawn.pools.get(parent, parent)
        if holder in drawn.shapes:
            outer = drawn.shapes[holder]
            if any(not _within((x, y, x, y), outer) for x, y in points):
                found.others.append(f"outside: {key} of {holder}")
    for (one, a), (other, b) in combinations(drawn.lines.items(), 2):
        crossings = sum(_cross(s, t) for s in _segments(a) for t in _segments(b))
        if crossings:
            found.crossings.append(f"{one} {other} {crossings}")


def _is_at_border(point: tuple[float, float], box: Rectangle, kind: str) -> bool:
    (x, y), (left, top, right, bottom) = point, box
    dx, dy = abs(x - (left + right) / 2), abs(y - (top + bottom) / 2)
    half = (right - left) / 2
    if kind.endswith("Gateway"):
        return bool(abs(dx + dy - half) < 1)
    if kind.endswith("Event"):
        return bool(abs((dx**2 + dy**2) ** 0.5 - half) < 1)
    return (min(abs(x - left), abs(x - right)) < 1 and top <= y <= bottom) or (
        min(abs(y - top), abs(y - bottom)) < 1 and left <= x <= right
    )


def _check_labels(drawn: Drawn, found: Faults) -> None:
    nodes = _nodes(drawn)
    for (one, a), (another, b) in combinations(drawn.labels.items(), 2):
        if _overlap(a, b):
            found.others.append(f"label on label: {one} {another}")
    for key, label in drawn.labels.items():
        box, around = label, drawn.inside(key)
        for node, other in nodes.items():
            if node not in around and _overlap(box, other):
                found.others.append(f"label on node: {key} {node}")
        for line, points in drawn.lines.items():
            if any(_touches(each, box, 0) for each in _segments(points)):
                found.others.append(f"label on line: {key} {line}")
        holder = drawn.parents.get(key, "")
        outer = drawn.shapes.get(drawn.pools.get(holder, holder))
        if outer is not None and not _within(box, outer):
            found.others.append(f"label outside: {key}")
