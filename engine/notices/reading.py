"""From what was recorded since the last time to what somebody is to be told: rows of ``engine.notice``, once each.

A step writes nothing for this. New tasks are found in the order of the history (``engine.history.order``), where everything that was
committed has its number, however late it was committed; due dates by the moment that was reached last; incidents by their number. Marks and
notices are one transaction, and one worker at a time has the marks: whatever dies, nothing is told twice, and nothing is left out.

Eight statements, however much there is; ``BATCH`` bounds what one transaction takes.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.inbox.store import HOLDER
from engine.jobs.queue import SEND_LETTER
from engine.notices.receivers import OF_TASK, mode_of

BATCH: Final = 500
"""Appends to the history that are read at a time."""

LONGEST_STEP: Final = timedelta(minutes=10)
"""An incident is looked for as long after its step began: so long the step may take to commit."""

_KEPT = timedelta(days=60)
_EVENTS, _DUE, _OVERDUE, _INCIDENTS = "events", "due", "overdue", "incidents"

_BEGIN = text("""
    INSERT INTO engine.notice_mark (reader, number, at)
    SELECT reader, CASE reader
        WHEN 'events' THEN coalesce((SELECT last FROM engine.history_order ORDER BY first DESC LIMIT 1), 0)
        WHEN 'incidents' THEN coalesce((SELECT max(id) FROM engine.incident), 0) END,
        CASE reader WHEN 'due' THEN CAST(:horizon AS timestamptz) WHEN 'overdue' THEN :now END
    FROM unnest(ARRAY['events', 'due', 'overdue', 'incidents']) AS reader
    WHERE NOT EXISTS (SELECT FROM engine.notice_mark)
    ON CONFLICT DO NOTHING
""")
_MARKS = text("SELECT reader, number, at FROM engine.notice_mark ORDER BY reader FOR UPDATE SKIP LOCKED")
_FORGET_MARKS = text("DELETE FROM engine.notice_mark")
_UPTO = text("""
    SELECT max(first) FROM (SELECT first FROM engine.history_order WHERE first > :after ORDER BY first LIMIT :batch) AS next
""")
_MOVE = text("""
    UPDATE engine.notice_mark SET number = m.number, at = m.at
    FROM unnest(CAST(:readers AS text[]), CAST(:numbers AS bigint[]), CAST(:moments AS timestamptz[])) AS m(reader, number, at)
    WHERE notice_mark.reader = m.reader
""")

_INSERT = """
    INSERT INTO engine.notice (person_login, kind, about, occasion, noted_at, due_at)
    SELECT DISTINCT login, kind, about, occasion, CAST(:now AS timestamptz),
           CASE WHEN mode = 'now' THEN CAST(:soon AS timestamptz) ELSE CAST(:digest AS timestamptz) END
    FROM found WHERE mode <> 'off'
    ON CONFLICT DO NOTHING
"""

# the events of a few appends are looked up one append at a time (OFFSET 0 keeps it so): never a scan of the history
_NOTE_TASKS = text(f"""
    WITH happened AS (
        SELECT placed.at, placed.actor, event.type, event.instance_id, event.sequence, CAST(event.record AS json) ->> 'activity' AS activity
        FROM engine.history_order placed
        CROSS JOIN LATERAL (
            SELECT event.type, event.instance_id, event.sequence, event.record FROM engine.event
            WHERE event.instance_id = CAST(placed.chain AS bigint)
              AND event.sequence BETWEEN placed.sequence AND placed.sequence + (placed.last - placed.first)
              AND event.type IN ('task:created', 'task:delegated', 'task:offered')
            OFFSET 0
        ) event
        WHERE placed.kind = 'case' AND placed.first > :after AND placed.first <= :upto
    ), told AS (
        SELECT receiver.login, task.id AS about, CASE happened.type WHEN 'task:created' THEN 0 ELSE happened.sequence END AS occasion,
               CASE WHEN {HOLDER} IS NULL THEN 'offered' ELSE 'assigned' END AS kind
        FROM happened
        JOIN engine.task ON task.instance_id = happened.instance_id AND task.activity = happened.activity
        CROSS JOIN LATERAL {OF_TASK} receiver
        WHERE task.is_open AND receiver.login <> happened.actor
          AND CASE happened.type
              WHEN 'task:delegated' THEN task.given_at = happened.at AND {HOLDER} IS NOT NULL
              ELSE task.claimed_at IS NULL AND task.given_at IS NULL END
    ), found AS (
        SELECT told.*, {mode_of("told.login", "told.kind")} AS mode FROM told
    )
    {_INSERT}
""")  # noqa: S608 - composed of constants

_NOTE_ABSENCES = text(f"""
    WITH found AS (
        SELECT absence.substitute_login AS login, 'absence' AS kind, absence.id AS about, 0 AS occasion,
               {mode_of("absence.substitute_login", "'absence'")} AS mode
        FROM engine.history_order placed
        JOIN engine.absence ON placed.chain = 'absence/' || absence.id
        JOIN engine.person receiver ON receiver.login = absence.substitute_login AND receiver.is_active AND receiver.email <> ''
        WHERE placed.kind = 'record' AND placed.first > :after AND placed.first <= :upto AND placed.sequence = 1
          AND absence.ended_at IS NULL AND absence.substitute_login <> absence.announced_by
    )
    {_INSERT}
""")  # noqa: S608 - composed of constants

# through the two indexes of the inbox, by role and by holder
_NOTE_DUE = text(f"""
    WITH reached AS (
        SELECT period.kind, near.id
        FROM unnest(ARRAY['due', 'overdue'], CAST(:from AS timestamptz[]), CAST(:upto AS timestamptz[])) AS period(kind, since, upto)
        CROSS JOIN LATERAL (
            SELECT task.id FROM engine.role CROSS JOIN LATERAL (
                SELECT task.id FROM engine.task
                WHERE task.role = role.key AND task.is_open AND task.assignee IS NULL
                  AND task.sort_at > period.since AND task.sort_at <= period.upto OFFSET 0
            ) task
            UNION ALL
            SELECT task.id FROM engine.person CROSS JOIN LATERAL (
                SELECT task.id FROM engine.task
                WHERE task.assignee = person.login AND task.is_open
                  AND task.sort_at > period.since AND task.sort_at <= period.upto OFFSET 0
            ) task
        ) near
    ), found AS (
        SELECT receiver.login, reached.kind, task.id AS about, 0 AS occasion, {mode_of("receiver.login", "'due'")} AS mode
        FROM reached JOIN engine.task ON task.id = reached.id CROSS JOIN LATERAL {OF_TASK} receiver
    )
    {_INSERT}
""")  # noqa: S608 - composed of constants

# a letter that does not go must not write letters
_NOTE_INCIDENTS = text(f"""
    WITH found AS (
        SELECT receiver.login, 'incident' AS kind, incident.id AS about, 0 AS occasion, {mode_of("receiver.login", "'incident'")} AS mode
        FROM engine.incident
        CROSS JOIN (
            SELECT DISTINCT whose.login FROM engine.person_role held JOIN engine.person whose ON whose.id = held.person_id
            WHERE held.role_key = ANY(CAST(:operators AS text[])) AND (held.until_at IS NULL OR held.until_at > :now)
              AND whose.is_active AND whose.email <> ''
        ) receiver
        WHERE incident.id > :after AND incident.resolved_at IS NULL AND incident.job_name IS DISTINCT FROM '{SEND_LETTER}'
    )
    {_INSERT}
""")  # noqa: S608 - composed of constants
_OLD_INCIDENT = text("SELECT max(id) FROM engine.incident WHERE id > :after AND raised_at < :before")
_FORGET = text("DELETE FROM engine.notice WHERE ended_at < :before")


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """The moments that a reading is made with. ``soon``: when what is told at once goes; ``digest``: when the next digest goes;
    ``horizon``: what is due until then is due soon.
    """

    now: datetime
    soon: datetime
    digest: datetime
    horizon: datetime


def note(session: Session, when: When, operators: Collection[str], *, batch: int = BATCH) -> bool:
    """Write down whom what is new concerns; True if there is more. Nothing while somebody else does it.

    ``operators``: the roles that hear of incidents. The first call ever only writes down where things are.
    """
    session.execute(_BEGIN, {"now": when.now, "horizon": when.horizon})
    marks = {row.reader: row for row in session.execute(_MARKS)}
    if len(marks) < 4:
        return False
    after = marks[_EVENTS].number
    upto = session.execute(_UPTO, {"after": after, "batch": batch}).scalar()
    moments = {"now": when.now, "soon": when.soon, "digest": when.digest}
    if upto is not None:
        session.execute(_NOTE_TASKS, moments | {"after": after, "upto": upto})
        session.execute(_NOTE_ABSENCES, moments | {"after": after, "upto": upto})
    due, overdue = max(marks[_DUE].at, when.horizon), max(marks[_OVERDUE].at, when.now)
    session.execute(_NOTE_DUE, moments | {"from": [marks[_DUE].at, marks[_OVERDUE].at], "upto": [due, overdue]})
    seen = marks[_INCIDENTS].number
    session.execute(_NOTE_INCIDENTS, moments | {"after": seen, "operators": sorted(operators)})
    old = session.execute(_OLD_INCIDENT, {"after": seen, "before": when.now - LONGEST_STEP}).scalar()
    session.execute(
        _MOVE,
        {
            "readers": [_EVENTS, _DUE, _OVERDUE, _INCIDENTS],
            "numbers": [upto or after, None, None, old or seen],
            "moments": [None, due, overdue, None],
        },
    )
    return upto is not None


def is_our_turn(session: Session) -> bool:
    """Whether nobody else notes or writes letters until this transaction ends."""
    return len(session.execute(_MARKS).all()) == 4


def forget_marks(session: Session) -> None:
    """Begin anew from what is then: nothing that happens meanwhile will be told."""
    session.execute(_FORGET_MARKS)


def forget_old(session: Session, now: datetime) -> None:
    """Drop what was told long ago."""
    session.execute(_FORGET, {"before": now - _KEPT})
