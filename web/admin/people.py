"""The people of the company: list, search, add, change, close, sign-in codes, sessions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer

from engine import clock
from engine.errors import NotFound
from engine.identity import directory, memberships, people, web_sessions
from engine.identity.person_commands import (
    KIND,
    AddPerson,
    ChangePerson,
    DeactivatePerson,
    EndSessions,
    GiveSecret,
    ReactivatePerson,
    add_person,
    change_person,
    deactivate_person,
    end_sessions,
    give_secret,
    reactivate_person,
)
from engine.records import queries
from web import acting, auth, ui
from web.acting import Outcome
from web.admin.people_form import DayUnreadable, PersonForm, typed, with_empty
from web.admin.people_form import memberships as meant
from web.admin.people_form import of_person as form_of
from web.ui import in_language, t

blueprint = Blueprint("people", __name__)

PAGE = 50
ADMIN = memberships.ADMINISTRATOR
_UNREADABLE = "web.admin.people.line_unreadable"


@blueprint.get("/admin/people")
@auth.requires(ADMIN)
def listing() -> Answer:
    """Everybody, by name."""
    q = request.args.get("q", "").strip()[:100]
    name, login = request.args.get("name"), request.args.get("login")
    after = (name, login) if name is not None and login else None
    with auth.runtime().database.reading() as session:
        page = directory.people_page(session, search=q, after=after, limit=PAGE)
        titles = {each.key: in_language(each.title) for each in directory.roles(session)}
    kept: dict[str, Any] = {"q": q} if q else {}
    following = page.next and url_for("people.listing", name=page.next[0], login=page.next[1], **kept)
    return ui.page(
        "admin/people.html",
        q=q,
        people=page.people,
        titles=titles,
        pager=ui.Pager(previous=url_for("people.listing", **kept) if after else None, next=following),
    )


@blueprint.get("/admin/people/new")
@auth.requires(ADMIN)
def new() -> Answer:
    """The form of somebody new."""
    return _new_page(PersonForm(lines=with_empty(())))


@blueprint.post("/admin/people/new")
@auth.requires(ADMIN)
def add() -> Answer:
    """Add somebody; the page then shows their sign-in code, once."""
    form = typed(request.form)
    try:
        wanted = meant(form, (), auth.runtime().zone, clock.now())
    except DayUnreadable:
        return _new_page(form, Outcome(problems={"memberships": t(_UNREADABLE)}))
    given = AddPerson(login=form.login, name=form.name, email=form.email, locale=form.locale, memberships=wanted)
    outcome = acting.act(add_person, given)
    if not outcome.is_done:
        return _new_page(form, outcome)
    return _person_page(form.login, secret=outcome.answer)


@blueprint.get("/admin/people/<login>")
@auth.requires(ADMIN)
def person(login: str) -> Answer:
    """Somebody: form, sessions, history."""
    return _person_page(login)


@blueprint.post("/admin/people/<login>")
@auth.requires(ADMIN)
def change(login: str) -> Answer:
    """Change somebody. What was typed stays when it is refused."""
    form = replace(typed(request.form), login=login)
    with auth.runtime().database.reading() as session:
        found = people.find_person(session, login)
        if found is None:
            raise NotFound("person_unknown", login=login)
        held = memberships.of_person(session, found.id)
    try:
        wanted = meant(form, held, auth.runtime().zone, clock.now())
    except DayUnreadable:
        return _person_page(login, form, Outcome(problems={"memberships": t(_UNREADABLE)}))
    given = ChangePerson(login=login, name=form.name, email=form.email, locale=form.locale, memberships=wanted)
    outcome = acting.act(change_person, given, seen=acting.seen_revision(request.form.get("seen")))
    if not outcome.is_done:
        return _person_page(login, form, outcome)
    flash(t("web.admin.saved"), "success")
    return redirect(url_for("people.person", login=login), 303)


@blueprint.post("/admin/people/<login>/deactivate")
@auth.requires(ADMIN)
def deactivate(login: str) -> Answer:
    """Close an account."""
    return _done_or_page(login, acting.act(deactivate_person, DeactivatePerson(login=login)), "web.admin.people.closed")


@blueprint.post("/admin/people/<login>/reactivate")
@auth.requires(ADMIN)
def reactivate(login: str) -> Answer:
    """Open an account again."""
    return _done_or_page(login, acting.act(reactivate_person, ReactivatePerson(login=login)), "web.admin.people.opened")


@blueprint.post("/admin/people/<login>/secret")
@auth.requires(ADMIN)
def secret(login: str) -> Answer:
    """Give a sign-in code; the page shows it, once."""
    outcome = acting.act(give_secret, GiveSecret(login=login))
    return _person_page(login, outcome=outcome, secret=outcome.answer or "")


@blueprint.post("/admin/people/<login>/sessions/end")
@auth.requires(ADMIN)
def end(login: str) -> Answer:
    """End one session of somebody, or all."""
    only = request.form.get("session", type=int)
    return _done_or_page(
        login, acting.act(end_sessions, EndSessions(login=login, only=only)), "web.account.sessions.ended"
    )


def _done_or_page(login: str, outcome: Outcome, done: str) -> Answer:
    if not outcome.is_done:
        return _person_page(login, outcome=outcome)
    flash(t(done), "success")
    return redirect(url_for("people.person", login=login), 303)


def _new_page(form: PersonForm, outcome: Outcome | None = None) -> Answer:
    with auth.runtime().database.reading() as session:
        roles, groups = directory.roles(session), directory.groups(session)
    page = ui.page("admin/person_new.html", form=form, outcome=outcome or Outcome(), choices=_choices(roles, groups))
    return make_response(page, 200 if outcome is None else 422)


def _person_page(
    login: str, form: PersonForm | None = None, outcome: Outcome | None = None, *, secret: str = ""
) -> Answer:
    with auth.runtime().database.reading() as session:
        found = people.find_person(session, login)
        if found is None:
            raise NotFound("person_unknown", login=login)
        held = memberships.of_person(session, found.id)
        roles, groups = directory.roles(session), directory.groups(session)
        names = people.names(session) | acting.titles_of(roles, "role") | acting.titles_of(groups, "group")
        page = ui.page(
            "admin/person.html",
            person=found,
            form=form or form_of(found, held, auth.runtime().zone),
            outcome=outcome or Outcome(),
            secret=secret,
            choices=_choices(roles, groups),
            role_names=[names.get(f"role:{each}", each) for each in sorted(found.roles)],
            sessions=[
                (each, ui.moment(each.opened_at), ui.ago(each.seen_at))
                for each in web_sessions.of_person(session, found.id, clock.now())
            ],
            seen=queries.revision(session, KIND, login),
            history=acting.history(session, KIND, login, names),
        )
    return make_response(page, 200 if outcome is None or outcome.is_done else 422)


def _choices(
    roles: tuple[directory.RoleEntry, ...], groups: tuple[directory.GroupEntry, ...]
) -> list[tuple[str, list[tuple[str, str]]]]:
    """What a line may give: roles, then groups, each with its value in the form and what people call it."""
    offered = [(t("web.admin.roles"), [(f"role:{each.key}", in_language(each.title)) for each in roles])]
    if groups:
        offered.append((t("web.admin.groups"), [(f"group:{each.key}", in_language(each.title)) for each in groups]))
    return offered
