"""Item definitions to types, and references to them resolved (DMN 1.5 §7.3.2; ``typeRef`` of every version)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lxml import etree

from engine.decisions import xml as dmn
from engine.decisions.notes import Feel, Notes, Place
from engine.decisions.types import ItemType
from engine.feel import TypeName, UnaryTests
from engine.feel.hints import closest
from engine.feel.types import TYPE_NAMES, resolved

MAX_PARTS = 1_000
"""How many parts one type may have with all that it names: types that name each other twice over grow like powers."""
MAX_DEPTH = 40

_ANY = TypeName("Any")
_FEEL_NAMESPACES = ("http://www.omg.org/spec/FEEL/", "https://www.omg.org/spec/DMN/", "http://www.omg.org/spec/DMN/")


@dataclass(slots=True)
class Types:
    """The item definitions of one file. ``imported`` are those of other files by the name of the import ("" for one without)."""

    notes: Notes
    root: etree._Element
    imported: Mapping[str, Types] = field(default_factory=dict)
    _definitions: dict[str, etree._Element] = field(default_factory=dict)
    _made: dict[str, ItemType | None] = field(default_factory=dict)
    _in_work: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for element in dmn.children(self.root, "itemDefinition"):
            name = dmn.name(element)
            if name in self._definitions:
                self.notes.add("dmn_type_twice", element, name=name)
            elif name:
                self._definitions[name] = element

    def feel(self) -> dict[str, TypeName]:
        """All types that expressions of this file may name, those of imports with their prefix."""
        found = {}
        for prefix, other in self.imported.items():
            for name, kind in other.own().items():
                found[f"{prefix}.{name}" if prefix else name] = kind
        return {**found, **self.own()}

    def own(self) -> dict[str, TypeName]:
        """The types of this file itself."""
        made = {name: self._named(name) for name in self._definitions}
        return {name: kind.feel if kind is not None else _ANY for name, kind in made.items()}

    def of(self, element: etree._Element | None, place: Place) -> ItemType | None:
        """The type that ``element`` refers to; None when it says none, Any, or one that is noted as unknown."""
        reference = "" if element is None else dmn.reference(element, "typeRef")
        if not reference or element is None:
            return None
        name = self._unprefixed(reference, element)
        if name == "Any":
            return None
        found = self.find(name)
        if found is None and not self.is_known(name):
            self._note_unknown(name, place)
        return found

    def find(self, name: str) -> ItemType | None:
        """The type of that name: one of this file, of an import, or of FEEL."""
        if name in self._definitions:
            return self._named(name)
        for other, own_name in self._elsewhere(name):
            found = other.find(own_name)
            if found is not None:
                return found
        return ItemType(name=name, feel=resolved(TypeName(name), {})) if name in TYPE_NAMES else None

    def is_known(self, name: str) -> bool:
        """Whether there is such a type, even if it could not be made."""
        return name in self._definitions or any(other.is_known(own_name) for other, own_name in self._elsewhere(name))

    def _elsewhere(self, name: str) -> Iterator[tuple[Types, str]]:
        """The imports that may have the type, and its name there."""
        for prefix, other in self.imported.items():
            if not prefix:
                yield other, name
            elif name.startswith(f"{prefix}."):
                yield other, name[len(prefix) + 1 :]

    def _note_unknown(self, name: str, place: Place) -> None:
        suggestion = closest(name, (*self._definitions, *TYPE_NAMES))
        if suggestion is None:
            self.notes.add("dmn_type_unknown", place, name=name[:100])
        else:
            self.notes.add("dmn_type_unknown_similar", place, name=name[:100], suggestion=suggestion)

    def _unprefixed(self, reference: str, element: etree._Element) -> str:
        """A reference of DMN 1.1, ``prefix:name``, as later versions write it: ``name`` or ``import.name``."""
        prefix, colon, name = reference.partition(":")
        namespace = element.nsmap.get(prefix) if colon else None
        if namespace is None or namespace == self.root.get("namespace") or namespace.startswith(_FEEL_NAMESPACES):
            return name if colon and reference not in self._definitions else reference
        alias = next(
            (dmn.name(each) for each in dmn.children(self.root, "import") if each.get("namespace") == namespace), ""
        )
        return f"{alias}.{name}" if alias else name

    # --- item definitions

    def _named(self, name: str) -> ItemType | None:
        if name in self._made:
            return self._made[name]
        element = self._definitions[name]
        if name in self._in_work:
            self.notes.add("dmn_type_cycle", element, name=name)
            return None
        if len(self._in_work) >= MAX_DEPTH:
            self.notes.add("dmn_type_too_large", element, name=name)
            return None
        self._in_work.append(name)
        made = self._definition(element, name, Place(element))
        self._in_work.pop()
        self._made[name] = made
        return made

    def _definition(self, element: etree._Element, name: str, place: Place) -> ItemType | None:
        is_collection = element.get("isCollection") in ("true", "1")
        allowed = self._tests(element, "allowedValues", place)
        constraint = self._tests(element, "typeConstraint", place)
        made = self._single(element, name, place, allowed if is_collection else (*allowed, *constraint))
        if is_collection:
            inner = _ANY if made is None else made.feel
            made = ItemType(name=name, feel=TypeName("list", (inner,)), item=made, tests=constraint)
        if made is not None and made.parts > MAX_PARTS:
            self.notes.add("dmn_type_too_large", place, name=name)
            return None
        return made

    def _single(
        self, element: etree._Element, name: str, place: Place, tests: tuple[UnaryTests, ...]
    ) -> ItemType | None:
        """The type of one item; None for one that may be anything."""
        components = dmn.children(element, "itemComponent")
        signature = dmn.child(element, "functionItem")
        if components:
            fields = tuple((dmn.name(each), self._definition(each, dmn.name(each), place)) for each in components)
            return ItemType(
                name=name,
                feel=TypeName("context", (), tuple((key, _ANY if kind is None else kind.feel) for key, kind in fields)),
                components=tuple((key, kind) for key, kind in fields if kind is not None),
                tests=tests,
            )
        if signature is not None:
            return ItemType(name=name, feel=self._signature(signature, place), tests=tests)
        base = self.of(element, place)
        if base is None:
            return ItemType(name=name, feel=_ANY, tests=tests) if tests else None
        return ItemType(name=name, feel=base.feel, base=base, tests=tests)

    def _signature(self, element: etree._Element, place: Place) -> TypeName:
        kinds = [self.of(each, place) for each in dmn.children(element, "parameters")]
        result = element.get("outputTypeRef") or dmn.content(dmn.child(element, "outputTypeRef"))
        given = self.find(self._unprefixed(result, element)) if result else None
        return TypeName("function", tuple(_ANY if each is None else each.feel for each in (*kinds, given)))

    def _tests(self, element: etree._Element, kind: str, place: Place) -> tuple[UnaryTests, ...]:
        source = dmn.text(dmn.child(element, kind))
        return (Feel(self.notes).tests(source, place.within("values")),) if source else ()
