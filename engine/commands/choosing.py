"""Which decision of a file is meant, and what its variables are: names and JSON of a person to a decision and values of FEEL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.commands.speaking import AskedWrongly
from engine.commands.values import typed
from engine.decisions import Decision, DecisionModel
from engine.decisions.table import Table
from engine.feel import TypeName, Value
from engine.feel.hints import closest
from engine.feel.tree import Name

_ANY = TypeName("Any")


def chosen_decision(model: DecisionModel, wanted: str | None) -> Decision:
    """The decision of this name or id; without one, the decision that no other requires.

    Raises AskedWrongly: there is none of this name, or several might be meant.
    """
    decisions = list(model.decisions.values())
    if not decisions:
        raise AskedWrongly("cli_no_decision", file=model.file)
    if wanted is None:
        required = {(each.namespace, each.id) for decision in decisions for each in decision.requires}
        found = [each for each in decisions if (each.namespace, each.id) not in required]
    else:
        found = [each for each in decisions if each.id == wanted] or [each for each in decisions if each.name == wanted]
    if len(found) == 1:
        return found[0]
    if found:
        raise AskedWrongly("cli_several_decisions", names=_listed(found))
    similar = closest(wanted or "", [name for each in decisions for name in (each.id, each.name)])
    code = "cli_decision_unknown" if similar is None else "cli_decision_unknown_similar"
    raise AskedWrongly(code, name=wanted, suggestion=similar, names=_listed(decisions))


def _listed(decisions: list[Decision]) -> str:
    return "".join(f"\n  {each.name}" + (f"  ({each.id})" if each.id != each.name else "") for each in decisions)


def variables_of(decision: Decision, model: DecisionModel, given: Mapping[str, Any]) -> dict[str, Value]:
    """The values of ``given`` by the types that the inputs of ``decision`` declare. ``namespace#name`` tells inputs of one name apart.

    Raises AskedWrongly for a name that no decision of ``model`` reads, for one that is missing, and for a value of another type.
    """
    types = dict(input_types(decision))
    known = {*decision.inputs, *(each.name for each in model.inputs.values())}
    known.update(name for each in model.decisions.values() for name in each.inputs)
    for name in given:
        if name.rpartition("#")[2] not in known:
            similar = closest(name, known)
            code = "cli_input_unknown" if similar is None else "cli_input_unknown_similar"
            raise AskedWrongly(code, name=name, suggestion=similar, names=", ".join(decision.inputs) or "–")
    missing = [name for name in decision.inputs if not any(each.rpartition("#")[2] == name for each in given)]
    if missing:
        raise AskedWrongly("cli_inputs_missing", names=", ".join(missing), count=len(missing))
    return {name: typed(value, types.get(name.rpartition("#")[2], _ANY), name) for name, value in given.items()}


def input_types(decision: Decision) -> Iterator[tuple[str, TypeName]]:
    """The types of the variables that ``decision`` and what it requires read.

    Declared types of input data come last, so that they count where a column of a table that shows the same variable says another one.
    """
    stack, seen = [decision], set()
    declared: list[tuple[str, TypeName]] = []
    while stack:
        each = stack.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        stack.extend(each.requires)
        if isinstance(each.logic, Table):
            for column in each.logic.inputs:
                if column.type is not None and isinstance(column.expression.tree, Name):
                    yield column.expression.tree.name, column.type
        declared += [(data.name, data.type) for data in each.data if data.type is not None]
    yield from declared
