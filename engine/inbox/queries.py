"""What people see of their tasks. Nothing here loads a state or a model: the rows carry what lists show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.data import from_canonical
from engine.feel import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryValue:
    """One entry of what a bundle wants people to see of a case."""

    label: Mapping[str, str]
    type: str
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRow:
    """A task in a list. ``title`` and ``process_title`` by locale.

    ``is_suspended``: its case stands still, so nobody can complete it now. ``why`` (``engine.instances.why``) and ``offered``, the logins
    of those whom it was offered to, are as they were when it was created; None for a task from before that was kept.
    """

    id: int
    instance_id: int
    activity: str
    element_id: str
    title: Mapping[str, str]
    process_key: str
    process_title: Mapping[str, str]
    version_id: int
    content_hash: str
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
    why_stored: str | None
    offered: tuple[str, ...] | None
    is_suspended: bool

    @property
    def why(self) -> Mapping[str, Any] | None:
        """Read where somebody asks: lists, which do not, have many tasks."""
        found: Mapping[str, Any] | None = None if self.why_stored is None else from_canonical(self.why_stored)
        return found


COLUMNS: Final = """
    task.id, task.instance_id, task.activity, task.element_id, task.title_fr, task.title_en, task.process_key, task.role, task.assignee,
    task.claimed_at, task.not_same_as, task.form, task.created_at, task.due_at, task.follow_up_at, task.priority, task.sort_at,
    task.is_open, task.closed_at, task.closed_by, task.outcome, task.given_by, task.given_at, task.given_note,
    task.why, task.offered,
    instance.business_key, instance.summary, instance.version_id, instance.suspended_at IS NOT NULL AS is_suspended, version.content_hash,
    version.title_fr AS process_fr, version.title_en AS process_en
"""

_JOINS = """
    JOIN engine.instance ON instance.id = task.instance_id
    JOIN engine.definition_version version ON version.id = instance.version_id
"""

_ONE = text(f"SELECT {COLUMNS} FROM engine.task {_JOINS} WHERE task.id = :task")  # noqa: S608 - composed of constants

_OF_INSTANCE = text(f"""
    SELECT {COLUMNS} FROM engine.task {_JOINS} WHERE task.instance_id = :instance ORDER BY task.id
""")  # noqa: S608 - composed of constants

_ARCHIVED = text(f"""
    SELECT {COLUMNS} FROM jsonb_populate_recordset(CAST(NULL AS engine.task), CAST(:tasks AS jsonb)) task {_JOINS} ORDER BY task.id
""")  # noqa: S608 - composed of constants

_CANDIDATES = text("""
    SELECT count(*) FROM engine.person_role JOIN engine.person ON person.id = person_role.person_id
    WHERE person_role.role_key = :role AND person.is_active
""")


def find(session: Session, task_id: int) -> TaskRow | None:
    """One task, open or closed, whoever asks (``engine.instances.queries.task`` decides who may)."""
    row = session.execute(_ONE, {"task": task_id}).one_or_none()
    return None if row is None else task_row(row)


def of_instance(session: Session, instance_id: int, archived: str | None = None) -> tuple[TaskRow, ...]:
    """Every task that the instance ever had, oldest first. ``archived``: JSON of their rows, of a case that is in the archive."""
    if archived is None:
        return tuple(task_row(row) for row in session.execute(_OF_INSTANCE, {"instance": instance_id}))
    return tuple(task_row(row) for row in session.execute(_ARCHIVED, {"tasks": archived}))


def candidates(session: Session, role: str) -> int:
    """How many people a task of ``role`` is offered to."""
    return int(session.execute(_CANDIDATES, {"role": role}).scalar_one())


def read_summary(stored: str) -> tuple[SummaryValue, ...]:
    """The summary as the step stored it with the instance."""
    return tuple(SummaryValue(**each) for each in from_canonical(stored))


def task_row(row: Row[Any]) -> TaskRow:
    """The task of a row of ``COLUMNS``."""
    return TaskRow(
        id=row.id,
        instance_id=row.instance_id,
        activity=row.activity,
        element_id=row.element_id,
        title={"fr": row.title_fr, "en": row.title_en},
        process_key=row.process_key,
        process_title={"fr": row.process_fr, "en": row.process_en},
        version_id=row.version_id,
        content_hash=row.content_hash,
        business_key=row.business_key,
        is_suspended=row.is_suspended,
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
        why_stored=row.why,
        offered=None if row.offered is None else tuple(row.offered),
    )
