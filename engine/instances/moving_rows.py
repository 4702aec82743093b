"""The rows beside the state of a case that goes to another version, or back: what two states differ in.

A step writes its rows from its events; here everything may have another name at once, so the rows follow from the states themselves.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.inbox.store import MOST_OFFERED, NEVER
from engine.instances import incidents
from engine.kernel import State, Wait
from engine.messages import store as messages
from engine.messages.store import SubscriptionRow
from engine.timers import store as timers
from engine.timers.store import TimerRow

TaskRow = Mapping[str, Any]
"""An open task as its row stands, moments as text: what is kept so that it can be put back."""

_COLUMNS = """
    activity, element_id, title_fr, title_en, role, assignee, claimed_at, not_same_as, form, due_at, follow_up_at, priority, why, offered
"""
_TASKS = text(f"""
    SELECT coalesce(json_agg(found), '[]') FROM (
        SELECT {_COLUMNS} FROM engine.task WHERE instance_id = :instance AND is_open ORDER BY id
    ) AS found
""")  # noqa: S608 - composed of constants

# Whoever is offered a task that has no list of theirs is found anew.
_SAVE_TASKS = text("""
    UPDATE engine.task
    SET element_id = r.element_id, title_fr = r.title_fr, title_en = r.title_en, role = r.role, assignee = r.assignee,
        claimed_at = r.claimed_at, not_same_as = r.not_same_as, form = r.form, due_at = r.due_at, follow_up_at = r.follow_up_at,
        priority = r.priority, sort_at = coalesce(r.due_at, :never), why = r.why,
        offered = CASE WHEN r.offered IS NOT NULL OR r.assignee IS NOT NULL THEN r.offered ELSE ARRAY(
            SELECT person.login FROM engine.person_role held JOIN engine.person ON person.id = held.person_id
            WHERE held.role_key = r.role AND person.is_active AND (held.until_at IS NULL OR held.until_at > :now)
            ORDER BY person.login LIMIT :most_offered) END
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(
        activity text, element_id text, title_fr text, title_en text, role text, assignee text, claimed_at timestamptz, not_same_as text,
        form text, due_at timestamptz, follow_up_at timestamptz, priority integer, why text, offered text[])
    WHERE task.instance_id = :instance AND task.activity = r.activity AND task.is_open
""")

_RENAME = text("""
    WITH named AS (
        SELECT * FROM unnest(CAST(:ids AS text[]), CAST(:elements AS text[])) AS n(id, element_id)
    ), of_timers AS (
        UPDATE engine.timer SET element_id = named.element_id FROM named WHERE instance_id = :instance AND wait = named.id
    ), of_subscriptions AS (
        UPDATE engine.subscription SET element_id = named.element_id FROM named WHERE instance_id = :instance AND wait = named.id
    ), of_effects AS (
        UPDATE engine.effect SET element_id = named.element_id FROM named WHERE instance_id = :instance AND activity = named.id
    )
    UPDATE engine.incident SET element_id = named.element_id FROM named
    WHERE instance_id = :instance AND reference = named.id AND resolved_at IS NULL
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
    session: Session, instance_id: int, before: State, after: State, actor: str, now: datetime
) -> None:
    """Write timers, subscriptions, incidents and effects as ``after`` has them, where it differs from ``before``."""
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
    messages.save_subscriptions(
        session,
        instance_id,
        now,
        opened={each.id: row for each in opened if (row := _subscription(each)) is not None},
        ended={each for each in ended if _subscription(before.waits[each]) is not None},
    )
    resolved = before.incidents.keys() - after.incidents.keys()
    incidents.save(session, instance_id, now, actor, raised={}, resolved=resolved)
    if reopened := after.incidents.keys() - before.incidents.keys():
        session.execute(_REOPEN, {"instance": instance_id, "references": list(reopened)})


def _names(state: State) -> dict[str, str]:
    """The elements of everything that lives, by its id."""
    everything = (*state.activities.values(), *state.waits.values(), *state.incidents.values())
    return {each.id: each.element for each in everything}


def _subscription(wait: Wait) -> SubscriptionRow | None:
    if wait.signal is not None:
        return SubscriptionRow(kind="signal", element_id=wait.element, name=wait.signal)
    if wait.name is not None:
        return SubscriptionRow(kind="message", element_id=wait.element, name=wait.name, key=wait.key or "")
    return None
