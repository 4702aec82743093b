"""One act on many cases or incidents: asked for once, done by jobs, each item in a transaction of its own that also writes its result.

So an item is done exactly once, whatever dies in between, and one that is refused stops no other. A job does a part and queues the next
one: no job lasts long, and several batches share the workers.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, get_args

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine import clock, log
from engine.data import from_canonical, to_canonical
from engine.errors import CommandRejected, EngineError, FieldProblem, InvalidInput, NotAllowed, NotFound, Unavailable
from engine.feel import Value
from engine.handler import Actor
from engine.history import refusals
from engine.identity import people
from engine.instances import commands, operators, repairs
from engine.instances.runtime import Runtime
from engine.jobs import queue
from engine.jobs.parking import plain

BatchAct = Literal["suspend", "resume", "cancel", "retry", "move", "skip", "edit"]
BATCH_ACTS: Final[tuple[BatchAct, ...]] = get_args(BatchAct)

ACTS_OF: Final[Mapping[str, str]] = {each: "incidents" if each == "retry" else "cases" for each in BATCH_ACTS}
"""What an act of a batch is about: with it, its name is that of the act on one."""

MOST: Final = 10_000
"""Items of one batch."""

PART_SECONDS: Final = 5.0
"""How long one job works on a batch."""

_log = log.get(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What somebody asked for, and how far it is. ``act`` ``retry`` is about incidents, every other about cases.

    ``what``: the rest of what was asked for (``repairs.perform_there``), without the new value of a variable once all is done.
    """

    id: int
    act: BatchAct
    reason: str
    asked_at: datetime
    asked_by: str
    what: Mapping[str, Value]
    ended_at: datetime | None
    waiting: int
    done: int
    refused: int
    stopped: int

    @property
    def total(self) -> int:
        """How many items it has."""
        return self.waiting + self.done + self.refused + self.stopped


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchItem:
    """One case (or incident) of a batch. ``instance_id``: its case, None for an incident that belongs to none.

    ``state``: ``stopped`` is what was tried again and stopped again at once; what a job tried after that, and stopped at, is ``done`` with
    the ``code`` ``incident_again_since``, as long as nobody has solved it.
    """

    target: int
    instance_id: int | None
    business_key: str | None
    state: Literal["waiting", "done", "refused", "stopped"]
    code: str | None
    facts: Mapping[str, str | int | None]


_ASK = text("""
    WITH made AS (
        INSERT INTO engine.batch (act, reason, asked_at, asked_by, what) VALUES (:act, :reason, :now, :actor, :what) RETURNING id
    ), items AS (
        INSERT INTO engine.batch_item (batch_id, target)
        SELECT DISTINCT made.id, t.target FROM made, unnest(CAST(:targets AS bigint[])) AS t(target)
    )
    SELECT id FROM made
""")

# Nothing was refused where something was tried and stopped again: the table says that by its code.
_STATE = "CASE WHEN item.state = 'refused' AND item.code = 'incident_again' THEN 'stopped' ELSE item.state END"
_COUNTED = f"""
    SELECT batch.id, act, reason, asked_at, asked_by, what, ended_at,
           count(*) FILTER (WHERE item.state = 'waiting') AS waiting, count(*) FILTER (WHERE item.state = 'done') AS done,
           count(*) FILTER (WHERE {_STATE} = 'refused') AS refused, count(*) FILTER (WHERE {_STATE} = 'stopped') AS stopped
    FROM engine.batch JOIN engine.batch_item item ON item.batch_id = batch.id
"""  # noqa: S608 - composed of constants
_FIND = text(f"{_COUNTED} WHERE batch.id = :batch GROUP BY batch.id")
_LATEST = text(
    f"{_COUNTED} WHERE batch.id IN (SELECT id FROM engine.batch ORDER BY id DESC LIMIT :limit) GROUP BY batch.id ORDER BY id DESC"  # noqa: S608 - composed of constants
)

# What needs somebody first: refused, stopped again. What was tried in a job may have stopped again meanwhile.
_ORDER = "array_position(ARRAY['refused', 'stopped', 'waiting', 'done'], {})"
_ITEMS = text(f"""
    SELECT item.target, item.state, item.facts, instance.id AS instance_id, instance.business_key,
           CASE WHEN item.state = 'done' AND again.id IS NOT NULL THEN 'incident_again_since' ELSE item.code END AS code
    FROM (SELECT batch_id, target, {_STATE} AS state, code, facts FROM engine.batch_item item) AS item
    JOIN engine.batch ON batch.id = item.batch_id
    LEFT JOIN engine.incident ON batch.act = 'retry' AND incident.id = item.target
    LEFT JOIN engine.instance ON instance.id = CASE batch.act WHEN 'retry' THEN incident.instance_id ELSE item.target END
    LEFT JOIN LATERAL (
        SELECT open.id FROM engine.incident open
        WHERE open.instance_id = incident.instance_id AND open.resolved_at IS NULL AND open.id > incident.id
          AND (open.activity, open.element_id, open.job_name)
              IS NOT DISTINCT FROM (incident.activity, incident.element_id, incident.job_name)
        LIMIT 1
    ) AS again ON true
    WHERE item.batch_id = :batch AND (CAST(:state AS text) IS NULL OR
        ({_ORDER.format("item.state")}, item.target) > (coalesce({_ORDER.format("CAST(:state AS text)")}, 4), CAST(:target AS bigint)))
    ORDER BY {_ORDER.format("item.state")}, item.target LIMIT :limit
""")  # noqa: S608 - composed of constants

_ASKED = text("SELECT act, reason, asked_by, what FROM engine.batch WHERE id = :batch")
_NEXT = text("""
    SELECT target FROM engine.batch_item WHERE batch_id = :batch AND state = 'waiting'
    ORDER BY target LIMIT 1 FOR UPDATE SKIP LOCKED
""")
_MARK = text("""
    UPDATE engine.batch_item SET state = :state, code = :code, facts = :facts, done_at = :now
    WHERE batch_id = :batch AND target = :target
""")
# of the activity that was tried again; what a job does is known later only
_AGAIN = text("""
    SELECT EXISTS (
        SELECT FROM engine.incident again JOIN engine.incident tried USING (instance_id, activity)
        WHERE tried.id = :incident AND again.id > tried.id AND again.resolved_at IS NULL
    )
""")
# a value may be personal: the histories of the cases have it, where it can be erased
_END = text("""
    UPDATE engine.batch SET ended_at = :now, what = CASE act WHEN 'edit' THEN CAST(CAST(what AS jsonb) - 'value' AS text) ELSE what END
    WHERE id = :batch AND ended_at IS NULL
      AND NOT EXISTS (SELECT FROM engine.batch_item WHERE batch_id = :batch AND state = 'waiting')
""")


def check_may_ask(actor: Actor, act: str) -> None:
    """Raises NotAllowed."""
    if act != "retry":
        operators.check_may_operate(actor)
    else:
        commands.check_may_retry(actor)


def ask(  # noqa: PLR0917 - who wants what done to what, and why
    runtime: Runtime,
    actor: Actor,
    act: BatchAct,
    targets: Sequence[int],
    reason: str = "",
    what: Mapping[str, Value] | None = None,
) -> int:
    """Have ``act`` done to the cases (``retry``: the incidents) of these ids; gives the batch's id. A retry needs no reason.

    ``what``: for the acts of ``repairs.perform_there``.

    Raises NotAllowed; InvalidInput (``reason``; ``targets``: none, or more than ``MOST``). What is not possible is an item's result.
    """
    about = {"targets": len(targets), "first": min(targets, default=None)}
    with refusals.remembering(runtime.database, actor.login, f"batches.{act}", about):
        check_may_ask(actor, act)
        if not targets:
            raise InvalidInput((FieldProblem(field="targets", code="batch_empty"),))
        if len(targets) > MOST:
            raise InvalidInput((FieldProblem(field="targets", code="batch_too_large", facts={"limit": MOST}),))
        said = reason.strip() if act == "retry" and not reason.strip() else operators.check_reason(reason)
        with runtime.database.transaction() as session:
            given = {"act": act, "reason": said, "now": clock.now(), "actor": actor.login, "targets": list(targets)}
            given["what"] = None if what is None else to_canonical(what)
            batch = int(session.execute(_ASK, given).scalar_one())
            queue.defer(session, queue.RUN_BATCH, {"batch_id": batch})
        return batch


def run(runtime: Runtime, batch_id: int, *, seconds: float = PART_SECONDS) -> None:
    """Do items for ``seconds``; then queue the rest. The rights are those that who asked has by now."""
    end = time.monotonic() + seconds
    while _one(runtime, batch_id):
        if time.monotonic() > end:
            with runtime.database.transaction() as session:
                queue.defer(session, queue.RUN_BATCH, {"batch_id": batch_id})
            return


def _one(runtime: Runtime, batch_id: int) -> bool:
    """Do one item; False if there is none to be had."""
    now = clock.now()
    with runtime.database.transaction() as session:
        batch = session.execute(_ASKED, {"batch": batch_id}).one()
        target = session.execute(_NEXT, {"batch": batch_id}).scalar_one_or_none()
        if target is None:
            session.execute(_END, {"batch": batch_id, "now": now})
            return False
        result: dict[str, Any] = {"state": "done", "code": None, "facts": None}
        try:
            # what one item has begun and could not end must not be kept
            with session.begin_nested():
                _act(runtime, session, batch, target, now)
            if batch.act == "retry" and session.execute(_AGAIN, {"incident": target}).scalar_one():
                # what was done stays, as with the retry of one; it is for people to look at, as what was refused
                result = {"state": "refused", "code": "incident_again", "facts": to_canonical({})}
        except CommandRejected as refusal:
            result = {"state": "refused", "code": refusal.code, "facts": to_canonical(refusal.facts)}
            # with the result of the item, so that each is there once, whatever dies in between: nothing is counted together here
            about = {"batch": batch_id, "incident" if batch.act == "retry" else "case": target}
            told = refusals.record_of(refusal, f"{ACTS_OF[batch.act]}.{batch.act}", about)
            refusals.append(session, batch.asked_by, now, told)
        except Unavailable:
            raise
        except EngineError as error:
            _log.exception("batch_item_failed", batch=batch_id, target=target)
            result = {"state": "refused", "code": "batch_item_failed", "facts": to_canonical({"kind": error.code})}
        session.execute(_MARK, {"batch": batch_id, "target": target, "now": now, **result})
    return True


def _act(runtime: Runtime, session: Session, batch: Row[Any], target: int, now: datetime) -> None:
    actor = people.find_actor(session, batch.asked_by)
    if actor is None:
        raise NotAllowed("case_operation_not_allowed")
    check_may_ask(actor, batch.act)
    if batch.act == "retry":
        commands.retry_in(runtime, session, actor, target, now)
    elif batch.what is not None:
        what = from_canonical(batch.what)
        repairs.perform_there(runtime, session, actor, target, batch.act, what, batch.reason, now)
    else:
        operators.ACTS[batch.act](runtime, session, actor, target, batch.reason, now)


def find(session: Session, batch_id: int) -> Batch:
    """A batch. Raises NotFound."""
    row = session.execute(_FIND, {"batch": batch_id}).one_or_none()
    if row is None:
        raise NotFound("batch_not_found", batch=batch_id)
    return _batch(row)


def latest(session: Session, limit: int = 20) -> tuple[Batch, ...]:
    """The batches that were asked for last, newest first."""
    return tuple(_batch(row) for row in session.execute(_LATEST, {"limit": limit}))


def items(
    session: Session, batch_id: int, limit: int = 200, *, after: tuple[str, int] | None = None
) -> tuple[BatchItem, ...]:
    """Items of a batch: first those that were refused, then those that stopped again, those that wait, those that are done. ``after``:
    state and target of the last one that was seen.
    """
    state, target = after or (None, None)
    return tuple(
        BatchItem(
            target=row.target,
            instance_id=row.instance_id,
            business_key=row.business_key,
            state=row.state,
            code=row.code,
            facts={} if row.facts is None else plain(row.facts),
        )
        for row in session.execute(_ITEMS, {"batch": batch_id, "limit": limit, "state": state, "target": target})
    )


def _batch(row: Row[Any]) -> Batch:
    return Batch(
        id=row.id,
        act=row.act,
        reason=row.reason,
        asked_at=row.asked_at,
        asked_by=row.asked_by,
        what={} if row.what is None else from_canonical(row.what),
        ended_at=row.ended_at,
        waiting=row.waiting,
        done=row.done,
        refused=row.refused,
        stopped=row.stopped,
    )
