"""Forms of a process as pages show them: values as text, choices read, conditional and computed fields in their present state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from engine.data import is_storable_text
from engine.errors import FieldProblem
from engine.feel import Environment, Value
from engine.handler import Choice, HandlerTable
from engine.model import forms
from engine.model.forms import Field, Form, ShownField
from engine.texts import format as texts_format
from engine.texts import has
from web import ui
from web.errors import field_sentence, sentence
from web.ui import in_language, shown, t

SHOWN = "_shown"
"""The hidden inputs that tell which conditional fields the page has."""

SUBMISSION = "_key"
"""The hidden input that names one sending of a start form, so that sending it twice begins one case."""

AS_RADIOS = 4
"""Up to this many fixed options are all shown at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionView:
    """One entry of a choice."""

    value: str
    label: str
    details: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldView:
    """One field. ``text`` is what stands in the input (for an output, what is shown)."""

    name: str
    id: str
    kind: str
    label: str
    help: str
    text: str
    error: str
    options: tuple[OptionView, ...]
    as_radios: bool
    is_required: bool
    is_visible: bool
    is_conditional: bool
    is_output: bool
    is_personal: bool
    max_length: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FormView:
    """A form. ``submit``: its own word on the button, else empty. ``is_live``: something in it depends on the answers."""

    title: str
    intro: str
    submit: str
    fields: tuple[FieldView, ...]
    is_live: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorLink:
    """One line of the list above a refused form."""

    anchor: str
    message: str


Choices = Mapping[str, Sequence[Choice]]
"""By name of the choice source."""


def read_choices(form: Form | None, session: Session, handlers: HandlerTable) -> Choices:
    """The lists that the form offers, as they are now."""
    names = {each.choices for each in form.fields if each.choices is not None} if form else set()
    return {name: handlers.choices[name].read(session) for name in sorted(names)}


def refusals(form: Form | None, chosen: Mapping[str, str], session: Session, handlers: HandlerTable) -> Sequence[str]:
    """Why what was chosen from lists cannot be chosen: a select would stand there empty without a word."""
    asked = (
        ((handlers.choices[each.choices], chosen.get(each.name)) for each in form.fields if each.choices)
        if form
        else ()
    )
    found = (
        source.refusal(session, value)
        for source, value in asked
        if source.refusal is not None and value and is_storable_text(value)
    )
    return [sentence(each) for each in found if each is not None]


def view(
    form: Form | None,
    variables: Mapping[str, Value],
    choices: Choices,
    environment: Environment,
    *,
    raw: Mapping[str, str] | None = None,
    problems: Sequence[FieldProblem] = (),
) -> FormView:
    """The form as it stands; ``raw``: what was typed, None at the first display."""
    if form is None:
        return FormView(title="", intro="", submit="", fields=(), is_live=False)
    messages: dict[str, str] = {}
    for problem in problems:
        messages.setdefault(problem.field, field_sentence(problem))
    shown_fields = forms.show(form, variables, environment, raw, locale=ui.locale())
    fields = tuple(_field(each, choices, raw, messages.get(each.field.name, "")) for each in shown_fields)
    is_live = any(
        each.field.visible is not None or (each.field.is_output and _depends(each.field, form)) for each in shown_fields
    )
    return FormView(
        title=in_language(form.title),
        intro=in_language(form.intro),
        submit=in_language(form.submit),
        fields=fields,
        is_live=is_live,
    )


def answers(posted: MultiDict[str, str], form: Form | None) -> dict[str, str]:
    """What was typed, without the page's own inputs; empty for what stood on the page and was left alone (a browser sends nothing of a box
    that is not ticked). A field that the form does not ask stays in, so that it is refused.
    """
    own, on_page = {"csrf_token", SHOWN, SUBMISSION}, set(posted.getlist(SHOWN))
    fields = form.fields if form else ()
    outputs = {each.name for each in fields if each.is_output}
    left = {each.name: "" for each in fields if not each.is_output and (each.visible is None or each.name in on_page)}
    return left | {name: posted.getlist(name)[-1] for name in posted if name not in own | outputs}


def changed(view_now: FormView, posted: MultiDict[str, str]) -> tuple[FieldView, ...]:
    """The fields whose place on the page is out of date: computed ones, and conditional ones that appear or go."""
    on_page = set(posted.getlist(SHOWN))
    return tuple(
        each
        for each in view_now.fields
        if (each.is_conditional and each.is_visible != (each.name in on_page)) or (each.is_output and each.is_visible)
    )


def appeared(fields: Sequence[FieldView]) -> str:
    """What to say to somebody who does not see the page change; nothing when only figures changed."""
    names = [each.label for each in fields if each.is_visible and each.is_conditional and not each.is_output]
    return t("web.form.changed", count=len(names), names=", ".join(names)) if names else ""


def error_links(form: FormView, problems: Sequence[FieldProblem]) -> tuple[ErrorLink, ...]:
    """The list above the form, each entry leading to its field."""
    known = {each.name: each for each in form.fields}
    return tuple(_error_link(known.get(each.field), each) for each in problems)


def _error_link(field: FieldView | None, problem: FieldProblem) -> ErrorLink:
    message = field_sentence(problem)
    if field is None:
        return ErrorLink(anchor="", message=t("web.form.error_of", label=problem.field, message=message))
    return ErrorLink(anchor=field.id, message=t("web.form.error_of", label=field.label, message=message))


def _depends(field: Field, form: Form) -> bool:
    names = {each.name for each in form.fields}
    return field.default is not None and not field.default.variables.isdisjoint(names)


def _field(shown_field: ShownField, choices: Choices, raw: Mapping[str, str] | None, error: str) -> FieldView:
    field = shown_field.field
    options = _options(field, choices)
    return FieldView(
        name=field.name,
        id=f"in-{field.name}",
        kind=field.type,
        label=in_language(field.label),
        help=in_language(field.help),
        text=_text(field, shown_field.value, raw),
        error=error,
        options=options,
        as_radios=field.type == "choice" and field.choices is None and len(options) <= AS_RADIOS,
        is_required=shown_field.is_required,
        is_visible=shown_field.is_visible,
        is_conditional=field.visible is not None,
        is_output=field.is_output,
        is_personal=field.is_personal,
        max_length=field.max_length,
    )


def _options(field: Field, choices: Choices) -> tuple[OptionView, ...]:
    if field.options is not None:
        return tuple(OptionView(value=each.value, label=in_language(each.label), details="") for each in field.options)
    if field.choices is None:
        return ()
    return tuple(
        OptionView(value=each.value, label=each.label, details=_details(each))
        for each in choices.get(field.choices, ())
    )


def _details(choice: Choice) -> str:
    """The facts beside a choice that there are words for (``choice_detail_missing``), in their order."""
    facts = dict(choice.details or {})
    return ", ".join(t(f"choice_detail_{each}", **facts) for each in facts if has(f"choice_detail_{each}"))


def _text(field: Field, value: Value, raw: Mapping[str, str] | None) -> str:
    if field.is_output:
        return ui.linked(shown(value, field.type)) if value is not None else ""
    if raw is not None and field.name in raw and field.type not in ("boolean", "date"):
        return raw[field.name]  # as it was typed, right or wrong
    if value is None:
        return raw.get(field.name, "") if raw is not None else ""
    if isinstance(value, bool):
        return "true" if value else ""
    if isinstance(value, date):
        return value.isoformat()  # what <input type=date> wants; it shows the day in the browser's language
    return texts_format.number(value, ui.locale()) if isinstance(value, Decimal) else str(value)
