"""The inbox, a task with its form, and starting a process."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from engine import clock
from engine.definitions import store as definitions
from engine.definitions.store import Definition
from engine.errors import Conflict, FieldProblem, InvalidInput, NotAllowed, NotFound, WrongState
from engine.feel import Value
from engine.handler import Actor
from engine.identity import people
from engine.inbox import commands as inbox_commands
from engine.inbox import drafts, filters, lists, offers
from engine.inbox.drafts import Draft
from engine.inbox.lists import Asked, Count
from engine.inbox.queries import TaskRow
from engine.inbox.standing_in import standing_in
from engine.instances import commands, overview, queries
from engine.instances.queries import TaskDetails
from engine.model.forms import Form
from engine.texts import format as texts_format
from web import auth, errors, field_narrowing, fields, ui
from web.inbox import listing, narrowing, papers, why
from web.present import StageBar, facts_of, first_stage, stage_bar
from web.ui import Due, in_language, t

blueprint = Blueprint("inbox", __name__)

PAGE = 30
STALE = frozenset({"task_closed", "task_taken"})
"""Refusals that only say that the page is older than the task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """One task, beside the list or on its own page."""

    id: int
    case_id: int
    title: str
    process: str
    business_key: str | None
    due: Due | None
    stages: StageBar | None
    facts: list[tuple[str, str]]
    why: list[str]
    outcomes: list[str]
    is_mine: bool
    may_claim: bool
    may_release: bool
    not_mine_text: str
    given: str
    for_absent: str
    claim_text: str
    takers: tuple[tuple[str, str], ...]
    may_delegate: bool


@blueprint.get("/inbox")
@auth.signed_in
def inbox() -> Answer:
    """A list of tasks (``narrowing``); ``task`` chooses one to show beside it."""
    actor, now = auth.actor(), clock.now()
    asked, after = narrowing.read(request.args), request.args.get("after")
    place: dict[str, Any] = asked.arguments() | ({"after": after} if after else {})
    with auth.runtime().database.reading() as session:
        absent = standing_in(session, actor, now)
        counts = lists.counts(session, actor, absent)
        wanted = Asked(actor=actor, view=asked.view, now=now, absent=absent, criteria=asked.criteria(), sort=asked.sort)
        page = lists.page(session, wanted, after=after, limit=PAGE)
        number = lists.count(session, wanted) if asked.is_narrowed else None
        rows = listing.rows(session, page.tasks, absent, place)
        published = overview.processes(session)
        processes = [(each.version.process_key, in_language(each.version.title)) for each in published]
        field_groups = field_narrowing.groups(session, published, asked.process)
        kept = filters.filters(session, actor)
        chosen = _chosen(session, actor, request.args.get("task", type=int))
    tabs = listing.tabs(asked, counts, absent)
    return ui.page(
        "inbox/inbox.html",
        asked=asked,
        tabs=tabs,
        current=next(each for each in tabs if each.is_current),
        counts=counts,
        found=_found(number),
        is_cut=page.is_cut,
        standing=[t("web.inbox.standing", name=each.name, day=ui.shown(each.last_day)) for each in absent],
        rows=rows,
        selected=chosen,
        dues=narrowing.DUES,
        processes=sorted(processes, key=lambda each: each[1].casefold()),
        field_groups=field_groups,
        filters=kept,
        query=asked.query(),
        pager=ui.Pager(
            previous=url_for("inbox.inbox", **asked.arguments()) if after else None,
            next=url_for("inbox.inbox", **asked.arguments(), after=page.next) if page.next else None,
        ),
        may_start=ui.may_start(actor),
    )


def _found(number: Count | None) -> str:
    if number is None:
        return ""
    if number.is_more:
        return t("web.inbox.filter.found_more", number=number.number)
    return t("web.inbox.filter.found", count=number.number, number=number.number)


def _chosen(session: Session, actor: Actor, task_id: int | None) -> TaskView | None:
    """The task beside the list; one that is gone, or never was for this person, is no reason to refuse the list."""
    if task_id is None:
        return None
    try:
        details = queries.task(session, actor, task_id)
    except NotFound:
        return None
    return _view(session, actor, details) if details.row.is_open else None


def _view(session: Session, actor: Actor, details: TaskDetails) -> TaskView:
    row, bundle = details.row, details.definition.bundle
    titles = people.role_titles(session)
    everybody = people.people(session)
    names = {each.login: each.name for each in everybody}
    colleagues = [
        each.name for each in everybody if row.role in each.roles and each.is_active and each.login != actor.login
    ]
    absent = details.absent
    return TaskView(
        id=row.id,
        case_id=row.instance_id,
        title=in_language(row.title),
        process=in_language(row.process_title),
        business_key=row.business_key,
        due=ui.due(row.due_at) if row.is_open else None,
        stages=stage_bar(details.stages),
        facts=facts_of(row.summary),
        why=[
            *([t("web.inbox.standing", name=absent.name, day=ui.shown(absent.last_day))] if absent else ()),
            *why.why(row, bundle, details.why, titles=titles, my_roles=actor.roles, colleagues=colleagues, names=names),
        ],
        outcomes=why.after(row, bundle),
        is_mine=details.is_mine,
        may_claim=details.may_claim,
        may_release=details.may_release,
        not_mine_text="" if details.is_mine else _not_mine(row, details, names, titles),
        given=_given(row, names) if row.is_open else "",
        for_absent=t("web.task.for_absent", name=absent.name, day=ui.shown(absent.last_day)) if absent else "",
        claim_text=t("web.task.claim_for", name=absent.name) if absent else t("web.task.claim"),
        takers=_takers(session, row.id) if details.may_delegate else (),
        may_delegate=details.may_delegate,
    )


def _given(row: TaskRow, names: Mapping[str, str]) -> str:
    """Who passed the task on, when, with which words; nothing when nobody did."""
    if row.given_by is None or row.given_at is None:
        return ""
    code = "web.task.given_note" if row.given_note else "web.task.given"
    return t(code, name=ui.person(names, row.given_by), when=ui.ago(row.given_at), note=row.given_note)


def _takers(session: Session, task_id: int) -> tuple[tuple[str, str], ...]:
    """Whom the task can be passed on to: login and name, which says when somebody is away."""
    return tuple(
        (
            each.login,
            t("web.task.delegate.away", name=each.name, day=ui.shown(each.away_until))
            if each.away_until
            else each.name,
        )
        for each in offers.takers(session, task_id, clock.now())
    )


def _not_mine(row: TaskRow, details: TaskDetails, names: dict[str, str], titles: people.RoleTitles) -> str:
    if not row.is_open:
        return t("web.task.not_mine.closed")
    if details.may_claim:
        return t("web.task.not_mine.free")
    if details.refusal is not None and details.refusal.code.startswith(("task_four_eyes", "case_suspended")):
        return errors.sentence(details.refusal)
    if row.assignee is not None:
        return t("web.task.not_mine.other", name=names.get(row.assignee, row.assignee))
    return t("web.task.not_mine.role", role=in_language(titles.get(row.role or "")) or row.role)


@blueprint.get("/tasks/<int:task_id>")
@auth.signed_in
def task(task_id: int) -> Answer:
    """A task with its form, for whoever may see its case."""
    return _task_page(task_id)


def _task_page(
    task_id: int,
    *,
    typed: dict[str, str] | None = None,
    problems: tuple[FieldProblem, ...] = (),
    refused: str = "",
    status: int = 200,
) -> Response:
    actor, runtime = auth.actor(), auth.runtime()
    with runtime.database.reading() as session:
        details = queries.task(session, actor, task_id)
        shown = _view(session, actor, details)
        draft = drafts.find(session, actor, task_id) if typed is None and details.may_complete else None
        known = _known_answers(draft, details.form)
        form = _asked(session, details.form, details.variables, typed if known is None else known, problems)
        beside = papers.view(session, details.row.instance_id)
    page = ui.page(
        "inbox/task.html",
        task=shown,
        form=form,
        papers=beside,
        draft=t("web.draft.found", when=ui.ago(draft.saved_at)) if draft is not None and known is not None else "",
        errors=fields.error_links(form, problems),
        conflict=refused,
        back=url_for("inbox.inbox", view="mine" if shown.is_mine else "role", task=task_id),
    )
    return make_response(page, status)


def _known_answers(draft: Draft | None, form: Form | None) -> dict[str, str] | None:
    """Of a draft what the form still asks; None when there is nothing of it."""
    if draft is None or form is None:
        return None
    asked = {each.name for each in form.fields if not each.is_output}
    return {name: value for name, value in draft.answers.items() if name in asked} or None


@blueprint.post("/tasks/<int:task_id>/draft")
@auth.signed_in
def keep_draft(task_id: int) -> Answer:
    """Keep what was typed so far: by itself while somebody types (htmx), or by the button, which leads back to the list."""
    _require_visible(task_id)
    with auth.runtime().database.reading() as session:
        form = queries.task(session, auth.actor(), task_id).form
    by_itself = "HX-Request" in request.headers
    try:
        saved_at = drafts.save(auth.runtime().database, auth.actor(), task_id, fields.answers(request.form, form))
    except (Conflict, WrongState) as error:
        if not by_itself:
            raise
        # completed, or taken, while somebody typed, perhaps by the click that came before this: nobody asked for anything
        return ui.page("inbox/draft_state.html", kept=errors.sentence(error))
    if by_itself:
        hour = texts_format.hour(ui.local(saved_at).time(), ui.locale())
        return ui.page("inbox/draft_state.html", kept=t("web.draft.kept", hour=hour))
    flash(t("web.draft.kept_flash"), "success")
    return redirect(url_for("inbox.inbox", view="mine", task=task_id), 303)


@blueprint.post("/tasks/<int:task_id>/draft/forget")
@auth.signed_in
def forget_draft(task_id: int) -> Answer:
    """Throw the draft away."""
    _require_visible(task_id)
    drafts.forget(auth.runtime().database, auth.actor(), task_id)
    flash(t("web.draft.forgotten"), "info")
    return redirect(url_for("inbox.task", task_id=task_id), 303)


@blueprint.post("/tasks/<int:task_id>/claim")
@auth.signed_in
def claim(task_id: int) -> Answer:
    """Take the task and open it. When a colleague was faster, the page says who."""
    _require_visible(task_id)
    try:
        inbox_commands.claim(auth.runtime().database, auth.actor(), task_id)
    except Conflict as error:
        return _task_page(task_id, refused=_taken(error), status=409)
    flash(t("web.task.claimed"), "success")
    return redirect(url_for("inbox.task", task_id=task_id), 303)


@blueprint.post("/tasks/<int:task_id>/release")
@auth.signed_in
def release(task_id: int) -> Answer:
    """Give the task back to its role."""
    _require_visible(task_id)
    inbox_commands.release(auth.runtime().database, auth.actor(), task_id)
    flash(t("web.task.released"), "info")
    return redirect(url_for("inbox.inbox", view="role", task=task_id), 303)


@blueprint.post("/tasks/<int:task_id>/delegate")
@auth.signed_in
def delegate(task_id: int) -> Answer:
    """Pass the task on to somebody. A person who may not do it is refused beside the choice (422)."""
    _require_visible(task_id)
    to, note = request.form.get("to", ""), request.form.get("note", "")
    try:
        inbox_commands.delegate(auth.runtime().database, auth.actor(), task_id, to, note)
    except InvalidInput as error:
        return _task_page(task_id, refused=" ".join(errors.field_sentence(each) for each in error.fields), status=422)
    except Conflict as error:
        return _task_page(task_id, refused=_taken(error), status=409)
    with auth.runtime().database.reading() as session:
        names = people.names(session)
    flash(t("web.task.delegated", name=ui.person(names, to)), "success")
    return redirect(url_for("inbox.inbox", view="role", task=task_id), 303)


@blueprint.post("/tasks/<int:task_id>/form-state")
@auth.signed_in
def form_state(task_id: int) -> Answer:
    """What the answers so far change in the form: fields that appear or go, figures computed anew."""
    actor, runtime = auth.actor(), auth.runtime()
    with runtime.database.reading() as session:
        details = queries.task(session, actor, task_id)
        if details.refusal is not None and details.refusal.code in STALE:
            return "", 204  # the answers will be refused when they are sent, with the reason
        if details.refusal is not None:
            raise details.refusal
        form = _asked(session, details.form, details.variables, fields.answers(request.form, details.form))
    return _form_state(form)


def _asked(
    session: Session,
    form: Form | None,
    variables: Mapping[str, Value],
    typed: Mapping[str, str] | None,
    problems: Sequence[FieldProblem] = (),
) -> fields.FormView:
    """A form as it is shown: with its lists of choices, over the variables and what was typed."""
    runtime = auth.runtime()
    choices = fields.read_choices(form, session, runtime.handlers)
    return fields.view(form, variables, choices, runtime.environment(clock.now()), raw=typed, problems=problems)


def _form_state(form: fields.FormView) -> str:
    changed = fields.changed(form, request.form)
    return ui.page("inbox/form_state.html", changed=changed, announcement=fields.appeared(changed))


@blueprint.post("/tasks/<int:task_id>/complete")
@auth.signed_in
def complete(task_id: int) -> Answer:
    """Complete the task. Answers that cannot be accepted come back as they were typed (422), each with its reason."""
    actor, runtime = auth.actor(), auth.runtime()
    with runtime.database.reading() as session:
        details = queries.task(session, actor, task_id)
    typed = fields.answers(request.form, details.form)
    try:
        done = commands.complete_task(runtime, actor, task_id, typed)
    except InvalidInput as error:
        return _task_page(task_id, typed=typed, problems=error.fields, status=422)
    except Conflict as error:
        return _task_page(task_id, typed=typed, refused=_taken(error), status=409)
    except WrongState as error:
        return _task_page(task_id, typed=typed, refused=errors.sentence(error), status=409)
    title = in_language(details.row.title)
    if done.next_task_id is not None:
        flash(t("web.task.completed_next", title=title), "success")
        return redirect(url_for("inbox.task", task_id=done.next_task_id), 303)
    flash(t("web.task.completed", title=title, key=done.business_key or ""), "success")
    return redirect(url_for("inbox.inbox", view="mine"), 303)


def _require_visible(task_id: int) -> None:
    """Raises NotFound where the person may not see the case: a refusal of the command would tell that the task exists."""
    with auth.runtime().database.reading() as session:
        queries.task(session, auth.actor(), task_id)


def _taken(error: Conflict) -> str:
    """Who was faster, by name."""
    login = error.facts.get("by")
    if not isinstance(login, str):
        return errors.sentence(error)
    with auth.runtime().database.reading() as session:
        person = people.find_person(session, login)
    return t("web.task.taken", name=person.name if person else login)


@blueprint.get("/start")
@auth.signed_in
def start() -> Answer:
    """What the person may begin; straight to the form when there is one process only."""
    actor = auth.actor()
    with auth.runtime().database.reading() as session:
        found = [definitions.load(session, each.version.id) for each in overview.startable(session, actor)]
    if len(found) == 1:
        return redirect(url_for("inbox.start_process", process_key=found[0].version.process_key), 303)
    return ui.page("inbox/start.html", processes=[_process(each) for each in found])


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessView:
    """A process to begin."""

    key: str
    title: str
    intro: str
    stages: StageBar | None


def _process(definition: Definition) -> ProcessView:
    bundle = definition.bundle
    return ProcessView(
        key=bundle.key,
        title=in_language(bundle.title),
        intro=in_language(bundle.description),
        stages=first_stage(bundle),
    )


def start_form(definition: Definition) -> Form | None:
    """The form that begins a case."""
    starts = definition.bundle.starts
    return None if starts is None or starts.form is None else definition.bundle.forms[starts.form]


def _startable(session: Session, actor: Actor, process_key: str) -> Definition:
    definition = definitions.load_latest(session, process_key)
    starts = definition.bundle.starts
    if starts is None or actor.roles.isdisjoint(starts.roles):
        raise NotAllowed("start_not_allowed", process=process_key)
    return definition


def _start_page(
    process_key: str,
    *,
    offered: Mapping[str, str] | None = None,
    typed: dict[str, str] | None = None,
    problems: tuple[FieldProblem, ...] = (),
    refused: str = "",
    status: int = 200,
) -> Response:
    """``offered``: values that a link brings for fields of the form; what else it says is nothing here."""
    actor, runtime = auth.actor(), auth.runtime()
    with runtime.database.reading() as session:
        definition = _startable(session, actor, process_key)
        asked = start_form(definition)
        if offered and asked is not None:
            typed = {each.name: offered[each.name] for each in asked.fields if each.name in offered} or typed
        form = _asked(session, asked, {}, typed, problems)
        refused = refused or " ".join(fields.refusals(asked, typed or {}, session, runtime.handlers))
    page = ui.page(
        "inbox/start_process.html",
        process=_process(definition),
        form=form,
        errors=fields.error_links(form, problems),
        conflict=refused,
        submission_name=fields.SUBMISSION,
        submission=request.form.get(fields.SUBMISSION) or secrets.token_urlsafe(16),
    )
    return make_response(page, status)


@blueprint.get("/start/<process_key>")
@auth.signed_in
def start_process(process_key: str) -> Answer:
    """The start form of a process; what the address says of its fields is written there already."""
    return _start_page(process_key, offered=request.args)


@blueprint.post("/start/<process_key>", endpoint="begin")
@auth.signed_in
def begin(process_key: str) -> Answer:
    """Begin a case with the answers."""
    actor, runtime = auth.actor(), auth.runtime()
    with runtime.database.reading() as session:
        definition = _startable(session, actor, process_key)
    typed = fields.answers(request.form, start_form(definition))
    try:
        submission = request.form.get(fields.SUBMISSION)
        started = commands.start_instance(runtime, actor, process_key, typed, submission=submission)
    except InvalidInput as error:
        return _start_page(process_key, typed=typed, problems=error.fields, status=422)
    except WrongState as error:
        return _start_page(process_key, typed=typed, refused=errors.sentence(error), status=409)
    title = in_language(definition.bundle.title)
    flash(t("web.start.done", process=title, key=started.business_key or started.instance_id), "success")
    if started.next_task_id is not None:
        return redirect(url_for("inbox.task", task_id=started.next_task_id), 303)
    return redirect(url_for("records.case", case_id=started.instance_id), 303)


@blueprint.post("/start/<process_key>/form-state")
@auth.signed_in
def start_form_state(process_key: str) -> Answer:
    """What the answers so far change in the start form."""
    actor, runtime = auth.actor(), auth.runtime()
    with runtime.database.reading() as session:
        asked = start_form(_startable(session, actor, process_key))
        form = _asked(session, asked, {}, fields.answers(request.form, asked))
    return _form_state(form)
