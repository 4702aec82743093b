"""Forms: what a person is asked, and how what was typed becomes variables.

Acceptance is pure and happens on the server, whatever the page did: fields are taken in their order; what is visible and required is asked
in FEEL over the variables and the answers so far; unknown fields are refused, invisible ones not taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Literal

from engine.errors import FieldProblem, InvalidInput, InvariantBroken
from engine.feel import Environment, Expression, Value
from engine.model.form_input import NotReadable, parse

FieldType = Literal["text", "long_text", "number", "integer", "money", "date", "boolean", "choice"]
Texts = Mapping[str, str]
"""A text per language (``fr``, ``en``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One of the answers that the form itself offers."""

    value: str
    label: Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """``expression`` must be true once the field is filled in; else ``message`` is what the person reads."""

    expression: Expression
    message: Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One question. ``is_output``: shows ``default`` and takes no answer. ``choices`` names a list of the handler table."""

    name: str
    type: FieldType
    label: Texts
    help: Texts | None = None
    required: bool | Expression = False
    options: tuple[Option, ...] | None = None
    choices: str | None = None
    visible: Expression | None = None
    default: Expression | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    max_length: int | None = None
    is_personal: bool = False
    is_output: bool = False
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a user task (or a start) asks. ``submit`` is what the button says that sends the answers; None: the page's own word."""

    id: str
    title: Texts
    intro: Texts | None = None
    submit: Texts | None = None
    fields: tuple[Field, ...] = ()


MAXIMAL_UNKNOWN = 20
"""More fields that the form does not have are not named: whoever sends thousands of them knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownField:
    """A field as a page shows it now. ``value`` is the default, the computed output, or the answer that could be read."""

    field: Field
    is_visible: bool
    is_required: bool
    value: Value = None


def accept(
    form: Form,
    raw: Mapping[str, str],
    variables: Mapping[str, Value],
    choices: Mapping[str, Sequence[str]],
    environment: Environment,
    *,
    locale: str | None = None,
) -> dict[str, Value]:
    """The variables that the answers ``raw`` give: one per visible field that is no output, None where an optional one is empty.

    ``choices`` holds the values allowed by each named list. ``locale`` decides only about numbers that French and English read
    differently (``1,234``); without it they are refused. Raises InvalidInput with a FieldProblem for every field that cannot be
    accepted, FeelFailure when an expression of the form goes beyond its bounds.
    """
    asked = {field.name: field for field in form.fields if not field.is_output}
    unknown = islice((name for name in raw if name not in asked), MAXIMAL_UNKNOWN)
    problems = [FieldProblem(field=name, code="field_unknown") for name in unknown]
    answers: dict[str, Value] = {}
    context: dict[str, Value] = _without_answers(form, variables)
    unreadable: set[str] = set()
    taken: list[Field] = []
    for field in form.fields:
        if not _is_visible(field, context, environment):
            continue
        if field.is_output:
            context[field.name] = _default(field, context, environment)
            continue
        taken.append(field)
        try:
            value = _read(
                field, raw.get(field.name, ""), choices, locale, is_required=_is_required(field, context, environment)
            )
        except NotReadable as error:
            problems.append(FieldProblem(field=field.name, code=error.code, facts=error.facts))
            unreadable.add(field.name)
            value = None
        answers[field.name] = context[field.name] = value
    problems.extend(_broken_rules(taken, context, unreadable, environment))
    if problems:
        raise InvalidInput(tuple(problems))
    return answers


def show(
    form: Form,
    variables: Mapping[str, Value],
    environment: Environment,
    raw: Mapping[str, str] | None = None,
    *,
    locale: str | None = None,
) -> tuple[ShownField, ...]:
    """Every field as it stands before sending: the answers typed so far, and defaults for what nobody was asked yet: everything at the
    first display (``raw`` is None), later a field that ``raw`` has not, because it was not to be seen.

    A default sees the variables too: ``default: unit_price`` offers the answer of the round before.
    Raises FeelFailure only.
    """
    context = _without_answers(form, variables)
    shown: list[ShownField] = []
    answered: dict[str, Value] = {}
    for field in form.fields:
        is_visible = _is_visible(field, context, environment)
        value: Value = None
        if field.is_output or raw is None or field.name not in raw:
            value = _default(field, context if field.is_output else {**variables, **answered}, environment)
        else:
            try:
                value = parse(field.type, raw.get(field.name, ""), locale)
            except NotReadable:
                value = None
        if is_visible:
            context[field.name] = answered[field.name] = value
        shown.append(
            ShownField(
                field=field,
                is_visible=is_visible,
                is_required=is_visible and not field.is_output and _is_required(field, context, environment),
                value=value,
            )
        )
    return tuple(shown)


def _without_answers(form: Form, variables: Mapping[str, Value]) -> dict[str, Value]:
    """What expressions see at first. A variable of an earlier round does not stand in for an answer not yet given; an output may read the
    variable of its own name.
    """
    asked = {field.name for field in form.fields if not field.is_output}
    return {name: value for name, value in variables.items() if name not in asked} | dict.fromkeys(asked)


def _is_visible(field: Field, context: Mapping[str, Value], environment: Environment) -> bool:
    return field.visible is None or field.visible.evaluate(context, environment) is True


def _is_required(field: Field, context: Mapping[str, Value], environment: Environment) -> bool:
    if isinstance(field.required, bool):
        return field.required
    return field.required.evaluate(context, environment) is True


def _default(field: Field, context: Mapping[str, Value], environment: Environment) -> Value:
    return None if field.default is None else field.default.evaluate(context, environment)


def _read(
    field: Field, text: str, choices: Mapping[str, Sequence[str]], locale: str | None, *, is_required: bool
) -> Value:
    """The typed value of an answer. Raises NotReadable."""
    value = parse(field.type, text, locale)
    if value is None or (field.type == "boolean" and not text.strip()):
        # an unticked box sends nothing; a required one must be answered
        if is_required:
            raise NotReadable("field_required")
        return value
    if isinstance(value, str) and field.max_length is not None and len(value) > field.max_length:
        raise NotReadable("field_too_long", limit=field.max_length, length=len(value))
    if isinstance(value, Decimal):
        if field.minimum is not None and value < field.minimum:
            raise NotReadable("field_too_small", limit=str(field.minimum))
        if field.maximum is not None and value > field.maximum:
            raise NotReadable("field_too_large", limit=str(field.maximum))
    if field.type == "choice" and value not in _allowed(field, choices):
        raise NotReadable("field_not_offered")
    return value


def _allowed(field: Field, choices: Mapping[str, Sequence[str]]) -> Iterable[str]:
    if field.options is not None:
        return [option.value for option in field.options]
    if field.choices is None or field.choices not in choices:
        raise InvariantBroken("choices_not_given", field=field.name, choices=field.choices)
    return choices[field.choices]


def _broken_rules(
    fields: Sequence[Field], context: Mapping[str, Value], unreadable: set[str], environment: Environment
) -> list[FieldProblem]:
    """Rules are asked when all answers are in, of fields that are filled in, and only over answers that could be read."""
    return [
        FieldProblem(
            field=field.name,
            code="field_rule_broken",
            facts={f"message_{language}": text for language, text in rule.message.items()},
        )
        for field in fields
        if context[field.name] is not None and field.name not in unreadable
        for rule in field.rules
        if unreadable.isdisjoint(rule.expression.variables)
        and rule.expression.evaluate(context, environment) is not True
    ]
