"""Playing an instance of a drawn process: what may happen next, what happened, and what must be true of every history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random

from engine.data import to_canonical
from engine.feel import Value
from engine.kernel import Event, Phase, Stimulus, to_record
from engine.model import elements as model
from engine.model.landings import landings
from engine.protocol import events as happened
from engine.protocol.stimuli import (
    CompleteTask,
    FireTimer,
    MoveToken,
    ReceiveMessage,
    ReceiveSignal,
    ReturnHandler,
    SetVariable,
    SkipActivity,
    ThrowError,
)
from tests.engine.kernel.blocks import TASKS
from tests.engine.kernel.building import Run
from tests.engine.kernel.drawing import Drawing

BEGIN = {
    "element:entered": "activity",
    "task:created": "activity",
    "timer:set": "wait",
    "message:awaited": "wait",
    "signal:awaited": "wait",
    "condition:awaited": "wait",
    "incident:raised": "incident",
    "handler:requested": "activity",
    "scope:opened": "scope",
    "compensation:thrown": "activity",
    "compensation:begun": "activity",
}
END = {
    "element:completed": ("element:entered",),
    "element:cancelled": ("element:entered",),
    "task:completed": ("task:created",),
    "task:cancelled": ("task:created",),
    "timer:fired": ("timer:set",),
    "timer:cancelled": ("timer:set",),
    "message:received": ("message:awaited",),
    "message:wait-cancelled": ("message:awaited",),
    "signal:received": ("signal:awaited",),
    "signal:wait-cancelled": ("signal:awaited",),
    "condition:met": ("condition:awaited",),
    "condition:wait-cancelled": ("condition:awaited",),
    "incident:resolved": ("incident:raised",),
    "handler:returned": ("handler:requested",),
    "handler:cancelled": ("handler:requested",),
    "scope:closed": ("scope:opened",),
    "compensation:done": ("compensation:begun",),
}
"""What begins, by what it is known, and what ends it."""


@dataclass
class Player:
    """Gives an instance what its drawing says that it is to get."""

    run: Run
    drawing: Drawing
    _seen: int = 0
    _owners: dict[str, str] = field(default_factory=dict)
    _come: Counter[tuple[str, str]] = field(default_factory=Counter)

    def ready(self) -> list[Stimulus]:
        """Everything that may happen next."""
        self._look()
        return [*self._answers(), *self._arrivals()]

    def _look(self) -> None:
        """What has come already, by who waited for it."""
        for event in self.run.events[self._seen :]:
            owner = getattr(event, "activity", None)
            wait = getattr(event, "wait", None)
            if isinstance(owner, str) and isinstance(wait, str):
                self._owners[wait] = owner
            elif isinstance(event, happened.WaitOver):
                self._come[self._owners[event.wait], event.element] += 1
        self._seen = len(self.run.events)

    def _answers(self) -> Iterator[Stimulus]:
        for activity in self.run.state.activities.values():
            element = activity.element
            if activity.phase is Phase.TASK and element not in self.drawing.never:
                if not self._comes(activity.id, self.drawing.postponed.get(element)):
                    yield CompleteTask(activity=activity.id, actor="x")
            elif activity.phase is Phase.HANDLER and not self.run.state.is_stuck(activity.id):
                if self._comes(activity.id, self.drawing.postponed.get(element)):
                    continue
                if element in self.drawing.errors:
                    yield ThrowError(activity=activity.id, code=self.code_of(activity.id))
                else:
                    yield ReturnHandler(activity=activity.id)

    def code_of(self, activity: str) -> str:
        """The code that something around the activity catches."""
        state = self.run.state
        at: str | None = activity
        while at is not None:
            scope = state.scopes[state.activities[at].scope]
            process = self.run.model.processes[scope.process]
            node = process.nodes[state.activities[at].element]
            beside = [start for each in process.nodes.values() for start in process.starts(each.id)]
            catching = [process.nodes[each] for each in getattr(node, "boundary", ())]
            catching += [each for each in beside if process.nodes[each.scope].scope == node.scope]
            for each in catching:
                trigger = getattr(each, "trigger", None)
                if isinstance(trigger, model.ErrorDefinition) and trigger.code is not None:
                    return trigger.code
            at = scope.activity
        raise AssertionError("nothing catches it")

    def _arrivals(self) -> Iterator[Stimulus]:
        signals: set[str] = set()
        for wait in self.run.state.waits.values():
            most = self.drawing.optional.get(wait.element)
            if wait.held is not None or (most is not None and self._come[wait.activity, wait.element] >= most):
                continue
            if wait.signal is not None:
                signals.add(wait.signal)
            elif wait.name is not None:
                yield ReceiveMessage(wait=wait.id, name=wait.name)
            else:
                yield FireTimer(wait=wait.id)
        for name in sorted(signals):
            yield ReceiveSignal(name=name)

    def _comes(self, activity: str, event: str | None) -> bool:
        """The event on this task, or on what is around it, is still to come."""
        around: set[str | None] = set()
        at: str | None = activity
        while at is not None:
            around.add(at)
            scope = self.run.state.activities[at].scope
            around.add(scope)
            at = self.run.state.scopes[scope].activity
        most = self.drawing.optional.get(event or "", 0)
        return any(
            wait.element == event and wait.activity in around and self._come[wait.activity, wait.element] < most
            for wait in self.run.state.waits.values()
        )


def ran(events: Sequence[Event]) -> Counter[str]:
    """How often each task was completed."""
    return Counter(
        each.element
        for each in events
        if isinstance(each, happened.ElementCompleted) and each.element.startswith((*TASKS, "undo_"))
    )


def check_history(events: Sequence[Event]) -> None:
    """What begins ends exactly once, tokens are taken from where they were put, records are used once, ids are new; the two ways to write
    an event give the same text.
    """
    begun: Counter[tuple[str, str]] = Counter()
    tokens: Counter[tuple[str, str]] = Counter()
    records: set[str] = set()
    given: list[int] = []
    for event in events:
        record = to_record(event)
        assert happened.words_text(event) in {None, to_canonical(record)}
        if event.tag in BEGIN:
            begun[event.tag, record[BEGIN[event.tag]]] += 1
        for tag in END.get(event.tag, ()):
            key = (tag, record[BEGIN[tag]])
            begun[key] -= 1
            assert begun[key] >= 0, event
        match event:
            case happened.FlowTaken():
                tokens[event.scope, event.flow] += 1
            case happened.ElementEntered() | happened.TokensDropped():
                for flow in event.flows:
                    tokens[event.scope, flow] -= 1
                    assert tokens[event.scope, flow] >= 0, event
            case happened.ScopeClosed():
                for key in [each for each in tokens if each[0] == event.scope]:
                    del tokens[key]
            case happened.IncidentRaised() if event.place in ("handler", "error"):
                begun["handler:requested", event.activity] -= 1  # the retry asks again
            case happened.ElementCompleted() | happened.ElementCancelled():
                begun["compensation:thrown", event.activity] = 0
                begun["compensation:begun", event.activity] = 0
            case happened.CompensationRecorded():
                records.add(event.record)
            case happened.CompensationBegun():
                records.remove(event.record)
        given += _given(event)
    begun["scope:opened", "s1"] -= 1
    assert not +begun
    assert not +tokens
    assert given == list(range(1, len(given) + 1))


def _given(event: Event) -> list[int]:
    """The number of the id that the event gives."""
    match event:
        case happened.ElementEntered():
            return [int(event.activity[1:])]
        case happened.ScopeOpened():
            return [int(event.scope[1:])]
        case happened.TimerSet() | happened.MessageAwaited() | happened.SignalAwaited() | happened.ConditionAwaited():
            return [int(event.wait[1:])]
        case happened.IncidentRaised():
            return [int(event.incident[1:])]
        case happened.CompensationRecorded():
            return [int(event.record[1:])]
        case _:
            return []


@dataclass
class _Done:
    """What was done and can be undone: an activity with a handler, or what was done inside one without."""

    handler: str | None
    inside: list[_Done] = field(default_factory=list)

    def undone(self) -> Iterator[str]:
        if self.handler is not None:
            yield self.handler
        for each in reversed(self.inside):
            yield from each.undone()


def check_undoing(definition: model.Model, events: Sequence[Event]) -> None:
    """Compensation by an account of its own: who completed what where says which handlers a throw begins, in which order."""
    nodes = {id_: node for process in definition.processes.values() for id_, node in process.nodes.items()}
    scope_of: dict[str, str] = {}
    owner_of: dict[str, str | None] = {}
    item_of: dict[str, int | None] = {}
    inside: dict[str, list[_Done]] = {}
    undoes: dict[str, str] = {}
    due: dict[str, list[str]] = {}
    for event in events:
        match event:
            case happened.ScopeOpened():
                owner_of[event.scope], item_of[event.scope] = event.activity, event.item
                inside[event.scope] = []
            case happened.ElementEntered():
                scope_of[event.activity] = event.scope
            case happened.CompensationThrown() if event.activity not in undoes:
                handlers = [each for done in reversed(inside[event.scope]) for each in done.undone()]
                inside[event.scope] = []
                due[event.activity] = handlers
            case happened.CompensationBegun():
                undoes[event.by] = event.activity
            case happened.HandlerRequested() if event.activity in undoes:
                at = event.activity
                while at in undoes:
                    at = undoes[at]
                assert due[at].pop(0) == event.element
            case happened.ElementCancelled():
                due.pop(event.activity, None)
            case happened.ElementCompleted():
                assert not due.pop(event.activity, []), "not everything was undone"
                node, scope = nodes[event.element], scope_of[event.activity]
                if not isinstance(node, model.Activity) or event.activity in undoes:
                    continue
                within = [
                    each for opened, owner in owner_of.items() if owner == event.activity for each in inside[opened]
                ]
                is_body = (node.multi_instance or node.loop) and item_of[scope] is None
                owner = owner_of[scope]
                where = scope if item_of[scope] is None or owner is None else scope_of[owner]
                if (node.compensated_by or within) and not is_body:
                    inside[where].append(_Done(node.compensated_by, within))


def hostile(run: Run) -> list[Stimulus]:
    """What nobody may send: ids of other kinds, of nothing, of what is over; wrong names; values that no process can keep."""
    state = run.state
    ids = [*state.activities, *state.scopes, *state.waits, *state.incidents, *state.records, "a0", "w999999", "", "a"]
    answers = {id_ for id_, each in state.activities.items() if each.phase is Phase.TASK}
    returns = {each.id for each in state.needs}
    bad = {"x": 1.5}
    found: list[Stimulus] = []
    for id_ in ids:
        found.append(CompleteTask(activity=id_, actor="x", variables=bad if id_ in answers else {}))
        found.append(ReturnHandler(activity=id_, result=bad if id_ in returns else {}))
        if id_ not in answers | returns:
            found.append(ThrowError(activity=id_, code="E"))
        wait = state.waits.get(id_)
        found.append(ReceiveMessage(wait=id_, name="of nothing"))
        if wait is None or wait.due_at is None:
            found.append(FireTimer(wait=id_))
    found.append(ReceiveSignal(name="of nothing"))
    return found


def operator_acts(run: Run, chance: Random) -> Iterator[Stimulus]:
    """Acts of an operator who knows the ids and little else: sensible ones, foolish ones and hostile ones."""
    state = run.state
    owners = [*state.activities, *state.scopes, *state.waits, "a0", ""]
    elements = [each for process in run.model.processes.values() for each in (*process.nodes, *process.flows)]
    values: list[Value] = [None, True, Decimal(chance.randint(-3, 9)), "text", [Decimal(1), {"a": None}]]
    names = [*sorted({name for each in state.scopes.values() for name in each.variables}), "new", ""]
    for _ in range(2):
        yield MoveToken(activity=chance.choice(owners), target=chance.choice([*elements, "nothing"]), reason="r")
        yield SkipActivity(activity=chance.choice(owners), reason="r")
        yield SetVariable(
            scope=chance.choice(owners), name=chance.choice(names), value=chance.choice(values), reason="r"
        )
    for each in state.activities.values():
        process = run.model.processes[state.scopes[each.scope].process]
        beside = [one.id for one in landings(process, process.nodes[each.element].scope)]
        going_on = [one for one in beside if getattr(process.nodes.get(one), "outgoing", True)]
        if beside:
            yield MoveToken(activity=each.id, target=chance.choice(going_on or beside), reason="r")
        yield SkipActivity(activity=each.id, reason="r")
        yield from (
            SetVariable(scope=each.id, name=name, value=chance.choice(values), reason="r") for name in each.variables
        )
    for scope in state.scopes.values():
        process = run.model.processes[scope.process]
        for flow in scope.tokens:
            beside = [one.id for one in landings(process, process.nodes[process.flows[flow].target].scope)]
            yield MoveToken(activity=scope.id, flow=flow, target=chance.choice(beside), reason="r")
