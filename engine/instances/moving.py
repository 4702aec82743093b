"""One case moved to another version of its process, tried, or put back; each in one transaction (``docs/moving-cases.md``).

What becomes of it is a plan that ``engine.migration`` makes from the state alone; here are the facts that it asks for, and what it means
for the rows. The history says who, why, from where to where, and all that the state is folded from.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.data import to_canonical
from engine.definitions.store import Definition
from engine.errors import InvariantBroken, WrongState
from engine.handler import Actor
from engine.history import store as history
from engine.history.store import ChainHead
from engine.inbox.projection import PROJECT, projected
from engine.instances import driver, moving_rows, why
from engine.instances.driver import CaseSuspended, Locked, OnFailure
from engine.instances.moving_rows import TaskRow
from engine.instances.names import element_title
from engine.instances.runtime import Runtime
from engine.instances.sealing import sealer_of
from engine.kernel import Phase, State
from engine.migration import Change, Known, Lack, Plan, TaskTerms, counterparts, plan
from engine.migration.past import MIGRATED, UNDONE, restored
from engine.migration.tasks import FIELDS
from engine.model.bundle import Bundle
from engine.protocol import events as happened
from engine.protocol.events import Event
from engine.protocol.stimuli import RetryIncident

Ids = Mapping[str, str]

_MOMENTS: Final = ("due_at", "follow_up_at")

_SINCE = text("""
    SELECT at, CASE type WHEN 'element:entered' THEN record::json ->> 'activity' ELSE record::json ->> 'scope' END AS id
    FROM engine.event WHERE instance_id = :instance AND type IN ('element:entered', 'scope:opened')
""")

_SAVE = text(f"""
    WITH {PROJECT}, cleared AS (
        DELETE FROM engine.case_field WHERE instance_id = :instance AND NOT name = ANY(CAST(:names AS text[]))
    )
    UPDATE engine.instance
    SET version_id = :version, first_version_id = coalesce(first_version_id, version_id), snapshot = :snapshot, revision = revision + 1,
        chain_sequence = :sequence, chain_hash = :hash, summary = :summary
    WHERE id = :instance AND revision = :revision RETURNING revision
""")  # noqa: S608 - composed of constants


class CaseHasNoCounterpart(WrongState):
    """The case cannot be moved. ``lacks`` say why."""

    default_code = "migration_not_possible"

    def __init__(self, lacks: Sequence[Lack], **facts: Any) -> None:
        super().__init__(**facts)
        self.lacks = tuple(lacks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """From which version to which, what a person says of renamed elements, why, and the number under which it was asked for."""

    old: Definition
    new: Definition
    mapping: Ids
    reason: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What became of a case. ``is_there``: it was in the new version already. ``former``: what ``move_back`` wants, None where the case
    has gone on at once; ``revision``: what it has now.
    """

    changes: tuple[Change, ...] = field(default=())
    is_there: bool = False
    former: bytes | None = None
    revision: int | None = None


def try_to_move(runtime: Runtime, session: Session, instance_id: int, order: Order, now: datetime) -> Moved:
    """What would become of the case; nothing is written. Raises as ``move``."""
    instance = _to_be_moved(session, instance_id, order)
    if instance is None:
        return Moved(is_there=True)
    found, _ = _planned(runtime, session, instance, order, now)
    return Moved(changes=found.changes)


def move(  # noqa: PLR0917 - what acts on what, who, how, when
    runtime: Runtime, session: Session, actor: Actor, instance_id: int, order: Order, now: datetime
) -> Moved:
    """Move the case; nothing is done when it is there already.

    Raises NotFound; CaseHasNoCounterpart; WrongState (it has ended, or runs on a third version); CaseSuspended (it would go on at once).
    """
    instance = _to_be_moved(session, instance_id, order)
    if instance is None:
        return Moved(is_there=True)
    found, rows = _planned(runtime, session, instance, order, now)
    before = _state(instance)
    if found.push is not None and instance.suspended_at is not None:
        raise CaseSuspended(case=instance_id)
    sealer, changed = sealer_of(_bundles(order), before, found.state), _task_rows(rows, order, found)
    told: list[Event | Mapping[str, Any]] = [_told(order, found, rows), *found.events]
    told += moving_rows.offered_anew(rows, changed)
    head = history.append(session, instance_id, instance.head, now, actor.login, told, sealer)
    revision = _save(runtime, session, instance, order.new, found.state, head, now)
    moving_rows.save(session, instance_id, before, _without_push(found), order.new.bundle, actor.login, now)
    moving_rows.save_tasks(session, instance_id, changed, now)
    if found.push is not None:
        # it goes on from what was just written; the incident comes and goes within this transaction
        instance = driver.lock(session, instance_id)
        stimulus = RetryIncident(incident=found.push)
        driver.apply(runtime, session, instance, stimulus, actor, now, on_failure=OnFailure.INCIDENT)
        return Moved(changes=found.changes)
    former = to_canonical(
        {"snapshot": before.to_text().decode(), "tasks": list(rows), "sequence": instance.head.sequence + 1}
    )
    return Moved(changes=found.changes, former=former.encode(), revision=revision)


def move_back(  # noqa: PLR0917 - as move
    runtime: Runtime,
    session: Session,
    actor: Actor,
    instance_id: int,
    order: Order,
    former: bytes,
    revision: int,
    now: datetime,
) -> None:
    """Put a case back into the state and the version (``order.old``) that it had; what people did beside (claims, comments) stays.

    Raises NotFound; WrongState: it has moved on since; Conflict (``moving_rows.save``).
    """
    instance = driver.lock(session, instance_id)
    if instance.revision != revision or instance.version_id != order.new.version.id:
        raise moved_on(instance_id)
    kept = json.loads(former)
    now_, before = _state(instance), restored(State.from_text(kept["snapshot"].encode()), _state(instance))
    told = {
        "type": UNDONE,
        "from": _version(order.new),
        "to": _version(order.old),
        "migrated": int(kept["sequence"]),
        "migration": order.number,
        "reason": order.reason,
    }
    present = {each["activity"]: each for each in moving_rows.open_tasks(session, instance_id)}
    tasks = [_put_back(each, present[each["activity"]]) for each in kept["tasks"]]
    anew = moving_rows.offered_anew(tuple(present.values()), tasks)
    sealer = sealer_of(_bundles(order), now_, before)
    head = history.append(session, instance_id, instance.head, now, actor.login, [told, *anew], sealer)
    _save(runtime, session, instance, order.old, before, head, now)
    moving_rows.save(session, instance_id, now_, before, order.old.bundle, actor.login, now)
    moving_rows.save_tasks(session, instance_id, tasks, now)


def moved_on(instance_id: int) -> WrongState:
    """Why a case cannot be put back any more."""
    return WrongState("migration_moved_on", case=instance_id)


def _put_back(former: TaskRow, present: TaskRow) -> TaskRow:
    """A task as it was; who has taken it since then keeps it, where it was offered to the same people."""
    if moving_rows.offered_anew([former], [present]):
        return former
    return {**former, **{name: present[name] for name in moving_rows.OF_HOLDER}}


def _to_be_moved(session: Session, instance_id: int, order: Order) -> Locked | None:
    instance = driver.lock(session, instance_id)
    if instance.version_id == order.new.version.id:
        return None
    if _state(instance).is_ended:
        raise WrongState("case_ended", case=instance_id)
    if instance.version_id != order.old.version.id:
        raise WrongState("migration_other_version", case=instance_id)
    return instance


def _planned(
    runtime: Runtime, session: Session, instance: Locked, order: Order, now: datetime
) -> tuple[Plan, list[TaskRow]]:
    old, new = order.old.bundle, order.new.bundle
    # what runs durably; a case that has what it calls inside keeps it there to its end
    is_inside = instance.model is not instance.bundle.durable.model
    models = (old.model, new.model) if is_inside else (old.durable.model, new.durable.model)
    pairs = counterparts(*models, old.process_id, new.process_id, order.mapping)
    rows = moving_rows.open_tasks(session, instance.id)
    since = {each.id: each.at for each in session.execute(_SINCE, {"instance": instance.id})}
    known = Known(since=since, tasks={each["activity"]: _terms(each) for each in rows})
    found = plan(_state(instance), *models, pairs, runtime.environment(now), known)
    if found.lacks:
        raise CaseHasNoCounterpart(found.lacks, case=instance.id)
    return found, rows


def _state(instance: Locked) -> State:
    if instance.state is None:
        raise InvariantBroken("case_without_state", case=instance.id)
    return instance.state


def _bundles(order: Order) -> tuple[Bundle, Bundle]:
    return order.old.bundle, order.new.bundle


def _without_push(found: Plan) -> State:
    """The state whose rows are written: the incident that only lets the case go on is none that anybody sees."""
    state = found.state.copy()
    if found.push is not None:
        del state.incidents[found.push]
    return state


def _terms(row: TaskRow) -> TaskTerms:
    given = {name: row[name] for name in FIELDS}
    given |= {name: datetime.fromisoformat(given[name]) for name in _MOMENTS if given[name] is not None}
    if row["claimed_at"] is not None:
        given["assignee"] = None  # whoever took it: the task itself names nobody
    return TaskTerms(**given)


def _version(definition: Definition) -> dict[str, Any]:
    return {"version": definition.version.number, "content_hash": definition.version.content_hash}


def _told(order: Order, found: Plan, rows: Sequence[TaskRow]) -> dict[str, Any]:
    """What the history keeps: all that ``migration.past`` folds, and all that somebody may want to know later."""
    tasks = []
    for row in rows:
        terms = found.tasks.get(row["activity"])
        if terms is not None:
            before, after = asdict(_terms(row)), asdict(terms)
            changed = [name for name in FIELDS if before[name] != after[name]]
            element = found.state.activities[row["activity"]].element
            old, new = {name: before[name] for name in changed}, {name: after[name] for name in changed}
            tasks.append({"activity": row["activity"], "element": element, "old": old, "new": new})
    return {
        "type": MIGRATED,
        "from": _version(order.old),
        "to": _version(order.new),
        "mapping": dict(order.mapping),
        "renamed": found.renamed,
        "forgotten": {activity: list(names) for activity, names in found.forgotten.items()},
        "tasks": tasks,
        "changes": [asdict(each) for each in found.changes],
        "migration": order.number,
        "reason": order.reason,
    }


def _task_rows(rows: Sequence[TaskRow], order: Order, found: Plan) -> list[TaskRow]:
    """The open tasks that are different in the new version."""
    state = found.state
    after = (
        _task_row(row, state.activities[row["activity"]].element, found.tasks.get(row["activity"]), order, found)
        for row in rows
        if row["activity"] in state.activities and state.activities[row["activity"]].phase is Phase.TASK
    )
    return [each for each, row in zip(after, rows, strict=True) if each != row]


def _task_row(row: TaskRow, element: str, terms: TaskTerms | None, order: Order, found: Plan) -> TaskRow:
    title = {"fr": row["title_fr"], "en": row["title_en"]}
    one, other = element_title(order.old.bundle, row["element_id"]), element_title(order.new.bundle, element)
    title = {locale: _retitled(each, one[locale], other[locale]) for locale, each in title.items()}
    after = {**row, "element_id": element, "title_fr": title["fr"], "title_en": title["en"]}
    before = _terms(row)
    terms = terms or before
    created = happened.TaskCreated(activity=row["activity"], element=element, **asdict(terms))
    ids = (found.renamed[kind].get(order.old.bundle.process_id, {}) for kind in ("elements", "flows"))
    after["why"] = why.moved(row["why"], order.new.bundle, created, *ids)
    after |= {name: getattr(terms, name) for name in FIELDS if name != "assignee"}
    after |= {name: None if after[name] is None else after[name].isoformat() for name in _MOMENTS}
    if (before.role, before.assignee) != (terms.role, terms.assignee):
        nobody = dict.fromkeys((*moving_rows.OF_HOLDER, "offered"))
        after |= {**nobody, "assignee": terms.assignee}
    return after


def _retitled(title: str, old: str, new: str) -> str:
    """The name of the element in the title of a task; what follows it (the item) stays."""
    return f"{new}{title.removeprefix(old)}" if title.startswith(old) else title


def _save(  # noqa: PLR0917 - what is written where
    runtime: Runtime, session: Session, instance: Locked, to: Definition, state: State, head: ChainHead, now: datetime
) -> int:
    bundle: Bundle = to.bundle
    shown = driver.shown_of(bundle, state, runtime.environment(now))
    given = {
        "instance": instance.id,
        "version": to.version.id,
        "snapshot": state.to_text(),
        "sequence": head.sequence,
        "hash": head.hash,
        "summary": driver.summary_of(bundle, shown),
        "revision": instance.revision,
        **projected(instance.business_key, shown),
    }
    revision = session.execute(_SAVE, given).scalar_one_or_none()
    if revision is None:
        raise InvariantBroken("instance_changed_under_lock", case=instance.id)
    return int(revision)
