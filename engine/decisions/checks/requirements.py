"""What decisions say that they require, held against what their logic reads (DMN 1.5 §6.2.2)."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping

from engine.decisions.checks.tables import Owner, part_place, rule_place
from engine.decisions.decision import Decision, Element, Knowledge
from engine.decisions.logic import Logic, Undefined
from engine.decisions.model import DecisionModel
from engine.decisions.table import Table
from engine.errors import Problem
from engine.feel import Expression, UnaryTests
from engine.feel.analysis import LITERALS
from engine.feel.extensions import FUNCTIONS
from engine.feel.functions import BUILTINS
from engine.feel.hints import closest


def requirement_problems(model: DecisionModel, variables: Collection[str] | None = None) -> Iterator[Problem]:
    """Links without use, names without link, inputs that nobody requires: warnings. A decision that nobody requires is what others call.

    ``variables``: as for ``check_model``.
    """
    for decision in model.decisions.values():
        if not isinstance(decision.logic, Undefined):
            yield from _of_decision(model, decision, variables)
    for knowledge in model.knowledge.values():
        yield from _of_knowledge(model, knowledge)
    yield from _unused_inputs(model)


def parts_of(logic: object) -> Iterator[object]:
    """``logic`` and all that stands in it: logic of every kind, and compiled expressions."""
    stack = [logic]
    while stack:
        found = stack.pop()
        if isinstance(found, tuple):
            stack.extend(reversed(found))
            continue
        yield found
        if dataclasses.is_dataclass(found) and not isinstance(found, type):
            stack.extend(getattr(found, each.name) for each in reversed(dataclasses.fields(found)) if each.compare)


def _of_decision(model: DecisionModel, decision: Decision, variables: Collection[str] | None) -> Iterator[Problem]:
    owner = Owner(model.file, decision.id, decision.name)
    required: tuple[Element, ...] = (*decision.data, *decision.requires, *decision.knowledge)
    read = _read(decision.logic)
    for each in required:
        if _known_as(each, decision.prefixes) not in read:
            yield owner.problem("dmn_requirement_unused", name=each.name)
    if model.inputs or required:
        # a file that declares no inputs at all leaves them to the process that calls it
        known = {_known_as(each, decision.prefixes) for each in required}
        yield from _strangers(owner, decision.logic, known, decision.hidden)
    elif variables is not None:
        yield from _unknown_variables(owner, decision.logic, variables)


def _of_knowledge(model: DecisionModel, knowledge: Knowledge) -> Iterator[Problem]:
    known = {_known_as(each, knowledge.prefixes) for each in knowledge.requires}
    known |= {parameter.name for parameter in knowledge.parameters}
    yield from _strangers(Owner(model.file, knowledge.id, knowledge.name), knowledge.logic, known, frozenset())


def _strangers(owner: Owner, logic: Logic, known: set[str], hidden: frozenset[str]) -> Iterator[Problem]:
    # a built-in that is passed on as a value is read like a variable
    for name in sorted(logic.variables - known - hidden - BUILTINS.keys()):
        suggestion, place = closest(name, known), _where(logic, name)
        if suggestion is None:
            yield owner.problem("dmn_name_undeclared", place, name=name)
        else:
            yield owner.problem("dmn_name_undeclared_similar", place, name=name, suggestion=suggestion)


def _unknown_variables(owner: Owner, logic: Logic, known: Collection[str]) -> Iterator[Problem]:
    """Names of a decision that takes its inputs from the process. A column may show what a message brings; a cell that does is a slip."""
    for name in sorted(logic.variables - set(known) - FUNCTIONS.keys()):
        suggestion, place = closest(name, (*known, *LITERALS)), _where(logic, name)
        if suggestion is not None:
            yield owner.problem("dmn_variable_unknown_similar", place, name=name, suggestion=suggestion)
        elif place is not None and place.startswith("rule:"):
            yield owner.problem("dmn_variable_unknown", place, name=name)


def _where(logic: Logic, name: str) -> str | None:
    """The first cell of a table, or the column, that reads ``name``."""
    if not isinstance(logic, Table):
        return None
    labels = [each.label or each.name for each in logic.columns]
    for column, given in enumerate(logic.inputs):
        if name in given.expression.variables:
            return part_place("input", column, given.label)
    for row, rule in enumerate(logic.rules):
        for column, cell in enumerate(rule.tests):
            if name in cell.variables:
                return f"{rule_place(row)}/{part_place('input', column, logic.inputs[column].label)}"
        for column, conclusion in enumerate(rule.outputs):
            if name in conclusion.variables:
                return f"{rule_place(row)}/{part_place('output', column, labels[column])}"
    return None


def _unused_inputs(model: DecisionModel) -> Iterator[Problem]:
    used = {(each.namespace, each.id) for each in _used_data(model)}
    for data in model.inputs.values():
        if model.decisions and (data.namespace, data.id) not in used:
            yield Owner(model.file, data.id, data.name).problem("dmn_input_unused", name=data.name)


def _used_data(model: DecisionModel) -> Iterable[Element]:
    for decision in model.decisions.values():
        yield from decision.data
    for service in model.services.values():
        yield from service.data


def _read(logic: Logic) -> set[str]:
    """Every name that ``logic`` may read: those in filters may be entries of the items, or variables."""
    found = set(logic.variables)
    for part in parts_of(logic):
        if isinstance(part, Expression | UnaryTests):
            found |= part.possible_variables
    return found


def _known_as(element: Element, prefixes: Mapping[str, str]) -> str:
    """The first name by which an expression reaches an element: that of the import, if it is of another file."""
    return prefixes.get(element.namespace) or element.name
