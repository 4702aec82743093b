"""What an act of an operator would lead to, in plain sentences: what stops, what begins, what to look out for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.errors import Fact
from engine.identity.people import RoleTitles
from engine.instances.names import find_node
from engine.instances.repairs import Foreseen
from engine.kernel import Event
from engine.model.bundle import Bundle
from engine.model.elements import CallActivity
from engine.protocol import events as happened
from web.present import cause_of, name_of, role_title
from web.ui import moment, t

_SAID: Mapping[type[Event], str] = {
    happened.TaskCancelled: "task_stops",
    happened.HandlerCancelled: "handler_stops",
    happened.TimerCancelled: "timer_stops",
    happened.MessageWaitCancelled: "wait_stops",
    happened.SignalWaitCancelled: "wait_stops",
    happened.ConditionWaitCancelled: "wait_stops",
    happened.IncidentResolved: "incident_closed",
    happened.TaskCreated: "task_begins",
    happened.HandlerRequested: "handler_begins",
    happened.TimerSet: "timer_begins",
    happened.MessageAwaited: "wait_begins",
    happened.SignalAwaited: "wait_begins",
    happened.ConditionAwaited: "wait_begins",
    happened.MessageThrown: "message_goes",
    happened.SignalThrown: "message_goes",
    happened.DecisionEvaluated: "decided",
    happened.CompensationThrown: "undone",
    happened.CompensationRecorded: "can_be_undone",
}
"""What is said of each kind of event; of the others nothing: how the engine gets there."""


def lines(would: Foreseen, bundle: Bundle, titles: RoleTitles) -> Iterator[str]:
    """First what stops, then what begins, each thing once."""
    yield from dict.fromkeys(line for each in would.events if (line := _line(each, bundle, titles)))
    yield from dict.fromkeys(_waiting(would, bundle))
    if would.state.status == "completed":
        yield t("web.foreseen.completed")
    elif would.state.status == "failed":
        yield t("web.foreseen.failed")


def _line(event: Event, bundle: Bundle, titles: RoleTitles) -> str:
    code = _SAID.get(type(event))
    if code is None:
        return ""
    element = getattr(event, "element", "")
    if code.startswith("handler_") and isinstance(find_node(bundle, element), CallActivity):
        code = code.replace("handler_", "call_")
    facts: dict[str, Fact] = {"step": name_of(bundle, element)}
    if isinstance(event, happened.TimerSet):
        facts["moment"] = moment(event.due_at)
    if isinstance(event, happened.TaskCreated):
        facts["role"] = role_title(titles, event.role) if event.role else str(event.assignee or "–")
    return t(f"web.foreseen.{code}", **facts)


def _waiting(would: Foreseen, bundle: Bundle) -> Iterator[str]:
    """Tokens that came to what joins and wait there for others."""
    taken = {each.flow for each in would.events if isinstance(each, happened.FlowTaken)}
    for scope in would.state.scopes.values():
        process = bundle.model.processes[scope.process]
        for flow in scope.tokens:
            if flow in taken:
                yield t("web.foreseen.token_waits", step=name_of(bundle, process.flows[flow].target))


def warnings(would: Foreseen, bundle: Bundle) -> Iterator[str]:
    """What would stop at once."""
    for each in would.events:
        if isinstance(each, happened.IncidentRaised) and each.incident in would.state.incidents:
            yield t("web.foreseen.incident", step=name_of(bundle, each.element), reason=cause_of(each.code, each.facts))
