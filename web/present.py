"""From what the engine knows to what pages show: names, stages, steps, the diagram's path, what comes next. Pure but for the language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from flask import request, url_for
from markupsafe import Markup
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from engine import clock
from engine.definitions.store import Definition
from engine.identity import people
from engine.identity.people import RoleTitles
from engine.inbox.queries import SummaryValue
from engine.instances import overview, queries
from engine.instances.names import find_flow, find_node, find_process
from engine.instances.queries import Awaited, CasePage, CaseRow, ElementCounts, Path, StageNow, Status
from engine.model.bundle import Bundle
from engine.model.elements import (
    Activity,
    BoundaryEvent,
    BusinessRuleTask,
    CallActivity,
    CancelDefinition,
    CatchEvent,
    CompensationDefinition,
    ComplexGateway,
    ConditionalDefinition,
    EndEvent,
    ErrorDefinition,
    EscalationDefinition,
    EventBasedGateway,
    EventDefinition,
    ExclusiveGateway,
    Flow,
    Gateway,
    InclusiveGateway,
    LinkDefinition,
    MessageDefinition,
    MultipleDefinition,
    Node,
    ParallelGateway,
    Process,
    ReceiveTask,
    ScriptTask,
    SendTask,
    ServiceTask,
    SignalDefinition,
    StartEvent,
    SubProcess,
    Task,
    ThrowEvent,
    TimerDefinition,
    UserTask,
)
from engine.texts import has
from web import auth, ui
from web.ui import in_language, linked, local, moment, person, safe_json, shown, t

NOTHING = ElementCounts(entered=0, completed=0, cancelled=0)
NO_PATH = Path(elements={}, flows=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One part of the stage bar. ``state``: done, current, next or skipped."""

    title: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StageBar:
    """The stages of a case with a sentence that says the same."""

    text: str
    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One row of the table that says what the diagram shows."""

    id: str
    name: str
    kind: str
    who: str
    state: str
    state_text: str
    icon: str
    moment: str
    then: str
    url: str
    is_selected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagramView:
    """What the viewer and its table need. ``source``: address of the BPMN file; ``data``: JSON for the script."""

    source: str
    data: Markup
    steps: tuple[Step, ...]
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedCase:
    """One row of the list."""

    id: int
    url: str
    key: str
    process: str
    version: int
    summary: str
    waiting: str
    whom: str
    started: str
    started_day: str
    started_iso: str
    started_by: str
    status: Status


_KINDS: Mapping[type[Node], str] = {
    StartEvent: "start_event",
    EndEvent: "end_event",
    CatchEvent: "catch_event",
    ThrowEvent: "throw_event",
    ExclusiveGateway: "exclusive_gateway",
    InclusiveGateway: "inclusive_gateway",
    ParallelGateway: "parallel_gateway",
    EventBasedGateway: "event_based_gateway",
    ComplexGateway: "complex_gateway",
    Task: "task",
    ReceiveTask: "receive_task",
    SendTask: "send_task",
    UserTask: "user_task",
    ServiceTask: "service_task",
    ScriptTask: "script_task",
    BusinessRuleTask: "business_rule_task",
    CallActivity: "call_activity",
    SubProcess: "sub_process",
}

_BOUNDARIES: Mapping[type[EventDefinition], str] = {
    TimerDefinition: "timer",
    MessageDefinition: "message",
    ErrorDefinition: "error",
    SignalDefinition: "signal",
    EscalationDefinition: "escalation",
    ConditionalDefinition: "condition",
    CompensationDefinition: "compensation",
    CancelDefinition: "cancel",
    MultipleDefinition: "multiple",
}


def kind_of(node: Node) -> str:
    """What a node is, in words."""
    if isinstance(node, BoundaryEvent):
        return t(f"web.kind.boundary_{_BOUNDARIES[type(node.trigger)]}")
    if isinstance(node, Gateway) and len(node.outgoing) == 1 and not isinstance(node, ComplexGateway):
        return t("web.kind.merge")  # it joins what was parted and decides nothing
    if isinstance(node, SubProcess) and (node.is_event or node.is_transaction):
        return t("web.kind.event_sub_process" if node.is_event else "web.kind.transaction")
    return t("web.kind." + _KINDS.get(type(node), "other"))


def name_of(bundle: Bundle, node_id: str) -> str:
    """The name of an element or flow in the person's language; of one without a name, what it is."""
    node, flow = find_node(bundle, node_id), find_flow(bundle, node_id)
    french = (node.name if node else flow.name if flow else "").replace("\n", " ").strip()
    found = in_language({"fr": french} | dict(bundle.names.get(node_id, {})))
    if found:
        return found
    if node is not None:
        return t("web.steps.without_name", kind=kind_of(node))
    return t("web.kind.flow_unnamed") if flow is not None else node_id


def role_title(titles: RoleTitles, role: str | None) -> str:
    """What a role is called."""
    return in_language(titles.get(role, {})) or role if role else "–"


def stage_bar(stages: Sequence[StageNow], status: Status = "active") -> StageBar | None:
    """Where a case (of this ``status``) stands. What lies before the first current stage is done, or was not needed; what lies behind it is
    still to come, even when an earlier round was there already.
    """
    if not stages:
        return None
    front = next((index for index, each in enumerate(stages) if each.status == "current"), None)
    reached = len(stages) if front is None else front
    shown = tuple(
        Stage(title=in_language(each.stage.title), state=_stage_state(each, is_behind=index < reached))
        for index, each in enumerate(stages)
    )
    if front is None:
        is_cut = status in {"cancelled", "failed"}
        return StageBar(text=t("web.stages.cut" if is_cut else "web.stages.all_done"), stages=shown)
    return StageBar(text=stage_text(len(stages), front, stages[front].stage.title), stages=shown)


def _stage_state(stage: StageNow, *, is_behind: bool) -> str:
    if stage.status == "current":
        return "current"
    if not is_behind:
        return "next"
    return "done" if stage.status == "done" else "skipped"


def first_stage(bundle: Bundle) -> StageBar | None:
    """The bar of a case that is about to begin."""
    if not bundle.stages:
        return None
    shown = tuple(
        Stage(title=in_language(each.title), state="next" if index else "current")
        for index, each in enumerate(bundle.stages)
    )
    return StageBar(text=stage_text(len(bundle.stages), 0, bundle.stages[0].title), stages=shown)


def stage_text(count: int, index: int, title: Mapping[str, str]) -> str:
    """``Étape 2 sur 4 : Décision``."""
    return t("web.stages.text", position=index + 1, count=count, title=in_language(title))


def stage_of(bundle: Bundle, element_id: str) -> str:
    """The stage that an element belongs to, in words; empty when it belongs to none."""
    index = next((index for index, stage in enumerate(bundle.stages) if element_id in stage.elements), None)
    return "" if index is None else stage_text(len(bundle.stages), index, bundle.stages[index].title)


def facts_of(summary: Sequence[SummaryValue]) -> list[tuple[str, str]]:
    """What a process wants people to see of a case: label and value, without what is not known yet; documents as links to their pages."""
    return [
        (in_language(each.label), linked(shown(each.value, each.type)))
        for each in summary
        if each.value not in (None, "")
    ]


def in_short(summary: Sequence[SummaryValue], *, without: str | None, at_most: int = 3) -> str:
    """The first facts in one line; ``without``: the business key, which stands beside it already."""
    values = [shown(each.value, each.type) for each in summary if each.value not in (None, "", without)]
    return " · ".join(values[:at_most])


def steps_after(process: Process, node: Node) -> list[tuple[Flow | None, Node]]:
    """What can follow ``node``: the flow that decides (None when nothing does) and the next thing that happens.

    Exclusive and inclusive gateways are looked through: what follows them is a choice, named by their flow. An event-based gateway is
    the next thing: what decides there is still to happen. Loops end the look.
    """
    found: list[tuple[Flow | None, Node]] = []

    def look(flow: Flow, decisive: Flow | None, seen: frozenset[str]) -> None:
        target = process.nodes[flow.target]
        if not isinstance(target, Gateway) or isinstance(target, EventBasedGateway) or target.id in seen:
            found.append((decisive, target))
            return
        decides = len(target.outgoing) > 1 and not isinstance(target, ParallelGateway)
        for each in target.outgoing:
            following = process.flows[each]
            look(following, following if decides else decisive, seen | {target.id})

    is_choice = isinstance(node, Gateway) or any(process.flows[each].condition for each in node.outgoing)
    for each in node.outgoing:
        flow = process.flows[each]
        look(flow, flow if is_choice and len(node.outgoing) > 1 else None, frozenset())
    return found


def outcomes(bundle: Bundle, node: Node) -> list[str]:
    """What comes after ``node``, one sentence each."""
    process = find_process(bundle, node.id)
    lines = []
    for flow, target in steps_after(process, node):
        step = name_of(bundle, target.id)
        lines.append(
            t("web.why.next", step=step)
            if flow is None
            else t("web.why.next_if", condition=name_of(bundle, flow.id), step=step)
        )
    return list(dict.fromkeys(lines))


def boundary_of(process: Process, node: Node) -> list[BoundaryEvent]:
    """The events attached to an activity."""
    return [each for each in process.nodes.values() if isinstance(each, BoundaryEvent) and each.attached_to == node.id]


def diagram(
    bundle: Bundle,
    *,
    source: str,
    path: Path,
    last_at: Mapping[str, datetime],
    selected: str | None,
    titles: RoleTitles,
    address: Callable[[str], str],
    process_id: str | None = None,
) -> DiagramView:
    """The diagram of a version with what a case did on it, and the same as rows.

    ``last_at``: when each element was last touched; ``address`` gives the link of an element. ``process_id``: what the case runs, when that
    is not the main process. Other processes have rows when the case has been there (one that it called, or another participant).
    """
    main = bundle.model.processes[process_id or bundle.process_id]
    others = (each for each in bundle.model.processes.values() if each.id != main.id)
    processes = (main, *(each for each in others if not path.elements.keys().isdisjoint(each.nodes)))
    named = (each for process in processes for each in (*process.nodes, *process.lanes, *process.flows))
    labels = {each: name_of(bundle, each) for each in named if bundle.names.get(each)}
    labels[bundle.process_id] = in_language(bundle.title)
    known = selected if any(selected in process.nodes for process in processes) else None
    data = {
        "elements": {
            each: {"entered": n.entered, "completed": n.completed, "active": n.active, "cancelled": n.cancelled}
            for each, n in path.elements.items()
        },
        "flows": list(path.flows),
        "selected": known,
        "labels": labels if ui.locale() != "fr" else {},
    }
    steps = tuple(
        _step(
            bundle,
            node,
            path.elements.get(node.id, NOTHING),
            last_at=last_at.get(node.id),
            titles=titles,
            url=address(node.id),
            is_selected=node.id == known,
        )
        for process in processes
        for node in in_reading_order(process)
    )
    return DiagramView(source=source, data=safe_json(data), steps=steps, is_open=known is not None)


def in_reading_order(process: Process) -> Sequence[Node]:
    """The nodes as a token meets them from the start (breadth first), boundary events after what they watch; then event sub-processes,
    each with what is inside; unreachable ones last.
    """
    begin = [*(each.id for each in process.entries(process.id)), *process.entrances()]
    beside = [each.id for each in process.nodes.values() if isinstance(each, SubProcess) and each.is_event]
    order: dict[str, None] = {}
    for seed in (*begin, *beside, *process.nodes):
        waiting = [seed]
        while waiting:
            node_id = waiting.pop(0)
            if node_id not in order:
                order[node_id] = None
                waiting += _met_next(process, process.nodes[node_id])
    return [process.nodes[each] for each in order]


def _met_next(process: Process, node: Node) -> Iterator[str]:
    """Ids of what a reader meets after ``node``: what watches and what undoes it, what is inside, where its flows and links lead."""
    yield from (each.id for each in boundary_of(process, node))
    if isinstance(node, Activity) and node.compensated_by is not None:
        yield node.compensated_by
    if isinstance(node, SubProcess):
        yield from (each.id for each in process.starts(node.id) or process.entries(node.id))
    if isinstance(node, ThrowEvent) and isinstance(node.result, LinkDefinition):
        beside = (each for each in process.inside[node.scope] if isinstance(each, CatchEvent))
        yield from (each.id for each in beside if each.trigger == node.result)
    yield from (process.flows[each].target for each in node.outgoing)


def _step(
    bundle: Bundle,
    node: Node,
    counts: ElementCounts,
    *,
    last_at: datetime | None,
    titles: RoleTitles,
    url: str,
    is_selected: bool,
) -> Step:
    process = find_process(bundle, node.id)
    state, icon = ("untouched", "right")
    text = t("web.steps.untouched")
    if counts.active:
        state, icon, text = "active", "now", t("web.steps.active")
    elif counts.completed or (counts.entered and not counts.cancelled):
        state, icon, text = "done", "check", t("web.steps.done_times", count=counts.completed or counts.entered)
    elif counts.cancelled:
        state, icon, text = "cancelled", "stop", t("web.steps.cancelled")
    lane = process.lanes.get(node.lane) if node.lane else None
    role = node.role if isinstance(node, UserTask) else None
    who = role_title(titles, role) if role else name_of_lane(bundle, lane.id, lane.name) if lane else ""
    flows = [process.flows[each] for each in node.outgoing]
    then = " · ".join(
        f"{name_of(bundle, each.id)} → {name_of(bundle, each.target)}" if each.name else name_of(bundle, each.target)
        for each in flows
    )
    return Step(
        id=node.id,
        name=name_of(bundle, node.id),
        kind=kind_of(node),
        who=who,
        state=state,
        state_text=text,
        icon=icon,
        moment=moment(last_at) if last_at else "",
        then=then,
        url=url,
        is_selected=is_selected,
    )


def name_of_lane(bundle: Bundle, lane_id: str, french: str) -> str:
    """The name of a lane in the person's language."""
    return in_language({"fr": french} | dict(bundle.names.get(lane_id, {})))


def key_of(row: CaseRow) -> str:
    """What people call a case of a list."""
    return called(row.business_key, row.id)


def called(business_key: str | None, case_id: int) -> str:
    """What people call a case: its business key, else its number."""
    return business_key or f"n° {case_id}"


def cause_of(code: str, facts: Mapping[str, Any]) -> str:
    """Why something stopped; of an error of the business that nothing caught, in the error's own words."""
    error = facts.get("error")
    if code == "business_error_uncaught" and isinstance(error, str) and has(error):
        return t("web.operations.uncaught", reason=t(error, **facts), error=error)
    return t(code, **facts)


def cause_named(code: str) -> str:
    """What a kind of cause is called in a list of them."""
    named = f"web.operations.cause.{code}"
    return t(named) if has(named) else code


def handler_named(name: str) -> str:
    """What a handler does, in words; its name where this release has no such handler any more."""
    known = auth.runtime().handlers.handlers.get(name)
    return name if known is None else in_language({"fr": known.title_fr, "en": known.title_en})


def job_named(name: str) -> str:
    """What background work does, in words."""
    return t(f"web.operations.job.{name}")


def listed_cases(
    session: Session, page: CasePage, waiting: Mapping[int, tuple[str, str]] = MappingProxyType({})
) -> list[ListedCase]:
    """The rows of a page of cases. ``waiting``: what they wait for, where the page says so (``waiting_of``)."""
    names = people.names(session)
    return [_listed(each, waiting.get(each.id, ("–", "")), names) for each in page.cases]


def waiting_of(session: Session, page: CasePage, *, with_keys: bool) -> Mapping[int, tuple[str, str]]:
    """What each case of a page waits for, and whom or until when. ``with_keys``: who reads may see the keys of messages.

    Two more statements for all of them, whatever they wait for.
    """
    names, titles = people.names(session), people.role_titles(session)
    tasks = overview.open_tasks(session, [each.id for each in page.cases if each.open_tasks])
    alone = [
        each.id for each in page.cases if each.ended_at is None and not each.open_tasks and not each.open_incidents
    ]
    standing = queries.standing(session, alone)
    found: dict[int, tuple[str, str]] = {}
    for row in page.cases:
        if row.open_incidents:
            found[row.id] = (t("web.cases.incidents", count=row.open_incidents), "")
        elif row.id in standing:
            found[row.id] = _stands(row, standing[row.id], with_keys=with_keys)
        elif row.id in tasks:
            found[row.id] = _tasks(tasks[row.id], names, titles)
    return found


def happening(awaited: Awaited, *, with_key: bool, is_stopped: bool) -> str:
    """An event that has not come, in words. The key of a message may be somebody's name, or open something. ``is_stopped``: the case is
    suspended, or work of it gave up: nobody tries to go on from a moment that has come.
    """
    facts = {"name": awaited.name or "", "key": awaited.key or "", "moment": moment(awaited.due_at)}
    kind: str = awaited.kind
    if with_key and kind == "message" and awaited.key:
        kind = "message.key"
    elif awaited.due_at is not None and awaited.due_at <= clock.now():
        kind = "timer.come" if is_stopped else "timer.tried"
    return t(f"web.case.waiting.{kind}", **facts)


def _stands(row: CaseRow, stands: queries.StandsAt, *, with_keys: bool) -> tuple[str, str]:
    """What a case waits for that waits for nobody, as its page says it; of many things, some."""
    if stands.awaited:
        steps = (name_of(stands.bundle, each.element_id) for each in stands.awaited)
        return _some(steps), _some(
            happening(each, with_key=with_keys, is_stopped=row.suspended is not None) for each in stands.awaited
        )
    if row.suspended is not None:
        return t("web.case.waiting.suspended"), ""
    if stands.calls:
        return _some(t("web.case.waiting.called", step=name_of(stands.bundle, each)) for each in stands.calls), ""
    return t("web.case.waiting.nothing"), ""


def _some(said: Iterable[str], most: int = 3) -> str:
    different = [*dict.fromkeys(said)]
    return ", ".join(different[:most]) + (" …" if len(different) > most else "")


def _tasks(tasks: Sequence[overview.OpenTask], names: Mapping[str, str], titles: RoleTitles) -> tuple[str, str]:
    """The tasks that a case waits for, and whom."""
    whom = dict.fromkeys(
        person(names, each.assignee) if each.assignee else role_title(titles, each.role) for each in tasks
    )
    return ", ".join(dict.fromkeys(in_language(each.title) for each in tasks)), ", ".join(whom)


def _listed(row: CaseRow, awaited: tuple[str, str], names: Mapping[str, str]) -> ListedCase:
    return ListedCase(
        id=row.id,
        url=url_for("records.case", case_id=row.id),
        key=key_of(row),
        process=in_language(row.process_title),
        version=row.version_number,
        summary=in_short(row.summary, without=row.business_key),
        waiting=awaited[0],
        whom=awaited[1],
        started=moment(row.started_at),
        started_day=shown(local(row.started_at).date()),
        started_iso=local(row.started_at).isoformat(timespec="minutes"),
        started_by=person(names, row.started_by),
        status=row.status,
    )


def bpmn(definition: Definition, process_id: str | None = None) -> Response:
    """The diagram of a version: of its main process, or another one. Its content never changes, so the browser may keep it."""
    shown = process_id or definition.bundle.process_id
    response = Response(definition.bundle.diagram_of(shown), mimetype="application/xml")
    response.headers["Cache-Control"] = "private, max-age=0, must-revalidate"
    # a diagram may carry any markup in its documentation: opened as a page it is an attachment, and nothing of it runs or is sent
    response.headers["Content-Disposition"] = "attachment"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'none'"
    response.set_etag(f"{definition.version.content_hash}-{shown}")
    return response.make_conditional(request.environ)
