"""Refusing by name what the engine does not do: one walk over the file, against the table of ``bpmn_rules``."""

from __future__ import annotations

from engine.model.bpmn_rules import KINDS, Kind, Meaning
from engine.model.foreign import refuse_foreign
from engine.model.problems import Problems
from engine.model.vocabulary import (
    FLOW_NODES,
    GLOBAL_TASKS,
    REFUSED_ATTRIBUTES,
    REFUSED_CHILDREN,
    REFUSED_NODES,
    SUPPORTED_NODES,
    TRUE,
)
from engine.model.xml_file import BPMN, Element, children, local_name, namespace_of
from engine.model.zeebe import read_extensions

_OWNERS = (
    FLOW_NODES
    | GLOBAL_TASKS.keys()
    | {
        *("process", "sequenceFlow", "lane", "message", "error", "signal", "escalation", "participant", "messageFlow"),
        *("resource",),
    }
)
"""Elements that people know by their id; what stands inside is reported at them."""

_READ = SUPPORTED_NODES | GLOBAL_TASKS.keys() | {"process", "lane", "message", "multiInstanceLoopCharacteristics"}
"""Elements whose extensions the reader reads; at all others an extension has no meaning for us, and is said to have none."""

_XPATH = "http://www.w3.org/1999/XPath"
"""The schema's default, which editors write out: it says no more than its absence, and absence means FEEL here."""

PLACEHOLDER = "__targetRef_placeholder"
"""What bpmn.io's editors put into a task so that a drawn data association is valid."""


def refuse_unsupported(root: Element, problems: Problems) -> None:
    """Note everything under ``root`` (``definitions``) that would change the path and that the engine does not do."""
    _visit(root, KINDS["definitions"], root, problems)


def is_executable(process: Element) -> bool:
    """Only executable processes run; others are drawings of what somebody else does."""
    return process.get("isExecutable") in TRUE


def _visit(element: Element, kind: Kind, owner: Element, problems: Problems) -> None:
    if local_name(element) == "process" and not is_executable(element):
        return
    _check_attributes(element, kind, owner, problems)
    _check_extensions(element, owner, problems)
    for each in element:
        if namespace_of(each) == BPMN:
            _visit_child(each, kind, owner, problems)


def _visit_child(element: Element, parent: Kind, owner: Element, problems: Problems) -> None:
    name = local_name(element)
    own = element if name in _OWNERS else owner
    rule = parent.children.get(name)
    if rule is None or rule.meaning is Meaning.REFUSED:
        facts: dict[str, str | int | None] = {"child": name}
        if name == "import":
            facts["location"] = element.get("location")
        code = REFUSED_CHILDREN.get(name, "unsupported_child")
        if code == "event_not_here":
            problems.add(code, own, place="eventDefinition")  # just as the reader of the event says it
        else:
            problems.add_facts(code, facts, own, place=None if name in REFUSED_NODES else name)
        return
    _check_meaning(element, rule.kind, own, problems)
    if rule.meaning is Meaning.READ and rule.kind in KINDS:
        _visit(element, KINDS[rule.kind], own, problems)
    elif name != "extensionElements":
        _check_extensions(element, own, problems)


def _check_extensions(element: Element, owner: Element, problems: Problems) -> None:
    refuse_foreign(element, owner, problems)
    if local_name(element) not in _READ:
        read_extensions(element, owner, problems)


def _check_attributes(element: Element, kind: Kind, owner: Element, problems: Problems) -> None:
    for key, value in element.attrib.items():
        name = str(key)
        if name.startswith("{"):
            continue  # another namespace: refuse_foreign
        rule = kind.attributes.get(name)
        if rule is None or rule.meaning is Meaning.REFUSED or (rule.values is not None and value not in rule.values):
            code = REFUSED_ATTRIBUTES.get(name, "unsupported_attribute")
            if name == "mustUnderstand":
                problems.add("unsupported_extension", owner, place="extension", definition=element.get("definition"))
            else:
                problems.add(code, owner, place=name, attribute=name, value=str(value))
    if local_name(element) == "definitions":
        _check_language(element, "expressionLanguage", owner, problems)


def _check_language(element: Element, attribute: str, owner: Element, problems: Problems) -> None:
    language = element.get(attribute)
    if language is not None and language != _XPATH and "feel" not in language.lower():
        problems.add("unsupported_expression_language", owner, place=attribute, language=language)


def _check_meaning(element: Element, kind: str, owner: Element, problems: Problems) -> None:
    """What has no effect only as long as it says no more."""
    if kind == "expression":
        _check_language(element, "language", owner, problems)
    elif kind == "placeholder" and element.get("name") != PLACEHOLDER:
        # a task has nothing inside that could use a variable of its own
        problems.add("unsupported_property", owner, place="property", name=element.get("name") or element.get("id"))
    elif kind == "ioSpecification" and max(len(children(element, each)) for each in ("inputSet", "outputSet")) > 1:
        problems.add("unsupported_io_specification", owner, place=kind, child="inputSet")
    elif kind == "messageFlow":
        problems.add("message_flow_without_effect", owner, severity="warning")
