"""What the style gets: texts that the font can write, figures that agree, rows that stay together."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from handlers.documents.model import Document, Line, NoteLine, PostalAddress, SectionLine
from handlers.documents.rows import LONG
from handlers.documents.rules import contradictions
from handlers.documents.sheet import sheet
from handlers.documents.writing import characters, written
from tests.handlers.documents import examples
from tests.handlers.documents.examples import item, quote


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("E\u0301lodie\tRossi\u202e", "Élodie Rossi"),
        ("ﬁn 日本 😀", "fin □□ □"),
        ("un\ndeux\r\n", "un\ndeux\n"),
        ("x" * 30, "x" * 12 + "\u200b" + "x" * 12 + "\u200b" + "x" * 6),
        ("#let x = 1; *gras*", "#let x = 1; *gras*"),
    ],
)
def test_what_is_written(typed: str, expected: str) -> None:
    assert written(typed) == expected


@settings(max_examples=40)
@given(some.text())
def test_nothing_is_written_that_the_font_has_not(text: str) -> None:
    assert set(written(text)) <= characters() | {"\n"}
    assert all(len(word) < 28 for word in written(text).replace("\u200b", " ").split())


def kinds(document: Document) -> list[tuple[str, int]]:
    return [(each["kind"], each["tied"]) for each in sheet(document)["rows"]]


def test_a_subtotal_and_the_totals_are_tied_to_the_line_before() -> None:
    first, second = item("A", price="10"), item("B", price="20")
    lines: list[Line] = [
        SectionLine(title="Un", subtotal=Decimal("30.00")),
        first,
        second,
        SectionLine(title="Deux", subtotal=Decimal("10.00")),
        first,
    ]
    assert kinds(quote(lines)) == [
        *(("section", 1), ("item", 1), ("item", 2), ("subtotal", 0)),
        *(("section", 1), ("item", 3), ("subtotal", 0), ("totals", 0)),
    ]
    long = replace(first, description="x" * LONG)
    assert kinds(quote([long])) == [("item", 1), ("totals", 1)]
    assert kinds(quote([first, NoteLine(text="Fin.")])) == [("item", 1), ("note", 2), ("totals", 0)]


def test_columns_and_totals_are_those_that_the_document_needs() -> None:
    plain = sheet(examples.short())
    assert plain["columns"] == ["Désignation", "Quantité", "Prix unitaire HT", "TVA", "Montant HT (€)"]
    assert plain["totals"] == [
        ("Total HT", "2\u202f070,00\u00a0€"),
        ("TVA", "414,00\u00a0€"),
        ("Total TTC", "2\u202f484,00\u00a0€"),
    ]
    discounted = sheet(examples.long("en"))
    assert "Discount" in discounted["columns"]
    assert [label for label, _ in discounted["totals"]] == [
        *("Lines before tax", "Frais de port", "Total before tax", "VAT", "Total")
    ]
    untaxed = sheet(quote([item("Conseil", "2", "400", None)]))
    assert "TVA" not in untaxed["columns"]
    assert untaxed["vat"]["rows"] == []
    assert untaxed["totals"] == [("Total, sans TVA", "800,00\u00a0€")]


def test_who_writes_to_whom() -> None:
    said = sheet(examples.short())
    assert said["footer"].splitlines() == [
        "Atelier du Jura · SAS au capital de 50\u202f000 € · 4 rue des Artisans, 39000 Lons-le-Saunier",
        "303\u00a0265\u00a0045 RCS Lons-le-Saunier · SIRET 303\u00a0265\u00a0045\u00a000011 · NAF 31.01Z · TVA FR40303265045",
    ]
    assert said["buyer"]["text"].splitlines() == [
        *(
            "À l’attention de Mme Léa Vallier",
            "12 rue des Salines",
            "39000 Lons-le-Saunier",
            "SIREN 404\u00a0833\u00a0048",
        )
    ]
    assert dict(said["facts"])["Valable jusqu’au"] == "22 décembre 2026"
    alone = replace(examples.short(), seller=replace(examples.SELLER, legal_form="ei", capital=None, registry_city=""))
    assert sheet(alone)["seller"]["name"] == "Atelier du Jura EI"
    assert sheet(alone)["footer"].splitlines()[1].startswith("SIREN 303")
    abroad = replace(examples.BUYER, address=PostalAddress(postal_code="10115", city="Berlin", country="DE"))
    assert "ALLEMAGNE" in sheet(replace(examples.short(), buyer=abroad))["buyer"]["text"]


def test_everything_is_text_and_the_same_document_is_the_same_sheet() -> None:
    one, other = (json.dumps(sheet(examples.long())) for _ in range(2))
    assert one == other
    assert sheet(replace(examples.short(), version=2))["version"] == "Version 2"
    assert sheet(replace(examples.short(), is_draft=True))["draft"] == "BROUILLON"


@pytest.mark.parametrize("document", [examples.short(), examples.long(), quote([item("x", rate=None)])])
def test_figures_that_agree(document: Document) -> None:
    assert contradictions(document) == ()


def test_figures_that_contradict_themselves() -> None:
    good = examples.long()
    cent = Decimal("0.01")
    totals, first = good.totals, good.vat[0]
    assert contradictions(replace(good, lines=good.lines[:-1])) == (
        *("net_is_not_the_sum_of_lines", "base_is_not_the_sum_of_its_lines", "subtotal_is_not_the_sum_of_its_lines"),
    )
    assert contradictions(replace(good, totals=replace(totals, gross=totals.gross + cent))) == (
        "gross_is_not_net_and_vat",
    )
    assert contradictions(replace(good, vat=(replace(first, vat=first.vat + cent), *good.vat[1:]))) == (
        *("vat_is_not_the_sum_of_rates", "vat_is_not_that_of_its_base"),
    )
    assert "rate_without_its_part" in contradictions(replace(good, vat=good.vat[1:]))
    assert "net_is_not_the_sum_of_bases" in contradictions(replace(good, vat=good.vat[1:]))
