"""DMN XML to decisions."""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from engine.decisions.decision import Decision
from engine.errors import DefinitionError, Problem
from engine.feel import FeelSyntaxError, compile_expression


def read_decisions(xml: bytes, file: str) -> Mapping[str, Decision]:
    """The decisions of a DMN file by id. Raises DefinitionError with every problem found."""
    try:
        root = etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise DefinitionError((Problem(code="dmn_not_xml", file=file, facts={"reason": str(error)}),)) from error
    found: dict[str, Decision] = {}
    for element in root.iterfind("{*}decision"):
        key = element.get("id", "")
        text = element.findtext("{*}literalExpression/{*}text")
        if text is None:
            raise DefinitionError((Problem(code="dmn_logic_unsupported", file=file, element_id=key),))
        try:
            logic = compile_expression(text)
        except FeelSyntaxError as error:
            raise DefinitionError((Problem(code=error.code, file=file, element_id=key, facts=error.facts),)) from error
        found[key] = Decision(id=key, name=element.get("name", key), logic=logic, inputs=tuple(sorted(logic.variables)))
    return found
