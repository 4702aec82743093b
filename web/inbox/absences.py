"""Absences: one's own, and everybody's for the administration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, Response, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer

from engine import clock
from engine.errors import Conflict, InvalidInput
from engine.identity import people
from engine.inbox.absences import (
    ADMINISTRATORS,
    Absence,
    AnnounceAbsence,
    EndAbsence,
    absences,
    announce_absence,
    end_absence,
)
from engine.instances import overview
from engine.records import execute
from web import auth, errors, ui
from web.ui import in_language, t

blueprint = Blueprint("absences", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One absence, in words."""

    id: int
    state: str
    who: str
    days: str
    processes: str
    may_end: bool


def _administrates() -> bool:
    return auth.has_role(*ADMINISTRATORS)


@blueprint.get("/absences")
@auth.signed_in
def listing() -> Answer:
    """One's absences and those in which one stands in; for administrators everybody's."""
    return _page()


def _page(
    typed: Mapping[str, object] | None = None, problems: Mapping[str, str] | None = None, status: int = 200
) -> Response:
    actor, now = auth.actor(), clock.now()
    with auth.runtime().database.reading() as session:
        found = absences(session, now, login=None if _administrates() else actor.login)
        everybody = people.people(session)
        processes = {each.version.process_key: in_language(each.version.title) for each in overview.processes(session)}
    page = ui.page(
        "inbox/absences.html",
        rows=[_row(each, processes) for each in found],
        people=[(each.login, each.name) for each in everybody if each.is_active],
        processes=sorted(processes.items(), key=lambda each: each[1].casefold()),
        administrates=_administrates(),
        me=actor.login,
        typed=typed or {"person": actor.login},
        problems=problems or {},
    )
    return make_response(page, status)


def _row(absence: Absence, processes: Mapping[str, str]) -> Row:
    actor = auth.actor()
    named = absence.process_keys
    is_theirs = actor.login == absence.person
    if is_theirs:
        who = t("web.absences.mine", substitute=absence.substitute_name)
    elif actor.login == absence.substitute:
        who = t("web.absences.for", person=absence.person_name)
    else:
        who = t("web.absences.other", person=absence.person_name, substitute=absence.substitute_name)
    return Row(
        id=absence.id,
        state=absence.state,
        who=who,
        days=t("web.absences.days", first=ui.shown(absence.first_day), last=ui.shown(absence.last_day)),
        processes=t("web.absences.all") if named is None else ", ".join(processes.get(each, each) for each in named),
        may_end=absence.state != "over" and (is_theirs or _administrates()),
    )


@blueprint.post("/absences")
@auth.signed_in
def announce() -> Answer:
    """Note an absence. What cannot be accepted comes back as it was typed, each with its reason (422)."""
    actor, form = auth.actor(), request.form
    keys = form.getlist("processes")
    only = form.get("only") == "some"
    typed = {name: form.get(name, "") for name in ("person", "substitute", "first_day", "last_day")}
    first, last = ui.day(typed["first_day"]), ui.day(typed["last_day"])
    again: dict[str, object] = {**typed, "processes": keys, "only": only}
    if first is None or last is None:
        missing = [name for name, day in (("first_day", first), ("last_day", last)) if day is None]
        return _page(again, dict.fromkeys(missing, t("absence_day_missing")), status=422)
    try:
        asked = AnnounceAbsence(
            person=typed["person"] if _administrates() else actor.login,
            substitute=typed["substitute"],
            first_day=first,
            last_day=last,
            zone=auth.runtime().zone.key,
            process_keys=tuple(keys) if only else None,
        )
        execute(auth.runtime().database, announce_absence, asked, actor)
    except InvalidInput as error:
        return _page(again, {each.field: errors.field_sentence(each) for each in reversed(error.fields)}, status=422)
    except Conflict as error:
        return _page(again, {"first_day": errors.sentence(error)}, status=409)
    flash(t("web.absences.noted"), "success")
    return redirect(url_for("absences.listing"), 303)


@blueprint.post("/absences/<int:absence_id>/end")
@auth.signed_in
def end(absence_id: int) -> Answer:
    """Somebody is back earlier."""
    execute(auth.runtime().database, end_absence, EndAbsence(absence=absence_id), auth.actor())
    flash(t("web.absences.ended"), "info")
    return redirect(url_for("absences.listing"), 303)
