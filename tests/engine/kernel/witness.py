"""What every event says is true: of the drawing, and of what the events before it said. An account of its own, which knows no state.

Each ``Run`` has one, so every test checks every event; what it comes to must be what the state holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from string import Formatter
from typing import Any, NamedTuple

from engine.kernel import Event, State
from engine.model import elements as model
from engine.protocol import events as happened
from engine.texts import catalogue

OF_HANDLERS = ("handler", "error")
"""Places of incidents whose code the handler chose."""
WAITS: Mapping[type[happened.Event], tuple[type[Any], type[Any], type[Any]]] = {
    happened.TimerSet: (model.TimerDefinition, happened.TimerFired, happened.TimerCancelled),
    happened.MessageAwaited: (model.MessageDefinition, happened.MessageReceived, happened.MessageWaitCancelled),
    happened.SignalAwaited: (model.SignalDefinition, happened.SignalReceived, happened.SignalWaitCancelled),
    happened.ConditionAwaited: (model.ConditionalDefinition, happened.ConditionMet, happened.ConditionWaitCancelled),
}
"""What begins a wait: for what, and what ends it."""


class Scope(NamedTuple):
    process: str
    owner: str | None
    item: int | None


class Activity(NamedTuple):
    element: str
    scope: str


class Record(NamedTuple):
    element: str
    where: str
    """A scope, or the record of what was left."""


class Incident(NamedTuple):
    owner: str
    element: str
    code: str
    place: str


@dataclass
class Witness:
    """Sees the events of one instance in their order; a contradiction is an ``AssertionError``."""

    definition: model.Model
    scopes: dict[str, Scope] = field(default_factory=dict)
    activities: dict[str, Activity] = field(default_factory=dict)
    waits: dict[str, Any] = field(default_factory=dict)
    incidents: dict[str, Incident] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    undone: dict[str, str] = field(default_factory=dict)
    """The records that were used, by the elements that made them."""
    variables: dict[str, dict[str, Any]] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    """The element that was left last in each scope: whose flows are taken now."""
    items: dict[str, int] = field(default_factory=dict)
    edited: tuple[str, str] | None = None
    """The variable that an operator gives the value that comes next."""
    process: str = ""
    is_over: bool = False

    def saw(self, events: Iterable[Event], state: State) -> None:
        """These events happened, and led to ``state``."""
        for event in events:
            assert not self.is_over, event
            for kind in reversed(type(event).__mro__):
                if kind in SAYS:
                    SAYS[kind](self, event)
        self.agrees_with(state)

    def agrees_with(self, state: State) -> None:
        """The state holds what the events said, and nothing else."""
        assert state.process == self.process
        assert state.is_ended is self.is_over
        scopes = {id_: Scope(each.process, each.activity, each.item) for id_, each in state.scopes.items()}
        assert scopes == self.scopes
        assert {id_: Activity(each.element, each.scope) for id_, each in state.activities.items()} == self.activities
        assert {id_: (each.element, each.activity, each.number) for id_, each in state.waits.items()} == {
            id_: (each.element, each.activity, each.number) for id_, each in self.waits.items()
        }
        assert {
            id_: Incident(each.activity, each.element, each.code, each.place) for id_, each in state.incidents.items()
        } == self.incidents
        records = {id_: Record(each.element, each.scope) for id_, each in state.records.items()}
        assert records == ({} if self.is_over else self.records)
        for holder, variables in self.variables.items():
            held = state.scopes[holder] if holder in state.scopes else state.activities[holder]
            assert {name: value for name, value in held.variables.items() if name != "task"} == variables, holder

    def node(self, activity: str) -> Any:
        """What a live activity is an occurrence of."""
        return self.nodes(self.activities[activity].scope)[self.activities[activity].element]

    def nodes(self, scope: str) -> Mapping[str, model.Node]:
        return self.definition.processes[self.scopes[scope].process].nodes

    def is_element(self, id_: str | None) -> bool:
        return any(id_ in process.nodes for process in self.definition.processes.values())

    # -- the instance and its scopes

    def started(self, event: happened.InstanceStarted) -> None:
        assert not self.scopes, event
        assert event.start_event in self.definition.processes[event.process].nodes, event
        self.process = event.process

    def ended(self, event: Event) -> None:
        assert list(self.scopes) == ["s1"], event
        assert not self.activities, event
        assert not self.waits, event
        assert not self.incidents, event
        self.is_over = True
        if isinstance(event, happened.InstanceFailed):
            assert self.is_element(event.element), event

    def opened(self, event: happened.ScopeOpened) -> None:
        assert event.scope not in self.scopes, event
        if event.activity is None:
            assert (event.parent, event.element, event.item, event.record) == (None, None, None, None), event
            assert (event.process, event.isolated) == (self.process, False), event
        else:
            self.opened_inside(event, event.activity)
        self.scopes[event.scope] = Scope(event.process, event.activity, event.item)
        self.variables[event.scope] = {}

    def opened_inside(self, event: happened.ScopeOpened, owner: str) -> None:
        activity, node = self.activities[owner], self.node(owner)
        assert (event.parent, event.element) == (activity.scope, activity.element), event
        is_call = isinstance(node, model.CallActivity) and event.item is None
        assert event.isolated is is_call, event
        assert event.process == (node.process if is_call else self.scopes[activity.scope].process), event
        if event.item is None:
            assert isinstance(node, model.SubProcess | model.CallActivity), event
            is_item = self.scopes[activity.scope].item is not None
            assert not node.is_repeated or is_item or event.record is not None, event
        else:
            assert node.is_repeated, event
            assert event.item == self.items.get(owner, 0), event
            self.items[owner] = event.item + 1
        if event.record is not None:
            assert self.undone[event.record] == event.element, event
            self.move(event.record, event.scope)

    def closed(self, event: happened.ScopeClosed) -> None:
        assert not [each for each in self.activities.values() if each.scope == event.scope], event
        self.nothing_left(event.scope, event)
        del self.scopes[event.scope]
        del self.variables[event.scope]
        self.left.pop(event.scope, None)
        self.forget(event.scope)

    def forget(self, where: str) -> None:
        """What was recorded in a scope goes with it, and what was recorded inside."""
        for id_ in [id_ for id_, each in self.records.items() if each.where == where]:
            del self.records[id_]
            self.forget(id_)

    def move(self, where: str, to: str) -> None:
        for id_, each in self.records.items():
            if each.where == where:
                self.records[id_] = each._replace(where=to)

    def nothing_left(self, owner: str, event: Event) -> None:
        assert not [each for each in self.waits.values() if each.activity == owner], event
        assert not [each for each in self.incidents.values() if each.owner == owner], event

    def written(self, event: happened.VariableWritten) -> None:
        held = self.variables[event.scope]
        assert event.is_new is (event.name not in held), event
        assert event.previous == held.get(event.name), event
        # nobody writes what an instance begins with
        is_by_element = (self.left or self.activities) and self.edited != (event.scope, event.name)
        assert self.is_element(event.element) if is_by_element else event.element is None, event
        self.edited = None
        held[event.name] = event.value

    # -- tokens and activities

    def flow_taken(self, event: happened.FlowTaken) -> None:
        flow = self.definition.processes[self.scopes[event.scope].process].flows[event.flow]
        assert flow.source == self.left[event.scope], event

    def dropped(self, event: happened.TokensDropped) -> None:
        assert event.flows, event
        assert set(event.flows) <= set(self.definition.processes[self.scopes[event.scope].process].flows), event

    def entered(self, event: happened.ElementEntered) -> None:
        node = self.nodes(event.scope)[event.element]
        assert set(event.flows) <= set(node.incoming), event
        assert isinstance(event.payload, Mapping), event
        self.activities[event.activity] = Activity(event.element, event.scope)
        self.variables[event.activity] = {}

    def of_activity(self, event: Any) -> None:
        """Whatever is said of an activity is said of its element."""
        if not isinstance(event, happened.ElementEntered | happened.IncidentRaised | happened.TokenMoved):
            assert self.activities[event.activity].element == event.element, event

    def over(self, event: happened.ElementCompleted | happened.ElementCancelled) -> None:
        assert not [each for each in self.scopes.values() if each.owner == event.activity], event
        self.nothing_left(event.activity, event)
        self.items.pop(event.activity, None)
        scope = self.activities.pop(event.activity).scope
        del self.variables[event.activity]
        if isinstance(event, happened.ElementCompleted):
            self.left[scope] = event.element

    def activated(self, event: happened.GatewayActivated) -> None:
        node = self.node(event.activity)
        assert isinstance(node, model.ComplexGateway if event.flows else model.EventBasedGateway), event
        assert set(event.flows) <= set(node.incoming), event
        self.left[self.activities[event.activity].scope] = event.element

    def items_found(self, event: happened.ItemsFound) -> None:
        node = self.node(event.activity)
        assert node.is_repeated, event
        assert node.multi_instance or event.items in ((), (None,)), event

    def item_over(self, event: happened.ItemCompleted) -> None:
        node = self.node(event.activity)
        owned = [each.item for each in self.scopes.values() if each.owner == event.activity]
        assert event.item in owned, event
        assert (event.again is None) is (node.multi_instance is not None), event

    # -- what activities do

    def task_created(self, event: happened.TaskCreated) -> None:
        node = self.node(event.activity)
        assert isinstance(node, model.UserTask), event
        assert (event.role, event.form, event.not_same_as) == (node.role, node.form, node.not_same_as), event
        asked = (node.assignee, node.due, node.follow_up)
        for given, expression in zip((event.assignee, event.due_at, event.follow_up_at), asked, strict=True):
            assert given is None or expression is not None, event

    def requested(self, event: happened.HandlerRequested) -> None:
        node = self.node(event.activity)
        assert event.handler == node.handler, event
        assert set(event.given) == {each.target[0] for each in node.inputs}, event
        assert event.given.items() <= self.variables[event.activity].items() or not event.given, event

    def decided(self, event: happened.DecisionEvaluated) -> None:
        assert event.decision == self.node(event.activity).decision, event

    def compensation_recorded(self, event: happened.CompensationRecorded) -> None:
        assert event.scope in self.scopes, event
        assert event.process in self.definition.processes, event
        assert event.inner is None or self.scopes[event.inner].owner == event.activity, event
        if event.inner is not None:
            self.move(event.inner, event.record)
        self.records[event.record] = Record(event.element, event.scope)

    def compensation_thrown(self, event: happened.CompensationThrown) -> None:
        assert event.scope in self.scopes, event
        assert event.target is None or self.is_element(event.target), event

    def compensation_begun(self, event: happened.CompensationBegun) -> None:
        record = self.records.pop(event.record)
        self.undone[event.record] = record.element
        node = self.nodes(self.activities[event.by].scope)[record.element]
        handler = getattr(node, "compensated_by", None)
        assert self.activities[event.by].element == (handler or record.element), event

    def transaction_cancelled(self, event: happened.TransactionCancelled) -> None:
        assert isinstance(self.node(event.activity).result, model.CancelDefinition), event

    # -- what operators do

    def token_moved(self, event: happened.TokenMoved) -> None:
        live = self.activities.get(event.activity)
        assert (live is None) is (event.flow is not None), event
        assert live is None or live.element == event.element, event
        scope = event.activity if live is None else live.scope
        process = self.definition.processes[self.scopes[scope].process]
        if event.flow is not None:
            assert process.flows[event.flow].target == event.element, event
        target = process.flows[event.target].target if event.target in process.flows else event.target
        assert process.nodes[target].scope == process.nodes[event.element].scope, event
        if event.target in process.flows:
            self.left[scope] = process.flows[event.target].source  # as if the token had come by it

    def skipped(self, event: happened.ActivitySkipped) -> None:
        self.left[self.activities[event.activity].scope] = event.element

    def variable_edited(self, event: happened.VariableEdited) -> None:
        self.edited = (event.scope, event.name)

    # -- waits and incidents

    def wait_begun(self, event: Any) -> None:
        is_of_scope = event.activity in self.scopes
        scope = event.activity if is_of_scope else self.activities[event.activity].scope
        node = self.nodes(scope)[event.element]
        assert isinstance(node, model.StartEvent) is is_of_scope, event
        trigger = node.message if isinstance(node, model.ReceiveTask) else getattr(node, "trigger", None)
        definition: Any = model.definitions_of(trigger)[event.number]
        assert isinstance(definition, WAITS[type(event)][0]), event
        if isinstance(event, happened.MessageAwaited | happened.SignalAwaited):
            assert event.name == definition.name, event
        if isinstance(event, happened.MessageAwaited):
            assert isinstance(event.key, str), event
        self.waits[event.wait] = event

    def wait_over(self, event: Any) -> None:
        begun = self.waits.pop(event.wait)
        assert begun.element == event.element, event
        _, comes, ends = WAITS[type(begun)]
        assert isinstance(event, (comes, ends)), event
        assert not [each for each in self.incidents.values() if each.owner == event.wait], event
        if isinstance(event, happened.MessageReceived | happened.SignalReceived):
            assert event.name == begun.name, event
        if isinstance(event, happened.WaitOver):
            scope = begun.activity if begun.activity in self.scopes else self.activities[begun.activity].scope
            trigger = getattr(self.nodes(scope)[event.element], "trigger", None)
            needs_all = isinstance(trigger, model.MultipleDefinition) and trigger.is_parallel
            others = [
                each for each in self.waits.values() if (each.activity, each.element) == (begun.activity, begun.element)
            ]
            assert event.is_enough is not (needs_all and bool(others)), event

    def lapsed(self, event: happened.ConditionLapsed) -> None:
        assert self.waits[event.wait].element == event.element, event
        assert isinstance(self.waits[event.wait], happened.ConditionAwaited), event

    def incident_raised(self, event: happened.IncidentRaised) -> None:
        owners = {id_: each.element for id_, each in (*self.activities.items(), *self.waits.items())}
        assert event.activity in owners or event.activity in self.scopes, event
        assert owners.get(event.activity, event.element) == event.element, event
        assert self.is_element(event.element), event
        assert event.place, event
        if event.place not in OF_HANDLERS:
            for sentence in catalogue()[event.code].values():
                named = {name for _, name, _, _ in Formatter().parse(str(sentence)) if name}
                assert not [name for name in named if event.facts.get(name) is None], event
        self.incidents[event.incident] = Incident(event.activity, event.element, event.code, event.place)

    def incident_resolved(self, event: happened.IncidentResolved) -> None:
        assert self.incidents.pop(event.incident).element == event.element, event


SAYS: Mapping[type[Any], Callable[[Witness, Any], None]] = {
    happened.InstanceStarted: Witness.started,
    happened.InstanceCompleted: Witness.ended,
    happened.InstanceFailed: Witness.ended,
    happened.InstanceCancelled: Witness.ended,
    happened.ScopeOpened: Witness.opened,
    happened.ScopeClosed: Witness.closed,
    happened.VariableWritten: Witness.written,
    happened.FlowTaken: Witness.flow_taken,
    happened.TokensDropped: Witness.dropped,
    happened.ElementEntered: Witness.entered,
    happened._OfActivity: Witness.of_activity,
    happened.ElementCompleted: Witness.over,
    happened.ElementCancelled: Witness.over,
    happened.GatewayActivated: Witness.activated,
    happened.ItemsFound: Witness.items_found,
    happened.ItemCompleted: Witness.item_over,
    happened.TaskCreated: Witness.task_created,
    happened.HandlerRequested: Witness.requested,
    happened.DecisionEvaluated: Witness.decided,
    happened.CompensationRecorded: Witness.compensation_recorded,
    happened.CompensationThrown: Witness.compensation_thrown,
    happened.CompensationBegun: Witness.compensation_begun,
    happened.TransactionCancelled: Witness.transaction_cancelled,
    happened._WaitBegun: Witness.wait_begun,
    happened.WaitOver: Witness.wait_over,
    happened.WaitCancelled: Witness.wait_over,
    happened.ConditionLapsed: Witness.lapsed,
    happened.IncidentRaised: Witness.incident_raised,
    happened.IncidentResolved: Witness.incident_resolved,
    happened.TokenMoved: Witness.token_moved,
    happened.ActivitySkipped: Witness.skipped,
    happened.VariableEdited: Witness.variable_edited,
}
"""What is checked of each kind; of an activity's event first that it is said of its element."""
