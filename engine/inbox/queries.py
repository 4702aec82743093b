"""What people see of their tasks. Nothing here loads a state or a model: the rows carry what lists show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, TextualSelect, column, text
from sqlalchemy.orm import Session

from engine.data import from_canonical
from engine.feel import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryValue:
    """One entry of what a bundle wants people to see of a case."""

    label: Mapping[str, str]
    type: str
    value: Value


class TaskRow(NamedTuple):
    """A task in a list, as its statement gives it (``COLUMNS``, in this order): a page has fifty, and takes none of them apart.

    ``is_suspended``: its case stands still, so nobody can complete it now. ``offered``: the logins of those whom it was offered to when it
    was created; None for a task from before that was kept.
    """

    id: int
    instance_id: int
    activity: str
    element_id: str
    title_fr: str
    title_en: str
    process_key: str
    role: str | None
    assignee: str | None
    claimed_at: datetime | None
    not_same_as: str | None
    form: str | None
    created_at: datetime
    due_at: datetime | None
    follow_up_at: datetime | None
    priority: int
    sort_at: datetime
    is_open: bool
    closed_at: datetime | None
    closed_by: str | None
    outcome: str | None
    given_by: str | None
    given_at: datetime | None
    given_note: str | None
    why_stored: str | None
    offered: Sequence[str] | None
    business_key: str | None
    summary_stored: str
    version_id: int
    is_suspended: bool
    content_hash: str
    process_fr: str
    process_en: str

    @property
    def title(self) -> Mapping[str, str]:
        """By locale."""
        return {"fr": self.title_fr, "en": self.title_en}

    @property
    def process_title(self) -> Mapping[str, str]:
        """By locale."""
        return {"fr": self.process_fr, "en": self.process_en}

    @property
    def is_claimed(self) -> bool:
        """Somebody took it."""
        return self.claimed_at is not None

    @property
    def summary(self) -> tuple[SummaryValue, ...]:
        """What lists show of the case."""
        return read_summary(self.summary_stored)

    @property
    def why(self) -> Mapping[str, Any] | None:
        """The record of ``engine.instances.why`` as it was when the task was created; None for a task from before that was kept."""
        found: Mapping[str, Any] | None = None if self.why_stored is None else from_canonical(self.why_stored)
        return found


_ELSEWHERE: Final = {
    "business_key": "instance.business_key",
    "summary_stored": "instance.summary",
    "version_id": "instance.version_id",
    "is_suspended": "instance.suspended_at IS NOT NULL",
    "content_hash": "version.content_hash",
    "process_fr": "version.title_fr",
    "process_en": "version.title_en",
    "why_stored": "task.why",
}
COLUMNS: Final = ", ".join(f"{_ELSEWHERE.get(name, f'task.{name}')} AS {name}" for name in TaskRow._fields)


def rows_of(statement: str, *more: str) -> TextualSelect:
    """A statement that gives ``COLUMNS``, then ``more``. That they are known here spares reading from each answer what it has."""
    return text(statement).columns(*map(column, (*TaskRow._fields, *more)))


def task_row(row: Row[Any]) -> TaskRow:
    """The task of a row that begins with ``COLUMNS``."""
    return TaskRow._make(row[: len(TaskRow._fields)])


_JOINS = """
    JOIN engine.instance ON instance.id = task.instance_id
    JOIN engine.definition_version version ON version.id = instance.version_id
"""

_ONE = rows_of(f"SELECT {COLUMNS} FROM engine.task {_JOINS} WHERE task.id = :task")  # noqa: S608 - composed of constants

_OF_INSTANCE = rows_of(f"""
    SELECT {COLUMNS} FROM engine.task {_JOINS} WHERE task.instance_id = :instance ORDER BY task.id
""")  # noqa: S608 - composed of constants

_ARCHIVED = rows_of(f"""
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
