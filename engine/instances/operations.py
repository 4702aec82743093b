"""What operators look at: incidents of all cases, and messages that nobody has received.

All of it in a reading transaction (``Database.reading``), for people who operate (``operators.OPERATORS``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.definitions import store as definitions
from engine.errors import Facts
from engine.instances.names import element_title
from engine.jobs.parking import plain


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentFilter:
    """Which open incidents; None: any. ``handler`` is the one that the facts name."""

    process_key: str | None = None
    code: str | None = None
    handler: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRow:
    """An open incident in the list. ``instance_id`` None: the job ``job_name`` of no case gave up. Titles by locale."""

    id: int
    instance_id: int | None
    business_key: str | None
    process_key: str | None
    process_title: Mapping[str, str]
    element_title: Mapping[str, str] | None
    code: str
    place: str
    facts: Facts
    job_name: str | None
    raised_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentPage:
    """A page of incidents; ``next`` is the ``before`` of the page that follows, None at the end."""

    incidents: tuple[IncidentRow, ...]
    next: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the filters can be set to: what the newest open incidents have. ``processes``: titles by locale, by key."""

    processes: Mapping[str, Mapping[str, str]]
    codes: tuple[str, ...]
    handlers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UndeliveredMessage:
    """A message that nobody has received: it waits until ``expires_at``, then nobody can receive it any more."""

    id: int
    name: str
    key: str | None
    sent_at: datetime
    sent_by: str
    expires_at: datetime
    sender_instance_id: int | None
    sender_key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePage:
    """A page of messages, newest first; ``next`` as above."""

    messages: tuple[UndeliveredMessage, ...]
    next: int | None


_WHERE = """
    incident.resolved_at IS NULL
      AND (CAST(:process AS text) IS NULL OR instance.process_key = :process)
      AND (CAST(:code AS text) IS NULL OR incident.code = :code)
      AND (CAST(:handler AS text) IS NULL OR incident.facts::json ->> 'handler' = :handler)
"""

_INCIDENTS = text(f"""
    SELECT incident.id, incident.instance_id, incident.element_id, incident.code, incident.place, incident.facts, incident.job_name,
           incident.raised_at, instance.business_key, instance.process_key, version.title_fr, version.title_en, version.content_hash
    FROM engine.incident
    LEFT JOIN engine.instance ON instance.id = incident.instance_id
    LEFT JOIN engine.definition_version version ON version.id = instance.version_id
    WHERE {_WHERE} AND (CAST(:before AS bigint) IS NULL OR incident.id < :before)
    ORDER BY incident.id DESC LIMIT :limit
""")  # noqa: S608 - composed of constants

_IDS = text(f"""
    SELECT incident.id FROM engine.incident LEFT JOIN engine.instance ON instance.id = incident.instance_id
    WHERE {_WHERE} ORDER BY incident.id LIMIT :limit
""")  # noqa: S608 - composed of constants

# Of the newest ones: a list that is longer is not read to its end anyway.
_CHOICES = text("""
    SELECT DISTINCT found.code, found.handler, instance.process_key, version.title_fr, version.title_en
    FROM (SELECT code, facts::json ->> 'handler' AS handler, instance_id FROM engine.incident
          WHERE resolved_at IS NULL ORDER BY id DESC LIMIT 1000) AS found
    LEFT JOIN engine.instance ON instance.id = found.instance_id
    LEFT JOIN engine.definition_version version ON version.id = instance.version_id
""")

_COUNT = text("SELECT count(*) FROM (SELECT FROM engine.incident WHERE resolved_at IS NULL LIMIT :most) AS found")

_MESSAGES = text("""
    SELECT message.id, name, correlation_key, sent_at, sent_by, expires_at, sender_instance_id, sender.business_key AS sender_key
    FROM engine.message LEFT JOIN engine.instance sender ON sender.id = sender_instance_id
    WHERE received_at IS NULL
      AND (CAST(:name AS text) IS NULL OR name = :name)
      AND (CAST(:before AS bigint) IS NULL OR message.id < :before)
    ORDER BY message.id DESC LIMIT :limit
""")


def incidents(session: Session, only: IncidentFilter, *, before: int | None = None, limit: int = 50) -> IncidentPage:
    """Open incidents, newest first."""
    rows = session.execute(_INCIDENTS, {**_given(only), "before": before, "limit": limit + 1}).all()
    shown = tuple(_incident(session, row) for row in rows[:limit])
    return IncidentPage(incidents=shown, next=shown[-1].id if len(rows) > limit else None)


def incident_ids(session: Session, only: IncidentFilter, *, limit: int) -> tuple[int, ...]:
    """The ids of all of them, oldest first, ``limit`` at most."""
    return tuple(session.execute(_IDS, {**_given(only), "limit": limit}).scalars())


def choices(session: Session) -> Choices:
    """What the filters offer."""
    rows = session.execute(_CHOICES).all()
    return Choices(
        processes={
            row.process_key: {"fr": row.title_fr, "en": row.title_en}
            for row in sorted(rows, key=lambda each: each.process_key or "")
            if row.process_key
        },
        codes=tuple(sorted({row.code for row in rows})),
        handlers=tuple(sorted({row.handler for row in rows if row.handler})),
    )


def count_incidents(session: Session, most: int = 100) -> int:
    """How many incidents are open, ``most`` at most."""
    return int(session.execute(_COUNT, {"most": most}).scalar_one())


def undelivered(
    session: Session, *, name: str | None = None, before: int | None = None, limit: int = 50
) -> MessagePage:
    """Messages that nobody has received, also those whose time is over; newest first."""
    rows = session.execute(_MESSAGES, {"name": name, "before": before, "limit": limit + 1}).all()
    shown = tuple(
        UndeliveredMessage(
            id=row.id,
            name=row.name,
            key=row.correlation_key,
            sent_at=row.sent_at,
            sent_by=row.sent_by,
            expires_at=row.expires_at,
            sender_instance_id=row.sender_instance_id,
            sender_key=row.sender_key,
        )
        for row in rows[:limit]
    )
    return MessagePage(messages=shown, next=shown[-1].id if len(rows) > limit else None)


def _given(only: IncidentFilter) -> dict[str, Any]:
    return {"process": only.process_key, "code": only.code, "handler": only.handler}


def _incident(session: Session, row: Any) -> IncidentRow:
    title = None
    if row.element_id and row.content_hash:
        title = element_title(definitions.bundle_of(session, row.content_hash), row.element_id)
    return IncidentRow(
        id=row.id,
        instance_id=row.instance_id,
        business_key=row.business_key,
        process_key=row.process_key,
        process_title={} if row.process_key is None else {"fr": row.title_fr, "en": row.title_en},
        element_title=title,
        code=row.code,
        place=row.place,
        facts=plain(row.facts),
        job_name=row.job_name,
        raised_at=row.raised_at,
    )
