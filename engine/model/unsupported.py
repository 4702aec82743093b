"""Refusing by name what the engine does not do: one walk over the file, against the tables of ``vocabulary``."""

from __future__ import annotations

from engine.model.problems import Problems
from engine.model.vocabulary import (
    ATTRIBUTES,
    CHILDREN,
    FLOW_NODES,
    REFUSED_ATTRIBUTES,
    REFUSED_CHILDREN,
    REFUSED_NODES,
    SUPPORTED_NODES,
    TRUE,
)
from engine.model.xml_file import BPMN, Element, children, local_name, namespace_of
from engine.model.zeebe import read_extensions, refuse_foreign

_OWNERS = FLOW_NODES | {
    *("process", "sequenceFlow", "lane", "message", "error", "signal", "escalation", "participant", "messageFlow")
}
"""Elements that people know by their id; what stands inside is reported at them."""

_READ = SUPPORTED_NODES | {"process", "lane", "message", "multiInstanceLoopCharacteristics"}
"""Elements whose extensions the reader reads; at all others an extension has no meaning for us, and is said to have none."""

_XPATH = "http://www.w3.org/1999/XPath"
"""The schema's default, which editors write out: it says no more than its absence, and absence means FEEL here."""

_EXPRESSIONS = frozenset(
    {"conditionExpression", "condition", "activationCondition", "loopCondition", "completionCondition"}
)

_PLACEHOLDER = "__targetRef_placeholder"
"""What bpmn.io's editors put into a task so that a drawn data association is valid."""


def refuse_unsupported(root: Element, problems: Problems) -> None:
    """Note everything under ``root`` (``definitions``) that would change the path and that the engine does not do."""
    _visit(root, root, problems)


def is_executable(process: Element) -> bool:
    """Only executable processes run; others are drawings of what somebody else does."""
    return process.get("isExecutable") in TRUE


def _visit(element: Element, owner: Element, problems: Problems) -> None:
    name = local_name(element)
    if name == "process" and not is_executable(element):
        return
    if name in REFUSED_NODES:
        problems.add(REFUSED_NODES[name], element)
        return
    _check_attributes(element, owner, problems)
    _check_extensions(element, owner, problems)
    _check_meaning(element, owner, problems)
    for each in element:
        if namespace_of(each) == BPMN:
            _visit_child(each, element, owner, problems)


def _visit_child(element: Element, parent: Element, owner: Element, problems: Problems) -> None:
    name = local_name(element)
    own = element if name in _OWNERS else owner
    known = CHILDREN.get(local_name(parent), frozenset())
    if name not in known:
        problems.add(REFUSED_CHILDREN.get(name, "unsupported_child"), own, place=name, child=name)
    elif name in CHILDREN or name in REFUSED_NODES:
        _visit(element, own, problems)
    elif name != "extensionElements":
        _check_extensions(element, own, problems)
        _check_meaning(element, own, problems)


def _check_extensions(element: Element, owner: Element, problems: Problems) -> None:
    refuse_foreign(element, owner, problems)
    if local_name(element) not in _READ:
        read_extensions(element, owner, problems)


def _check_attributes(element: Element, owner: Element, problems: Problems) -> None:
    known = ATTRIBUTES.get(local_name(element))
    if known is None:
        return
    for key, value in element.attrib.items():
        name = str(key)
        if name.startswith("{"):
            continue  # another namespace: refuse_foreign
        allowed = known.get(name, frozenset())
        if allowed is not None and value not in allowed:
            code = REFUSED_ATTRIBUTES.get(name, "unsupported_attribute")
            problems.add(code, owner, place=name, attribute=name, value=str(value))


def _check_meaning(element: Element, owner: Element, problems: Problems) -> None:
    """What is a drawing only as long as it says no more."""
    name = local_name(element)
    if name == "definitions" or name in _EXPRESSIONS:
        attribute = "expressionLanguage" if name == "definitions" else "language"
        language = element.get(attribute)
        if language is not None and language != _XPATH and "feel" not in language.lower():
            problems.add("unsupported_expression_language", owner, place=attribute, language=language)
    elif name == "import":
        problems.add("unsupported_import", owner, place=name, location=element.get("location"))
    elif name == "extension" and element.get("mustUnderstand") in TRUE:
        problems.add("unsupported_extension", owner, place=name, definition=element.get("definition"))
    elif name in {"dataInputAssociation", "dataOutputAssociation"}:
        if children(element, "assignment") or children(element, "transformation"):
            problems.add("unsupported_data_association", owner, place=name)
    elif name == "property" and element.get("name") != _PLACEHOLDER and local_name(owner) != "process":
        # a property of the process is one of its variables; inside, it would open a scope of its own
        problems.add("unsupported_property", owner, place=name, name=element.get("name") or element.get("id"))
    elif name == "messageFlow":
        problems.add("message_flow_without_effect", owner, severity="warning")
