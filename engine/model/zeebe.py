"""The ``zeebe:`` extension elements: the vocabulary in which our processes say what plain BPMN leaves open (architecture D6).

What stands in the tables is read; every other element or attribute of the namespace is refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.model.elements import Binding, VariableMapping
from engine.model.expressions import feel_or_text, variable_path
from engine.model.foreign import translate
from engine.model.problems import Problems
from engine.model.vocabulary import ACTIVITIES
from engine.model.xml_file import ZEEBE, Element, child, local_name, namespace_of

ATTRIBUTES: Mapping[str, frozenset[str]] = {
    "taskDefinition": frozenset({"type"}),
    "taskHeaders": frozenset(),
    "header": frozenset({"key", "value"}),
    "ioMapping": frozenset(),
    "input": frozenset({"source", "target"}),
    "output": frozenset({"source", "target"}),
    "assignmentDefinition": frozenset({"assignee", "candidateGroups"}),
    "formDefinition": frozenset({"formId", "bindingType", "versionTag"}),
    "taskSchedule": frozenset({"dueDate", "followUpDate"}),
    "priorityDefinition": frozenset({"priority"}),
    "calledDecision": frozenset({"decisionId", "resultVariable", "bindingType", "versionTag"}),
    "calledElement": frozenset(
        {"processId", "propagateAllChildVariables", "propagateAllParentVariables", "bindingType", "versionTag"}
    ),
    "subscription": frozenset({"correlationKey"}),
    "script": frozenset({"expression", "resultVariable"}),
    "loopCharacteristics": frozenset({"inputCollection", "inputElement", "outputCollection", "outputElement"}),
    "properties": frozenset(),
    "property": frozenset({"name", "value"}),
    "versionTag": frozenset({"value"}),
    "userTask": frozenset(),
}
_CHILDREN: Mapping[str, frozenset[str]] = {
    "ioMapping": frozenset({"input", "output"}),
    "properties": frozenset({"property"}),
    "taskHeaders": frozenset({"header"}),
}
_PARTS = frozenset({"input", "output", "property", "header"})
"""What stands only inside another extension."""
_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "taskDefinition": ("type",),
    "input": ("source", "target"),
    "output": ("source", "target"),
    "formDefinition": ("formId",),
    "priorityDefinition": ("priority",),
    "calledDecision": ("decisionId", "resultVariable"),
    "calledElement": ("processId",),
    "subscription": ("correlationKey",),
    "script": ("expression", "resultVariable"),
    "loopCharacteristics": ("inputCollection",),
    "property": ("name",),
    "versionTag": ("value",),
}
_USER_TASKS = frozenset({"userTask", "globalUserTask"})
_WORK = frozenset({"serviceTask", "scriptTask", "businessRuleTask", "sendTask"}) | {
    *("globalScriptTask", "globalBusinessRuleTask"),
}
_HOSTS: Mapping[str, frozenset[str]] = {
    "taskDefinition": _WORK,
    "taskHeaders": _WORK | _USER_TASKS,
    "ioMapping": ACTIVITIES
    | {"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"},
    "assignmentDefinition": _USER_TASKS,
    "formDefinition": _USER_TASKS,
    "taskSchedule": _USER_TASKS,
    "priorityDefinition": _USER_TASKS,
    "userTask": _USER_TASKS,
    "calledDecision": frozenset({"businessRuleTask", "globalBusinessRuleTask"}),
    "calledElement": frozenset({"callActivity"}),
    "subscription": frozenset({"message"}),
    "script": frozenset({"scriptTask", "globalScriptTask"}),
    "loopCharacteristics": frozenset({"multiInstanceLoopCharacteristics"}),
    "versionTag": frozenset({"process"}),
}
"""Which BPMN elements may carry the extension; ``properties`` may stand anywhere."""

_WITHOUT_INPUTS = frozenset({"startEvent", "intermediateCatchEvent", "boundaryEvent"})
_WITHOUT_OUTPUTS = frozenset({"endEvent", "intermediateThrowEvent"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Extensions:
    """The extension elements of one BPMN element: attributes by element name, mappings, properties."""

    attributes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    inputs: tuple[VariableMapping, ...] = ()
    outputs: tuple[VariableMapping, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Whether there is such an element."""
        return name in self.attributes

    def get(self, name: str, attribute: str) -> str:
        """The attribute's text without blanks around it; empty when there is none."""
        return self.attributes.get(name, {}).get(attribute, "").strip()


def read_extensions(element: Element, owner: Element, problems: Problems) -> Extensions:
    """Read the extension elements of ``element``; problems are noted at ``owner``, the element that people know."""
    holder = child(element, "extensionElements")
    if holder is None and not any(str(key).startswith("{") for key in element.attrib):
        return Extensions()  # as most elements
    attributes: dict[str, Mapping[str, str]] = {}
    inputs: list[VariableMapping] = []
    outputs: list[VariableMapping] = []
    properties: dict[str, str] = {}
    for each in () if holder is None else holder:
        if namespace_of(each) != ZEEBE:
            continue
        name = local_name(each)
        host = local_name(element)
        if name not in ATTRIBUTES or name in _PARTS:
            problems.add("extension_unsupported", owner, place=f"zeebe:{name}", element=f"zeebe:{name}")
        elif name != "properties" and host not in _HOSTS[name]:
            problems.add("extension_misplaced", owner, place=f"zeebe:{name}", element=f"zeebe:{name}", host=host)
        elif name in attributes:
            problems.add("extension_twice", owner, place=f"zeebe:{name}", element=f"zeebe:{name}")
        else:
            _check(each, owner, problems)
            attributes[name] = {str(key): str(value) for key, value in each.attrib.items()}
            if name == "ioMapping":
                inputs, outputs = _read_mappings(each, host, owner, problems)
            elif name == "properties":
                properties = _read_properties(each, owner, problems)
    foreign = translate(element, owner, problems)
    for name, said in foreign.attributes.items():
        if name in attributes:
            place = f"zeebe:{name}"
            problems.add(
                "extension_contradiction", owner, place=place, element=place, other=f"camunda:{next(iter(said))}"
            )
        attributes.setdefault(name, said)
    return Extensions(
        attributes=attributes,
        inputs=(*inputs, *foreign.inputs),
        outputs=(*outputs, *foreign.outputs),
        properties=properties,
    )


def _check(element: Element, owner: Element, problems: Problems) -> None:
    """Unknown attributes and children are refused, missing ones named."""
    name = local_name(element)
    label = f"zeebe:{name}"
    for key in element.attrib:
        if str(key) not in ATTRIBUTES[name]:
            problems.add("extension_attribute_unsupported", owner, place=label, element=label, attribute=str(key))
    _check_binding(element, name, owner, problems)
    for key in _REQUIRED.get(name, ()):
        if not (element.get(key) or "").strip():
            problems.add("extension_attribute_missing", owner, place=label, element=label, attribute=key)
    for each in element:
        if namespace_of(each) != ZEEBE or local_name(each) not in _CHILDREN.get(name, frozenset()):
            problems.add("extension_unsupported", owner, place=label, element=f"{label}/{local_name(each)}")
        else:
            _check(each, owner, problems)


def _check_binding(element: Element, name: str, owner: Element, problems: Problems) -> None:
    """A form and a decision are those of the same version, which never changes; a called process may be of another one."""
    binding, tag = element.get("bindingType", Binding.DEPLOYMENT), (element.get("versionTag") or "").strip()
    label = f"zeebe:{name}"
    if name != "calledElement":
        if binding != Binding.DEPLOYMENT or element.get("versionTag"):
            problems.add("extension_binding_unsupported", owner, place=label, element=label)
    elif binding not in set(Binding) or (binding == Binding.VERSION_TAG) != bool(tag):
        problems.add("called_binding_invalid", owner, place=label, element=label)


def _read_mappings(
    element: Element, host: str, owner: Element, problems: Problems
) -> tuple[list[VariableMapping], list[VariableMapping]]:
    found: dict[str, list[VariableMapping]] = {"input": [], "output": []}
    refused = {"input": host in _WITHOUT_INPUTS, "output": host in _WITHOUT_OUTPUTS}
    for each in element:
        direction = local_name(each)
        source, target = each.get("source"), (each.get("target") or "").strip()
        if namespace_of(each) != ZEEBE or direction not in found or not source or not target:
            continue  # noted by _check
        place = f"{direction} {target}"
        if refused[direction]:
            problems.add("mapping_without_effect", owner, place=place, direction=direction)
            continue
        path = variable_path(target)
        if path is None:
            problems.add("variable_name_invalid", owner, place=place, name=target)
        expression = feel_or_text(source, problems, owner, place)
        if path is not None and expression is not None:
            found[direction].append(VariableMapping(source=expression, target=path))
    return found["input"], found["output"]


def _read_properties(element: Element, owner: Element, problems: Problems) -> dict[str, str]:
    properties: dict[str, str] = {}
    for each in element:
        name = each.get("name")
        if name is None or local_name(each) != "property":
            continue
        if name in properties:
            problems.add("property_twice", owner, place=name, name=name)
        properties[name] = each.get("value") or ""
    return properties
