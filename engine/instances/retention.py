"""How long cases are kept: what is set for each process, what the law asks for at least, and what becomes of a case when it is over.

The law's minimum stands in ``process.yaml`` (``retention_days``), version by version; a setting below it is refused, and a case is kept at
least as long as the version that it followed says. When it is over, all that speaks of the matter goes: state, tasks, comments, files,
letters, what it was found by, every personal value. What stays is the tombstone: number, key, dates, and the chain, whose hashes all
still agree; its last event says when it was removed and by which rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.data import data
from engine.database.session import Database
from engine.definitions import store as definitions
from engine.errors import FieldProblem, InvalidInput, NotFound
from engine.handler import SYSTEM
from engine.history import store as history
from engine.history.store import ChainHead
from engine.identity.memberships import ADMINISTRATOR
from engine.instances import archive, clearing
from engine.mail import erasing as letters
from engine.messages import forgetting
from engine.record import Change, RecordContext, RecordTable, record_command

KIND: Final = "retention"
REMOVED: Final = "case:removed"
"""The type of a case's last event, when its retention is over."""
BATCH: Final = 20
"""Cases that are removed in one transaction."""
MOST_MONTHS: Final = 1_200
MOST_DAYS: Final = 3_650
DAYS_OF_A_MONTH: Final = 28
"""Of the shortest month: a setting in months is never below a minimum in days."""

_ALL = text("SELECT process_key, months, archive_days FROM engine.retention")
_PROCESSES = text(
    "SELECT DISTINCT ON (process_key) id, process_key FROM engine.definition_version ORDER BY process_key, number DESC"
)
_SET = text("""
    INSERT INTO engine.retention (process_key, months, archive_days) VALUES (:process, :months, :archive_days)
    ON CONFLICT (process_key) DO UPDATE SET months = EXCLUDED.months, archive_days = EXCLUDED.archive_days
""")
_COUNTS = text("""
    SELECT process_key, count(*) FILTER (WHERE removed_at IS NULL) AS archived, count(removed_at) AS removed
    FROM engine.instance WHERE archived_at IS NOT NULL GROUP BY process_key
""")
_LIMITED = text("""
    SELECT version.id, retention.months FROM engine.retention JOIN engine.definition_version version USING (process_key)
    WHERE retention.months IS NOT NULL ORDER BY version.id
""")
_DUE = text("""
    SELECT id, chain_sequence, chain_hash FROM engine.instance
    WHERE version_id = :version AND archived_at IS NOT NULL AND removed_at IS NULL
        AND ended_at < least(CAST(:before AS timestamptz), CAST(:now AS timestamptz) - make_interval(months => :months))
    ORDER BY ended_at LIMIT :most FOR UPDATE SKIP LOCKED
""")
# one statement: what is left of each case is its row with the new head of its chain
_REMOVE = text("""
    WITH archived AS (DELETE FROM engine.case_archive WHERE instance_id = ANY(:cases)),
         words AS (DELETE FROM engine.case_words WHERE instance_id = ANY(:cases)),
         fields AS (DELETE FROM engine.case_field WHERE instance_id = ANY(:cases)),
         asked AS (DELETE FROM engine.erasure WHERE kind = 'case' AND chain = ANY(:chains) AND done_at IS NULL)
    UPDATE engine.instance SET removed_at = :now, summary = '[]',
        business_key = CASE WHEN NOT EXISTS (
            SELECT FROM engine.personal_value
            WHERE kind = 'case' AND chain = CAST(instance.id AS text) AND value = CAST(to_json(business_key) AS text)
        ) THEN business_key END,
        chain_sequence = head.sequence, chain_hash = decode(head.hash, 'hex')
    FROM unnest(CAST(:cases AS bigint[]), CAST(:sequences AS integer[]), CAST(:hashes AS text[])) AS head(id, sequence, hash)
    WHERE instance.id = head.id
""")
_FORGET = text("""
    WITH erased AS (
        INSERT INTO engine.erasure (kind, chain, because, asked_at, asked_by, done_at, done_by)
        SELECT 'case', held.chain, :because, :now, :by, :now, :by FROM (
            SELECT DISTINCT chain FROM engine.personal_value WHERE kind = 'case' AND chain = ANY(:chains) AND value IS NOT NULL
        ) held RETURNING id, chain
    )
    UPDATE engine.personal_value personal SET value = NULL, salt = NULL, words = NULL, erasure_id = erased.id
    FROM erased WHERE personal.kind = 'case' AND personal.chain = erased.chain AND personal.value IS NOT NULL
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How long cases of a process are kept. ``months`` after their end, None: for ever; ``minimum_days``: what the newest version declares;
    ``archive_days``: how long they stay at hand; ``archived``, ``removed``: how many cases are.
    """

    process_key: str
    title: Mapping[str, str]
    months: int | None
    archive_days: int
    minimum_days: int
    archived: int
    removed: int

    @property
    def minimum_months(self) -> int:
        """The least number of months that may be set."""
        return _months_of(self.minimum_days)


@data
class SetRetention:
    """How many months after their end cases of a process are kept (None: for ever), and how many days they stay at hand."""

    process: str
    months: int | None
    archive_days: int


@record_command(
    "retention.set",
    event="retention:set",
    kind=KIND,
    key="process",
    may=(ADMINISTRATOR,),
    fr="Régler la conservation",
    en="Set how long cases are kept",
)
def set_retention(given: SetRetention, context: RecordContext) -> Change:
    """Raises NotFound (``process_not_found``), InvalidInput (``months``: below the law's minimum, ``archive_days``)."""
    session = context.session
    found = {each.process_key: each for each in rules(session)}
    if given.process not in found:
        raise NotFound("process_not_found", process=given.process[:100])
    before = found[given.process]
    problems = []
    if given.months is not None and not 0 < given.months <= MOST_MONTHS:
        limits = {"least": 1, "most": MOST_MONTHS}
        problems.append(FieldProblem(field="months", code="retention_not_between", facts={**limits}))
    elif given.months is not None and given.months < before.minimum_months:
        least = {"least": before.minimum_months}
        problems.append(FieldProblem(field="months", code="retention_below_law", facts={**least}))
    if not 0 < given.archive_days <= MOST_DAYS:
        limits = {"least": 1, "most": MOST_DAYS}
        problems.append(FieldProblem(field="archive_days", code="retention_not_between", facts={**limits}))
    if problems:
        raise InvalidInput(tuple(problems))
    session.execute(_SET, {"process": given.process, "months": given.months, "archive_days": given.archive_days})
    return Change(
        before={"months": before.months, "archive_days": before.archive_days},
        after={"months": given.months, "archive_days": given.archive_days},
    )


COMMANDS = RecordTable.of(set_retention)


def rules(session: Session) -> tuple[Rule, ...]:
    """The rule of every process, by its key."""
    known = {row.process_key: row for row in session.execute(_ALL)}
    counts = {row.process_key: row for row in session.execute(_COUNTS)}
    made = []
    for row in session.execute(_PROCESSES).all():
        bundle = definitions.load(session, row.id).bundle
        mine, counted = known.get(row.process_key), counts.get(row.process_key)
        made.append(
            Rule(
                process_key=row.process_key,
                title=bundle.title,
                months=None if mine is None else mine.months,
                archive_days=archive.DAYS if mine is None else mine.archive_days,
                minimum_days=bundle.retention_days or 0,
                archived=0 if counted is None else counted.archived,
                removed=0 if counted is None else counted.removed,
            )
        )
    return tuple(made)


def limited(session: Session) -> tuple[tuple[int, int], ...]:
    """Versions whose cases are not kept for ever, each with the months that are set for its process."""
    return tuple((row.id, row.months) for row in session.execute(_LIMITED))


def remove(session: Session, version_id: int, months: int, now: datetime, most: int = BATCH) -> int:
    """Remove what may be removed of archived cases of a version whose retention is over, the oldest first; how many.

    Nine statements, however many there are. Never before the law's minimum of the version that they followed.
    """
    least = definitions.load(session, version_id).bundle.retention_days or 0
    given = {"version": version_id, "months": months, "now": now, "before": now - timedelta(days=least), "most": most}
    rows = session.execute(_DUE, given).all()
    if not rows:
        return 0
    record = {"type": REMOVED, "months": months, "minimum_days": least}
    heads = {row.id: ChainHead(sequence=row.chain_sequence, hash=bytes(row.chain_hash)) for row in rows}
    reached = history.append_to_each(session, heads, now, SYSTEM.login, record)
    cases: dict[str, Any] = {
        "cases": list(reached),
        "chains": [str(each) for each in reached],
        "now": now,
        "by": SYSTEM.login,
    }
    session.execute(
        _REMOVE,
        {
            **cases,
            "sequences": [each.sequence for each in reached.values()],
            "hashes": [each.hash.hex() for each in reached.values()],
        },
    )
    session.execute(_FORGET, {**cases, "because": REMOVED})
    clearing.take_papers(session, list(reached), SYSTEM.login, now)
    letters.erase_of_cases(session, list(reached))
    return len(rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearedAway:
    """How many cases went to the archive, and how many were removed."""

    archived: int
    removed: int


def clear_away(database: Database, now: datetime) -> ClearedAway:
    """Archive every finished case whose time at hand is over, and remove every one whose retention is; a small transaction each batch.
    Received messages forget what they carried.

    Raises Unavailable. Two at once share the work: what one has locked the other leaves.
    """
    archived = removed = 0
    while True:
        with database.transaction() as session:
            done = archive.archive(session, now)
        archived += done
        if done < archive.BATCH:
            break
    with database.reading() as session:
        versions = limited(session)
    for version_id, months in versions:
        while True:
            with database.transaction() as session:
                done = remove(session, version_id, months, now)
            removed += done
            if done < BATCH:
                break
    while True:
        with database.transaction() as session:
            if forgetting.forget_payloads(session, now) < forgetting.BATCH:
                break
    return ClearedAway(archived=archived, removed=removed)


def _months_of(days: int) -> int:
    """So many months that they are never fewer days."""
    whole, rest = divmod(days, 365)
    return whole * 12 + -(-rest // DAYS_OF_A_MONTH)
