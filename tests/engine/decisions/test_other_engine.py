"""What the decision record 11 says of SpiffWorkflow's DMN engine, each claim tried against the one that is installed."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from lxml import etree
from SpiffWorkflow.bpmn.exceptions import WorkflowTaskException
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.dmn.parser.BpmnDmnParser import BpmnDmnParser

from engine.decisions import DecisionFailure, read_decisions, read_model
from engine.decisions.checks import check_model
from engine.feel import Environment

Make = Callable[..., Any]

OVERLAPPING = [("> 10", '"low"'), ("> 100", '"high"'), ("> 1000", '"low"')]
ORDERED = ("level", '"high", "low"')


def theirs(xml: bytes, **variables: Any) -> dict[str, Any]:
    """What SpiffWorkflow's engine gives for the table of ``decide``, which must have ids and labels everywhere."""
    root = etree.fromstring(xml)
    for number, element in enumerate(root.iter(etree.Element)):
        for attribute in ("id", "label", "typeRef"):
            element.set(attribute, element.get(attribute, "" if attribute == "typeRef" else f"e{number}"))
    parser = BpmnDmnParser()
    parser.add_dmn_str(etree.tostring(root))
    workflow = SimpleNamespace(script_engine=PythonScriptEngine(), spec=SimpleNamespace(file=None))
    workflow.top_workflow = workflow
    engine = parser.get_engine("decide", None)
    spec = SimpleNamespace(name="decide", bpmn_name="decide", file=None)
    found: dict[str, Any] = engine.result(SimpleNamespace(data=variables, workflow=workflow, task_spec=spec))
    return found


@pytest.fixture
def whole(file: Make, decision: Make, table: Make) -> Make:
    return lambda *arguments, **named: file(decision(table(*arguments, **named)))


def test_two_hits_under_unique_give_the_first_without_a_word(whole: Make, environment: Environment) -> None:
    xml = whole(OVERLAPPING, outputs=[ORDERED], policy="UNIQUE")
    assert theirs(xml, amount=500) == {"level": "low"}
    with pytest.raises(DecisionFailure):
        read_decisions(xml, "t.dmn")["decide"].evaluate({"amount": 500}, environment)
    assert "dmn_overlap" in {problem.code for problem in check_model(read_model(xml, "t.dmn"))}


@pytest.mark.parametrize(
    ("policy", "ours"),
    [
        ("FIRST", "low"),
        ("PRIORITY", "high"),
        ("RULE ORDER", ["low", "high"]),
        ("OUTPUT ORDER", ["high", "low"]),
        ("ANY", None),
    ],
)
def test_most_hit_policies_are_alike(whole: Make, environment: Environment, policy: str, ours: Any) -> None:
    xml = whole(OVERLAPPING, outputs=[ORDERED], policy=policy)
    assert theirs(xml, amount=500) == {"level": "low"}
    decision = read_decisions(xml, "t.dmn")["decide"]
    if ours is None:
        with pytest.raises(DecisionFailure):
            decision.evaluate({"amount": 500}, environment)
    else:
        assert decision.evaluate({"amount": 500}, environment).value == ours


def test_aggregations_are_passed_over(whole: Make, environment: Environment) -> None:
    xml = whole([("> 0", "1"), ("> 10", "2")], policy="COLLECT", aggregation="SUM")
    assert theirs(xml, amount=500) == {"approval": [1, 2]}
    assert read_decisions(xml, "t.dmn")["decide"].evaluate({"amount": 500}, environment).value == 3


def test_defaults_are_passed_over(whole: Make, environment: Environment) -> None:
    xml = whole([("> 10", '"a"')], default='"none"')
    assert theirs(xml, amount=1) == {}
    assert read_decisions(xml, "t.dmn")["decide"].evaluate({"amount": 1}, environment).value == "none"


@pytest.mark.parametrize("cell", ["[0..1000]", 'date("2026-01-31")', "null"])
def test_cells_are_python_and_feel_is_an_error_of_the_case(whole: Make, cell: str) -> None:
    with pytest.raises(WorkflowTaskException):
        theirs(whole([(cell, "1")]), amount=500)


@pytest.mark.parametrize(("cell", "amount"), [('not("a")', "b"), ("1, 2", 1)])
def test_cells_that_are_python_too_mean_something_else(
    whole: Make, environment: Environment, cell: str, amount: Any
) -> None:
    """``not("a")`` is False there, ``1, 2`` one pair: the row is passed over without a word."""
    xml = whole([(cell, '"hit"')])
    assert theirs(xml, amount=amount) == {}
    assert read_decisions(xml, "t.dmn")["decide"].evaluate({"amount": amount}, environment).value == "hit"


def test_money_is_binary(whole: Make, environment: Environment) -> None:
    xml = whole([("-", "0.1 + 0.2 - 0.3")])
    assert theirs(xml, amount=1)["approval"] != 0
    assert read_decisions(xml, "t.dmn")["decide"].evaluate({"amount": 1}, environment).value == 0


def test_only_tables_are_decided(file: Make, decision: Make, literal: Make, environment: Environment) -> None:
    xml = file(decision(literal("1 + 1")))
    with pytest.raises(IndexError):
        theirs(xml)
    assert read_decisions(xml, "t.dmn")["decide"].evaluate({}, environment).value == 2
