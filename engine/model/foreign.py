"""The vocabularies of other engines: what is plainly the same as an extension of ours is read as that one, the rest is refused by name.

``camunda:`` (Camunda 7) says with attributes what ``zeebe:`` says with elements; values are constants, because its expressions are JUEL
(``${…}``), which is not run here. Everything of all other namespaces (colours, editors' notes) stays without effect.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from lxml import etree

from engine.model.elements import VariableMapping
from engine.model.expressions import VARIABLE_NAME, compiled, quoted
from engine.model.problems import Problems
from engine.model.vocabulary import ACTIVITIES
from engine.model.xml_file import BPMN, ZEEBE, Element, child, local_name, namespace_of, text_of

CAMUNDA = "http://camunda.org/schema/1.0/bpmn"
SPIFFWORKFLOW = "http://spiffworkflow.org/bpmn/schema/1.0/core"
EXECUTING_NAMESPACES: Mapping[str, str] = {
    CAMUNDA: "camunda",
    SPIFFWORKFLOW: "spiffworkflow",
    "http://activiti.org/bpmn": "activiti",
    "http://flowable.org/bpmn": "flowable",
    "http://www.jboss.org/drools": "drools",
}
"""Vocabularies by which other engines execute: whoever wrote them meant something that we would not do."""

_Targets = Mapping[str, tuple[str, str]]
_USER_TASK: _Targets = {
    "assignee": ("assignmentDefinition", "assignee"),
    "candidateGroups": ("assignmentDefinition", "candidateGroups"),
    "formKey": ("formDefinition", "formId"),
    "formRef": ("formDefinition", "formId"),
    "formRefBinding": ("formDefinition", "bindingType"),
    "dueDate": ("taskSchedule", "dueDate"),
    "followUpDate": ("taskSchedule", "followUpDate"),
    "priority": ("priorityDefinition", "priority"),
}
_EXTERNAL: _Targets = {"topic": ("taskDefinition", "type"), "type": ("taskDefinition", "")}
SAME_AS: Mapping[str, _Targets] = {
    "userTask": _USER_TASK,
    "globalUserTask": _USER_TASK,
    "serviceTask": _EXTERNAL,
    "sendTask": _EXTERNAL,
    "businessRuleTask": _EXTERNAL,
    "scriptTask": {"resultVariable": ("script", "resultVariable")},
    "globalScriptTask": {"resultVariable": ("script", "resultVariable")},
    "callActivity": {"calledElementBinding": ("calledElement", "bindingType")},
    "process": {"versionTag": ("versionTag", "value")},
    "multiInstanceLoopCharacteristics": {
        "collection": ("loopCharacteristics", "inputCollection"),
        "elementVariable": ("loopCharacteristics", "inputElement"),
    },
}
"""``camunda:`` attributes by BPMN element, with the ``zeebe:`` element and attribute that say the same."""

KEPT: Mapping[str, frozenset[str]] = {
    CAMUNDA: frozenset(
        {
            *("asyncBefore", "asyncAfter", "exclusive", "jobPriority", "historyTimeToLive", "isStartableInTasklist"),
            *("modelerTemplate", "modelerTemplateVersion", "modelerTemplateIcon", "diagramRelationId", "properties"),
        }
    ),
    SPIFFWORKFLOW: frozenset({"instructionsForEndUser", "unitTests"}),
}
"""What says how another engine stores or shows, never where the path goes."""

_JUEL = re.compile(r"[$#]\{\s*(.*?)\s*\}", re.DOTALL)
_MAPPINGS = {"in": ("source", "target", "variables"), "out": ("source", "target", "variables")}
_HAS_INPUTS = ACTIVITIES | {"endEvent", "intermediateThrowEvent"}


_ONLY_CHECKED = frozenset({"", "bindingType"})
"""Attributes that say what is so anyway."""


@dataclass(slots=True, kw_only=True)
class Translated:
    """What the foreign vocabulary of one element says, in the words of ``zeebe:``."""

    attributes: dict[str, dict[str, str]] = field(default_factory=dict)
    inputs: list[VariableMapping] = field(default_factory=list)
    outputs: list[VariableMapping] = field(default_factory=list)


def _label(element_or_attribute: Element | str) -> str:
    name = etree.QName(element_or_attribute)
    return f"{EXECUTING_NAMESPACES.get(name.namespace or '', 'zeebe')}:{name.localname}"


def _holder(element: Element) -> list[Element]:
    holder = child(element, "extensionElements")
    return [] if holder is None else list(holder)


def _is_known(name: etree.QName, element: Element) -> bool:
    if name.localname in KEPT.get(name.namespace or "", ()):
        return True
    return name.namespace == CAMUNDA and name.localname in SAME_AS.get(local_name(element), {})


def _is_known_element(each: Element, host: str) -> bool:
    name = etree.QName(each)
    if name.localname in KEPT.get(name.namespace or "", ()):
        return True
    if name.namespace != CAMUNDA:
        return False
    return (host == "callActivity" and name.localname in _MAPPINGS) or (
        host in _HAS_INPUTS and name.localname == "inputOutput"
    )


def refuse_foreign(element: Element, owner: Element, problems: Problems) -> None:
    """Refuse what other engines would execute and we would not: their attributes and elements, and unknown ``zeebe:`` attributes."""
    for key in element.attrib:
        name = etree.QName(str(key))
        is_zeebe = name.namespace == ZEEBE and not name.localname.startswith("modelerTemplate")
        if is_zeebe or (name.namespace in EXECUTING_NAMESPACES and not _is_known(name, element)):
            problems.add("foreign_execution", owner, place=_label(str(key)), name=_label(str(key)))
    for each in element:
        if namespace_of(each) == ZEEBE and local_name(element) != "extensionElements":
            problems.add(
                "extension_misplaced", owner, place=_label(each), element=_label(each), host=local_name(element)
            )
    inside = [*_holder(element), *(each for each in element if namespace_of(each) != BPMN)]
    for each in inside:
        if namespace_of(each) in EXECUTING_NAMESPACES and not _is_known_element(each, local_name(element)):
            problems.add("foreign_execution", owner, place=_label(each), name=_label(each))


def translate(element: Element, owner: Element, problems: Problems) -> Translated:
    """What the known foreign attributes and elements of ``element`` say; expressions are refused by name, with how to say them here."""
    found = Translated()
    targets = SAME_AS.get(local_name(element), {})
    for key, value in element.attrib.items():
        name = etree.QName(str(key))
        if name.namespace == CAMUNDA and name.localname in targets:
            same, attribute = targets[name.localname]
            text = _constant(name.localname, str(value).strip(), owner, problems)
            if text is not None and attribute not in _ONLY_CHECKED:
                found.attributes.setdefault(same, {})[attribute] = text
    for each in _holder(element):
        if namespace_of(each) == CAMUNDA and _is_known_element(each, local_name(element)):
            if local_name(each) == "inputOutput":
                _read_parameters(each, found, owner, problems)
            elif local_name(each) in _MAPPINGS:
                _read_passed(each, found, owner, problems)
    return found


def _is_constant(label: str, text: str, owner: Element, problems: Problems) -> bool:
    """Note a JUEL expression; what begins with ``=`` is no expression there, and would be one here."""
    juel = _JUEL.search(text)
    if juel is not None:
        problems.add("foreign_expression", owner, place=label, name=label, text=text, feel=f"= {juel[1]}")
    elif text.startswith("="):
        problems.add("foreign_execution", owner, place=label, name=label)
    return juel is None and not text.startswith("=")


def _constant(name: str, text: str, owner: Element, problems: Problems) -> str | None:
    """The text of an attribute as our extension has it."""
    label = f"camunda:{name}"
    if not _is_constant(label, text, owner, problems):
        return None
    is_foreign_form = name == "formKey" and ":" in text  # a page of that engine
    if is_foreign_form or (name == "type" and text != "external"):
        problems.add("foreign_execution", owner, place=label, name=label)
        return None
    if name in {"formRefBinding", "calledElementBinding"} and text != "deployment":
        problems.add("extension_binding_unsupported", owner, place=label, element=label)
    if name in {"collection", "elementVariable", "resultVariable"} and VARIABLE_NAME.fullmatch(text) is None:
        problems.add("variable_name_invalid", owner, place=label, name=text)
        return None
    # a collection is the name of a variable there, an expression here
    return f"= {text}" if name == "collection" else text


def _read_parameters(element: Element, found: Translated, owner: Element, problems: Problems) -> None:
    """Inputs that are constants. An output would leave beside everything else there, and instead of it here."""
    for each in element:
        label, name = _label(each), (each.get("name") or "").strip()
        if local_name(each) != "inputParameter" or len(each) > 0:
            problems.add("foreign_execution", owner, place=label, name=label)
        elif VARIABLE_NAME.fullmatch(name) is None:
            problems.add("variable_name_invalid", owner, place=label, name=name)
        elif _is_constant(f"{label} {name}", text_of(each), owner, problems):
            expression = compiled(quoted(text_of(each)), problems, owner, label)
            if expression is not None:
                found.inputs.append(VariableMapping(source=expression, target=(name,)))


def _read_passed(element: Element, found: Translated, owner: Element, problems: Problems) -> None:
    """Variables that a call hands in or out: by name, or all."""
    direction, label = local_name(element), _label(element)
    unknown = [str(key) for key in element.attrib if key not in _MAPPINGS[direction]]
    if unknown or (element.get("variables") or "all") != "all":
        problems.add("foreign_execution", owner, place=label, name=f"{label} {' '.join(unknown)}".strip())
        return
    called = found.attributes.setdefault(
        "calledElement", {"propagateAllParentVariables": "false", "propagateAllChildVariables": "false"}
    )
    if element.get("variables"):
        called["propagateAllParentVariables" if direction == "in" else "propagateAllChildVariables"] = "true"
        return
    source, target = ((element.get(each) or "").strip() for each in ("source", "target"))
    for name in (source, target):
        if VARIABLE_NAME.fullmatch(name) is None:
            problems.add("variable_name_invalid", owner, place=label, name=name)
            return
    expression = compiled(source, problems, owner, label)
    if expression is not None:
        mappings = found.inputs if direction == "in" else found.outputs
        mappings.append(VariableMapping(source=expression, target=(target,)))
