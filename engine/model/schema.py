"""Is this BPMN XML what the standard's schemas allow? The schemas are those that SpiffWorkflow ships.

This is the only module that knows SpiffWorkflow's files; it does not even import the library, which would cost a start a tenth of a second.
"""

from __future__ import annotations

import re
import threading
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from lxml import etree

from engine.errors import DefinitionError, Problem
from engine.model.problems import MAXIMAL_PROBLEMS
from engine.model.xml_file import Element, parse_xml

_LOCK = threading.Lock()
"""A compiled schema keeps the errors of its last validation: one at a time."""

_NAMESPACE = re.compile(r"\{[^{}]*\}")


def schema_path() -> Path:
    """Where the schemas of the standard lie."""
    package = find_spec("SpiffWorkflow")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("SpiffWorkflow", name="SpiffWorkflow")
    return Path(package.origin).parent / "bpmn" / "parser" / "schema" / "BPMN20.xsd"


@cache
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(schema_path()), etree.XMLParser(no_network=True)))


def _owner(root: Element, path: str | None, namespaces: dict[str, str]) -> Element | None:
    found = root.getroottree().xpath(path, namespaces=namespaces) if path else []
    element = found[0] if isinstance(found, list) and found else None
    while isinstance(element, Element) and not element.get("id"):
        element = element.getparent()
    return element if isinstance(element, Element) and element is not root else None


def _namespaces(root: Element) -> dict[str, str]:
    return {prefix: uri for each in root.iter() for prefix, uri in each.nsmap.items() if prefix}


def validate(xml: bytes, file: str) -> tuple[Problem, ...]:
    """Every violation of the BPMN 2.0 schemas, with its line as place. Empty when the file is valid.

    A file that is no acceptable XML at all gives the one problem that says so.
    """
    try:
        root = parse_xml(xml, file)
    except DefinitionError as error:
        return error.problems
    with _LOCK:
        schema = _schema()
        if schema.validate(root):
            return ()
        entries = [(each.line, each.message, each.path) for each in schema.error_log]
    found: list[Problem] = []
    namespaces = _namespaces(root)
    for line, message, path in entries[:MAXIMAL_PROBLEMS]:
        owner = _owner(root, path, namespaces)
        found.append(
            Problem(
                code="schema_violation",
                file=file,
                element_id=None if owner is None else owner.get("id"),
                element_name=None if owner is None else owner.get("name") or None,
                place=str(line),
                facts={"line": line, "reason": _NAMESPACE.sub("", message)},
            )
        )
    if len(entries) > MAXIMAL_PROBLEMS:
        found.append(Problem(code="problems_more", file=file, facts={"count": len(entries) - MAXIMAL_PROBLEMS}))
    return tuple(found)
