"""What pages ask about processes as a whole: which there are, who may start them, how many cases follow which version."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.definitions.store import Version, version_of
from engine.handler import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessRow:
    """A process by its latest version; ``running`` counts the cases in progress of all its versions."""

    version: Version
    start_roles: frozenset[str]
    running: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCounts:
    """How many cases follow a version."""

    running: int
    ended: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTask:
    """What a case waits for. ``title`` by locale."""

    title: Mapping[str, str]
    role: str | None
    assignee: str | None


_LATEST = """
    SELECT DISTINCT ON (process_key)
        id, process_key, number, content_hash, title_fr, title_en, note, published_at, published_by, reason, verdicts, start_roles
    FROM engine.definition_version ORDER BY process_key, number DESC
"""

_PROCESSES = text(f"""
    SELECT latest.*,
        (SELECT count(*) FROM engine.instance JOIN engine.definition_version of ON of.id = instance.version_id
         WHERE of.process_key = latest.process_key AND instance.status = 'active') AS running
    FROM ({_LATEST}) AS latest ORDER BY latest.process_key
""")  # noqa: S608 - composed of constants

_STARTABLE = text(f"""
    SELECT latest.*, 0 AS running FROM ({_LATEST}) AS latest
    WHERE start_roles && CAST(:roles AS text[]) ORDER BY latest.process_key
""")  # noqa: S608 - composed of constants

_COUNTS = text("""
    SELECT version.id, count(*) FILTER (WHERE instance.status = 'active') AS running, count(*) AS cases
    FROM engine.definition_version version JOIN engine.instance ON instance.version_id = version.id
    WHERE version.process_key = :key GROUP BY version.id
""")


_OPEN_TASKS = text("""
    SELECT instance_id, title_fr, title_en, role, assignee FROM engine.task
    WHERE instance_id = ANY(CAST(:instances AS bigint[])) AND is_open ORDER BY id
""")


def processes(session: Session) -> tuple[ProcessRow, ...]:
    """Every published process."""
    return tuple(_row(each) for each in session.execute(_PROCESSES))


def startable(session: Session, actor: Actor) -> tuple[ProcessRow, ...]:
    """The processes whose latest version the actor may start; ``running`` is not counted here."""
    return tuple(_row(each) for each in session.execute(_STARTABLE, {"roles": sorted(actor.roles)}))


def case_counts(session: Session, process_key: str) -> Mapping[int, CaseCounts]:
    """The cases of a process by version id; a version without any is not in it."""
    return {
        each.id: CaseCounts(running=each.running, ended=each.cases - each.running)
        for each in session.execute(_COUNTS, {"key": process_key})
    }


def open_tasks(session: Session, instances: Collection[int]) -> Mapping[int, tuple[OpenTask, ...]]:
    """What each of these cases waits for, oldest first; a case that waits for nobody is not in it."""
    found: dict[int, tuple[OpenTask, ...]] = {}
    for each in session.execute(_OPEN_TASKS, {"instances": sorted(instances)}) if instances else ():
        task = OpenTask(title={"fr": each.title_fr, "en": each.title_en}, role=each.role, assignee=each.assignee)
        found[each.instance_id] = (*found.get(each.instance_id, ()), task)
    return found


def _row(row: Row[Any]) -> ProcessRow:
    return ProcessRow(version=version_of(row), start_roles=frozenset(row.start_roles), running=row.running)
