"""The rows of ``engine.timer``, written by the step that sets or ends a wait."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerRow:
    """A wait of an instance for a moment."""

    element_id: str
    due_at: datetime


# An ended wait that was set again in the same step (the next round of a cycle) is only in ``set``.
_SAVE = text("""
    WITH ended AS (
        DELETE FROM engine.timer WHERE instance_id = :instance AND wait = ANY(CAST(:ended AS text[]))
    )
    INSERT INTO engine.timer (instance_id, wait, element_id, due_at)
    SELECT :instance, t.wait, t.element_id, t.due_at
    FROM json_to_recordset(CAST(:set AS json)) AS t(wait text, element_id text, due_at timestamptz)
    ON CONFLICT (instance_id, wait) DO UPDATE SET due_at = EXCLUDED.due_at, promoted_at = NULL
""")


def save(session: Session, instance_id: int, *, set_: Mapping[str, TimerRow], ended: Collection[str]) -> None:
    """Write the timers of a step, by wait, in one statement (none if there is nothing to write)."""
    gone = [wait for wait in ended if wait not in set_]
    if not set_ and not gone:
        return
    session.execute(
        _SAVE,
        {
            "instance": instance_id,
            "ended": gone,
            "set": json.dumps(
                [
                    {"wait": wait, "element_id": row.element_id, "due_at": row.due_at.isoformat()}
                    for wait, row in set_.items()
                ]
            ),
        },
    )
