"""Files that can be read, and what is said about those that cannot."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import engine.decisions
from engine.decisions import read_decisions, read_model
from engine.decisions.checks import check_model
from engine.decisions.excess import MAX_CHARACTERS, MAX_COLUMNS, MAX_EXPRESSIONS, MAX_PARTS
from engine.decisions.notes import MAX_MISTAKES
from engine.decisions.xml import MAX_BYTES, NAMESPACES
from engine.errors import DefinitionError, Problem
from engine.feel import Environment
from engine.texts import has, say

D = Decimal
Make = Callable[..., Any]

NAMESPACE = "https://www.omg.org/spec/DMN/20191111/MODEL/"
BOMB = b"""<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">]>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/">&d;&d;&d;</definitions>"""
EXTERNAL = b"""<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"><decision id="a" name="&a;"/></definitions>"""


def problems_of(xml: bytes) -> tuple[Problem, ...]:
    with pytest.raises(DefinitionError) as caught:
        read_decisions(xml, "rules/t.dmn")
    assert all(problem.file == "rules/t.dmn" for problem in caught.value.problems)
    return caught.value.problems


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_every_namespace(file: Make, decision: Make, literal: Make, environment: Environment, namespace: str) -> None:
    found = read_decisions(file(decision(literal("1 + 1")), namespace=namespace), "t.dmn")
    assert found["decide"].evaluate({}, environment).value == D(2)


@pytest.mark.parametrize(
    ("xml", "code"),
    [
        (b"", "dmn_empty"),
        (b" \n", "dmn_empty"),
        (b"PK\x03\x04", "dmn_no_xml"),
        (b"\x00\xff\xfe", "dmn_no_xml"),
        (b"<definitions", "dmn_not_xml"),
        (b"<definitions>\xff</definitions>", "dmn_encoding"),
        (b"<a>" * 300 + b"</a>" * 300, "dmn_too_deep"),
        (b"<definitions/>", "dmn_root_without_namespace"),
        (b'<definitions xmlns="urn:other"/>', "dmn_root"),
        (b'<decision xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"/>', "dmn_root"),
        (EXTERNAL, "dmn_doctype"),
        (b" " * (MAX_BYTES + 1), "dmn_too_large"),
    ],
)
def test_no_dmn_file(xml: bytes, code: str) -> None:
    assert [problem.code for problem in problems_of(xml)] == [code]


def test_what_is_no_dmn_file_is_said_in_our_words() -> None:
    def sentence(xml: bytes) -> str:
        (problem,) = problems_of(xml)
        assert problem.place is None
        return say(problem.code, "en", **problem.facts)

    assert "broken at line 2, column 5. Correct it there" in sentence(b"<a>\n</b></a>")
    assert "begins with the element “a” of “urn:b” instead of “definitions” of" in sentence(b'<a xmlns="urn:b"/>')
    assert "“definitions” without a namespace" in sentence(b"<definitions/>")
    assert "nested too deep" in sentence(b"<a>" * 300 + b"</a>" * 300)
    assert "HUGE" not in sentence(b"<a>" * 300)


def test_bombs_are_refused_at_once() -> None:
    start = process_time()
    huge = b"<definitions>" + b" " * 50_000_000
    assert [problem.code for problem in problems_of(huge)] == ["dmn_too_large"]
    assert process_time() - start < 1
    assert [problem.code for problem in problems_of(BOMB)] == ["dmn_doctype"]
    deep = b'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/">' + b"<decision>" * 100_000
    assert [problem.code for problem in problems_of(deep)] == ["dmn_too_deep"]
    many = deep.removesuffix(b"<decision>" * 100_000) + b'<decision id="d"/>' * 100_000 + b"</definitions>"
    assert [problem.code for problem in problems_of(many)] == ["dmn_too_many_elements"]
    wide = deep.removesuffix(b"<decision>" * 100_000) + b"<decision><context>" + b"<contextEntry/>" * 100_000
    told = problems_of(wide + b"</context></decision></definitions>")
    assert [(problem.code, problem.place) for problem in told] == [("dmn_too_many_entries", "line:1")]
    assert process_time() - start < 5


def test_all_problems_are_told_with_their_place(file: Make, decision: Make, table: Make, literal: Make) -> None:
    found = problems_of(
        file(
            decision(table([("> ", "1"), ("1", "1 +"), ("substrng(?, 1) = 2", "1")]), "first"),
            decision(literal("uper case(x)"), "second"),
            '<decision id="third" name="Third"/>',
            '<decision id="fourth"><literalExpression expressionLanguage="urn:groovy"><text>1</text></literalExpression></decision>',
            '<decision id="fifth"><relation><column name="a"/><row/></relation></decision>',
            '<decision id="fifth"><list/></decision>',
            '<import namespace="urn:x" name="x" importType="y"/>',
            f'<import namespace="urn:y" name="y" importType="{NAMESPACE}"/>',
            '<decisionService id="s" name="s"/>',
            '<businessKnowledgeModel id="b" name="b"><encapsulatedLogic kind="Java"/></businessKnowledgeModel>',
            '<decision id="uses"><knowledgeRequirement><requiredKnowledge href="#b"/></knowledgeRequirement>'
            "<literalExpression><text>1</text></literalExpression></decision>",
        )
    )
    told = {(problem.element_id, problem.code, problem.place) for problem in found}
    assert told == {
        ("first", "feel_ends_early", "rule:1/input:1 amount"),
        ("first", "feel_ends_early", "rule:2/output:1 approval"),
        ("first", "feel_unknown_function_similar", "rule:3/input:1 amount"),
        ("third", "dmn_decision_without_logic", None),
        ("fourth", "dmn_language", None),
        ("fifth", "dmn_id_twice", None),
        ("fifth", "dmn_row_width", "row:1"),
        (None, "dmn_import_kind", "import:x"),
        (None, "dmn_import_missing", "import:y"),
        ("s", "dmn_service_without_output", None),
        ("b", "dmn_function_kind", None),
        ("second", "feel_unknown_function_similar", None),
    }
    syntax = next(problem for problem in found if problem.place == "rule:3/input:1 amount")
    assert syntax.facts["suggestion"] == "substring"
    assert syntax.facts["expression"] == "substrng(?, 1) = 2"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"policy": "BEST"}, "dmn_hit_policy"),
        ({"policy": "COLLECT", "aggregation": "MEAN"}, "dmn_aggregation"),
        ({"policy": "PRIORITY"}, "dmn_priority_without_values"),
        ({"policy": "OUTPUT ORDER"}, "dmn_priority_without_values"),
        ({"outputs": ["a", "a"], "rows": [("-", "1", "2")]}, "dmn_output_names"),
        ({"outputs": [], "rows": [("-",)]}, "dmn_table_without_output"),
        ({"rows": [("-",)]}, "dmn_rule_width"),
    ],
)
def test_tables_that_cannot_decide(
    file: Make, decision: Make, table: Make, arguments: dict[str, Any], code: str
) -> None:
    assert [each.code for each in problems_of(file(decision(table(**{"rows": [("-", "1")], **arguments}))))] == [code]


def test_what_is_too_much_is_said_at_once(file: Make, decision: Make, table: Make, literal: Make) -> None:
    chain = (decision(literal("1"), f"d{n}", [f"d{n + 1}"]) for n in range(500))
    nested = "<list>" * 300 + "</list>" * 300
    loops = '<for iteratorVariable="i"><in>{}</in><return>{}</return></for>'
    deep = literal("1")
    for _ in range(60):
        deep = loops.format(literal("[1]"), deep)
    wrong = "".join(decision(literal(f"{n} +"), f"w{n}") for n in range(1000))
    start = process_time()
    assert {each.code for each in problems_of(file(*chain, decision(literal("1"), "d500")))} == {"dmn_chain_too_long"}
    assert {each.code for each in problems_of(file(decision(nested)))} == {"dmn_too_deep"}
    assert set(read_decisions(file(decision(deep)), "t.dmn")) == {"decide"}
    assert len(problems_of(file(wrong))) == 1000
    misspelt = "".join(literal(f"lenght{n}(1)") for n in range(5_000))
    assert len(problems_of(file(decision(f"<list>{misspelt}</list>")))) == MAX_MISTAKES
    assert process_time() - start < 10


def test_what_one_file_holds_is_bounded(file: Make, decision: Make, table: Make, literal: Make) -> None:
    def told(logic: str) -> list[tuple[str, object, object]]:
        found = problems_of(file(decision(logic)))
        return [(each.code, each.facts["limit"], each.facts["count"]) for each in found]

    start = process_time()
    items = "<list>" + literal("1") * 50_000 + "</list>"
    assert told(items) == [("dmn_too_many_expressions", MAX_EXPRESSIONS, 50_000)]
    assert told("<list>" + "<list/>" * 60_000 + "</list>") == [("dmn_too_many_parts", MAX_PARTS, 60_003)]
    half = MAX_EXPRESSIONS // 2 + 1
    rows = [("-", "1")] * half
    assert told(table(rows)) == [("dmn_too_many_expressions", MAX_EXPRESSIONS, 2 * half + 1)]
    wide = [(*("-" for _ in range(3_000)), "1")] * 2
    columns = [f"c{number}" for number in range(3_000)]
    assert told(table(wide, inputs=columns)) == [("dmn_too_many_columns", MAX_COLUMNS, 3_001)]
    assert told("<relation>" + '<column name="a"/>' * 101 + "</relation>") == [
        ("dmn_too_many_columns", MAX_COLUMNS, 101)
    ]
    long = f'"{"x" * 9_000}"'
    assert told("<list>" + literal(long) * 23 + "</list>") == [
        ("dmn_expressions_too_long", MAX_CHARACTERS, 23 * len(long))
    ]
    assert process_time() - start < 3


def test_texts_for_people_are_no_expressions(file: Make, decision: Make, literal: Make) -> None:
    note = "<textAnnotation><text>" + "x" * 250_000 + "</text></textAnnotation>"
    assert set(read_decisions(file(note, decision(literal("1"))), "t.dmn")) == {"decide"}


@pytest.mark.long
def test_the_largest_file_is_read_and_checked_soon(file: Make, decision: Make, table: Make) -> None:
    rows = [(*(f"[{row * column}..{row + column}]" for column in range(7)), str(row)) for row in range(740)]
    start = process_time()
    check_model(read_model(file(decision(table(rows, inputs=[f"c{n}" for n in range(7)]))), "t.dmn"))
    assert process_time() - start < 10


def test_names_are_said_once(file: Make, decision: Make, literal: Make) -> None:
    other = '<inputData id="other" name=" decide "/>'
    found = problems_of(file(decision(literal("1")), other, '<decisionService id="decide" name="s"/>'))
    assert {(each.code, each.element_id) for each in found} == {("dmn_name_twice", "other"), ("dmn_id_twice", "decide")}


def test_what_has_no_effect_is_kept_out(file: Make, literal: Make, environment: Environment) -> None:
    found = read_decisions(
        file(
            '<knowledgeSource id="law" name="decide"><authorityRequirement><requiredDecision href="#decide"/>'
            "</authorityRequirement></knowledgeSource>",
            '<organizationUnit id="o" name="Sales"/><performanceIndicator id="p" name="Margin"/>',
            '<textAnnotation id="note"><text>why</text></textAnnotation><association id="a"/><group id="g"/>',
            '<elementCollection id="e" name="All"><drgElement href="#decide"/></elementCollection>',
            '<decision id="decide" name="decide"><description>d</description><question>?</question>'
            "<allowedAnswers>1</allowedAnswers><authorityRequirement><requiredAuthority href='#law'/></authorityRequirement>"
            f'<supportedObjective href="#p"/><decisionMaker href="#o"/>{literal("1")}</decision>',
        ),
        "t.dmn",
    )
    assert found["decide"].evaluate({}, environment).value == D(1)


def test_every_problem_has_its_sentence() -> None:
    """The readers note codes: each stands in the catalogue, in the languages."""
    folder = Path(engine.decisions.__file__).parent
    source = "".join(file.read_text(encoding="utf-8") for file in folder.glob("*.py"))
    codes = set(re.findall(r'"(dmn_[a-z_]+|decision_[a-z_]+)"', source))
    assert len(codes) > 30
    assert [code for code in sorted(codes) if not has(code)] == []


def test_every_place_has_its_words() -> None:
    folder = Path(engine.decisions.__file__).parent
    source = "".join(file.read_text(encoding="utf-8") for file in folder.glob("*reader.py"))
    kinds = set(re.findall(r'within\("([a-z]+)"', source)) | {"line", "if", "then", "else"}
    assert [kind for kind in sorted(kinds) if not has(f"place_{kind}")] == []


def test_what_other_vocabularies_add_is_no_matter(
    file: Make, decision: Make, literal: Make, environment: Environment
) -> None:
    extra = '<extensionElements><x:decision xmlns:x="urn:x" id="decide"/></extensionElements><dmndi:DMNDI xmlns:dmndi="urn:di"/>'
    found = read_decisions(file(extra, decision(literal("1"))), "t.dmn")
    assert found["decide"].evaluate({}, environment).value == D(1)


@given(
    st.binary(max_size=200)
    | st.text(max_size=100).map(lambda text: f"<definitions>{text}</definitions>".encode("utf-8", "replace"))
)
def test_any_bytes_give_decisions_or_problems(xml: bytes) -> None:
    problems_of(xml)
