"""What somebody has typed into a form and not sent: kept for each person, until the task is done."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine import clock
from engine.database.session import Database
from engine.errors import FieldProblem, InvalidInput, NotFound
from engine.handler import Actor
from engine.inbox.offers import offer
from engine.inbox.rules import refusal

MOST_CHARACTERS: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Answers as they were typed, by field."""

    answers: Mapping[str, str]
    saved_at: datetime


_SAVE = text("""
    INSERT INTO engine.task_draft (task_id, person_login, answers, saved_at) VALUES (:task, :login, :answers, :now)
    ON CONFLICT (task_id, person_login) DO UPDATE SET answers = EXCLUDED.answers, saved_at = EXCLUDED.saved_at
""")
_FIND = text("SELECT answers, saved_at FROM engine.task_draft WHERE task_id = :task AND person_login = :login")
_FORGET = text("DELETE FROM engine.task_draft WHERE task_id = :task AND person_login = :login")


def save(database: Database, actor: Actor, task_id: int, answers: Mapping[str, str]) -> datetime:
    """Keep what was typed; gives the moment. Nothing of it is checked: it is not an answer yet.

    Raises NotFound; what ``refusal`` gives; InvalidInput (``draft_too_long``).
    """
    now = clock.now()
    kept = json.dumps({name: value.replace("\0", "") for name, value in answers.items()}, ensure_ascii=True)
    if len(kept) > MOST_CHARACTERS:
        raise InvalidInput((FieldProblem(field="draft", code="draft_too_long"),))
    with database.transaction() as session:
        found = offer(session, task_id, actor, now)
        if found is None:
            raise NotFound("task_not_found", task=task_id)
        reason = refusal(found, actor)
        if reason is not None:
            raise reason
        session.execute(_SAVE, {"task": task_id, "login": actor.login, "answers": kept, "now": now})
    return now


def find(session: Session, actor: Actor, task_id: int) -> Draft | None:
    """The actor's draft of the task."""
    row = session.execute(_FIND, {"task": task_id, "login": actor.login}).one_or_none()
    return None if row is None else Draft(answers=json.loads(row.answers), saved_at=row.saved_at)


def forget(database: Database, actor: Actor, task_id: int) -> None:
    """Throw the actor's draft away; none is fine."""
    with database.transaction() as session:
        session.execute(_FORGET, {"task": task_id, "login": actor.login})
