"""The trace of a story that the kernel played: read from the events of its report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.model import elements as model
from engine.protocol import events as happened
from engine.second_opinion.trace import Mark, Moment, Trace, tells_after, tells_entering, waits
from engine.stories import Report


def trace_of(definition: model.Model, report: Report) -> Trace:
    """What the kernel did; what a person was refused has not happened."""
    reading = _Reading(definition)
    moments = [
        Moment(
            at=moment.at,
            step=moment.step,
            marks=tuple(reading.marks(moment.events)),
            waiting=reading.waiting(),
            is_timer=any(isinstance(each, happened.TimerFired) for each in moment.events[:1]),
        )
        for moment in report.moments
        if not moment.is_undone
    ]
    state = report.state
    return Trace(
        moments=tuple(moments),
        status="active" if state is None else state.status,
        variables={} if state is None else dict(state.root_variables),
    )


class _Reading:
    """Who lives, in which scope."""

    def __init__(self, definition: model.Model) -> None:
        self._model = definition
        self._scopes: dict[str, happened.ScopeOpened] = {}
        self._entered: dict[str, happened.ElementEntered] = {}

    def marks(self, events: Sequence[happened.Event]) -> Iterator[Mark]:
        for event in events:
            match event:
                case happened.ScopeOpened():
                    self._scopes[event.scope] = event
                case happened.ElementEntered():
                    self._entered[event.activity] = event
                    if tells_entering(self._node(event)):
                        yield self._mark("entered", event)
                case happened.ElementCompleted():
                    yield self._mark("completed", self._entered.pop(event.activity))
                case happened.ElementCancelled():
                    del self._entered[event.activity]

    def waiting(self) -> tuple[str, ...]:
        return tuple(sorted(each.element for each in self._entered.values() if self._waits(each)))

    def _waits(self, entered: happened.ElementEntered) -> bool:
        node = self._node(entered)
        is_body = isinstance(node, model.Activity) and node.is_repeated and not self._is_item(entered)
        return waits(node) and not is_body

    def _node(self, entered: happened.ElementEntered) -> model.Node:
        return self._model.processes[self._scopes[entered.scope].process].nodes[entered.element]

    def _is_item(self, entered: happened.ElementEntered) -> bool:
        scope = self._scopes[entered.scope]
        return scope.item is not None and scope.element == entered.element

    def _mark(self, kind: str, entered: happened.ElementEntered) -> Mark:
        return Mark(
            kind="entered" if kind == "entered" else "completed",
            element=entered.element,
            items=tuple(reversed(list(self._items(entered.scope)))),
            after=self._after(entered),
        )

    def _items(self, scope_id: str | None) -> Iterator[int]:
        while scope_id is not None:
            scope = self._scopes[scope_id]
            if scope.item is not None:
                yield scope.item
            scope_id = scope.parent

    def _after(self, entered: happened.ElementEntered) -> str | None:
        node = self._node(entered)
        if not tells_after(node):
            return None
        if isinstance(node, model.BoundaryEvent):
            return node.attached_to
        scope = self._scopes[entered.scope]
        if entered.flows:
            return self._model.processes[scope.process].flows[entered.flows[0]].source
        return scope.element
