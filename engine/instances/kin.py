"""Who called a case, and what it called: what pages show of it, in a reading transaction.

Whoever may see a case may know that it was called, and by which step; the number of the other case, its state and the way to it are for
those who may see that one too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.definitions import store as definitions
from engine.handler import Actor
from engine.instances.access import may_see_case
from engine.instances.names import element_title

SHOWN: Final = 100
"""Called cases of one caller that its page lists, the newest ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kin:
    """The other end of a call. ``step``: the title of the call by locale.

    ``id`` None: the case has not begun yet, or the actor may not see it (then nothing is known of it). ``status`` as of a case, or
    ``waiting`` before it begins. ``is_awaited``: the caller waits for it.
    """

    step: Mapping[str, str]
    id: int | None
    business_key: str | None
    status: str
    is_awaited: bool
    open_incidents: int


_KIN = """
    kin.id, kin.business_key, CASE WHEN kin.suspended_at IS NOT NULL THEN 'suspended' ELSE kin.status END AS status, kin.started_by,
    kin_version.lane_roles,
    (SELECT count(*) FROM engine.incident WHERE incident.instance_id = kin.id AND incident.resolved_at IS NULL) AS open_incidents,
    call.element_id, call.ended_at IS NULL AS is_awaited
"""

_CALLER = text(f"""
    SELECT {_KIN}, kin_version.content_hash
    FROM engine.call JOIN engine.instance kin ON kin.id = call.instance_id
    JOIN engine.definition_version kin_version ON kin_version.id = kin.version_id
    WHERE call.child_instance_id = :instance
""")  # noqa: S608 - composed of constants

_CALLED = text(f"""
    SELECT {_KIN}, version.content_hash
    FROM engine.call JOIN engine.instance caller ON caller.id = call.instance_id
    JOIN engine.definition_version version ON version.id = caller.version_id
    LEFT JOIN engine.instance kin ON kin.id = call.child_instance_id
    LEFT JOIN engine.definition_version kin_version ON kin_version.id = kin.version_id
    WHERE call.instance_id = :instance AND (kin.id IS NOT NULL OR call.ended_at IS NULL)
    ORDER BY call.number DESC LIMIT :most
""")  # noqa: S608 - composed of constants


def caller(session: Session, actor: Actor, instance_id: int) -> Kin | None:
    """The case that called this one; None when nobody did."""
    row = session.execute(_CALLER, {"instance": instance_id}).one_or_none()
    return None if row is None else _kin(session, actor, row)


def called(session: Session, actor: Actor, instance_id: int) -> tuple[Kin, ...]:
    """What this case called or is about to call, newest first."""
    rows = session.execute(_CALLED, {"instance": instance_id, "most": SHOWN})
    return tuple(_kin(session, actor, row) for row in rows)


def _kin(session: Session, actor: Actor, row: Row[Any]) -> Kin:
    step = element_title(definitions.bundle_of(session, row.content_hash), row.element_id)
    is_seen = row.id is not None and may_see_case(actor, started_by=row.started_by, lane_roles=row.lane_roles)
    return Kin(
        step=step,
        id=row.id if is_seen else None,
        business_key=row.business_key if is_seen else None,
        status=row.status if is_seen else "waiting" if row.id is None else "hidden",
        is_awaited=row.is_awaited,
        open_incidents=row.open_incidents if is_seen else 0,
    )
