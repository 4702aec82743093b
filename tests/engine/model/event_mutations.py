"""Kinds of faults of events, event-based gateways, links, transactions and compensation."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

from engine.model.vocabulary import EVENT_DEFINITIONS, SUB_PROCESSES
from engine.model.xml_file import BPMN, local_name
from tests.engine.model.mutations import (
    KINDS,
    Mutation,
    Tree,
    changed,
    flows_at,
    kind,
    new,
    owner_of,
    places,
    with_value,
    without,
)

# -- events ---------------------------------------------------------------------------------------------------------------------------

for _definition in ("message", "signal"):
    KINDS[f"event of no {_definition}"] = (
        f"{_definition}_missing",
        without(f"{_definition}Ref", f"{_definition}EventDefinition", owner="parent"),
    )
for _definition in ("message", "signal", "error", "escalation"):
    KINDS[f"event of an unknown {_definition}"] = (
        "reference_unknown",
        with_value(f"{_definition}Ref", "unknown", f"{_definition}EventDefinition", owner="parent"),
    )
KINDS["task of no message"] = ("message_missing", without("messageRef", "receiveTask"))
KINDS["task of an unknown message"] = ("reference_unknown", with_value("messageRef", "unknown", "receiveTask"))
KINDS["boundary event of nothing"] = ("boundary_not_attached", with_value("attachedToRef", "nowhere", "boundaryEvent"))
KINDS["boundary event of an event"] = ("boundary_not_attached", with_value("attachedToRef", "begin", "boundaryEvent"))
KINDS["link without a name"] = ("link_name_missing", without("name", "linkEventDefinition", owner="parent"))
KINDS["compensation that is not waited for"] = (
    "unsupported_compensation_without_waiting",
    with_value("waitForCompletion", "false", "compensateEventDefinition", owner="parent"),
)


def in_definition(name: str, change: Callable[[Tree], None]) -> Mutation:
    """The event definition itself changed."""

    def mutation(root: Tree) -> Iterator[tuple[Tree, str]]:
        for identity in places(root, name):
            tree, element = changed(root, identity)
            if local_name(element.getparent()) != "definitions":
                change(element)
                yield tree, owner_of(element)

    return mutation


def _empty_condition(definition: Tree) -> None:
    definition[0].text = " "


def _no_time(definition: Tree) -> None:
    definition.remove(definition[0])


def _bad_time(definition: Tree) -> None:
    definition[0].tag = f"{{{BPMN}}}timeDuration"
    definition[0].text = "soon"


KINDS["condition that says nothing"] = (
    "expression_empty",
    in_definition("conditionalEventDefinition", _empty_condition),
)
KINDS["timer without a time"] = ("timer_missing", in_definition("timerEventDefinition", _no_time))
KINDS["timer that is no time"] = ("timer_duration_invalid", in_definition("timerEventDefinition", _bad_time))


@kind("event that waits for nothing", "event_without_definition")
def _no_definition(root: Tree) -> Iterator[tuple[Tree, str]]:
    for identity in places(root, "intermediateCatchEvent", "boundaryEvent"):
        tree, element = changed(root, identity)
        found = [each for each in element if local_name(each) in EVENT_DEFINITIONS]
        is_link = any(
            local_name(each).startswith(("link", "compensate", "cancel", "eventDefinitionRef")) for each in found
        )
        if local_name(element.getparent()) == "process" and not is_link:
            for each in found:
                element.remove(each)
            yield tree, identity


@kind("definition of another place", "event_not_here")
def _misplaced(root: Tree) -> Iterator[tuple[Tree, str]]:
    for identity in places(root, "endEvent", "intermediateThrowEvent"):
        tree, element = changed(root, identity)
        if not any(local_name(each) in EVENT_DEFINITIONS for each in element):
            timer = new(element, "timerEventDefinition", id="misplaced")
            new(timer, "timeDuration").text = "PT1H"
            yield tree, identity


def renamed(name: str, attribute: str, value: str, code_owner: Callable[[Tree, Tree], list[str]]) -> Mutation:
    """A declaration that loses what its events need: each of them has the fault."""

    def mutation(root: Tree) -> Iterator[tuple[Tree, str]]:
        for identity in places(root, name):
            tree, element = changed(root, identity)
            element.set(attribute, value)
            for owner in code_owner(tree, element)[:1]:
                yield tree, owner

    return mutation


def _users(tree: Tree, declared: Tree) -> list[str]:
    attribute = f"{local_name(declared)}Ref"
    found = [each for each in tree.iter() if each.get(attribute) == declared.get("id")]
    return [
        owner_of(each) if "Definition" in local_name(each) else each.get("id", "") for each in found if owner_of(each)
    ]


KINDS["message without a name"] = ("message_name_missing", renamed("message", "name", "", _users))
KINDS["message of a computed name"] = (
    "message_name_computed",
    renamed("message", "name", "= x", lambda _, e: [e.get("id", "")]),
)
KINDS["signal without a name"] = ("signal_name_missing", renamed("signal", "name", "", _users))
KINDS["signal of a computed name"] = ("signal_name_computed", renamed("signal", "name", "= x", _users))
KINDS["error without a code"] = ("error_code_missing", renamed("error", "errorCode", "", _users))
KINDS["escalation without a code"] = ("escalation_code_missing", renamed("escalation", "escalationCode", "", _users))
KINDS["error of a computed code"] = ("error_code_computed", renamed("error", "errorCode", "= x", _users))


@kind("the same caught twice at a boundary", "caught_twice")
def _caught_twice(root: Tree) -> Iterator[tuple[Tree, str]]:
    for identity in places(root, "boundaryEvent"):
        tree, element = changed(root, identity)
        if any(local_name(each) == "timerEventDefinition" for each in element):
            continue
        second = copy.deepcopy(element)
        for each in second.iter():
            if each.get("id"):
                each.set("id", f"{each.get('id')}_again")
        scope = element.getparent()
        scope.append(second)
        for flow in flows_at(tree, element, "sourceRef"):
            new(scope, "sequenceFlow", id="again", sourceRef=second.get("id", ""), targetRef=flow.get("targetRef", ""))
        for line in list(scope.findall(f"{{{BPMN}}}association")):
            if line.get("sourceRef") == identity:
                new(
                    scope,
                    "association",
                    id="again",
                    sourceRef=second.get("id", ""),
                    targetRef=line.get("targetRef", ""),
                )
        yield tree, second.get("id", "")


@kind("the same begins two event sub-processes", "caught_twice")
def _begun_twice(root: Tree) -> Iterator[tuple[Tree, str]]:
    for identity in places(root, "subProcess"):
        tree, element = changed(root, identity)
        start = element.find(f"{{{BPMN}}}startEvent")
        if element.get("triggeredByEvent") != "true" or start.find(f"{{{BPMN}}}timerEventDefinition") is not None:
            continue
        second = copy.deepcopy(element)
        for each in second.iter():
            for name in ("id", "sourceRef", "targetRef"):
                if each.get(name):
                    each.set(name, f"{each.get(name)}_again")
        element.getparent().append(second)
        yield tree, f"{start.get('id')}_again"


@kind("event sub-process without a trigger", "event_sub_process_without_trigger")
def _no_trigger(root: Tree) -> Iterator[tuple[Tree, str]]:
    for identity in places(root, "subProcess"):
        tree, element = changed(root, identity)
        start = element.find(f"{{{BPMN}}}startEvent")
        if element.get("triggeredByEvent") == "true":
            start.remove(start[-1])
            yield tree, start.get("id", "")


@kind("event sub-process of two starts", "event_sub_process_starts")
def _two_starts(root: Tree) -> Iterator[tuple[Tree, str]]:
    for identity in places(root, "subProcess"):
        tree, element = changed(root, identity)
        if element.get("triggeredByEvent") == "true":
            second = copy.deepcopy(element.find(f"{{{BPMN}}}startEvent"))
            for each in second.iter():
                each.set("id", f"{each.get('id')}_again")
            element.append(second)
            end = element.find(f"{{{BPMN}}}endEvent").get("id", "")
            new(element, "sequenceFlow", id="again", sourceRef=second.get("id", ""), targetRef=end)
            yield tree, identity


@kind("flow to an event sub-process", "flow_not_allowed")
def _flow_to_event(root: Tree) -> Iterator[tuple[Tree, str]]:
    for identity in places(root, "subProcess", "serviceTask"):
        tree, element = changed(root, identity)
        if element.get("triggeredByEvent") == "true" or element.get("isForCompensation") == "true":
            scope = element.getparent()
            start = scope.find(f"{{{BPMN}}}startEvent").get("id", "")
            new(scope, "sequenceFlow", id="to_it", sourceRef=start, targetRef=identity)
            yield tree, identity


@kind("event sub-process that is repeated", "event_sub_process_repeated")
def _repeated_event(root: Tree) -> Iterator[tuple[Tree, str]]:
    for identity in places(root, "subProcess"):
        tree, element = changed(root, identity)
        if element.get("triggeredByEvent") == "true":
            new(element, "standardLoopCharacteristics", 0, loopMaximum="2")
            yield tree, identity


@kind("compensation begins in a process", "compensation_start_not_here")
def _compensated_process(root: Tree) -> Iterator[tuple[Tree, str]]:
    for identity in places(root, "subProcess"):
        tree, element = changed(root, identity)
        start = element.find(f"{{{BPMN}}}startEvent")
        if element.get("triggeredByEvent") == "true" and local_name(element.getparent()) == "process":
            start.attrib.pop("isInterrupting", None)
            start.remove(start[-1])
            new(start, "compensateEventDefinition")
            yield tree, start.get("id", "")


# -- event-based gateways and links ---------------------------------------------------------------------------------------------------


@kind("event gateway with one way", "event_gateway_few")
def _one_way(root: Tree) -> Iterator[tuple[Tree, str]]:
    for identity in places(root, "eventBasedGateway"):
        tree, gateway = changed(root, identity)
        for flow in flows_at(tree, gateway, "sourceRef")[1:]:
            target = tree.xpath("//*[@id=$id]", id=flow.get("targetRef"))[0]
            for gone in [flow, *flows_at(tree, target, "sourceRef"), target]:
                gone.getparent().remove(gone)
        yield tree, identity


def awaited(root: Tree, *names: str) -> Iterator[tuple[Tree, Tree, Tree]]:
    """A copy of the tree, in it each element of these names that an event-based gateway leads to, and the gateway."""
    for identity in places(root, *names):
        tree, element = changed(root, identity)
        for flow in flows_at(tree, element, "targetRef"):
            gateway = tree.xpath("//*[@id=$id]", id=flow.get("sourceRef"))[0]
            if local_name(gateway) == "eventBasedGateway":
                yield tree, element, gateway


@kind("event gateway that leads to work", "event_gateway_target")
def _to_work(root: Tree) -> Iterator[tuple[Tree, str]]:
    for tree, element, _ in awaited(root, "intermediateCatchEvent", "receiveTask"):
        element.tag = f"{{{BPMN}}}task"
        element.attrib.pop("messageRef", None)
        for each in list(element):
            element.remove(each)
        yield tree, element.get("id", "")


@kind("another flow to a wait of an event gateway", "event_gateway_target_shared")
def _shared_wait(root: Tree) -> Iterator[tuple[Tree, str]]:
    for tree, element, _ in awaited(root, "intermediateCatchEvent", "receiveTask"):
        new(element.getparent(), "task", id="other")
        new(element.getparent(), "sequenceFlow", id="to_other", sourceRef=element.get("id", ""), targetRef="other")
        new(element.getparent(), "sequenceFlow", id="from_other", sourceRef="other", targetRef=element.get("id", ""))
        yield tree, element.get("id", "")


@kind("receive task with a boundary event after an event gateway", "event_gateway_target")
def _boundary_wait(root: Tree) -> Iterator[tuple[Tree, str]]:
    for tree, element, _ in awaited(root, "receiveTask"):
        event = new(element.getparent(), "boundaryEvent", id="edge", attachedToRef=element.get("id", ""))
        new(new(event, "timerEventDefinition"), "timeDuration").text = "PT1H"
        end = flows_at(tree, element, "sourceRef")[0].get("targetRef", "")
        new(element.getparent(), "sequenceFlow", id="from_edge", sourceRef="edge", targetRef=end)
        yield tree, element.get("id", "")


@kind("event gateway with events and tasks", "event_gateway_mixed")
def _mixed(root: Tree) -> Iterator[tuple[Tree, str]]:
    for tree, element, gateway in awaited(root, "receiveTask"):
        element.tag = f"{{{BPMN}}}intermediateCatchEvent"
        new(element, "messageEventDefinition", messageRef=element.attrib.pop("messageRef"))
        yield tree, gateway.get("id", "")


KINDS["parallel event gateway"] = (
    "unsupported_parallel_event_gateway",
    with_value("eventGatewayType", "Parallel", "eventBasedGateway"),
)


def _link(kind_of_event: str) -> Mutation:
    def mutation(root: Tree) -> Iterator[tuple[Tree, str]]:
        for identity in places(root, kind_of_event):
            tree, element = changed(root, identity)
            definition = element.find(f"{{{BPMN}}}linkEventDefinition")
            if definition is not None:
                other = copy.deepcopy(element)
                for each in other.iter():
                    each.set("id", f"{each.get('id', '')}_other")
                    if each.get("name"):
                        each.set("name", "nobody")
                scope = element.getparent()
                scope.append(other)
                for flow in flows_at(tree, element, "sourceRef"):
                    new(
                        scope,
                        "sequenceFlow",
                        id="on",
                        sourceRef=f"{identity}_other",
                        targetRef=flow.get("targetRef", ""),
                    )
                for flow in flows_at(tree, element, "targetRef"):
                    new(
                        scope,
                        "sequenceFlow",
                        id="on",
                        sourceRef=flow.get("sourceRef", ""),
                        targetRef=f"{identity}_other",
                    )
                yield tree, f"{identity}_other"

    return mutation


KINDS["link that leads nowhere"] = ("link_without_catch", _link("intermediateThrowEvent"))
KINDS["link that comes from nowhere"] = ("link_without_throw", _link("intermediateCatchEvent"))


@kind("link of two ends", "link_twice")
def _two_ends(root: Tree) -> Iterator[tuple[Tree, str]]:
    for tree, identity in _link("intermediateCatchEvent")(root):
        element = tree.xpath("//*[@id=$id]", id=identity)[0]
        original = tree.xpath("//*[@id=$id]", id=identity.removesuffix("_other"))[0]
        name = original.find(f"{{{BPMN}}}linkEventDefinition").get("name", "")
        element.find(f"{{{BPMN}}}linkEventDefinition").set("name", name)
        yield tree, identity


# -- transactions and compensation ----------------------------------------------------------------------------------------------------


@kind("cancel outside a transaction", "cancel_outside_transaction")
def _cancel_outside(root: Tree) -> Iterator[tuple[Tree, str]]:
    for identity in places(root, "endEvent"):
        tree, element = changed(root, identity)
        is_plain = not any(local_name(each) in EVENT_DEFINITIONS for each in element)
        if is_plain and local_name(element.getparent()) != "transaction":
            new(element, "cancelEventDefinition")
            yield tree, identity


@kind("cancel that nobody catches", "cancel_boundary_missing")
def _no_cancel(root: Tree) -> Iterator[tuple[Tree, str]]:
    for identity in places(root, "boundaryEvent"):
        tree, element = changed(root, identity)
        host = tree.xpath("//*[@id=$id]", id=element.get("attachedToRef"))[0]
        if local_name(host) == "transaction":
            for gone in [*flows_at(tree, element, "sourceRef"), element]:
                gone.getparent().remove(gone)
            yield tree, host.get("id", "")


@kind("transaction that is repeated", "transaction_repeated")
def _repeated_transaction(root: Tree) -> Iterator[tuple[Tree, str]]:
    for identity in places(root, "transaction"):
        tree, element = changed(root, identity)
        new(element, "standardLoopCharacteristics", 0, loopMaximum="2")
        yield tree, identity


@kind("cancel at the boundary of something else", "cancel_boundary_not_here")
def _cancel_elsewhere(root: Tree) -> Iterator[tuple[Tree, str]]:
    for identity in places(root, "task", "subProcess", "callActivity"):
        tree, element = changed(root, identity)
        if element.get("triggeredByEvent") != "true":
            scope = element.getparent()
            new(new(scope, "boundaryEvent", id="edge", attachedToRef=identity), "cancelEventDefinition")
            new(scope, "endEvent", id="edge_end")
            new(scope, "sequenceFlow", id="edge_flow", sourceRef="edge", targetRef="edge_end")
            if scope.find(f"{{{BPMN}}}startEvent") is not None:
                yield tree, "edge"


@kind("compensation without anybody who undoes", "compensation_without_handler")
def _no_handler(root: Tree) -> Iterator[tuple[Tree, str]]:
    for identity in places(root, "association"):
        tree, line = changed(root, identity)
        source = tree.xpath("//*[@id=$id]", id=line.get("sourceRef"))[0]
        if local_name(source) == "boundaryEvent":
            handler = tree.xpath("//*[@id=$id]", id=line.get("targetRef"))[0]
            line.getparent().remove(line)
            handler.getparent().remove(handler)
            yield tree, source.get("id", "")


@kind("compensation with two that undo", "compensation_handlers_several")
def _two_handlers(root: Tree) -> Iterator[tuple[Tree, str]]:
    for identity in places(root, "association"):
        tree, line = changed(root, identity)
        source = tree.xpath("//*[@id=$id]", id=line.get("sourceRef"))[0]
        if local_name(source) == "boundaryEvent":
            new(line.getparent(), "task", id="second", isForCompensation="true")
            new(line.getparent(), "association", id="second_line", sourceRef=source.get("id", ""), targetRef="second")
            yield tree, source.get("id", "")


@kind("handler that undoes nothing", "compensation_handler_unused")
def _unused(root: Tree) -> Iterator[tuple[Tree, str]]:
    for identity in places(root, "process", *SUB_PROCESSES):
        tree, scope = changed(root, identity)
        new(scope, "task", id="unused", isForCompensation="true")
        yield tree, "unused"


def _target(value: str) -> Mutation:
    def mutation(root: Tree) -> Iterator[tuple[Tree, str]]:
        for identity in places(root, "compensateEventDefinition"):
            tree, element = changed(root, identity)
            if element.get("activityRef"):
                element.set("activityRef", value)
                yield tree, owner_of(element)

    return mutation


KINDS["undoing what cannot be undone"] = ("compensation_target_unknown", _target("pay_back"))
KINDS["undoing what is inside something else"] = ("compensation_target_unknown", _target("hotel"))
KINDS["undoing what does not exist"] = ("reference_unknown", _target("nothing"))
KINDS["transaction of another method"] = (
    "unsupported_transaction_method",
    with_value("method", "##Store", "transaction"),
)
