"""Why a task came to somebody: told from the step that created it, and stored with it, because nobody can find out later what held then.

Pure. The record is canonical JSON (``engine.data``): ``format`` 1; ``rule``: what chose the role or the person; ``began``: what set the
step going; ``path``: elements and flows from there to the task; ``if_nobody``: what happens at which moment if nobody answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from engine.data import from_canonical, to_canonical
from engine.instances.names import find_flow, find_node, find_process
from engine.kernel import State
from engine.model.bundle import Bundle
from engine.model.elements import BoundaryEvent, StartEvent, UserTask
from engine.protocol import events as happened
from engine.protocol.events import Event

FORMAT: Final = 1
LONGEST_PATH: Final = 50

_BEGINNINGS: Final = (
    happened.InstanceStarted,
    happened.TaskCompleted,
    happened.TimerFired,
    happened.MessageReceived,
    happened.SignalReceived,
    happened.HandlerReturned,
)


def why(bundle: Bundle, events: Sequence[Event], created: happened.TaskCreated, state: State | None = None) -> str:
    """The record of ``created``, one of ``events``: those of its step, in their order. ``state``: the case after it."""
    before = events[: next(at for at, each in enumerate(events) if each is created)]
    return to_canonical(
        {
            "format": FORMAT,
            "rule": _rule(bundle, created),
            "began": _began(before),
            "path": _path(bundle, before, created),
            "if_nobody": _if_nobody(bundle, events, created) + _around(bundle, state, created),
        }
    )


def moved(
    record: str | None,
    bundle: Bundle,
    created: happened.TaskCreated,
    elements: Mapping[str, str],
    flows: Mapping[str, str],
) -> str | None:
    """The record of a task that is in another version now: under the ids of ``bundle``, and chosen by its rule. What happened stays."""
    if record is None:
        return None

    def named(told: dict[str, Any] | None) -> dict[str, Any] | None:
        if told is None:
            return None
        flow = {"flow": flows.get(told["flow"] or "", told["flow"])} if "flow" in told else {}
        return {**told, "element": elements.get(told["element"], told["element"]), **flow}

    kept = from_canonical(record)
    kept["rule"], kept["began"] = _rule(bundle, created), named(kept["began"])
    kept |= {name: [named(each) for each in kept[name]] for name in ("path", "if_nobody")}
    return to_canonical(kept)


def _rule(bundle: Bundle, created: happened.TaskCreated) -> dict[str, Any]:
    """The lane, the task's own role, or the person that an expression of the task named."""
    node = find_node(bundle, created.element)
    if created.assignee is not None:
        named = node.assignee if isinstance(node, UserTask) else None
        return {"kind": "person", "login": created.assignee, "expression": None if named is None else named.source}
    lane = find_process(bundle, created.element).lanes.get(node.lane) if node is not None and node.lane else None
    if lane is not None and lane.role == created.role:
        return {"kind": "lane", "role": created.role, "lane": lane.id}
    return {"kind": "task", "role": created.role}


def _began(before: Sequence[Event]) -> dict[str, Any] | None:
    """What set the step going: the first of what a person, a clock, a message or a handler did."""
    first = next((each for each in before if isinstance(each, _BEGINNINGS)), None)
    if first is None:
        return None
    element = first.start_event if isinstance(first, happened.InstanceStarted) else first.element
    return {"type": first.tag, "element": element}


def _path(bundle: Bundle, before: Sequence[Event], created: happened.TaskCreated) -> list[dict[str, Any]]:
    """Back from the task along the flows that its tokens took, as far as this step goes; told forwards."""
    backwards = (each for each in reversed(before) if type(each) is happened.ElementEntered)
    here = next((each for each in backwards if each.activity == created.activity), None)
    found: list[dict[str, Any]] = []
    while here is not None and len(found) < LONGEST_PATH:
        flow = find_flow(bundle, here.flows[0]) if here.flows else None
        found.append({"element": here.element, "flow": None if flow is None else flow.id})
        if flow is None:
            break
        here = next((each for each in backwards if each.element == flow.source), None)
        if here is None:  # it was left in this step and entered in an earlier one
            found.append({"element": flow.source, "flow": None})
    return found[::-1] or [{"element": created.element, "flow": None}]


def _if_nobody(bundle: Bundle, events: Sequence[Event], created: happened.TaskCreated) -> list[dict[str, Any]]:
    """The timers at the border of the task, each with its moment, and whether it takes the task away."""
    found = []
    for each in events:
        if isinstance(each, happened.TimerSet) and each.activity == created.activity:
            node = find_node(bundle, each.element)
            interrupts = isinstance(node, BoundaryEvent) and node.is_interrupting
            found.append({"element": each.element, "at": each.due_at, "takes_away": interrupts})
    return found


def _around(bundle: Bundle, state: State | None, created: happened.TaskCreated) -> list[dict[str, Any]]:
    """The timers of what the task stands in, whenever they were set, that end it and so take the task away: at the border of a
    sub-process or of a task that is asked of several, and those by which an event sub-process begins. The innermost first.
    """
    activity = None if state is None else state.activities.get(created.activity)
    found: list[dict[str, Any]] = []
    while state is not None and activity is not None:
        scope = state.scopes[activity.scope]
        activity = None if scope.activity is None else state.activities[scope.activity]
        for each in (*scope.waits, *(() if activity is None else activity.waits)):
            wait = state.waits[each]
            node = find_node(bundle, wait.element)
            if wait.due_at is not None and isinstance(node, BoundaryEvent | StartEvent) and node.is_interrupting:
                found.append({"element": wait.element, "at": wait.due_at, "takes_away": True})
    return found
