"""Data of BPMN: variables that a sub-process declares, and data that is drawn (BPMN 10.4).

A data object is a variable that everybody in the process sees, as in all engines we know. Where a value must be handed over (to a
handler, a called process, a message) an association hands it over under its name; elsewhere inputs, outputs and associations only say
again what is so. What would carry a value from one name to another is refused: that is said by variable mappings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.model.bpmn_parts import Part
from engine.model.elements import VariableMapping
from engine.model.expressions import VARIABLE_NAME, compiled
from engine.model.unsupported import PLACEHOLDER
from engine.model.vocabulary import SUB_PROCESSES
from engine.model.xml_file import BPMN, Element, child, children, local_name, reference, text_of
from engine.model.zeebe import Extensions

_NAMED = frozenset({"property", "dataObject", "dataInput", "dataOutput", "inputDataItem", "outputDataItem"})
_GIVES = frozenset({"serviceTask", "sendTask", "callActivity", "intermediateThrowEvent", "endEvent"})
"""What sees only what it is given, or sends it away."""
_ASSOCIATIONS = ("dataInputAssociation", "dataOutputAssociation")


def read_item_names(root: Element) -> Mapping[str, str | None]:
    """By the id of each element of the file, the variable that it names: empty when it has no name, None when it is no variable.

    A reference to a data object names what that names: its own name is a label (BPMN 10.4.1).
    """
    names: dict[str, str | None] = {}
    references: dict[str, str] = {}
    for each in root.iter(f"{{{BPMN}}}*"):
        identity, name = each.get("id") or "", (each.get("name") or "").strip()
        names[identity] = name if local_name(each) in _NAMED and name != PLACEHOLDER else None
        if local_name(each) == "dataObjectReference":
            references[identity] = reference(each.get("dataObjectRef") or "")
    return names | {identity: names.get(to) for identity, to in references.items()}


def _declared(part: Part) -> tuple[VariableMapping, ...]:
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


def variable_of(owner: Element, key: str, names: Mapping[str, str | None]) -> str | None:
    """The variable that ``key``, an id, stands for: its own name, or that of what an association brings to it, or its id."""
    if not key:
        return None
    ends = [key]
    for kind in _ASSOCIATIONS:
        for each in children(owner, kind):
            pair = [reference(text_of(child(each, end))) for end in ("sourceRef", "targetRef")]
            if key in pair:
                ends += [end for end in pair if end != key]
    name = next((named for end in ends if (named := names.get(end))), ends[-1])
    return name if VARIABLE_NAME.fullmatch(name) else None


def handed_over(part: Part) -> Extensions:
    """The extensions, with a mapping for each value that an association hands over; a mapping of the same target goes before it."""
    inputs = _carried(part, "dataInputAssociation") if part.raw.kind in _GIVES else []
    outputs = _carried(part, "dataOutputAssociation") if part.raw.kind == "callActivity" else []
    given = part.extensions
    return replace(
        given,
        inputs=(*_declared(part), *_others(inputs, given.inputs), *given.inputs),
        outputs=(*_others(outputs, given.outputs), *given.outputs),
    )


def _others(found: list[VariableMapping], given: tuple[VariableMapping, ...]) -> list[VariableMapping]:
    return [each for each in found if each.target not in {one.target for one in given}]


def _carried(part: Part, kind: str) -> list[VariableMapping]:
    """What leads into a data input, or out of a data output; what leads to a placeholder or comes from a data store is drawn."""
    names = part.reading.item_names
    inner = "targetRef" if kind == "dataInputAssociation" else "sourceRef"
    many = child(part.raw.element, "multiInstanceLoopCharacteristics")
    collections = {
        reference(text_of(child(many, name))) for name in ("loopDataInputRef", "loopDataOutputRef") if many is not None
    }
    found: list[VariableMapping] = []
    for each in children(part.raw.element, kind):
        ends = [reference(text_of(end)) for end in (*children(each, "sourceRef"), *children(each, "targetRef"))]
        if len(ends) != 2 or any(names.get(end) is None for end in ends):
            continue
        key = reference(text_of(child(each, inner)))
        if key in collections:
            continue  # taken apart, item by item
        name = variable_of(part.raw.element, key, names)
        value = None if name is None else compiled(name, part.problems, part.raw.element, kind)
        if name is None or value is None:
            part.problems.add("unsupported_data_association", part.raw.element, place=kind)
        else:
            found.append(VariableMapping(source=value, target=(name,)))
    return found
