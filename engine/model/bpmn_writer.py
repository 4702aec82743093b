"""Processes to BPMN 2.0 XML with the ``zeebe:`` extension elements: the inverse of ``bpmn_reader``.

What is written is read again before it is given away: a process that the file would say differently is refused, so that nothing is
lost in silence. What BPMN can say in several ways is written in one: data of a file as variable mappings, a number of items as a list.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lxml import etree

from engine.errors import DefinitionError, Problem
from engine.model.bpmn_reader import read_processes
from engine.model.bpmn_writer_nodes import write_global_task, write_node
from engine.model.bpmn_writer_parts import MODELER, NAMESPACES, Ids, Writing, add, add_extensions, formal, formula
from engine.model.elements import BoundaryEvent, CompensationDefinition, Flow, Node, Process
from engine.model.xml_file import BPMN, Element

FILE = "process.bpmn"
"""What problems call the file, which has no name yet."""

_PLATFORM = {f"{{{MODELER}}}executionPlatform": "Camunda Cloud", f"{{{MODELER}}}executionPlatformVersion": "8.6.0"}
"""What the desktop modeler asks a file, to know the vocabulary."""


def write_processes(processes: Sequence[Process]) -> bytes:
    """A BPMN file that reads as just these processes (BPMN 2.0.2, without a diagram).

    Raises:
        DefinitionError: code ``not_writable`` with the element that the file could not say as it is, or what the reader says of it.
    """
    return serialized(document(processes))


def document(processes: Sequence[Process]) -> Element:
    """The root element of that file. Raises DefinitionError as ``write_processes`` does."""
    root = _Document(processes).written()
    again = {each.id: each for each in read_processes(etree.tostring(root), FILE)}
    for process in processes:
        found = again.get(process.id)
        if found != process:
            raise not_writable(_first_difference(process, found))
    return root


def serialized(root: Element) -> bytes:
    """The bytes of a file, one element a line."""
    etree.indent(root, "  ")
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def not_writable(element: Node | Flow | Process) -> DefinitionError:
    """The file cannot say this element as it is."""
    return DefinitionError(
        (Problem(code="not_writable", file=FILE, element_id=element.id, element_name=element.name or None),)
    )


def _first_difference(process: Process, found: Process | None) -> Node | Flow | Process:
    if found is not None:
        for node in process.nodes.values():
            if found.nodes.get(node.id) != node:
                return node
        for flow in process.flows.values():
            if found.flows.get(flow.id) != flow:
                return flow
    return process


class _Document:
    """A file being written."""

    def __init__(self, processes: Sequence[Process]) -> None:
        self._processes = processes
        self._ids = Ids(processes)
        self._root = etree.Element(f"{{{BPMN}}}definitions", nsmap=NAMESPACES, attrib=_PLATFORM)
        self._root.set("id", self._ids.new("definitions", processes[0].id if processes else ""))
        self._root.set("targetNamespace", "https://bordereau.example/processes")

    def written(self) -> Element:
        writing = Writing(root=self._root, ids=self._ids)
        for process in self._processes:
            try:
                if _is_global_task(process):
                    write_global_task(self._root, process.nodes[process.id], process.documentation, writing)
                else:
                    self._write_process(process, writing)
            except ValueError as error:  # a character that XML has no way to say
                raise not_writable(process) from error
        declarations = writing.declarations.elements
        for position, each in enumerate(declarations):
            self._root.insert(position, each)
        self._write_collaboration(len(declarations))
        return self._root

    def _write_collaboration(self, position: int) -> None:
        """Editors draw lanes in a pool only, and several processes beside each other in pools."""
        drawn = [each for each in self._processes if not _is_global_task(each)]
        if len(drawn) < 2 and not any(each.lanes for each in drawn):
            return
        collaboration = etree.Element(f"{{{BPMN}}}collaboration", id=self._ids.new("collaboration", ""))
        for process in drawn:
            pool = add(collaboration, "participant", id=self._ids.new("participant", process.id), name=process.name)
            pool.set("processRef", process.id)
        self._root.insert(position, collaboration)

    def _write_process(self, process: Process, writing: Writing) -> None:
        element = add(self._root, "process", id=process.id, name=process.name)
        element.set("isExecutable", "true")
        if process.documentation:
            add(element, "documentation").text = process.documentation
        if process.version_tag is not None:
            add_extensions(element, {"versionTag": {"value": process.version_tag}})
        if process.lanes:
            self._write_lanes(element, process)
        self._write_scope(element, process, process.id, writing)

    def _write_lanes(self, element: Element, process: Process) -> None:
        lanes = add(element, "laneSet", id=self._ids.new("lanes", process.id))
        for lane in process.lanes.values():
            written = add(lanes, "lane", id=lane.id, name=lane.name)
            if lane.role is not None:
                add_extensions(written, {}, properties={"role": lane.role})
            for node in process.nodes.values():
                if node.lane == lane.id and (node.scope == process.id or _lane_around(node, process) != lane.id):
                    add(written, "flowNodeRef").text = node.id

    def _write_scope(self, element: Element, process: Process, scope: str, writing: Writing) -> None:
        for node in process.inside.get(scope, ()):
            written = write_node(element, node, process, writing)
            if node.id in process.inside:
                self._write_scope(written, process, node.id, writing)
        for flow in _flows_in(process, scope):
            _write_flow(element, flow)
        for event, handler in _undone(process, scope):
            self._write_association(element, event, handler)

    def _write_association(self, element: Element, event: str, handler: str) -> None:
        """From a compensation event to who undoes."""
        written = add(element, "association", id=self._ids.new("association", event))
        written.set("associationDirection", "One")
        written.set("sourceRef", event)
        written.set("targetRef", handler)


def _is_global_task(process: Process) -> bool:
    return set(process.nodes) == {process.id}


def _lane_around(node: Node, process: Process) -> str | None:
    around = process.nodes.get(node.scope)
    return None if around is None else around.lane


def _flows_in(process: Process, scope: str) -> Iterator[Flow]:
    for flow in process.flows.values():
        source = process.nodes.get(flow.source)
        if source is not None and source.scope == scope:
            yield flow


def _undone(process: Process, scope: str) -> Iterator[tuple[str, str]]:
    """The compensation events of a scope with the activities that undo."""
    for node in process.inside.get(scope, ()):
        if isinstance(node, BoundaryEvent) and isinstance(node.trigger, CompensationDefinition):
            handler = getattr(process.nodes.get(node.attached_to), "compensated_by", None)
            if handler is not None:
                yield node.id, handler


def _write_flow(element: Element, flow: Flow) -> None:
    written = add(element, "sequenceFlow", id=flow.id, name=flow.name)
    written.set("sourceRef", flow.source)
    written.set("targetRef", flow.target)
    if flow.condition is not None:
        formal(written, "conditionExpression", formula(flow.condition))
