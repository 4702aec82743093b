"""Do the files of a bundle fit each other? Names that one file uses must exist in another.

Where a file could not be read, what it would have held is not reported as missing: its own problems are enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.decisions import Decision
from engine.errors import DefinitionError, Problem
from engine.model.elements import Binding, BusinessRuleTask, CallActivity, Node, Process, UserTask
from engine.model.forms import Form, Texts
from engine.model.xml_file import BPMN, parse_xml
from engine.model.yaml_file import YamlFile

PROCESS_FILE = "process.yaml"


Lines = Mapping[tuple[str, str | None], int]
"""Where in a short form an element stands, and where a place in it does (None: the element itself)."""


def is_process_file(path: str) -> bool:
    """Whether a process stands in the file: a diagram or a short form."""
    return "/" not in path and path.endswith((".bpmn", ".yaml")) and path != PROCESS_FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleParts:
    """What was read. ``processes`` come with their file; ``unread`` are the paths of files that could not be read. ``names``, ``lines`` and
    ``starters``: what short forms say of their elements.
    """

    description: YamlFile | None
    processes: Mapping[str, tuple[str, Process]]
    decisions: Mapping[str, Decision]
    forms: Mapping[str, Form]
    names: Mapping[str, Texts]
    lines: Lines
    starters: Mapping[str, str]
    unread: frozenset[str]
    files: Mapping[str, bytes]

    @property
    def has_unread_decisions(self) -> bool:
        """Whether a decision that is missed may stand in a file that could not be read."""
        return any(path.endswith(".dmn") for path in self.unread)

    @property
    def has_unread_processes(self) -> bool:
        """The same for processes and their elements."""
        return any(map(is_process_file, self.unread))


def cross_check(parts: BundleParts) -> Iterator[Problem]:
    """Every name that leads nowhere, and what people should know besides; what stands in a short form, with its line."""
    return (at_its_line(each, parts.lines) for each in _cross_check(parts))


def at_its_line(problem: Problem, lines: Lines) -> Problem:
    """The problem of an element that stands in a short form, with the line of what is wrong there, else that of its step."""
    if not (is_process_file(problem.file) and problem.file.endswith(".yaml")):
        return problem
    element = problem.element_id or ""
    line = lines.get((element, problem.place)) or lines.get((element, None))
    return problem if line is None else replace(problem, place=f"line:{line}")


def _cross_check(parts: BundleParts) -> Iterator[Problem]:
    for path, process in parts.processes.values():
        for node in process.nodes.values():
            yield from _check_node(node, path, parts)
        yield from _check_reserved(process, path)
    if parts.description is not None:
        yield from _check_description(parts.description, parts)
        yield from _check_used(parts.description, parts)


def _problem(code: str, node: Node, path: str, place: str | None, **facts: str | None) -> Problem:
    return Problem(
        code=code, file=path, element_id=node.id, element_name=node.name or None, place=place, facts=dict(facts)
    )


def _check_node(node: Node, path: str, parts: BundleParts) -> Iterator[Problem]:
    if isinstance(node, UserTask):
        if node.form is not None and node.form not in parts.forms and f"forms/{node.form}.yaml" not in parts.unread:
            yield _problem("form_unknown", node, path, "form", form=node.form)
        if not node.name:
            yield Problem(code="name_missing", file=path, element_id=node.id, place="name", severity="warning")
    elif isinstance(node, BusinessRuleTask):
        if node.decision not in parts.decisions and not parts.has_unread_decisions:
            yield _problem("decision_unknown", node, path, "decision", decision=node.decision)
    elif isinstance(node, CallActivity) and _is_missing(node, parts):
        yield _problem("called_process_unknown", node, path, "calledElement", process=node.process)


def _is_missing(call: CallActivity, parts: BundleParts) -> bool:
    """What is bound to another version may be published at any time before the call: that is not asked here."""
    is_here = call.process in parts.processes or parts.has_unread_processes
    return call.binding is Binding.DEPLOYMENT and not is_here


def _check_reserved(process: Process, path: str) -> Iterator[Problem]:
    """SpiffWorkflow, which gives the second opinion, uses these ids for nodes of its own and then runs an empty process."""
    for node in process.nodes.values():
        if node.id in {"Start", "End"} or node.id.endswith(".EndJoin"):
            yield _problem("id_reserved", node, path, "id", id=node.id)


def _check_description(description: YamlFile, parts: BundleParts) -> Iterator[Problem]:
    data = description.data
    started = parts.processes.get(data["process"])
    if started is None and not parts.has_unread_processes:
        yield description.problem("process_unknown", ("process",), process=data["process"])
    start = data.get("start")
    if start is not None:
        form = start.get("form")
        if form is not None and form not in parts.forms and f"forms/{form}.yaml" not in parts.unread:
            yield description.problem("form_unknown", ("start", "form"), form=form)
        if started is not None and not any(each.trigger is None for each in started[1].starts(started[1].id)):
            yield description.problem("start_without_plain_event", ("start",), process=data["process"])
    if started is not None:
        yield from _check_starters(data, *started, parts)
    if parts.has_unread_processes:
        return
    known = _element_ids(parts)
    for position, stage in enumerate(data.get("stages", ())):
        for element in stage["elements"]:
            if element not in known:
                yield description.problem("element_unknown", ("stages", position, "elements"), element=element)
    for element in data.get("names", {}):
        if element not in known:
            yield description.problem("element_unknown", ("names", element), element=element)
        elif element in parts.names:
            yield description.problem("name_in_two_places", ("names", element), element=element)


def _check_starters(data: Mapping[str, Any], path: str, process: Process, parts: BundleParts) -> Iterator[Problem]:
    """Who begins a case as the short form tells it may do so."""
    allowed = data.get("start", {}).get("roles", [])
    for event in process.starts(process.id):
        role = parts.starters.get(event.id)
        if role is not None and role not in allowed:
            yield _problem("starter_not_allowed", event, path, "who", role=role, allowed=", ".join(allowed) or "–")


def _element_ids(parts: BundleParts) -> frozenset[str]:
    """All ids of the processes, and of the BPMN files all others too (participants)."""
    processes = [process for _, process in parts.processes.values()]
    found = {identity for each in processes for identity in (each.id, *each.nodes, *each.flows, *each.lanes)}
    for path, content in parts.files.items():
        if path.endswith(".bpmn"):
            try:
                root = parse_xml(content, path)
            except DefinitionError:
                continue
            found.update(str(each.get("id")) for each in root.iter(f"{{{BPMN}}}*") if each.get("id"))
    return frozenset(found)


def _check_used(description: YamlFile, parts: BundleParts) -> Iterator[Problem]:
    """Warnings: forms that nobody asks for, names without a translation."""
    tasks = [
        node for _, process in parts.processes.values() for node in process.nodes.values() if isinstance(node, UserTask)
    ]
    used = {node.form for node in tasks} | {description.data.get("start", {}).get("form")}
    if not parts.has_unread_processes:
        for form in parts.forms:
            if form not in used:
                yield Problem(code="form_unused", file=f"forms/{form}.yaml", severity="warning", facts={"form": form})
    names = {**parts.names, **description.data.get("names", {})}
    for path, process in parts.processes.values():
        named = [(node.id, node.name) for node in process.nodes.values()]
        named += [(lane.id, lane.name) for lane in process.lanes.values()]
        for identity, name in named:
            if name and identity not in names:
                yield Problem(
                    code="name_untranslated",
                    file=path,
                    element_id=identity,
                    element_name=name,
                    place="name",
                    severity="warning",
                )
