"""What can be said of an expression before anybody runs it: conditions that give no yes or no, times that are none, values that are always
null, slips in names.

The gate says it of every expression of a process, the editors of the one that is typed: both ask ``findings``. What may be right is left
alone: types of variables are known from forms alone, and a name that no step writes may still come with a message.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from engine.errors import Facts, Problem
from engine.feel import Expression, TypeName, UnaryTests, analyse, slips
from engine.feel.printer import printed_type
from engine.model.elements import (
    Activity,
    BoundaryEvent,
    CatchEvent,
    ComplexGateway,
    ConditionalDefinition,
    EndEvent,
    Flow,
    MessageDefinition,
    Node,
    Process,
    ReceiveTask,
    ScriptTask,
    SendTask,
    SingleDefinition,
    StartEvent,
    ThrowEvent,
    TimerDefinition,
    UserTask,
    definitions_of,
)

_CONDITIONS = ("condition", "completionCondition", "loopCondition", "activationCondition", "complexBehaviorDefinition")
"""Places whose expressions are asked for a yes or no."""
_MOMENTS = frozenset({"date", "date and time", "string", "Any"})
_DURATIONS = frozenset({"days and time duration", "years and months duration", "string", "Any"})
_TIMES: Mapping[str, tuple[str, frozenset[str]]] = {
    "timeDate": ("timer_never_a_date", _MOMENTS),
    "timeDuration": ("timer_never_a_duration", _DURATIONS),
    "timeCycle": ("timer_never_a_cycle", frozenset({"string", "Any"})),
    "dueDate": ("task_never_a_date", _MOMENTS | _DURATIONS | {"Null"}),
    "followUpDate": ("task_never_a_date", _MOMENTS | _DURATIONS | {"Null"}),
}
"""Places whose expressions are asked for a time: what is said where they give none, and the types that may be one (``model.schedules``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of the variables: the ``types`` of some, the ``names`` of all that may well be meant."""

    types: Mapping[str, TypeName] = field(default_factory=dict)
    names: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Something about an expression; ``at`` and ``length`` count characters of its source, ``length`` 0 is the word that begins there."""

    code: str
    at: int
    length: int = 0
    facts: Facts
    severity: Literal["error", "warning"] = "warning"


def findings(compiled: Expression | UnaryTests, known: Known, *, is_condition: bool = False) -> Iterator[Found]:
    """What is odd about ``compiled``; an error only where a condition is never true or false, whatever its variables are."""
    analysis = analyse(compiled, known.types)
    found = sorted((*analysis.findings, *slips(compiled, known.names)), key=lambda finding: finding.at)
    if is_condition and analysis.type is not None and _is_no_answer(analysis.type):
        alone = analyse(compiled, {}).type
        is_certain = alone is not None and _is_no_answer(alone)
        if is_certain or not found:  # else what is found tells already why
            yield Found(
                code="condition_never_boolean",
                at=0,
                length=len(compiled.source),
                facts={"type": printed_type(analysis.type), "expression": compiled.source.strip()},
                severity="error" if is_certain else "warning",
            )
    for each in found:
        yield Found(code=each.code, at=each.at, facts=dict(each.facts))


def _never_a_time(place: str, compiled: Expression, known: Known) -> Iterator[Found]:
    """An error where the type of what is to be a time is known, and no time has it: each case would stop there."""
    if place not in _TIMES:
        return
    (code, fitting), kind = _TIMES[place], analyse(compiled, known.types).type
    if kind is not None and kind.name not in fitting:
        yield Found(
            code=code,
            at=0,
            length=len(compiled.source),
            facts={"type": printed_type(kind), "expression": compiled.source.strip()},
            severity="error",
        )


def _is_no_answer(kind: TypeName) -> bool:
    return kind.name not in ("boolean", "Any")


def check_expressions(file: str, process: Process, known: Known) -> Iterator[Problem]:
    """Problems of the expressions of one process: errors for conditions that never give true or false and times that are none, warnings for
    the rest.
    """
    for flow in process.flows.values():
        if flow.condition is not None:
            yield from _problems(file, flow, "condition", flow.condition, known)
    for node in process.nodes.values():
        for place, expression in _expressions(node):
            yield from _problems(file, node, place, expression, known)


def _problems(file: str, element: Flow | Node, place: str, expression: Expression, known: Known) -> Iterator[Problem]:
    told = findings(expression, known, is_condition=place in _CONDITIONS)
    for found in (*told, *_never_a_time(place, expression, known)):
        yield Problem(
            code=found.code,
            file=file,
            element_id=element.id,
            element_name=element.name or None,
            place=place,
            severity=found.severity,
            facts={"expression": expression.source, "position": found.at, **found.facts},
        )


def _expressions(node: Node) -> Iterator[tuple[str, Expression]]:
    """Every expression of a node, with the place that the reader calls it by."""
    if isinstance(node, Activity | EndEvent | ThrowEvent):
        yield from ((f"input {'.'.join(each.target)}", each.source) for each in node.inputs)
    if isinstance(node, Activity | StartEvent | CatchEvent | BoundaryEvent):
        yield from ((f"output {'.'.join(each.target)}", each.source) for each in node.outputs)
    if isinstance(node, Activity) and node.multi_instance is not None:
        many = node.multi_instance
        yield "inputCollection", many.input_collection
        yield from _present(outputElement=many.output_element, completionCondition=many.completion_condition)
        yield from (("complexBehaviorDefinition", each.condition) for each in many.complex)
    if isinstance(node, Activity) and node.loop is not None:
        yield from _present(loopCondition=node.loop.condition)
    if isinstance(node, ComplexGateway):
        yield from _present(activationCondition=node.activation)
    if isinstance(node, UserTask):
        yield from _present(
            assignee=node.assignee, dueDate=node.due, followUpDate=node.follow_up, priority=node.priority
        )
    if isinstance(node, ScriptTask):
        yield "expression", node.expression
    for definition in _definitions(node):
        if isinstance(definition, TimerDefinition):
            yield f"time{definition.kind.value.capitalize()}", definition.expression
        elif isinstance(definition, MessageDefinition):
            yield from _present(correlationKey=definition.correlation_key)
        elif isinstance(definition, ConditionalDefinition):
            yield "condition", definition.condition


def _definitions(node: Node) -> tuple[SingleDefinition, ...]:
    """What the element waits for or throws."""
    if isinstance(node, ReceiveTask | SendTask):
        return (node.message,)
    if isinstance(node, EndEvent | ThrowEvent):
        return definitions_of(node.result)
    return definitions_of(node.trigger) if isinstance(node, StartEvent | CatchEvent | BoundaryEvent) else ()


def _present(**expressions: Expression | None) -> Iterator[tuple[str, Expression]]:
    yield from ((place, expression) for place, expression in expressions.items() if expression is not None)
