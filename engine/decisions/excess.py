"""How much one DMN file may hold, counted before anything of it is read: whatever stands in a file, reading and checking it ends soon."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

MAX_ELEMENTS = 1_000
"""Decisions, inputs, types … of a file."""
MAX_ENTRIES = 300
"""Every expression may name all elements of its file and all entries before it: the work grows with the square of their number."""
MAX_COLUMNS = 100
MAX_EXPRESSIONS = 6_000
"""Cells of tables and other expressions of a file."""
MAX_CHARACTERS = 200_000
"""Of all expressions of a file together; as many as those of a whole version (``engine.model.bundle``)."""
MAX_PARTS = 50_000
"""XML elements of any kind: also those without an expression (parameters, empty rows, shapes) take their time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """What a file has too much of: the ``code`` of the problem, where, how many there may be, and how many there are."""

    code: str
    limit: int
    count: int
    place: str | None = None


def excess_in(root: etree._Element) -> Excess | None:
    """The first bound that a file exceeds, if any."""
    return next((each for each in _counted(root) if each.count > each.limit), None)


def _counted(root: etree._Element) -> Iterator[Excess]:
    yield Excess(code="dmn_too_many_elements", limit=MAX_ELEMENTS, count=len(root))
    for element in root.iter("{*}context", "{*}invocation"):
        yield Excess(code="dmn_too_many_entries", limit=MAX_ENTRIES, count=len(element), place=_line(element))
    for element in root.iter("{*}decisionTable", "{*}relation"):
        columns = sum(1 for _ in element.iterchildren("{*}input", "{*}output", "{*}column"))
        yield Excess(code="dmn_too_many_columns", limit=MAX_COLUMNS, count=columns, place=_line(element))
    texts = [each.text or "" for each in root.iter("{*}text") if not _is_annotation(each)]
    yield Excess(code="dmn_too_many_expressions", limit=MAX_EXPRESSIONS, count=len(texts))
    yield Excess(code="dmn_expressions_too_long", limit=MAX_CHARACTERS, count=sum(map(len, texts)))
    yield Excess(code="dmn_too_many_parts", limit=MAX_PARTS, count=sum(1 for _ in root.iter()))


def _line(element: etree._Element) -> str:
    return f"line:{element.sourceline}"


def _is_annotation(element: etree._Element) -> bool:
    """Whether this is a text for people, not an expression."""
    parent = element.getparent()
    return parent is not None and etree.QName(parent).localname in (
        "textAnnotation",
        "annotationEntry",
        "ruleAnnotation",
    )
