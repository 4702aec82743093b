"""Decision tables as everybody reads them: in words, beside FEEL, in both languages, of every version."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import g

from engine.decisions.sheet import read_sheets
from engine.errors import DefinitionError
from tests.web.conftest import Browser, Office
from tests.web.test_pages import UNTRANSLATED
from web.workshop import decisions, wording

PAGE = "/processes/replenishment/versions/1/decisions/approval.dmn"

DISCOUNT = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="Remises" namespace="urn:x">
  <inputData id="customer" name="Customer"><variable name="Customer"/></inputData>
  <decision id="discount" name="Discount">
    <question>What does &lt;the customer&gt; save?</question>
    <informationRequirement><requiredInput href="#customer"/></informationRequirement>
    <decisionTable hitPolicy="COLLECT" aggregation="MAX">
      <input label="Customer"><inputExpression typeRef="string"><text>Customer</text></inputExpression>
        <inputValues><text>"gold", "silver"</text></inputValues></input>
      <input><inputExpression><text>since</text></inputExpression></input>
      <output name="rate" label="Rate"><defaultOutputEntry><text>0</text></defaultOutputEntry></output>
      <output name="why"/>
      <annotation name="Source"/>
      <rule id="r1"><inputEntry><text>"gold", "silver"</text></inputEntry><inputEntry><text>&lt; date("2020-01-31")</text></inputEntry>
        <outputEntry><text>0.15</text></outputEntry><outputEntry><text>upper case("x")</text></outputEntry>
        <annotationEntry><text>Contrat 12</text></annotationEntry></rule>
      <rule id="r2"><inputEntry><text>-</text></inputEntry><inputEntry><text>[date("2020-01-31")..today())</text></inputEntry>
        <outputEntry><text>-5</text></outputEntry><outputEntry><text/></outputEntry></rule>
    </decisionTable>
  </decision>
  <businessKnowledgeModel id="tax" name="Tax">
    <encapsulatedLogic><formalParameter name="amount"/><context>
      <contextEntry><variable name="rate"/><literalExpression><text>0.2</text></literalExpression></contextEntry>
      <contextEntry><conditional><if><literalExpression><text>amount &gt; 0</text></literalExpression></if>
        <then><literalExpression><text>amount * rate</text></literalExpression></then>
        <else><literalExpression><text>0</text></literalExpression></else></conditional></contextEntry>
    </context></encapsulatedLogic>
  </businessKnowledgeModel>
</definitions>"""


@pytest.fixture
def french(office: Office) -> Iterator[None]:
    with office.app.test_request_context("/"):
        g.locale = "fr"
        yield


def test_everybody_reads_the_rule_in_words(office: Office) -> None:
    page = office.as_("camille").get(PAGE).text
    assert "au plus 5\u202f000" in page
    assert "plus de 5\u202f000" in page
    assert "Jusqu’à 5 000 €, les achats commandent seuls." in page
    assert "Une seule ligne s’applique à chaque cas" in page
    assert '<code class="bd-feel">&lt;= 5000</code>' in page
    assert '<th scope="col">Montant de la commande (hors taxes) <code class="bd-feel">amount</code></th>' in page
    assert "/edit" not in page
    assert "/processes/replenishment/decisions/" not in page
    assert not UNTRANSLATED.search(page)


def test_the_same_in_english(office: Office) -> None:
    browser: Browser = office.sign_in("camille")
    browser.client.set_cookie("bordereau-language", "en")
    page = browser.get(PAGE).text
    assert "at most 5,000" in page
    assert "One row at most applies to each case" in page
    assert ">no</td>" in page
    assert ">yes</td>" in page


def test_the_process_page_lists_its_tables_and_owners_may_edit_them(office: Office) -> None:
    for login, may in (("aurelien", False), ("camille", False), ("olivia", True)):
        page = office.as_(login).get("/processes/replenishment").text
        assert f'href="{PAGE}"' in page
        assert "Accord nécessaire ?" in page
        assert "2 lignes · approval.dmn" in page
        assert ('href="/processes/replenishment/decisions/approval.dmn"' in page) is may
    assert "/processes/replenishment/decisions/approval.dmn" in office.as_("olivia").get(PAGE).text


def test_the_auditor_reads_the_table_of_the_version_that_a_case_follows(office: Office) -> None:
    case = office.start()
    aurelien = office.as_("aurelien")
    assert "/processes/replenishment?version=1" in aurelien.get(f"/cases/{case}").text
    assert PAGE in aurelien.get("/processes/replenishment?version=1").text
    assert aurelien.get(PAGE).status_code == 200


def test_a_sheet_has_all_that_is_written() -> None:
    found = read_sheets(DISCOUNT.encode(), "discount.dmn")
    table, model = found.sheets
    assert (found.name, found.rows) == ("Remises", 2)
    assert (table.question, table.requires) == ("What does <the customer> save?", ("Customer",))
    assert (table.hit_policy, table.aggregation, table.notes) == ("COLLECT", "MAX", ("Source",))
    assert [(each.label, each.text, each.allowed) for each in table.inputs] == [
        ("Customer", "Customer", '"gold", "silver"'),
        ("since", "since", ""),
    ]
    assert [(each.label, each.text, each.default) for each in table.outputs] == [
        ("Rate", "rate", "0"),
        ("why", "why", ""),
    ]
    assert table.rows[0].notes == ("Contrat 12",)
    assert (model.is_decision, model.is_table) == (False, False)
    assert [(each.depth, each.name, each.text) for each in model.lines] == [
        (0, "(amount)", ""),
        (1, "rate", "0.2"),
        (1, "if", "amount > 0"),
        (1, "then", "amount * rate"),
        (1, "else", "0"),
    ]


@pytest.mark.usefixtures("french")
def test_cells_are_said_in_words_where_they_are_plain() -> None:
    (table, _) = decisions.views(DISCOUNT.encode(), "discount.dmn")
    assert table.policy == "La plus grande conclusion des lignes qui s’appliquent est retenue."
    words = [[cell.words for cell in (*row.inputs, *row.outputs)] for row in table.rows]
    assert words == [
        ["«\u00a0gold\u00a0» ou «\u00a0silver\u00a0»", "avant le 31 janv. 2020", "0,15", ""],
        ["peu importe", "", "-5", "rien"],
    ]
    assert [cell.words for cell in table.otherwise] == ["0", "rien"]


@pytest.mark.usefixtures("french")
@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("", "peu importe"),
        ("[1..5]", "de 1 à 5"),
        ("]1..5]", "plus de 1 et au plus 5"),
        ("(1..5)", "plus de 1 et moins de 5"),
        ("not(1, 2)", "sauf 1 ou 2"),
        ("true", "oui"),
        ("null", "rien"),
        ('>= @"2026-01-31"', "à partir du 31 janv. 2026"),
        ('duration("P2D")', "2 jours"),
        ('> "b"', None),
        ("? > 3", None),
        ("amount", None),
        ("> amount", None),
        ('date("never")', None),
        ("[1..amount]", None),
        (", ".join(map(str, range(20))), None),
        ("1 +", None),
    ],
)
def test_a_condition_in_words(source: str, words: str | None) -> None:
    found = wording.condition(source)
    assert (found and found.replace("\u00a0", " ").replace("\u202f", " ")) == words


def test_what_is_no_decision_file_has_no_sheet() -> None:
    for content in (b"", b"<a/>", DISCOUNT.replace("?>", "?><!DOCTYPE a>", 1).encode()):
        with pytest.raises(DefinitionError):
            read_sheets(content, "x.dmn")
