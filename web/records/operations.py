"""The pages of operators: incidents of all cases, messages that nobody has received, and what was asked for many at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer

from engine import clock
from engine.errors import InvalidInput, NotFound
from engine.identity import people
from engine.identity.memberships import ADMINISTRATOR
from engine.instances import batches, operations, operators
from engine.instances.batches import Batch, BatchItem
from engine.instances.operations import IncidentFilter, IncidentRow, UndeliveredMessage
from engine.mail import restored
from web import auth, present, ui
from web.records import views
from web.returned import Returned, returned
from web.ui import in_language, t

blueprint = Blueprint("operations", __name__)

PAGE = 50
SHOWN_ITEMS = 200
"""Results on a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """An incident in the list."""

    id: int
    case: str
    case_url: str
    process: str
    where: str
    cause: str
    moment: str
    iso: str
    ago: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message that nobody has received."""

    name: str
    key: str
    sent: str
    sent_by: str
    sender: str
    sender_url: str
    until: str
    is_over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchView:
    """A batch with how far it is. ``seen_to``: how many items have a result."""

    id: int
    title: str
    url: str
    act: str
    asked: str
    reason: str
    progress: str
    seen_to: int
    total: int
    is_over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of a batch's results."""

    title: str
    url: str
    state: str
    state_text: str
    text: str


@blueprint.get("/operations")
@auth.requires(*sorted(operators.OPERATORS))
def incidents() -> Answer:
    """Open incidents of all cases; filters and page are in the address."""
    return _incidents(_asked(request.args), Returned())


def _incidents(asked: dict[str, str], back: Returned) -> str:
    before = request.args.get("before", type=int)
    with auth.runtime().database.reading() as session:
        page = operations.incidents(session, _filter(asked), before=before, limit=PAGE)
        choices = operations.choices(session)
        restoration = restored.find_open(session)
    kept: dict[str, Any] = {name: value for name, value in asked.items() if value}
    return ui.page(
        "records/incidents.html",
        rows=[_stopped(each) for each in page.incidents],
        processes=[(key, in_language(title)) for key, title in choices.processes.items()],
        codes=[(each, present.cause_named(each)) for each in choices.codes],
        handlers=[(each, present.handler_named(each)) for each in choices.handlers],
        filters=asked,
        is_filtered=bool(kept),
        is_restored=restoration is not None,
        returned=back,
        may_see_letters=ADMINISTRATOR in auth.actor().roles,
        pager=ui.Pager(
            previous=url_for("operations.incidents", **kept) if before else None,
            next=url_for("operations.incidents", before=page.next, **kept) if page.next else None,
        ),
    )


@blueprint.post("/operations/retry")
@auth.requires(*sorted(operators.OPERATORS))
def retry() -> Answer:
    """Try the chosen incidents again (``target``), or with ``all`` every one of the filter."""
    asked = _asked(request.form)
    targets: tuple[int, ...] = tuple(request.form.getlist("target", type=int))
    if "all" in request.form:
        with auth.runtime().database.reading() as session:
            targets = operations.incident_ids(session, _filter(asked), limit=batches.MOST)
    try:
        batch = batches.ask(auth.runtime(), auth.actor(), "retry", targets)
    except InvalidInput as refusal:
        return _incidents(asked, returned(refusal)), 422
    return redirect(url_for("operations.batch", batch_id=batch), 303)


@blueprint.post("/operations/cases")
@auth.requires(*sorted(operators.OPERATORS))
def act_on_cases() -> Answer:
    """Suspend, resume or cancel (``act``) the chosen cases (``target``) for a ``reason``; the address says what of the list was seen.

    What cannot be accepted comes back with what was ticked and typed (422).
    """
    act = next(
        (each for each in batches.BATCH_ACTS if each == request.form.get("act") and each in operators.ACTS), None
    )
    if act is None:
        raise NotFound("not_found")
    targets = request.form.getlist("target", type=int)
    try:
        batch = batches.ask(auth.runtime(), auth.actor(), act, targets, request.form.get("reason", ""))
    except InvalidInput as refusal:
        return views.cases_page(returned(refusal)), 422
    return redirect(url_for("operations.batch", batch_id=batch), 303)


@blueprint.get("/operations/batches")
@auth.requires(*sorted(operators.OPERATORS))
def listing() -> Answer:
    """The latest batches."""
    with auth.runtime().database.reading() as session:
        names = people.names(session)
        rows = [_batch(each, names) for each in batches.latest(session)]
    return ui.page("records/batches.html", rows=rows)


@blueprint.get("/operations/batches/<int:batch_id>")
@auth.requires(*sorted(operators.OPERATORS))
def batch(batch_id: int) -> Answer:
    """One batch: its progress and the result of each item, in pages, refused ones first."""
    after = ui.after_item(request.args)
    with auth.runtime().database.reading() as session:
        found = batches.find(session, batch_id)
        view = _batch(found, people.names(session))
        rows = batches.items(session, batch_id, SHOWN_ITEMS + 1, after=after)
        items = [_item(found, each) for each in rows[:SHOWN_ITEMS]]
    next_ = None
    if len(rows) > SHOWN_ITEMS:
        last = rows[SHOWN_ITEMS - 1]
        next_ = url_for("operations.batch", batch_id=batch_id, state=last.state, after=last.target)
    pager = ui.Pager(previous=view.url if after else None, next=next_)
    return ui.page("records/batch.html", batch=view, items=items, pager=pager)


@blueprint.get("/operations/messages")
@auth.requires(*sorted(operators.OPERATORS))
def messages() -> Answer:
    """Messages that nobody has received, newest first."""
    before = request.args.get("before", type=int)
    with auth.runtime().database.reading() as session:
        page = operations.undelivered(session, before=before, limit=PAGE)
        names = people.names(session)
    rows = [_message(each, names) for each in page.messages]
    return ui.page(
        "records/messages.html",
        rows=rows,
        pager=ui.Pager(
            previous=url_for("operations.messages") if before else None,
            next=url_for("operations.messages", before=page.next) if page.next else None,
        ),
    )


def _asked(given: Mapping[str, str]) -> dict[str, str]:
    return {name: given.get(name, "").strip() for name in ("process", "code", "handler")}


def _filter(asked: Mapping[str, str]) -> IncidentFilter:
    return IncidentFilter(
        process_key=asked["process"] or None, code=asked["code"] or None, handler=asked["handler"] or None
    )


def _stopped(row: IncidentRow) -> Stopped:
    case = row.instance_id
    return Stopped(
        id=row.id,
        case=t("web.operations.no_case") if case is None else present.called(row.business_key, case),
        case_url="" if case is None else url_for("records.case", case_id=case),
        process=in_language(row.process_title) if row.process_title else "",
        where=_where(row),
        cause=present.cause_of(row.code, row.facts),
        moment=ui.moment(row.raised_at),
        iso=ui.local(row.raised_at).isoformat(timespec="minutes"),
        ago=ui.ago(row.raised_at),
    )


def _where(row: IncidentRow) -> str:
    if row.element_title:
        return in_language(row.element_title)
    return row.place if row.job_name is None else present.job_named(row.job_name)


def _message(row: UndeliveredMessage, names: Mapping[str, str]) -> Message:
    sender = row.sender_instance_id
    return Message(
        name=row.name,
        key=row.key or t("web.operations.message.no_key"),
        sent=ui.moment(row.sent_at),
        sent_by=ui.person(names, row.sent_by),
        sender="" if sender is None else present.called(row.sender_key, sender),
        sender_url="" if sender is None else url_for("records.case", case_id=sender),
        until=ui.moment(row.expires_at),
        is_over=row.expires_at <= clock.now(),
    )


def _batch(row: Batch, names: Mapping[str, str]) -> BatchView:
    return BatchView(
        id=row.id,
        title=t("web.operations.batch", number=row.id),
        url=url_for("operations.batch", batch_id=row.id),
        act=" · ".join(filter(None, (t(f"web.operations.batch.act.{row.act}"), _what(row)))),
        asked=t("web.operations.batch.asked_text", name=ui.person(names, row.asked_by), moment=ui.moment(row.asked_at)),
        reason=t("web.operations.batch.reason", reason=row.reason) if row.reason else "",
        progress=" ".join(_progress(row)),
        seen_to=row.total - row.waiting,
        total=row.total,
        is_over=row.ended_at is not None,
    )


def _progress(row: Batch) -> Iterator[str]:
    yield t("web.operations.batch.progress", done=row.done, refused=row.refused, waiting=row.waiting)
    if row.stopped:
        yield t("web.operations.batch.progress.stopped", stopped=row.stopped)


def _what(row: Batch) -> str:
    """Where to, or which variable; ids: the versions of the cases may call them differently."""
    if not row.what:
        return ""
    facts = {name: str(value) for name, value in row.what.items() if name != "value"}
    return t(f"web.operations.batch.what.{row.act}", **facts)


def _item(batch_: Batch, row: BatchItem) -> Item:
    url = url_for("records.case", case_id=row.instance_id) if row.instance_id is not None else ""
    named = present.called(row.business_key, row.instance_id) if row.instance_id is not None else row.business_key
    return Item(
        title=named or t(f"web.operations.batch.{'incident' if batch_.act == 'retry' else 'case'}", number=row.target),
        url=url,
        state=row.state,
        state_text=t(f"web.operations.batch.state.{row.state}"),
        text=t(row.code, **row.facts) if row.code else "",
    )
