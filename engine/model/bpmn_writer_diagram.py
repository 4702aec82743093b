"""The diagram of a file: BPMN's diagram interchange (BPMN 2.0.2, chapter 12) for a layout, and processes drawn from nothing."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from types import MappingProxyType

from lxml import etree

from engine.model.bpmn_reader import read_processes
from engine.model.bpmn_writer import document, serialized
from engine.model.bpmn_writer_artifacts import with_artifacts
from engine.model.bpmn_writer_parts import NAMESPACES
from engine.model.elements import Process
from engine.model.layout import Box, Diagram, Line, Names, Shape, lay_out
from engine.model.problems import Problems
from engine.model.xml_file import BPMN, Element, children, local_name, reference, rewritten

_DI = "http://www.omg.org/spec/BPMN/20100524/DI"
_DC = "http://www.omg.org/spec/DD/20100524/DC"
_WAYPOINTS = "http://www.omg.org/spec/DD/20100524/DI"

NO_NAMES: Names = MappingProxyType({})
"""Of a process that is read in one language."""


def draw_processes(processes: Sequence[Process], names: Names = NO_NAMES) -> bytes:
    """A BPMN file that reads as just these processes, with a diagram; ``names``: by id, what people who read another language call a node
    or a flow, whose room holds that, too.

    Raises DefinitionError for what a file cannot say (``bpmn_writer.write_processes``).
    """
    root = document(processes)
    add_diagram(root, processes, names)
    return serialized(root)


def redrawn(xml: bytes, file: str) -> bytes:
    """The file with its diagram drawn anew; everything else stays as and where it is.

    Raises DefinitionError for what cannot be read, and ``not_drawable`` for what its diagram showed and the new one would not.
    """
    processes = read_processes(xml, file)
    return rewritten(xml, file, partial(_redraw, file=file, processes=processes))


def _redraw(root: Element, file: str, processes: Sequence[Process]) -> None:
    before = _shown(root)
    _add_pools(root, processes)
    add_diagram(root, processes)
    after = _shown(root)
    problems = Problems(file)
    for identity, element in before.items():
        if identity not in after:
            problems.add("not_drawable", element, kind=local_name(element))
    problems.raise_if_any()


def _shown(root: Element) -> dict[str, Element]:
    """By id, the elements that the diagrams of the file show."""
    shown = {
        reference(each.get("bpmnElement") or "")
        for diagram in children(root, "BPMNDiagram", _DI)
        for each in diagram.iter(f"{{{_DI}}}BPMNShape", f"{{{_DI}}}BPMNEdge")
    }
    found = ((each.get("id") or "", each) for each in root.iter(f"{{{BPMN}}}*"))
    return {identity: each for identity, each in found if identity in shown}


def _add_pools(root: Element, processes: Sequence[Process]) -> None:
    """Editors draw lanes in a pool only; and where there are pools, only processes that have one."""
    drawn = [each for each in processes if set(each.nodes) != {each.id}]
    collaboration = next(iter(children(root, "collaboration")), None)
    if collaboration is None and len(drawn) < 2 and not any(each.lanes for each in drawn):
        return
    taken = {each.get("id") for each in root.iter(f"{{{BPMN}}}*")}
    if collaboration is None:
        collaboration = etree.Element(f"{{{BPMN}}}collaboration", id=_free("collaboration", taken))
        root.insert(root.index(children(root, "process")[0]), collaboration)
    known = children(collaboration, "participant")
    places = {reference(each.get("processRef") or "") for each in known}
    for position, process in enumerate((each for each in drawn if each.id not in places), len(known)):
        pool = etree.Element(f"{{{BPMN}}}participant", id=_free(f"participant_{process.id}", taken), nsmap=NAMESPACES)
        if process.name:
            pool.set("name", process.name)
        pool.set("processRef", process.id)
        collaboration.insert(collaboration.index(known[-1]) + 1 + position - len(known) if known else position, pool)


def _free(wanted: str, taken: set[str | None]) -> str:
    while wanted in taken:
        wanted += "_"
    return wanted


def add_diagram(root: Element, processes: Sequence[Process], names: Names = NO_NAMES) -> None:
    """Draw ``processes``, those of ``root`` (``definitions``), anew: the diagrams of the file go, one that shows all of it comes.

    ``names`` as for ``draw_processes``.
    """
    for each in children(root, "BPMNDiagram", _DI):
        root.remove(each)
    drawn = [each for each in processes if set(each.nodes) != {each.id}]
    collaboration = next(iter(children(root, "collaboration")), None)
    pools: dict[str, str] = {}
    if collaboration is not None:
        for each in children(collaboration, "participant"):
            pools[reference(each.get("processRef") or "")] = each.get("id") or ""
    diagram = with_artifacts(root, lay_out(drawn, pools, _associations(root), names))
    plane_of = collaboration if collaboration is not None else next(iter(children(root, "process")), None)
    if plane_of is not None:
        _write(root, plane_of.get("id") or "", diagram)


def _associations(root: Element) -> dict[str, str]:
    """By what they leave, the associations of the file."""
    return {
        reference(each.get("sourceRef") or ""): each.get("id") or ""
        for each in root.iter(f"{{{BPMN}}}association")
        if local_name(each) == "association"
    }


def _write(root: Element, plane_of: str, diagram: Diagram) -> None:
    whole = etree.Element(f"{{{_DI}}}BPMNDiagram", id=f"diagram_{plane_of}", nsmap=NAMESPACES)
    relationships = children(root, "relationship")
    root.insert(root.index(relationships[0]) if relationships else len(root), whole)
    plane = etree.SubElement(whole, f"{{{_DI}}}BPMNPlane", id=f"plane_{plane_of}", bpmnElement=plane_of)
    for shape in diagram.shapes.values():
        _write_shape(plane, shape)
    for line in diagram.lines.values():
        _write_line(plane, line)
    etree.indent(whole, "  ", level=1)


def _write_shape(plane: Element, shape: Shape) -> None:
    element = etree.SubElement(plane, f"{{{_DI}}}BPMNShape", id=f"{shape.id}_di", bpmnElement=shape.id)
    for name, is_so in (
        ("isHorizontal", shape.is_horizontal),
        ("isExpanded", shape.is_expanded),
        ("isMarkerVisible", shape.has_marker),
    ):
        if is_so:
            element.set(name, "true")
    _write_box(element, shape.box)
    _write_label(element, shape.label)


def _write_line(plane: Element, line: Line) -> None:
    element = etree.SubElement(plane, f"{{{_DI}}}BPMNEdge", id=f"{line.id}_di", bpmnElement=line.id)
    for x, y in line.points:
        etree.SubElement(element, f"{{{_WAYPOINTS}}}waypoint", x=_number(x), y=_number(y))
    _write_label(element, line.label)


def _write_label(element: Element, label: Box | None) -> None:
    if label is not None:
        _write_box(etree.SubElement(element, f"{{{_DI}}}BPMNLabel"), label)


def _write_box(element: Element, box: Box) -> None:
    etree.SubElement(
        element,
        f"{{{_DC}}}Bounds",
        x=_number(box.x),
        y=_number(box.y),
        width=_number(box.width),
        height=_number(box.height),
    )


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
