"""Flow nodes to XML: per kind the tag, the extension elements and what else it says."""

from __future__ import annotations

from collections.abc import Mapping

from engine.model.bpmn_writer_events import write_behavior, write_definitions
from engine.model.bpmn_writer_parts import Writing, add, add_extensions, formal, formula, moment_text
from engine.model.elements import (
    Activity,
    Binding,
    BoundaryEvent,
    BusinessRuleTask,
    CallActivity,
    CatchEvent,
    ComplexGateway,
    EndEvent,
    EventBasedGateway,
    ExclusiveGateway,
    Gateway,
    InclusiveGateway,
    MultipleDefinition,
    Node,
    ParallelGateway,
    Process,
    ReceiveTask,
    ScriptTask,
    SendTask,
    ServiceTask,
    StartEvent,
    SubProcess,
    Task,
    ThrowEvent,
    UserTask,
)
from engine.model.xml_file import Element

_TAGS: Mapping[type[Node], str] = {
    StartEvent: "startEvent",
    EndEvent: "endEvent",
    CatchEvent: "intermediateCatchEvent",
    ThrowEvent: "intermediateThrowEvent",
    BoundaryEvent: "boundaryEvent",
    ExclusiveGateway: "exclusiveGateway",
    InclusiveGateway: "inclusiveGateway",
    ParallelGateway: "parallelGateway",
    EventBasedGateway: "eventBasedGateway",
    ComplexGateway: "complexGateway",
    Task: "task",
    ReceiveTask: "receiveTask",
    SendTask: "sendTask",
    UserTask: "userTask",
    ServiceTask: "serviceTask",
    ScriptTask: "scriptTask",
    BusinessRuleTask: "businessRuleTask",
    CallActivity: "callActivity",
    SubProcess: "subProcess",
}
_GLOBAL: Mapping[type[Node], str] = {
    Task: "globalTask",
    UserTask: "globalUserTask",
    ScriptTask: "globalScriptTask",
    BusinessRuleTask: "globalBusinessRuleTask",
    ServiceTask: "globalBusinessRuleTask",
}
"""Only these can be said of a global task; the work of a handler is that of a rule task with a task definition."""

_Extensions = dict[str, Mapping[str, str | None]]


def write_node(parent: Element, node: Node, process: Process, writing: Writing) -> Element:
    """A flow node of a process; what stands inside a sub-process is for the caller."""
    is_transaction = isinstance(node, SubProcess) and node.is_transaction
    element = add(parent, "transaction" if is_transaction else _TAGS[type(node)], id=node.id, name=node.name)
    _write_common(element, node, _extensions(node, process))
    for flow in node.incoming:
        add(element, "incoming").text = flow
    for flow in node.outgoing:
        add(element, "outgoing").text = flow
    match node:
        case Activity():
            _write_activity(element, node, writing)
        case Gateway():
            _write_gateway(element, node)
        case _:
            _write_event(element, node, writing)
    return element


def write_global_task(parent: Element, node: Node, documentation: str, writing: Writing) -> None:
    """A task that is a process of its own; one of another kind is found out when the file is read again."""
    element = add(parent, _GLOBAL.get(type(node), "globalTask"), id=node.id, name=node.name)
    if documentation:
        add(element, "documentation").text = documentation
    _write_extensions(element, node, _extensions(node, None))
    if isinstance(node, Activity):
        _write_activity(element, node, writing)


def _write_common(element: Element, node: Node, attributes: _Extensions) -> None:
    if node.documentation:
        add(element, "documentation").text = node.documentation
    _write_extensions(element, node, attributes)


def _write_extensions(element: Element, node: Node, attributes: _Extensions) -> None:
    add_extensions(
        element,
        attributes,
        inputs=getattr(node, "inputs", ()),
        outputs=getattr(node, "outputs", ()),
        properties=node.properties,
    )


def _extensions(node: Node, process: Process | None) -> _Extensions:
    """The extension elements that say what the node does."""
    match node:
        case UserTask():
            return _of_user_task(node, process)
        case ServiceTask():
            return {"taskDefinition": {"type": node.handler}}
        case ScriptTask():
            return {"script": {"expression": formula(node.expression), "resultVariable": node.result_variable}}
        case BusinessRuleTask():
            return {"calledDecision": {"decisionId": node.decision, "resultVariable": node.result_variable}}
        case CallActivity():
            passes = {
                "propagateAllParentVariables": node.propagates_all_in,
                "propagateAllChildVariables": node.propagates_all_out,
            }
            said = {name: "true" if value else "false" for name, value in passes.items()}
            if node.binding is not Binding.DEPLOYMENT:
                said["bindingType"] = node.binding
            if node.version_tag is not None:
                said["versionTag"] = node.version_tag
            return {"calledElement": {"processId": node.process, **said}}
        case _:
            return {}


def _of_user_task(node: UserTask, process: Process | None) -> _Extensions:
    found: _Extensions = {"userTask": {}}
    lane = None if process is None or node.lane is None else process.lanes.get(node.lane)
    # what the lane says is not said again: moved to another lane, the task is for the people of that lane
    role = node.role if lane is None or lane.role != node.role else None
    if role is not None or node.assignee is not None:
        assignee = None if node.assignee is None else formula(node.assignee)
        found["assignmentDefinition"] = {"assignee": assignee, "candidateGroups": role}
    if node.form is not None:
        found["formDefinition"] = {"formId": node.form}
    if node.due is not None or node.follow_up is not None:
        times = {"dueDate": node.due, "followUpDate": node.follow_up}
        found["taskSchedule"] = {name: None if time is None else moment_text(time) for name, time in times.items()}
    if node.priority is not None:
        source = node.priority.source
        found["priorityDefinition"] = {"priority": source if source.isdigit() else formula(node.priority)}
    return found


def _write_activity(element: Element, node: Activity, writing: Writing) -> None:
    for name, quantity in (("startQuantity", node.start_quantity), ("completionQuantity", node.completion_quantity)):
        if quantity != 1:
            element.set(name, str(quantity))
    if node.is_for_compensation:
        element.set("isForCompensation", "true")
    if node.default is not None:
        element.set("default", node.default)
    match node:
        case ReceiveTask() | SendTask():
            key = node.message.correlation_key
            element.set("messageRef", writing.declarations.message(node.message.name, key))
            if isinstance(node, ReceiveTask) and node.is_instantiating:
                element.set("instantiate", "true")
        case SubProcess(is_event=True):
            element.set("triggeredByEvent", "true")
        case _:
            pass
    _write_repetition(element, node, writing)


def _write_repetition(element: Element, node: Activity, writing: Writing) -> None:
    if node.loop is not None:
        loop = add(element, "standardLoopCharacteristics")
        if node.loop.tests_before:
            loop.set("testBefore", "true")
        if node.loop.maximum is not None:
            loop.set("loopMaximum", str(node.loop.maximum))
        if node.loop.condition is not None:
            formal(loop, "loopCondition", formula(node.loop.condition))
    many = node.multi_instance
    if many is None:
        return
    marker = add(element, "multiInstanceLoopCharacteristics", isSequential="true" if many.is_sequential else "false")
    output = None if many.output_element is None else formula(many.output_element)
    collection = {
        "inputCollection": formula(many.input_collection),
        "inputElement": many.input_element,
        "outputCollection": many.output_collection,
        "outputElement": output,
    }
    add_extensions(marker, {"loopCharacteristics": collection})
    write_behavior(marker, many, node.id, writing)


def _write_gateway(element: Element, node: Gateway) -> None:
    if node.default is not None:
        element.set("default", node.default)
    match node:
        case EventBasedGateway(is_instantiating=True):
            element.set("instantiate", "true")
        case ComplexGateway() if node.activation is not None:
            formal(element, "activationCondition", formula(node.activation))
        case _:
            pass


def _write_event(element: Element, node: Node, writing: Writing) -> None:
    definition = None
    match node:
        case StartEvent():
            definition = node.trigger
            if not node.is_interrupting:
                element.set("isInterrupting", "false")
        case BoundaryEvent():
            definition = node.trigger
            element.set("attachedToRef", node.attached_to)
            if not node.is_interrupting:
                element.set("cancelActivity", "false")
        case CatchEvent():
            definition = node.trigger
        case EndEvent() | ThrowEvent():
            definition = node.result
        case _:
            pass
    if isinstance(definition, MultipleDefinition) and definition.is_parallel:
        element.set("parallelMultiple", "true")
    write_definitions(element, definition, writing)
