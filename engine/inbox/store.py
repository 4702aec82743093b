"""The rows of ``engine.task`` as the step writes them: one writing opens and closes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from sqlalchemy import Row

from engine.database.together import Together, Writing
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


_SAVE = Writing(
    f"""
    tasks_closed AS (
        UPDATE engine.task
        SET is_open = false, closed_at = :now, closed_by = c.closed_by, outcome = c.outcome
        FROM json_to_recordset(CAST(:tasks_closed AS json)) AS c(activity text, outcome text, closed_by text)
        WHERE task.instance_id = :instance AND task.activity = c.activity AND task.is_open
        RETURNING task.id
    ), forgotten AS (
        DELETE FROM engine.task_draft USING tasks_closed WHERE task_draft.task_id = tasks_closed.id
    ), tasks_opened AS (
        INSERT INTO engine.task
            (instance_id, process_key, created_at, claimed_at, activity, element_id, title_fr, title_en, role, assignee, not_same_as,
             form, due_at, follow_up_at, priority, sort_at, why, offered)
        SELECT :instance, :process, :now, NULL, o.activity, o.element_id, o.title_fr, o.title_en, o.role, o.assignee, o.not_same_as,
               o.form, o.due_at, o.follow_up_at, o.priority, coalesce(o.due_at, :never),
               o.why, CASE WHEN o.assignee IS NULL THEN {offered_to("o.role")} END
        FROM json_to_recordset(CAST(:tasks_opened AS json))
            AS o(activity text, element_id text, title_fr text, title_en text, role text, assignee text, not_same_as text, form text,
                 due_at timestamptz, follow_up_at timestamptz, priority integer, why text)
        RETURNING id, activity
    )
    """,  # noqa: S608 - composed of constants
    tells=(
        ("tasks_closed", "(SELECT count(*) FROM tasks_closed)"),
        ("tasks_opened", "(SELECT json_object_agg(activity, id) FROM tasks_opened)"),
    ),
)


def add(
    together: Together,
    instance_id: int,
    process_key: str,
    now: datetime,
    *,
    opened: Sequence[NewTask],
    closed: Sequence[ClosedTask],
) -> None:
    """The tasks of a step, to be written (nothing if there are none); ``opened_of`` reads what is told of it."""
    if not opened and not closed:
        return
    together.add(
        _SAVE,
        {
            "instance": instance_id,
            "process": process_key,
            "now": now,
            "never": NEVER,
            "tasks_closed": json.dumps(
                [{"activity": each.activity, "outcome": each.outcome, "closed_by": each.closed_by} for each in closed]
            ),
            "tasks_opened": json.dumps([_columns(each) for each in opened]),
            "most_offered": MOST_OFFERED,
        },
    )


def opened_of(
    told: Row[Any], instance_id: int, opened: Sequence[NewTask], closed: Sequence[ClosedTask]
) -> dict[str, int]:
    """The ids of the opened ones by activity. Raises InvariantBroken if a row to close was not open."""
    if not opened and not closed:
        return {}
    if told.tasks_closed != len(closed):
        raise InvariantBroken("task_row_not_open", instance=instance_id)
    return told.tasks_opened or {}


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
