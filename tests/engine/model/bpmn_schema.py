"""What BPMN allows, walked from its schemas: which attributes and child elements can stand in which element."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from lxml import etree

from engine.model.schema import schema_path

XSD = "{http://www.w3.org/2001/XMLSchema}"


@dataclass(frozen=True)
class Type:
    """A complex type with what it inherits: attribute names, and children by name with the name of their type ("" for texts)."""

    name: str
    is_abstract: bool
    attributes: frozenset[str] = frozenset()
    children: dict[str, str] = field(default_factory=dict)


class Schema:
    """The complex types of BPMN, and the elements that may stand for others."""

    def __init__(self) -> None:
        folder = schema_path().parent
        roots = [etree.parse(str(folder / name)).getroot() for name in ("BPMN20.xsd", "Semantic.xsd")]
        self.raw = {each.get("name", ""): each for root in roots for each in root.findall(f"{XSD}complexType")}
        self.elements = {each.get("name", ""): each for root in roots for each in root.findall(f"{XSD}element")}

    def type_of(self, element: str) -> str:
        return self.elements[element].get("type", "")

    def stands_for(self, element: str) -> Iterator[str]:
        """The element itself and those of its substitution group, without abstract ones."""
        type_ = self.raw[self.type_of(element)]
        if type_.get("abstract") != "true" and self.elements[element].get("abstract") != "true":
            yield element
        for name, each in self.elements.items():
            if each.get("substitutionGroup") == element:
                yield from self.stands_for(name)

    @cache  # noqa: B019 - one schema
    def type(self, name: str) -> Type:
        raw = self.raw[name]
        extension = raw.find(f"{XSD}complexContent/{XSD}extension")
        base = Type("", is_abstract=False) if extension is None else self.type(extension.get("base", ""))
        attributes = {each.get("name", "") for each in raw.iter(f"{XSD}attribute")}
        children = dict(base.children)
        for each in raw.iter(f"{XSD}element"):
            reference = each.get("ref")
            if reference is None:
                given = each.get("type", "")
                children[each.get("name", "")] = given if given in self.raw else ""
            elif reference in self.elements:
                children |= {name: self.type_of(name) for name in self.stands_for(reference)}
        return Type(name, raw.get("abstract") == "true", base.attributes | attributes, children)

    def concrete(self) -> set[str]:
        """The types that an element can have."""
        return {name for name, raw in self.raw.items() if raw.get("abstract") != "true"}
