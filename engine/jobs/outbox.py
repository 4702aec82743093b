"""The rows of ``engine.effect``: what has to be known of an effect beside its job. Most effects have none.

*Held*: the effect is wanted, and until its time a person can take it back; then the promoter queues its job. *Begun*: it must not be
repeated, and somebody began it in a transaction of its own, before anything could leave the house. Whoever finds it begun and finds nobody
at it any more knows that nobody knows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.jobs import queue

BATCH: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldEffect:
    """An effect that can still be taken back."""

    element_id: str
    handler: str
    held_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptOutcome:
    """What an effect gave, as canonical text, while its case could not hear of it."""

    handler: str
    outcome: str


_SAVE = text("""
    WITH ended AS (
        DELETE FROM engine.effect WHERE instance_id = :instance AND activity = ANY(CAST(:ended AS text[]))
    )
    INSERT INTO engine.effect (instance_id, activity, element_id, handler, held_until)
    SELECT :instance, e.activity, e.element_id, e.handler, e.held_until
    FROM unnest(CAST(:activities AS text[]), CAST(:elements AS text[]), CAST(:handlers AS text[]), CAST(:untils AS timestamptz[]))
        AS e(activity, element_id, handler, held_until)
""")

_HELD = text("""
    SELECT activity, element_id, handler, held_until FROM engine.effect
    WHERE instance_id = :instance AND held_until IS NOT NULL AND queued_at IS NULL ORDER BY held_until, activity
""")

_HELD_AMONG = text("""
    SELECT instance_id, min(held_until) AS held_until FROM engine.effect
    WHERE instance_id = ANY(CAST(:instances AS bigint[])) AND held_until IS NOT NULL AND queued_at IS NULL
    GROUP BY instance_id ORDER BY 2, 1
""")

_PROMOTE = text("""
    WITH due AS (
        SELECT instance_id, activity FROM engine.effect
        WHERE queued_at IS NULL AND held_until <= :now
          AND NOT EXISTS (SELECT FROM engine.instance WHERE instance.id = effect.instance_id AND suspended_at IS NOT NULL)
          AND NOT EXISTS (SELECT FROM engine.restoration WHERE released_at IS NULL)
        ORDER BY held_until LIMIT :batch FOR UPDATE SKIP LOCKED
    )
    UPDATE engine.effect SET queued_at = :now FROM due
    WHERE effect.instance_id = due.instance_id AND effect.activity = due.activity
    RETURNING effect.instance_id, effect.activity
""")

_TAKE_BACK = text("""
    DELETE FROM engine.effect WHERE instance_id = :instance AND activity = :activity AND queued_at IS NULL AND held_until IS NOT NULL
    RETURNING handler, element_id, held_until
""")

_SEND_NOW = text("""
    UPDATE engine.effect SET queued_at = :now
    WHERE instance_id = :instance AND activity = :activity AND queued_at IS NULL AND held_until IS NOT NULL RETURNING activity
""")

_BEGIN = text("""
    INSERT INTO engine.effect (instance_id, activity, element_id, handler, begun_at)
    VALUES (:instance, :activity, :element, :handler, :now)
    ON CONFLICT (instance_id, activity) DO UPDATE SET begun_at = :now WHERE effect.begun_at IS NULL
    RETURNING activity
""")

# not what somebody has sent on since the backup was brought back, nor what somebody has begun
_HOLD_BACK = text("""
    INSERT INTO engine.effect (instance_id, activity, element_id, handler, held_until)
    SELECT :instance, :activity, :element, :handler, :now FROM engine.restoration WHERE released_at IS NULL
    ON CONFLICT (instance_id, activity) DO UPDATE SET held_until = coalesce(effect.held_until, :now), queued_at = NULL
    WHERE effect.begun_at IS NULL AND effect.outcome IS NULL
      AND (effect.queued_at IS NULL OR effect.queued_at < (SELECT restored_at FROM engine.restoration WHERE released_at IS NULL))
    RETURNING activity
""")

_NOT_BEGUN = text("UPDATE engine.effect SET begun_at = NULL WHERE instance_id = :instance AND activity = :activity")


_KEEP = text("""
    INSERT INTO engine.effect (instance_id, activity, element_id, handler, outcome)
    VALUES (:instance, :activity, :element, :handler, :outcome)
    ON CONFLICT (instance_id, activity) DO UPDATE SET outcome = :outcome, begun_at = NULL
""")

_OUTCOME = text("""
    SELECT handler, outcome FROM engine.effect WHERE instance_id = :instance AND activity = :activity AND outcome IS NOT NULL
""")

_IS_HELD = text("""
    SELECT EXISTS (SELECT FROM engine.effect WHERE instance_id = :instance AND activity = :activity
                   AND held_until IS NOT NULL AND queued_at IS NULL)
""")

_FORGET = text("DELETE FROM engine.effect WHERE instance_id = :instance AND activity = :activity")
_FORGET_BEGUN = text("""
    DELETE FROM engine.effect
    WHERE instance_id = :instance AND activity = :activity AND begun_at IS NOT NULL AND outcome IS NULL
""")

# the time in which it can be taken back stands still with the case
_PUT_OFF = text("""
    UPDATE engine.effect SET held_until = held_until + (:now - :since)
    WHERE instance_id = :instance AND queued_at IS NULL AND held_until IS NOT NULL
""")


def save(session: Session, instance_id: int, *, held: Mapping[str, HeldEffect], ended: Collection[str]) -> None:
    """Write what a step began to hold, and drop what it ended, by activity, in one statement (none if there is nothing)."""
    if not held and not ended:
        return
    rows = list(held.values())
    session.execute(
        _SAVE,
        {
            "instance": instance_id,
            "ended": list(ended),
            "activities": list(held),
            "elements": [each.element_id for each in rows],
            "handlers": [each.handler for each in rows],
            "untils": [each.held_until for each in rows],
        },
    )


def held_of(session: Session, instance_id: int) -> dict[str, HeldEffect]:
    """The effects of a case that can still be taken back, by activity; the one that goes first, first."""
    rows = session.execute(_HELD, {"instance": instance_id})
    return {
        row.activity: HeldEffect(element_id=row.element_id, handler=row.handler, held_until=row.held_until)
        for row in rows
    }


def held_among(session: Session, instance_ids: Collection[int]) -> dict[int, datetime]:
    """Of these cases those with an effect that can still be taken back, and when the first one goes; the one that goes first, first."""
    rows = session.execute(_HELD_AMONG, {"instances": list(instance_ids)})
    return {row.instance_id: row.held_until for row in rows}


def promote(session: Session, now: datetime, *, batch: int = BATCH) -> int:
    """Queue the job of each effect whose time has come, ``batch`` at most; gives how many. As ``timers.promoter``."""
    due = session.execute(_PROMOTE, {"now": now, "batch": batch}).all()
    queue.defer(session, queue.RUN_EFFECT, *({"instance_id": row.instance_id, "activity": row.activity} for row in due))
    return len(due)


def take_back(session: Session, instance_id: int, activity: str) -> HeldEffect | None:
    """The effect, which nobody will do any more; None when it is too late."""
    row = session.execute(_TAKE_BACK, {"instance": instance_id, "activity": activity}).one_or_none()
    if row is None:
        return None
    return HeldEffect(element_id=row.element_id, handler=row.handler, held_until=row.held_until)


def send_now(session: Session, instance_id: int, activity: str, now: datetime) -> bool:
    """Queue the effect before its time; False when it is not held (any more)."""
    if session.execute(_SEND_NOW, {"instance": instance_id, "activity": activity, "now": now}).first() is None:
        return False
    queue.defer(session, queue.RUN_EFFECT, {"instance_id": instance_id, "activity": activity})
    return True


def hold_back(
    session: Session, instance_id: int, activity: str, *, element_id: str, handler: str, now: datetime
) -> bool:
    """Hold an effect that must not be repeated, if a backup was brought back and nobody has decided yet what may go: it may have gone."""
    given = {"instance": instance_id, "activity": activity, "element": element_id, "handler": handler, "now": now}
    return session.execute(_HOLD_BACK, given).first() is not None


def begin(session: Session, instance_id: int, activity: str, *, element_id: str, handler: str, now: datetime) -> bool:
    """Write down that an effect which must not be repeated begins; False when somebody has begun it before."""
    given = {"instance": instance_id, "activity": activity, "element": element_id, "handler": handler, "now": now}
    return session.execute(_BEGIN, given).first() is not None


def not_begun(session: Session, instance_id: int, activity: str) -> None:
    """It is known that nothing happened: the effect may be begun again."""
    session.execute(_NOT_BEGUN, {"instance": instance_id, "activity": activity})


def keep_outcome(
    session: Session, instance_id: int, activity: str, *, element_id: str, handler: str, outcome: str
) -> None:
    """The effect was done, and its case stands still: ``outcome`` (canonical text) is for later."""
    given = {"instance": instance_id, "activity": activity, "element": element_id, "handler": handler}
    session.execute(_KEEP, given | {"outcome": outcome})


def outcome_of(session: Session, instance_id: int, activity: str) -> KeptOutcome | None:
    """What was kept; None when there is nothing (any more)."""
    row = session.execute(_OUTCOME, {"instance": instance_id, "activity": activity}).one_or_none()
    return None if row is None else KeptOutcome(handler=row.handler, outcome=row.outcome)


def is_held(session: Session, instance_id: int, activity: str) -> bool:
    """The effect can still be taken back."""
    return bool(session.execute(_IS_HELD, {"instance": instance_id, "activity": activity}).scalar_one())


def forget(session: Session, instance_id: int, activity: str) -> None:
    """Nobody wants the effect any more."""
    session.execute(_FORGET, {"instance": instance_id, "activity": activity})


def forget_begun(session: Session, instance_id: int, activity: str) -> None:
    """Forget that the effect was begun; an outcome that was kept stays."""
    session.execute(_FORGET_BEGUN, {"instance": instance_id, "activity": activity})


def put_off(session: Session, instance_id: int, *, since: datetime, now: datetime) -> None:
    """The case stood still from ``since`` to ``now``: what is held goes that much later."""
    session.execute(_PUT_OFF, {"instance": instance_id, "since": since, "now": now})
