"""Item definitions, and values where a type is declared (DMN 1.5 §7.3.2, §10.3.2.9.4)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from engine.decisions import Decision, DecisionFailure, read_decisions, read_model
from engine.decisions.xml import NAMESPACES
from engine.errors import DefinitionError
from engine.feel import Environment, Value
from engine.texts import say

D = Decimal
Make = Callable[..., Any]

OLDEST, *_ = NAMESPACES


def item(name: str, inner: str, *, many: bool = False, kind: str = "itemDefinition") -> str:
    return f'<{kind} name="{name}"{" isCollection=&quot;true&quot;".replace("&quot;", chr(34)) if many else ""}>{inner}</{kind}>'


def of(name: str, tests: str = "", kind: str = "allowedValues") -> str:
    return f"<typeRef>{name}</typeRef>" + (f"<{kind}><text>{tests}</text></{kind}>" if tests else "")


TYPES = (
    item("tStatus", of("string", '"open","closed"')),
    item("tStatuses", of("tStatus"), many=True),
    item("tFew", of("number", "count(?) &lt; 3", "typeConstraint"), many=True),
    item("tSmall", of("number", "&lt; 10"), many=True),
    item("tMany", of("number", ",".join(map(str, range(9))))),
    item("tOpen", of("tStatus", '"open"')),
    item(
        "tOrder",
        item("status", of("tStatus"), kind="itemComponent")
        + item("lines", item("unit price", of("number"), kind="itemComponent"), many=True, kind="itemComponent"),
    ),
    item("tRate", '<functionItem outputTypeRef="number"><parameters name="n" typeRef="number"/></functionItem>'),
)


def order(status: Value, *prices: Value, **more: Value) -> dict[str, Value]:
    return {"status": status, "lines": [{"unit price": price} for price in prices], **more}


@pytest.fixture
def given(file: Make, decision: Make, literal: Make) -> Callable[[str], Decision]:
    """A decision that repeats its input of the type given."""

    def make(type_ref: str) -> Decision:
        data = f'<inputData id="in" name="in put"><variable name="in put" typeRef="{type_ref}"/></inputData>'
        return read_decisions(file(*TYPES, data, decision(literal("in put"), requires=["?in"])), "t.dmn")["decide"]

    return make


@pytest.mark.parametrize(
    ("type_ref", "value", "expected"),
    [
        ("number", D(1), D(1)),
        ("number", [D(1)], D(1)),
        ("number", "1", None),
        ("number", None, None),
        ("date and time", date(2026, 1, 31), datetime(2026, 1, 31, tzinfo=UTC)),
        ("dateTime", datetime(2026, 1, 31), datetime(2026, 1, 31)),
        ("Any", "1", "1"),
        ("tStatus", "open", "open"),
        ("tStatus", "lost", None),
        ("tStatuses", ["open", "closed"], ["open", "closed"]),
        ("tStatuses", "open", ["open"]),
        ("tStatuses", ["open", "lost"], None),
        ("tOpen", "closed", None),
        ("tOpen", "lost", None),
        ("tFew", [D(1), D(2)], [D(1), D(2)]),
        ("tFew", [D(1), D(2), D(3)], None),
        ("tSmall", [D(1), D(11)], None),
        ("tOrder", order("open", D(1), more=D(2)), order("open", D(1), more=D(2))),
        ("tOrder", order("open", "1"), None),
        ("tOrder", order("lost", D(1)), None),
        ("tOrder", {"lines": []}, None),
        ("tOrder", order(None, None), order(None, None)),
    ],
)
def test_inputs_are_of_their_type(
    given: Make, environment: Environment, type_ref: str, value: Value, expected: Value
) -> None:
    decision = given(type_ref)
    assert decision.evaluate({"in put": value}, environment, is_strict=False).value == expected
    if expected is None and value is not None:
        with pytest.raises(DecisionFailure) as caught:
            decision.evaluate({"in put": value}, environment)
        assert caught.value.code in ("decision_input_unfit", "decision_input_not_listed")
        assert str(caught.value.facts["input"]).startswith("in put")
    else:
        assert decision.evaluate({"in put": value}, environment).value == expected


@pytest.mark.parametrize(
    ("type_ref", "value", "sentence"),
    [
        ("tStatus", "lost", 'The value of “in put” is not allowed ("lost"); these are: "open", "closed". Correct'),
        ("tOpen", "lost", 'these are: "open", "closed".'),
        ("tOpen", "closed", 'these are: "open".'),
        ("tSmall", [D(1), D(11)], "“in put[2]” is not allowed ([1, 11]); these are: < 10."),
        ("tOrder", order("lost"), "“in put.status” is not allowed"),
        ("tMany", D(10), "these are: 0, 1, 2, 3, 4, 5, 6, 7, …."),
        ("tStatus", D(1), "must be of the type “string”; 1 is not."),
        (
            "tOrder",
            D(1),
            "the type “context with “status” (string), “lines” (list of context with “unit price” (number))”; 1 is not.",
        ),
    ],
)
def test_what_does_not_fit_is_said_in_words(
    given: Make, environment: Environment, type_ref: str, value: Value, sentence: str
) -> None:
    with pytest.raises(DecisionFailure) as caught:
        given(type_ref).evaluate({"in put": value}, environment)
    assert sentence in say(caught.value.code, "en", **caught.value.facts)
    assert say(caught.value.code, "fr", **caught.value.facts)


def test_a_missing_input_is_null(given: Make, environment: Environment) -> None:
    assert given("tOrder").evaluate({}, environment).value is None


@pytest.mark.parametrize(
    ("source", "type_ref", "expected"),
    [("1", "number", D(1)), ('"1"', "number", None), ("[1]", "number", D(1)), ('"lost"', "tStatus", None),
     ("1", "tSmall", [D(1)]), ("{a: 1} instance of tOrder", "boolean", False), ('"open" instance of tStatus', "", True)],
)  # fmt: skip
def test_results_are_of_the_type_of_their_variable(
    file: Make, environment: Environment, source: str, type_ref: str, expected: Value
) -> None:
    variable = f'<variable name="d" typeRef="{type_ref}"/>' if type_ref else ""
    made = (
        f'<decision id="d" name="d">{variable}<literalExpression><text>{source}</text></literalExpression></decision>'
    )
    assert read_decisions(file(*TYPES, made), "t.dmn")["d"].evaluate({}, environment).value == expected


def test_cells_are_of_the_type_of_their_column(
    file: Make, decision: Make, table: Make, environment: Environment
) -> None:
    typed = table([("1", "1"), ("2", '"2"')], policy="UNIQUE").replace(
        'name="approval"', 'name="approval" typeRef="number"'
    )
    found = read_decisions(file(decision(typed)), "t.dmn")["decide"]
    assert [found.evaluate({"amount": D(n)}, environment).value for n in (1, 2)] == [D(1), None]


def test_knowledge_takes_and_gives_its_types(
    file: Make, decision: Make, literal: Make, environment: Environment
) -> None:
    model = (
        '<businessKnowledgeModel id="k" name="k"><variable name="k" typeRef="tRate"/><encapsulatedLogic typeRef="string">'
        '<formalParameter name="n" typeRef="number"/><literalExpression><text>n</text></literalExpression>'
        "</encapsulatedLogic></businessKnowledgeModel>"
    )
    source = "[k(1), k([2]), k(&quot;3&quot;)]".replace("&quot;", '"')
    with_string = file(*TYPES, model, decision(literal(source), requires=["!k"]))
    assert read_decisions(with_string, "t.dmn")["decide"].evaluate({}, environment).value == [None, None, None]
    by_signature = with_string.replace(b' typeRef="string">', b">", 1).replace(
        b"<text>n</text>", b"<text>string(n)</text>"
    )
    assert read_decisions(by_signature, "t.dmn")["decide"].evaluate({}, environment).value == [None, None, None]
    with_number = with_string.replace(b' typeRef="string">', b' typeRef="number">', 1)
    assert read_decisions(with_number, "t.dmn")["decide"].evaluate({}, environment).value == [D(1), D(2), None]


def test_the_oldest_version_writes_types_with_a_prefix(
    file: Make, decision: Make, literal: Make, environment: Environment
) -> None:
    data = '<inputData id="in" name="n"><variable name="n" typeRef="own:tPlain"/></inputData>'
    made = file(item("tPlain", of("feel:number")), data, decision(literal("n"), requires=["?in"]), namespace=OLDEST)
    xml = made.replace(b' id="d"', b' id="d" xmlns:feel="http://www.omg.org/spec/FEEL/20140401" xmlns:own="urn:d"', 1)
    found = read_model(xml, "t.dmn")
    assert found.inputs["in"].type == found.types["tPlain"]
    assert found.decisions["decide"].evaluate({"n": "1"}, environment, is_strict=False).value is None


@pytest.mark.parametrize(
    ("definitions", "code"),
    [
        (item("a", of("tMissing")), "dmn_type_unknown"),
        (item("a", of("strng")), "dmn_type_unknown_similar"),
        (item("a", of("a")), "dmn_type_cycle"),
        (item("a", item("x", of("b"), kind="itemComponent")) + item("b", of("a"), many=True), "dmn_type_cycle"),
        (item("a", of("string")) + item("a", of("number")), "dmn_type_twice"),
        (item("a", of("number", "&gt; ")), "feel_ends_early"),
        # each type has the one before twice: the last one has 2^20 parts
        (item("t0", of("string")) + "".join(
            item(f"t{n}", item("x", of(f"t{n - 1}"), kind="itemComponent") + item("y", of(f"t{n - 1}"), kind="itemComponent"))
            for n in range(1, 21)), "dmn_type_too_large"),
        ("".join(item(f"t{n}", of(f"t{n + 1}")) for n in range(500)) + item("t500", of("string")), "dmn_type_too_large"),
    ],
)  # fmt: skip
def test_types_that_cannot_be(file: Make, definitions: str, code: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        read_decisions(file(definitions), "t.dmn")
    assert code in {each.code for each in caught.value.problems}
