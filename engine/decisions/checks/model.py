"""All checks of one DMN file that goes beyond being readable."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from engine.decisions.checks.requirements import parts_of, requirement_problems
from engine.decisions.checks.tables import Owner, check_table, expression_problem
from engine.decisions.decision import Decision, InputData
from engine.decisions.logic import Literal, Logic
from engine.decisions.model import DecisionModel
from engine.decisions.table import Input, Table
from engine.decisions.types import ItemType
from engine.errors import Problem
from engine.feel import TypeName
from engine.feel.analysis import analyse


def check_model(model: DecisionModel, variables: Collection[str] | None = None) -> tuple[Problem, ...]:
    """What stands against using ``model`` though it can be read: contradictions (errors), and what is suspicious (warnings).

    ``variables`` are those of the process that calls it, where known: they stand for the inputs of a file that declares none.
    Its own ``warnings`` are not repeated. Not run when a file is merely loaded to decide with.
    """
    return (*requirement_problems(model, variables), *_logic_problems(model))


def _logic_problems(model: DecisionModel) -> Iterator[Problem]:
    for decision in model.decisions.values():
        types = _types_for(decision)
        limits = {data.name: data.kind for data in decision.data if data.kind is not None}
        yield from _of_logic(decision.logic, Owner(model.file, decision.id, decision.name), types, limits)
    for knowledge in model.knowledge.values():
        kinds = {each.name: each.kind for each in knowledge.parameters if each.kind is not None}
        types = {name: kind.feel for name, kind in kinds.items()}
        yield from _of_logic(knowledge.logic, Owner(model.file, knowledge.id, knowledge.name), types, kinds)


def _types_for(decision: Decision) -> dict[str, TypeName]:
    """The types of what a decision requires of its own file, where declared."""
    required: tuple[Decision | InputData, ...] = (*decision.data, *decision.requires)
    return {
        each.name: each.type for each in required if each.type is not None and not decision.prefixes.get(each.namespace)
    }


def _of_logic(
    logic: Logic, owner: Owner, types: Mapping[str, TypeName], limits: Mapping[str, ItemType]
) -> Iterator[Problem]:
    if isinstance(logic, Literal):
        for finding in analyse(logic.expression, types).findings:
            yield expression_problem(owner, finding, logic.expression, None)
    for part in parts_of(logic):
        if isinstance(part, Table):
            # inside other logic a name may mean an entry of its own: what the graph says of it no longer holds
            is_whole = part is logic
            table = replace(part, inputs=tuple(_limited(each, limits) for each in part.inputs)) if is_whole else part
            yield from check_table(table, owner, types if is_whole else {})


def _limited(column: Input, limits: Mapping[str, ItemType]) -> Input:
    """A column that shows an input of the graph has the values that the input's type allows."""
    kind = limits.get(column.expression.source.strip())
    return column if kind is None else replace(column, limits=(*column.limits, *kind.limits))
