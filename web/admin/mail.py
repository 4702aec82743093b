"""How the company sends mail: the server, what goes when, a test."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any

from flask import Blueprint, current_app, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer

from engine.errors import NotFound
from engine.identity import people
from engine.identity.memberships import ADMINISTRATOR
from engine.mail import sealing, settings
from engine.mail.checkpoints import SendCheckpoint, send_checkpoint
from engine.mail.commands import SendTest, send_test
from engine.mail.settings import KEY, PLAN, SECURITIES, SERVER, Plan, Server, SetPlan, SetServer, set_plan, set_server
from engine.records import queries
from web import acting, auth, ui
from web.acting import Outcome
from web.ui import t

blueprint = Blueprint("mail", __name__)

_SERVER = ("host", "port", "security", "login", "sender_name", "sender_address", "reply_to")
_PLAN = ("site", "digest_at", "checkpoint_to")


@blueprint.get("/admin/mail")
@auth.requires(ADMINISTRATOR)
def page() -> Answer:
    """The settings, their history, and the test."""
    return _page()


@blueprint.post("/admin/mail/<part>")
@auth.requires(ADMINISTRATOR)
def change(part: str) -> Answer:
    """Save the server (``server``) or what goes when (``plan``), send a test (``test``), or the newest checkpoint."""
    match part:
        case "server":
            return _change_server()
        case "plan":
            return _change_plan()
        case "test":
            return _test()
        case "checkpoint":
            return _send_checkpoint()
        case _:
            raise NotFound("not_found")


def _change_server() -> Answer:
    form = {name: request.form.get(name, "").strip() for name in _SERVER}
    password = request.form.get("password", "")  # as it was typed; it goes nowhere but into the seal
    given = SetServer(
        host=form["host"],
        port=int(form["port"]) if form["port"].isdecimal() and len(form["port"]) < 6 else 0,
        security=form["security"],
        login=form["login"],
        password=sealing.seal(_secret_key(), password) if password and len(password) <= 1000 else None,
        sender_name=form["sender_name"],
        sender_address=form["sender_address"],
        reply_to=form["reply_to"],
    )
    outcome = acting.act(set_server, given, seen=acting.seen_revision(request.form.get("seen")))
    return _saved() if outcome.is_done else _page(outcome, server=form)


def _change_plan() -> Answer:
    form = {name: request.form.get(name, "").strip() for name in _PLAN}
    at = _time(form["digest_at"])
    if at is None:
        return _page(Outcome(problems={"digest_at": t("mail_time_invalid")}), plan=form)
    given = SetPlan(
        site=form["site"], digest_at=at, checkpoint_to=tuple(form["checkpoint_to"].replace(",", " ").split())
    )
    outcome = acting.act(set_plan, given, seen=acting.seen_revision(request.form.get("seen")))
    return _saved() if outcome.is_done else _page(outcome, plan=form)


def _test() -> Answer:
    address = request.form.get("address", "").strip()
    outcome = acting.act(send_test, SendTest(address=address))
    if not outcome.is_done:
        return _page(outcome, address=address)
    return redirect(url_for("letters.letter", letter_id=outcome.answer), 303)


def _send_checkpoint() -> Answer:
    outcome = acting.act(send_checkpoint, SendCheckpoint(zone=auth.runtime().zone.key))
    if not outcome.is_done:
        return _page(outcome)
    flash(t("web.mail.checkpoint.asked", count=outcome.answer), "success")
    return redirect(url_for("letters.listing"), 303)


def _saved() -> Answer:
    flash(t("web.admin.saved"), "success")
    return redirect(url_for("mail.page"), 303)


def _page(
    outcome: Outcome | None = None,
    *,
    server: Mapping[str, str] | None = None,
    plan: Mapping[str, str] | None = None,
    address: str | None = None,
) -> Answer:
    """``server``, ``plan``, ``address``: what was typed, when it was refused."""
    with auth.runtime().database.reading() as session:
        found, kept = settings.find_server(session), settings.find_plan(session)
        person = people.find_person(session, auth.actor().login)
        names = people.names(session)
        rendered = ui.page(
            "admin/mail.html",
            outcome=outcome or Outcome(),
            server=server or _server_form(found),
            plan=plan or _plan_form(kept),
            address=address if address is not None else person.email if person else "",
            is_set=found is not None,
            has_password=found is not None and found.password is not None,
            securities=SECURITIES,
            seen_server=queries.revision(session, SERVER, KEY),
            seen_plan=queries.revision(session, PLAN, KEY),
            history=[
                line
                for _, line in sorted(
                    ((line.iso, line) for kind in (SERVER, PLAN) for line in acting.history(session, kind, KEY, names)),
                    key=lambda each: each[0],
                    reverse=True,
                )
            ],
        )
    return make_response(rendered, 200 if outcome is None else 422)


def _server_form(server: Server | None) -> dict[str, Any]:
    if server is None:
        return dict.fromkeys(_SERVER, "") | {"port": "587", "security": "starttls"}
    return {name: str(getattr(server, name)) for name in _SERVER}


def _plan_form(plan: Plan) -> dict[str, str]:
    return {
        "site": plan.site,
        "digest_at": plan.digest_at.isoformat(timespec="minutes"),
        "checkpoint_to": "\n".join(plan.checkpoint_to),
    }


def _time(typed: str) -> time | None:
    try:
        found = time.fromisoformat(typed)
    except ValueError:
        return None
    return found.replace(second=0, microsecond=0) if found.tzinfo is None else None


def _secret_key() -> str:
    return str(current_app.secret_key)
