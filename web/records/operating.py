"""What people do with a running case besides its tasks: suspend, resume, cancel; take back or let go an effect; say that it did happen."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer

from engine.errors import NotFound
from engine.instances import commands, operators, queries
from engine.instances.queries import Case
from web import auth, present, ui
from web.ui import t

blueprint = Blueprint("operating", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An effect that has not gone yet."""

    activity: str
    text: str
    may_act: bool


def held(found: Case) -> tuple[Held, ...]:
    """The effects of a case that can be taken back."""
    bundle = found.definition.bundle
    return tuple(
        Held(
            activity=activity,
            text=t("web.case.held", step=present.name_of(bundle, each.element_id), moment=ui.moment(each.held_until)),
            may_act=found.may_take_back and found.row.suspended is None,
        )
        for activity, each in found.held.items()
    )


def acts(found: Case) -> tuple[str, ...]:
    """What an operator can do with the case now."""
    if found.row.ended_at is not None or not auth.has_role(*operators.OPERATORS):
        return ()
    return ("suspend" if found.row.suspended is None else "resume", "cancel")


@blueprint.post("/cases/<int:case_id>/operate")
@auth.requires(*sorted(operators.OPERATORS))
def operate(case_id: int) -> Answer:
    """Suspend, resume or cancel (``act``), with a ``reason``."""
    act = request.form.get("act", "")
    if act not in operators.ACTS:
        raise NotFound("not_found")
    _seen(case_id)
    operators.operate(auth.runtime(), auth.actor(), act, case_id, request.form.get("reason", ""))
    flash(t(f"web.case.done.{act}"), "success")
    return redirect(url_for("records.case", case_id=case_id), 303)


@blueprint.post("/cases/<int:case_id>/effects/<activity>/take-back")
@auth.signed_in
def take_back(case_id: int, activity: str) -> Answer:
    """Undo an effect before it goes."""
    _seen(case_id)
    operators.take_back(auth.runtime(), auth.actor(), case_id, activity, request.form.get("reason", ""))
    flash(t("web.case.held.taken_back"), "success")
    return redirect(url_for("records.case", case_id=case_id), 303)


@blueprint.post("/cases/<int:case_id>/effects/<activity>/send-now")
@auth.signed_in
def send_now(case_id: int, activity: str) -> Answer:
    """Let an effect go before its time."""
    _seen(case_id)
    operators.send_now(auth.runtime(), auth.actor(), case_id, activity)
    flash(t("web.case.held.sent"), "success")
    return redirect(url_for("records.case", case_id=case_id), 303)


@blueprint.post("/cases/<int:case_id>/incidents/<int:incident_id>/confirm")
@auth.requires(*sorted(operators.OPERATORS))
def confirm(case_id: int, incident_id: int) -> Answer:
    """An uncertain effect did happen."""
    _of_case(case_id, incident_id)
    operators.confirm_effect(auth.runtime(), auth.actor(), incident_id, request.form.get("reason", ""))
    flash(t("web.case.confirmed"), "success")
    return redirect(url_for("records.case", case_id=case_id), 303)


@blueprint.post("/cases/<int:case_id>/incidents/<int:incident_id>/retry")
@auth.requires(*sorted(commands.RETRY_ROLES))
def retry(case_id: int, incident_id: int) -> Answer:
    """Try again what stopped."""
    _of_case(case_id, incident_id)
    commands.retry_incident(auth.runtime(), auth.actor(), incident_id)
    flash(t("web.case.retried"), "success")
    return redirect(url_for("records.case", case_id=case_id), 303)


def _seen(case_id: int) -> Case:
    """The case, if the person may see it. Raises NotFound."""
    with auth.runtime().database.reading() as session:
        return queries.case(session, auth.actor(), case_id)


def _of_case(case_id: int, incident_id: int) -> None:
    """Raises NotFound if the case has no such incident."""
    if incident_id not in {each.id for each in _seen(case_id).incidents}:
        raise NotFound("incident_not_found", incident=incident_id)
