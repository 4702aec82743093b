"""What can be said of the expressions of a process before anybody runs it: conditions that give no yes or no, values that are always null.

The types of variables are not known here; what may be right is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from engine.errors import Facts, Problem
from engine.feel import Expression, analyse
from engine.model.elements import (
    Activity,
    BoundaryEvent,
    CatchEvent,
    EndEvent,
    Flow,
    MessageDefinition,
    Node,
    Process,
    ScriptTask,
    StartEvent,
    ThrowEvent,
    TimerDefinition,
    UserTask,
)


def check_expressions(file: str, process: Process) -> Iterator[Problem]:
    """Problems of the expressions of one process: errors for conditions that never give true or false, warnings for the rest."""
    for flow in process.flows.values():
        if flow.condition is not None:
            yield from _expression(file, flow, "condition", flow.condition, is_condition=True)
    for node in process.nodes.values():
        for place, expression in _expressions(node):
            yield from _expression(file, node, place, expression, is_condition=place == "completionCondition")


def _expression(
    file: str, element: Flow | Node, place: str, expression: Expression, *, is_condition: bool
) -> Iterator[Problem]:
    analysis = analyse(expression, {})

    def problem(code: str, severity: Literal["error", "warning"], facts: Facts) -> Problem:
        return Problem(
            code=code,
            file=file,
            element_id=element.id,
            element_name=element.name or None,
            place=place,
            severity=severity,
            facts={"expression": expression.source, **facts},
        )

    if is_condition and analysis.type is not None and analysis.type.name != "boolean":
        yield problem("condition_never_boolean", "error", {"type": analysis.type.name})
    for finding in analysis.findings:
        yield problem(finding.code, "warning", {"position": finding.at, **finding.facts})


def _expressions(node: Node) -> Iterator[tuple[str, Expression]]:
    """Every expression of a node, with the place that the reader calls it by."""
    if isinstance(node, Activity | EndEvent | ThrowEvent):
        yield from ((f"input {'.'.join(each.target)}", each.source) for each in node.inputs)
    if isinstance(node, Activity | StartEvent | CatchEvent | BoundaryEvent):
        yield from ((f"output {'.'.join(each.target)}", each.source) for each in node.outputs)
    if isinstance(node, Activity) and node.multi_instance is not None:
        loop = node.multi_instance
        yield "inputCollection", loop.input_collection
        yield from _present(outputElement=loop.output_element, completionCondition=loop.completion_condition)
    if isinstance(node, UserTask):
        yield from _present(
            assignee=node.assignee, dueDate=node.due, followUpDate=node.follow_up, priority=node.priority
        )
    if isinstance(node, ScriptTask):
        yield "expression", node.expression
    if isinstance(node, StartEvent | CatchEvent | BoundaryEvent):
        trigger = node.trigger
        if isinstance(trigger, TimerDefinition):
            yield f"time{trigger.kind.value.capitalize()}", trigger.expression
        elif isinstance(trigger, MessageDefinition):
            yield from _present(correlationKey=trigger.correlation_key)


def _present(**expressions: Expression | None) -> Iterator[tuple[str, Expression]]:
    yield from ((place, expression) for place, expression in expressions.items() if expression is not None)
