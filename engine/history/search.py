"""Finding things in the whole history: by person, case, process, topic and time, the newest first (the auditor's page).

One row an append: what one person (or the engine) did at one moment. Each filter has an index that ends with the moment, so a page costs
the same however long the history is and however far back it lies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import Row, TextClause, text
from sqlalchemy.orm import Session

from engine.data import from_canonical
from engine.errors import NotFound
from engine.history import order, personal
from engine.history.kinds import CASES, RECORDS, REFUSALS

Position = tuple[datetime, int]
"""Where a page ends: the moment and the first number of its last row."""

_LARGEST: Final = 2**63 - 1
_CONDITIONS: Final = {
    "actor": "actor = :actor",
    "process_key": "process_key = :process_key",
    "topic": "topic = :topic",
    "chains": "kind = 'case' AND chain = ANY(:chains)",
    "since": "at >= :since",
    "before": "at < :before",
    "after": "(at, first) < (:after_at, :after_first)",
}
_COLUMNS: Final = "first, last, kind, chain, sequence, at, actor, process_key, topic"
_CASES = text("SELECT id FROM engine.instance WHERE business_key = :key OR id = :id ORDER BY id LIMIT 20")
_ONE = text(f"SELECT {_COLUMNS} FROM engine.history_order WHERE first = :first")  # noqa: S608 - composed of constants
_COVERING = text("SELECT min(number) FROM engine.history_checkpoint WHERE size >= :number")
_ACTS = text("""
    WITH wanted AS (
        SELECT * FROM unnest(CAST(:kinds AS text[]), CAST(:chains AS text[]), CAST(:sequences AS bigint[])) AS each (kind, chain, sequence)
    )
    SELECT wanted.kind, wanted.chain, wanted.sequence, record FROM wanted
    JOIN engine.refusal_event AS event ON event.refused = wanted.chain AND event.sequence = wanted.sequence
    WHERE wanted.kind = 'refusal'
    UNION ALL
    SELECT wanted.kind, wanted.chain, wanted.sequence, record FROM wanted
    JOIN engine.record_event AS event ON event.kind = split_part(wanted.chain, '/', 1)
        AND event.key = substr(wanted.chain, strpos(wanted.chain, '/') + 1) AND event.sequence = wanted.sequence
    WHERE wanted.kind = 'record'
""")
_KEYS = text("SELECT id, business_key FROM engine.instance WHERE id = ANY(:ids)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is looked for; None: no matter which. ``case``: a business key, or the number of a case."""

    actor: str | None = None
    case: str | None = None
    process_key: str | None = None
    topic: str | None = None
    since: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One append: events number ``first`` to ``last`` of the whole history. ``business_key``: of a case that has one.

    ``act``: by name, the record command that was done, or the act that was refused (empty: many, counted together), with what that was
    ``about``, by number or key; None for other steps.
    """

    first: int
    last: int
    kind: str
    chain: str
    sequence: int
    at: datetime
    actor: str
    process_key: str | None
    topic: str
    business_key: str | None = None
    act: str | None = None
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def case(self) -> int | None:
        """The number of the case that it is about."""
        return int(self.chain) if self.kind == CASES.word else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of steps; ``next`` is the ``after`` of the page that follows, None at the end."""

    steps: tuple[Step, ...]
    next: Position | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event of a step, with its number in the whole history. ``record`` has its values back."""

    number: int
    sequence: int
    record: dict[str, Any]
    hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTold:
    """A step with its events. ``checkpoint``: the number of the first checkpoint that covers it, None when none does yet."""

    step: Step
    events: tuple[Told, ...]
    checkpoint: int | None


def search(session: Session, asked: Asked, *, after: Position | None = None, limit: int = 50) -> Page:
    """The newest steps that fit, after the end of the page before. Three statements, four when a case is named."""
    given: dict[str, Any] = {
        name: getattr(asked, name)
        for name in ("actor", "process_key", "topic", "since", "before")
        if getattr(asked, name) is not None
    }
    if asked.case is not None:
        given["chains"] = [str(each) for each in _cases(session, asked.case)]
    if after is not None:
        given["after"] = None
    statement = _statement(frozenset(given))
    if after is not None:
        given |= {"after_at": after[0], "after_first": min(after[1], _LARGEST)}
    rows = session.execute(statement, {**given, "limit": limit + 1}).all()
    steps = _steps(session, rows[:limit])
    return Page(steps=steps, next=(steps[-1].at, steps[-1].first) if len(rows) > limit else None)


def step(session: Session, first: int) -> StepTold:
    """The step that begins with this number. Raises NotFound (``history_step_not_found``)."""
    row = session.execute(_ONE, {"first": min(first, _LARGEST)}).one_or_none()
    if row is None:
        raise NotFound("history_step_not_found", number=first)
    (found,) = _steps(session, [row])
    rows = [each for _, each in order.events(session, found.first - 1, found.first)]
    records = personal.opened(session, found.kind, found.chain, [from_canonical(each.record) for each in rows])
    events = tuple(_told(each, record) for each, record in zip(rows, records, strict=True))
    covering = session.execute(_COVERING, {"number": found.last}).scalar()
    return StepTold(step=found, events=events, checkpoint=covering)


@cache
def _statement(conditions: frozenset[str]) -> TextClause:
    """A statement for each set of conditions: one that leaves them open would be planned for all of them, and well for none."""
    where = " AND ".join(_CONDITIONS[each] for each in sorted(conditions)) or "true"
    return text(f"SELECT {_COLUMNS} FROM engine.history_order WHERE {where} ORDER BY at DESC, first DESC LIMIT :limit")  # noqa: S608 - composed of constants


def _cases(session: Session, asked: str) -> list[int]:
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 19 else None
    return list(session.scalars(_CASES, {"key": asked, "id": number}))


def _business_keys(session: Session, rows: Any) -> dict[str, str | None]:
    ids = sorted({int(row.chain) for row in rows if row.kind == CASES.word})
    return {str(each.id): each.business_key for each in session.execute(_KEYS, {"ids": ids})}


def _steps(session: Session, rows: Sequence[Row[Any]]) -> tuple[Step, ...]:
    keys, acts = _business_keys(session, rows), _acts(session, rows)
    return tuple(
        Step(
            **row._mapping,  # noqa: SLF001
            business_key=keys.get(row.chain) if row.kind == CASES.word else None,
            **acts.get((row.kind, row.chain, row.sequence), {}),
        )
        for row in rows
    )


def _acts(session: Session, rows: Sequence[Row[Any]]) -> dict[tuple[str, str, int], dict[str, Any]]:
    """What record commands did and what was refused, by where it stands. Nothing personal is in these words."""
    told = [row for row in rows if row.kind in {RECORDS.word, REFUSALS.word}]
    found = session.execute(
        _ACTS,
        {
            "kinds": [row.kind for row in told],
            "chains": [row.chain for row in told],
            "sequences": [row.sequence for row in told],
        },
    )
    acts = {}
    for row in found:
        record = from_canonical(row.record)
        act = record.get("act") if row.kind == REFUSALS.word else record.get("command")
        acts[row.kind, row.chain, row.sequence] = {"act": act, "about": record.get("about") or {}}
    return acts


def _told(row: Row[Any], record: dict[str, Any]) -> Told:
    return Told(number=row.number, sequence=row.sequence, record=record, hash=bytes(row.hash))
