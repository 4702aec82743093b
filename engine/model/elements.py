"""What a process is: immutable elements, no I/O, no execution. The reader builds them, the kernel moves tokens over them.

A ``Model`` is everything that one version needs to run: its processes, its decisions. Ids are those of the BPMN file. Expressions are
compiled FEEL (``engine.feel``). What stands here is implemented by the kernel; what is not implemented is refused by the reader by name.
BPMN 2.0.2 section numbers are those of OMG formal/2013-12-09.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from engine.decisions import Decision
from engine.feel import Expression


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


EventDefinition = TimerDefinition | MessageDefinition | ErrorDefinition


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A sequence flow. ``condition`` only where it leaves an exclusive or inclusive gateway."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiInstance:
    """``zeebe:loopCharacteristics`` (BPMN 13.3.7): one inner instance per item of ``input_collection``.

    ``input_element`` names the item inside; ``output_element`` is collected, in the order of the items, into
    ``output_collection``; ``completion_condition`` is asked after each inner completion; the rest is then cancelled.
    """

    is_sequential: bool
    input_collection: Expression
    input_element: str | None = None
    output_collection: str | None = None
    output_element: Expression | None = None
    completion_condition: Expression | None = None


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
    """``trigger`` None is the plain start; a timer or message start begins a new instance (process level only)."""

    trigger: TimerDefinition | MessageDefinition | None = None
    outputs: tuple[VariableMapping, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EndEvent(Node):
    """``result`` None is the plain end; a terminate end ends its scope; an error or message end throws."""

    result: ErrorDefinition | MessageDefinition | None = None
    is_terminate: bool = False
    inputs: tuple[VariableMapping, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CatchEvent(Node):
    """An intermediate catch event: a timer or a message."""

    trigger: TimerDefinition | MessageDefinition
    outputs: tuple[VariableMapping, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ThrowEvent(Node):
    """An intermediate throw event: nothing (a mark) or a message (payload by ``inputs``)."""

    result: MessageDefinition | None = None
    inputs: tuple[VariableMapping, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundaryEvent(Node):
    """Attached to an activity. An error always interrupts."""

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
class Activity(Node):
    """What can carry mappings, boundary events (ids) and a multi-instance marker."""

    inputs: tuple[VariableMapping, ...] = ()
    outputs: tuple[VariableMapping, ...] = ()
    boundary: tuple[str, ...] = ()
    multi_instance: MultiInstance | None = None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class CallActivity(Activity):
    """``process`` is an id in ``Model.processes``. The callee runs in a scope of its own that sees only ``inputs`` (all of the caller's
    visible variables when ``propagates_all_in``); back come ``outputs`` (or everything, when ``propagates_all_out``).
    """

    process: str
    propagates_all_in: bool = False
    propagates_all_out: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SubProcess(Activity):
    """An embedded sub-process: its nodes have ``scope`` = this id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """``role`` stands in the lane's ``zeebe:properties`` (name ``role``)."""

    id: str
    name: str
    role: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process of a file. ``nodes`` and ``flows`` hold those of its sub-processes too."""

    id: str
    name: str
    nodes: Mapping[str, Node]
    flows: Mapping[str, Flow]
    lanes: Mapping[str, Lane] = field(default_factory=dict)
    is_executable: bool = True
    version_tag: str | None = None
    documentation: str = ""

    def starts(self, scope: str) -> tuple[StartEvent, ...]:
        """The start events directly inside ``scope`` (the process id or a sub-process id), in file order."""
        return tuple(n for n in self.nodes.values() if isinstance(n, StartEvent) and n.scope == scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Everything that one version runs on."""

    processes: Mapping[str, Process]
    decisions: Mapping[str, Decision] = field(default_factory=dict)
