"""What a process is: immutable elements, no I/O, no execution. The reader builds them, the kernel moves tokens over them.

A ``Model`` is everything that one version needs to run: its processes, its decisions. Ids are those of the BPMN file. Expressions are
compiled FEEL (``engine.feel``). What stands here is implemented by the kernel; what is not implemented is refused by the reader by name.
BPMN 2.0.2 section numbers are those of OMG formal/2013-12-09.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

from engine.decisions import Decision
from engine.feel import Expression, Value


class TimerKind(StrEnum):
    """How a timer's expression is to be read (BPMN 10.5.5)."""

    DATE = "date"
    DURATION = "duration"
    CYCLE = "cycle"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerDefinition:
    """``expression`` gives a date-time, a duration, or for a cycle the text ``R3/PT10M`` (ISO 8601)."""

    kind: TimerKind
    expression: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDefinition:
    """A message by name; ``correlation_key`` (``zeebe:subscription``) is evaluated when waiting begins; None at a process start."""

    name: str
    correlation_key: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorDefinition:
    """``code`` None catches every error (BPMN 10.5.3)."""

    code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalDefinition:
    """A signal by name: it reaches everything that waits for it (BPMN 10.5.5 "Signal")."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationDefinition:
    """``code`` None catches every escalation; a throw has a code (BPMN 10.5.5 "Escalation")."""

    code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompensationDefinition:
    """Thrown: undo ``activity``, or (None) everything done in the scope. Caught by a boundary event it marks who undoes
    (``Activity.compensated_by``); by the start of an event sub-process it is how the sub-process around it is undone (BPMN 10.7, 13.5.5).
    """

    activity: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionalDefinition:
    """Caught when ``condition`` holds: asked when waiting begins and after each step that wrote variables (BPMN 10.5.5 "Conditional")."""

    condition: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkDefinition:
    """The throw goes on at the catch of the same ``name`` in its scope (BPMN 10.5.5 "Link")."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelDefinition:
    """Thrown by an end event inside a transaction, caught at its boundary: the transaction is undone (BPMN 10.7, 13.5.4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminateDefinition:
    """Ends its scope (BPMN 13.5.6)."""


SingleDefinition = (
    TimerDefinition
    | MessageDefinition
    | ErrorDefinition
    | SignalDefinition
    | EscalationDefinition
    | CompensationDefinition
    | ConditionalDefinition
    | LinkDefinition
    | CancelDefinition
    | TerminateDefinition
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MultipleDefinition:
    """Several in one event: caught when one (``is_parallel``: each) of them has come, thrown all of them (BPMN 10.5.5 "Multiple")."""

    definitions: tuple[SingleDefinition, ...]
    is_parallel: bool = False


EventDefinition = SingleDefinition | MultipleDefinition


def definitions_of(definition: EventDefinition | None) -> tuple[SingleDefinition, ...]:
    """Each of what an event waits for or throws."""
    if isinstance(definition, MultipleDefinition):
        return definition.definitions
    return () if definition is None else (definition,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A sequence flow. ``condition`` where it leaves an exclusive, inclusive or complex gateway, or an activity (BPMN 13.2.1)."""

    id: str
    name: str
    source: str
    target: str
    condition: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableMapping:
    """One ``zeebe:input`` or ``zeebe:output``: ``source`` evaluated, written to the path ``target`` (``a`` or ``a.b``)."""

    source: Expression
    target: tuple[str, ...]
    copied: str = field(init=False)
    """The variable that becomes another as it is, where nothing else is asked for: so are most mappings; else no name that one can have."""

    def __post_init__(self) -> None:
        path = self.source.path
        is_copy = path is not None and len(path) == len(self.target) == 1
        object.__setattr__(self, "copied", path[0] if is_copy and path else "@")


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardLoop:
    """A loop marker (BPMN 13.3.6): while ``condition`` holds (None: always), asked before or after each round; ``maximum`` rounds."""

    condition: Expression | None
    tests_before: bool = False
    maximum: int | None = None


class MultiInstanceBehavior(StrEnum):
    """Which completions of inner instances throw an event at the boundary (BPMN table 10.29)."""

    NONE = "None"
    ONE = "One"
    ALL = "All"
    COMPLEX = "Complex"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplexBehavior:
    """Under COMPLEX: when ``condition`` holds after an inner completion, ``event`` is thrown to the boundary (BPMN table 10.30)."""

    condition: Expression
    event: SingleDefinition


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiInstance:
    """``zeebe:loopCharacteristics`` (BPMN 13.3.7): one inner instance per item of ``input_collection``.

    ``input_element`` names the item inside; ``output_element`` is collected, in the order of the items, into
    ``output_collection``; ``completion_condition`` is asked after each inner completion; the rest is then cancelled.
    ``event`` is thrown at the boundary after each inner completion (NONE) or the first (ONE); ``complex`` under COMPLEX.
    """

    is_sequential: bool
    input_collection: Expression
    input_element: str | None = None
    output_collection: str | None = None
    output_element: Expression | None = None
    completion_condition: Expression | None = None
    behavior: MultiInstanceBehavior = MultiInstanceBehavior.ALL
    event: SingleDefinition | None = None
    complex: tuple[ComplexBehavior, ...] = ()
    output_name: str | None = field(init=False)
    """The variable that ``output_element`` is, where it asks for nothing else."""

    def __post_init__(self) -> None:
        source = None if self.output_element is None else self.output_element.source
        object.__setattr__(self, "output_name", source if source is not None and source.isidentifier() else None)

    def thrown_after(self, completed: int) -> tuple[SingleDefinition, ...]:
        """What the completion of an inner instance throws, the ``completed``-th one, whatever conditions say."""
        is_each, is_first = self.behavior is MultiInstanceBehavior.NONE, self.behavior is MultiInstanceBehavior.ONE
        is_thrown = self.event is not None and (is_each or (is_first and completed == 1))
        return (self.event,) if is_thrown and self.event is not None else ()


def item_variables(many: MultiInstance | None, number: int, item: Value) -> dict[str, Value]:
    """What an item (or a round, with ``many`` None) begins with; ``number`` counts from 0."""
    given: dict[str, Value] = {"loopCounter": Decimal(number + 1)}
    if many is not None:
        if many.output_name is not None:
            # as in Zeebe: declared here, so that what an item writes to it stays with the item
            given[many.output_name] = None
        if many.input_element is not None:
            given[many.input_element] = item
    return given


def inputs_among(variables: Mapping[str, Value], inputs: Sequence[VariableMapping]) -> dict[str, Value]:
    """Those of ``variables`` that were inputs."""
    return {each.target[0]: variables[each.target[0]] for each in inputs}


def item_counters(total: int, active: int, completed: int) -> dict[str, Value]:
    """What the conditions of a multi-instance see when an item completes, by the names of BPMN table 10.30."""
    return {
        "numberOfInstances": Decimal(total),
        "numberOfActiveInstances": Decimal(active),
        "numberOfCompletedInstances": Decimal(completed),
        "numberOfTerminatedInstances": Decimal(0),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """What every flow node has. ``scope`` is the id of the sub-process or process that holds it; flows are ids, in file order."""

    id: str
    name: str
    scope: str
    incoming: tuple[str, ...] = ()
    outgoing: tuple[str, ...] = ()
    lane: str | None = None
    documentation: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartEvent(Node):
    """``trigger`` None is the plain start; at process level a trigger begins a new instance, in an event sub-process it begins that.

    ``is_interrupting`` only counts in an event sub-process: whether it ends everything else in the scope around it.
    """

    trigger: EventDefinition | None = None
    is_interrupting: bool = True
    outputs: tuple[VariableMapping, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EndEvent(Node):
    """``result`` None is the plain end; every other one is thrown."""

    result: EventDefinition | None = None
    inputs: tuple[VariableMapping, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CatchEvent(Node):
    """An intermediate catch event: a timer, message, signal, condition or link, or several of them."""

    trigger: EventDefinition
    outputs: tuple[VariableMapping, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ThrowEvent(Node):
    """An intermediate throw event: nothing (a mark), or what it throws (payload of messages and signals by ``inputs``)."""

    result: EventDefinition | None = None
    inputs: tuple[VariableMapping, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundaryEvent(Node):
    """Attached to an activity. An error and a cancel always interrupt; a compensation never waits: see ``Activity.compensated_by``."""

    attached_to: str
    trigger: EventDefinition
    is_interrupting: bool = True
    outputs: tuple[VariableMapping, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway(Node):
    """``default`` is the flow taken when no condition holds."""

    default: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExclusiveGateway(Gateway):
    """BPMN 13.4.2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InclusiveGateway(Gateway):
    """BPMN 13.4.3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParallelGateway(Gateway):
    """BPMN 13.4.1; ``default`` is always None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventBasedGateway(Gateway):
    """The first of the events after it decides (BPMN 13.4.4). ``is_instantiating``: it begins the process; ``is_parallel``: then
    all of its events are needed for that instance.
    """

    is_instantiating: bool = False
    is_parallel: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplexGateway(Gateway):
    """Fires when ``activation`` holds, which sees ``activationCount`` (or the flow counts), once a round (BPMN 13.4.5)."""

    activation: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity(Node):
    """What can carry mappings, boundary events (ids), a loop marker, quantities and a compensation handler.

    ``default`` is the flow taken when no condition of an outgoing flow holds. ``compensated_by`` is the id of the activity that undoes
    this one; one that ``is_for_compensation`` has no flows and runs only then. ``start_quantity`` tokens begin it once,
    ``completion_quantity`` tokens leave it on each flow (BPMN table 10.3).
    """

    inputs: tuple[VariableMapping, ...] = ()
    outputs: tuple[VariableMapping, ...] = ()
    boundary: tuple[str, ...] = ()
    multi_instance: MultiInstance | None = None
    loop: StandardLoop | None = None
    default: str | None = None
    compensated_by: str | None = None
    is_for_compensation: bool = False
    start_quantity: int = 1
    completion_quantity: int = 1

    @property
    def is_repeated(self) -> bool:
        """It has a marker: each item or round is an occurrence of its own."""
        return self.multi_instance is not None or self.loop is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(Activity):
    """An undefined or manual task: nothing that an engine does; it is passed (as in Zeebe)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveTask(Activity):
    """Waits for a message; ``is_instantiating``: the message begins a new instance at it (BPMN 10.3.3 "Receive Task")."""

    message: MessageDefinition
    is_instantiating: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SendTask(Activity):
    """Throws a message whose payload are the ``inputs``; one with a task definition is a ``ServiceTask`` instead."""

    message: MessageDefinition


@dataclass(frozen=True, slots=True, kw_only=True)
class UserTask(Activity):
    """A person's task. ``role`` is a role id (``candidateGroups`` or the lane's); ``assignee`` gives a login; ``not_same_as`` is
    the id of an earlier user task whose completer may not do this one (four eyes).
    """

    role: str | None = None
    assignee: Expression | None = None
    form: str | None = None
    due: Expression | None = None
    follow_up: Expression | None = None
    priority: Expression | None = None
    not_same_as: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTask(Activity):
    """``handler`` is a name of the handler table."""

    handler: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptTask(Activity):
    """One expression, one result variable (``zeebe:script``)."""

    expression: Expression
    result_variable: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessRuleTask(Activity):
    """``decision`` is an id in ``Model.decisions``; its result goes to ``result_variable`` (``zeebe:calledDecision``)."""

    decision: str
    result_variable: str


class Binding(StrEnum):
    """Which version a call means, as in Zeebe; without a word it is that of the caller (``zeebe:calledElement``)."""

    DEPLOYMENT = "deployment"
    """That of the caller: the called process stands in the same files."""
    LATEST = "latest"
    """The one in force when the call begins, of the published process whose key is the called id."""
    VERSION_TAG = "versionTag"
    """The newest one of that process which carries the tag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallActivity(Activity):
    """``process`` is an id in ``Model.processes``, or with another ``binding`` than the caller's version the key of a published process.
    The callee runs in a scope of its own that sees only ``inputs`` (all of the caller's visible variables when ``propagates_all_in``);
    back come ``outputs`` (or everything, when ``propagates_all_out``). ``version_tag`` comes with its binding and with no other.
    """

    process: str
    binding: Binding = Binding.DEPLOYMENT
    version_tag: str | None = None
    propagates_all_in: bool = False
    propagates_all_out: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SubProcess(Activity):
    """An embedded sub-process: its nodes have ``scope`` = this id.

    ``is_event``: an event sub-process, begun by its one start event, without flows of its own (BPMN 13.5.3).
    ``is_transaction``: a cancel end inside undoes it (BPMN 13.5.4).
    """

    is_event: bool = False
    is_transaction: bool = False


PASSIVE = frozenset(
    {
        *(StartEvent, CatchEvent, UserTask, ReceiveTask, SubProcess, CallActivity),
        *(ExclusiveGateway, InclusiveGateway, ParallelGateway, EventBasedGateway, ComplexGateway),
    }
)
"""What only waits, routes or opens: that a token enters it has no effect."""


@dataclass(frozen=True, slots=True)
class Station:
    """A node with what follows from the drawing alone: every move asks for it, so it is found out once.

    ``puts_into_contexts``: an output goes to a path (``a.b``); ``always``: the flows that are taken whenever it is left, None where
    conditions decide; ``needs``: how many tokens begin it, where it is not simply each one; ``tokens``: how many leave on each flow;
    ``is_recorded``: a handler can undo it; ``hides_result``: what an error brings is seen by the outputs of its event, and by nothing else
    (and a called process gives its variables in another way); ``is_late_join``: whether it joins can only be said when nothing else
    moves. The body of a repeated activity only opens what may have an effect, so it is passive too; its items need not be.
    """

    id: str
    node: Node
    outputs: tuple[VariableMapping, ...]
    puts_into_contexts: bool
    boundary: tuple[BoundaryEvent, ...]
    always: tuple[str, ...] | None
    needs: int
    tokens: int
    is_recorded: bool
    hides_result: bool
    is_repeated: bool
    is_passive: bool
    is_passive_item: bool
    is_late_join: bool
    process: Process = field(compare=False, repr=False)

    @classmethod
    def of(cls, node: Node, process: Process) -> Station:
        """The station of ``node``, which stands in ``process``."""
        is_repeated = isinstance(node, Activity) and node.is_repeated
        attached = map(process.nodes.__getitem__, node.boundary if isinstance(node, Activity) else ())
        outputs: tuple[VariableMapping, ...] = getattr(node, "outputs", ())
        return cls(
            id=node.id,
            node=node,
            outputs=outputs,
            puts_into_contexts=any(len(each.target) > 1 for each in outputs),
            boundary=tuple(each for each in attached if isinstance(each, BoundaryEvent)),
            always=_always(node, process),
            needs=_needs(node),
            tokens=node.completion_quantity if isinstance(node, Activity) else 1,
            is_recorded=isinstance(node, Activity) and node.compensated_by is not None,
            hides_result=_catches_error(node) or isinstance(node, CallActivity),
            is_repeated=is_repeated,
            is_passive=is_repeated or type(node) in PASSIVE,
            is_passive_item=type(node) in PASSIVE,
            is_late_join=isinstance(node, InclusiveGateway) and len(node.incoming) > 1,
            process=process,
        )


def _needs(node: Node) -> int:
    if isinstance(node, ParallelGateway) and len(node.incoming) > 1:
        return len(node.incoming)
    if isinstance(node, ComplexGateway):
        return 1
    return node.start_quantity if isinstance(node, Activity) and node.start_quantity > 1 else 0


def _catches_error(node: Node) -> bool:
    if not isinstance(node, BoundaryEvent | StartEvent):
        return False
    return any(isinstance(each, ErrorDefinition) for each in definitions_of(node.trigger))


def _always(node: Node, process: Process) -> tuple[str, ...] | None:
    if any(process.flows[each].condition is not None for each in node.outgoing):
        return None
    default = node.default if isinstance(node, Gateway | Activity) else None
    plain = tuple(each for each in node.outgoing if each != default)
    if isinstance(node, ExclusiveGateway):
        plain = plain[:1]
    return plain or node.outgoing  # nothing but a default


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """``role`` stands in the lane's ``zeebe:properties`` (name ``role``)."""

    id: str
    name: str
    role: str | None


@dataclass(frozen=True, slots=True)
class _Beginning:
    """How a scope begins; see the methods of ``Process`` with these names."""

    starts: tuple[StartEvent, ...] = ()
    entries: tuple[Node, ...] = ()
    event_sub_processes: tuple[tuple[SubProcess, StartEvent], ...] = ()

    @classmethod
    def of(cls, nodes: Sequence[Node], inside: Mapping[str, tuple[Node, ...]]) -> _Beginning:
        """The beginning of the scope of ``nodes``; ``inside`` has those of every scope."""
        starts = tuple(each for each in nodes if isinstance(each, StartEvent))
        plain = tuple(each for each in starts if each.trigger is None)
        begun = (each for each in nodes if isinstance(each, SubProcess) and each.is_event)
        return cls(
            starts,
            plain or tuple(each for each in nodes if not each.incoming and not _begins_otherwise(each)),
            tuple(
                (each, start) for each in begun for start in inside.get(each.id, ()) if isinstance(start, StartEvent)
            ),
        )


_NOTHING_INSIDE = _Beginning()


@dataclass(frozen=True, kw_only=True)
class Process:
    """One process of a file (a global task is one with a single node). ``nodes`` and ``flows`` hold those of its sub-processes too."""

    id: str
    name: str
    nodes: Mapping[str, Node]
    flows: Mapping[str, Flow]
    lanes: Mapping[str, Lane] = field(default_factory=dict)
    is_executable: bool = True
    version_tag: str | None = None
    documentation: str = ""

    @cached_property
    def inside(self) -> Mapping[str, tuple[Node, ...]]:
        """The nodes directly inside each scope (the process id or a sub-process id), in file order."""
        found: dict[str, list[Node]] = {}
        for node in self.nodes.values():
            found.setdefault(node.scope, []).append(node)
        return {scope: tuple(nodes) for scope, nodes in found.items()}

    @cached_property
    def stations(self) -> Mapping[str, Station]:
        """The nodes with what follows from the drawing, by id."""
        return {each.id: Station.of(each, self) for each in self.nodes.values()}

    @cached_property
    def targets(self) -> Mapping[str, Station]:
        """Where each flow leads, by its id."""
        return {each.id: self.stations[each.target] for each in self.flows.values()}

    @cached_property
    def has_complex_gateways(self) -> bool:
        """Whether a gateway may have fired and wait for the rest of its tokens."""
        return any(isinstance(each, ComplexGateway) for each in self.nodes.values())

    @cached_property
    def _begins(self) -> Mapping[str, _Beginning]:
        """How each scope begins: found out once."""
        return {scope: _Beginning.of(nodes, self.inside) for scope, nodes in self.inside.items()}

    def starts(self, scope: str) -> tuple[StartEvent, ...]:
        """The start events directly inside ``scope``."""
        return self._begins.get(scope, _NOTHING_INSIDE).starts

    def entries(self, scope: str) -> tuple[Node, ...]:
        """Where the process or sub-process ``scope`` begins: its plain start events, or else every node that no flow leads to and that
        nothing else begins (BPMN 13.3.4).
        """
        return self._begins.get(scope, _NOTHING_INSIDE).entries

    def event_sub_processes(self, scope: str) -> tuple[tuple[SubProcess, StartEvent], ...]:
        """The event sub-processes directly inside ``scope``, each with its start event."""
        return self._begins.get(scope, _NOTHING_INSIDE).event_sub_processes

    def own_compensation(self, node: Node) -> StartEvent | None:
        """The start of the event sub-process by which the sub-process ``node`` undoes itself."""
        starts = (start for _, start in self.event_sub_processes(node.id))
        return next((each for each in starts if isinstance(each.trigger, CompensationDefinition)), None)

    def undoes_itself(self, node: Activity) -> bool:
        """It has a handler or an event sub-process by which it is undone as a whole: what was done inside is not undone by itself."""
        return node.compensated_by is not None or self.own_compensation(node) is not None

    def awaited_after(self, gateway: EventBasedGateway) -> tuple[tuple[Node, EventDefinition | None], ...]:
        """The events after an event-based gateway, each with what it waits for."""
        found = (self.nodes[self.flows[each].target] for each in gateway.outgoing)
        return tuple(
            (each, each.message if isinstance(each, ReceiveTask) else getattr(each, "trigger", None)) for each in found
        )

    def conditions_on(self, node: Node, name: str) -> tuple[tuple[str, Expression], ...]:
        """The flows that leave ``node`` by a condition that may read ``name``, each with it."""
        found = ((each, self.flows[each].condition) for each in node.outgoing)
        return tuple((each, asked) for each, asked in found if asked and name in asked.possible_variables)

    def link_end(self, scope: str, link: LinkDefinition) -> CatchEvent | None:
        """Where the token of a link thrown in ``scope`` goes on."""
        ends = (each for each in self.inside[scope] if isinstance(each, CatchEvent) and each.trigger == link)
        return next(ends, None)

    def entrances(self) -> Mapping[str, Node]:
        """By id, where something that happens begins an instance: start events with a trigger, receive tasks that begin instances, and
        the events after an event-based gateway that does.
        """
        found: dict[str, Node] = {each.id: each for each in self.starts(self.id) if each.trigger is not None}
        for node in self.inside.get(self.id, ()):
            if isinstance(node, ReceiveTask) and node.is_instantiating:
                found[node.id] = node
            elif isinstance(node, EventBasedGateway) and node.is_instantiating:
                found |= {self.flows[each].target: self.nodes[self.flows[each].target] for each in node.outgoing}
        return found


def _begins_otherwise(node: Node) -> bool:
    """No flow leads to it, and still it is not where its scope begins."""
    match node:
        case BoundaryEvent() | StartEvent():
            return True
        case CatchEvent():
            return isinstance(node.trigger, LinkDefinition)
        case SubProcess(is_event=True) | Activity(is_for_compensation=True):
            return True
        case ReceiveTask() | EventBasedGateway():
            return node.is_instantiating
        case _:
            return False


@dataclass(frozen=True, kw_only=True)
class Model:
    """Everything that one version runs on."""

    processes: Mapping[str, Process]
    decisions: Mapping[str, Decision] = field(default_factory=dict)

    @cached_property
    def stations(self) -> Mapping[str, Mapping[str, Station]]:
        """The stations of each process, by its id."""
        return {each.id: each.stations for each in self.processes.values()}

    @cached_property
    def targets(self) -> Mapping[str, Mapping[str, Station]]:
        """Where the flows of each process lead, by its id."""
        return {each.id: each.targets for each in self.processes.values()}

    @cached_property
    def has_conditions(self) -> bool:
        """Whether a condition may be waited for, so that it matters which variables were written."""
        triggers = (getattr(node, "trigger", None) for each in self.processes.values() for node in each.nodes.values())
        return any(isinstance(each, ConditionalDefinition) for found in triggers for each in definitions_of(found))

    @cached_property
    def has_late_work(self) -> bool:
        """Whether there may be something that can only be seen when nothing else moves: a late join, event sub-processes left alone."""
        return any(
            station.is_late_join or isinstance(node, ComplexGateway) or (isinstance(node, SubProcess) and node.is_event)
            for each in self.processes.values()
            for station, node in ((station, station.node) for station in each.stations.values())
        )
