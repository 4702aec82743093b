"""Fields that the company adds to its customers: for administrators and sales managers. Their values stand on the pages of customers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from flask import Blueprint, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer
from werkzeug.datastructures import MultiDict

from engine.identity import people
from engine.records import queries as recorded
from handlers.customers.custom_fields import (
    EDITORS,
    FIELD,
    KIND,
    AddField,
    ChangeField,
    CustomFieldView,
    add_field,
    change_field,
    custom_fields,
)
from handlers.customers.types import FIELD_KINDS, CustomFieldData, CustomValue
from web import acting, auth, ui
from web.acting import Outcome
from web.numbers import number, plain
from web.ui import t

blueprint = Blueprint("custom_fields", __name__)


@blueprint.get("/admin/company/customer-fields")
@auth.requires(*EDITORS)
def page() -> Answer:
    """The fields that there are, and a form for another."""
    return _page()


@blueprint.post("/admin/company/customer-fields")
@auth.requires(*EDITORS)
def add() -> Answer:
    """Add one. What was typed stays when it is refused."""
    typed = _typed(request.form)
    outcome = acting.act(add_field, AddField(field=typed))
    return _done() if outcome.is_done else _page(outcome, None, typed)


@blueprint.post("/admin/company/customer-fields/<key>")
@auth.requires(*EDITORS)
def change(key: str) -> Answer:
    """Change one."""
    typed = _typed(request.form)
    seen = acting.seen_revision(request.form.get("seen"))
    outcome = acting.act(change_field, ChangeField(key=key, field=typed), seen=seen)
    return _done() if outcome.is_done else _page(outcome, key, typed)


def called(field: CustomFieldView) -> str:
    """What a field is called, in the person's language."""
    return field.data.label_en or field.data.label_fr if ui.locale() == "en" else field.data.label_fr


def _typed(form: MultiDict[str, str]) -> CustomFieldData:
    return CustomFieldData(
        label_fr=form.get("label_fr", ""),
        label_en=form.get("label_en", ""),
        kind=form.get("kind", ""),
        choices=tuple(form.get("choices", "").splitlines()),
        is_active="is_active" in form,
    )


def _done() -> Answer:
    flash(t("web.admin.saved"), "success")
    return redirect(url_for("custom_fields.page"), 303)


def _page(outcome: Outcome | None = None, refused: str | None = None, typed: CustomFieldData | None = None) -> Answer:
    """``refused``: the key of the field whose change was; None: what was to be added."""
    with auth.runtime().database.reading() as session:
        names = people.names(session)
        rendered = ui.page(
            "customers/custom_fields.html",
            fields_=[
                (
                    each,
                    called(each),
                    recorded.revision(session, KIND, each.key),
                    acting.history(session, KIND, each.key, names, labels="web.custom_fields.", say=_say),
                )
                for each in custom_fields(session)
            ],
            crumbs=[
                (t("web.company.title"), url_for("company.page"))
                if auth.has_role("admin")
                else (t("web.customers.title"), url_for("customers.listing"))
            ],
            kinds=_kinds(),
            new=CustomFieldData(label_fr=""),
            typed=typed,
            refused=refused,
            outcome=outcome or Outcome(),
            no_outcome=Outcome(),
        )
    return make_response(rendered, 200 if outcome is None else 422)


def _kinds() -> list[tuple[str, str]]:
    return [(each, t(f"web.custom_fields.kind.{each}")) for each in FIELD_KINDS]


def _say(name: str, value: Any) -> str | None:
    if name == "kind":
        return dict(_kinds()).get(value)
    return ", ".join(value) if name == "choices" and value else None


def say(kind: str, value: str) -> str:
    """What a field of this kind says, as people read it."""
    if kind == "flag" and value:
        return ui.shown(True)
    if kind == "number" and value:
        return ui.shown(Decimal(value))
    return ui.shown(date.fromisoformat(value) if kind == "date" and value else value)


def typed_values(form: MultiDict[str, str], fields: Sequence[CustomFieldView]) -> tuple[CustomValue, ...]:
    """What was typed into the fields that are asked for. Raises NumberUnreadable."""
    return tuple(
        CustomValue(key=each.key, value=_typed_value(form, each.data.kind, f"{FIELD}_{each.key}"))
        for each in fields
        if each.data.is_active
    )


def _typed_value(form: MultiDict[str, str], kind: str, name: str) -> str:
    typed = form.get(name, "")
    found = number(typed, name) if kind == "number" else None
    return typed if found is None else format(found, "f")


def typed_number(value: str) -> str:
    """A kept number as it is typed."""
    return plain(Decimal(value)) if value else ""
