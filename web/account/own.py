"""One's own account: the password, and the sessions that are open."""

from __future__ import annotations

from flask import Blueprint, flash, g, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer

from engine import clock, records
from engine.errors import InvalidInput, NotAllowed, NotFound
from engine.history import refusals
from engine.identity import throttle, web_sessions
from engine.identity.person_commands import EndSessions, SetPassword, end_sessions, set_password
from web import auth, errors, ui
from web.ui import t

blueprint = Blueprint("own", __name__)


@blueprint.get("/account")
@auth.signed_in
def account() -> Answer:
    """Password and sessions. Who came in with a sign-in code sees only the password."""
    return _page({})


@blueprint.post("/account/password")
@auth.signed_in
def change_password() -> Answer:
    """Set one's own password; all other sessions end. Guessing the present one is as slow as at the sign-in page."""
    actor, now = auth.actor(), clock.now()
    new, again = request.form.get("password", ""), request.form.get("again", "")
    if new != again:
        return _page({"again": t("web.account.password.differs")})
    database = auth.runtime().database
    given = SetPassword(login=actor.login, old=request.form.get("old", ""), new=new, session=auth.session_number())
    try:
        about = {"kind": "person", "key": actor.login}
        with (
            refusals.remembering(database, actor.login, set_password.name, about, at=now),
            database.transaction() as session,
        ):
            throttle.count_try(session, actor.login, "", now)
        records.execute(database, set_password, given, actor)
    except InvalidInput as refusal:
        if all(each.field != "old" for each in refusal.fields):
            _forget(actor.login)
        return _page({each.field: errors.field_sentence(each) for each in refusal.fields})
    except NotAllowed as refusal:
        return _page({"old": errors.sentence(refusal)})
    _forget(actor.login)
    flash(t("web.account.password.set"), "success")
    return redirect(url_for("inbox.inbox" if g.must_set_password else "own.account"), 303)


@blueprint.post("/account/sessions/end")
@auth.signed_in
def end() -> Answer:
    """End one of one's sessions, or all but this one."""
    only = request.form.get("session", type=int)
    this = auth.session_number()
    given = EndSessions(login=auth.actor().login, only=only, but=this if only is None else None)
    try:
        records.execute(auth.runtime().database, end_sessions, given, auth.actor())
    except NotFound as refusal:
        flash(errors.sentence(refusal), "warning")
    else:
        flash(t("web.account.sessions.ended"), "success")
    return redirect(url_for("own.account"), 303)


def _forget(login: str) -> None:
    with auth.runtime().database.transaction() as session:
        throttle.forget(session, login)


def _page(problems: dict[str, str]) -> Answer:
    actor = auth.actor()
    assert actor.person_id is not None
    with auth.runtime().database.reading() as session:
        found = web_sessions.of_person(session, actor.person_id, clock.now())
    page = ui.page(
        "account/account.html",
        outcome={"problems": problems, "message": ""},
        must_set=g.must_set_password,
        this=auth.session_number(),
        sessions=[(each, ui.moment(each.opened_at), ui.ago(each.seen_at)) for each in found],
    )
    return make_response(page, 422 if problems else 200)
