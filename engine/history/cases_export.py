"""The cases of a process and a period with their events, for exports to tools of process mining (``ocel``, ``xes``).

Whole cases: those that started in the period, each with all that happened to it until now. Read a thousand events at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import chain, groupby, tee
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.data import YearsMonths, from_canonical, to_canonical
from engine.migration import versions

_CHOSEN = """
    instance.process_key = :process
    AND (CAST(:since AS timestamptz) IS NULL OR instance.started_at >= :since)
    AND (CAST(:before AS timestamptz) IS NULL OR instance.started_at < :before)
"""
_COUNT = text(f"SELECT coalesce(sum(chain_sequence), 0) FROM engine.instance WHERE {_CHOSEN}")  # noqa: S608 - composed of constants
_EVENTS = text(f"""
    SELECT instance.id, instance.business_key, instance.status, instance.started_at, instance.started_by, instance.ended_at,
           version.number AS version, first.content_hash AS first_hash, event.sequence, event.at, event.actor, event.type, event.record
    FROM engine.instance
    JOIN engine.definition_version version ON version.id = instance.version_id
    JOIN engine.definition_version first ON first.id = coalesce(instance.first_version_id, instance.version_id)
    JOIN engine.event ON event.instance_id = instance.id
    WHERE {_CHOSEN} ORDER BY instance.id, event.sequence
""")  # noqa: S608 - composed of constants
_BATCH = 1_000

TitleOf = Callable[[str, str], str]
"""What people call an element (its id) of a version (its content hash)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which cases: of one process, started at or after ``since`` and before ``before`` (None: without limit)."""

    process_key: str
    since: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One event of a case; ``record`` has its values back. ``version_hash``: the version that the case was in then."""

    sequence: int
    at: datetime
    actor: str
    type: str
    record: dict[str, Any]
    version_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedCase:
    """A case and what is known of it now."""

    id: int
    version: int
    business_key: str | None
    status: str
    started_at: datetime
    started_by: str
    ended_at: datetime | None


def cases(session: Session, chosen: Chosen) -> Iterator[tuple[ExportedCase, Iterator[Happened]]]:
    """Each case with its events, which are to be read before the next case is asked for."""
    rows = session.execute(_EVENTS, _given(chosen), execution_options={"yield_per": _BATCH})
    for _, group in groupby(rows, key=lambda row: row.id):
        events = iter(group)
        first = next(events)
        yield _case(first), _happened(first.first_hash, chain([first], events))


def count(session: Session, chosen: Chosen) -> int:
    """How many events they have, as their rows say."""
    return int(session.execute(_COUNT, _given(chosen)).scalar_one())


def _given(chosen: Chosen) -> dict[str, Any]:
    return {"process": chosen.process_key, "since": chosen.since, "before": chosen.before}


def _case(row: Row[Any]) -> ExportedCase:
    return ExportedCase(
        id=row.id,
        version=row.version,
        business_key=row.business_key,
        status=row.status,
        started_at=row.started_at,
        started_by=row.started_by,
        ended_at=row.ended_at,
    )


def _happened(first: str, rows: Iterator[Row[Any]]) -> Iterator[Happened]:
    one, other = tee((row, from_canonical(row.record)) for row in rows)  # read in step: nothing piles up between them
    for (row, record), version_hash in zip(one, versions((record for _, record in other), first), strict=True):
        yield Happened(
            sequence=row.sequence,
            at=row.at,
            actor=row.actor,
            type=row.type,
            record=record,
            version_hash=version_hash,
        )


def plain(value: object) -> tuple[str, str]:
    """A value of a process for the outside: its type (string, integer, float, boolean, time) and its text."""
    if value is None:
        return "string", ""
    if isinstance(value, bool):
        return "boolean", "true" if value else "false"
    if isinstance(value, Decimal | int):
        is_whole = isinstance(value, int) or value == value.to_integral_value()
        return ("integer", str(int(value))) if is_whole else ("float", format(value, "f"))
    if isinstance(value, datetime):
        return "time", value.isoformat()
    if isinstance(value, str | UUID | date | time):
        return "string", str(value)
    if isinstance(value, timedelta | YearsMonths | dict | list | tuple):
        return "string", to_canonical(value)
    raise TypeError(type(value).__name__)
