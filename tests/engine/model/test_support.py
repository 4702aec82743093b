"""The table of what is implemented, kept and refused (``docs/bpmn-support.md``) is complete, and true."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from engine.errors import DefinitionError, Problem
from engine.model.bpmn_reader import read_process_file
from engine.model.bpmn_rules import KINDS, Kind, Meaning
from engine.model.vocabulary import REFUSED_ATTRIBUTES, REFUSED_CHILDREN
from engine.model.xml_file import BPMN, Element, local_name, namespace_of
from tests.engine.model.bpmn_schema import Schema
from tests.engine.model.support_table import PAGE, inside_only, own, page, walked

FILES = [
    *Path(__file__).with_name("files").glob("*.bpmn"),
    *Path(__file__).parents[2].glob("golden/bundles/*/*.bpmn"),
    *Path(__file__).parents[3].glob("processes/*/*.bpmn"),
]
SCHEMA = Schema()
NOT_IN_THE_SCHEMAS = {
    # tools write these, and the type of an expression is only named where it stands (xsi:type)
    ("tDefinitions", "documentation"),
    ("tDefinitions", "extensionElements"),
    ("tExpression", "@language"),
    ("tExpression", "@evaluatesToTypeRef"),
}


def words(attributes: object, children: object) -> set[str]:
    return {f"@{each}" for each in list(attributes)} | set(children)  # type: ignore[call-overload,no-any-return]


def test_the_page_is_written_from_the_tables() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.engine.model.support_table"


def test_every_attribute_and_child_of_the_standard_is_listed() -> None:
    for type_name, kind in walked(SCHEMA):
        allowed = words(SCHEMA.type(type_name).attributes, SCHEMA.type(type_name).children)
        listed = words(kind.attributes, kind.children)
        assert allowed - listed == set(), type_name
        assert {(type_name, each) for each in listed - allowed} <= NOT_IN_THE_SCHEMAS


def test_every_type_of_the_standard_is_reached() -> None:
    inside = {child for _, child in inside_only(SCHEMA)}
    reached = {type_name for type_name, _ in walked(SCHEMA)}
    for type_name, _ in walked(SCHEMA):
        reached |= set(SCHEMA.type(type_name).children.values())
    reached |= {SCHEMA.type_of(each) for each in inside if each in SCHEMA.elements}
    # named only by others: the type of expressions, and elements that stand nowhere by themselves
    assert SCHEMA.concrete() - reached <= {
        *("tExpression", "tFormalExpression", "tDataAssociation", "tGateway", "tCallableElement"),
    }


def paths() -> Iterator[tuple[tuple[str, ...], str]]:
    """For each kind one way to it: the elements from the root, and the kind."""
    waiting: list[tuple[tuple[str, ...], str]] = [(("definitions",), "definitions")]
    seen: set[str] = set()
    while waiting:
        path, kind = waiting.pop(0)
        if kind in seen:
            continue
        seen.add(kind)
        yield path, kind
        for child, rule in KINDS[kind].children.items():
            if rule.meaning is Meaning.READ and rule.kind in KINDS:
                waiting.append(((*path, child), rule.kind))


def nested(path: tuple[str, ...]) -> tuple[Element, Element]:
    """The root and the innermost element of a file that holds nothing but ``path``."""
    root = etree.Element(f"{{{BPMN}}}definitions", id="d")
    at = root
    for number, name in enumerate(path[1:]):
        at = etree.SubElement(at, f"{{{BPMN}}}{name}", id=f"e{number}")
        if name == "process":
            at.set("isExecutable", "true")
    return root, at


def problems_of(root: Element) -> tuple[Problem, ...]:
    with pytest.raises(DefinitionError) as caught:
        read_process_file(etree.tostring(root), "x.bpmn")
    return caught.value.problems


@pytest.mark.parametrize(("path", "kind"), list(paths()), ids=lambda each: each if isinstance(each, str) else "")
def test_what_is_refused_is_refused_and_so_is_what_nobody_knows(path: tuple[str, ...], kind: str) -> None:
    known: Kind = KINDS[kind]
    for name, rule in known.attributes.items():
        if rule.meaning is Meaning.REFUSED or rule.values is not None:
            root, element = nested(path)
            element.set(
                name, "false" if name == "isImmediate" else "true" if "true" not in (rule.values or ()) else "0"
            )
            code = (
                "unsupported_extension"
                if name == "mustUnderstand"
                else REFUSED_ATTRIBUTES.get(name, "unsupported_attribute")
            )
            assert code in {each.code for each in problems_of(root)}, name
    for name, rule in known.children.items():
        if rule.meaning is Meaning.REFUSED:
            root, element = nested(path)
            etree.SubElement(element, f"{{{BPMN}}}{name}", id="refused")
            assert REFUSED_CHILDREN.get(name, "unsupported_child") in {each.code for each in problems_of(root)}, name
    root, element = nested(path)
    element.set("nobodyKnows", "x")
    etree.SubElement(element, f"{{{BPMN}}}nobodyKnows")
    found = {(each.code, each.place) for each in problems_of(root)}
    assert ("unsupported_attribute", "nobodyKnows") in found
    assert kind == "documentation" or ("unsupported_child", "nobodyKnows") in found


def used(element: Element, kind: str) -> Iterator[tuple[str, str]]:
    """Which words of which kinds (also of those that they inherit from) an element and all inside use."""
    said = words([key for key in element.attrib if not str(key).startswith("{")], [])
    for each in element:
        if not isinstance(each.tag, str) or namespace_of(each) != BPMN:
            continue
        name = local_name(each)
        said.add(name)
        rule = KINDS[kind].children[name]
        if rule.kind in KINDS and rule.meaning is Meaning.READ:
            yield from used(each, rule.kind)
    at = kind
    while at:
        yield from ((at, word) for word in said)
        at = KINDS[at].base


def test_what_is_implemented_stands_in_a_file_that_is_read() -> None:
    said: set[tuple[str, str]] = set()
    for path in FILES:
        read_process_file(path.read_bytes(), path.name)
        root = etree.fromstring(path.read_bytes())
        for process in root.findall(f"{{{BPMN}}}process"):
            if process.get("isExecutable") != "true":
                root.remove(process)  # drawings may hold anything
        said |= set(used(root, "definitions"))
    for one, other in (("process", "subProcess"), ("subProcess", "process")):
        said |= {(one, word) for kind, word in said if kind == other}  # they hold the same
    missing = []
    for name in KINDS:
        attributes, children = own(name)
        read = {f"@{each}" for each, rule in attributes.items() if rule.meaning is Meaning.READ}
        read |= {each for each, rule in children.items() if rule.meaning is Meaning.READ}
        missing += [(name, word) for word in sorted(read) if (name, word) not in said]
    assert missing == []
