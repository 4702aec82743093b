"""What is held about a person, apart from the history: for the administrator who is asked (GDPR, articles 15 and 17)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.data import from_canonical
from engine.history.kinds import CASES
from engine.instances import clearing
from engine.instances.clearing import Besides
from engine.instances.erasing import subject_of
from engine.texts.words import query_of

MOST_SUBJECTS: Final = 50
MOST_VALUES: Final = 500
_MOST_READ: Final = 5_000

_FOUND = text("""
    SELECT kind, chain, count(*) AS values, array_agg(DISTINCT name ORDER BY name) AS names, max(at) AS last_at FROM (
        SELECT kind, chain, name, at FROM engine.personal_value WHERE words @@ CAST(:query AS tsquery) LIMIT :read
    ) found GROUP BY kind, chain ORDER BY max(at) DESC, kind, chain LIMIT :most
""")
_WAITING = text("""
    SELECT kind, chain, because, asked_at, asked_by FROM engine.erasure WHERE done_at IS NULL ORDER BY asked_at LIMIT :most
""")
_VALUES = text("""
    SELECT personal.name, personal.sequence, personal.at, personal.value, erasure.done_at, erasure.done_by, erasure.because
    FROM engine.personal_value personal LEFT JOIN engine.erasure ON erasure.id = personal.erasure_id
    WHERE personal.kind = :kind AND personal.chain = :chain ORDER BY personal.sequence, personal.name, personal.commitment LIMIT :most
""")
_KEYS = text("SELECT id, business_key, version_id FROM engine.instance WHERE id = ANY(:ids)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What values were recorded of. ``case``, ``version_id``: its number and its version, where it is one; ``names``: of the values that
    fit.
    """

    subject: str
    case: int | None
    business_key: str | None
    version_id: int | None
    values: int
    names: Sequence[str]
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An erasure that waits for a second administrator."""

    subject: str
    because: str
    asked_at: datetime
    asked_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldValue:
    """One value: in event ``sequence`` of its chain. ``erased_at``: since when it is none any more."""

    name: str
    sequence: int
    at: datetime
    value: Any
    erased_at: datetime | None
    erased_by: str | None
    because: str | None


def search(session: Session, typed: str) -> tuple[Subject, ...]:
    """Of what values are held in which every word of ``typed`` begins one: the newest first, at most ``MOST_SUBJECTS``."""
    query = query_of(typed)
    if query is None:
        return ()
    rows = session.execute(_FOUND, {"query": query, "read": _MOST_READ, "most": MOST_SUBJECTS}).all()
    ids = [int(row.chain) for row in rows if row.kind == CASES.word]
    cases = {row.id: row for row in session.execute(_KEYS, {"ids": ids})} if ids else {}
    return tuple(_subject(row, cases) for row in rows)


def _subject(row: Row[Any], cases: Mapping[int, Row[Any]]) -> Subject:
    number = int(row.chain) if row.kind == CASES.word else None
    case = None if number is None else cases.get(number)
    return Subject(
        subject=subject_of(row.kind, row.chain),
        case=number,
        business_key=None if case is None else case.business_key,
        version_id=None if case is None else case.version_id,
        values=row.values,
        names=tuple(row.names),
        last_at=row.last_at,
    )


def waiting(session: Session) -> tuple[Asked, ...]:
    """Erasures that wait for a second administrator, the oldest first."""
    return tuple(
        Asked(
            subject=subject_of(row.kind, row.chain), because=row.because, asked_at=row.asked_at, asked_by=row.asked_by
        )
        for row in session.execute(_WAITING, {"most": MOST_SUBJECTS})
    )


def besides(session: Session, subject: str) -> Besides | None:
    """What a case has beside its chain that would be erased with it; None for a subject that is no case."""
    what, _, key = subject.partition("/")
    is_case = what == CASES.word and key.isascii() and key.isdecimal() and len(key) < 19
    return clearing.besides(session, int(key)) if is_case else None


def values(session: Session, subject: str) -> tuple[HeldValue, ...]:
    """Every value of a subject, held or erased, in the order of recording; at most ``MOST_VALUES``."""
    what, _, key = subject.partition("/")
    about = {"kind": "case", "chain": key} if what == CASES.word else {"kind": "record", "chain": subject}
    return tuple(
        HeldValue(
            name=row.name,
            sequence=row.sequence,
            at=row.at,
            value=None if row.value is None else from_canonical(row.value),
            erased_at=row.done_at,
            erased_by=row.done_by,
            because=row.because,
        )
        for row in session.execute(_VALUES, {**about, "most": MOST_VALUES})
    )
