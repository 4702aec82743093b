"""Ten questions about ``replenishment`` that people ask who have never seen a process drawn, and where its text answers them.

Each answer is taken from what runs: the process that the text becomes, its table, its forms. So the text cannot say one thing while the
engine does another. ``docs/short-form.md`` and the README of the process say some of these answers, and are held against them too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pytest
import yaml

from engine.model import elements as model
from engine.model.bundle import Bundle, read_bundle
from tests import replenishment
from tests.engine.stories.telling import at

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
TEXT = yaml.safe_load(replenishment.files()[replenishment.YAML])

_Node = TypeVar("_Node", bound=model.Node)
Said = dict[str, Any]


@cache
def bundle() -> Bundle:
    return read_bundle(replenishment.files())


def node(identity: str, kind: type[_Node]) -> _Node:
    found = bundle().process.nodes[identity]
    assert isinstance(found, kind)
    return found


def step(name: str, said: object = TEXT) -> Said:
    """The step of this name in the text."""
    waiting = [said]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if name in [value.get(verb) for verb in ("ask", "do", "choose", "look up", "compute", "end")]:
                return value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    raise AssertionError(name)


def role(key: str) -> str:
    return str(TEXT["roles"][key]["en"])


def next_after(identity: str) -> list[str]:
    """The elements that flows lead to, over gateways at which ways only meet."""
    process = bundle().process
    found = []
    for flow in process.nodes[identity].outgoing:
        target = process.nodes[process.flows[flow].target]
        found += next_after(target.id) if target.id.endswith("_join") else [target.id]
    return found


def who_asks() -> tuple[str, str]:
    """Who asks for an article?"""
    starts = bundle().starts
    assert starts is not None
    (allowed,) = starts.roles
    return role(TEXT["start"]["who"]), role(allowed)


def who_decides() -> tuple[str, str]:
    """Who decides on a request?"""
    return role(step("decide_request")["who"]), role(str(node("decide_request", model.UserTask).role))


def until_when() -> tuple[str, str]:
    """By when?"""
    due = node("decide_request", model.UserTask).due
    assert due is not None
    (days,) = re.fullmatch(r"working_days_after\(now\(\), (\d+)\)", due.source).groups()  # type: ignore[union-attr]
    return step("decide_request")["due"], f"{days} working days"


def what_if_nobody_decides() -> tuple[str, str]:
    """What happens when nobody has decided by then?"""
    (event,) = step("decide_request")["meanwhile"]
    late = node("decision_late", model.BoundaryEvent)
    due = node("decide_request", model.UserTask).due
    assert isinstance(late.trigger, model.TimerDefinition)
    assert due is not None
    assert late.trigger.expression.source == due.source, "at the due date"
    says = f"after {event['after']}: {[next(iter(each.values())) for each in event['then']]}; the task stays open"
    does = f"after the due date: {[*next_after(late.id), *next_after('remind_buyers')]}; "
    return says, does + ("the task is gone" if late.is_interrupting else "the task stays open")


def who_decides_above_the_threshold() -> tuple[str, str]:
    """Who decides above 5,000 euros?"""
    assert next_after("gateway_approval")[0] == "approve_order"
    (amount,) = (each for each in (Decimal(number) for number in range(4_990, 5_010)) if needs(each) != needs(each + 1))
    note = step("need_approval")["note"]["en"]
    says = re.search(r"Above ([\d,]+) €, the (.+) decides", note)
    assert says is not None
    assert step("need_approval")["note"]["fr"].endswith("la personne responsable des achats décide.")
    does = f"{role(str(node('approve_order', model.UserTask).role)).lower()} above {amount:,}"
    return f"{says[2]} above {says[1]}", does


def needs(amount: Decimal) -> bool:
    """What the table says of an amount."""
    rule = node("need_approval", model.BusinessRuleTask)
    decided = bundle().model.decisions[rule.decision].evaluate({"amount": amount}, at(NOW))
    assert isinstance(decided.value, bool)
    return decided.value


def who_may_not_approve() -> tuple[str, str]:
    """May whoever decided approve the order too?"""
    return step("approve_order")["not the person who did"], str(node("approve_order", model.UserTask).not_same_as)


def what_if_denied() -> tuple[str, str]:
    """What if the manager says no?"""
    (no,) = (each for each in step("agreement")["options"] if "otherwise" in each)
    (flow,) = (
        bundle().process.flows[each]
        for each in node("gateway_agreement", model.ExclusiveGateway).outgoing
        if bundle().process.flows[each].condition is None
    )
    return no["then"][0]["continue with"], flow.target


def what_if_the_supplier_is_inactive() -> tuple[str, str]:
    """What if the supplier cannot deliver any more?"""
    (failure,) = (each for each in step("launch_request")["if it fails"] if each["because"] == "supplier_inactive")
    event = node("supplier_inactive", model.BoundaryEvent)
    assert event.attached_to == "launch_request"
    (shown,) = (".".join(each.target) for each in event.outputs)
    assert any(field.name == shown for field in bundle().forms["decision"].fields), "who decides sees which one"
    return failure["then"][0]["continue with"], next_after(event.id)[0]


def what_if_decided_twice() -> tuple[str, str]:
    """What if somebody else has decided meanwhile?"""
    refused = [each for each in step("launch_request")["if it fails"] if "request_already_decided" in each["because"]]
    assert "request_already_decided" in node("launch_request", model.ServiceTask).properties["refuses"].split(", ")
    return refused[0]["then"], "save nothing and tell whoever acted"


def how_it_can_end() -> tuple[str, str]:
    """How can a request end?"""
    says = sorted(str(each["end"]) for each in TEXT["steps"] if "end" in each)
    ends = {each.id for each in bundle().process.nodes.values() if isinstance(each, model.EndEvent)}
    beside = {"reminded", "lateness_told"}  # the reminder ends, the request does not
    assert not any(node(each, model.BoundaryEvent).is_interrupting for each in ("decision_late", "delivery_late"))
    return ", ".join(says), ", ".join(sorted(ends - beside))


QUESTIONS: dict[Callable[[], tuple[str, str]], str] = {
    who_asks: "Sales administration",
    who_decides: "Purchasing administration",
    until_when: "2 working days",
    what_if_nobody_decides: "after the due date: ['remind_buyers', 'reminded']; the task stays open",
    who_decides_above_the_threshold: "purchasing manager above 5,000",
    who_may_not_approve: "decide_request",
    what_if_denied: "refuse_request",
    what_if_the_supplier_is_inactive: "decide_request",
    what_if_decided_twice: "save nothing and tell whoever acted",
    how_it_can_end: "received, refused",
}
"""Each question (its docstring) with the answer that people are told."""


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda each: (each.__doc__ or "").rstrip("?"))
def test_the_text_answers_as_the_engine_does(question: Callable[[], tuple[str, str]]) -> None:
    says, does = question()
    assert says == does == QUESTIONS[question]


def test_what_people_are_told_elsewhere_is_the_same() -> None:
    readme = (replenishment.FOLDER / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (at most|above) ([\d,]+) € \|", readme, re.MULTILINE))
    assert rows == {"at most": "5,000", "above": "5,000"}
    assert (needs(Decimal(5_000)), needs(Decimal("5000.01"))) == (False, True)
    told = (ROOT / "docs" / "short-form.md").read_text(encoding="utf-8")
    for name in (
        "decide_request",
        "approve_order",
        "refuse_request",
        "tell_launched",
        "tell_refused",
        "receive_goods",
        "tell_end",
    ):
        assert re.search(rf"`[^`]*\b{name}`", told)
        assert name in bundle().process.nodes


def test_every_page_says_both_languages() -> None:
    """Every title and note of the text, and every task has one: nobody reads a name for machines."""
    waiting: list[Any] = [TEXT]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            for key in ("title", "note"):
                assert set(value.get(key, {"fr": "", "en": ""})) == {"fr", "en"}
            assert "title" in value or not {"ask", "do", "choose", "look up", "compute", "end"} & value.keys(), value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
