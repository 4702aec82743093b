"""The deploy gate: all that must hold before a version is published, every problem with its place (style §4).

The reader has already refused what it cannot read; here the model is held against the world that it names: handlers with their inputs and
errors, roles, lists of choices, and what this engine does at run time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from engine.decisions.checks import check_model
from engine.definitions import variables
from engine.definitions.entrances import entrances_of
from engine.definitions.expression_checks import Known, check_expressions
from engine.errors import DefinitionError, Facts, Problem
from engine.handler import Handler, HandlerTable
from engine.model.bundle import Bundle, read_bundle
from engine.model.bundle_checks import PROCESS_FILE
from engine.model.elements import (
    BoundaryEvent,
    ConditionalDefinition,
    ErrorDefinition,
    Node,
    Process,
    ServiceTask,
    SubProcess,
    UserTask,
)
from engine.model.time_to_live import PROPERTY as TIME_TO_LIVE
from engine.model.time_to_live import time_to_live_problem
from engine.model.unique_keys import PROPERTY, unique_key_problem


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where problems of one node go."""

    file: str
    node: Node

    def problem(
        self, code: str, place: str | None = None, *, warning: bool = False, **facts: str | int | None
    ) -> Problem:
        known: Facts = dict(facts)
        return Problem(
            code=code,
            file=self.file,
            element_id=self.node.id,
            element_name=self.node.name or None,
            place=place,
            severity="warning" if warning else "error",
            facts=known,
        )


def check(
    files: Mapping[str, bytes], handlers: HandlerTable, roles: Collection[str] | None = None
) -> tuple[Problem, ...]:
    """Every problem of ``files``; only those of severity ``error`` stand against publishing. ``roles`` None: roles are not checked."""
    try:
        bundle = read_bundle(files)
    except DefinitionError as error:
        return error.problems
    return (*bundle.warnings, *problems_of(bundle, handlers, roles))


def problems_of(bundle: Bundle, handlers: HandlerTable, roles: Collection[str] | None) -> Iterator[Problem]:
    """What of a bundle that can be read does not fit the world; of a short form, with its line."""
    return map(bundle.located, _problems_of(bundle, handlers, roles))


def _problems_of(bundle: Bundle, handlers: HandlerTable, roles: Collection[str] | None) -> Iterator[Problem]:
    files = bundle.process_files
    names = variables.names(bundle, handlers)
    known = Known(types=variables.typed(bundle), names=names)
    for process in bundle.model.processes.values():
        yield from check_expressions(files.get(process.id, PROCESS_FILE), process, known)
        for entrance in entrances_of(process):
            if isinstance(entrance.definition, ConditionalDefinition):
                place = _Place(file=files.get(process.id, PROCESS_FILE), node=process.nodes[entrance.element])
                yield place.problem("start_by_condition", "eventDefinition")
        for node in process.nodes.values():
            place = _Place(file=files.get(process.id, PROCESS_FILE), node=node)
            unclear = unique_key_problem(node)
            if unclear is not None:
                yield place.problem(unclear, PROPERTY)
            unclear = time_to_live_problem(node)
            if unclear is not None:
                yield place.problem(unclear, TIME_TO_LIVE)
            if isinstance(node, ServiceTask):
                yield from _service_task(place, node, process, handlers)
            elif isinstance(node, UserTask):
                yield from _user_task(place, node, roles)
    for model in bundle.decision_models.values():
        yield from check_model(model, names)
    yield from _process_file(bundle, handlers, roles)


def lane_roles(bundle: Bundle) -> frozenset[str]:
    """The roles that take part in the process: of lanes and of tasks. They may see its cases."""
    processes = bundle.model.processes.values()
    lanes = {lane.role for process in processes for lane in process.lanes.values() if lane.role}
    tasks = {
        node.role
        for process in processes
        for node in process.nodes.values()
        if isinstance(node, UserTask) and node.role
    }
    return frozenset(lanes | tasks)


def _service_task(place: _Place, node: ServiceTask, process: Process, handlers: HandlerTable) -> Iterator[Problem]:
    handler = handlers.handlers.get(node.handler)
    if handler is None:
        yield place.problem("handler_unknown", "handler", handler=node.handler)
        return
    fields = (
        {}
        if not dataclasses.is_dataclass(handler.input_type)
        else {f.name: f for f in dataclasses.fields(handler.input_type)}
    )
    targets = [mapping.target[0] for mapping in node.inputs]
    for target in dict.fromkeys(targets):
        if target not in fields:
            yield place.problem("handler_input_unknown", f"input {target}", handler=handler.name, input=target)
    for name, each in fields.items():
        if name not in targets and each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING:
            yield place.problem("handler_input_missing", f"input {name}", handler=handler.name, input=name)
    yield from _errors(place, node, process, handler)


REFUSES = "refuses"
"""The property of a service task that lists the errors which need no boundary event: whoever acts is to be refused with their words."""


def _meant_refusals(node: ServiceTask) -> set[str]:
    return {code.strip() for code in node.properties.get(REFUSES, "").split(",") if code.strip()}


def _errors(place: _Place, node: ServiceTask, process: Process, handler: Handler) -> Iterator[Problem]:
    for boundary, code in _caught_at(node.id, process):
        if code is not None and code not in handler.errors:
            yield _Place(file=place.file, node=boundary).problem(
                "error_never_raised", "error", handler=handler.name, error=code
            )
    meant = _meant_refusals(node)
    for code in meant - set(handler.errors):
        yield place.problem("error_never_raised", REFUSES, handler=handler.name, error=code)
    caught = [code for around in _outwards(node, process) for code in _caught_around(around, process)]
    for code in handler.errors:
        if None not in caught and code not in caught and code not in meant:
            yield place.problem("error_not_caught", "error", warning=True, handler=handler.name, error=code)


def _caught_at(activity: str, process: Process) -> Iterator[tuple[BoundaryEvent, str | None]]:
    for node in process.nodes.values():
        if (
            isinstance(node, BoundaryEvent)
            and node.attached_to == activity
            and isinstance(node.trigger, ErrorDefinition)
        ):
            yield node, node.trigger.code


def _caught_around(activity: str, process: Process) -> Iterator[str | None]:
    """The codes of errors that are caught at the activity or by an event sub-process beside it, which catches nothing of its own kind."""
    yield from (code for _, code in _caught_at(activity, process))
    node = process.nodes[activity]
    if not (isinstance(node, SubProcess) and node.is_event):
        for _, start in process.event_sub_processes(node.scope):
            if isinstance(start.trigger, ErrorDefinition):
                yield start.trigger.code


def _outwards(node: Node, process: Process) -> Iterator[str]:
    """The node itself, then each sub-process around it."""
    yield node.id
    scope = node.scope
    while scope != process.id:
        yield scope
        scope = process.nodes[scope].scope


def _user_task(place: _Place, node: UserTask, roles: Collection[str] | None) -> Iterator[Problem]:
    if roles is not None and node.role is not None and node.role not in roles:
        yield place.problem("role_unknown", "role", role=node.role)


def _process_file(bundle: Bundle, handlers: HandlerTable, roles: Collection[str] | None) -> Iterator[Problem]:
    for role in () if bundle.starts is None else bundle.starts.roles:
        if roles is not None and role not in roles:
            yield Problem(code="role_unknown", file=PROCESS_FILE, place="start", facts={"role": role})
    for form in bundle.forms.values():
        for field in form.fields:
            if field.choices is not None and field.choices not in handlers.choices:
                yield Problem(
                    code="choices_unknown",
                    file=f"forms/{form.id}.yaml",
                    place=f"field {field.name}",
                    facts={"choices": field.choices},
                )
