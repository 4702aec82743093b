"""The sheet on which a short form is drawn: the tree of a BPMN file, where each part of it comes from, and what is wrong with the form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lxml import etree

from engine.errors import Fact, Problem
from engine.model.expressions import quoted
from engine.model.forms import Texts
from engine.model.short_form.times import feel
from engine.model.xml_file import BPMN, ZEEBE, Element, child
from engine.model.yaml_file import Path, YamlFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where the next node is drawn. ``strand`` names what runs as one: what runs beside it is another strand, and nobody can go there.

    ``lane`` is None where there are no rows, and inside groups, which stand in one row as a whole. ``is_beside``: what ends here is not the
    case, which goes on. ``follows``: the name of the step at which it goes on behind this one.
    """

    scope: Element
    strand: str
    lane: str | None = None
    is_inside: bool = False
    is_beside: bool = False
    follows: str | None = None


@dataclass(slots=True, kw_only=True)
class Way:
    """A sequence flow being drawn: where it comes from (``spot``) is known, where it leads (``target``) comes later."""

    id: str
    source: str
    spot: Spot
    path: Path
    title: Texts | None = None
    condition: str | None = None
    target: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What is drawn so far. ``sources`` says where in the YAML file an element (and a place in it) stands; ``names`` are in English."""

    document: YamlFile
    root: Element = field(
        default_factory=lambda: etree.Element(_bpmn("definitions"), nsmap={None: BPMN, "zeebe": ZEEBE})
    )
    problems: list[Problem] = field(default_factory=list)
    names: dict[str, Texts] = field(default_factory=dict)
    sources: dict[tuple[str, str | None], Path] = field(default_factory=dict)
    ways: list[Way] = field(default_factory=list)
    lanes: dict[str, Element] = field(default_factory=dict)
    _declared: dict[tuple[str, ...], str] = field(default_factory=dict)

    def refuse(self, code: str, path: Path, **facts: Fact) -> None:
        """Note what is wrong with the form itself."""
        self.problems.append(self.document.problem(code, path, **facts))

    def add(self, parent: Element, kind: str, **attributes: str | None) -> Element:
        """An element of BPMN inside ``parent``."""
        return etree.SubElement(
            parent, _bpmn(kind), {name: value for name, value in attributes.items() if value is not None}
        )

    def identity(self, wanted: str, path: Path) -> str:
        """``wanted``, an id that is said in the form or made of one, if nothing else has it; else that is noted, and another one given."""
        found = wanted
        if (wanted, None) in self.sources:
            other = self.document.problem("", self.sources[wanted, None]).facts["line"]
            self.refuse("short_form_id_twice", path, id=wanted, other=other)
            found = f"{wanted}_Again_{len(self.sources)}"  # with a capital letter, as no id of the form
        self.sources[found, None] = path
        return found

    def node(
        self, kind: str, wanted: str, spot: Spot, path: Path, said: Mapping[str, Any], **more: str | None
    ) -> Element:
        """A flow node with the title and note that are ``said``, in its scope and lane."""
        identity = self.identity(wanted, path)
        element = self.add(spot.scope, kind, id=identity, **more)
        self.title(element, said)
        self.note(element, said)
        if spot.lane in self.lanes:
            self.add(self.lanes[spot.lane], "flowNodeRef").text = identity
        return element

    def row(self, said: Mapping[str, Any], path: Path, spot: Spot) -> Spot:
        """``spot`` in the row that is ``said``, or of who is: there it goes on until another one is. In groups the role counts alone."""
        for key in ("who", "row"):
            role = said.get(key)
            if role is not None and role not in self.lanes:
                self.refuse("short_form_role_unknown", (*path, key), role=role, known=", ".join(self.lanes))
            elif role is not None and spot.lane is not None:
                spot = replace(spot, lane=role)
        return spot

    def title(self, element: Element, said: Mapping[str, Any]) -> None:
        """French stands in the element, English is kept beside the model."""
        title = said.get("title")
        if title is not None:
            french, english = (" ".join(title[language].split()) for language in ("fr", "en"))
            element.set("name", french)
            self.names[element.get("id") or ""] = {"en": english}

    def note(self, element: Element, said: Mapping[str, Any]) -> None:
        """A note is for whoever reads the process, in either language: a diagram has one place for both."""
        if note := said.get("note"):
            self.add(element, "documentation").text = "\n\n".join(note[language].strip() for language in ("fr", "en"))

    def way(self, source: Element, spot: Spot, path: Path, wanted: str | None = None) -> Way:
        """A flow out of ``source``. Flows are drawn in the order in which this is asked for."""
        start = source.get("id") or ""
        identity = self.identity(wanted or f"flow_{start}", path)
        found = Way(id=identity, source=start, spot=spot, path=path)
        self.ways.append(found)
        return found

    def extend(self, element: Element, name: str, **attributes: str) -> Element:
        """A ``zeebe:`` extension of ``element``."""
        holder = child(element, "extensionElements")
        if holder is None:
            holder = self.add(element, "extensionElements")
        return etree.SubElement(holder, f"{{{ZEEBE}}}{name}", attributes)

    def set_property(self, element: Element, name: str, value: str) -> None:
        """A ``zeebe:property``."""
        holder = child(element, "extensionElements")
        found = None if holder is None else child(holder, "properties", ZEEBE)
        properties = self.extend(element, "properties") if found is None else found
        etree.SubElement(properties, f"{{{ZEEBE}}}property", {"name": name, "value": value})

    def hand_over(self, element: Element, said: Mapping[str, Any], path: Path) -> None:
        """The values that go in (``send``, and ``send as written``: texts) and that come out (``get`` or ``answers``, and ``set``)."""
        for position, each in enumerate(_listed(said.get("send"))):
            ((target, value),) = each.items() if isinstance(each, dict) else ((each, each),)
            self._map(element, "input", target, feel(value), (*path, "send", position))
        for target, value in said.get("send as written", {}).items():
            # a text as it stands must not begin with the sign of an expression: as a FEEL text it means the same
            self._map(element, "input", target, feel(quoted(value)), (*path, "send as written", target))
        for key in ("get", "answers"):
            for position, name in enumerate(_listed(said.get(key))):
                self._map(element, "output", name, feel(name), (*path, key, position))
        for target, value in said.get("set", {}).items():
            self._map(element, "output", target, feel(value), (*path, "set", target))

    def _map(self, element: Element, direction: str, target: str, source: str, path: Path) -> None:
        holder = child(element, "extensionElements")
        found = None if holder is None else child(holder, "ioMapping", ZEEBE)
        mapping = self.extend(element, "ioMapping") if found is None else found
        etree.SubElement(mapping, f"{{{ZEEBE}}}{direction}", {"source": source, "target": target})
        self.sources[element.get("id") or "", f"{direction} {target}"] = path

    def declare(self, kind: str, path: Path, *said: str) -> str:
        """The id of the message (name, key), signal, error or escalation that is said at ``path``; declared where it is said first."""
        key = (kind, *said)
        if key not in self._declared:
            # an id of which no step can have the like: capital letters are not allowed in theirs
            identity = f"{kind.capitalize()}_{len(self._declared) + 1}"
            name = "name" if kind in {"message", "signal"} else f"{kind}Code"
            element = self.add(self.root, kind, id=identity, **{name: said[0]})
            for correlation in said[1:]:
                self.extend(element, "subscription", correlationKey=correlation)
            self._declared[key] = identity
            self.sources[identity, None] = path
        return self._declared[key]

    def draw_ways(self) -> None:
        """Draw the flows, which all lead somewhere by now."""
        for way in self.ways:
            element = self.add(way.spot.scope, "sequenceFlow", id=way.id, sourceRef=way.source, targetRef=way.target)
            self.title(element, {"title": way.title})
            if way.condition is not None:
                self.add(element, "conditionExpression").text = way.condition
                self.sources[way.id, "condition"] = (*way.path, "when")


def _listed(said: object) -> list[Any]:
    """The values of a list; ``everything`` that a call says instead is said of the call itself."""
    return said if isinstance(said, list) else []


def _bpmn(name: str) -> str:
    return f"{{{BPMN}}}{name}"
