"""Decision services (DMN 1.5 §6.3.10, §10.4) and knowledge that calls itself."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from engine.decisions import DecisionFailure, DecisionModel, read_model
from engine.errors import DefinitionError
from engine.feel import Environment, FeelFailure

D = Decimal
Make = Callable[..., Any]


def service(name: str, **references: str) -> str:
    inner = "".join(f'<{kind} href="#{key}"/>' for kind, keys in references.items() for key in keys.split())
    return f'<decisionService id="{name}" name="{name}">{inner}</decisionService>'


def invocation(function: str, **bindings: str) -> str:
    bound = "".join(
        f'<binding><parameter name="{name}"/><literalExpression><text>{source}</text></literalExpression></binding>'
        for name, source in bindings.items()
    )
    return f"<invocation><literalExpression><text>{function}</text></literalExpression>{bound}</invocation>"


@pytest.fixture
def model(file: Make, decision: Make, literal: Make) -> DecisionModel:
    """A price with a rebate, offered as services, and decisions that call them."""
    data = '<inputData id="amount" name="amount"><variable name="amount" typeRef="number"/></inputData>'
    return read_model(
        file(
            data,
            decision(literal("amount / 10"), "rebate", ["?amount"]),
            decision(literal("amount - rebate"), "net", ["?amount", "rebate"]),
            service("whole", outputDecision="net", encapsulatedDecision="rebate", inputData="amount"),
            service("given", outputDecision="net", inputDecision="rebate", inputData="amount"),
            service("both", outputDecision="net rebate", inputData="amount"),
            decision(
                literal('[whole(100), whole(amount: 50), given(100, 1), given(rebate: 2, amount: 3), whole("x"), whole(), '
                        "whole(1, 2), whole(n: 1), both(10).rebate, amount]"),
                "calls", ["!whole", "!given", "!both", "?amount"],
            ),
            decision(invocation("given", rebate="7", amount="amount"), "boxed", ["!given", "?amount"]),
        ),
        "t.dmn",
    )  # fmt: skip


def test_services_are_functions(model: DecisionModel, environment: Environment) -> None:
    found = model.decisions["calls"].evaluate({"amount": D(5), "rebate": D(1000)}, environment)
    assert found.value == [D(90), D(45), D(99), D(1), None, None, None, None, D(1), D(5)]
    assert model.decisions["boxed"].evaluate({"amount": D(5)}, environment).value == D(-2)


def test_services_are_evaluated_by_themselves(model: DecisionModel, environment: Environment) -> None:
    services = model.services
    assert services["whole"].evaluate({"amount": D(100)}, environment) == D(90)
    assert services["given"].evaluate({"amount": D(100), "rebate": D(1)}, environment) == D(99)
    assert services["given"].evaluate({"amount": D(100)}, environment) is None
    assert services["both"].evaluate({"amount": D(100)}, environment) == {"net": D(90), "rebate": D(10)}
    assert services["given"].inputs == ("amount", "rebate")
    with pytest.raises(DecisionFailure):
        services["whole"].evaluate({"amount": "100"}, environment)
    assert services["whole"].evaluate({"amount": "100"}, environment, is_strict=False) is None


def test_what_is_not_required_is_not_seen(file: Make, decision: Make, literal: Make, environment: Environment) -> None:
    data = '<inputData id="amount" name="amount"/>'
    found = read_model(file(data, decision(literal("if amount = null then free else amount"))), "t.dmn")
    assert [each.code for each in found.warnings] == ["dmn_requirement_missing"]
    assert found.decisions["decide"].inputs == ("free",)
    assert found.decisions["decide"].evaluate({"amount": D(1), "free": D(2)}, environment).value == D(2)


def test_a_decision_without_logic_is_null(file: Make, decision: Make, literal: Make, environment: Environment) -> None:
    found = read_model(file(decision("", "drawn"), decision(literal("drawn = null"), requires=["drawn"])), "t.dmn")
    assert [(each.code, each.severity) for each in found.warnings] == [("dmn_decision_without_logic", "warning")]
    assert found.decisions["decide"].evaluate({}, environment).value is True


def knowledge(name: str, body: str, *requires: str) -> str:
    links = "".join(
        f'<knowledgeRequirement><requiredKnowledge href="#{each}"/></knowledgeRequirement>' for each in requires
    )
    return (
        f'<businessKnowledgeModel id="{name}" name="{name}"><encapsulatedLogic><formalParameter name="n" typeRef="number"/>'
        f"<literalExpression><text>{body}</text></literalExpression></encapsulatedLogic>{links}</businessKnowledgeModel>"
    )


def test_knowledge_calls_itself_and_others_within_bounds(
    file: Make, decision: Make, literal: Make, environment: Environment
) -> None:
    found = read_model(
        file(
            knowledge("even one", "if n = 0 then true else odd one(n - 1)", "odd one"),
            knowledge("odd one", "if n = 0 then false else even one(n - 1)", "even one"),
            knowledge("endless", "endless(n + 1)", "endless"),
            decision(literal("[even one(10), odd one(10)]"), "ends", ["!even one", "!odd one"]),
            decision(literal("endless(1)"), "never", ["!endless"]),
        ),
        "t.dmn",
    )
    assert found.decisions["ends"].evaluate({}, environment).value == [True, False]
    with pytest.raises(FeelFailure):
        found.decisions["never"].evaluate({}, environment)


def test_knowledge_required_twice_over_is_no_more_work(
    file: Make, decision: Make, literal: Make, environment: Environment
) -> None:
    layers = [knowledge("k0", "n")] + [
        knowledge(f"{side}{level}", "n", f"k{level - 1}", f"j{level - 1}" if level > 1 else "k0")
        for level in range(1, 31)
        for side in ("k", "j")
    ]  # fmt: skip
    found = read_model(file(*layers, decision(literal("k30(1)"), requires=["!k30"])), "t.dmn")
    assert found.decisions["decide"].evaluate({}, environment).value == D(1)


@pytest.mark.parametrize(
    ("elements", "code"),
    [
        ((service("s"),), "dmn_service_without_output"),
        ((service("s", outputDecision="gone"),), "dmn_requirement_unknown"),
        ((service("s", outputDecision="s"),), "dmn_requirement_unknown"),
        ((knowledge("k", "n"), service("k", outputDecision="k")), "dmn_id_twice"),
    ],
)
def test_services_that_cannot_be(file: Make, elements: tuple[str, ...], code: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        read_model(file(*elements), "t.dmn")
    assert code in {each.code for each in caught.value.problems}


def test_a_service_that_decides_by_itself_is_a_cycle(file: Make, decision: Make, literal: Make) -> None:
    with pytest.raises(DefinitionError) as caught:
        read_model(file(decision(literal("s()"), requires=["!s"]), service("s", outputDecision="decide")), "t.dmn")
    assert {each.code for each in caught.value.problems} == {"dmn_requirement_cycle"}
