"""Signing in and out, and the language of the pages."""

from __future__ import annotations

from flask import Blueprint, Response, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer

from engine.errors import NotAllowed, NotFound
from web import auth, errors, ui
from web.account.cards import cards

blueprint = Blueprint("account", __name__)

LOGIN_LENGTH = 100


def _sign_in_page(*, login: str = "", problem: str = "", status: int = 200) -> Response:
    people = cards(auth.runtime()) if auth.is_demonstration() else ()
    target = auth.safe_next(request.values.get("next"))
    page = ui.page("account/sign_in.html", people=people, next=target, login=login, problem=problem)
    return make_response(page, status)


@blueprint.get("/sign-in")
def sign_in() -> Answer:
    """The sign-in page; who is signed in already goes on."""
    if auth.signed_in_person() is not None:
        return redirect(auth.safe_next(request.args.get("next")) or url_for("inbox.inbox"), 303)
    return _sign_in_page()


@blueprint.post("/sign-in", endpoint="sign_in_post")
def sign_in_post() -> Answer:
    """Check login and password. A refusal says no more than that, and how long to wait after too many tries."""
    login = request.form.get("login", "").strip()[:LOGIN_LENGTH]
    password = request.form.get("password", "")  # as it was typed: what is too long is refused, not cut
    response = make_response(redirect(auth.safe_next(request.form.get("next")) or url_for("inbox.inbox"), 303))
    try:
        auth.sign_in(login, password, response)
    except NotAllowed as refusal:
        status = 429 if "wait" in refusal.code or "throttled" in refusal.code else 422
        return _sign_in_page(login=login, problem=errors.sentence(refusal), status=status)
    return response


@blueprint.post("/sign-out")
def sign_out() -> Answer:
    """End the session, here and on the server."""
    response = make_response(redirect(url_for("account.sign_in"), 303))
    auth.sign_out(response)
    flash(ui.t("web.sign_in.signed_out"), "info")
    return response


@blueprint.post("/language/<chosen>")
def language(chosen: str) -> Answer:
    """Show the pages in another language, in this browser."""
    if chosen not in auth.LOCALES:
        raise NotFound("not_found")
    response = make_response(redirect(auth.safe_next(request.form.get("next")) or "/", 303))
    auth.remember_locale(response, chosen)
    return response
