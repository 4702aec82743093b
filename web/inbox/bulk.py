"""The same with many tasks: taking them, completing them with one set of answers; a result for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from flask import Blueprint, Response, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from engine import clock
from engine.definitions import store as definitions
from engine.errors import Conflict, FieldProblem, InvalidInput, NotFound, WrongState
from engine.identity import people
from engine.inbox import lists
from engine.inbox.queries import TaskRow
from engine.inbox.standing_in import standing_in
from engine.instances import bulk, queries
from engine.instances.bulk import Outcome
from engine.model.forms import Form
from web import auth, errors, fields, ui
from web.present import in_short
from web.ui import in_language, t

blueprint = Blueprint("bulk", __name__)

TASKS = "task"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One task, and what became of it (empty: nothing yet)."""

    id: int
    title: str
    key: str
    about: str
    result: str = ""
    is_done: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Tasks of one kind: one element of one version. ``form`` None: there is nothing to answer."""

    title: str
    process: str
    tasks: tuple[TaskRow, ...]
    form: Form | None
    url: str


def _ids(given: MultiDict[str, str]) -> list[int]:
    found = given.getlist(TASKS, type=int)
    return [each for each in found if 0 < each < 2**63][: bulk.MOST]


@blueprint.post("/inbox/bulk/claim")
@auth.signed_in
def claim() -> Answer:
    """Take the chosen tasks; where not all could be taken, the page says which and why."""
    actor, runtime = auth.actor(), auth.runtime()
    ids = _ids(request.form)
    rows = _rows(ids)
    outcomes, gone = bulk.claim_many(runtime, actor, [each.id for each in rows]), len(set(ids)) - len(rows)
    if outcomes and not gone and all(each.error is None for each in outcomes):
        flash(t("web.bulk.claimed", count=len(outcomes)), "success")
        return redirect(url_for("inbox.inbox", view="mine"), 303)
    return _results(rows, outcomes, t("web.bulk.claim.title"), gone)


@blueprint.post("/inbox/bulk")
@auth.signed_in
def choose() -> Answer:
    """Go on to the page that answers the chosen tasks: its address names them."""
    return redirect(url_for("bulk.answer", task=_ids(request.form)), 303)


@blueprint.get("/inbox/bulk/complete")
@auth.signed_in
def answer() -> Answer:
    """One form for the chosen tasks; where they are of several kinds, a choice of one."""
    return _answer_page(_ids(request.args))


def _answer_page(
    ids: Sequence[int],
    typed: Mapping[str, str] | None = None,
    problems: tuple[FieldProblem, ...] = (),
    status: int = 200,
    refused: str = "",
) -> Response:
    """``refused``: why nothing was tried, over what was typed: where the form cannot be shown again, that stands there to be read."""
    rows = _rows(ids)
    with auth.runtime().database.reading() as session:
        groups = _groups(session, rows)
        asked = groups[0] if len(groups) == 1 else None
        is_possible = asked is not None and bulk.may_be_answered_together(asked.form)
        form = _asked(session, asked.form, typed, problems) if asked is not None and is_possible else None
        kept = _kept(session, groups, ids) if refused else []
    page = ui.page(
        "inbox/bulk.html",
        groups=groups,
        asked=asked,
        form=form,
        items=[_item(each) for each in rows],
        errors=fields.error_links(form, problems) if form else (),
        refused=refused,
        kept=kept,
    )
    return make_response(page, status)


@blueprint.post("/inbox/bulk/form-state")
@auth.signed_in
def form_state() -> Answer:
    """What the answers so far change in the form."""
    with auth.runtime().database.reading() as session:
        group = _one_group(_groups(session, _rows(_ids(request.form))))
        if group is None:
            return "", 204  # the answers will be refused when they are sent, with the reason
        typed = _typed(group.form)
        form = _asked(session, group.form, typed)
    changed = fields.changed(form, request.form)
    return ui.page("inbox/form_state.html", changed=changed, announcement=fields.appeared(changed))


@blueprint.post("/inbox/bulk/complete")
@auth.signed_in
def complete() -> Answer:
    """Complete the chosen tasks with the same answers. Answers that no task accepts come back as they were typed (422), and so
    do those to tasks that are all gone meanwhile, or do not ask the same (409).
    """
    ids = _ids(request.form)
    rows = _rows(ids)
    with auth.runtime().database.reading() as session:
        group = _one_group(_groups(session, rows))
    if group is None:
        refusal = WrongState("bulk_not_one_kind" if rows else "bulk_all_gone")
        errors.note(refusal)
        return _answer_page(ids, status=409, refused=errors.sentence(refusal))
    typed = _typed(group.form)
    outcomes = bulk.complete_many(auth.runtime(), auth.actor(), [each.id for each in rows], typed)
    refused = bulk.first_field_problem(outcomes)
    if refused is not None:
        return _answer_page(ids, typed, refused.fields, status=422)
    return _results(rows, outcomes, group.title, len(set(ids)) - len(rows))


def _typed(form: Form | None) -> dict[str, str]:
    typed = fields.answers(request.form, form)
    typed.pop(TASKS, None)
    return typed


def _kept(session: Session, groups: Sequence[Group], ids: Sequence[int]) -> list[tuple[str, str]]:
    """What was typed, as the forms of these tasks call it: of tasks that are gone, that of the first where the person may see its case."""
    found: dict[str, tuple[str, str]] = {}
    for form in [each.form for each in groups] or [_form_of(session, ids)]:
        for each in _asked(session, form, _typed(form)).fields:
            chosen = (option.label for option in each.options if option.value == each.text)
            found.setdefault(each.name, (each.label, next(chosen, each.text)))
    for name, value in _typed(None).items():
        found.setdefault(name, (t("web.bulk.answer"), value))
    return [(label, value) for label, value in found.values() if value]


def _form_of(session: Session, ids: Sequence[int]) -> Form | None:
    try:
        details = queries.task(session, auth.actor(), ids[0]) if ids else None
    except NotFound:
        return None
    return None if details is None else _without_outputs(details.form)


def _without_outputs(form: Form | None) -> Form | None:
    """What a form computes differs from case to case: each case's own page shows it."""
    return None if form is None else replace(form, fields=tuple(each for each in form.fields if not each.is_output))


def _one_group(groups: Sequence[Group]) -> Group | None:
    """The tasks as one kind that can be answered together; None where they are not."""
    return groups[0] if len(groups) == 1 and bulk.may_be_answered_together(groups[0].form) else None


def _rows(ids: Sequence[int]) -> tuple[TaskRow, ...]:
    """The tasks that are still open and concern the person; of others nothing is told."""
    actor = auth.actor()
    with auth.runtime().database.reading() as session:
        return lists.chosen(session, actor, standing_in(session, actor, clock.now()), ids)


def _groups(session: Session, rows: Sequence[TaskRow]) -> list[Group]:
    by_kind: dict[tuple[str, str], list[TaskRow]] = {}
    for each in rows:
        by_kind.setdefault((each.content_hash, each.element_id), []).append(each)
    return [_group(session, tuple(each)) for each in by_kind.values()]


def _group(session: Session, rows: tuple[TaskRow, ...]) -> Group:
    first = rows[0]
    form = None if first.form is None else definitions.bundle_of(session, first.content_hash).forms.get(first.form)
    return Group(
        title=in_language(first.title),
        process=in_language(first.process_title),
        tasks=rows,
        form=_without_outputs(form),
        url=url_for("bulk.answer", task=[each.id for each in rows]),
    )


def _asked(
    session: Session, form: Form | None, typed: Mapping[str, str] | None, problems: Sequence[FieldProblem] = ()
) -> fields.FormView:
    runtime = auth.runtime()
    choices = fields.read_choices(form, session, runtime.handlers)
    return fields.view(form, {}, choices, runtime.environment(clock.now()), raw=typed, problems=problems)


def _told(outcome: Outcome, names: Mapping[str, str]) -> str:
    """What became of a task, in words; ``names``: what people are called, by login."""
    error = outcome.error
    if error is None:
        return t("web.bulk.done")
    if not outcome.is_tried:
        return t("web.bulk.not_tried")
    if isinstance(error, InvalidInput):
        return " ".join(errors.field_sentence(each) for each in error.fields)
    if isinstance(error, Conflict) and isinstance(by := error.facts.get("by"), str):
        return t(error.code, **{**error.facts, "by": ui.person(names, by)})
    return errors.sentence(error)


def _item(row: TaskRow, result: str = "", *, is_done: bool = False) -> Item:
    return Item(
        id=row.id,
        title=in_language(row.title),
        key=row.business_key or f"n° {row.instance_id}",
        about=in_short(row.summary, without=row.business_key),
        result=result,
        is_done=is_done,
    )


def _results(rows: Sequence[TaskRow], outcomes: Sequence[Outcome], title: str, gone: int) -> Response:
    """``gone``: how many of the ticked tasks are there for the person no more; which, they cannot be told."""
    names: Mapping[str, str] = {}
    if any(isinstance(each.error, Conflict) for each in outcomes):
        with auth.runtime().database.reading() as session:
            names = people.names(session)
    by_id = {each.task_id: each for each in outcomes}
    items = [_item(each, _told(by_id[each.id], names), is_done=by_id[each.id].error is None) for each in rows]
    done = sum(each.is_done for each in items)
    page = ui.page("inbox/bulk_results.html", title=title, items=items, done=done, failed=len(items) - done, gone=gone)
    return make_response(page, 200 if done == len(items) else 409)
