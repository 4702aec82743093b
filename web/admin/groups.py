"""Roles and groups on one page: what people call them, which roles a group gives."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer

from engine.identity import directory
from engine.identity.group_commands import (
    AddGroup,
    AddRole,
    ChangeGroup,
    ChangeRole,
    DeleteGroup,
    add_group,
    add_role,
    change_group,
    change_role,
    delete_group,
)
from engine.identity.memberships import ADMINISTRATOR
from web import acting, auth, ui
from web.acting import Outcome
from web.ui import in_language, t

blueprint = Blueprint("groups", __name__)


@blueprint.get("/admin/roles")
@auth.requires(ADMINISTRATOR)
def listing() -> Answer:
    """All roles and groups."""
    return _page()


@blueprint.post("/admin/roles")
@auth.requires(ADMINISTRATOR)
def add_one() -> Answer:
    """Add a role."""
    return _done_or_page("role", "", acting.act(add_role, AddRole(key=_typed("key"), **_titles())))


@blueprint.post("/admin/roles/<key>")
@auth.requires(ADMINISTRATOR)
def rename(key: str) -> Answer:
    """Call a role otherwise."""
    return _done_or_page("role", key, acting.act(change_role, ChangeRole(key=key, **_titles())))


@blueprint.post("/admin/groups")
@auth.requires(ADMINISTRATOR)
def add_group_() -> Answer:
    """Add a group."""
    given = AddGroup(key=_typed("key"), roles=tuple(request.form.getlist("roles")), **_titles())
    return _done_or_page("group", "", acting.act(add_group, given))


@blueprint.post("/admin/groups/<key>")
@auth.requires(ADMINISTRATOR)
def change_one(key: str) -> Answer:
    """Change what a group is called and gives."""
    given = ChangeGroup(key=key, roles=tuple(request.form.getlist("roles")), **_titles())
    return _done_or_page("group", key, acting.act(change_group, given))


@blueprint.post("/admin/groups/<key>/delete")
@auth.requires(ADMINISTRATOR)
def delete(key: str) -> Answer:
    """Delete a group; its members lose what it gave."""
    return _done_or_page("group", key, acting.act(delete_group, DeleteGroup(key=key)))


def _typed(name: str) -> str:
    return request.form.get(name, "").strip()


def _titles() -> dict[str, str]:
    return {"title_fr": _typed("title_fr"), "title_en": _typed("title_en")}


def _done_or_page(kind: str, key: str, outcome: Outcome) -> Answer:
    """``key``: of the form that was posted; empty for the one that adds."""
    if not outcome.is_done:
        form = {"kind": kind, "at": key, "key": _typed("key"), "roles": request.form.getlist("roles")} | _titles()
        return _page(form, outcome)
    flash(t("web.admin.saved"), "success")
    return redirect(url_for("groups.listing"), 303)


def _page(form: dict[str, Any] | None = None, outcome: Outcome | None = None) -> Answer:
    with auth.runtime().database.reading() as session:
        roles, groups = directory.roles(session), directory.groups(session)
    page = ui.page(
        "admin/roles.html",
        roles=roles,
        groups=groups,
        offered=[(each.key, in_language(each.title)) for each in roles],
        typed=form or {},
        outcome=outcome or Outcome(),
        nothing=Outcome(),
    )
    return make_response(page, 200 if outcome is None else 422)
