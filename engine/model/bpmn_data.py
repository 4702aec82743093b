"""Data of BPMN: variables that a sub-process declares, and data that is drawn (BPMN 10.4).

A data object is a variable that everybody in the process sees, as in all engines we know; inputs, outputs and associations that only
say so again have no effect. What would carry a value from one name to another is refused: that is said by variable mappings.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.model.bpmn_parts import Part
from engine.model.elements import VariableMapping
from engine.model.expressions import VARIABLE_NAME, compiled
from engine.model.unsupported import PLACEHOLDER
from engine.model.vocabulary import SUB_PROCESSES
from engine.model.xml_file import BPMN, Element, child, children, local_name, reference, text_of

_NAMED = frozenset({"property", "dataObject", "dataInput", "dataOutput", "inputDataItem", "outputDataItem"})
_ASSOCIATIONS = ("dataInputAssociation", "dataOutputAssociation")


def read_item_names(root: Element) -> Mapping[str, str]:
    """By the id of each element of the file, the variable that it names; empty for what names none.

    A reference to a data object names what that names: its own name is a label (BPMN 10.4.1).
    """
    names: dict[str, str] = {}
    references: dict[str, str] = {}
    for each in root.iter(f"{{{BPMN}}}*"):
        identity, name = each.get("id") or "", (each.get("name") or "").strip()
        names[identity] = name if local_name(each) in _NAMED and name != PLACEHOLDER else ""
        if local_name(each) == "dataObjectReference":
            references[identity] = reference(each.get("dataObjectRef") or "")
    return names | {identity: names.get(to, "") for identity, to in references.items()}


def declared(part: Part) -> tuple[VariableMapping, ...]:
    """The properties of a sub-process are variables of its own: each begins as null, and what is written to it inside stays inside."""
    if part.raw.kind not in SUB_PROCESSES:
        return ()
    found: list[VariableMapping] = []
    for each in children(part.raw.element, "property"):
        name = (each.get("name") or each.get("id") or "").strip()
        if name == PLACEHOLDER:
            continue
        nothing = compiled("null", part.problems, part.raw.element, "property")
        if VARIABLE_NAME.fullmatch(name) is None or nothing is None:
            part.problems.add("variable_name_invalid", part.raw.element, place="property", name=name)
            continue
        found.append(VariableMapping(source=nothing, target=(name,)))
    return tuple(found)


def check_data(part: Part) -> None:
    """Associations lead from something to something, and not from one name to another."""
    names = part.reading.item_names
    for kind in _ASSOCIATIONS:
        for each in children(part.raw.element, kind):
            ends = [reference(text_of(end)) for end in (*children(each, "sourceRef"), *children(each, "targetRef"))]
            for end in ends:
                if end not in names:
                    part.problems.add("reference_unknown", part.raw.element, place=kind, reference=end)
            if len({names[end] for end in ends if names.get(end)}) > 1:
                part.problems.add("unsupported_data_association", part.raw.element, place=kind)


def variable_of(owner: Element, key: str, names: Mapping[str, str]) -> str | None:
    """The variable that ``key``, an id, stands for: its own name, or that of what an association brings to it, or its id."""
    if not key:
        return None
    ends = [key]
    for kind in _ASSOCIATIONS:
        for each in children(owner, kind):
            pair = [reference(text_of(child(each, end))) for end in ("sourceRef", "targetRef")]
            if key in pair:
                ends += [end for end in pair if end != key]
    name = next((names[end] for end in ends if names.get(end)), ends[-1])
    return name if VARIABLE_NAME.fullmatch(name) else None
