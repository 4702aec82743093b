"""Events: where a token starts, ends, waits or tells."""

from __future__ import annotations

from engine.model.bpmn_parts import Part, is_true_by_default
from engine.model.elements import (
    BoundaryEvent,
    CatchEvent,
    EndEvent,
    ErrorDefinition,
    MessageDefinition,
    StartEvent,
    TerminateDefinition,
    ThrowEvent,
    TimerDefinition,
    TimerKind,
)
from engine.model.event_definitions import Terminate, Unreadable, read_definition


def read_start_event(part: Part) -> StartEvent | None:
    """A plain start, or at process level one by a timer or a message."""
    trigger = read_definition(part.raw.element, part.reading.declarations, part.problems)
    if isinstance(trigger, Unreadable):
        return None
    if isinstance(trigger, Terminate | ErrorDefinition):
        part.problems.add("event_not_here", part.raw.element, place="eventDefinition")
        return None
    if trigger is not None and part.raw.scope != part.reading.skeleton.id:
        part.problems.add("start_trigger_inside", part.raw.element, place="eventDefinition")
        return None
    return StartEvent(**part.common, trigger=trigger, outputs=part.extensions.outputs)


def read_end_event(part: Part) -> EndEvent | None:
    """A plain end, a message, an error that is thrown, or the end of the whole scope."""
    result = read_definition(part.raw.element, part.reading.declarations, part.problems)
    if isinstance(result, Unreadable):
        return None
    if isinstance(result, Terminate):
        return EndEvent(**part.common, result=TerminateDefinition(), inputs=part.extensions.inputs)
    if isinstance(result, TimerDefinition):
        part.problems.add("event_not_here", part.raw.element, place="eventDefinition")
        return None
    if isinstance(result, ErrorDefinition) and result.code is None:
        part.problems.add("error_code_missing", part.raw.element, place="errorRef", reference=None)
        return None
    return EndEvent(**part.common, result=result, inputs=part.extensions.inputs)


def read_throw_event(part: Part) -> ThrowEvent | None:
    """A mark on the way, or a message."""
    result = read_definition(part.raw.element, part.reading.declarations, part.problems)
    if isinstance(result, Unreadable):
        return None
    if result is not None and not isinstance(result, MessageDefinition):
        part.problems.add("event_not_here", part.raw.element, place="eventDefinition")
        return None
    return ThrowEvent(**part.common, result=result, inputs=part.extensions.inputs)


def read_catch_event(part: Part) -> CatchEvent | None:
    """A wait for a moment or a message."""
    trigger = read_definition(part.raw.element, part.reading.declarations, part.problems)
    if isinstance(trigger, Unreadable):
        return None
    if not isinstance(trigger, TimerDefinition | MessageDefinition):
        code = "event_without_definition" if trigger is None else "event_not_here"
        part.problems.add(code, part.raw.element, place="eventDefinition")
        return None
    _check_wait(trigger, part)
    if isinstance(trigger, TimerDefinition) and trigger.kind is TimerKind.CYCLE:
        part.problems.add("timer_cycle_not_here", part.raw.element, place="timeCycle")
    return CatchEvent(**part.common, trigger=trigger, outputs=part.extensions.outputs)


def _check_wait(trigger: object, part: Part) -> None:
    """An instance that waits for a message must say by which key it is found."""
    if isinstance(trigger, MessageDefinition) and trigger.correlation_key is None:
        part.problems.add("message_key_missing", part.raw.element, place="correlationKey", message=trigger.name)


def read_boundary_event(part: Part) -> BoundaryEvent | None:
    """What can happen while an activity lives."""
    problems = part.problems
    trigger = read_definition(part.raw.element, part.reading.declarations, problems)
    if isinstance(trigger, Unreadable):
        return None
    if trigger is None or isinstance(trigger, Terminate):
        problems.add(
            "event_without_definition" if trigger is None else "event_not_here",
            part.raw.element,
            place="eventDefinition",
        )
        return None
    _check_wait(trigger, part)
    is_interrupting = is_true_by_default(part.raw.element.get("cancelActivity") or "")
    if isinstance(trigger, ErrorDefinition) and not is_interrupting:
        problems.add("error_always_interrupts", part.raw.element, place="cancelActivity")
    if is_interrupting and isinstance(trigger, TimerDefinition) and trigger.kind is TimerKind.CYCLE:
        problems.add("timer_cycle_not_here", part.raw.element, place="timeCycle")
    return BoundaryEvent(
        **part.common,
        attached_to=part.raw.attached_to,
        trigger=trigger,
        is_interrupting=is_interrupting,
        outputs=part.extensions.outputs,
    )
