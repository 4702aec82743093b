"""Many cases moved to another version: asked for once, done by jobs, each case in a transaction of its own that also writes its result.

As with every batch: a case is moved exactly once, whatever dies in between; one that is refused stops no other; a job does a part and
queues the next one. A *rehearsal* says for each case what would become of it and writes nothing else. An *undo* puts the cases of a
migration back that have not moved on.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine import clock, log
from engine.data import from_canonical, to_canonical
from engine.definitions import store as definitions
from engine.errors import CommandRejected, EngineError, FieldProblem, InvalidInput, NotAllowed, NotFound, Unavailable
from engine.handler import Actor
from engine.history import refusals
from engine.identity import people
from engine.instances import moving, operators
from engine.instances.moving import CaseHasNoCounterpart, Order
from engine.instances.runtime import Runtime
from engine.jobs import queue
from engine.jobs.parking import plain
from engine.migration import Change, Lack, counterparts

MigrationKind = Literal["rehearsal", "migration", "undo"]
ItemState = Literal["waiting", "done", "refused", "undone"]

MOST: Final = 10_000
"""Cases of one migration; whoever has more asks again for those that are left."""
MOST_CHOICES: Final = 500
"""Counterparts that a person chooses."""
PART_SECONDS: Final = 5.0
"""How long one job works on a migration."""

_log = log.get(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """What somebody asked for, and how far it is. Versions by number; ``mapping``: what that person chose; ``undone``: put back since."""

    id: int
    kind: MigrationKind
    process_key: str
    from_version: int
    to_version: int
    from_version_id: int
    to_version_id: int
    mapping: Mapping[str, str]
    reason: str
    undoes: int | None
    asked_at: datetime
    asked_by: str
    ended_at: datetime | None
    waiting: int
    done: int
    refused: int
    undone: int
    undoable: int

    @property
    def total(self) -> int:
        """How many cases it has."""
        return self.waiting + self.done + self.refused + self.undone


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationItem:
    """What became of one case. ``code``: why it was refused; ``lacks``: what has no counterpart; ``changes``: what is different."""

    instance_id: int
    business_key: str | None
    state: ItemState
    code: str | None
    facts: Mapping[str, str | int | None]
    is_there: bool = False
    lacks: tuple[Lack, ...] = field(default=())
    changes: tuple[Change, ...] = field(default=())


# The cases of a version that still run, or those of them that were chosen.
_ASK = text("""
    WITH made AS (
        INSERT INTO engine.migration (kind, process_key, from_version_id, to_version_id, mapping, reason, undoes, asked_at, asked_by)
        VALUES (:kind, :key, :old, :new, :mapping, :reason, NULL, :now, :actor) RETURNING id
    ), items AS (
        INSERT INTO engine.migration_item (migration_id, instance_id)
        SELECT made.id, instance.id FROM made, (
            SELECT id FROM engine.instance WHERE version_id = :old AND status = 'active'
              AND (CAST(:chosen AS bigint[]) IS NULL OR id = ANY(CAST(:chosen AS bigint[])))
            ORDER BY id LIMIT :most
        ) AS instance
        RETURNING instance_id
    )
    SELECT (SELECT id FROM made), (SELECT count(*) FROM items)
""")
_ASK_UNDO = text("""
    WITH made AS (
        INSERT INTO engine.migration (kind, process_key, from_version_id, to_version_id, mapping, reason, undoes, asked_at, asked_by)
        SELECT 'undo', process_key, to_version_id, from_version_id, mapping, :reason, id, :now, :actor
        FROM engine.migration WHERE id = :migration RETURNING id
    ), items AS (
        INSERT INTO engine.migration_item (migration_id, instance_id)
        SELECT made.id, item.instance_id FROM made, engine.migration_item item
        WHERE item.migration_id = :migration AND item.state = 'done' AND item.former IS NOT NULL
          AND (CAST(:chosen AS bigint[]) IS NULL OR item.instance_id = ANY(CAST(:chosen AS bigint[])))
        RETURNING instance_id
    )
    SELECT (SELECT id FROM made), (SELECT count(*) FROM items)
""")

_COUNTED = """
    SELECT migration.id, kind, migration.process_key, mapping, migration.reason, undoes, asked_at, asked_by, ended_at,
           old.number AS from_version, new.number AS to_version, from_version_id, to_version_id,
           count(*) FILTER (WHERE item.state = 'waiting') AS waiting, count(*) FILTER (WHERE item.state = 'done') AS done,
           count(*) FILTER (WHERE item.state = 'refused') AS refused, count(*) FILTER (WHERE item.state = 'undone') AS undone,
           count(*) FILTER (WHERE item.state = 'done' AND item.former IS NOT NULL) AS undoable
    FROM engine.migration
    JOIN engine.definition_version old ON old.id = from_version_id JOIN engine.definition_version new ON new.id = to_version_id
    JOIN engine.migration_item item ON item.migration_id = migration.id
"""
_FIND = text(f"{_COUNTED} WHERE migration.id = :migration GROUP BY migration.id, old.number, new.number")
_LATEST = text(f"""
    {_COUNTED} WHERE migration.id IN (SELECT id FROM engine.migration WHERE process_key = :key ORDER BY id DESC LIMIT :limit)
    GROUP BY migration.id, old.number, new.number ORDER BY migration.id DESC
""")  # noqa: S608 - composed of constants

# What was refused first: that is what somebody has to look at.
_ITEMS = text("""
    SELECT item.instance_id, item.state, item.code, item.facts, item.result, instance.business_key
    FROM engine.migration_item item LEFT JOIN engine.instance ON instance.id = item.instance_id
    WHERE item.migration_id = :migration AND (CAST(:state AS text) IS NULL OR
        (CASE item.state WHEN 'refused' THEN 0 WHEN 'waiting' THEN 1 ELSE 2 END, item.instance_id)
        > (CASE CAST(:state AS text) WHEN 'refused' THEN 0 WHEN 'waiting' THEN 1 ELSE 2 END, CAST(:case AS bigint)))
    ORDER BY CASE item.state WHEN 'refused' THEN 0 WHEN 'waiting' THEN 1 ELSE 2 END, item.instance_id LIMIT :limit
""")

# The same without counting: each case asks for it.
_ASKED = text("""
    SELECT id, kind, mapping, reason, undoes, asked_by, from_version_id, to_version_id FROM engine.migration WHERE id = :migration
""")
# Of the oldest ones: a number that people look at, however many there are.
_STANDING = text("""
    SELECT found.element_id, count(DISTINCT found.instance_id) AS cases
    FROM (SELECT id FROM engine.instance WHERE version_id = :version AND status = 'active' ORDER BY id LIMIT :most) AS instance
    CROSS JOIN LATERAL (
        SELECT instance_id, element_id FROM engine.task WHERE task.instance_id = instance.id AND is_open
        UNION ALL SELECT instance_id, element_id FROM engine.timer WHERE timer.instance_id = instance.id
        UNION ALL SELECT instance_id, element_id FROM engine.subscription WHERE subscription.instance_id = instance.id
        UNION ALL SELECT instance_id, element_id FROM engine.effect WHERE effect.instance_id = instance.id
        UNION ALL SELECT instance_id, element_id FROM engine.incident
            WHERE incident.instance_id = instance.id AND resolved_at IS NULL AND element_id IS NOT NULL
    ) AS found GROUP BY found.element_id
""")
_NEXT = text("""
    SELECT instance_id FROM engine.migration_item WHERE migration_id = :migration AND state = 'waiting'
    ORDER BY instance_id LIMIT 1 FOR UPDATE SKIP LOCKED
""")
_MARK = text("""
    UPDATE engine.migration_item
    SET state = :state, code = :code, facts = :facts, result = :result, former = :former, revision = :revision, done_at = :now
    WHERE migration_id = :migration AND instance_id = :instance
""")
_END = text("""
    UPDATE engine.migration SET ended_at = :now
    WHERE id = :migration AND ended_at IS NULL
      AND NOT EXISTS (SELECT FROM engine.migration_item WHERE migration_id = :migration AND state = 'waiting')
""")
_FORMER = text("""
    SELECT former, revision FROM engine.migration_item WHERE migration_id = :migration AND instance_id = :instance FOR UPDATE
""")
_PUT_BACK = text("""
    UPDATE engine.migration_item SET state = 'undone', former = NULL WHERE migration_id = :migration AND instance_id = :instance
""")
# What a case was before is kept for as long as it can come back to it.
_FORGET = text("""
    UPDATE engine.migration_item item SET former = NULL
    FROM engine.instance WHERE item.former IS NOT NULL AND instance.id = item.instance_id AND instance.revision <> item.revision
""")


def ask(
    runtime: Runtime,
    actor: Actor,
    kind: Literal["rehearsal", "migration"],
    process_key: str,
    versions: tuple[int, int],
    *,
    mapping: Mapping[str, str] | None = None,
    reason: str = "",
    cases: Sequence[int] | None = None,
) -> int:
    """Have the running cases of a version (or, of them, ``cases``) moved to another one, or only tried; gives its number.

    ``versions``: numbers, from and to; ``mapping``: which element stands for a renamed one, old to new id. A rehearsal needs no reason.

    Raises NotAllowed; NotFound; InvalidInput (``reason``, ``to``, ``mapping``, ``cases``). What is not possible for a case is its result.
    """
    with refusals.remembering(runtime.database, actor.login, f"migrations.{kind}", {"process": process_key}):
        operators.check_may_operate(actor)
        said = reason.strip() if kind == "rehearsal" and not reason.strip() else operators.check_reason(reason)
        chosen = dict(mapping or {})
        with runtime.database.transaction() as session:
            old, new = pair(session, process_key, versions)
            _check_mapping(old, new, chosen)
            made, count = session.execute(
                _ASK,
                {
                    "kind": kind,
                    "key": process_key,
                    "old": old.version.id,
                    "new": new.version.id,
                    "mapping": to_canonical(chosen),
                    "reason": said,
                    "now": clock.now(),
                    "actor": actor.login,
                    "chosen": None if cases is None else list(cases),
                    "most": MOST,
                },
            ).one()
            return _begin(session, made, count)


def ask_undo(
    runtime: Runtime, actor: Actor, migration_id: int, reason: str, *, cases: Sequence[int] | None = None
) -> int:
    """Have the cases of a migration put back that have not moved on (or, of them, ``cases``); gives the number of the undo.

    Raises NotAllowed; NotFound; InvalidInput (``reason``; ``cases``: there are none).
    """
    with refusals.remembering(runtime.database, actor.login, "migrations.undo", {"migration": migration_id}):
        operators.check_may_operate(actor)
        said = operators.check_reason(reason)
        with runtime.database.transaction() as session:
            if find(session, migration_id).kind != "migration":
                raise NotFound("migration_not_found", migration=migration_id)
            session.execute(_FORGET)
            given = {"migration": migration_id, "reason": said, "now": clock.now(), "actor": actor.login}
            made, count = session.execute(_ASK_UNDO, given | {"chosen": None if cases is None else list(cases)}).one()
            return _begin(session, made, count)


def _begin(session: Session, made: int, count: int) -> int:
    if not count:
        raise InvalidInput((FieldProblem(field="cases", code="migration_without_cases"),))
    queue.defer(session, queue.RUN_MIGRATION, {"migration_id": made})
    return int(made)


def pair(
    session: Session, process_key: str, versions: tuple[int, int]
) -> tuple[definitions.Definition, definitions.Definition]:
    """Both versions, by their numbers. Raises NotFound; InvalidInput (``to``: the same)."""
    by_number = {each.number: each for each in definitions.versions(session, process_key)}
    for number in versions:
        if number not in by_number:
            raise NotFound("process_not_found", process=process_key)
    if versions[0] == versions[1]:
        raise InvalidInput((FieldProblem(field="to", code="migration_same_version"),))
    old, new = (definitions.load(session, by_number[number].id) for number in versions)
    return old, new


def _check_mapping(old: definitions.Definition, new: definitions.Definition, chosen: Mapping[str, str]) -> None:
    if len(chosen) > MOST_CHOICES:
        raise InvalidInput(
            (FieldProblem(field="mapping", code="migration_choices_too_many", facts={"limit": MOST_CHOICES}),)
        )
    found = counterparts(old.bundle.model, new.bundle.model, old.bundle.process_id, new.bundle.process_id, chosen)
    if found.lacks:
        problems = (
            FieldProblem(
                field=f"map-{each.element[:100]}", code=each.code, facts={"element": each.element[:100], **each.facts}
            )
            for each in found.lacks
        )
        raise InvalidInput(tuple(problems))


def run(runtime: Runtime, migration_id: int, *, seconds: float = PART_SECONDS) -> None:
    """Do cases for ``seconds``; then queue the rest. The rights are those that who asked has by now."""
    end = time.monotonic() + seconds
    while _one(runtime, migration_id):
        if time.monotonic() > end:
            with runtime.database.transaction() as session:
                queue.defer(session, queue.RUN_MIGRATION, {"migration_id": migration_id})
            return


def _one(runtime: Runtime, migration_id: int) -> bool:
    """Do one case; False if there is none to be had."""
    now = clock.now()
    with runtime.database.transaction() as session:
        instance = session.execute(_NEXT, {"migration": migration_id}).scalar_one_or_none()
        if instance is None:
            session.execute(_END, {"migration": migration_id, "now": now})
            return False
        result: dict[str, Any] = {
            "state": "done",
            "code": None,
            "facts": None,
            "result": None,
            "former": None,
            "revision": None,
        }
        asked = session.execute(_ASKED, {"migration": migration_id}).one()
        try:
            # what one case has begun and could not end must not be kept
            with session.begin_nested():
                result |= _act(runtime, session, asked, instance, now)
        except CommandRejected as refusal:
            result |= {"state": "refused", "code": refusal.code, "facts": to_canonical(refusal.facts)}
            if isinstance(refusal, CaseHasNoCounterpart):
                result["result"] = to_canonical({"lacks": [asdict(each) for each in refusal.lacks]})
            if asked.kind != "rehearsal":  # which was to find out
                about = {"migration": migration_id, "case": instance}
                act = "cases.move_back" if asked.kind == "undo" else "cases.migrate"
                refusals.append(session, asked.asked_by, now, refusals.record_of(refusal, act, about))
        except Unavailable:
            raise
        except EngineError as error:
            _log.exception("migration_item_failed", migration=migration_id, instance=instance)
            result |= {"state": "refused", "code": "migration_item_failed", "facts": to_canonical({"kind": error.code})}
        session.execute(_MARK, {"migration": migration_id, "instance": instance, "now": now, **result})
    return True


def _act(runtime: Runtime, session: Session, asked: Row[Any], instance: int, now: datetime) -> dict[str, Any]:
    actor = people.find_actor(session, asked.asked_by)
    if actor is None:
        raise NotAllowed("case_operation_not_allowed")
    operators.check_may_operate(actor)
    old, new = (definitions.load(session, each) for each in (asked.from_version_id, asked.to_version_id))
    order = Order(old=old, new=new, mapping=from_canonical(asked.mapping), reason=asked.reason, number=asked.id)
    if asked.kind == "undo":
        _undo(runtime, session, actor, asked, instance, order, now)
        return {}
    if asked.kind == "rehearsal":
        done = moving.try_to_move(runtime, session, instance, order, now)
    else:
        done = moving.move(runtime, session, actor, instance, order, now)
    result = to_canonical({"changes": [asdict(each) for each in done.changes], "is_there": done.is_there})
    return {"result": result, "former": done.former, "revision": done.revision}


def _undo(  # noqa: PLR0917 - as _act has them at hand
    runtime: Runtime, session: Session, actor: Actor, asked: Row[Any], instance: int, order: Order, now: datetime
) -> None:
    kept = session.execute(_FORMER, {"migration": asked.undoes, "instance": instance}).one()
    if kept.former is None:
        raise moving.moved_on(instance)
    back = Order(old=order.new, new=order.old, mapping=order.mapping, reason=order.reason, number=order.number)
    moving.move_back(runtime, session, actor, instance, back, bytes(kept.former), kept.revision, now)
    session.execute(_PUT_BACK, {"migration": asked.undoes, "instance": instance})


def standing(session: Session, version_id: int) -> Mapping[str, int]:
    """At how many of the running cases of a version something waits at an element, by its id."""
    found = session.execute(_STANDING, {"version": version_id, "most": MOST})
    return {row.element_id: row.cases for row in found}


def forget(session: Session) -> None:
    """Forget what cases were before that have moved on since: nobody can put them back."""
    session.execute(_FORGET)


def find(session: Session, migration_id: int) -> Migration:
    """A migration. Raises NotFound."""
    row = session.execute(_FIND, {"migration": migration_id}).one_or_none()
    if row is None:
        raise NotFound("migration_not_found", migration=migration_id)
    return _migration(row)


def latest(session: Session, process_key: str, limit: int = 20) -> tuple[Migration, ...]:
    """What was asked for last of a process, newest first."""
    return tuple(_migration(row) for row in session.execute(_LATEST, {"key": process_key, "limit": limit}))


def items(
    session: Session, migration_id: int, limit: int = 200, *, after: tuple[str, int] | None = None
) -> tuple[MigrationItem, ...]:
    """Cases of a migration: first those that were refused, then those that wait, then the others. ``after``: state and id of the last
    one that was seen.
    """
    state, case = after or (None, None)
    given = {"migration": migration_id, "limit": limit, "state": state, "case": case}
    return tuple(_item(row) for row in session.execute(_ITEMS, given))


def _migration(row: Row[Any]) -> Migration:
    given = {**row._mapping, "mapping": from_canonical(row.mapping)}  # noqa: SLF001 - SQLAlchemy's public name
    return Migration(**given)


def _item(row: Row[Any]) -> MigrationItem:
    result = {} if row.result is None else from_canonical(row.result)
    return MigrationItem(
        instance_id=row.instance_id,
        business_key=row.business_key,
        state=row.state,
        code=row.code,
        facts={} if row.facts is None else plain(row.facts),
        is_there=result.get("is_there", False),
        lacks=tuple(
            Lack(code=each["code"], element=each["element"], facts=_facts(each)) for each in result.get("lacks", ())
        ),
        changes=tuple(
            Change(code=each["code"], element=each["element"], facts=_facts(each)) for each in result.get("changes", ())
        ),
    )


def _facts(told: Mapping[str, Any]) -> dict[str, str | int | None]:
    return plain(to_canonical(told["facts"]))
