"""Kinds of faults, each made in a valid file wherever it can be: of flows and activities here, of events in ``event_mutations``."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

from lxml import etree

from engine.model.vocabulary import ACTIVITIES, EVENT_DEFINITIONS, SUB_PROCESSES
from engine.model.xml_file import BPMN, ZEEBE, child, children, local_name

Tree = Any
"""An element; the types of lxml say None where these files always have something."""
_FLOW_NODES = ACTIVITIES | {"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent"}

Mutation = Callable[[Tree], Iterator[tuple[Tree, str]]]
"""Changes a copy of the tree, once for each place; yields the changed tree and the id of the element that has the fault."""
KINDS: dict[str, tuple[str, Mutation]] = {}


def kind(name: str, code: str) -> Callable[[Mutation], Mutation]:
    """Register a kind of fault with the code of its problem."""

    def register(mutation: Mutation) -> Mutation:
        KINDS[name] = (code, mutation)
        return mutation

    return register


def places(root: Tree, *names: str) -> list[str]:
    """The ids of all elements of these names in what runs."""
    found = [each for name in names for each in root.iter(f"{{{BPMN}}}{name}") if each.get("id")]
    return [each.get("id", "") for each in found]


def changed(root: Tree, identity: str) -> tuple[Tree, Tree]:
    """A copy of the tree, and in it the element of this id."""
    tree = copy.deepcopy(root)
    return tree, tree.xpath("//*[@id=$id]", id=identity)[0]


def new(parent: Tree, tag: str, position: int | None = None, **attributes: str) -> Tree:
    element = etree.Element(f"{{{BPMN}}}{tag}", attributes)
    parent.insert(len(parent) if position is None else position, element)
    return element


def without(name: str, *hosts: str, owner: str = "host") -> Mutation:
    """The attribute taken away; the fault is at the host, or at the ``parent`` around it."""

    def mutation(root: Tree) -> Iterator[tuple[Tree, str]]:
        for identity in places(root, *hosts):
            tree, element = changed(root, identity)
            at = identity if owner == "host" else owner_of(element)
            if element.get(name) and at:  # one that stands for itself is used elsewhere
                del element.attrib[name]
                yield tree, at

    return mutation


def with_value(name: str, value: str, *hosts: str, owner: str = "host") -> Mutation:
    """The attribute set to a value that it cannot have."""

    def mutation(root: Tree) -> Iterator[tuple[Tree, str]]:
        for identity in places(root, *hosts):
            tree, element = changed(root, identity)
            at = identity if owner == "host" else owner_of(element)
            if at:
                element.set(name, value)
                yield tree, at

    return mutation


def owner_of(element: Tree) -> str:
    at = element.getparent()
    while at is not None and local_name(at) not in _FLOW_NODES | {"boundaryEvent", "sequenceFlow"}:
        at = at.getparent()
    return "" if at is None else at.get("id", "")


def flows_at(tree: Tree, element: Tree, end: str) -> list[Tree]:
    return [each for each in tree.iter(f"{{{BPMN}}}sequenceFlow") if each.get(end) == element.get("id")]


def _lists(tree: Tree, flow: str) -> None:
    """What ``incoming`` and ``outgoing`` say of a flow goes with it."""
    for name in ("incoming", "outgoing"):
        for each in list(tree.iter(f"{{{BPMN}}}{name}")):
            if each.text == flow:
                each.getparent().remove(each)


# -- flows ----------------------------------------------------------------------------------------------------------------------------

KINDS["flow to nowhere"] = ("flow_end_unknown", with_value("targetRef", "nowhere", "sequenceFlow"))
KINDS["flow from nowhere"] = ("flow_end_unknown", with_value("sourceRef", "nowhere", "sequenceFlow"))
KINDS["default flow of something else"] = (
    "default_not_outgoing",
    with_value("default", "nothing", "exclusiveGateway", "inclusiveGateway", "complexGateway", "task"),
)


@kind("two elements of one id", "id_twice")
def _twice(root: Tree) -> Iterator[tuple[Tree, str]]:
    for identity in places(root, "task", "endEvent", "userTask"):
        tree, element = changed(root, identity)
        new(element.getparent(), "task", id=identity)
        yield tree, identity


@kind("default flow with a condition", "default_with_condition")
def _default_condition(root: Tree) -> Iterator[tuple[Tree, str]]:
    for identity in places(root, "exclusiveGateway", "inclusiveGateway", "complexGateway", "task"):
        _, found = changed(root, identity)
        if found.get("default"):
            tree, flow = changed(root, found.get("default", ""))
            new(flow, "conditionExpression").text = "true"
            yield tree, flow.get("id", "")


@kind("flow without a condition", "condition_missing")
def _no_condition(root: Tree) -> Iterator[tuple[Tree, str]]:
    for identity in places(root, "sequenceFlow"):
        tree, flow = changed(root, identity)
        condition = child(flow, "conditionExpression")
        source = tree.xpath("//*[@id=$id]", id=flow.get("sourceRef"))[0]
        if condition is not None and local_name(source).endswith("Gateway"):
            flow.remove(condition)
            yield tree, identity


@kind("condition after something that does not choose", "unsupported_conditional_flow")
def _condition(root: Tree) -> Iterator[tuple[Tree, str]]:
    for identity in places(root, "sequenceFlow"):
        tree, flow = changed(root, identity)
        source = tree.xpath("//*[@id=$id]", id=flow.get("sourceRef"))[0]
        if local_name(source) in {"startEvent", "parallelGateway", "eventBasedGateway", "intermediateCatchEvent"}:
            new(flow, "conditionExpression").text = "true"
            yield tree, identity


@kind("condition that is no FEEL", "feel_ends_early")
def _bad_feel(root: Tree) -> Iterator[tuple[Tree, str]]:
    for name in (
        "conditionExpression",
        "loopCondition",
        "loopCardinality",
        "activationCondition",
        "completionCondition",
    ):
        for number, _ in enumerate(root.iter(f"{{{BPMN}}}{name}")):
            tree = copy.deepcopy(root)
            condition = list(tree.iter(f"{{{BPMN}}}{name}"))[number]
            condition.text = "1 +"
            yield (
                tree,
                owner_of(condition)
                if local_name(condition.getparent()) != "complexGateway"
                else condition.getparent().get("id", ""),
            )


@kind("nothing leads there", "incoming_missing")
def _no_incoming(root: Tree) -> Iterator[tuple[Tree, str]]:
    for identity in places(root, "endEvent", "intermediateThrowEvent", "callActivity", "sendTask"):
        tree, element = changed(root, identity)
        flows = flows_at(tree, element, "targetRef")
        sources = [tree.xpath("//*[@id=$id]", id=each.get("sourceRef"))[0] for each in flows]
        if len(flows) == 1 and local_name(sources[0]) in ACTIVITIES - {"receiveTask"} and not sources[0].get("default"):
            _lists(tree, flows[0].get("id", ""))
            flows[0].getparent().remove(flows[0])
            yield tree, identity


@kind("a way that ends in a gateway or event", "outgoing_missing")
def _no_outgoing(root: Tree) -> Iterator[tuple[Tree, str]]:
    for identity in places(root, "boundaryEvent", "startEvent"):
        tree, element = changed(root, identity)
        flows = flows_at(tree, element, "sourceRef")
        target = flows[0].get("targetRef") if flows else None
        if (
            len(flows) == 1
            and len([e for e in tree.iter(f"{{{BPMN}}}sequenceFlow") if e.get("targetRef") == target]) > 1
        ):
            flows[0].getparent().remove(flows[0])
            yield tree, identity


@kind("flow out of a sub-process", "flow_crosses_scope")
def _crossing(root: Tree) -> Iterator[tuple[Tree, str]]:
    for identity in places(root, *SUB_PROCESSES):
        tree, scope = changed(root, identity)
        inner = next((each for each in scope if local_name(each) == "startEvent"), None)
        outer = next((each for each in scope.getparent() if local_name(each) == "endEvent"), None)
        if inner is not None and outer is not None:
            new(scope, "sequenceFlow", id="crossing", sourceRef=inner.get("id", ""), targetRef=outer.get("id", ""))
            yield tree, "crossing"


@kind("flow out of an end", "outgoing_not_allowed")
def _after_end(root: Tree) -> Iterator[tuple[Tree, str]]:
    for identity in places(root, "endEvent"):
        tree, element = changed(root, identity)
        flow = flows_at(tree, element, "targetRef")[0]
        new(element.getparent(), "sequenceFlow", id="after", sourceRef=identity, targetRef=flow.get("sourceRef", ""))
        yield tree, identity


@kind("no start", "start_missing")
def _no_start(root: Tree) -> Iterator[tuple[Tree, str]]:
    for identity in places(root, *SUB_PROCESSES):
        tree, scope = changed(root, identity)
        starts = children(scope, "startEvent")
        if len(starts) == 1 and not any(local_name(each) in EVENT_DEFINITIONS for each in starts[0]):
            for flow in flows_at(tree, starts[0], "sourceRef"):
                scope.remove(flow)
            scope.remove(starts[0])
            yield tree, identity


# -- activities -----------------------------------------------------------------------------------------------------------------------

KINDS["no token begins it"] = ("quantity_invalid", with_value("startQuantity", "0", "task", "manualTask", "sendTask"))
KINDS["too many tokens leave it"] = ("quantity_invalid", with_value("completionQuantity", "1000", "task", "userTask"))
KINDS["loop of minus one round"] = (
    "loop_maximum_invalid",
    with_value("loopMaximum", "-1", "standardLoopCharacteristics", owner="parent"),
)
KINDS["behaviour that nobody knows"] = (
    "unsupported_multi_instance_behavior",
    with_value("behavior", "Some", "multiInstanceLoopCharacteristics", owner="parent"),
)
KINDS["call of nothing"] = ("called_process_missing", without("calledElement", "callActivity"))
KINDS["script of another language"] = (
    "unsupported_script_format",
    with_value("scriptFormat", "groovy", "scriptTask"),
)
KINDS["implementation of somebody else"] = (
    "unsupported_implementation",
    with_value("implementation", "java", "userTask", "serviceTask", "businessRuleTask"),
)
KINDS["attribute that nobody knows"] = ("unsupported_attribute", with_value("hurry", "true", "task", "endEvent"))


@kind("repeated in two ways", "loop_twice")
def _both_markers(root: Tree) -> Iterator[tuple[Tree, str]]:
    for identity in places(root, "multiInstanceLoopCharacteristics"):
        tree, element = changed(root, identity)
        activity = element.getparent()
        new(activity, "standardLoopCharacteristics", activity.index(element), loopMaximum="2")
        yield tree, activity.get("id", "")


@kind("loop without an end", "loop_without_end")
def _endless(root: Tree) -> Iterator[tuple[Tree, str]]:
    for identity in places(root, "task", "callActivity", "receiveTask"):
        tree, element = changed(root, identity)
        flows = flows_at(tree, element, "targetRef")
        sources = [tree.xpath("//*[@id=$id]", id=each.get("sourceRef"))[0] for each in flows]
        is_free = not any(local_name(each) == "eventBasedGateway" for each in sources)
        if is_free and child(element, "multiInstanceLoopCharacteristics") is None:
            new(element, "standardLoopCharacteristics")
            yield tree, identity


@kind("work without a handler", "handler_missing")
def _no_work(root: Tree) -> Iterator[tuple[Tree, str]]:
    for identity in places(root, "serviceTask"):
        tree, element = changed(root, identity)
        for each in element.findall(f"{{{BPMN}}}extensionElements/{{{ZEEBE}}}taskDefinition"):
            each.getparent().remove(each)
            yield tree, identity


@kind("task that nobody sees", "task_without_role")
def _nobody(root: Tree) -> Iterator[tuple[Tree, str]]:
    for identity in places(root, "userTask"):
        tree, element = changed(root, identity)
        if element.getparent().find(f"{{{BPMN}}}laneSet") is None:
            for name in [each for each in element.attrib if "camunda" in str(each)]:
                del element.attrib[name]
            yield tree, identity


@kind("property of a task", "unsupported_property")
def _task_property(root: Tree) -> Iterator[tuple[Tree, str]]:
    for identity in places(root, "task", "manualTask"):
        tree, element = changed(root, identity)
        new(element, "property", name="mine")
        yield tree, identity


@kind("ad-hoc sub-process", "unsupported_ad_hoc")
def _ad_hoc(root: Tree) -> Iterator[tuple[Tree, str]]:
    for identity in places(root, "task", "callActivity"):
        tree, element = changed(root, identity)
        element.tag = f"{{{BPMN}}}adHocSubProcess"
        yield tree, identity


@kind("correlation of BPMN", "unsupported_correlation")
def _correlation(root: Tree) -> Iterator[tuple[Tree, str]]:
    for identity in places(root, "process"):
        tree, element = changed(root, identity)
        new(element, "correlationSubscription", correlationKeyRef="x")
        yield tree, identity
