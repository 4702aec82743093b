"""BPMN XML to processes: what can be run exactly as drawn is read, everything else is refused by name, all of it at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lxml import etree

from engine.errors import DefinitionError, Problem
from engine.feel import Expression
from engine.model.bpmn_data import read_item_names
from engine.model.bpmn_nodes import read_node
from engine.model.bpmn_parts import Reading, raw_property
from engine.model.bpmn_repetition import let_items_go_on
from engine.model.elements import Flow, Lane, Node, Process
from engine.model.event_checks import check_events
from engine.model.event_definitions import Declarations, read_declarations
from engine.model.expressions import feel
from engine.model.problems import Problems
from engine.model.skeleton import RawFlow, RawNode, Skeleton, documentation_of, read_skeleton
from engine.model.structure import check_ids, check_structure
from engine.model.unsupported import is_executable, refuse_unsupported
from engine.model.vocabulary import GLOBAL_TASKS
from engine.model.xml_file import BPMN, Element, child, local_name, namespace_of, parse_xml, text_of
from engine.model.zeebe import read_extensions


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessFile:
    """The executable processes of a file, in file order, and what people should know about it though it can be used."""

    processes: tuple[Process, ...]
    warnings: tuple[Problem, ...] = ()


def read_processes(xml: bytes, file: str, *, scripts: Mapping[str, str] | None = None) -> tuple[Process, ...]:
    """The executable processes of a BPMN file. Raises DefinitionError with every problem found."""
    return read_process_file(xml, file, scripts=scripts).processes


def read_process_file(xml: bytes, file: str, *, scripts: Mapping[str, str] | None = None) -> ProcessFile:
    """The executable processes of a BPMN file with the warnings. Raises DefinitionError with every problem found (warnings too).

    A global task is a process of one node, which call activities run (BPMN 10.3.6). ``scripts`` names, by ``scriptFormat`` in small
    letters (empty: a script without one), the handler that is given the text of such scripts as the input ``script``; the engine itself
    evaluates FEEL only, and every other format is refused.

    The file is not compared with the BPMN schemas here (``schema.validate``): what the reader needs, it checks itself.
    """
    return read_tree(parse_xml(xml, file), file, scripts=scripts)


def read_tree(root: Element, file: str, *, scripts: Mapping[str, str] | None = None) -> ProcessFile:
    """``read_process_file`` of what is a tree already: also the short form becomes one, so that both are judged by the same rules."""
    problems = Problems(file)
    if root.tag != f"{{{BPMN}}}definitions":
        problems.add("bpmn_root", root, place=str(root.sourceline), tag=etree.QName(root).localname)
        raise DefinitionError(problems.found)
    check_ids(root, problems)
    refuse_unsupported(root, problems)
    found = _File(read_declarations(root, problems), read_item_names(root), scripts or {}, problems)
    processes: list[Process] = []
    for element in root:
        if namespace_of(element) != BPMN:
            continue
        if local_name(element) in GLOBAL_TASKS:
            processes += _read_global_task(element, found)
        elif local_name(element) == "process" and is_executable(element):
            processes.append(_read_process(element, found))
        elif local_name(element) == "process":
            problems.add("process_not_executable", element, severity="warning")
    if not processes:
        problems.add("process_missing", root)
    problems.raise_if_any()
    assert not found.unread, f"no problem says why {found.unread} cannot be read"
    return ProcessFile(processes=tuple(processes), warnings=problems.warnings)


@dataclass(frozen=True, slots=True)
class _File:
    """What all processes of a file share."""

    declarations: Declarations
    item_names: Mapping[str, str | None]
    scripts: Mapping[str, str]
    problems: Problems
    unread: list[str] = field(default_factory=list)

    def reading(self, skeleton: Skeleton, roles: Mapping[str, str]) -> Reading:
        return Reading(
            skeleton=skeleton,
            declarations=self.declarations,
            roles=roles,
            problems=self.problems,
            item_names=self.item_names,
            scripts=self.scripts,
        )


def _read_process(element: Element, file: _File) -> Process:
    problems = file.problems
    if not element.get("id"):
        problems.add("id_missing", element, place=str(element.sourceline), kind="process")
    extensions = read_extensions(element, element, problems)
    skeleton = read_skeleton(element, file.declarations.definitions, problems)
    check_structure(skeleton, problems)
    check_events(skeleton, file.declarations, problems)
    lanes = _read_lanes(skeleton, problems)
    reading = file.reading(skeleton, {lane.id: lane.role for lane in lanes.values() if lane.role is not None})
    nodes: dict[str, Node] = {}
    for raw in skeleton.nodes.values():
        node = read_node(raw, reading)
        if node is None:
            file.unread.append(raw.id)
        else:
            nodes[node.id] = node
    let_items_go_on(nodes, skeleton, problems)
    return Process(
        id=skeleton.id,
        name=skeleton.name,
        nodes=nodes,
        flows={raw.id: _read_flow(raw, problems) for raw in skeleton.flows.values()},
        lanes=lanes,
        version_tag=extensions.get("versionTag", "value") or None,
        documentation=documentation_of(element),
    )


def _read_global_task(element: Element, file: _File) -> list[Process]:
    """A process of that one task."""
    identity, name, kind = element.get("id") or "", element.get("name") or "", local_name(element)
    if not identity:
        file.problems.add("id_missing", element, place=str(element.sourceline), kind=kind)
    task = RawNode(element=element, id=identity, name=name, kind=GLOBAL_TASKS[kind], scope=identity)
    skeleton = Skeleton(element=element, id=identity, name=name, nodes={identity: task})
    node = read_node(task, file.reading(skeleton, {}))
    if node is None:
        file.unread.append(identity)
        return []
    return [Process(id=identity, name=name, nodes={identity: node}, flows={}, documentation=documentation_of(element))]


def _read_lanes(skeleton: Skeleton, problems: Problems) -> dict[str, Lane]:
    """A lane without a role of its own has that of the lane around it."""
    lanes: dict[str, Lane] = {}
    for raw in skeleton.lanes.values():
        extensions = read_extensions(raw.element, raw.element, problems)
        outer = lanes[raw.parent].role if raw.parent is not None else None
        lanes[raw.id] = Lane(id=raw.id, name=raw.name, role=raw_property(extensions, "role") or outer)
    return lanes


def _read_flow(raw: RawFlow, problems: Problems) -> Flow:
    condition: Expression | None = None
    element = child(raw.element, "conditionExpression")
    if element is not None:
        condition = feel(text_of(element), problems, raw.element, "condition")
    return Flow(id=raw.id, name=raw.name, source=raw.source, target=raw.target, condition=condition)
