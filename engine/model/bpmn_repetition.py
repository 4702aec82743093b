"""How often an activity is done: multi-instance and loop markers, quantities of tokens."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine.model.bpmn_data import variable_of
from engine.model.bpmn_parts import Reading
from engine.model.elements import (
    Activity,
    BoundaryEvent,
    ComplexBehavior,
    EscalationDefinition,
    MultiInstance,
    MultiInstanceBehavior,
    MultipleDefinition,
    Node,
    SignalDefinition,
    SingleDefinition,
    StandardLoop,
    definitions_of,
)
from engine.model.event_definitions import Unreadable, read_definition, read_referenced
from engine.model.expressions import VARIABLE_NAME, compiled, feel, feel_only
from engine.model.problems import Problems
from engine.model.skeleton import Skeleton
from engine.model.vocabulary import TRUE
from engine.model.xml_file import Element, child, children, reference, text_of
from engine.model.zeebe import Extensions, read_extensions

MAX_QUANTITY = 100


def read_quantity(activity: Element, attribute: str, problems: Problems) -> int:
    """How many tokens begin an activity, or leave it on each flow (BPMN table 10.3)."""
    text = (activity.get(attribute) or "1").strip()
    if text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_QUANTITY:
        return int(text)
    problems.add("quantity_invalid", activity, place=attribute, text=text, limit=MAX_QUANTITY)
    return 1


def read_standard_loop(activity: Element, problems: Problems) -> StandardLoop | None:
    """The loop marker of an activity: a condition, a number of rounds at most, or both (BPMN table 10.27)."""
    element = child(activity, "standardLoopCharacteristics")
    if element is None:
        return None
    condition = child(element, "loopCondition")
    maximum = (element.get("loopMaximum") or "").strip()
    if condition is None and not maximum:
        problems.add("loop_without_end", activity, place="loop")
    if maximum and not (maximum.isascii() and maximum.isdigit() and int(maximum) > 0):
        problems.add("loop_maximum_invalid", activity, place="loopMaximum", text=maximum)
        return None
    return StandardLoop(
        condition=None if condition is None else feel(text_of(condition), problems, activity, "loopCondition"),
        tests_before=element.get("testBefore") in TRUE,
        maximum=int(maximum) if maximum else None,
    )


def read_multi_instance(activity: Element, reading: Reading) -> MultiInstance | None:
    """The multi-instance marker of an activity: over a collection (``zeebe:loopCharacteristics``) or by a number (plain BPMN)."""
    problems = reading.problems
    element = child(activity, "multiInstanceLoopCharacteristics")
    if element is None:
        return None
    if child(activity, "standardLoopCharacteristics") is not None:
        problems.add("loop_twice", activity, place="loop")
    extensions = read_extensions(element, activity, problems)
    cardinality = child(element, "loopCardinality")
    data = child(element, "loopDataInputRef")
    ways = [extensions.has("loopCharacteristics"), cardinality is not None, data is not None]
    if sum(ways) != 1:
        code = "multi_instance_contradiction" if any(ways) else "multi_instance_missing"
        problems.add(code, activity, place="multi-instance")
        return None
    condition = child(element, "completionCondition")
    if cardinality is not None:
        marker = _by_number(cardinality, activity, problems)
    elif data is not None:
        marker = _over_data(element, activity, reading)
    else:
        marker = _over_collection(extensions, activity, problems)
    if marker is None:
        return None
    return replace(
        marker,
        is_sequential=element.get("isSequential") in TRUE,
        completion_condition=None
        if condition is None
        else feel(text_of(condition), problems, activity, "completionCondition"),
        **_read_behavior(element, activity, reading),
    )


def _read_behavior(element: Element, activity: Element, reading: Reading) -> dict[str, Any]:
    """What the completions of items throw to the boundary: nothing, one event for the first or for each, or as conditions say."""
    problems = reading.problems
    text = element.get("behavior") or "All"
    if text not in tuple(MultiInstanceBehavior):
        problems.add("unsupported_multi_instance_behavior", activity, place="behavior", behavior=text)
        return {}
    behavior = MultiInstanceBehavior(text)
    if behavior is MultiInstanceBehavior.ALL:
        return {}
    if behavior is MultiInstanceBehavior.COMPLEX:
        found = [_read_complex(each, activity, reading) for each in children(element, "complexBehaviorDefinition")]
        return {"behavior": behavior, "complex": tuple(each for each in found if each is not None)}
    attribute = "noneBehaviorEventRef" if behavior is MultiInstanceBehavior.NONE else "oneBehaviorEventRef"
    event = _thrown(reference(element.get(attribute) or ""), activity, reading, attribute)
    return {"behavior": behavior, "event": event}


def _read_complex(element: Element, activity: Element, reading: Reading) -> ComplexBehavior | None:
    condition = feel(text_of(child(element, "condition")), reading.problems, activity, "complexBehaviorDefinition")
    inner = child(element, "event")
    event = None if inner is None else read_definition(inner, reading.declarations, reading.problems, activity)
    if event is None or isinstance(event, MultipleDefinition):
        reading.problems.add("unsupported_multi_instance_behavior", activity, place="event", behavior="Complex")
        return None
    thrown = _may_throw(event, activity, reading, "complexBehaviorDefinition")
    return None if condition is None or thrown is None else ComplexBehavior(condition=condition, event=thrown)


def _thrown(key: str, activity: Element, reading: Reading, place: str) -> SingleDefinition | None:
    return _may_throw(
        read_referenced(key, activity, reading.declarations, reading.problems, place), activity, reading, place
    )


def _may_throw(
    event: SingleDefinition | Unreadable, activity: Element, reading: Reading, place: str
) -> SingleDefinition | None:
    """What an item may throw: what leaves the other items alone."""
    if isinstance(event, Unreadable):
        return None
    if not isinstance(event, SignalDefinition | EscalationDefinition):
        reading.problems.add("unsupported_multi_instance_behavior", activity, place=place, behavior=place)
        return None
    return event


def let_items_go_on(nodes: dict[str, Node], skeleton: Skeleton, problems: Problems) -> None:
    """Boundary events that catch what the items of their activity throw give a token for each throw, and end nothing.

    BPMN table 10.29: *None* throws "for each instance completing", *One* lets the others complete (workflow pattern 34), which a boundary
    event that ends them all would contradict. Where it is drawn as one that interrupts, a warning says so. ``nodes`` is changed.
    """
    for event in [each for each in nodes.values() if isinstance(each, BoundaryEvent) and each.is_interrupting]:
        host = nodes.get(event.attached_to)
        many = host.multi_instance if isinstance(host, Activity) else None
        if many is None:
            continue
        thrown = [each for each in (many.event, *(each.event for each in many.complex)) if each is not None]
        if any(_catches(caught, each) for caught in definitions_of(event.trigger) for each in thrown):
            nodes[event.id] = replace(event, is_interrupting=False)
            problems.add("items_go_on", skeleton.nodes[event.id].element, place="cancelActivity", severity="warning")


def _catches(caught: SingleDefinition, thrown: SingleDefinition) -> bool:
    catches_every = isinstance(caught, EscalationDefinition) and caught.code is None
    return caught == thrown or (catches_every and isinstance(thrown, EscalationDefinition))


def _by_number(cardinality: Element, activity: Element, problems: Problems) -> MultiInstance | None:
    number = feel(text_of(cardinality), problems, activity, "loopCardinality")
    if number is None:
        return None
    # in FEEL, 1..0 counts down: that zero rounds are none must be said
    source = f"if ({number.source}) < 1 then [] else for i in 1..({number.source}) return i"
    rounds = compiled(source, problems, activity, "loopCardinality")
    return None if rounds is None else MultiInstance(is_sequential=False, input_collection=rounds)


def _over_data(element: Element, activity: Element, reading: Reading) -> MultiInstance | None:
    """The data of plain BPMN (table 10.29): a collection by its variable, and the names of one item of it and of one result."""
    names: dict[str, str | None] = {}
    for tag in ("loopDataInputRef", "loopDataOutputRef"):
        found = child(element, tag)
        names[tag] = None if found is None else variable_of(activity, reference(text_of(found)), reading.item_names)
    for tag in ("inputDataItem", "outputDataItem"):
        found = child(element, tag)
        names[tag] = None if found is None else (found.get("name") or found.get("id") or "").strip()
    for tag, name in names.items():
        if child(element, tag) is not None and (name is None or VARIABLE_NAME.fullmatch(name) is None):
            reading.problems.add(
                "variable_name_invalid", activity, place=tag, name=name or text_of(child(element, tag))
            )
            return None
    if (names["loopDataOutputRef"] is None) != (names["outputDataItem"] is None):
        reading.problems.add("multi_instance_output_incomplete", activity, place="loopDataOutputRef")
        return None
    output = names["outputDataItem"]
    collection = compiled(names["loopDataInputRef"] or "", reading.problems, activity, "loopDataInputRef")
    return (
        None
        if collection is None
        else MultiInstance(
            is_sequential=False,
            input_collection=collection,
            input_element=names["inputDataItem"],
            output_collection=names["loopDataOutputRef"],
            output_element=None if output is None else compiled(output, reading.problems, activity, "outputDataItem"),
        )
    )


def _over_collection(extensions: Extensions, activity: Element, problems: Problems) -> MultiInstance | None:
    def text(attribute: str) -> str:
        return extensions.get("loopCharacteristics", attribute)

    for attribute in ("inputElement", "outputCollection"):
        if text(attribute) and VARIABLE_NAME.fullmatch(text(attribute)) is None:
            problems.add("variable_name_invalid", activity, place=attribute, name=text(attribute))
    if bool(text("outputCollection")) != bool(text("outputElement")):
        problems.add("multi_instance_output_incomplete", activity, place="outputCollection")
    output = text("outputElement")
    output_element = feel_only(output, problems, activity, "outputElement") if output else None
    collection = feel_only(text("inputCollection"), problems, activity, "inputCollection")
    if collection is None:
        return None
    return MultiInstance(
        is_sequential=False,
        input_collection=collection,
        input_element=text("inputElement") or None,
        output_collection=text("outputCollection") or None,
        output_element=output_element,
    )
