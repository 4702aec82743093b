"""DMN files as XML, read without trust: a size limit, no document type, no entities, no network."""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from engine.decisions.excess import excess_in
from engine.errors import DefinitionError, Problem

MAX_BYTES = 5_000_000

NAMESPACES = {
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd": "1.1",
    "http://www.omg.org/spec/DMN/20180521/MODEL/": "1.2",
    "https://www.omg.org/spec/DMN/20191111/MODEL/": "1.3",
    "https://www.omg.org/spec/DMN/20211108/MODEL/": "1.4",
    "https://www.omg.org/spec/DMN/20230324/MODEL/": "1.5",
}


def parse(xml: bytes, file: str) -> etree._Element:
    """The ``definitions`` element. Raises DefinitionError."""
    if len(xml) > MAX_BYTES:
        raise _refused(file, "dmn_too_large", limit=MAX_BYTES)
    if not xml.strip():
        raise _refused(file, "dmn_empty")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        if b"<!DOCTYPE" in xml:
            # the parser gives up where an entity is used; the cause is that there are any
            raise _refused(file, "dmn_doctype") from error
        line, column = error.position
        raise _refused(file, _BROKEN.get(error.code, "dmn_not_xml"), line=line, column=column) from error
    if root.getroottree().docinfo.doctype:
        raise _refused(file, "dmn_doctype")
    name = etree.QName(root)
    if name.localname != "definitions" or name.namespace not in NAMESPACES:
        code = "dmn_root" if name.namespace else "dmn_root_without_namespace"
        raise _refused(file, code, root=name.localname[:100], namespace=(name.namespace or "")[:100])
    excess = excess_in(root)
    if excess is not None:
        raise _refused(file, excess.code, excess.place, limit=excess.limit, count=excess.count)
    return root


_BROKEN: Mapping[object, str] = {
    etree.ErrorTypes.ERR_DOCUMENT_EMPTY: "dmn_no_xml",
    etree.ErrorTypes.ERR_INTERNAL_ERROR: "dmn_too_deep",
    etree.ErrorTypes.ERR_RESOURCE_LIMIT: "dmn_too_deep",
    etree.ErrorTypes.ERR_INVALID_CHAR: "dmn_encoding",
    etree.ErrorTypes.ERR_INVALID_ENCODING: "dmn_encoding",
    etree.ErrorTypes.ERR_UNSUPPORTED_ENCODING: "dmn_encoding",
    etree.ErrorTypes.ERR_UNKNOWN_ENCODING: "dmn_encoding",
}
"""What the XML parser stumbled over, where there is more to say than the place. Its own sentences are for programmers."""


def _refused(file: str, code: str, place: str | None = None, **facts: str | int) -> DefinitionError:
    return DefinitionError((Problem(code=code, file=file, place=place, facts={**facts}),))


def local(element: etree._Element) -> str:
    """The name of an element without its namespace."""
    return etree.QName(element).localname


def child(element: etree._Element, *path: str) -> etree._Element | None:
    """The first descendant along ``path``, in the element's own namespace."""
    found: etree._Element | None = element
    for name in path:
        if found is None:
            return None
        found = next(iter(children(found, name)), None)
    return found


def children(element: etree._Element, name: str) -> list[etree._Element]:
    """The children of that name in the element's own namespace (elements of other vocabularies are no part of DMN)."""
    return element.findall(f"{{{etree.QName(element).namespace}}}{name}")


def text(element: etree._Element | None) -> str:
    """The text in the ``text`` child of an expression, without blanks around it."""
    inner = None if element is None else child(element, "text")
    return "" if inner is None else "".join(inner.itertext()).strip()


def content(element: etree._Element | None) -> str:
    """The text of an element itself, blanks normalised."""
    return "" if element is None else " ".join("".join(element.itertext()).split())


def name(element: etree._Element) -> str:
    """The ``name`` of an element, blanks normalised."""
    return " ".join(element.get("name", "").split())


def key(element: etree._Element) -> str:
    """The id; the standard lets it be absent, then the name has to do."""
    return element.get("id") or name(element)


def reference(element: etree._Element, kind: str) -> str:
    """What an element refers to by name: an attribute, or (for item definitions) a child of that name."""
    return " ".join(element.get(kind, "").split()) or content(child(element, kind))


def variable_name(element: etree._Element) -> str:
    """The name by which expressions know an element: its variable's, or its own."""
    variable = child(element, "variable")
    return ("" if variable is None else name(variable)) or name(element) or element.get("id", "")
