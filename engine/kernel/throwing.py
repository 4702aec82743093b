"""What events throw and who catches it: errors, escalations, signals, messages, links, terminate (BPMN 10.5, 13.5)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from engine.errors import Facts
from engine.kernel.evaluation import Variables
from engine.kernel.state import NOTHING, Activity
from engine.kernel.undoing import Undoer
from engine.model import elements as model
from engine.model.asking import block
from engine.model.values import storable_all
from engine.protocol import events as happened

Coded = model.ErrorDefinition | model.EscalationDefinition


class Catcher(NamedTuple):
    """Who catches: a boundary event at its host, or the start event of an event sub-process in a scope."""

    event: model.BoundaryEvent | model.StartEvent
    host: Activity | None
    scope: str


class Throwing(Undoer):
    """Moves of events that are thrown."""

    def throw_event(self, activity: Activity, node: model.EndEvent | model.ThrowEvent | model.SendTask) -> None:
        """Everything that an event throws; only messages, signals and escalations may be several."""
        definition = node.message if isinstance(node, model.SendTask) else node.result
        match definition:
            case None if not node.inputs:  # so are most ends
                self.leave(activity, NOTHING)
            case model.ErrorDefinition():
                self._end_by_error(activity, definition.code or "")
            case model.TerminateDefinition():
                self._terminate(activity)
            case model.CancelDefinition():
                self.cancel_transaction(activity)
            case model.CompensationDefinition():
                self.throw_compensation(activity, definition)
            case model.LinkDefinition():
                self._follow_link(activity, node, definition)
            case _:
                payload = self.inputs_of(activity, node.inputs)
                told = [self._thrown(activity, each, payload) for each in model.definitions_of(definition)]
                self.leave(activity, {}, told=told)
                self._deliver(activity, told)

    def _thrown(self, activity: Activity, definition: model.SingleDefinition, payload: Variables) -> happened.Event:
        """The fact that tells of it."""
        if isinstance(definition, model.MessageDefinition):
            key = self.correlation_key(definition.correlation_key, self.seen(activity, payload), "correlation key")
            return happened.MessageThrown(activity.id, activity.element, definition.name, key, payload)
        if isinstance(definition, model.SignalDefinition):
            return happened.SignalThrown(activity.id, activity.element, definition.name, payload)
        if not isinstance(definition, model.EscalationDefinition):
            block("event_not_thrown", "event", kind=type(definition).__name__)
        return happened.EscalationThrown(activity=activity.id, element=activity.element, code=definition.code or "")

    def throw_at(self, body: Activity, definition: model.SingleDefinition) -> None:
        """What the completion of an item throws to the boundary of the multi-instance (BPMN table 10.29)."""
        if isinstance(definition, model.ErrorDefinition):
            self._end_by_error(body, definition.code or "")
            return
        told = self._thrown(body, definition, {})
        self.emit(told)
        self._deliver(body, [told])

    def _deliver(self, source: Activity, told: Iterable[happened.Event]) -> None:
        """Signals and escalations reach their catchers, as far as these still live."""
        for each in told:
            if isinstance(each, happened.SignalThrown):
                self.receive_signal(each.name, each.payload)
            elif isinstance(each, happened.EscalationThrown) and source.scope in self.state.scopes:
                found = self._catcher(source, model.EscalationDefinition(code=each.code))
                if found is not None:
                    self._catch(found, {})

    def _follow_link(self, activity: Activity, node: model.Node, link: model.LinkDefinition) -> None:
        """The token goes on at the other end of the link."""
        target = self.process_of(activity.scope).link_end(node.scope, link)
        if target is None:
            block("link_without_end", "link", name=link.name)
        self.emit(happened.ElementCompleted(activity=activity.id, element=activity.element))
        self.queue(self.enter_caught(activity.scope, target))

    def _terminate(self, activity: Activity) -> None:
        """End everything else in the scope, and in it alone (BPMN 13.5.6)."""
        self.emit(happened.ElementCompleted(activity=activity.id, element=activity.element))
        self.empty(activity.scope)
        self.end_waits(activity.scope)
        self.queue_owner(activity.scope)

    def throw_error(self, source: Activity, code: str, facts: Facts) -> bool:
        """Let the nearest that catches ``code`` around ``source`` catch it; False (and nothing happens) when there is none."""
        found = self._catcher(source, model.ErrorDefinition(code=code))
        if found is None:
            return False
        self._tell_error(source, code, facts)
        self._catch(found, {**storable_all(facts), "errorCode": code})
        return True

    def _end_by_error(self, activity: Activity, code: str) -> None:
        """An error end event: caught outside, or the instance fails (BPMN 10.5.3, 13.5.6)."""
        if self.throw_error(activity, code, {}):
            return
        self._tell_error(activity, code, {})
        self.end_everything()
        self.emit(happened.InstanceFailed(code=code, element=activity.element))

    def _tell_error(self, source: Activity, code: str, facts: Facts) -> None:
        self.emit(happened.ErrorThrown(activity=source.id, element=source.element, code=code, facts=facts))
        if isinstance(self.node_of(source), model.EndEvent):
            # it did what it is for; everything else around it is interrupted
            self.emit(happened.ElementCompleted(activity=source.id, element=source.element))

    def _catch(self, found: Catcher, payload: Variables) -> None:
        if isinstance(found.event, model.StartEvent):
            self.begin_event_sub_process(found.scope, found.event, payload)
        elif found.host is not None:
            self.trigger_boundary(found.host, found.event, payload)

    def _catcher(self, source: Activity, thrown: Coded) -> Catcher | None:
        """The innermost that catches: boundary events of the activity, then event sub-processes beside it, and so on outwards.

        At one place the exact code comes before what catches every one. What comes out of an event sub-process is not caught beside it,
        and nothing is caught by what is over already: a completed sub-process that is being undone, a scope that was interrupted.
        """
        at: Activity | None = source
        while at is not None:
            around, found = self.around(at), None
            if not self.is_reopened(at):
                found = _best([Catcher(each, at, at.scope) for each in self.boundary(at)], thrown)
            is_over = around is not None and self.is_reopened(around)
            if found is None and not is_over and not self.is_event_sub_process(at):
                beside = [] if self._is_interrupted(at.scope) else self._event_starts(at.scope)
                found = _best([Catcher(start, None, at.scope) for start in beside], thrown)
            if found is not None:
                return found
            at = around
        return None

    def _event_starts(self, scope_id: str) -> list[model.StartEvent]:
        element = self.scope_element(scope_id)
        return [start for _, start in self.process_of(scope_id).event_sub_processes(element or "")]

    def _is_interrupted(self, scope_id: str) -> bool:
        """An interrupting event sub-process is at work there: no other begins any more (BPMN 13.5.3)."""
        at_work = {self.state.activities[each].element for each in self.activities_in(scope_id)}
        return any(each.is_interrupting and each.scope in at_work for each in self._event_starts(scope_id))


def _best(catchers: Iterable[Catcher], thrown: Coded) -> Catcher | None:
    by_code: dict[str | None, Catcher] = {}
    for each in catchers:
        for definition in model.definitions_of(each.event.trigger):
            if type(definition) is type(thrown):
                by_code.setdefault(definition.code, each)
    return by_code.get(thrown.code) or by_code.get(None)
