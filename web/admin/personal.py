"""Personal data: what is held about somebody apart from the history, and erasing it; how long cases are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from flask import Blueprint, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from engine.definitions import store as definitions
from engine.errors import NotFound
from engine.history import kinds
from engine.identity import people
from engine.identity.memberships import ADMINISTRATOR
from engine.instances import erasing, held, retention
from engine.instances import queries as cases
from engine.instances.erasing import (
    ConfirmErasure,
    ErasePersonal,
    SetErasing,
    WithdrawErasure,
    confirm_erasure,
    erase_personal,
    set_erasing,
    withdraw_erasure,
)
from engine.instances.queries import Case
from engine.instances.retention import SetRetention, set_retention
from engine.model.bundle import Bundle
from engine.record import RecordCommand
from engine.records import queries
from engine.texts import has
from web import acting, auth, present, ui
from web.acting import Given, Outcome
from web.ui import in_language, t

blueprint = Blueprint("personal", __name__)

LONGEST = 200


@blueprint.get("/admin/personal")
@auth.requires(ADMINISTRATOR)
def search() -> Answer:
    """Look for somebody; erasures that wait for a second person; whether one is asked for."""
    typed = request.args.get("q", "").strip()[:LONGEST]
    with auth.runtime().database.reading() as session:
        found = held.search(session, typed) if typed else ()
        waiting = held.waiting(session)
        names = people.names(session)
        four_eyes = erasing.four_eyes(session)
        history = acting.history(session, erasing.SETTINGS, erasing.SETTINGS, names)
        versions = {each.version_id for each in found if each.version_id is not None}
        bundles = {each: definitions.load(session, each).bundle for each in sorted(versions)}
    return ui.page(
        "admin/personal.html",
        q=typed,
        rows=[
            {
                "title": _title(each.subject, each.business_key, names),
                "url": _address(each.subject),
                "names": ", ".join(
                    dict.fromkeys(_label(name, bundles.get(each.version_id or 0)) for name in each.names)
                ),
                "values": each.values,
                "when": ui.moment(each.last_at),
            }
            for each in found
        ],
        most=held.MOST_SUBJECTS,
        waiting=[
            {
                "title": _title(each.subject, None, names),
                "url": _address(each.subject),
                "because": each.because,
                "who": ui.person(names, each.asked_by),
                "when": ui.moment(each.asked_at),
            }
            for each in waiting
        ],
        four_eyes=four_eyes,
        history=history,
    )


@blueprint.post("/admin/personal")
@auth.requires(ADMINISTRATOR)
def settings() -> Answer:
    """Set whether a second administrator confirms."""
    acting.act(set_erasing, SetErasing(four_eyes=request.form.get("four_eyes") == "1"))
    flash(t("web.admin.saved"), "success")
    return redirect(url_for("personal.search"), 303)


@blueprint.get("/admin/personal/<kind>/<key>")
@auth.requires(ADMINISTRATOR)
def subject(kind: str, key: str) -> Answer:
    """Every value that is held of a subject, and what was erased."""
    return _page(f"{kind}/{key}")


@blueprint.post("/admin/personal/<kind>/<key>/erase")
@auth.requires(ADMINISTRATOR)
def erase(kind: str, key: str) -> Answer:
    """Erase it, or ask a second person for it."""
    because = request.form.get("because", "")
    return _done(f"{kind}/{key}", erase_personal, ErasePersonal(subject=f"{kind}/{key}", because=because), because)


@blueprint.post("/admin/personal/<kind>/<key>/confirm")
@auth.requires(ADMINISTRATOR)
def confirm(kind: str, key: str) -> Answer:
    """Do what another administrator asked for."""
    return _done(f"{kind}/{key}", confirm_erasure, ConfirmErasure(subject=f"{kind}/{key}"))


@blueprint.post("/admin/personal/<kind>/<key>/withdraw")
@auth.requires(ADMINISTRATOR)
def withdraw(kind: str, key: str) -> Answer:
    """Do not erase it."""
    return _done(f"{kind}/{key}", withdraw_erasure, WithdrawErasure(subject=f"{kind}/{key}"))


@blueprint.get("/admin/retention")
@auth.requires(ADMINISTRATOR)
def keeping() -> Answer:
    """How long cases of each process are kept, and how many are in the archive."""
    return _keeping_page({}, Outcome())


@blueprint.post("/admin/retention/<process_key>")
@auth.requires(ADMINISTRATOR)
def keep(process_key: str) -> Answer:
    """Set it for one process."""
    typed = {name: request.form.get(name, "").strip() for name in ("months", "archive_days")}
    months = None if not typed["months"] else _number(typed["months"])
    given = SetRetention(process=process_key, months=months, archive_days=_number(typed["archive_days"]))
    outcome = acting.act(set_retention, given)
    if not outcome.is_done:
        return _keeping_page({"process": process_key, **typed}, outcome)
    flash(t("web.admin.saved"), "success")
    return redirect(url_for("personal.keeping"), 303)


def _number(typed: str) -> int:
    """What is no number is one that no setting takes."""
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 6 else -1


def _done(which: str, command: RecordCommand[Given], given: Given, because: str = "") -> Answer:
    outcome = acting.act(command, given)
    if not outcome.is_done:
        return _page(which, outcome, because)
    flash(t("web.admin.saved"), "success")
    return redirect(_address(which), 303)


def _page(which: str, outcome: Outcome | None = None, because: str = "") -> Answer:
    with auth.runtime().database.reading() as session:
        values = held.values(session, which)
        asked = next((each for each in held.waiting(session) if each.subject == which), None)
        names = people.names(session)
        beside = held.besides(session, which)
        if not values and not beside:
            raise NotFound("erasure_nothing_held")
        case = _case(session, which)
        four_eyes = erasing.four_eyes(session)
        history = acting.history(session, erasing.KIND, which, names)
        seen = queries.revision(session, erasing.KIND, which)
    kind, _, key = which.partition("/")
    page = ui.page(
        "admin/personal_subject.html",
        title=_title(which, None if case is None else case.row.business_key, names),
        beside=[]
        if beside is None
        else [(t(f"web.admin.field.{name}"), count) for name, count in asdict(beside).items() if count],
        kind=kind,
        key=key,
        seen=seen,
        is_case=kind == kinds.CASES.word,
        values=[
            {
                "name": _label(each.name, None if case is None else case.definition.bundle),
                "sequence": each.sequence,
                "when": ui.moment(each.at),
                "value": None if each.erased_at else ui.shown(each.value),
            }
            for each in values
        ],
        is_more=len(values) == held.MOST_VALUES,
        is_held=bool(beside) or any(each.erased_at is None for each in values),
        asked=None
        if asked is None
        else {
            "because": asked.because,
            "who": ui.person(names, asked.asked_by),
            "when": ui.moment(asked.asked_at),
            "is_mine": asked.asked_by == auth.actor().login,
        },
        four_eyes=four_eyes,
        because=because,
        outcome=outcome or Outcome(),
        history=history,
    )
    return make_response(page, 200 if outcome is None else 422)


def _keeping_page(typed: dict[str, str], outcome: Outcome) -> Answer:
    with auth.runtime().database.reading() as session:
        rules = retention.rules(session)
        names = people.names(session)
        lines = [
            line for each in rules for line in acting.history(session, retention.KIND, each.process_key, names)[:3]
        ]
    rows = [
        {
            "key": each.process_key,
            "title": in_language(each.title),
            "months": "" if each.months is None else str(each.months),
            "archive_days": str(each.archive_days),
            "minimum": each.minimum_months,
            "archived": each.archived,
            "removed": each.removed,
        }
        for each in rules
    ]
    for row in rows:
        if row["key"] == typed.get("process"):
            row |= {name: typed[name] for name in ("months", "archive_days")}
    page = ui.page("admin/retention.html", rows=rows, wrong=typed.get("process"), outcome=outcome, history=lines)
    return make_response(page, 200 if outcome.is_done else 422)


def _address(which: str) -> str:
    kind, _, key = which.partition("/")
    return url_for("personal.subject", kind=kind, key=key)


def _title(which: str, business_key: str | None, names: dict[str, str]) -> str:
    kind, _, key = which.partition("/")
    if kind == kinds.CASES.word:
        return t("web.personal.case", key=present.called(business_key, int(key)))
    if kind == erasing.PERSON:
        return t("web.personal.person", name=names.get(key, key))
    return which.replace("/", " · ", 1)


def _case(session: Session, which: str) -> Case | None:
    """The case that a subject is; None where it is none, or nothing of it is left."""
    kind, _, key = which.partition("/")
    try:
        return cases.case(session, auth.actor(), int(key)) if kind == kinds.CASES.word else None
    except NotFound:
        return None


def _label(name: str, bundle: Bundle | None) -> str:
    """What people call a value: as the forms of the case's version do, where one asks for it, or as its page does; or as the column that a
    handler wrote.
    """
    labels = {} if bundle is None else _labels(bundle)
    if name in labels:
        return in_language(labels[name])
    return t(f"row.field.{name}") if has(f"row.field.{name}") else acting.label(name)


def _labels(bundle: Bundle) -> Mapping[str, Mapping[str, str]]:
    """What a version calls its variables: the first form that has one, before what lists show."""
    fields = [(field.name, field.label) for form in bundle.forms.values() for field in form.fields]
    shown = [(each.expression.source, each.label) for each in bundle.summary]
    return dict(reversed([*fields, *shown]))
