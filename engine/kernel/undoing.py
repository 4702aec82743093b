"""Compensation and transactions: what was done is recorded and can be undone, last things first (BPMN 10.7, 13.5.4, 13.5.5).

An activity that somebody can undo leaves a record when it completes, also a sub-process or called process in which such records were
made. A throw *undoes* one record after the other: it enters the compensation handler with the variables that the activity knew, or opens
the sub-process again, for its own compensation or to undo what was recorded inside.
"""

from __future__ import annotations

from abc import abstractmethod

from engine.kernel.catching import Catching
from engine.kernel.evaluation import Variables
from engine.kernel.state import Activity, Record, Undoing
from engine.kernel.tokens import Events
from engine.model import elements as model
from engine.protocol import events as happened


class Undoer(Catching):
    """Moves of compensation."""

    @abstractmethod
    def leave(
        self, activity: Activity, result: Variables, station: model.Station | None = None, *, told: Events = ()
    ) -> None:
        """Map what came out, then take the flows; ``told`` are the facts to emit before."""

    def record(self, activity: Activity, node: model.Node) -> None:
        """``activity`` is about to complete: keep what is needed to undo it, if anybody can."""
        assert isinstance(node, model.Activity), "nothing else has scopes, or is undone"
        is_body = node.is_repeated and not self.state.is_item(activity)
        if is_body or node.is_for_compensation or activity.undoes is not None:
            return
        inner = activity.scopes[0] if activity.scopes else None
        # a sub-process that has a handler is undone by it alone
        has_inside = node.compensated_by is None and any(each.scope == inner for each in self.state.records.values())
        own = self.process_of(activity.scope).own_compensation(node)
        if node.compensated_by is None and not has_inside and own is None:
            return
        scope = self.state.scopes[activity.scope]
        known = {**activity.variables, **({} if inner is None else self.state.scopes[inner].variables)}
        is_item, body = scope.item is not None, self.around(activity)
        self.emit(
            happened.CompensationRecorded(
                record=self.new_id("c"),
                # an item's scope ends with it; its record belongs where the multi-instance stands
                scope=body.scope if is_item and body is not None else activity.scope,
                element=node.id,
                activity=activity.id,
                process=scope.process if inner is None else self.state.scopes[inner].process,
                variables={**scope.variables, **known} if is_item else known,
                inner=inner if has_inside else None,
            )
        )

    def throw_compensation(self, activity: Activity, definition: model.CompensationDefinition) -> None:
        """Begin to undo what ``activity`` (a throw or end event) names, or all that was done around it."""
        scope_id, owner = activity.scope, self.around(activity)
        if owner is not None and self.is_event_sub_process(owner):
            scope_id = owner.scope  # what an event sub-process undoes is also what was done beside it
        target = None if definition.activity == self.scope_element(scope_id) else definition.activity
        self._begin_undoing(activity, scope_id, target)

    def _begin_undoing(self, activity: Activity, scope_id: str, target: str | None) -> None:
        self.emit(happened.CompensationThrown(activity.id, activity.element, scope_id, target))
        self.queue(self.state.activities[activity.id])

    def undo(self, activity: Activity, undoing: Undoing, node: model.Node) -> None:
        """Undo the next thing; when nothing is left, go on."""
        if undoing.by is not None:
            return
        scopes = {undoing.scope} if self.is_reopened(activity) else {undoing.scope, activity.scope}
        records = (each for each in reversed(self.state.records.values()) if each.scope in scopes)
        record = next((each for each in records if undoing.target in (None, each.element)), None)
        if record is not None:
            self._undo_one(activity, record)
        elif isinstance(node, model.EndEvent) and isinstance(node.result, model.CancelDefinition):
            self._end_transaction(activity)
        else:
            self.leave(activity, {})

    def _undo_one(self, thrower: Activity, record: Record) -> None:
        process = self.process_of(record.scope)
        done = process.nodes[record.element]
        handler = getattr(done, "compensated_by", None)
        by = self.enter(record.scope, done if handler is None else process.nodes[handler])
        self.emit(happened.CompensationBegun(activity=thrower.id, element=thrower.element, record=record.id, by=by))
        if handler is not None:
            self.write_locals(by, record.variables, handler)
            self.queue(self.state.activities[by])
            return
        again = self.state.activities[by]
        inner = self.open_scope(again, record.process, isolated=isinstance(done, model.CallActivity), record=record.id)
        self.write_locals(inner, record.variables, done.id)
        start = process.own_compensation(done)
        if start is not None:
            self.begin_event_sub_process(inner, start, {})
        else:
            self._begin_undoing(again, inner, None)

    def cancel_transaction(self, activity: Activity) -> None:
        """Interrupt all else in the transaction, then undo what it did (BPMN 13.5.4)."""
        self.emit(happened.TransactionCancelled(activity=activity.id, element=activity.element))
        self.empty(activity.scope, but=activity.id)
        self.end_waits(activity.scope)
        self._begin_undoing(activity, activity.scope, None)

    def _end_transaction(self, activity: Activity) -> None:
        """All is undone: the token goes on at the cancel boundary event."""
        self.emit(happened.ElementCompleted(activity=activity.id, element=activity.element))
        host = self.around(activity)
        assert host is not None, "a cancel end event stands in a transaction"
        caught = next((each for each in self.boundary(host) if isinstance(each.trigger, model.CancelDefinition)), None)
        if caught is None:
            self.cancel([host.id])
            self.queue_owner(host.scope)
        else:
            self.trigger_boundary(host, caught, {})
