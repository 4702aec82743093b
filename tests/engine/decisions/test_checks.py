"""What is told of decisions before any case meets them, and how grave it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from time import process_time
from typing import Any

import pytest

from engine.decisions import read_model
from engine.decisions.checks import Owner, check_model, check_table
from engine.decisions.table import Input, Output, Rule, Table
from engine.errors import Problem
from engine.feel import compile_expression, compile_unary_tests
from engine.texts import say

Make = Callable[..., Any]
Check = Callable[..., list[Problem]]

SINGLE = ("UNIQUE", "FIRST", "ANY", "PRIORITY")
LEVELS = ("level", '"high", "low"')


@pytest.fixture
def check(file: Make, decision: Make, table: Make) -> Check:
    """The problems of one table; ``types`` are those of its inputs."""

    def make(rows: Any, *, types: tuple[str, ...] = (), **named: Any) -> list[Problem]:
        xml = file(decision(table(rows, **named))).decode()
        for kind in types:
            xml = xml.replace("<inputExpression>", f'<inputExpression typeRef="{kind}">', 1)
        return list(check_model(read_model(xml.encode(), "t.dmn")))

    return make


def codes(problems: list[Problem]) -> list[tuple[str, str]]:
    return [(problem.severity, problem.code) for problem in problems]


def test_a_gap_is_told_with_an_example_and_the_rows_beside_it(check: Check) -> None:
    (gap,) = check([("<= 5000", "1"), ("[5001..6000]", "2"), ("> 6000", "3")], types=("number",))
    assert (gap.severity, gap.code, gap.element_id, gap.place) == ("warning", "dmn_gap_near", "decide", "rule:1")
    assert gap.facts == {"example": "amount = 5000.1", "rows": "1, 2"}
    assert "amount = 5000.1" in say(gap.code, "fr", **gap.facts)


@pytest.mark.parametrize(
    ("cells", "example"),
    [
        (["< 0", "> 0"], "amount = 0"),
        (["<= 0", "> 0.01"], "amount = 0.001"),
        (["<= 1000", "> 2000"], "amount = 1001"),
        (["< -5", "> -1"], "amount = -5"),
        (['< date("2026-02-01")', '> date("2026-02-01")'], 'amount = date("2026-02-01")'),
        (['<= date("2026-01-31")', '>= date("2026-02-03")'], 'amount = date("2026-02-01")'),
        (['< duration("P1D")', '> duration("P2D")'], 'amount = duration("P1D")'),
        (['<= duration("P1M")', '>= duration("P3M")'], 'amount = duration("P2M")'),
        (['< time("12:00:00")', '> time("12:00:00")'], 'amount = time("12:00:00")'),
        (
            ['< date and time("2026-01-01T00:00:00")', '>= date and time("2026-01-01T00:00:01")'],
            'amount = date and time("2026-01-01T00:00:00")',
        ),
        (['"a"', '"b"'], 'amount = "…"'),
        (["true"], "amount = false"),
        (["null", "> 3"], "amount = 2"),
        (["? < 3 or ? > 4"], "amount = 3"),
        (["not([3..4])"], "amount = 3"),
        (["2, 3, (3..5]", "< 2"], None),
        (["[1..5]"], None),
    ],
)
def test_gaps_of_every_kind_of_value(check: Check, cells: list[str], example: str | None) -> None:
    found = [problem.facts["example"] for problem in check([(cell, "1") for cell in cells], policy="FIRST")]
    assert example is None or example in found
    assert found


@pytest.mark.parametrize(
    "cells",
    [
        ["<= 5000", "> 5000"],
        ['<= date("2026-01-31")', '>= date("2026-02-01")'],
        ['<= duration("P1M")', '> duration("P1M")'],
        ['"a"', 'not("a")'],
        ["true", "false"],
        ["-"],
        ["< 3", "-"],
        ["< 3", "3, > 3"],
        ["? between 1 and 5", "not(? in [1..5])"],
    ],
)
def test_tables_without_gap(check: Check, cells: list[str]) -> None:
    assert check([(cell, "1") for cell in cells], policy="FIRST") == []


def test_every_input_has_its_value_in_the_example(check: Check) -> None:
    rows = [("<= 5000", '"EU", "UK"', "1"), ("> 5000", '"EU"', "2"), ("-", 'not("EU", "UK")', "3")]
    (gap,) = check(rows, inputs=["amount", "region"], types=("number", "string"))
    assert gap.facts["example"] == 'amount = 5001, region = "UK"'


@pytest.mark.parametrize(
    ("named", "is_gap"),
    [
        *(({"policy": policy}, True) for policy in SINGLE),
        ({"policy": "COLLECT", "aggregation": "SUM"}, True),
        ({"policy": "COLLECT", "aggregation": "COUNT"}, False),
        *(({"policy": policy}, False) for policy in ("COLLECT", "RULE ORDER", "OUTPUT ORDER")),
        ({"default": '"low"'}, False),
        ({"allowed": "> 10"}, False),
    ],
)
def test_where_a_gap_matters(check: Check, named: dict[str, Any], is_gap: bool) -> None:
    found = check([("> 10", '"low"')], outputs=[LEVELS], **named)
    assert ("dmn_gap_near" in {problem.code for problem in found}) is is_gap


@pytest.mark.parametrize(
    ("policy", "outputs", "expected"),
    [
        ("UNIQUE", ('"low"', '"low"'), [("error", "dmn_overlap")]),
        ("ANY", ('"low"', '"high"'), [("error", "dmn_contradiction")]),
        ("ANY", ('"low"', '"low"'), []),
        ("ANY", ('"low"', "other"), []),
        ("FIRST", ('"low"', '"high"'), []),
        ("PRIORITY", ('"low"', '"high"'), []),
        ("COLLECT", ('"low"', '"high"'), []),
        ("RULE ORDER", ('"low"', '"high"'), []),
        ("OUTPUT ORDER", ('"low"', '"high"'), []),
    ],
)
def test_where_an_overlap_matters(
    check: Check, policy: str, outputs: tuple[str, str], expected: list[tuple[str, str]]
) -> None:
    found = check([("<= 10", outputs[0]), (">= 10", outputs[1])], outputs=[LEVELS], policy=policy)
    assert codes(found) == expected
    assert all(problem.facts == {"rows": "1, 2", "example": "amount = 10"} for problem in found)


def test_rows_that_overlap_are_told_once_together(check: Check) -> None:
    found = check([("-", "1"), ("< 5", "2"), ("< 3", "3"), (">= 5", "4")])
    assert [problem.facts["rows"] for problem in found] == ["1, 2, 3", "1, 4"]
    assert "UNIQUE" in say("dmn_overlap", "en", **found[0].facts)


def test_overlaps_that_depend_on_more_are_not_claimed(check: Check) -> None:
    assert codes(check([("> limit", "1"), ("<= limit", "2")])) == [("warning", "dmn_table_undecided")]
    assert check([("> limit", "1"), ("-", "2")], policy="FIRST") == []
    computed = check([("> 10", "-", "1"), ("<= 10", "> 5", "2"), ("-", "<= 8", "3")], inputs=["n", "n + 1"])
    assert {problem.code for problem in computed} == {"dmn_overlap_possible"}
    assert {problem.severity for problem in computed} == {"warning"}


def test_two_columns_of_one_expression_are_one_value(check: Check) -> None:
    rows = [(">= 0", "< 10", "1"), (">= 10", "-", "2"), ("< 0", "-", "3")]
    assert check(rows, inputs=["n", "n"]) == []


def test_counts_are_whole_and_never_negative(check: Check) -> None:
    assert check([("0", "1"), ("[1..5]", "2"), (">= 6", "3")], inputs=["count(lines)"]) == []


@pytest.mark.parametrize(
    ("rows", "named", "row"),
    [
        ([("[10..5]", "1"), ("-", "2")], {"policy": "FIRST"}, 1),
        ([("-", "2"), ("(3..3)", "1")], {"policy": "COLLECT"}, 2),
        ([('"c"', "1"), ("-", "2")], {"allowed": '"a", "b"', "policy": "FIRST"}, 1),
        ([('"c"', "1"), ("-", "2")], {"types": ("number",), "policy": "FIRST"}, 1),
        ([("null", "1"), ("not(null), null", "2")], {"policy": "FIRST", "types": ("boolean",)}, None),
    ],
)
def test_rows_that_nothing_can_pass(check: Check, rows: Any, named: dict[str, Any], row: int | None) -> None:
    found = [problem.facts["rule"] for problem in check(rows, **named) if problem.code == "dmn_rule_never"]
    assert found == ([] if row is None else [row])


@pytest.mark.parametrize(
    ("rows", "policy", "expected"),
    [
        ([("< 10", "1"), ("< 5", "2"), (">= 10", "3")], "FIRST", {2: "1"}),
        ([("< 10", "1"), ("[10..15]", "2"), ("[7..12]", "3"), ("-", "4")], "FIRST", {3: "1, 2"}),
        ([("-", "1"), ("> limit", "2")], "FIRST", {2: "1"}),
        ([("> limit", "1"), ("-", "2")], "FIRST", {}),
        ([("true", "1"), ("false", "2"), ("-", "3")], "FIRST", {}),
        ([("-", '"high"'), ("> 5", '"low"')], "PRIORITY", {2: "1"}),
        ([("> 5", '"low"'), ("-", '"high"')], "PRIORITY", {1: "2"}),
        ([("-", '"low"'), ("> 5", '"high"')], "PRIORITY", {}),
        ([("-", "1"), ("> 5", "2")], "COLLECT", {}),
    ],
)
def test_rows_without_effect(check: Check, rows: Any, policy: str, expected: dict[int, str]) -> None:
    outputs: Any = [LEVELS] if policy == "PRIORITY" else ["level"]
    found = check(rows, policy=policy, outputs=outputs)
    hidden = [each for each in found if each.code in ("dmn_rule_masked", "dmn_rule_outranked")]
    assert {each.facts["rule"]: each.facts["rows"] for each in hidden} == expected
    assert {each.severity for each in hidden} <= {"warning"}


def test_rows_that_repeat_each_other(check: Check) -> None:
    (found,) = check([("> 1", "1"), ("< 0", "2"), ("> 1", "1")], policy="COLLECT")
    assert (found.code, found.facts) == ("dmn_rule_twice", {"rule": 3, "other": 1})


def test_outputs_of_the_wrong_type(file: Make, decision: Make, table: Make) -> None:
    rows = [("< 1", '"5"'), ("1", "5"), ("> 1", "string(amount)"), ("null", "null")]
    xml = file(decision(table(rows, policy="FIRST", default="true"))).decode()
    xml = xml.replace('<output name="approval">', '<output name="approval" typeRef="number">')
    found = check_model(read_model(xml.encode(), "t.dmn"))
    assert [(problem.severity, problem.code, problem.place) for problem in found] == [
        ("error", "dmn_output_type", "rule:1/output:1 approval"),
        ("error", "dmn_output_type", "rule:3/output:1 approval"),
        ("error", "dmn_output_type", "output:1 approval/default"),
    ]
    assert found[0].facts == {"output": "approval", "cell": '"5"', "type": "number", "found": "string"}


def test_outputs_that_are_no_output_value(check: Check) -> None:
    found = check([("< 1", '"hihg"'), ("1", '"medium"'), ("> 1", '"low"')], outputs=[LEVELS], default='"none"')
    assert [(each.severity, each.code) for each in found] == [
        ("error", "dmn_output_value_similar"),
        ("error", "dmn_output_value"),
        ("error", "dmn_output_value"),
    ]
    assert found[0].facts["suggestion"] == '"high"'
    assert check([("< 1", "5"), (">= 1", "12")], outputs=[("n", "[0..10], 12")]) == []


def test_aggregations_take_one_output(check: Check) -> None:
    found = check([("-", "1", "2")], outputs=["a", "b"], policy="COLLECT", aggregation="SUM")
    assert codes(found) == [("error", "dmn_aggregation_outputs")]


def test_tables_without_rules_and_without_inputs(check: Check) -> None:
    assert codes(check([])) == [("warning", "dmn_table_without_rules")]
    assert check([("1",)], inputs=[]) == []
    (found,) = check([("1",), ("2",)], inputs=[])
    assert (found.code, found.facts["rows"]) == ("dmn_overlap", "1, 2")


def test_the_types_of_the_file_limit_what_can_come(file: Make, decision: Make, table: Make) -> None:
    kind = (
        '<itemDefinition name="tRisk"><typeRef>string</typeRef>'
        '<allowedValues><text>"low", "high"</text></allowedValues></itemDefinition>'
    )
    data = '<inputData id="in" name="risk"><variable name="risk" typeRef="tRisk"/></inputData>'
    rows = table([('"low"', "1"), ('"high"', "2")], inputs=["risk"])
    assert check_model(read_model(file(kind, data, decision(rows, requires=["?in"])), "t.dmn")) == ()
    by_column = rows.replace("<inputExpression>", '<inputExpression typeRef="tRisk">')
    assert check_model(read_model(file(kind, decision(by_column)), "t.dmn")) == ()
    assert codes(list(check_model(read_model(file(decision(rows)), "t.dmn")))) == [("warning", "dmn_gap_near")]


def test_what_is_required_and_what_is_used(file: Make, decision: Make, literal: Make) -> None:
    inputs = "".join(
        f'<inputData id="{key}" name="{name}"/>' for key, name in (("a", "amount"), ("b", "region"), ("c", "spare"))
    )
    model = read_model(
        file(
            inputs,
            decision(literal("amont * 2"), "typo", ["?a"]),
            decision(literal("sum(lines[price > amount].price)"), "filters", ["?a"]),
            decision(literal("amount + 1"), "fine", ["?a"]),
            decision(literal("fine"), "loose", ["fine", "?b"]),
        ),
        "t.dmn",
    )
    found = {(each.element_id, each.code, each.facts["name"]) for each in check_model(model)}
    assert found == {
        ("typo", "dmn_requirement_unused", "amount"),
        ("typo", "dmn_name_undeclared_similar", "amont"),
        ("filters", "dmn_name_undeclared", "lines"),
        ("loose", "dmn_requirement_unused", "region"),
        ("c", "dmn_input_unused", "spare"),
    }
    assert {each.severity for each in check_model(model)} == {"warning"}


def test_large_tables_are_decided_in_time() -> None:
    names = [f"c{number}" for number in range(8)]
    rows = [
        (f"[{n}..{n + 1})", "-", f"> {n % 7}", '"a"', "-", "true" if n % 2 else "-", f"< {n % 50}", "-", str(n % 9))
        for n in range(1000)
    ]
    table = Table(
        inputs=tuple(Input(label=name, expression=compile_expression(name)) for name in names),
        columns=(Output(name="out"),),
        rules=tuple(
            Rule(id=str(n), tests=tuple(map(compile_unary_tests, row[:-1])), outputs=(compile_expression(row[-1]),))
            for n, row in enumerate(rows)
        ),
    )
    start = process_time()
    found = check_table(table, Owner("t.dmn", "decide", "decide"))
    # about half a second; the bound only says that nothing grows out of hand
    assert process_time() - start < 5
    assert "dmn_gaps_many" in {problem.code for problem in found}
    assert {problem.code for problem in found} <= {"dmn_gaps_many", "dmn_gap", "dmn_gap_near", "dmn_rule_never"}


def test_what_is_too_large_is_said(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.decisions.checks.space.MAX_WORK", 10)
    rows = [(f"[{n}..{n + 2}]", f"> {n}", "1") for n in range(20)]
    found = check(rows, inputs=["a", "b"])
    assert found[-1].code == "dmn_table_too_large_to_check"
    assert (found[-1].facts["rules"], found[-1].facts["inputs"]) == (20, 2)


def test_the_same_mistake_in_every_row_is_counted(check: Check) -> None:
    found = check([("-", '"hihg"') for _ in range(30)], outputs=[LEVELS], policy="COLLECT")
    told = [problem for problem in found if problem.code == "dmn_output_value_similar"]
    more = [problem for problem in found if problem.code == "dmn_more_alike"]
    assert (len(told), [(each.severity, each.facts["count"]) for each in more]) == (20, [("error", 10), ("warning", 9)])


def test_every_sentence_has_its_facts(check: Check) -> None:
    rows = [("[10..5]", '"hihg"'), ("> 1", '"low"'), ("> 0", '"low"')]
    for problem in check(rows, outputs=[LEVELS]):
        for language in ("fr", "en"):
            assert not re.search(r"…\s*…|\{", say(problem.code, language, **problem.facts))
