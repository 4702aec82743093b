"""A DMN file as people read it: labels, texts of the cells, annotations. Nothing is compiled, so that a broken draft can be read too.

What runs is read by ``reader``; this is what stands written (DMN 1.5 §8.2 for tables, §7.3 for the other boxed expressions).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from lxml import etree

from engine.decisions import xml as dmn

_INNER: Final = 12
"""Boxed expressions within each other that are shown; what is deeper is no reading for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table. ``text`` is the expression of an input, the name of an output; ``allowed`` the values that it may have."""

    label: str
    text: str
    type: str = ""
    allowed: str = ""
    default: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A rule of a table, cell by cell as written. ``notes`` are its annotations, in the order of ``Sheet.notes``."""

    id: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of boxed logic that is no table: how far inside it stands, what it is called, its expression."""

    depth: int
    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One decision, or (``is_decision`` false) one business knowledge model.

    A table has ``inputs``, ``outputs``, ``rows`` and a ``hit_policy``; every other logic has ``lines``. ``requires`` are the names of
    what it builds upon.
    """

    id: str
    name: str
    question: str
    requires: tuple[str, ...]
    is_decision: bool
    is_table: bool
    hit_policy: str = ""
    aggregation: str = ""
    inputs: tuple[Column, ...] = ()
    outputs: tuple[Column, ...] = ()
    notes: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheets:
    """What stands in one file. ``name`` is that of the model."""

    file: str
    name: str
    sheets: tuple[Sheet, ...]

    @property
    def rows(self) -> int:
        """The rules of all its tables."""
        return sum(len(each.rows) for each in self.sheets)


def read_sheets(xml: bytes, file: str) -> Sheets:
    """What stands in a DMN file (1.1 to 1.5). Raises DefinitionError if it is no DMN file."""
    root = dmn.parse(xml, file)
    names = {each.get("id"): _label(each.get("name")) for each in root.iterchildren(tag=etree.Element)}
    sheets = [
        _sheet(element, logic, names)
        for element in root.iterchildren(tag=etree.Element)
        if (logic := _logic(element)) is not None
    ]
    return Sheets(file=file, name=_label(root.get("name")) or file, sheets=tuple(sheets))


def _logic(element: etree._Element) -> etree._Element | None:
    """The logic of a decision or business knowledge model; None for what has none."""
    if dmn.local(element) == "businessKnowledgeModel":
        return dmn.child(element, "encapsulatedLogic")
    if dmn.local(element) != "decision":
        return None
    return next((each for each in _boxed(element)), None)


_NO_LOGIC: Final = frozenset(
    {
        "description",
        "extensionElements",
        "question",
        "allowedAnswers",
        "variable",
        "informationRequirement",
        "knowledgeRequirement",
        "authorityRequirement",
        "supportedObjective",
        "impactedPerformanceIndicator",
        "decisionMaker",
        "decisionOwner",
        "usingProcess",
        "usingTask",
        "typeRef",
        "parameter",
    }
)

_HEADINGS: Final = frozenset({"formalParameter", "input", "output", "column", "annotation"})

_WORDS: Final = frozenset({"if", "then", "else", "in", "match", "return", "satisfies"})


def _boxed(element: etree._Element) -> Iterator[etree._Element]:
    """The children of ``element`` that are no properties of it, in its own namespace."""
    namespace = etree.QName(element).namespace
    for each in element.iterchildren(tag=etree.Element):
        if etree.QName(each).namespace == namespace and dmn.local(each) not in _NO_LOGIC:
            yield each


def _sheet(element: etree._Element, logic: etree._Element, names: Mapping[str | None, str]) -> Sheet:
    table: etree._Element | None = logic
    if dmn.local(logic) == "encapsulatedLogic":
        table = dmn.child(logic, "decisionTable")
    is_table = table is not None and dmn.local(table) == "decisionTable"
    sheet = Sheet(
        id=element.get("id", ""),
        name=_label(element.get("name")) or element.get("id", ""),
        question=_inner(element, "question"),
        requires=tuple(_required(element, names)),
        is_decision=dmn.local(element) == "decision",
        is_table=is_table,
        lines=() if is_table else tuple(_lines(logic, "", 0)),
    )
    return sheet if table is None or not is_table else _with_table(sheet, table)


def _required(element: etree._Element, names: Mapping[str | None, str]) -> Iterator[str]:
    for each in element.iterdescendants(tag=etree.Element):
        if dmn.local(each) in ("requiredDecision", "requiredInput", "requiredKnowledge"):
            target = each.get("href", "").rpartition("#")[2]
            yield names.get(target) or target


def _with_table(sheet: Sheet, table: etree._Element) -> Sheet:
    rules = dmn.children(table, "rule")
    is_described = any(_inner(each, "description") for each in rules)
    named = tuple(_label(each.get("name")) for each in dmn.children(table, "annotation"))
    return replace(
        sheet,
        hit_policy=table.get("hitPolicy", "UNIQUE"),
        aggregation=table.get("aggregation", ""),
        inputs=tuple(_input(each) for each in dmn.children(table, "input")),
        outputs=tuple(_output(each, table.get("outputLabel") or sheet.name) for each in dmn.children(table, "output")),
        notes=("", *named)
        if is_described
        else named,  # dmn-js writes a row's annotation as its description, without a name
        rows=tuple(_row(each, is_described=is_described) for each in rules),
    )


def _input(element: etree._Element) -> Column:
    expression = dmn.child(element, "inputExpression")
    text = dmn.text(expression)
    return Column(
        label=_label(element.get("label")) or text,
        text=text,
        type="" if expression is None else expression.get("typeRef", ""),
        allowed=dmn.text(dmn.child(element, "inputValues")),
    )


def _output(element: etree._Element, otherwise: str) -> Column:
    name = _label(element.get("name"))
    return Column(
        label=_label(element.get("label")) or name or _label(otherwise),
        text=name,
        type=element.get("typeRef", ""),
        allowed=dmn.text(dmn.child(element, "outputValues")),
        default=dmn.text(dmn.child(element, "defaultOutputEntry")),
    )


def _row(rule: etree._Element, *, is_described: bool = False) -> Row:
    notes = tuple(dmn.text(each) for each in dmn.children(rule, "annotationEntry"))
    return Row(
        id=rule.get("id", ""),
        inputs=tuple(dmn.text(each) for each in dmn.children(rule, "inputEntry")),
        outputs=tuple(dmn.text(each) for each in dmn.children(rule, "outputEntry")),
        notes=(_inner(rule, "description"), *notes) if is_described else notes,
    )


def _lines(element: etree._Element, name: str, depth: int) -> Iterator[Line]:
    """A boxed expression, from outside to inside."""
    parameters = [_label(each.get("name")) for each in dmn.children(element, "formalParameter")]
    if parameters:
        name = f"{name}({', '.join(parameters)})"
    if dmn.child(element, "text") is not None:
        yield Line(depth=depth, name=name, text=dmn.text(element))
        return
    if dmn.local(element) == "rule":
        row = _row(element)
        yield Line(depth=depth, name=", ".join(row.inputs), text=", ".join(row.outputs))
        return
    parts = [each for each in _boxed(element) if dmn.local(each) not in _HEADINGS] if depth < _INNER else []
    if len(parts) == 1 and dmn.child(parts[0], "text") is not None:
        yield Line(depth=depth, name=name, text=dmn.text(parts[0]))
        return
    if name:
        yield Line(depth=depth, name=name, text="")
        depth += 1
    for each in parts:
        yield from _lines(each, _name_inside(each), depth)


def _name_inside(element: etree._Element) -> str:
    """What a part of a boxed expression is called: its variable or parameter, or the word of the language (``if``, ``return``)."""
    named = next((each for kind in ("variable", "parameter") for each in dmn.children(element, kind)), None)
    if named is not None:
        return _label(named.get("name"))
    kind = dmn.local(element)
    return kind if kind in _WORDS else ""


def _inner(element: etree._Element, name: str) -> str:
    """The text of the child ``name``."""
    found = dmn.child(element, name)
    return "" if found is None else "".join(found.itertext()).strip()


def _label(text: str | None) -> str:
    return " ".join((text or "").split())
