"""The rows of ``engine.timer``, written by the step that sets or ends a wait."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from engine.database.together import Together, Writing


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerRow:
    """A wait of an instance for a moment."""

    element_id: str
    due_at: datetime


# An ended wait that was set again in the same step (the next round of a cycle) is only in ``set``.
_SAVE = Writing("""
    timers_ended AS (
        DELETE FROM engine.timer WHERE instance_id = :instance AND wait = ANY(CAST(:timers_ended AS text[]))
    ), timers_set AS (
        INSERT INTO engine.timer (instance_id, wait, element_id, due_at)
        SELECT :instance, t.wait, t.element_id, t.due_at
        FROM json_to_recordset(CAST(:timers_set AS json)) AS t(wait text, element_id text, due_at timestamptz)
        ON CONFLICT (instance_id, wait) DO UPDATE SET due_at = EXCLUDED.due_at, promoted_at = NULL
    )
""")


def save(session: Session, instance_id: int, *, set_: Mapping[str, TimerRow], ended: Collection[str]) -> None:
    """Write timers, as ``add``, where nothing else is written with them."""
    together = Together()
    add(together, instance_id, set_=set_, ended=ended)
    if not together.is_empty:
        together.send(session)


def add(together: Together, instance_id: int, *, set_: Mapping[str, TimerRow], ended: Collection[str]) -> None:
    """The timers of a step, by wait, to be written (nothing if there are none)."""
    gone = [wait for wait in ended if wait not in set_]
    if not set_ and not gone:
        return
    together.add(
        _SAVE,
        {
            "instance": instance_id,
            "timers_ended": gone,
            "timers_set": json.dumps(
                [
                    {"wait": wait, "element_id": row.element_id, "due_at": row.due_at.isoformat()}
                    for wait, row in set_.items()
                ]
            ),
        },
    )
