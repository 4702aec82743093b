"""What a person's task is offered under, and what of that is different in another version."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from engine.errors import Fact
from engine.feel import Environment, Expression
from engine.kernel.evaluation import Evaluation, Variables
from engine.migration.problems import Change
from engine.model import readings
from engine.model.elements import UserTask


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskTerms:
    """What ``TaskCreated`` says of a task besides where it stands."""

    role: str | None = None
    assignee: str | None = None
    form: str | None = None
    due_at: datetime | None = None
    follow_up_at: datetime | None = None
    priority: int = readings.DEFAULT_PRIORITY
    not_same_as: str | None = None


FIELDS = tuple(each.name for each in fields(TaskTerms))


def new_terms(old: UserTask, new: UserTask, terms: TaskTerms, seen: Variables, since: Environment) -> TaskTerms:
    """The terms in the new version: what is written there as before stays as it is, the rest as at the moment when the task began.

    Raises Blocked: an expression of the new version gives no answer.
    """
    ask = Evaluation(since)
    found: dict[str, Any] = {}
    if _differ(old.assignee, new.assignee):
        found["assignee"] = ask.read(new.assignee, seen, "assignee", readings.text)
    if _differ(old.due, new.due):
        found["due_at"] = ask.read(new.due, seen, "due", readings.due)
    if _differ(old.follow_up, new.follow_up):
        found["follow_up_at"] = ask.read(new.follow_up, seen, "follow-up", readings.follow_up)
    if _differ(old.priority, new.priority):
        found["priority"] = ask.read(new.priority, seen, "priority", readings.priority)
    return replace(terms, role=new.role, form=new.form, not_same_as=new.not_same_as, **found)


def changes(element: str, before: TaskTerms, after: TaskTerms) -> Iterator[Change]:
    """One for each of the terms that is another one."""
    for name in FIELDS:
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            yield Change(code=f"migration_task_{name}", element=element, facts={"old": _fact(old), "new": _fact(new)})


def _differ(one: Expression | None, other: Expression | None) -> bool:
    return (one and one.source) != (other and other.source)


def _fact(value: Any) -> Fact:
    return value.isoformat() if isinstance(value, datetime) else value
