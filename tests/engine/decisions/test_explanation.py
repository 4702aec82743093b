"""Why a decision came out as it did."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.decisions import read_decisions
from engine.decisions.explanation import explain
from engine.feel import Environment

D = Decimal
Make = Callable[..., Any]

ROWS = [("< 100", '"EU"', "1"), ("[100..500]", "-", "2"), ("> 500", 'not("EU")', "3")]


def test_a_table_says_which_rows_matched_and_what_kept_the_others(
    file: Make, decision: Make, table: Make, environment: Environment
) -> None:
    found = read_decisions(file(decision(table(ROWS, inputs=["amount", "region"], outputs=["level"]))), "t.dmn")
    told = explain(found["decide"], {"amount": D(600), "region": "US"}, environment)
    assert (told.id, told.value, told.rules, told.failure) == ("decide", D(3), ("r3",), None)
    (asked,) = told.tables
    assert (asked.policy, asked.outputs) == ("UNIQUE", ("level",))
    assert asked.inputs == (("amount", D(600)), ("region", "US"))
    assert [row.number for row in asked.matched] == [3]
    first, second, third = asked.rows
    assert [(cell.input, cell.value, cell.test, cell.passed) for cell in first.cells] == [
        ("amount", D(600), "< 100", False),
        ("region", "US", '"EU"', False),
    ]
    assert first.failing is first.cells[0]
    assert [cell.passed for cell in second.cells] == [False, True]
    assert third.failing is None
    assert third.outputs == ("3",)


def test_what_is_required_is_explained_once(
    file: Make, decision: Make, table: Make, literal: Make, environment: Environment
) -> None:
    found = read_decisions(
        file(
            '<inputData id="in" name="order total"/>',
            decision(literal("order total - rebate + share"), "net", ["rebate", "share", "?in"]),
            decision(literal("rebate / 2"), "share", ["rebate"]),
            decision(table([("> 100", "10"), ("-", "0")], inputs=["order total"], policy="FIRST"), "rebate", ["?in"]),
        ),
        "t.dmn",
    )
    told = explain(found["net"], {"order total": D(110)}, environment)
    assert told.value == D(105)
    assert told.variables == {"order total": D(110), "rebate": D(10), "share": D(5)}
    rebate, share = told.required
    assert share.required == (rebate,)
    assert share.required[0] is rebate
    assert rebate.rules == ("r1",)
    assert [row.matched for row in rebate.tables[0].rows] == [True, True]


def test_tables_inside_other_logic_are_explained_too(
    file: Make, decision: Make, table: Make, literal: Make, environment: Environment
) -> None:
    inner = table([("> limit", '"high"'), ("<= limit", '"low"')], inputs=["amount"], outputs=["level"])
    context = (
        "<context><contextEntry><variable name='limit'/>"
        + literal("5")
        + f"</contextEntry><contextEntry>{inner}</contextEntry></context>"
    )
    model = (
        '<businessKnowledgeModel id="rate" name="rate"><encapsulatedLogic><formalParameter name="x"/>'
        + table([("< 10", "1"), (">= 10", "2")], inputs=["x"], outputs=["level"])
        + "</encapsulatedLogic></businessKnowledgeModel>"
    )
    found = read_decisions(
        file(decision(context, "boxed"), decision(literal("rate(3) + rate(30)"), "calls", ["!rate"]), model), "t.dmn"
    )
    boxed = explain(found["boxed"], {"amount": D(6)}, environment)
    assert boxed.value == "high"
    assert [row.matched for row in boxed.tables[0].rows] == [True, False]
    calls = explain(found["calls"], {}, environment)
    assert calls.value == D(3)
    assert [[row.number for row in asked.matched] for asked in calls.tables] == [[1], [2]]
    assert calls.variables == {}


def test_a_failure_is_explained(
    file: Make, decision: Make, table: Make, literal: Make, environment: Environment
) -> None:
    found = read_decisions(
        file(
            decision(table([("> 10", "1"), ("> 100", "2")]), "two"),
            decision(literal("two + 1"), "above", ["two"]),
            decision(table([("> 10", "1")], allowed="[0..100]"), "allowed"),
        ),
        "t.dmn",
    )
    told = explain(found["two"], {"amount": D(500)}, environment)
    assert told.failure is not None
    assert told.failure.code == "decision_several_rules"
    assert [row.number for row in told.tables[0].matched] == [1, 2]
    above = explain(found["above"], {"amount": D(500)}, environment)
    assert above.failure is told.failure or above.failure is not None
    assert above.required[0].tables
    outside = explain(found["allowed"], {"amount": D(500)}, environment)
    assert outside.failure is not None
    assert outside.failure.code == "decision_input_not_allowed"
    assert outside.tables[0].inputs == (("amount", D(500)),)


def test_a_bound_that_is_exceeded_is_told(file: Make, decision: Make, literal: Make, environment: Environment) -> None:
    source = "count(for i in 1..1000, j in 1..1000 return i)"
    found = read_decisions(file(decision(literal(source))), "t.dmn")
    told = explain(found["decide"], {}, environment)
    assert (told.value, told.failure and told.failure.code) == (None, "feel_list_too_long")
