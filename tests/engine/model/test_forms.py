"""Accepting a form is pure: what was typed, the variables and the moment decide, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import FieldProblem, InvalidInput, InvariantBroken
from engine.feel import Environment
from engine.model.form_reader import read_form
from engine.model.forms import Form, accept, show
from engine.texts import say

GOLDEN = Path(__file__).parents[2] / "golden" / "bundles" / "expedition"
ENVIRONMENT = Environment(now=datetime(2026, 11, 21, 23, 30, tzinfo=UTC))
"""In Paris it is the 22nd already."""

VARIABLES: Mapping[str, Any] = {
    "shipment": {"number": "E-7", "lines": [1, 2, 3]},
    "weight": Decimal(99),
    "quantity": Decimal(4),
}
CHOICES = {"expedition.boxes": ("small", "large")}


@pytest.fixture
def form(expedition: dict[str, bytes]) -> Form:
    return read_form(expedition["forms/prepare.yaml"], "forms/prepare.yaml")


def problems_of(form: Form, raw: Mapping[str, str], **keywords: Any) -> dict[str, FieldProblem]:
    with pytest.raises(InvalidInput) as caught:
        accept(form, raw, VARIABLES, CHOICES, ENVIRONMENT, **keywords)
    for each in caught.value.fields:
        for locale in ("fr", "en"):
            assert "…" not in say(each.code, locale, **each.facts)
    return {each.field: each for each in caught.value.fields}


def codes_of(form: Form, raw: Mapping[str, str], **keywords: Any) -> dict[str, str]:
    return {name: each.code for name, each in problems_of(form, raw, **keywords).items()}


def made(*fields: str) -> Form:
    lines = "".join(f"  - {{{field}, label: {{fr: x, en: x}}}}\n" for field in fields)
    return read_form(f"id: made\ntitle: {{fr: x, en: x}}\nfields:\n{lines}".encode(), "forms/made.yaml")


def test_answers_become_typed_values(form: Form) -> None:
    raw = {
        "weight": "1,5",
        "fragile": "on",
        "care": "no",
        "insured": "1 000,00 €",
        "boxes": "2",
        "leaves_on": "22/11/2026",
        "remark": " ça va ",
    }
    assert accept(form, raw, VARIABLES, CHOICES, ENVIRONMENT) == {
        "weight": Decimal("1.5"),
        "box": None,
        "fragile": True,
        "care": "no",
        "insured": Decimal(1000),
        "boxes": Decimal(2),
        "leaves_on": date(2026, 11, 22),
        "remark": "ça va",
    }


def test_an_invisible_field_is_not_taken_even_when_sent(form: Form) -> None:
    answers = accept(form, {"weight": "1", "care": "glass"}, VARIABLES, CHOICES, ENVIRONMENT)
    assert "care" not in answers
    assert answers["fragile"] is False


def test_outputs_and_unknown_fields_are_refused(form: Form) -> None:
    raw = {"weight": "1", "number": "E-8", "role": "admin"}
    assert codes_of(form, raw) == {"number": "field_unknown", "role": "field_unknown"}


def test_required_is_asked_over_the_answers_so_far(form: Form) -> None:
    assert codes_of(form, {"weight": "3"}) == {"box": "field_required"}
    assert accept(form, {"weight": "3", "box": "large"}, VARIABLES, CHOICES, ENVIRONMENT)["box"] == "large"
    # the variable of the round before (99) does not stand in for the missing answer
    assert codes_of(form, {"weight": ""}) == {"weight": "field_required"}


def test_every_field_gets_its_problem_at_once(form: Form) -> None:
    raw = {
        "weight": "70,5",
        "box": "huge",
        "fragile": "maybe",
        "insured": "1000,01",
        "boxes": "1,5",
        "leaves_on": "yesterday",
        "remark": "x" * 21,
    }
    assert codes_of(form, raw) == {
        "weight": "field_too_large",
        "box": "field_not_offered",
        "fragile": "field_not_yes_no",
        "insured": "field_too_large",
        "boxes": "field_not_whole",
        "leaves_on": "field_not_date",
        "remark": "field_too_long",
    }
    assert codes_of(form, {"weight": "0.4"}) == {"weight": "field_too_small"}


def test_an_option_that_is_not_offered_is_refused(form: Form) -> None:
    assert codes_of(form, {"weight": "1", "fragile": "on", "care": "wood"}) == {"care": "field_not_offered"}
    assert codes_of(form, {"weight": "1", "fragile": "on"}) == {"care": "field_required"}


def test_a_rule_says_its_own_words_and_knows_the_zone(form: Form) -> None:
    problem = problems_of(form, {"weight": "1", "leaves_on": "21/11/2026"})["leaves_on"]
    assert say(problem.code, "fr", **problem.facts) == "Pas dans le passé."
    assert say(problem.code, "en", **problem.facts) == "Not in the past."


def test_rules_over_unreadable_answers_are_not_asked() -> None:
    form = made("name: a, type: integer", "name: b, type: integer, rules: [{check: b > a, message: {fr: x, en: x}}]")
    assert codes_of(form, {"a": "x", "b": "1"}) == {"a": "field_not_number"}
    assert codes_of(form, {"a": "2", "b": "1"}) == {"b": "field_rule_broken"}
    assert accept(form, {"a": "2", "b": ""}, {}, {}, ENVIRONMENT) == {"a": Decimal(2), "b": None}


def test_a_rule_that_is_neither_true_nor_false_is_broken() -> None:
    form = made("name: b, type: integer, rules: [{check: b > nothing, message: {fr: x, en: x}}]")
    assert codes_of(form, {"b": "1"}) == {"b": "field_rule_broken"}


def test_the_language_of_the_person_decides_ambiguous_numbers(form: Form) -> None:
    assert codes_of(form, {"weight": "1", "boxes": "1,234"}) == {"boxes": "field_ambiguous"}
    assert (
        accept(form, {"weight": "1", "boxes": "1,234"}, VARIABLES, CHOICES, ENVIRONMENT, locale="en")["boxes"] == 1234
    )
    assert codes_of(form, {"weight": "1", "boxes": "1,234"}, locale="fr") == {"boxes": "field_not_whole"}


def test_a_required_box_must_be_ticked() -> None:
    form = made("name: agreed, type: boolean, required: true")
    assert codes_of(form, {}) == {"agreed": "field_required"}
    assert accept(form, {"agreed": "no"}, {}, {}, ENVIRONMENT) == {"agreed": False}


def test_a_list_of_choices_that_was_not_read_is_our_bug(form: Form) -> None:
    with pytest.raises(InvariantBroken):
        accept(form, {"weight": "3", "box": "large"}, VARIABLES, {}, ENVIRONMENT)


def test_the_first_display_shows_defaults_and_outputs(form: Form) -> None:
    shown = {each.field.name: each for each in show(form, VARIABLES, ENVIRONMENT)}
    assert shown["number"].value == "E-7"
    assert shown["insured"].value == Decimal("10.50")
    assert shown["boxes"].value == Decimal(3)
    assert shown["fragile"].value is False
    assert not shown["care"].is_visible
    assert shown["weight"].is_required
    assert not shown["box"].is_required


def test_a_later_display_follows_what_was_typed(form: Form) -> None:
    shown = {
        each.field.name: each
        for each in show(form, VARIABLES, ENVIRONMENT, {"weight": "5", "fragile": "on", "boxes": "x", "insured": ""})
    }
    assert shown["care"].is_visible
    assert shown["care"].is_required
    assert shown["box"].is_required
    assert shown["boxes"].value is None
    assert shown["insured"].value is None


def test_what_appears_while_one_answers_offers_its_default() -> None:
    form = made("name: sure, type: boolean", "name: terms, type: text, default: '\"30 days\"', visible: sure")
    for raw, value in (({"sure": "on"}, "30 days"), ({"sure": "on", "terms": ""}, None)):
        shown = {each.field.name: each for each in show(form, {}, ENVIRONMENT, raw)}
        assert (shown["terms"].is_visible, shown["terms"].value) == (True, value)


def test_an_output_is_computed_from_the_answers() -> None:
    form = made(
        "name: price, type: money, default: price",
        "name: total, type: money, output: price * quantity",
        "name: note, type: text, visible: total > 10",
    )
    variables = {"quantity": Decimal(4), "price": Decimal(2)}
    assert [each.value for each in show(form, variables, ENVIRONMENT)] == [Decimal(2), Decimal(8), None]
    assert accept(form, {"price": "3"}, variables, {}, ENVIRONMENT) == {"price": Decimal(3), "note": None}
    assert accept(form, {"price": "1"}, variables, {}, ENVIRONMENT) == {"price": Decimal(1)}


def test_an_output_may_show_the_variable_of_its_own_name() -> None:
    form = made("name: blocked, type: text, output: blocked, visible: blocked != null")
    assert show(form, {"blocked": "ACME"}, ENVIRONMENT)[0].value == "ACME"
    assert not show(form, {}, ENVIRONMENT)[0].is_visible


@given(
    st.dictionaries(
        st.sampled_from(["weight", "box", "fragile", "care", "insured", "boxes", "leaves_on", "remark", "number"]),
        st.text(max_size=12),
    )
)
def test_whatever_is_sent_is_accepted_or_refused_and_the_display_agrees(raw: dict[str, str]) -> None:
    form = read_form((GOLDEN / "forms" / "prepare.yaml").read_bytes(), "forms/prepare.yaml")
    shown = {
        each.field.name
        for each in show(form, VARIABLES, ENVIRONMENT, raw)
        if each.is_visible and not each.field.is_output
    }
    try:
        answers = accept(form, raw, VARIABLES, CHOICES, ENVIRONMENT)
    except InvalidInput:
        return
    assert answers.keys() == shown
