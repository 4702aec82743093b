"""The rows of ``engine.task`` as the step writes them: one statement opens and closes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from sqlalchemy import column, text
from sqlalchemy.orm import Session

from engine.errors import InvariantBroken

NEVER: Final = datetime(9999, 12, 31, tzinfo=UTC)
"""Where a task without a due date stands in the order of the inbox."""

MOST_OFFERED: Final = 50
"""People whose names are kept with a task as those whom it was offered to; who has more has a role for everybody."""

LOST: Final = """(
    task.claimed_at IS NOT NULL AND EXISTS (
        SELECT FROM engine.person holder
        WHERE holder.login = task.assignee AND NOT (
            holder.is_active AND EXISTS (
                SELECT FROM engine.person_role held WHERE held.person_id = holder.id AND held.role_key = task.role)))
)"""
"""SQL: whoever took ``task`` may not do it any more. Taking the role away gives the task back (migration ``engine_0003``); this holds for
what is taken in the same moment."""

HOLDER: Final = f"CASE WHEN NOT {LOST} THEN task.assignee END"
"""SQL: who has ``task``, and may."""


def offered_to(role: str) -> str:
    """SQL: the logins of those who hold ``role`` (an SQL expression of ours) at ``:now``, at most ``:most_offered``."""
    return f"""ARRAY(
        SELECT person.login FROM engine.person_role held JOIN engine.person ON person.id = held.person_id
        WHERE held.role_key = {role} AND person.is_active AND (held.until_at IS NULL OR held.until_at > :now)
        ORDER BY person.login LIMIT :most_offered)"""  # noqa: S608 - composed of constants


Outcome = Literal["completed", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """A task that a step opens. ``title`` by locale, as the bundle names the element; ``why``: the record of ``instances.why``."""

    activity: str
    element_id: str
    title: Mapping[str, str]
    role: str | None
    assignee: str | None
    not_same_as: str | None
    form: str | None
    due_at: datetime | None
    follow_up_at: datetime | None
    priority: int
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedTask:
    """A task that a step ends; ``closed_by`` is None when nobody completed it."""

    activity: str
    outcome: Outcome
    closed_by: str | None


_SAVE = text(f"""
    WITH closed AS (
        UPDATE engine.task
        SET is_open = false, closed_at = :now, closed_by = c.closed_by, outcome = c.outcome
        FROM json_to_recordset(CAST(:closed AS json)) AS c(activity text, outcome text, closed_by text)
        WHERE task.instance_id = :instance AND task.activity = c.activity AND task.is_open
        RETURNING task.id, task.activity
    ), forgotten AS (
        DELETE FROM engine.task_draft USING closed WHERE task_draft.task_id = closed.id
    ), opened AS (
        INSERT INTO engine.task
            (instance_id, process_key, created_at, claimed_at, activity, element_id, title_fr, title_en, role, assignee, not_same_as,
             form, due_at, follow_up_at, priority, sort_at, why, offered)
        SELECT :instance, :process, :now, NULL, o.activity, o.element_id, o.title_fr, o.title_en, o.role, o.assignee, o.not_same_as,
               o.form, o.due_at, o.follow_up_at, o.priority, coalesce(o.due_at, :never),
               o.why, CASE WHEN o.assignee IS NULL THEN {offered_to("o.role")} END
        FROM json_to_recordset(CAST(:opened AS json))
            AS o(activity text, element_id text, title_fr text, title_en text, role text, assignee text, not_same_as text, form text,
                 due_at timestamptz, follow_up_at timestamptz, priority integer, why text)
        RETURNING id, activity
    )
    SELECT true AS is_open, id, activity FROM opened UNION ALL SELECT false, id, activity FROM closed
""").columns(column("is_open"), column("id"), column("activity"))  # noqa: S608 - composed of constants


def save(
    session: Session,
    instance_id: int,
    process_key: str,
    now: datetime,
    *,
    opened: Sequence[NewTask],
    closed: Sequence[ClosedTask],
) -> dict[str, int]:
    """Write the tasks of a step; gives the ids of the opened ones by activity. Raises InvariantBroken if a row to close was not open."""
    if not opened and not closed:
        return {}
    rows = session.execute(
        _SAVE,
        {
            "instance": instance_id,
            "process": process_key,
            "now": now,
            "never": NEVER,
            "closed": json.dumps(
                [{"activity": each.activity, "outcome": each.outcome, "closed_by": each.closed_by} for each in closed]
            ),
            "opened": json.dumps([_columns(each) for each in opened]),
            "most_offered": MOST_OFFERED,
        },
    ).all()
    if sum(not row.is_open for row in rows) != len(closed):
        raise InvariantBroken("task_row_not_open", instance=instance_id)
    return {row.activity: row.id for row in rows if row.is_open}


def _columns(task: NewTask) -> dict[str, object]:
    return {
        "activity": task.activity,
        "element_id": task.element_id,
        "title_fr": task.title["fr"],
        "title_en": task.title["en"],
        "role": task.role,
        "assignee": task.assignee,
        "not_same_as": task.not_same_as,
        "form": task.form,
        "due_at": None if task.due_at is None else task.due_at.isoformat(),
        "follow_up_at": None if task.follow_up_at is None else task.follow_up_at.isoformat(),
        "priority": task.priority,
        "why": task.why,
    }
