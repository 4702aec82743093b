"""Our model as specifications of SpiffWorkflow: from the elements, not from the XML, so that our reader is no part of the comparison.

A link is drawn as the flow that it stands for, conditions on the flows of an activity as the inclusive gateway that BPMN says they mean
(13.2.1). Names of specifications have a prefix: SpiffWorkflow empties a process in which an element is called ``Start`` or ``End``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.control import BoundaryEventJoin, BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.data_spec import TaskDataReference
from SpiffWorkflow.bpmn.specs.defaults import InclusiveGateway
from SpiffWorkflow.bpmn.specs.event_definitions import MultipleEventDefinition, NoneEventDefinition

from engine.feel import compile_expression
from engine.model import elements as model
from engine.second_opinion import kinds, steps
from engine.second_opinion.events import awaited, thrown
from engine.second_opinion.expressions import Enough, GoesOn

_ALWAYS = compile_expression("true")


def translated(definition: model.Model, process: str, start_event: str | None) -> tuple[Any, Mapping[str, Any]]:
    """The specification of ``process`` and, by name, those of its sub-processes and of what it calls.

    ``start_event``: the start event at which the story begins, where it is not the plain one.
    """
    found: dict[str, Any] = {}
    for each in definition.processes.values():
        entries = each.entries(each.id)
        if each.id == process and start_event in each.entrances():
            entries = (each.nodes[start_event],) if start_event else entries
        found[called(each.id)] = _Scope(definition, each, each.id, entries).specification()
        for node in each.nodes.values():
            if isinstance(node, model.SubProcess) and not node.is_event:
                found[inside(node.id)] = _Scope(definition, each, node.id, each.entries(node.id)).specification()
    return found[called(process)], found


def called(process: str) -> str:
    """The name of the specification of a process."""
    return f"process {process}"


def inside(sub_process: str) -> str:
    """The name of the specification of what is inside a sub-process."""
    return f"inside {sub_process}"


class _Scope:
    """A process or sub-process being translated: the nodes directly inside."""

    def __init__(
        self, definition: model.Model, process: model.Process, scope: str, entries: tuple[model.Node, ...]
    ) -> None:
        self._model = definition
        self._process = process
        self._scope = scope
        self._entries = entries
        self._spec = BpmnProcessSpec(name=called(scope) if scope == process.id else inside(scope))
        self._first: dict[str, Any] = {}
        """What a token enters, by element: the split before an activity with boundary events."""
        self._last: dict[str, Any] = {}
        """What a token leaves, by element."""

    def specification(self) -> Any:
        nodes = [each for each in self._process.inside.get(self._scope, ()) if not _stands_apart(each)]
        for node in nodes:
            self._make(node)
        for node in nodes:
            self._connect_boundary(node)
        for node in nodes:
            self._connect(node)
        for node in self._entries:
            self._spec.start.connect(self._first[node.id])
        return self._spec

    # -- nodes ----------------------------------------------------------------------------------------------------------------------

    def _make(self, node: model.Node) -> None:
        is_repeated = isinstance(node, model.Activity) and node.is_repeated
        name = f"item {node.id}" if is_repeated else f"element {node.id}"
        made = self._step(node, name)
        made.node = node
        made.update_event.connect(made.updated)
        if is_repeated and isinstance(node, model.Activity):
            made.is_item = True
            body = self._body(node, made.name)
            # SpiffWorkflow adds what is repeated itself, as a child of what repeats it
            made.inputs = [body]
            made = body
            made.node = node
            made.update_event.connect(made.updated)
        self._first[node.id] = self._last[node.id] = made

    def _step(self, node: model.Node, name: str) -> Any:  # noqa: PLR0911, C901, PLR0912  # one line for each kind of element
        spec = self._spec
        match node:
            case model.StartEvent():
                return kinds.StartStep(spec, name, NoneEventDefinition())
            case model.EndEvent():
                return kinds.EndStep(spec, name, thrown(node, node.result))
            case model.ThrowEvent():
                return kinds.ThrowStep(spec, name, thrown(node, node.result))
            case model.SendTask():
                return kinds.SendStep(spec, name, thrown(node, node.message))
            case model.CatchEvent():
                return kinds.CatchStep(spec, name, awaited(node, node.trigger))
            case model.ReceiveTask():
                return kinds.ReceiveStep(spec, name, awaited(node, node.message))
            case model.BoundaryEvent():
                made = kinds.BoundaryStep(spec, name, awaited(node, node.trigger), node.is_interrupting)
                made.host = cast("model.Activity", self._process.nodes[node.attached_to])
                return made
            case model.EventBasedGateway():
                return kinds.RaceStep(spec, name, MultipleEventDefinition())
            case model.ExclusiveGateway():
                return kinds.ExclusiveStep(spec, name)
            case model.InclusiveGateway():
                return kinds.InclusiveStep(spec, name)
            case model.ParallelGateway():
                return kinds.ParallelStep(spec, name)
            case model.UserTask():
                return kinds.UserStep(spec, name)
            case model.ServiceTask():
                return kinds.HandlerStep(spec, name)
            case model.ScriptTask():
                return kinds.ScriptStep(spec, name, node.expression)
            case model.BusinessRuleTask():
                return kinds.RuleStep(spec, name, self._model.decisions[node.decision])
            case model.SubProcess():
                return kinds.SubProcessStep(spec, name, inside(node.id))
            case model.CallActivity():
                return kinds.CallStep(spec, name, called(node.process))
            case _:
                made = kinds.PassStep(spec, name)
                made.manual = False
                return made

    def _body(self, node: model.Activity, item: str) -> Any:
        name = f"element {node.id}"
        if node.loop is not None:
            condition = None if node.loop.condition is None else GoesOn(node.loop.condition)
            return kinds.Rounds(self._spec, name, item, node.loop.maximum, condition, node.loop.tests_before)
        many = node.multi_instance
        assert many is not None, "what is repeated has one of two markers"
        return (kinds.OneByOne if many.is_sequential else kinds.AllAtOnce)(
            self._spec,
            name,
            item,
            data_input=TaskDataReference(steps.indexes_of(node)),
            input_item=TaskDataReference(steps.index_of(node)),
            condition=None if many.completion_condition is None else Enough(),
        )

    def _connect_boundary(self, node: model.Node) -> None:
        """As SpiffWorkflow's parser does: a split before the activity and its events, a join that cancels what is not needed."""
        events = getattr(node, "boundary", ())
        events = [each for each in events if not _stands_apart(self._process.nodes[each])]
        if not events:
            return
        activity = self._first[node.id]
        split = BoundaryEventSplit(self._spec, f"split {node.id}")
        join = BoundaryEventJoin(self._spec, f"join {node.id}", split_task=split.name, cancel=True)
        split.connect(activity)
        activity.connect(join)
        for each in events:
            split.connect(self._first[each])
            self._first[each].connect(join)
        self._first[node.id] = split

    # -- flows ----------------------------------------------------------------------------------------------------------------------

    def _connect(self, node: model.Node) -> None:
        last = self._last[node.id]
        if isinstance(node, model.ThrowEvent) and isinstance(node.result, model.LinkDefinition):
            last.connect(self._first[self._other_end(node, node.result)])
            return
        flows = [self._process.flows[each] for each in node.outgoing]
        if not flows:
            last.connect(self._spec.end)
        elif isinstance(node, model.ExclusiveGateway | model.InclusiveGateway):
            self._connect_conditions(node, last)
        elif isinstance(node, model.Activity) and any(each.condition is not None for each in flows):
            choice = InclusiveGateway(self._spec, f"choice {node.id}")
            last.connect(choice)
            self._connect_conditions(node, choice)
        else:
            for each in flows:
                last.connect(self._first[each.target])

    def _connect_conditions(self, node: model.Gateway | model.Activity, last: Any) -> None:
        flows = [self._process.flows[each] for each in node.outgoing]
        for flow in flows:
            # what has no condition and is not the default may always be taken; alone, it is what SpiffWorkflow calls the default
            is_default = flow.id == node.default or (len(flows) == 1 and flow.condition is None)
            condition = None if is_default else flow.condition or _ALWAYS
            last.connect_outgoing_if(condition, self._first[flow.target])

    def _other_end(self, node: model.Node, link: model.LinkDefinition) -> str:
        beside = self._process.inside[node.scope]
        return next(each.id for each in beside if isinstance(each, model.CatchEvent) and each.trigger == link)


def _stands_apart(node: model.Node) -> bool:
    """No token comes there by a flow or an event that is translated; what uses it is not compared."""
    if isinstance(node, model.BoundaryEvent):
        return isinstance(node.trigger, model.CompensationDefinition)
    return (isinstance(node, model.SubProcess) and node.is_event) or (
        isinstance(node, model.Activity) and node.is_for_compensation
    )
