"""The PDF itself: its standard, its words, its bytes. Each drawing is a process, so there are few of them."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import replace
from typing import Any

import pytest
from facturx import get_facturx_xml_from_pdf
from pypdf import PdfReader

from engine.errors import InvariantBroken
from handlers.documents.facturx import xml_of
from handlers.documents.model import Logo, NoteLine
from handlers.documents.press import facturx_pdf_of, pdf_of
from handlers.documents.writing import characters
from tests.handlers.documents import examples
from tests.handlers.documents.examples import item, quote

COMMANDS = '#panic("x") *gras* $x^2$ @ref <label> \\ // non `c` #import "/etc/passwd": * ]'


def png(width: int, height: int) -> bytes:
    """A grey picture."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    rows = b"".join(b"\0" + b"\x80" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def words(content: bytes) -> list[str]:
    """The text of each page."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(content)).pages]


def test_a_quote_is_the_same_to_the_byte_when_it_is_made_again_and_pdf_a_over_many_pages() -> None:
    assert pdf_of(examples.short()) == pdf_of(examples.short())
    content = pdf_of(examples.long(is_draft=True))
    reader = PdfReader(io.BytesIO(content))
    xmp = reader.xmp_metadata
    assert xmp is not None
    assert (xmp.pdfaid_part, xmp.pdfaid_conformance) == ("3", "B")
    root: Any = reader.trailer["/Root"]
    assert root["/Lang"] == "fr"
    assert "/OutputIntents" in root
    for page in reader.pages:
        resources: Any = page["/Resources"]
        fonts = resources["/Font"].values()
        assert all("/FontFile3" in each["/DescendantFonts"][0]["/FontDescriptor"] for each in fonts)
    pages = words(content)
    for number, each in enumerate(pages, start=1):
        assert f"Page {number} / {len(pages)}" in each
        assert "BROUILLON" in each
        assert "Désignation Quantité Prix unitaire HT Remise TVA Montant HT (€)" in each  # the head of the table again
        assert "303 265 045 RCS Lons-le-Saunier" in each
    assert "Total TTC" in pages[-1]
    assert "Sous-total HT « Pose »" in pages[-1]
    assert "indemnité forfaitaire de 40 €" in pages[-1]


def test_texts_are_never_commands_and_any_character_and_length_is_drawn() -> None:
    logo = Logo(content=png(60, 20), media_type="image/png")
    everything = "".join(sorted(characters()))
    document = replace(
        quote(
            [
                NoteLine(text=COMMANDS),
                item("日本 😀 œuvre " + "Donaudampfschifffahrt" * 8, description="Très long. " * 400),
                item("Bureau", "999999.9999", "999.999999"),
            ],
            language="en",
        ),
        subject=COMMANDS,
        introduction=everything,
        seller=replace(examples.SELLER, name=COMMANDS, logo=logo),
    )
    pages = words(pdf_of(document))
    assert COMMANDS in pages[0].replace("\u200b", "")
    assert "999,999.9999" in " ".join(pages)
    assert "Quote DV-2026-00001" in pages[-1]


def test_an_invoice_carries_its_xml_and_is_the_same_to_the_byte_when_it_is_made_again() -> None:
    document = examples.invoice()
    content = facturx_pdf_of(document)
    assert content == facturx_pdf_of(document)
    assert get_facturx_xml_from_pdf(content, check_xsd=False) == ("factur-x.xml", xml_of(document))
    reader = PdfReader(io.BytesIO(content))
    xmp = reader.xmp_metadata
    assert xmp is not None
    assert (xmp.pdfaid_part, xmp.pdfaid_conformance) == ("3", "B")
    raw = xmp.stream.get_data().decode()
    assert "<fx:ConformanceLevel>EN 16931</fx:ConformanceLevel>" in raw
    assert "<xmp:ModifyDate>2026-11-22T00:00:00+00:00</xmp:ModifyDate>" in raw
    root: Any = reader.trailer["/Root"]
    assert root["/AF"][0].get_object()["/AFRelationship"] == "/Data"
    assert "/OutputIntents" in root
    assert "FA-2026-00007" in words(content)[0]


def test_an_invoice_that_the_official_rules_refuse_is_not_made() -> None:
    unsaid = examples.invoice(mentions=())
    with pytest.raises(InvariantBroken, match="BR-FR-05"):
        facturx_pdf_of(unsaid)
    with pytest.raises(ValueError, match="draft"):
        facturx_pdf_of(examples.invoice(is_draft=True))


def test_whoever_has_no_electronic_address_gets_it_on_paper() -> None:
    document = examples.invoice(buyer=replace(examples.CONSUMER, email=""))
    assert facturx_pdf_of(document) == pdf_of(document)


def test_every_kind_is_drawn() -> None:
    note, account = words(pdf_of(examples.delivery_note(60))), words(pdf_of(examples.statement(80, "en")))
    assert all("Désignation Quantité livrée Commandé Reste à livrer" in each for each in note[:-1])
    assert "Bon de livraison BL-2026-00004" in note[-1]
    assert "Reçu la marchandise" in note[-1]
    assert len(account) > 1
    assert "RG-2026-00079" in account[-1]  # never the totals alone
    assert "Balance on 22/11/2026" in account[-1]


def test_what_is_not_drawn() -> None:
    good = examples.short()
    with pytest.raises(InvariantBroken, match="document_figures_disagree"):
        pdf_of(replace(good, totals=replace(good.totals, gross=good.totals.net)))
    broken = Logo(content=png(60, 20)[:60], media_type="image/png")
    with pytest.raises(InvariantBroken, match="document_not_drawn"):
        pdf_of(replace(good, seller=replace(good.seller, logo=broken)))
