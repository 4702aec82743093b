"""The rows of ``engine.call``: what a case calls, and which case does it.

The id of the called case is drawn in the caller's step, before that case exists: the row is the fence of the call. Whoever begins the
called case and whoever gives the call up both change the row, as the last thing of their transaction, so the two cannot miss each other
and neither waits for the other while it holds something that the other needs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.data import from_canonical, to_canonical
from engine.feel import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCall:
    """A call that a step makes. ``version_id``: of the caller's own version; None: what is in force, or has ``version_tag``."""

    element_id: str
    process: str
    version_id: int | None
    version_tag: str | None
    given: Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """A call that was written down: by which case it will be done, and the how-manieth call of the caller it is."""

    child_id: int
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call that is still wanted, with what the called case gets of its caller."""

    parent_id: int
    activity: str
    number: int
    process: str
    version_id: int | None
    version_tag: str | None
    given: Mapping[str, Value]
    started_by: str
    business_key: str | None
    root_id: int
    depth: int
    is_suspended: bool


_REQUEST = text("""
    INSERT INTO engine.call
        (child_instance_id, instance_id, activity, element_id, number, process, version_id, version_tag, given, requested_at)
    SELECT nextval(pg_get_serial_sequence('engine.instance', 'id')), :instance, c.activity, c.element_id,
           (SELECT coalesce(max(number), 0) FROM engine.call WHERE instance_id = :instance) + c.position,
           c.process, c.version_id, c.version_tag, c.given, :now
    FROM unnest(CAST(:activities AS text[]), CAST(:elements AS text[]), CAST(:processes AS text[]), CAST(:versions AS bigint[]),
                CAST(:tags AS text[]), CAST(:givens AS text[]))
        WITH ORDINALITY AS c(activity, element_id, process, version_id, version_tag, given, position)
    ORDER BY c.position
    RETURNING child_instance_id, activity, number
""")

# Without a lock of the caller: what is read of it does not change, or (whether it stands still) is asked again by whoever answers.
_FIND = text("""
    SELECT call.instance_id, call.activity, call.number, call.process, call.version_id, call.version_tag, call.given,
           parent.started_by, parent.business_key, coalesce(parent.root_instance_id, parent.id) AS root_id, parent.depth,
           parent.suspended_at IS NOT NULL AS is_suspended
    FROM engine.call JOIN engine.instance parent ON parent.id = call.instance_id
    WHERE call.child_instance_id = :child AND call.begun_at IS NULL AND call.ended_at IS NULL
""")

_BEGUN = text("""
    UPDATE engine.call SET begun_at = :now, given = NULL
    WHERE child_instance_id = :child AND begun_at IS NULL AND ended_at IS NULL RETURNING child_instance_id
""")

_OVER = text("""
    UPDATE engine.call SET ended_at = :now, given = NULL
    WHERE child_instance_id = :child AND ended_at IS NULL RETURNING activity
""")

_GIVE_UP = text("""
    UPDATE engine.call SET ended_at = :now, given = NULL
    WHERE instance_id = :instance AND activity = ANY(CAST(:activities AS text[])) AND ended_at IS NULL
    RETURNING child_instance_id
""")


def request(session: Session, instance_id: int, calls: Mapping[str, NewCall], now: datetime) -> dict[str, Requested]:
    """Write down the calls of a step, by activity, in one statement (none if there are none)."""
    if not calls:
        return {}
    made = list(calls.values())
    rows = session.execute(
        _REQUEST,
        {
            "instance": instance_id,
            "activities": list(calls),
            "elements": [each.element_id for each in made],
            "processes": [each.process for each in made],
            "versions": [each.version_id for each in made],
            "tags": [each.version_tag for each in made],
            "givens": [to_canonical(dict(each.given)) for each in made],
            "now": now,
        },
    )
    return {row.activity: Requested(child_id=row.child_instance_id, number=row.number) for row in rows}


def find(session: Session, child_id: int) -> Call | None:
    """The call that the case ``child_id`` is to do; None when it has begun, or is not wanted any more."""
    row = session.execute(_FIND, {"child": child_id}).one_or_none()
    if row is None:
        return None
    return Call(
        parent_id=row.instance_id,
        activity=row.activity,
        number=row.number,
        process=row.process,
        version_id=row.version_id,
        version_tag=row.version_tag,
        given=from_canonical(row.given),
        started_by=row.started_by,
        business_key=row.business_key,
        root_id=row.root_id,
        depth=row.depth,
        is_suspended=row.is_suspended,
    )


def begun(session: Session, child_id: int, now: datetime) -> bool:
    """The called case has begun; False when the call is not wanted any more. The last statement of its transaction."""
    return session.execute(_BEGUN, {"child": child_id, "now": now}).first() is not None


def over(session: Session, child_id: int, now: datetime) -> str | None:
    """The caller hears of the end: its activity; None when it does not wait for this case. The caller is locked."""
    row = session.execute(_OVER, {"child": child_id, "now": now}).one_or_none()
    return None if row is None else str(row.activity)


def give_up(session: Session, instance_id: int, activities: Collection[str], now: datetime) -> tuple[int, ...]:
    """The caller, which is locked, does not want these any more; gives the called cases. As late as possible in its transaction."""
    if not activities:
        return ()
    given = {"instance": instance_id, "activities": list(activities), "now": now}
    return tuple(session.execute(_GIVE_UP, given).scalars())
