"""What pages read about cases and tasks: the only place where rows, the state, the model and the history come together.

All of it in a reading transaction (``Database.reading``): one moment, no lock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine import clock
from engine.definitions import store as definitions
from engine.definitions.store import Definition
from engine.errors import CommandRejected, NotAllowed, NotFound
from engine.feel import Value
from engine.handler import Actor
from engine.history import queries as history
from engine.history.queries import Entry
from engine.inbox import fields, offers
from engine.inbox import queries as inbox
from engine.inbox.fields import FieldCriterion
from engine.inbox.lists import FEW_CASES
from engine.inbox.queries import SummaryValue, TaskRow
from engine.inbox.rules import Absent, Offer, delegation_refusal, on_behalf_of, refusal
from engine.inbox.standing_in import standing_in
from engine.instances import archive, driver, incidents, kin
from engine.instances.access import may_see_case, sees_everything
from engine.instances.archive import Kept
from engine.instances.driver import CaseSuspended
from engine.instances.incidents import Incident
from engine.instances.kin import Kin
from engine.instances.names import element_title, find_node
from engine.instances.operators import takes_part
from engine.jobs import outbox
from engine.jobs.outbox import HeldEffect
from engine.kernel import Phase, State, Wait
from engine.migration import first_version, under_present_ids, versions
from engine.model.bundle import Bundle, Stage
from engine.model.elements import BoundaryEvent, CallActivity
from engine.model.forms import Form

Status = Literal["active", "suspended", "completed", "failed", "cancelled"]
"""``suspended``: active, and standing still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspended:
    """That a case stands still: since when, by whom, why."""

    at: datetime
    by: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """A case in a list. ``process_title`` by locale."""

    id: int
    process_key: str
    process_title: Mapping[str, str]
    version_id: int
    version_number: int
    business_key: str | None
    status: Status
    started_at: datetime
    started_by: str
    ended_at: datetime | None
    open_tasks: int
    open_incidents: int
    summary: tuple[SummaryValue, ...]
    suspended: Suspended | None
    archived_at: datetime | None = None
    removed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePage:
    """A page of cases; ``next`` is the ``after`` of the page that follows, None at the end; ``is_cut``: it is short because the search for
    what fits stopped, and goes on there.
    """

    cases: tuple[CaseRow, ...]
    next: int | None
    is_cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementCounts:
    """How often an element was entered, and what became of it."""

    entered: int
    completed: int
    cancelled: int

    @property
    def active(self) -> int:
        """How often it is active now."""
        return self.entered - self.completed - self.cancelled


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """The way that a case took, for the diagram: counts by element id, and the ids of the flows taken, in order."""

    elements: Mapping[str, ElementCounts]
    flows: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """One event of the history. ``element_id``: what it is about, in the version that the case is in by now (None: the whole case), and so
    in ``record``; ``told`` and ``bundle``: as it was recorded, and the version that the case was in then.
    """

    sequence: int
    at: datetime
    actor: str
    type: str
    element_id: str | None
    record: Mapping[str, Any]
    told: Mapping[str, Any]
    bundle: Bundle


@dataclass(frozen=True, slots=True, kw_only=True)
class StageNow:
    """A stage of the stage bar as it stands in a case."""

    stage: Stage
    status: Literal["done", "current", "ahead"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """An event that a case has come to and that has not happened yet: until ``due_at``, or for the message or signal ``name``."""

    element_id: str
    kind: Literal["timer", "message", "signal", "condition"]
    name: str | None
    key: str | None
    due_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StandsAt:
    """Where a case stands that waits for nobody: what it awaits, and the elements whose called cases it waits for."""

    bundle: Bundle
    awaited: tuple[Awaited, ...]
    calls: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything that the page of a case shows. ``process_id``: of the process of the version that it runs; see ``kin`` for the rest."""

    row: CaseRow
    definition: Definition
    variables: Mapping[str, Value]
    tasks: tuple[TaskRow, ...]
    awaited: tuple[Awaited, ...]
    incidents: tuple[Incident, ...]
    timeline: tuple[TimelineEntry, ...]
    path: Path
    stages: tuple[StageNow, ...]
    held: Mapping[str, HeldEffect]
    may_take_back: bool
    process_id: str
    caller: Kin | None
    called: tuple[Kin, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What led to a task: somebody (or the engine) completed an element."""

    element_id: str
    element_title: Mapping[str, str]
    at: datetime
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why a task is before the actor: the rule, who else could do it, and what led here (the last three steps, latest last)."""

    rule: Literal["role", "claimed", "assigned", "closed"]
    role: str | None
    other_candidates: int
    not_same_as: str | None
    not_same_as_title: Mapping[str, str] | None
    before: tuple[Before, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDetails:
    """Everything that the page of a task shows.

    ``refusal`` is why the actor may not do it now, None if they may; ``absent``: for whom they would do it; ``is_mine``: it is
    with them, or with that person.
    """

    row: TaskRow
    definition: Definition
    form: Form | None
    variables: Mapping[str, Value]
    stages: tuple[StageNow, ...]
    why: Why
    may_claim: bool
    may_release: bool
    may_complete: bool
    may_delegate: bool
    is_mine: bool
    absent: Absent | None
    refusal: CommandRejected | None


_COLUMNS = """
    instance.id, instance.process_key, instance.version_id, instance.business_key, instance.status, instance.started_at,
    instance.started_by, instance.ended_at, instance.summary, instance.suspended_at, instance.suspended_by,
    instance.suspended_because, instance.archived_at, instance.removed_at,
    version.number, version.title_fr, version.title_en, version.lane_roles,
    (SELECT count(*) FROM engine.task WHERE task.instance_id = instance.id AND task.is_open) AS open_tasks,
    (SELECT count(*) FROM engine.incident WHERE incident.instance_id = instance.id AND incident.resolved_at IS NULL) AS open_incidents
"""

_ONE = text(f"""
    SELECT {_COLUMNS}, instance.snapshot
    FROM engine.instance JOIN engine.definition_version version ON version.id = instance.version_id
    WHERE instance.id = :instance
""")  # noqa: S608 - composed of constants

_SEEN: Final = """
    engine.instance JOIN engine.definition_version version ON version.id = instance.version_id
    WHERE (:sees_all OR instance.started_by = :login OR version.lane_roles && CAST(:roles AS text[]))
      AND (CAST(:after AS bigint) IS NULL OR instance.id < :after)
      AND (CAST(:process AS text) IS NULL OR instance.process_key = :process)
      AND (CAST(:status AS text) IS NULL OR instance.status = :status)
      AND (NOT :is_suspended OR instance.suspended_at IS NOT NULL)
      AND (CAST(:search AS text) IS NULL OR instance.business_key ILIKE :search)
      AND (NOT :only_mine OR instance.started_by = :login)
"""
_MANY = text(f"SELECT {_COLUMNS} FROM {_SEEN} ORDER BY instance.id DESC LIMIT :limit")  # noqa: S608 - composed of constants
_OF_FEW = text(f"""
    SELECT {_COLUMNS} FROM {_SEEN} AND instance.id = ANY(CAST(:instances AS bigint[])) ORDER BY instance.id DESC LIMIT :limit
""")  # noqa: S608 - composed of constants
_WALKED = text(f"""
    WITH walked AS MATERIALIZED (
        SELECT instance.id, {fields.fits("instance.id")} AS fits FROM {_SEEN} ORDER BY instance.id DESC LIMIT :window
    ), horizon AS (SELECT min(id) AS id FROM walked HAVING count(*) = :window)
    SELECT horizon.id AS horizon, {_COLUMNS}
    FROM (SELECT) AS one LEFT JOIN horizon ON true
    LEFT JOIN LATERAL (SELECT id FROM walked WHERE fits ORDER BY id DESC LIMIT :limit) AS chosen ON true
    LEFT JOIN engine.instance ON instance.id = chosen.id
    LEFT JOIN engine.definition_version version ON version.id = instance.version_id
    ORDER BY instance.id DESC
""")  # noqa: S608 - composed of constants

WALK: Final = 5_000
"""Cases that one search by a field looks at."""
_LAST_ID: Final = 2**63 - 1
_BEFORE: Final = 3
_COMPLETING: Final = frozenset(
    {
        *("task:completed", "handler:returned", "decision:evaluated"),
        *("timer:fired", "message:received", "signal:received", "condition:met"),
    }
)


def cases(
    session: Session,
    actor: Actor,
    *,
    process_key: str | None = None,
    status: Status | None = None,
    search: str | None = None,
    only_mine: bool = False,
    field: FieldCriterion | None = None,
    after: int | None = None,
    limit: int = 50,
) -> CasePage:
    """The cases that the actor may see, newest first. ``search`` is a part of the business key; ``only_mine``: started by the actor;
    ``field``: by the value that a business field has: where few cases have it, among these; else a walk that is cut after a while.
    """
    given = {
        "sees_all": sees_everything(actor),
        "login": actor.login,
        "roles": sorted(actor.roles),
        "process": process_key,
        "status": "active" if status == "suspended" else status,
        "is_suspended": status == "suspended",
        "search": None if not search else f"%{_escape_like(search)}%",
        "only_mine": only_mine,
        "after": None if after is None else min(after, _LAST_ID),
        "limit": limit + 1,
    }
    horizon = None
    if field is None:
        rows = session.execute(_MANY, given).all()
    else:
        few = fields.cases(session, field, FEW_CASES + 1)
        if len(few) <= FEW_CASES:
            rows = session.execute(_OF_FEW, given | {"instances": few}).all()
        else:
            rows = session.execute(_WALKED, given | fields.given(field) | {"window": WALK}).all()
            horizon = rows[0].horizon
            rows = [row for row in rows if row.id is not None]
    shown = tuple(_case_row(row) for row in rows[:limit])
    if len(rows) > limit:
        return CasePage(cases=shown, next=shown[-1].id)
    return CasePage(cases=shown, next=horizon, is_cut=horizon is not None)


def case(session: Session, actor: Actor, instance_id: int) -> Case:
    """The case with all that its page shows. Raises NotFound, also when the actor may not see it."""
    row = _visible(session, actor, instance_id)
    definition = definitions.load(session, row.version_id)
    kept = None if row.archived_at is None else archive.read(session, instance_id)
    state = _state(row, kept)
    told = history.timeline(session, instance_id)
    entries = _present(told)
    path = path_of(entries)
    return Case(
        row=_case_row(row),
        definition=definition,
        variables={} if state is None else state.root_variables,
        tasks=inbox.of_instance(session, instance_id, None if kept is None else kept.tasks),
        awaited=() if state is None else tuple(_awaited(state, definition.bundle)),
        incidents=incidents.of_instance(session, instance_id, None if kept is None else kept.incidents),
        timeline=_with_versions(session, definition.version.content_hash, told, entries),
        path=path,
        stages=stages_of(definition.bundle.stages, path),
        held=outbox.held_of(session, instance_id),
        may_take_back=takes_part(actor, definition.bundle, row.started_by),
        process_id=definition.bundle.process_id if state is None else state.process,
        caller=kin.caller(session, actor, instance_id),
        called=kin.called(session, actor, instance_id),
    )


def standing(session: Session, instances: Collection[int]) -> Mapping[int, StandsAt]:
    """Where these running cases stand, in one statement (but for versions that this process has not read yet)."""
    return {
        each.id: StandsAt(
            bundle=each.bundle,
            awaited=tuple(_awaited(each.state, each.bundle)),
            calls=tuple(_calls(each.state, each.bundle)),
        )
        for each in (driver.look(session, sorted(instances)) if instances else ())
        if each.state is not None
    }


def _calls(state: State, bundle: Bundle) -> Iterator[str]:
    """Calls whose case is under way: what runs asks for them as for the work of a handler."""
    for each in state.activities.values():
        if each.phase is Phase.HANDLER and isinstance(find_node(bundle, each.element), CallActivity):
            yield each.element


def _awaited(state: State, bundle: Bundle) -> Iterator[Awaited]:
    """What stands still until something comes: not what may happen meanwhile (at a boundary, in an event sub-process)."""
    for wait in state.waits.values():
        waiting = state.activities.get(wait.activity)
        is_beside = isinstance(find_node(bundle, wait.element), BoundaryEvent)
        if waiting is None or waiting.phase is not Phase.WAITING or is_beside:
            continue
        yield Awaited(
            element_id=wait.element,
            kind=_kind_of(wait),
            name=wait.name or wait.signal,
            key=wait.key,
            due_at=wait.due_at,
        )


def _kind_of(wait: Wait) -> Literal["timer", "message", "signal", "condition"]:
    if wait.due_at is not None:
        return "timer"
    if wait.name is not None:
        return "message"
    return "condition" if wait.signal is None else "signal"


def held_among(session: Session, cases: Sequence[CaseRow]) -> tuple[tuple[CaseRow, datetime], ...]:
    """Of these cases those with an effect that can still be taken back, and when it goes; the one that goes first, first."""
    known = {each.id: each for each in cases}
    return tuple((known[number], until) for number, until in outbox.held_among(session, known).items())


def task(session: Session, actor: Actor, task_id: int) -> TaskDetails:
    """The task with all that its page shows, for everybody who may see its case.

    A task that is not offered to the actor shows neither form values nor buttons: ``refusal`` says why. Raises NotFound.
    """
    row, offer = inbox.find(session, task_id), offers.offer(session, task_id, actor, clock.now())
    if row is None or offer is None:
        raise NotFound("task_not_found", task=task_id)
    instance = session.execute(_ONE, {"instance": row.instance_id}).one()
    reason = refusal(offer, actor)
    if isinstance(reason, NotAllowed) and not may_see_case(
        actor, started_by=instance.started_by, lane_roles=instance.lane_roles
    ):
        raise NotFound("task_not_found", task=task_id)
    if reason is None and instance.suspended_at is not None:
        reason = CaseSuspended(case=row.instance_id)
    definition = definitions.load(session, row.version_id)
    state = State.from_text(bytes(instance.snapshot))
    entries = _present(history.timeline(session, row.instance_id))
    absent = on_behalf_of(offer, actor)
    whose = actor.login if absent is None else absent.login
    is_whose = row.is_open and offer.assignee == whose
    return TaskDetails(
        row=row,
        definition=definition,
        form=None if row.form is None else definition.bundle.forms.get(row.form),
        variables=state.variables_of(row.activity) if row.activity in state.activities else state.root_variables,
        stages=stages_of(definition.bundle.stages, path_of(entries)),
        why=_why(session, definition.bundle, row, offer, actor, entries),
        may_claim=reason is None and offer.assignee is None,
        may_release=is_whose and row.is_claimed,
        may_complete=reason is None,
        may_delegate=delegation_refusal(offer, actor) is None,
        is_mine=reason is None and is_whose,
        absent=absent,
        refusal=reason,
    )


def _present(entries: Sequence[Entry]) -> list[Entry]:
    """The history of a case, told by the elements of the version that it is in by now."""
    told = zip(entries, under_present_ids([each.record for each in entries]), strict=True)
    return [each if record is each.record else replace(each, record=dict(record)) for each, record in told]


def path_of(entries: Iterable[Entry]) -> Path:
    """The way that these events tell of."""
    counted: dict[str, Counter[str]] = {}
    flows: dict[str, None] = {}
    for entry in entries:
        if entry.type == "flow:taken":
            flows[entry.record["flow"]] = None
        elif entry.type in ("element:entered", "element:completed", "element:cancelled"):
            counted.setdefault(entry.record["element"], Counter())[entry.type.partition(":")[2]] += 1
    elements = {
        element: ElementCounts(entered=of["entered"], completed=of["completed"], cancelled=of["cancelled"])
        for element, of in counted.items()
    }
    return Path(elements=elements, flows=tuple(flows))


def stages_of(stages: Sequence[Stage], path: Path) -> tuple[StageNow, ...]:
    """The stage bar: *current* is where something is active, *done* where something was and nothing is any more.

    While only elements of no stage are active, such as a task that the process owner has added, the case is still at the furthest
    stage that it reached.
    """
    reached = [[path.elements[each] for each in stage.elements if each in path.elements] for stage in stages]
    current = {index for index, counts in enumerate(reached) if any(each.active for each in counts)}
    if not current and any(each.active for each in path.elements.values()):
        current = {max((index for index, counts in enumerate(reached) if counts), default=0)}

    def status(index: int) -> Literal["done", "current", "ahead"]:
        if index in current:
            return "current"
        return "done" if reached[index] else "ahead"

    return tuple(StageNow(stage=stage, status=status(index)) for index, stage in enumerate(stages))


def _visible(session: Session, actor: Actor, instance_id: int) -> Row[Any]:
    row = session.execute(_ONE, {"instance": instance_id}).one_or_none()
    if row is None or not (
        may_see_case(actor, started_by=row.started_by, lane_roles=row.lane_roles)
        or _may_see_for_absent(session, actor, row)
    ):
        raise NotFound("case_not_found", case=instance_id)
    return row


def _may_see_for_absent(session: Session, actor: Actor, row: Row[Any]) -> bool:
    """Whoever does the tasks of somebody who is away sees the cases that these are in. Asked only where the actor alone may not."""
    return any(
        (each.process_keys is None or row.process_key in each.process_keys)
        and (each.login == row.started_by or not each.roles.isdisjoint(row.lane_roles))
        for each in standing_in(session, actor, clock.now())
    )


def _why(  # noqa: PLR0917 - everything that is known of the task
    session: Session, bundle: Bundle, row: TaskRow, offer: Offer, actor: Actor, entries: Sequence[Entry]
) -> Why:
    rule: Literal["role", "claimed", "assigned", "closed"] = "role"
    if not row.is_open:
        rule = "closed"
    elif offer.assignee is not None:
        rule = "claimed" if row.is_claimed else "assigned"
    others = 0 if row.role is None else inbox.candidates(session, row.role) - (row.role in actor.roles)
    return Why(
        rule=rule,
        role=row.role,
        other_candidates=others,
        not_same_as=row.not_same_as,
        not_same_as_title=None if row.not_same_as is None else element_title(bundle, row.not_same_as),
        before=_before(bundle, row.activity, entries),
    )


def _before(bundle: Bundle, activity: str, entries: Sequence[Entry]) -> tuple[Before, ...]:
    """What was completed last before the task began."""
    began = next(
        (
            at
            for at, entry in enumerate(entries)
            if entry.type == "task:created" and entry.record["activity"] == activity
        ),
        len(entries),
    )
    found = [entry for entry in entries[:began] if entry.type in _COMPLETING][-_BEFORE:]
    return tuple(
        Before(
            element_id=entry.record["element"],
            element_title=element_title(bundle, entry.record["element"]),
            at=entry.at,
            actor=entry.actor,
        )
        for entry in found
    )


def _with_versions(
    session: Session, present: str, told: Sequence[Entry], entries: Sequence[Entry]
) -> tuple[TimelineEntry, ...]:
    """``entries``, each with what was ``told`` and the version that the case was in then."""
    records = [each.record for each in told]
    hashes = list(versions(records, first_version(records, present)))
    bundles = {each: definitions.bundle_of(session, each) for each in set(hashes)}
    return tuple(
        TimelineEntry(
            sequence=entry.sequence,
            at=entry.at,
            actor=entry.actor,
            type=entry.type,
            element_id=entry.record.get("element"),
            record=entry.record,
            told=each.record,
            bundle=bundles[content_hash],
        )
        for each, entry, content_hash in zip(told, entries, hashes, strict=True)
    )


def _case_row(row: Row[Any]) -> CaseRow:
    suspended = None
    if row.suspended_at is not None:
        suspended = Suspended(at=row.suspended_at, by=row.suspended_by, because=row.suspended_because)
    return CaseRow(
        id=row.id,
        process_key=row.process_key,
        process_title={"fr": row.title_fr, "en": row.title_en},
        version_id=row.version_id,
        version_number=row.number,
        business_key=row.business_key,
        status=row.status if suspended is None else "suspended",
        started_at=row.started_at,
        started_by=row.started_by,
        ended_at=row.ended_at,
        suspended=suspended,
        archived_at=row.archived_at,
        removed_at=row.removed_at,
        open_tasks=row.open_tasks,
        open_incidents=row.open_incidents,
        summary=inbox.read_summary(row.summary),
    )


def _state(row: Row[Any], kept: Kept | None) -> State | None:
    """The state of a case, wherever it stands; None of one whose retention is over."""
    if row.removed_at is not None:
        return None
    return State.from_text(bytes(row.snapshot) if kept is None else kept.snapshot)


def _escape_like(typed: str) -> str:
    return typed.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
