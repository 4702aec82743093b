"""Cases: the list, one case with its path and history, the history to take away; and the demonstration mailbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from io import BytesIO
from typing import Any, get_args

from flask import Blueprint, request, send_file, url_for
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from engine import clock
from engine.errors import NotFound
from engine.handler import Actor
from engine.history import export
from engine.history import queries as history
from engine.identity import people
from engine.identity.services import HISTORY
from engine.instances import commands, operators, overview, queries
from engine.instances.incidents import Incident
from engine.instances.kin import Kin
from engine.instances.queries import Awaited, Case, CaseRow, Status, TimelineEntry
from engine.mail import letters as mail
from engine.mail.letters import Posted
from web import auth, field_narrowing, present, ui
from web.records import possible, timeline
from web.returned import Returned
from web.ui import Due, in_language, t

blueprint = Blueprint("records", __name__)

PAGE = 50
_MOST_CASES = 200
STATUSES: tuple[Status, ...] = get_args(Status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What a case waits for: a task of somebody, or that something happens."""

    title: str
    url: str
    whom: str
    due: Due | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """An open incident. ``repair``: why it has to be repaired on another page, where nobody can confirm what happened."""

    id: int
    title: str
    text: str
    may_retry: bool
    may_confirm: bool
    repair: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Relative:
    """A case that called this one, or that this one called. ``url`` is empty where the person may not see it, or it has not begun."""

    step: str
    key: str
    url: str
    status: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail."""

    id: int
    url: str
    subject: str
    body: str
    to: str
    business_key: str | None
    case_url: str | None
    moment: str
    iso: str
    ago: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """One case with everything that its page says."""

    id: int
    key: str
    process: str
    status: Status
    version: int
    version_url: str
    version_text: str
    version_hash: str
    started_text: str
    ended_text: str
    stages: present.StageBar | None
    facts: list[tuple[str, str]]
    no_facts: str
    waiting: tuple[Waiting, ...]
    nothing_waits: str
    incidents: tuple[Stopped, ...]
    suspended: str
    archived: str
    caller: Relative | None
    called: tuple[Relative, ...]
    held: tuple[possible.Held, ...]
    acts: tuple[str, ...]
    letters: tuple[Letter, ...]
    diagram: present.DiagramView
    timeline: tuple[timeline.Event, ...]
    is_detailed: bool
    detail_url: str
    may_audit: bool
    event_count: int
    chain_hash: str
    bundle_name: str


@blueprint.get("/cases")
@auth.signed_in
def cases() -> Answer:
    """The cases that the person may see, newest first; filters and page are in the address."""
    return cases_page(Returned())


def cases_page(returned: Returned) -> str:
    """The list that the address of this request asks for, with the form below it as it comes back."""
    asked = {name: request.args.get(name, "").strip() for name in ("q", "process", "status")}
    by_field = field_narrowing.read(request.args, asked["process"])
    criterion = None if by_field is None else by_field.criterion
    status = next((each for each in STATUSES if each == asked["status"]), None)
    after = request.args.get("after", type=int)
    actor = auth.actor()
    with auth.runtime().database.reading() as session:
        page = queries.cases(
            session,
            actor,
            process_key=asked["process"] or (by_field.process if by_field is not None and criterion else None),
            status=status,
            search=asked["q"] or None,
            field=criterion,
            after=after,
            limit=PAGE,
        )
        waiting = present.waiting_of(session, page, with_keys=auth.has_role(*operators.OPERATORS))
        rows = present.listed_cases(session, page, waiting)
        published = overview.processes(session)
        field_groups = field_narrowing.groups(session, published, asked["process"])
    chosen = asked | ({} if by_field is None else by_field.arguments())
    kept: dict[str, Any] = {name: value for name, value in chosen.items() if value}
    return ui.page(
        "records/cases.html",
        rows=rows,
        processes=[(each.version.process_key, in_language(each.version.title)) for each in published],
        field_groups=field_groups,
        field=by_field,
        is_cut=page.is_cut,
        statuses=STATUSES,
        may_operate=auth.has_role(*operators.OPERATORS),
        filters=asked,
        is_filtered=bool(kept),
        here_again=kept | ({"after": after} if after else {}),
        returned=returned,
        pager=ui.Pager(
            previous=url_for("records.cases", **kept) if after else None,
            next=url_for("records.cases", after=page.next, **kept) if page.next else None,
        ),
    )


@blueprint.get("/cases/<int:case_id>")
@auth.signed_in
def case(case_id: int) -> Answer:
    """One case. ``el`` chooses an element of its diagram, ``detail=all`` shows every event."""
    return case_page(case_id, Returned())


def case_page(case_id: int, returned: Returned) -> str:
    """The page of a case, with the form on it that comes back. Raises NotFound."""
    actor = auth.actor()
    with auth.runtime().database.reading() as session:
        found = queries.case(session, actor, case_id)
        view = _view(session, actor, found)
    return ui.page("records/case.html", case=view, returned=returned)


def _view(session: Session, actor: Actor, found: Case) -> CaseView:
    row, bundle, version = found.row, found.definition.bundle, found.definition.version
    titles = people.role_titles(session)
    names = people.names(session)
    is_detailed = request.args.get("detail") == "all"
    selected = request.args.get("el")
    detail = None if is_detailed else "all"
    version_url = url_for("workshop.process", process_key=row.process_key, version=row.version_number)
    return CaseView(
        id=row.id,
        key=present.key_of(row),
        process=_process_title(found),
        status=row.status,
        version=row.version_number,
        version_url=version_url,
        version_text=t(
            "web.case.version_text",
            moment=ui.moment(version.published_at),
            name=ui.person(names, version.published_by),
        ),
        version_hash=version.content_hash,
        started_text=t("web.case.started", name=ui.person(names, row.started_by), moment=ui.moment(row.started_at)),
        ended_text=t("web.case.ended", moment=ui.moment(row.ended_at)) if row.ended_at else "",
        stages=present.stage_bar(found.stages, row.status),
        facts=present.facts_of(row.summary),
        no_facts=_no_facts(found),
        waiting=(*_waiting(found, actor, names, titles), *map(partial(_happening, found), found.awaited)),
        nothing_waits=_nothing_waits(found),
        suspended=_suspended(row, names),
        archived=_archived(row),
        caller=None if found.caller is None else _relative(found.caller),
        called=tuple(map(_relative, found.called)),
        held=possible.held(found),
        acts=possible.acts(found),
        incidents=tuple(_stopped(each, found) for each in found.incidents if each.resolved_at is None),
        letters=_letters(session, actor, row),
        diagram=present.diagram(
            bundle,
            source=url_for("records.diagram", case_id=row.id),
            path=found.path,
            last_at=_last_at(found.timeline),
            selected=selected,
            titles=titles,
            address=lambda element: url_for("records.case", case_id=row.id, el=element, _anchor=f"el-{element}"),
            process_id=found.process_id,
        ),
        timeline=timeline.events(
            found.timeline,
            bundle,
            names,
            titles,
            cases={each.id: each.business_key or "" for each in _kin(found) if each.id is not None},
            stopped=found.incidents,
            is_detailed=is_detailed,
        ),
        is_detailed=is_detailed,
        detail_url=url_for("records.case", case_id=row.id, detail=detail, _anchor="timeline"),
        may_audit=auth.has_role("auditor"),
        event_count=len(found.timeline),
        chain_hash=_chain_hash(session, found),
        bundle_name=_bundle_name(row),
    )


_NOTHING_WAITS: Mapping[Status, str] = {"active": "nothing", "suspended": "suspended"}


def _nothing_waits(found: Case) -> str:
    """What a case waits for that has no open task and awaits no event."""
    awaited = next((each for each in found.called if each.is_awaited), None)
    if awaited is not None and found.row.status == "active":
        return t("web.case.waiting.called", step=in_language(awaited.step))
    if found.row.status == "active" and any(each.resolved_at is None for each in found.incidents):
        return t("web.case.waiting.stopped")
    return t(f"web.case.waiting.{_NOTHING_WAITS.get(found.row.status, 'ended')}")


def _no_facts(found: Case) -> str:
    """Why a case shows no data: a summary that has no entry left, where its version has some, was erased or is kept no longer."""
    if not found.definition.bundle.summary:
        return t("web.case.no_facts")
    return t("web.case.no_facts.yet" if found.row.summary else "web.case.no_facts.erased")


def _process_title(found: Case) -> str:
    """The title of the process; of a case of another process of the same files, that one's name too."""
    title, bundle = in_language(found.row.process_title), found.definition.bundle
    if found.process_id == bundle.process_id:
        return title
    named = in_language(bundle.names.get(found.process_id)) or bundle.model.processes[found.process_id].name
    return f"{title} · {named or found.process_id}"


def _kin(found: Case) -> tuple[Kin, ...]:
    return found.called if found.caller is None else (found.caller, *found.called)


def _relative(kin: Kin) -> Relative:
    note = t("web.case.called.incidents", count=kin.open_incidents) if kin.open_incidents else ""
    if kin.is_awaited and kin.status in {"waiting", "hidden"}:
        note = t(f"web.case.called.{kin.status}")
    return Relative(
        step=in_language(kin.step),
        key="" if kin.id is None else present.called(kin.business_key, kin.id),
        url="" if kin.id is None else url_for("records.case", case_id=kin.id),
        status="" if kin.id is None else kin.status,
        note=note,
    )


def _archived(row: CaseRow) -> str:
    """That the case is in the archive, or that its retention is over."""
    if row.removed_at is not None:
        return t("web.case.removed", moment=ui.moment(row.removed_at))
    return "" if row.archived_at is None else t("web.case.archived", moment=ui.moment(row.archived_at))


def _suspended(row: CaseRow, names: Mapping[str, str]) -> str:
    """Who let the case stand still, since when, why; empty when it does not."""
    if row.suspended is None:
        return ""
    who, since = ui.person(names, row.suspended.by), ui.moment(row.suspended.at)
    return t("web.case.suspended", name=who, moment=since, reason=row.suspended.because)


def _chain_hash(session: Session, found: Case) -> str:
    """The hash of the last event: what an auditor notes down, to find later that something was cut off."""
    last = history.timeline(session, found.row.id, after=found.timeline[-1].sequence - 1, limit=1)
    return last[0].hash.hex()


def _last_at(entries: tuple[TimelineEntry, ...]) -> dict[str, datetime]:
    """When each element was last entered or left; a timer that is only set has not been reached."""
    return {each.element_id: each.at for each in entries if each.element_id and each.type.startswith("element:")}


def _waiting(found: Case, actor: Actor, names: Mapping[str, str], titles: people.RoleTitles) -> tuple[Waiting, ...]:
    return tuple(
        Waiting(
            title=in_language(each.title),
            url=url_for("inbox.task", task_id=each.id)
            if each.role in actor.roles or each.assignee == actor.login
            else "",
            whom=t("web.case.waiting.person", name=ui.person(names, each.assignee))
            if each.assignee
            else t("web.case.waiting.role", role=present.role_title(titles, each.role)),
            due=ui.due(each.due_at),
        )
        for each in found.tasks
        if each.is_open
    )


def _happening(found: Case, awaited: Awaited) -> Waiting:
    """An event that has not come. The key of a message is for operators."""
    is_stopped = found.row.suspended is not None or any(each.resolved_at is None for each in found.incidents)
    said = present.happening(awaited, with_key=auth.has_role(*operators.OPERATORS), is_stopped=is_stopped)
    return Waiting(title=present.name_of(found.definition.bundle, awaited.element_id), url="", whom=said, due=None)


def _stopped(incident: Incident, found: Case) -> Stopped:
    bundle, job = found.definition.bundle, incident.job_name
    step = incident.place if job is None else present.job_named(job)
    if incident.element_id:
        step = present.name_of(bundle, incident.element_id)
    may_operate = auth.has_role(*operators.OPERATORS) and found.row.suspended is None
    is_uncertain = may_operate and incident.code == "effect_uncertain"
    handlers = auth.runtime().handlers
    lacks_result = is_uncertain and operators.gives_result(handlers, bundle, incident.element_id or "") is True
    return Stopped(
        id=incident.id,
        title=t("web.case.incident", step=step),
        text=present.cause_of(incident.code, incident.facts),
        may_retry=auth.has_role(*commands.RETRY_ROLES) and found.row.suspended is None,
        may_confirm=is_uncertain and not lacks_result,
        repair=t("effect_result_unknown") if lacks_result else "",
    )


def _letters(session: Session, actor: Actor, row: CaseRow) -> tuple[Letter, ...]:
    """The mails of the case that the person may read: those that are in their own mailbox."""
    if row.business_key is None or not auth.is_demonstration():
        return ()
    mine = mail.to_person(session, actor.login)
    return tuple(_letter(each, {}) for each in mine if each.business_key == row.business_key)


@blueprint.get("/cases/<int:case_id>/diagram.bpmn")
@auth.signed_in
def diagram(case_id: int) -> Answer:
    """The diagram of the version that the case follows."""
    with auth.runtime().database.reading() as session:
        found = queries.case(session, auth.actor(), case_id)
    return present.bpmn(found.definition, found.process_id)


@blueprint.get("/cases/<int:case_id>/history.zip")
@auth.requires("auditor", scopes=(HISTORY,))
def history_bundle(case_id: int) -> Answer:
    """The history of a case with all that is needed to verify it elsewhere."""
    with auth.runtime().database.reading() as session:
        found = queries.case(session, auth.actor(), case_id)
        content = export.bundle(session, case_id, clock.now(), checkpoint=request.args.get("checkpoint", type=int))
    return send_file(BytesIO(content), "application/zip", as_attachment=True, download_name=_bundle_name(found.row))


def _bundle_name(row: CaseRow) -> str:
    name = "".join(
        each if each.isascii() and (each.isalnum() or each in "-_") else "-" for each in row.business_key or str(row.id)
    )
    return f"{t('web.case.bundle')}-{name}.zip"


@blueprint.get("/mailbox")
@auth.signed_in
def mailbox() -> Answer:
    """The demonstration's mails to the person, and to customers and suppliers in cases that the person sees; ``message`` chooses one.

    What still waits is said, too: the newest cases only, as many as are looked through for the mails to others.
    """
    if not auth.is_demonstration():
        raise NotFound("not_found")
    actor = auth.actor()
    chosen = request.args.get("message", type=int)
    with auth.runtime().database.reading() as session:
        mine = mail.to_person(session, actor.login)
        seen = queries.cases(session, actor, limit=_MOST_CASES).cases
        newest = {each.business_key: each.id for each in reversed(seen) if each.business_key}
        posted = sorted((*mine, *mail.to_others(session, newest)), key=lambda each: each.id, reverse=True)
        older = {each.business_key for each in mine if each.business_key} - newest.keys()
        cases_by_key = newest | _cases_by_key(session, actor, older)
        letters = [_letter(each, cases_by_key) for each in posted]
        held = [(row, ui.moment(until)) for row, until in queries.held_among(session, seen)]
    selected = next((each for each in letters if each.id == chosen), letters[0] if letters else None)
    return ui.page(
        "records/mailbox.html",
        letters=letters,
        selected=selected,
        is_chosen=chosen is not None,
        held=[(present.key_of(row), url_for("records.case", case_id=row.id), moment) for row, moment in held],
    )


def _cases_by_key(session: Session, actor: Actor, keys: set[str]) -> dict[str, int]:
    found = (each for key in sorted(keys) for each in queries.cases(session, actor, search=key, limit=1).cases)
    return {each.business_key: each.id for each in found if each.business_key}


def _letter(posted: Posted, cases_by_key: Mapping[str, int]) -> Letter:
    case_id = cases_by_key.get(posted.business_key or "")
    return Letter(
        id=posted.id,
        url=url_for("records.mailbox", message=posted.id),
        subject=posted.subject,
        body=posted.body or "",
        to=posted.to_name or posted.to_address,
        business_key=posted.business_key,
        case_url=url_for("records.case", case_id=case_id) if case_id else None,
        moment=ui.moment(posted.made_at),
        iso=ui.local(posted.made_at).isoformat(timespec="minutes"),
        ago=ui.ago(posted.made_at),
    )
