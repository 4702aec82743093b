"""The rows beside the state of a case that goes to another version, or back: what two states differ in.

A step writes its rows from its events; here everything may have another name at once, so the rows follow from the states themselves.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.inbox.store import MOST_OFFERED, NEVER, offered_to
from engine.instances import incidents, waits
from engine.instances.rows import awaited
from engine.kernel import State, Wait
from engine.messages import store as messages
from engine.messages.store import NO_KEY, SubscriptionRow
from engine.model.bundle import Bundle
from engine.timers import store as timers
from engine.timers.store import TimerRow

OF_HOLDER: Final = ("assignee", "claimed_at", "given_by", "given_at", "given_note")
"""What an open task says of who has it."""

TaskRow = Mapping[str, Any]
"""An open task as its row stands, moments as text: what is kept so that it can be put back."""

_COLUMNS = """
    activity, element_id, title_fr, title_en, role, assignee, claimed_at, given_by, given_at, given_note, not_same_as, form, due_at,
    follow_up_at, priority, why, offered
"""
_TASKS = text(f"""
    SELECT coalesce(json_agg(found), '[]') FROM (
        SELECT {_COLUMNS} FROM engine.task WHERE instance_id = :instance AND is_open ORDER BY id
    ) AS found
""")  # noqa: S608 - composed of constants

# Whoever is offered a task that has no list of theirs is found anew.
_SAVE_TASKS = text(f"""
    UPDATE engine.task
    SET element_id = r.element_id, title_fr = r.title_fr, title_en = r.title_en, role = r.role, assignee = r.assignee,
        claimed_at = r.claimed_at, given_by = r.given_by, given_at = r.given_at, given_note = r.given_note,
        not_same_as = r.not_same_as, form = r.form, due_at = r.due_at, follow_up_at = r.follow_up_at,
        priority = r.priority, sort_at = coalesce(r.due_at, :never), why = r.why,
        offered = CASE WHEN r.offered IS NOT NULL OR r.assignee IS NOT NULL THEN r.offered ELSE {offered_to("r.role")} END
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(
        activity text, element_id text, title_fr text, title_en text, role text, assignee text, claimed_at timestamptz,
        given_by text, given_at timestamptz, given_note text, not_same_as text, form text, due_at timestamptz,
        follow_up_at timestamptz, priority integer, why text, offered text[])
    WHERE task.instance_id = :instance AND task.activity = r.activity AND task.is_open
""")  # noqa: S608 - composed of constants

_RENAME = text("""
    WITH named AS (
        SELECT * FROM unnest(CAST(:ids AS text[]), CAST(:elements AS text[])) AS n(id, element_id)
    ), of_timers AS (
        UPDATE engine.timer SET element_id = named.element_id FROM named WHERE instance_id = :instance AND wait = named.id
    ), of_subscriptions AS (
        UPDATE engine.subscription SET element_id = named.element_id FROM named WHERE instance_id = :instance AND wait = named.id
    ), of_effects AS (
        UPDATE engine.effect SET element_id = named.element_id FROM named WHERE instance_id = :instance AND activity = named.id
    ), of_calls AS (
        UPDATE engine.call SET element_id = named.element_id FROM named WHERE instance_id = :instance AND activity = named.id
    )
    UPDATE engine.incident SET element_id = named.element_id FROM named
    WHERE instance_id = :instance AND coalesce(reference, activity) = named.id AND resolved_at IS NULL
""")

_REOPEN = text("""
    UPDATE engine.incident SET resolved_at = NULL, resolved_by = NULL
    WHERE instance_id = :instance AND reference = ANY(CAST(:references AS text[]))
""")


def open_tasks(session: Session, instance_id: int) -> list[TaskRow]:
    """The open tasks of a case, oldest first."""
    found: list[TaskRow] = session.execute(_TASKS, {"instance": instance_id}).scalar_one()
    return found


def save_tasks(session: Session, instance_id: int, rows: Sequence[TaskRow], now: datetime) -> None:
    """Write open tasks as ``rows`` have them."""
    if rows:
        given = {"instance": instance_id, "rows": json.dumps(list(rows)), "now": now, "never": NEVER}
        session.execute(_SAVE_TASKS, given | {"most_offered": MOST_OFFERED})


def save(  # noqa: PLR0917 - what of which, by whom, when
    session: Session, instance_id: int, before: State, after: State, bundle: Bundle, actor: str, now: datetime
) -> None:
    """Write timers, subscriptions, incidents, effects and calls as ``after`` (in ``bundle``) has them, where it differs from ``before``.

    Raises Conflict: it would wait for a message with a key that only one may have, and another case has it.
    """
    names = _names(before), _names(after)
    renamed = {each: element for each, element in names[1].items() if names[0].get(each, element) != element}
    if renamed:
        given = {"instance": instance_id, "ids": list(renamed), "elements": list(renamed.values())}
        session.execute(_RENAME, given)
    ended = before.waits.keys() - after.waits.keys()
    opened = [each for each in after.waits.values() if each.id not in before.waits]
    timers.save(
        session,
        instance_id,
        set_={each.id: TimerRow(element_id=each.element, due_at=each.due_at) for each in opened if each.due_at},
        ended={each for each in ended if before.waits[each].due_at is not None},
    )
    refused = messages.save_subscriptions(
        session,
        instance_id,
        now,
        opened={each.id: row for each in opened if (row := _subscription(each, bundle)) is not None},
        ended={each for each in ended if _subscription(before.waits[each], bundle) is not None},
    )
    for each in refused:
        raise waits.taken(each)
    resolved = before.incidents.keys() - after.incidents.keys()
    incidents.save(session, instance_id, now, actor, raised={}, resolved=resolved)
    if reopened := after.incidents.keys() - before.incidents.keys():
        session.execute(_REOPEN, {"instance": instance_id, "references": list(reopened)})


def _names(state: State) -> dict[str, str]:
    """The elements of everything that lives, by its id."""
    return {
        **{each.id: each.element for each in state.activities.values()},
        **{each.id: each.element for each in state.waits.values()},
        **{each.id: each.element for each in state.incidents.values()},
    }


def _subscription(wait: Wait, bundle: Bundle) -> SubscriptionRow | None:
    if wait.signal is not None:
        return SubscriptionRow(kind="signal", element_id=wait.element, name=wait.signal)
    if wait.name is not None:
        return awaited(bundle, wait.element, wait.name, wait.key or NO_KEY)
    return None


def offered_anew(before: Sequence[TaskRow], after: Sequence[TaskRow]) -> list[dict[str, Any]]:
    """What the history says of the tasks that others are to do now."""
    was = {each["activity"]: (each["role"], _named(each)) for each in before}
    return [
        {
            "type": "task:offered",
            "activity": each["activity"],
            "element": each["element_id"],
            "role": each["role"],
            "assignee": _named(each),
        }
        for each in after
        if was[each["activity"]] != (each["role"], _named(each))
    ]


def _named(row: TaskRow) -> str | None:
    """Whom the task itself names; not who has taken it."""
    return None if row["claimed_at"] is not None else row["assignee"]
