"""Which notices a person wants by mail, and how."""

from __future__ import annotations

from flask import Blueprint, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer

from engine import records
from engine.errors import Conflict, InvalidInput
from engine.identity import people
from engine.instances.operators import OPERATORS
from engine.mail import settings
from engine.notices import choices
from engine.notices.choices import KINDS, MODES, ChooseNotices, choose
from engine.records import queries
from engine.texts import format as forms
from web import auth, errors, ui
from web.ui import t

blueprint = Blueprint("notices", __name__)


@blueprint.get("/account/notices")
@auth.signed_in
def page() -> Answer:
    """What holds for the person now."""
    return _page()


@blueprint.post("/account/notices")
@auth.signed_in
def change() -> Answer:
    """Save it."""
    modes = {kind: request.form[kind] for kind in _kinds() if kind in request.form}
    seen = request.form.get("seen", type=int)
    given = ChooseNotices(login=auth.actor().login, modes=modes)
    try:
        records.execute(auth.runtime().database, choose, given, auth.actor(), seen=seen)
    except InvalidInput as refusal:
        return _page({each.field: errors.field_sentence(each) for each in refusal.fields})
    except Conflict as refusal:
        return _page(message=errors.sentence(refusal))
    flash(t("web.notices.saved"), "success")
    return redirect(url_for("notices.page"), 303)


def _kinds() -> tuple[str, ...]:
    """The kinds that can concern the person: only operators hear of incidents."""
    return tuple(each for each in KINDS if each != "incident" or auth.has_role(*OPERATORS))


def _page(problems: dict[str, str] | None = None, message: str = "") -> Answer:
    actor = auth.actor()
    with auth.runtime().database.reading() as session:
        held = choices.chosen(session, actor.login)
        person = people.find_person(session, actor.login)
        plan, server = settings.find_plan(session), settings.find_server(session)
        seen = queries.revision(session, choices.RECORD, actor.login)
    rendered = ui.page(
        "account/notices.html",
        kinds=[(kind, held[kind]) for kind in _kinds()],
        modes=MODES,
        email=person.email if person else "",
        hour=forms.hour(plan.digest_at, ui.locale()),
        is_sent=server is not None or auth.is_demonstration(),
        outcome={"problems": problems or {}, "message": message},
        seen=seen,
    )
    return make_response(rendered, 422 if problems or message else 200)
