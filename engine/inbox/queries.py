"""What people see of their tasks. Nothing here loads a state or a model: the rows carry what lists show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.data import from_canonical
from engine.errors import FieldProblem, InvalidInput
from engine.feel import Value
from engine.handler import Actor

View = Literal["role", "mine"]

COUNT_CAP: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryValue:
    """One entry of what a bundle wants people to see of a case."""

    label: Mapping[str, str]
    type: str
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRow:
    """A task in a list. ``title`` and ``process_title`` by locale."""

    id: int
    instance_id: int
    activity: str
    element_id: str
    title: Mapping[str, str]
    process_key: str
    process_title: Mapping[str, str]
    version_id: int
    business_key: str | None
    role: str | None
    assignee: str | None
    is_claimed: bool
    not_same_as: str | None
    form: str | None
    created_at: datetime
    due_at: datetime | None
    follow_up_at: datetime | None
    priority: int
    is_open: bool
    closed_at: datetime | None
    closed_by: str | None
    outcome: str | None
    summary: tuple[SummaryValue, ...]
    given_by: str | None
    given_at: datetime | None
    given_note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPage:
    """A page of the inbox; ``next`` is the ``after`` of the page that follows, None at the end."""

    tasks: tuple[TaskRow, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many tasks wait: of my roles, and mine; counted up to ``COUNT_CAP`` only (shown as "1 000+")."""

    role: int
    mine: int


_COLUMNS = """
    task.id, task.instance_id, task.activity, task.element_id, task.title_fr, task.title_en, task.process_key, task.role, task.assignee,
    task.claimed_at, task.not_same_as, task.form, task.created_at, task.due_at, task.follow_up_at, task.priority, task.sort_at,
    task.is_open, task.closed_at, task.closed_by, task.outcome, task.given_by, task.given_at, task.given_note,
    instance.business_key, instance.summary, instance.version_id,
    version.title_fr AS process_fr, version.title_en AS process_en
"""

_JOINS = """
    JOIN engine.instance ON instance.id = task.instance_id
    JOIN engine.definition_version version ON version.id = instance.version_id
"""

_NOT_MINE_TO_DO = """
    NOT EXISTS (
        SELECT FROM engine.task earlier
        WHERE earlier.instance_id = task.instance_id AND earlier.element_id = task.not_same_as AND earlier.closed_by = :login)
"""

# what was taken with a role that is gone is nobody's; what the process gave to the person needs none
_STILL_MINE = "(task.claimed_at IS NULL OR task.role = ANY(CAST(:roles AS text[])))"

# One ordered walk of the partial index for each role, merged: `role = ANY(...) ORDER BY` would sort every open task (architecture §6).
_BY_ROLE = text(f"""
    SELECT {_COLUMNS}
    FROM unnest(CAST(:roles AS text[])) AS mine(role)
    CROSS JOIN LATERAL (
        SELECT * FROM engine.task
        WHERE task.role = mine.role AND task.is_open AND task.assignee IS NULL
          AND (task.sort_at, task.id) > (:after_sort, :after_id) AND {_NOT_MINE_TO_DO}
        ORDER BY task.sort_at, task.id LIMIT :limit
    ) AS task
    {_JOINS}
    ORDER BY task.sort_at, task.id LIMIT :limit
""")  # noqa: S608 - composed of constants

_MINE = text(f"""
    SELECT {_COLUMNS} FROM engine.task {_JOINS}
    WHERE task.assignee = :login AND task.is_open AND {_STILL_MINE} AND (task.sort_at, task.id) > (:after_sort, :after_id)
    ORDER BY task.sort_at, task.id LIMIT :limit
""")  # noqa: S608 - composed of constants

_COUNT = text(f"""
    SELECT
        (SELECT count(*) FROM (
            SELECT FROM unnest(CAST(:roles AS text[])) AS mine(role)
            JOIN engine.task ON task.role = mine.role AND task.is_open AND task.assignee IS NULL AND {_NOT_MINE_TO_DO}
            LIMIT :cap) AS offered) AS role,
        (SELECT count(*) FROM (
            SELECT FROM engine.task WHERE task.assignee = :login AND task.is_open AND {_STILL_MINE} LIMIT :cap) AS taken) AS mine
""")  # noqa: S608 - composed of constants

_ONE = text(f"SELECT {_COLUMNS} FROM engine.task {_JOINS} WHERE task.id = :task")  # noqa: S608 - composed of constants

_OF_INSTANCE = text(f"""
    SELECT {_COLUMNS} FROM engine.task {_JOINS} WHERE task.instance_id = :instance ORDER BY task.id
""")  # noqa: S608 - composed of constants

_CANDIDATES = text("""
    SELECT count(*) FROM engine.person_role JOIN engine.person ON person.id = person_role.person_id
    WHERE person_role.role_key = :role AND person.is_active
""")


def inbox(
    session: Session, actor: Actor, *, view: View = "role", after: str | None = None, limit: int = 50
) -> TaskPage:
    """A page of open tasks by due date: offered to the actor's roles and free (``role``), or taken by or given to them (``mine``).

    ``after`` is the ``next`` of the page before. Tasks that four eyes forbid the actor are left out of ``role``. Raises InvalidInput for
    an ``after`` that no page gave.
    """
    after_sort, after_id = _read_cursor(after)
    given = {
        "roles": sorted(actor.roles),
        "login": actor.login,
        "after_sort": after_sort,
        "after_id": after_id,
        "limit": limit + 1,
    }
    rows = session.execute(_BY_ROLE if view == "role" else _MINE, given).all()
    shown = rows[:limit]
    more = f"{shown[-1].sort_at.isoformat()}_{shown[-1].id}" if len(rows) > limit else None
    return TaskPage(tasks=tuple(_task_row(row) for row in shown), next=more)


def counts(session: Session, actor: Actor) -> Counts:
    """The figures beside the two views."""
    row = session.execute(_COUNT, {"roles": sorted(actor.roles), "login": actor.login, "cap": COUNT_CAP}).one()
    return Counts(role=row.role, mine=row.mine)


def find(session: Session, task_id: int) -> TaskRow | None:
    """One task, open or closed, whoever asks (``engine.instances.queries.task`` decides who may)."""
    row = session.execute(_ONE, {"task": task_id}).one_or_none()
    return None if row is None else _task_row(row)


def of_instance(session: Session, instance_id: int) -> tuple[TaskRow, ...]:
    """Every task that the instance ever had, oldest first."""
    return tuple(_task_row(row) for row in session.execute(_OF_INSTANCE, {"instance": instance_id}))


def candidates(session: Session, role: str) -> int:
    """How many people a task of ``role`` is offered to."""
    return int(session.execute(_CANDIDATES, {"role": role}).scalar_one())


def read_summary(stored: str) -> tuple[SummaryValue, ...]:
    """The summary as the step stored it with the instance."""
    return tuple(SummaryValue(**each) for each in from_canonical(stored))


def _read_cursor(after: str | None) -> tuple[datetime, int]:
    if after is None:
        return datetime.fromisoformat("0001-01-01T00:00:00+00:00"), 0
    try:
        sort_at, _, last = after.rpartition("_")
        return datetime.fromisoformat(sort_at), int(last)
    except ValueError:
        raise InvalidInput((FieldProblem(field="after", code="page_unknown"),)) from None


def _task_row(row: Row[Any]) -> TaskRow:
    return TaskRow(
        id=row.id,
        instance_id=row.instance_id,
        activity=row.activity,
        element_id=row.element_id,
        title={"fr": row.title_fr, "en": row.title_en},
        process_key=row.process_key,
        process_title={"fr": row.process_fr, "en": row.process_en},
        version_id=row.version_id,
        business_key=row.business_key,
        role=row.role,
        assignee=row.assignee,
        is_claimed=row.claimed_at is not None,
        not_same_as=row.not_same_as,
        form=row.form,
        created_at=row.created_at,
        due_at=row.due_at,
        follow_up_at=row.follow_up_at,
        priority=row.priority,
        is_open=row.is_open,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
        outcome=row.outcome,
        summary=read_summary(row.summary),
        given_by=row.given_by,
        given_at=row.given_at,
        given_note=row.given_note,
    )
