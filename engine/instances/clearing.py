"""What speaks of people beside the chain of a case that has ended: taken away with its personal values, or when its retention is over.

Comments, files, what was written to a colleague with a task, the letters that the case sent, what it gave to cases that it called, and
every place in its rows where a text stands that was a personal value. What proves them stays in the chain: the salted hash of a comment,
the hash of a file.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.definitions import store as definitions
from engine.files import store as files
from engine.instances import archive
from engine.kernel import State
from engine.mail import erasing as letters
from engine.model.personal import personal_names

NAMELESS: Final = "–"
"""What a file is called that was taken away: its name may have been somebody's."""
SHORTEST: Final = 3
"""Characters of a text that is looked for within titles."""

_CASE = text(
    "SELECT version_id, archived_at, removed_at, snapshot, business_key FROM engine.instance WHERE id = :case FOR UPDATE"
)
_COUNT = text("""
    SELECT (SELECT count(*) FROM engine.comment WHERE instance_id = :case AND removed_at IS NULL) AS comments,
        (SELECT count(*) FROM engine.attachment WHERE instance_id = :case AND removed_at IS NULL) AS files
""")
_HASHES = text("SELECT hash FROM engine.attachment WHERE instance_id = ANY(:cases) AND hash IS NOT NULL")
_PAPERS = text("""
    WITH comments AS (
        UPDATE engine.comment SET body = NULL, salt = NULL, removed_by = :by, removed_at = :now
        WHERE instance_id = ANY(:cases) AND removed_at IS NULL)
    UPDATE engine.attachment SET hash = NULL, name = :nameless, removed_by = :by, removed_at = :now
    WHERE instance_id = ANY(:cases) AND removed_at IS NULL
""")
_CLEAR = text("""
    WITH words AS (DELETE FROM engine.case_words WHERE instance_id = :case),
         fields AS (DELETE FROM engine.case_field WHERE instance_id = :case),
         former AS (UPDATE engine.migration_item SET former = NULL WHERE instance_id = :case AND former IS NOT NULL),
         calls AS (UPDATE engine.call SET given = NULL WHERE instance_id = :case OR child_instance_id = :case),
         messages AS (
            UPDATE engine.message SET payload = '{}'
            WHERE sender_instance_id = :case AND (received_at IS NOT NULL OR expires_at < :now) AND payload <> '{}')
    UPDATE engine.instance SET summary = '[]', business_key = :business_key, snapshot = :snapshot WHERE id = :case
""")
_TASKS = text("""
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'title_fr', title_fr, 'title_en', title_en)), '[]')::text
    FROM engine.task WHERE instance_id = :case
""")
_RENAME = text("""
    UPDATE engine.task SET given_note = NULL, why = NULL, title_fr = t.title_fr, title_en = t.title_en
    FROM jsonb_to_recordset(CAST(:tasks AS jsonb)) AS t(id bigint, title_fr text, title_en text) WHERE task.id = t.id
""")
_INCIDENTS = text("SELECT id, facts FROM engine.incident WHERE instance_id = :case")
_REWORD = text("""
    UPDATE engine.incident SET facts = i.facts FROM jsonb_to_recordset(CAST(:incidents AS jsonb)) AS i(id bigint, facts text)
    WHERE incident.id = i.id
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Besides:
    """What speaks of people beside the chain: how many comments, files and letters."""

    comments: int
    files: int
    letters: int

    def __bool__(self) -> bool:
        return bool(self.comments or self.files or self.letters)


def besides(session: Session, case: int) -> Besides:
    """What a case has that can be taken away with its values. Two statements."""
    row = session.execute(_COUNT, {"case": case}).one()
    return Besides(comments=row.comments, files=row.files, letters=letters.count_of_case(session, case))


def take_papers(session: Session, cases: Collection[int], by: str, now: datetime) -> None:
    """Take comments and files of these cases away; a content that nothing else holds goes too. Four statements, and none of them waits
    for somebody who attaches the same content elsewhere longer than that takes.
    """
    hashes = sorted(set(session.scalars(_HASHES, {"cases": list(cases)})))
    files.lock(session, *hashes)
    session.execute(_PAPERS, {"cases": list(cases), "by": by, "now": now, "nameless": NAMELESS})
    files.drop_unused(session, hashes)


def clear_case(session: Session, case: int, spoken: Collection[str], by: str, now: datetime) -> None:
    """Take what speaks of people out of the rows of a case that has ended; ``spoken``: the texts that were its personal values."""
    row = session.execute(_CASE, {"case": case}).one_or_none()
    if row is None or row.removed_at is not None:
        return
    kept = archive.read(session, case) if row.archived_at is not None else None
    state = State.from_text(bytes(row.snapshot) if kept is None else kept.snapshot)
    gone = _emptied(state, personal_names(definitions.load(session, row.version_id).bundle)) | set(spoken)
    snapshot = state.to_text()
    if kept is not None:
        archive.replace(
            session,
            case,
            snapshot=snapshot,
            tasks=_without_texts(kept.tasks, gone),
            incidents=_reworded(kept.incidents, gone),
        )
        snapshot = bytes(row.snapshot)
    else:
        session.execute(_RENAME, {"tasks": _without_texts(session.execute(_TASKS, {"case": case}).scalar_one(), gone)})
        told = [{"id": each.id, "facts": each.facts} for each in session.execute(_INCIDENTS, {"case": case})]
        session.execute(_REWORD, {"incidents": _reworded(json.dumps(told), gone)})
    take_papers(session, [case], by, now)
    letters.erase_of_cases(session, [case])
    business_key = None if row.business_key in gone else row.business_key
    session.execute(_CLEAR, {"case": case, "snapshot": snapshot, "business_key": business_key, "now": now})


def texts_in(value: Any) -> list[str]:
    """Every text in a value."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [each for inner in value.values() for each in texts_in(inner)]
    return [each for inner in value for each in texts_in(inner)] if isinstance(value, list | tuple) else []


def _emptied(state: State, names: Collection[str]) -> set[str]:
    """Put nothing where personal values stand in the state, under whatever name; the texts that they were."""
    gone: set[str] = set()
    for scope in state.scopes.values():
        for name in set(names) & scope.variables.keys():
            gone.update(texts_in(scope.variables[name]))
            scope.variables[name] = None
    for scope in state.scopes.values():
        for name, value in scope.variables.items():
            scope.variables[name] = _without(value, gone)
    return gone


def _without(value: Any, gone: Collection[str]) -> Any:
    """``value`` with nothing where a text that is gone stood."""
    if isinstance(value, str):
        return None if value in gone else value
    if isinstance(value, dict):
        return {name: _without(each, gone) for name, each in value.items()}
    return [_without(each, gone) for each in value] if isinstance(value, list | tuple) else value


def _without_texts(tasks: str, gone: Collection[str]) -> str:
    """Rows of tasks without notes, and without a text that is gone within their titles."""
    found = json.loads(tasks)
    looked_for = sorted((each for each in gone if len(each) >= SHORTEST), key=len, reverse=True)
    for row in found:
        row |= {name: None for name in ("given_note", "why") if name in row}
        for title in ("title_fr", "title_en"):
            for each in looked_for:
                row[title] = row[title].replace(each, NAMELESS)
    return json.dumps(found, ensure_ascii=False)


def _reworded(incidents: str, gone: Collection[str]) -> str:
    """Rows of incidents whose facts have nothing where a text that is gone stood."""
    found = json.loads(incidents)
    for row in found:
        row["facts"] = json.dumps(_without(json.loads(row["facts"]), gone), ensure_ascii=False)
    return json.dumps(found, ensure_ascii=False)
