"""What people do with a running case besides its tasks: suspend, resume, cancel; take back or let go an effect; say that it did happen."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer

from engine.errors import InvalidInput, NotFound
from engine.instances import commands, operators, queries
from engine.instances.queries import Case
from web import auth
from web.records import views
from web.returned import returned
from web.ui import t

blueprint = Blueprint("operating", __name__)


@blueprint.post("/cases/<int:case_id>/operate")
@auth.requires(*sorted(operators.OPERATORS))
def operate(case_id: int) -> Answer:
    """Suspend, resume or cancel (``act``), with a ``reason``; one that cannot be kept comes back as it was typed (422)."""
    act = request.form.get("act", "")
    if act not in operators.ACTS:
        raise NotFound("not_found")
    _seen(case_id)
    try:
        operators.operate(auth.runtime(), auth.actor(), act, case_id, request.form.get("reason", ""))
    except InvalidInput as refusal:
        return views.case_page(case_id, returned(refusal)), 422
    flash(t(f"web.case.done.{act}"), "success")
    return redirect(url_for("records.case", case_id=case_id), 303)


@blueprint.post("/cases/<int:case_id>/effects/<activity>/take-back")
@auth.signed_in
def take_back(case_id: int, activity: str) -> Answer:
    """Undo an effect before it goes, with a ``reason`` (422 as above)."""
    _seen(case_id)
    try:
        operators.take_back(auth.runtime(), auth.actor(), case_id, activity, request.form.get("reason", ""))
    except InvalidInput as refusal:
        return views.case_page(case_id, returned(refusal, f"why-{activity}")), 422
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
    """An uncertain effect did happen; how one knows is the ``reason`` (422 as above)."""
    _of_case(case_id, incident_id)
    try:
        operators.confirm_effect(auth.runtime(), auth.actor(), incident_id, request.form.get("reason", ""))
    except InvalidInput as refusal:
        return views.case_page(case_id, returned(refusal, f"how-{incident_id}")), 422
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
