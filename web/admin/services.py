"""Service accounts: machines that act by themselves, and their tokens."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer

from engine import clock
from engine.errors import NotFound
from engine.identity import directory, people, services
from engine.identity.memberships import ADMINISTRATOR
from engine.identity.service_commands import (
    KIND,
    AddService,
    ChangeService,
    CloseService,
    IssueToken,
    RevokeToken,
    add_service,
    change_service,
    close_service,
    issue_token,
    revoke_token,
)
from engine.records import queries
from web import acting, auth, bearer, ui
from web.acting import Outcome
from web.ui import in_language, t

blueprint = Blueprint("services", __name__)

DAYS = (30, 90, 180, 366)
AUDITOR = "auditor"
"""Who may open what tokens open."""


@blueprint.get("/admin/services")
@auth.requires(ADMINISTRATOR)
def listing() -> Answer:
    """All service accounts, and the form for one more."""
    return _list_page({}, None)


@blueprint.post("/admin/services")
@auth.requires(ADMINISTRATOR)
def add() -> Answer:
    """Add one."""
    form = _typed()
    given = AddService(key=form["key"], title=form["title"], roles=tuple(form["roles"]))
    outcome = acting.act(add_service, given)
    if not outcome.is_done:
        return _list_page(form, outcome)
    return redirect(url_for("services.service", key=given.key), 303)


@blueprint.get("/admin/services/<key>")
@auth.requires(ADMINISTRATOR)
def service(key: str) -> Answer:
    """One account with its tokens and its history."""
    return _page(key)


@blueprint.post("/admin/services/<key>")
@auth.requires(ADMINISTRATOR)
def change(key: str) -> Answer:
    """Change what it is called and may."""
    form = _typed()
    given = ChangeService(key=key, title=form["title"], roles=tuple(form["roles"]))
    outcome = acting.act(change_service, given, seen=acting.seen_revision(request.form.get("seen")))
    return _done_or_page(key, outcome, form)


@blueprint.post("/admin/services/<key>/close")
@auth.requires(ADMINISTRATOR)
def close(key: str) -> Answer:
    """Close it; its tokens open nothing any more."""
    return _done_or_page(key, acting.act(close_service, CloseService(key=key)))


@blueprint.post("/admin/services/<key>/tokens")
@auth.requires(ADMINISTRATOR)
def issue(key: str) -> Answer:
    """Make a token; the page shows it, once."""
    scopes = tuple(request.form.getlist("scopes"))
    outcome = acting.act(issue_token, IssueToken(key=key, scopes=scopes, days=request.form.get("days", 0, type=int)))
    return _page(key, outcome=outcome, token=outcome.answer or "", scopes=scopes if not outcome.is_done else ())


@blueprint.post("/admin/services/<key>/tokens/<prefix>/revoke")
@auth.requires(ADMINISTRATOR)
def revoke(key: str, prefix: str) -> Answer:
    """Revoke a token."""
    return _done_or_page(key, acting.act(revoke_token, RevokeToken(key=key, prefix=prefix)))


def _typed() -> dict[str, Any]:
    return {
        "key": request.form.get("key", "").strip(),
        "title": request.form.get("title", "").strip(),
        "roles": request.form.getlist("roles"),
    }


def _done_or_page(key: str, outcome: Outcome, form: dict[str, Any] | None = None) -> Answer:
    if not outcome.is_done:
        return _page(key, form, outcome)
    flash(t("web.admin.saved"), "success")
    return redirect(url_for("services.service", key=key), 303)


def _offered(roles: tuple[directory.RoleEntry, ...]) -> list[tuple[str, str]]:
    return [(each.key, in_language(each.title)) for each in roles if each.key != ADMINISTRATOR]


def _list_page(form: dict[str, Any], outcome: Outcome | None) -> Answer:
    with auth.runtime().database.reading() as session:
        found, roles = services.services(session), directory.roles(session)
    page = ui.page(
        "admin/services.html",
        services=found,
        titles={each.key: in_language(each.title) for each in roles},
        offered=_offered(roles),
        typed=form,
        outcome=outcome or Outcome(),
    )
    return make_response(page, 200 if outcome is None else 422)


def _page(
    key: str,
    form: dict[str, Any] | None = None,
    outcome: Outcome | None = None,
    *,
    token: str = "",
    scopes: tuple[str, ...] = (),
) -> Answer:
    now = clock.now()
    with auth.runtime().database.reading() as session:
        found = services.find(session, key)
        if found is None:
            raise NotFound("service_unknown", key=key)
        roles = directory.roles(session)
        names = people.names(session) | acting.titles_of(roles, "role")
        page = ui.page(
            "admin/service.html",
            service=found,
            form=form or {"title": found.title, "roles": found.roles},
            outcome=outcome or Outcome(),
            token=token,
            offered=_offered(roles),
            scopes=[(each, f"{each} – {t('web.admin.scope.' + each)}") for each in services.SCOPES],
            opened=[(each, bearer.opened(each)) for each in services.SCOPES],
            opening_role=next((in_language(each.title) for each in roles if each.key == AUDITOR), AUDITOR),
            opens=AUDITOR in found.roles,
            example=url_for("checkpoints.newest", _external=True),
            chosen=scopes,
            days=DAYS,
            tokens=[
                {
                    "prefix": each.prefix,
                    "scopes": ", ".join(each.scopes),
                    "made": f"{ui.moment(each.made_at)} · {ui.person(names, each.made_by)}",
                    "seen": ui.ago(each.seen_at) if each.seen_at else "–",
                    "expires": ui.moment(each.expires_at),
                    "state": "revoked" if each.revoked_at else "good" if each.is_good(now) else "expired",
                }
                for each in found.tokens
            ],
            seen=queries.revision(session, KIND, key),
            history=acting.history(session, KIND, key, names),
        )
    return make_response(page, 200 if outcome is None or outcome.is_done else 422)
