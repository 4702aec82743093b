"""The elements of one DMN file, each after what it requires, in this file or in those that it imports (DMN 1.5 §6.2, §6.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from lxml import etree

from engine.decisions import xml as dmn
from engine.decisions.decision import Decision, Element, InputData, Invocable, Knowledge
from engine.decisions.imports import Library, is_dmn
from engine.decisions.logic import Logic, Undefined
from engine.decisions.logic_reader import LogicReader, expression_in
from engine.decisions.notes import Feel, Notes, Place, Refused
from engine.decisions.services import Service
from engine.decisions.type_reader import Types
from engine.decisions.types import ItemType

MAX_CHAIN = 60
"""How many elements may require each other in a row."""

_ELEMENTS = ("decision", "inputData", "businessKnowledgeModel", "decisionService")
_NAMED = (*_ELEMENTS, "variable", "formalParameter", "itemComponent", "parameter", "output", "column", "import")

_Made = TypeVar("_Made", bound=Element)


@dataclass(slots=True)
class Shelf:
    """The readers of all files at hand, made when first asked for, and how deep they are in each other's requirements."""

    library: Library
    readers: dict[str, GraphReader] = field(default_factory=dict)
    depth: int = 0

    def reader(self, path: str) -> GraphReader:
        """The reader of a file. Raises DefinitionError when it is no DMN file."""
        if path not in self.readers:
            self.readers[path] = GraphReader(self, path, self.library.root(path))
        return self.readers[path]


class GraphReader:
    """Reads one file. What it makes is remembered by id; None stands for what cannot be made, whose problem is in ``notes``."""

    def __init__(self, shelf: Shelf, path: str, root: etree._Element) -> None:
        self.path = path
        self.root = root
        self.namespace = root.get("namespace", "")
        self.notes = Notes(path)
        self.elements: dict[str, etree._Element] = {}
        self._shelf = shelf
        self._made: dict[tuple[str, str], Element | None] = {}
        self._in_work: set[tuple[str, str]] = set()
        self.imports = self._imports()
        self.prefixes = {other.namespace: prefix for prefix, other in self._pairs}
        self._register()

    # --- the file as a whole

    def _imports(self) -> dict[str, GraphReader]:
        """The readers of the imported files by namespace; ``_pairs`` are they by the name of the import."""
        self._pairs: list[tuple[str, GraphReader]] = []
        found: dict[str, GraphReader] = {}
        for element in dmn.children(self.root, "import"):
            reader = self._import(element)
            if reader is not None:
                self._pairs.append((dmn.name(element), reader))
                found[reader.namespace] = reader
        return found

    def _import(self, element: etree._Element) -> GraphReader | None:
        kind, namespace = element.get("importType", ""), element.get("namespace", "")
        place = Place(element).within("import", label=dmn.name(element) or namespace)
        if not is_dmn(kind):
            self.notes.add("dmn_import_kind", place, kind=kind[:100])
            return None
        library = self._shelf.library
        path = library.find(namespace, element.get("locationURI"))
        if path is None:
            self.notes.add("dmn_import_missing", place, namespace=namespace[:200])
            return None
        if path == self.path or library.reaches(path, self.path):
            self.notes.add("dmn_import_cycle", place, file=path)
            return None
        return self._shelf.reader(path)

    def _register(self) -> None:
        self.feel.language(self.root, Place(self.root))
        names: dict[str, str] = {}
        for element in self.root.iterchildren(tag=etree.Element):
            kind = dmn.local(element)
            if etree.QName(element).namespace != etree.QName(self.root).namespace:
                continue
            key = dmn.key(element)
            if not key:
                if kind in _ELEMENTS:
                    self.notes.add("dmn_id_missing", element, kind=kind)
            elif key in self.elements:
                self.notes.add("dmn_id_twice", element, id=key)
            else:
                self.elements[key] = element
            name = dmn.variable_name(element)
            if kind in _ELEMENTS and key and names.setdefault(name, key) != key:
                self.notes.add("dmn_name_twice", element, name=name, other=names[name])

    @cached_property
    def types(self) -> Types:
        """The item definitions."""
        return Types(self.notes, self.root, {prefix: other.types for prefix, other in self._pairs})

    @cached_property
    def names(self) -> frozenset[str]:
        """Every name that an expression of the file may use: variables, parameters, entries and components, also of imported files."""
        found = {
            dmn.name(element)
            for element in self.root.iter(etree.Element)
            if dmn.local(element) in _NAMED and element.get("name")
        }
        found |= {" ".join(each.get("iteratorVariable", "").split()) for each in self.root.iter(etree.Element)}
        return frozenset(found - {""}).union(*(other.names for _, other in self._pairs))

    @cached_property
    def feel(self) -> Feel:
        """Compiles the expressions."""
        return Feel(self.notes, self.names, self.types.feel())

    @cached_property
    def _logic(self) -> LogicReader:
        return LogicReader(self.notes, self.feel, self.types)

    @cached_property
    def _graph_names(self) -> frozenset[str]:
        """The names of what this file can require, imported elements by the name of their import."""
        own = (each for each in self.elements.values() if dmn.local(each) in _ELEMENTS)
        return frozenset(map(dmn.variable_name, own)) | {prefix for prefix, _ in self._pairs if prefix}

    def all(self, kind: str, read: Callable[[GraphReader, str], _Made | None]) -> dict[str, _Made]:
        """All elements of a kind that can be made, by id."""
        found = {key: read(self, key) for key, each in self.elements.items() if dmn.local(each) == kind}
        return {key: made for key, made in found.items() if made is not None}

    # --- elements

    def decision(self, key: str) -> Decision | None:
        """The decision of that id."""
        return self._remembered("decision", key, self._decision, Decision)

    def data(self, key: str) -> InputData | None:
        """The input data of that id."""
        return self._remembered("inputData", key, self._data, InputData)

    def model(self, key: str) -> Knowledge | None:
        """The business knowledge model of that id."""
        return self._remembered("businessKnowledgeModel", key, self._model, Knowledge)

    def service(self, key: str) -> Service | None:
        """The decision service of that id."""
        return self._remembered("decisionService", key, self._service, Service)

    def _remembered(
        self, kind: str, key: str, make: Callable[[etree._Element, str], _Made], of: type[_Made]
    ) -> _Made | None:
        found = self._made.get((kind, key))
        if (kind, key) in self._made:
            return found if isinstance(found, of) else None
        element = self.elements[key]
        if (kind, key) in self._in_work:
            self.notes.add("dmn_requirement_cycle", element)
            return None
        made: _Made | None = None
        self._in_work.add((kind, key))
        self._shelf.depth += 1
        try:
            if self._shelf.depth > MAX_CHAIN:
                self.notes.add("dmn_chain_too_long", element, limit=MAX_CHAIN)
            else:
                made = make(element, key)
        except Refused:
            pass
        finally:
            self._shelf.depth -= 1
            self._in_work.discard((kind, key))
        self._made[kind, key] = made
        return made

    def _data(self, element: etree._Element, key: str) -> InputData:
        kind = self.types.of(dmn.child(element, "variable"), Place(element))
        return InputData(id=key, name=dmn.variable_name(element), kind=kind, namespace=self.namespace)

    def _decision(self, element: etree._Element, key: str) -> Decision:
        before = self.notes.errors
        required = self._required(element, "informationRequirement", "requiredDecision", GraphReader.decision)
        data = self._required(element, "informationRequirement", "requiredInput", GraphReader.data)
        knowledge = self._knowledge(element)
        logic = self._logic_of(element)
        kind = self._type_of(element)
        required_all: tuple[Element, ...] = (*required, *data, *knowledge)
        seen = {self.prefixes.get(each.namespace) or each.name for each in required_all}
        hidden = self._unseen(element, logic, seen)
        if self.notes.errors > before:
            raise Refused
        bound = (seen - {each.name for each in data}) | set(self.prefixes.values()) | hidden
        needed = dict.fromkeys((*(each.name for each in data), *sorted(logic.variables - bound)))
        for each in required:
            needed.update(dict.fromkeys(each.inputs))
        name = dmn.variable_name(element)
        return Decision(
            id=key,
            name=name,
            logic=logic,
            inputs=tuple(needed),
            outputs=logic.outputs or (name,),
            requires=required,
            knowledge=knowledge,
            data=data,
            hidden=hidden,
            kind=kind,
            namespace=self.namespace,
            prefixes=self.prefixes,
        )

    def _logic_of(self, element: etree._Element) -> Logic:
        found = expression_in(element)
        if found is None:
            self.notes.add("dmn_decision_without_logic", element, severity="warning")
            return Undefined()
        return self._logic.untyped(found, Place(element))

    def _type_of(self, element: etree._Element) -> ItemType | None:
        """The type of a decision: that of its variable, or else of its expression."""
        declared = self.types.of(dmn.child(element, "variable"), Place(element))
        return declared if declared is not None else self.types.of(expression_in(element), Place(element))

    def _unseen(self, element: etree._Element, logic: Logic, seen: Iterable[str]) -> frozenset[str]:
        """What the file has but this decision does not require: it may speak of it only by mistake."""
        hidden = self._graph_names.difference(seen)
        for name in sorted(logic.variables & hidden):
            self.notes.add("dmn_requirement_missing", element, severity="warning", name=name)
        return hidden

    def _model(self, element: etree._Element, key: str) -> Knowledge:
        before = self.notes.errors
        place = Place(element)
        body = dmn.child(element, "encapsulatedLogic")
        if body is None:
            self.notes.add("dmn_logic_missing", element)
            raise Refused
        kind = body.get("kind", "FEEL")
        if kind != "FEEL":
            self.notes.add("dmn_function_kind", element, kind=kind[:40])
            raise Refused
        made = Knowledge(
            id=key,
            name=dmn.variable_name(element),
            parameters=self._logic.parameters(body, place),
            logic=self._logic.inside(body, place),
            kind=self._result_type(element, body),
            namespace=self.namespace,
            prefixes=self.prefixes,
        )
        # known before what it requires is read: models may require each other, and themselves
        self._made["businessKnowledgeModel", key] = made
        made.requires = self._knowledge(element)
        if self.notes.errors > before:
            raise Refused
        return made

    def _result_type(self, element: etree._Element, body: etree._Element) -> ItemType | None:
        """The type of what a model or service gives: that of its body, or of its variable."""
        own = self.types.of(body, Place(element))
        if own is None:
            own = self.types.of(dmn.child(element, "variable"), Place(element))
        return None if own is None else own.result()

    def _service(self, element: etree._Element, key: str) -> Service:
        before = self.notes.errors
        outputs = self._referenced(element, "outputDecision", GraphReader.decision)
        self._referenced(element, "encapsulatedDecision", GraphReader.decision)
        if not dmn.children(element, "outputDecision"):
            self.notes.add("dmn_service_without_output", element)
        made = Service(
            id=key,
            name=dmn.variable_name(element),
            outputs=outputs,
            assumed=self._referenced(element, "inputDecision", GraphReader.decision),
            data=self._referenced(element, "inputData", GraphReader.data),
            kind=self._result_type(element, element),
            namespace=self.namespace,
        )
        if self.notes.errors > before:
            raise Refused
        return made

    # --- references

    def _knowledge(self, element: etree._Element) -> tuple[Invocable, ...]:
        return self._required(element, "knowledgeRequirement", "requiredKnowledge", GraphReader._invocable)

    def _invocable(self, key: str) -> Invocable | None:
        is_service = dmn.local(self.elements[key]) == "decisionService"
        return self.service(key) if is_service else self.model(key)

    def _required(
        self,
        element: etree._Element,
        requirement: str,
        reference: str,
        read: Callable[[GraphReader, str], _Made | None],
    ) -> tuple[_Made, ...]:
        """What ``element`` requires. Raises Refused when something of it cannot be made."""
        found = [dmn.child(each, reference) for each in dmn.children(element, requirement)]
        return self._resolved(element, [each for each in found if each is not None], read)

    def _referenced(
        self, element: etree._Element, reference: str, read: Callable[[GraphReader, str], _Made | None]
    ) -> tuple[_Made, ...]:
        return self._resolved(element, dmn.children(element, reference), read)

    def _resolved(
        self,
        element: etree._Element,
        references: Iterable[etree._Element],
        read: Callable[[GraphReader, str], _Made | None],
    ) -> tuple[_Made, ...]:
        found: list[_Made | None] = []
        for each in references:
            href = each.get("href", "")
            reader, key = self._target(href)
            if reader is None or dmn.local(reader.elements[key]) not in _TARGETS[dmn.local(each)]:
                self.notes.add("dmn_requirement_unknown", element, reference=href[:100])
            else:
                found.append(read(reader, key))
        if None in found:
            raise Refused
        return tuple(each for each in found if each is not None)

    def _target(self, href: str) -> tuple[GraphReader | None, str]:
        """Whose element a reference means: ``#id``, or ``namespace#id`` of this file or an imported one."""
        namespace, _, key = href.rpartition("#")
        reader = self if namespace in ("", self.namespace) else self.imports.get(namespace)
        return (reader if reader is not None and key in reader.elements else None), key


_TARGETS = {
    "requiredDecision": ("decision",),
    "requiredInput": ("inputData",),
    "requiredKnowledge": ("businessKnowledgeModel", "decisionService"),
    "outputDecision": ("decision",),
    "encapsulatedDecision": ("decision",),
    "inputDecision": ("decision",),
    "inputData": ("inputData",),
}
