"""Decisions that require decisions and knowledge (DMN 1.5 §6.3)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from engine.decisions import read_decisions
from engine.errors import DefinitionError
from engine.feel import Environment, FeelFailure

D = Decimal
Make = Callable[..., Any]


def model(name: str, parameters: str, body: str, requires: str = "") -> str:
    formal = "".join(f'<formalParameter name="{each}"/>' for each in parameters.split())
    link = f'<knowledgeRequirement><requiredKnowledge href="#{requires}"/></knowledgeRequirement>' if requires else ""
    return (
        f'<businessKnowledgeModel id="{name}" name="{name}"><encapsulatedLogic>{formal}'
        f"<literalExpression><text>{body}</text></literalExpression></encapsulatedLogic>{link}</businessKnowledgeModel>"
    )


def test_what_is_required_is_decided_first_and_once(
    file: Make, decision: Make, literal: Make, table: Make, environment: Environment
) -> None:
    found = read_decisions(
        file(
            '<inputData id="in" name="order total"/>',
            decision(literal("net * 1.2 + share"), "gross", ["net", "share"]),
            decision(literal("order total - rebate"), "net", ["rebate", "?in"]),
            decision(literal("rebate / 2"), "share", ["rebate"]),
            decision(table([("> 100", "10"), ("-", "0")], inputs=["order total"], policy="FIRST"), "rebate", ["?in"]),
        ),
        "t.dmn",
    )
    assert set(found) == {"gross", "net", "share", "rebate"}
    assert found["gross"].inputs == ("order total",)
    result = found["gross"].evaluate({"order total": D(110)}, environment)
    assert result.value == D(125)
    assert result.required["net"].required["rebate"].rules == ("r1",)
    assert result.required["net"].required["rebate"] is result.required["share"].required["rebate"]


def test_knowledge_is_called_by_name(file: Make, decision: Make, literal: Make, environment: Environment) -> None:
    invocation = (
        "<invocation><literalExpression><text>payment</text></literalExpression>"
        '<binding><parameter name="n"/><literalExpression><text>2</text></literalExpression></binding>'
        '<binding><parameter name="p"/><literalExpression><text>amount</text></literalExpression></binding></invocation>'
    )
    found = read_decisions(
        file(
            decision(literal("payment(amount, 4) + payment(n: 2, p: amount)"), "direct", ["!payment"]),
            decision(invocation, "boxed", ["!payment"]),
            model("payment", "p n", "rounded(p / n)", "rounded"),
            model("rounded", "x", "decimal(x, 2)"),
        ),
        "t.dmn",
    )
    assert found["direct"].inputs == ("amount",)
    assert found["direct"].evaluate({"amount": D(10)}, environment).value == D("7.50")
    assert found["boxed"].evaluate({"amount": D(10)}, environment).value == D(5)


def test_a_boxed_context_gives_its_entries_or_its_result(file: Make, decision: Make, environment: Environment) -> None:
    entries = (
        '<contextEntry><variable name="a b"/><literalExpression><text>x + 1</text></literalExpression></contextEntry>'
        '<contextEntry><variable name="c"/><literalExpression><text>a b * 2</text></literalExpression></contextEntry>'
    )
    last = "<contextEntry><literalExpression><text>a b + c</text></literalExpression></contextEntry>"
    found = read_decisions(
        file(decision(f"<context>{entries}</context>", "all"), decision(f"<context>{entries}{last}</context>", "last")),
        "t.dmn",
    )
    assert (found["all"].inputs, found["all"].outputs) == (("x",), ("a b", "c"))
    assert found["all"].evaluate({"x": D(1)}, environment).value == {"a b": D(2), "c": D(4)}
    assert found["last"].evaluate({"x": D(1)}, environment).value == D(6)


def test_one_budget_for_all_that_is_required(
    file: Make, decision: Make, literal: Make, environment: Environment
) -> None:
    levels = [
        model(f"f{n}", "x", f"count(for i in 1..30 return f{n - 1}(i)) + x" if n else "x", f"f{n - 1}" if n else "")
        for n in range(6)
    ]
    found = read_decisions(file(decision(literal("f5(1)"), "deep", ["!f5"]), *levels), "t.dmn")
    with pytest.raises(FeelFailure) as caught:
        found["deep"].evaluate({}, environment)
    assert caught.value.code == "feel_too_much_work"


@pytest.mark.parametrize(
    ("links", "code"), [((("a", "b"), ("b", "a")), "dmn_requirement_cycle"), ((("a", "x"),), "dmn_requirement_unknown")]
)
def test_loops_and_loose_ends_are_problems(
    file: Make, decision: Make, literal: Make, links: tuple[tuple[str, str], ...], code: str
) -> None:
    with pytest.raises(DefinitionError) as caught:
        read_decisions(file(*(decision(literal("1"), one, [other]) for one, other in links)), "t.dmn")
    assert code in {problem.code for problem in caught.value.problems}
