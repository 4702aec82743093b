"""The rows of ``engine.incident`` that the kernel's incidents have, and what an operator reads and retries."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.data import from_canonical, to_canonical
from engine.errors import Facts
from engine.instances.rows import NewIncident


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Work that stopped. ``reference`` is the kernel's id; None: the job ``job_name`` gave up."""

    id: int
    instance_id: int | None
    reference: str | None
    activity: str | None
    element_id: str | None
    code: str
    place: str
    facts: Facts
    job_name: str | None
    job_arguments: Mapping[str, str | int]
    raised_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None


_SAVE = text("""
    WITH resolved AS (
        UPDATE engine.incident SET resolved_at = :now, resolved_by = :actor
        WHERE instance_id = :instance AND reference = ANY(CAST(:resolved AS text[])) AND resolved_at IS NULL
    )
    INSERT INTO engine.incident (instance_id, reference, activity, element_id, code, place, facts, raised_at)
    SELECT :instance, i.reference, i.activity, i.element_id, i.code, i.place, i.facts, :now
    FROM unnest(CAST(:references AS text[]), CAST(:activities AS text[]), CAST(:elements AS text[]), CAST(:codes AS text[]),
                CAST(:places AS text[]), CAST(:facts AS text[]))
        AS i(reference, activity, element_id, code, place, facts)
""")

_COLUMNS = """
    id, instance_id, reference, activity, element_id, code, place, facts, job_name, job_arguments, raised_at, resolved_at, resolved_by
"""

_FIND = text(f"SELECT {_COLUMNS} FROM engine.incident WHERE id = :id")  # noqa: S608 - composed of constants
_OF_INSTANCE = text(f"SELECT {_COLUMNS} FROM engine.incident WHERE instance_id = :instance ORDER BY id")  # noqa: S608
_ARCHIVED = text(f"""
    SELECT {_COLUMNS} FROM jsonb_populate_recordset(CAST(NULL AS engine.incident), CAST(:incidents AS jsonb)) incident ORDER BY id
""")  # noqa: S608 - composed of constants
_RESOLVE = text("""
    UPDATE engine.incident SET resolved_at = :now, resolved_by = :actor WHERE id = :id AND resolved_at IS NULL RETURNING id
""")


_RESOLVE_JOBS = text("""
    UPDATE engine.incident SET resolved_at = :now, resolved_by = :actor
    WHERE instance_id = :instance AND job_name IS NOT NULL AND resolved_at IS NULL
""")


def save(
    session: Session,
    instance_id: int,
    now: datetime,
    actor: str,
    *,
    raised: Mapping[str, NewIncident],
    resolved: Collection[str],
) -> None:
    """Write the incidents of a step, by the kernel's id, in one statement (none if there is nothing to write)."""
    if not raised and not resolved:
        return
    found = list(raised.values())
    session.execute(
        _SAVE,
        {
            "instance": instance_id,
            "now": now,
            "actor": actor,
            "resolved": list(resolved),
            "references": list(raised),
            "activities": [each.activity for each in found],
            "elements": [each.element_id for each in found],
            "codes": [each.code for each in found],
            "places": [each.place for each in found],
            "facts": [to_canonical(each.facts) for each in found],
        },
    )


def find(session: Session, incident_id: int) -> Incident | None:
    """One incident."""
    row = session.execute(_FIND, {"id": incident_id}).one_or_none()
    return None if row is None else _incident(row)


def of_instance(session: Session, instance_id: int, archived: str | None = None) -> tuple[Incident, ...]:
    """Every incident that the instance ever had, oldest first. ``archived``: JSON of their rows, of a case that is in the archive."""
    if archived is None:
        return tuple(_incident(row) for row in session.execute(_OF_INSTANCE, {"instance": instance_id}))
    return tuple(_incident(row) for row in session.execute(_ARCHIVED, {"incidents": archived}))


def resolve(session: Session, incident_id: int, actor: str, now: datetime) -> bool:
    """Close the incident of a job; False if somebody else has."""
    return session.execute(_RESOLVE, {"id": incident_id, "actor": actor, "now": now}).first() is not None


def resolve_jobs(session: Session, instance_id: int, actor: str, now: datetime) -> None:
    """Close the incidents of jobs of a case that ends: they would find nothing to do."""
    session.execute(_RESOLVE_JOBS, {"instance": instance_id, "actor": actor, "now": now})


def _incident(row: Row[Any]) -> Incident:
    return Incident(
        id=row.id,
        instance_id=row.instance_id,
        reference=row.reference,
        activity=row.activity,
        element_id=row.element_id,
        code=row.code,
        place=row.place,
        facts=_facts(row.facts),
        job_name=row.job_name,
        job_arguments={} if row.job_arguments is None else _facts(row.job_arguments),
        raised_at=row.raised_at,
        resolved_at=row.resolved_at,
        resolved_by=row.resolved_by,
    )


def _facts(stored: str) -> dict[str, Any]:
    """Facts as they were: their numbers are whole."""
    found = from_canonical(stored)
    return {key: value if value is None or isinstance(value, str) else int(value) for key, value in found.items()}
