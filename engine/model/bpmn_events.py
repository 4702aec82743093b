"""Events: where a token starts, ends, waits or tells."""

from __future__ import annotations

from collections.abc import Mapping

from engine.model.bpmn_parts import Part, is_true_by_default
from engine.model.elements import (
    BoundaryEvent,
    CancelDefinition,
    CatchEvent,
    CompensationDefinition,
    ConditionalDefinition,
    EndEvent,
    ErrorDefinition,
    EscalationDefinition,
    EventDefinition,
    LinkDefinition,
    MessageDefinition,
    MultipleDefinition,
    SignalDefinition,
    SingleDefinition,
    StartEvent,
    TerminateDefinition,
    ThrowEvent,
    TimerDefinition,
    TimerKind,
    definitions_of,
)
from engine.model.event_definitions import Unreadable, read_definition
from engine.model.structure import is_entrance

_Kinds = tuple[type[SingleDefinition], ...]

_BEGIN_EVENT_SUB_PROCESS: _Kinds = (
    *(TimerDefinition, MessageDefinition, SignalDefinition, ConditionalDefinition),
    *(ErrorDefinition, EscalationDefinition, CompensationDefinition),
)
ALLOWED: Mapping[str, _Kinds] = {
    "start of a process": (TimerDefinition, MessageDefinition, SignalDefinition),
    "start of an event sub-process": _BEGIN_EVENT_SUB_PROCESS,
    "intermediate catch": (
        *(TimerDefinition, MessageDefinition, SignalDefinition, ConditionalDefinition, LinkDefinition),
    ),
    "boundary": (*_BEGIN_EVENT_SUB_PROCESS, CancelDefinition),
    "intermediate throw": (
        *(MessageDefinition, SignalDefinition, EscalationDefinition, CompensationDefinition, LinkDefinition),
    ),
    "end": (
        *(MessageDefinition, SignalDefinition, EscalationDefinition, CompensationDefinition),
        *(ErrorDefinition, TerminateDefinition, CancelDefinition),
    ),
}
"""Which definitions may stand where (BPMN 10.5)."""
SEVERAL_CAUGHT: _Kinds = (TimerDefinition, MessageDefinition, SignalDefinition, ConditionalDefinition)
SEVERAL_THROWN: _Kinds = (MessageDefinition, SignalDefinition, EscalationDefinition)
_ALWAYS_INTERRUPTING: _Kinds = (ErrorDefinition, CancelDefinition)


def read_start_event(part: Part) -> StartEvent | None:
    """A plain start, one by which something begins an instance, or the start of an event sub-process."""
    around = part.reading.skeleton.nodes.get(part.raw.scope)
    is_inside = around is not None and around.is_event_sub_process
    trigger = _read(
        part, ALLOWED["start of an event sub-process" if is_inside else "start of a process"], SEVERAL_CAUGHT
    )
    if isinstance(trigger, Unreadable):
        return None
    if trigger is not None and around is not None and not is_inside:
        part.problems.add("start_trigger_inside", part.raw.element, place="eventDefinition")
        return None
    is_interrupting = is_true_by_default(part.raw.element.get("isInterrupting") or "")
    if is_inside:
        if trigger is None:
            part.problems.add("event_sub_process_without_trigger", part.raw.element, place="eventDefinition")
            return None
        if isinstance(trigger, ErrorDefinition) and not is_interrupting:
            part.problems.add("error_always_interrupts", part.raw.element, place="isInterrupting")
        _check_wait(trigger, part, is_interrupting=is_interrupting)
    return StartEvent(**part.common, trigger=trigger, is_interrupting=is_interrupting, outputs=part.extensions.outputs)


def read_end_event(part: Part) -> EndEvent | None:
    """A plain end, or one that throws."""
    result = _read(part, ALLOWED["end"], SEVERAL_THROWN)
    if isinstance(result, Unreadable) or not _check_thrown(result, part):
        return None
    return EndEvent(**part.common, result=result, inputs=part.extensions.inputs)


def read_throw_event(part: Part) -> ThrowEvent | None:
    """A mark on the way, or what it throws."""
    result = _read(part, ALLOWED["intermediate throw"], SEVERAL_THROWN)
    if isinstance(result, Unreadable) or not _check_thrown(result, part):
        return None
    return ThrowEvent(**part.common, result=result, inputs=part.extensions.inputs)


def _check_thrown(result: EventDefinition | None, part: Part) -> bool:
    """Whoever throws an error or an escalation says which."""
    for each in definitions_of(result):
        if isinstance(each, ErrorDefinition | EscalationDefinition) and each.code is None:
            kind = "error" if isinstance(each, ErrorDefinition) else "escalation"
            part.problems.add(f"{kind}_code_missing", part.raw.element, place=f"{kind}Ref", reference=None)
            return False
        if isinstance(each, CompensationDefinition) and each.activity is not None:
            target = part.reading.skeleton.nodes.get(each.activity)
            if target is None:
                part.problems.add("reference_unknown", part.raw.element, place="activityRef", reference=each.activity)
                return False
    return True


def read_catch_event(part: Part) -> CatchEvent | None:
    """A wait, or the end of a link."""
    trigger = _read(part, ALLOWED["intermediate catch"], SEVERAL_CAUGHT)
    if isinstance(trigger, Unreadable):
        return None
    if trigger is None:
        part.problems.add("event_without_definition", part.raw.element, place="eventDefinition")
        return None
    if not _begins_instance(part):
        _check_wait(trigger, part, is_interrupting=True)
    return CatchEvent(**part.common, trigger=trigger, outputs=part.extensions.outputs)


def _begins_instance(part: Part) -> bool:
    """After an event-based gateway that begins instances there is nobody yet whom a key could tell apart."""
    skeleton = part.reading.skeleton
    sources = (skeleton.nodes.get(skeleton.flows[each].source) for each in part.raw.incoming)
    return any(each is not None and is_entrance(each) and each.kind == "eventBasedGateway" for each in sources)


def read_boundary_event(part: Part) -> BoundaryEvent | None:
    """What can happen while an activity lives (or, for a compensation, what undoes it afterwards)."""
    trigger = _read(part, ALLOWED["boundary"], SEVERAL_CAUGHT)
    if isinstance(trigger, Unreadable):
        return None
    if trigger is None:
        part.problems.add("event_without_definition", part.raw.element, place="eventDefinition")
        return None
    is_interrupting = is_true_by_default(part.raw.element.get("cancelActivity") or "")
    if isinstance(trigger, _ALWAYS_INTERRUPTING) and not is_interrupting:
        part.problems.add("error_always_interrupts", part.raw.element, place="cancelActivity")
    _check_wait(trigger, part, is_interrupting=is_interrupting)
    return BoundaryEvent(
        **part.common,
        attached_to=part.raw.attached_to,
        trigger=trigger,
        is_interrupting=is_interrupting,
        outputs=part.extensions.outputs,
    )


def _read(part: Part, kinds: _Kinds, several: _Kinds) -> EventDefinition | Unreadable | None:
    """The definition, if it may stand here; of several together only those may that wait, or that are thrown and gone."""
    found = read_definition(part.raw.element, part.reading.declarations, part.problems)
    if isinstance(found, Unreadable):
        return found
    allowed = several if isinstance(found, MultipleDefinition) else kinds
    if any(not isinstance(each, allowed) for each in definitions_of(found)):
        code = "unsupported_multiple_event" if isinstance(found, MultipleDefinition) else "event_not_here"
        part.problems.add(code, part.raw.element, place="eventDefinition")
        return Unreadable()
    if isinstance(found, MultipleDefinition):
        conditions = [each for each in found.definitions if isinstance(each, ConditionalDefinition)]
        timers = [each for each in found.definitions if isinstance(each, TimerDefinition)]
        waits_for_all_elsewhere = found.is_parallel and part.raw.kind != "intermediateCatchEvent"
        if len(conditions) > 1 or len(timers) > 1 or waits_for_all_elsewhere:
            part.problems.add("unsupported_multiple_event", part.raw.element, place="eventDefinition")
            return Unreadable()
    return found


def _check_wait(trigger: EventDefinition, part: Part, *, is_interrupting: bool) -> None:
    """Whoever waits for a message should say by which key: without one, any message of the name is taken (BPMN 8.3.2).

    Only what does not interrupt can come again and again.
    """
    for each in definitions_of(trigger):
        if isinstance(each, MessageDefinition) and each.correlation_key is None:
            part.problems.add(
                "message_key_missing", part.raw.element, place="correlationKey", severity="warning", message=each.name
            )
        if is_interrupting and isinstance(each, TimerDefinition) and each.kind is TimerKind.CYCLE:
            part.problems.add("timer_cycle_not_here", part.raw.element, place="timeCycle")
