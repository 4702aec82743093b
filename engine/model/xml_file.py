"""Reading XML that strangers wrote: no entities, no network, no document type, bounded size and depth; UTF-8 only."""

from __future__ import annotations

import re
from collections.abc import Callable

from lxml import etree

from engine.errors import DefinitionError, Problem

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
ZEEBE = "http://camunda.org/schema/zeebe/1.0"
Element = etree._Element  # noqa: SLF001 - the type has no public name
MAXIMAL_BYTES = 5 * 1024 * 1024
MAXIMAL_ELEMENTS = 30_000
"""Ten times a large diagram. The schema check of libxml2 takes the square of this when every element is wrong."""

MAXIMAL_DEPTH = 256
"""That of libxml2: what is nested deeper is no drawing."""

_DECLARED_ENCODING = re.compile(rb"""\A(?:\xef\xbb\xbf)?<\?xml\s[^>]*?encoding\s*=\s*["']([^"'>]*)["']""")
_BEFORE_ROOT = re.compile(rb"\s+|<\?.*?\?>|<!--.*?-->", re.DOTALL)


def _refused(code: str, file: str, line: int | None = None, **facts: str | int) -> DefinitionError:
    return DefinitionError(
        (Problem(code=code, file=file, place=None if line is None else str(line), facts=dict(facts)),)
    )


def _has_doctype(xml: bytes) -> bool:
    """A document type can only stand before the root element; entities can only come from there."""
    at = 3 if xml.startswith(b"\xef\xbb\xbf") else 0
    while found := _BEFORE_ROOT.match(xml, at):
        at = found.end()
    return xml.startswith(b"<!DOCTYPE", at)


def parse_xml(xml: bytes, file: str) -> Element:
    """The root element, without comments and processing instructions.

    Raises DefinitionError (``xml_too_large``, ``xml_too_many_elements``, ``xml_too_deep``, ``xml_not_utf8``, ``xml_doctype``,
    ``xml_broken`` with the line as place). Nothing is resolved: a file with a document type is refused before the parser sees it,
    because attribute values would expand entities.
    """
    return _parsed(xml, file, is_whole=False)


def rewritten(xml: bytes, file: str, change: Callable[[Element], None]) -> bytes:
    """The file after ``change`` was made to its root element: all else stays as it was and where it was, also comments, processing
    instructions, CDATA sections and what other tools wrote.

    Raises DefinitionError as ``parse_xml`` does.
    """
    root = _parsed(xml, file, is_whole=True)
    change(root)
    return etree.tostring(root.getroottree(), encoding="UTF-8", xml_declaration=True)


def _parsed(xml: bytes, file: str, *, is_whole: bool) -> Element:
    if len(xml) > MAXIMAL_BYTES:
        raise _refused("xml_too_large", file, size=len(xml), limit=MAXIMAL_BYTES)
    declared = _DECLARED_ENCODING.match(xml)
    if declared is not None and declared[1].lower() not in {b"utf-8", b"us-ascii"}:
        raise _refused("xml_not_utf8", file, encoding=declared[1].decode("ascii", "replace"))
    try:
        xml.decode("utf-8")
    except UnicodeDecodeError:
        raise _refused("xml_not_utf8", file, encoding="?") from None
    if _has_doctype(xml):
        raise _refused("xml_doctype", file)
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=not is_whole,
        remove_pis=not is_whole,
        strip_cdata=not is_whole,
    )
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        if "xcessive depth" in (error.msg or ""):
            raise _refused("xml_too_deep", file, error.lineno or 1, limit=MAXIMAL_DEPTH) from None
        raise _refused("xml_broken", file, error.lineno or 1, reason=error.msg or "") from None
    count = sum(1 for _ in root.iter())
    if count > MAXIMAL_ELEMENTS:
        raise _refused("xml_too_many_elements", file, count=count, limit=MAXIMAL_ELEMENTS)
    return root


def local_name(element: Element) -> str:
    """The tag without its namespace."""
    return etree.QName(element).localname


def namespace_of(element: Element) -> str:
    """The namespace of the tag, or the empty text."""
    return etree.QName(element).namespace or ""


def children(element: Element, name: str, namespace: str = BPMN) -> list[Element]:
    """The direct children of this name."""
    return element.findall(f"{{{namespace}}}{name}")


def child(element: Element, name: str, namespace: str = BPMN) -> Element | None:
    """The first direct child of this name."""
    return element.find(f"{{{namespace}}}{name}")


def text_of(element: Element | None) -> str:
    """The text inside, without blanks around it."""
    return "" if element is None else "".join(str(each) for each in element.itertext()).strip()


def reference(text: str) -> str:
    """The id that a QName refers to. Imports are refused, so whatever the prefix, it is this file's."""
    return text.strip().rpartition(":")[2]
