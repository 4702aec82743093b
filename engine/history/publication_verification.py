"""Verifying the histories of processes where they are: each chain is computed again, and held against its head and against the versions.

What is published since the history tells of publications must be told by it, and nothing else may stand in the version's row.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.errors import Fact
from engine.history import verifier
from engine.history.finding import Finding
from engine.history.store import moment_text, type_of
from engine.model.notation import Form, form_of

_EVENTS = text("""
    SELECT process_key, sequence, at, actor, type, record, hash FROM engine.definition_event ORDER BY process_key, sequence
""")
_HEADS = text("SELECT process_key, sequence, hash FROM engine.definition_chain ORDER BY process_key")
_VERSIONS = text("""
    SELECT process_key, number, content_hash, note, reason, verdicts, published_at, published_by
    FROM engine.definition_version ORDER BY process_key, number
""")

_PATHS = text("""
    SELECT content_hash, path FROM engine.definition_file
    WHERE content_hash IN (SELECT content_hash FROM engine.definition_version)
""")


def verify(session: Session) -> tuple[int, list[Finding]]:
    """How many publications were verified, and what does not agree. Publications are few: they are all read at once."""
    events = {key: list(rows) for key, rows in groupby(session.execute(_EVENTS), key=lambda row: row.process_key)}
    versions = {key: list(rows) for key, rows in groupby(session.execute(_VERSIONS), key=lambda row: row.process_key)}
    heads = {row.process_key: row for row in session.execute(_HEADS)}
    paths: dict[str, list[str]] = {}
    for row in session.execute(_PATHS):
        paths.setdefault(row.content_hash, []).append(row.path)
    forms = {content: form_of(each) for content, each in paths.items()}
    findings: list[Finding] = []
    for key in sorted({*events, *versions, *heads}):
        findings += _chain(key, events.get(key, []), heads.get(key))
        findings += _told(key, events.get(key, []), {row.number: row for row in versions.get(key, [])}, forms)
    return sum(map(len, events.values())), findings


def _chain(key: str, events: list[Row[Any]], head: Row[Any] | None) -> Iterator[Finding]:
    """Follow one chain to its head. After a broken link the stored hash is taken: each event touched is named."""
    reached, last = verifier.named_begin("process", key), 0
    for row in events:
        content = verifier.named_content("process", [key], row.sequence, moment_text(row.at), row.actor, row.record)
        if row.sequence != last + 1:
            yield _finding("history_publications_missing", key, expected=last + 1, found=row.sequence)
        elif verifier.chain_link(reached, content) != bytes(row.hash) or type_of(row.record) != row.type:
            yield _finding("history_publication_changed", key, event=row.sequence)
        reached, last = bytes(row.hash), row.sequence
    if (0 if head is None else head.sequence) != last:
        yield _finding("history_publications_end", key, found=last)
    elif head is not None and reached != bytes(head.hash):
        yield _finding("history_publications_head", key, event=last)


def _told(
    key: str, events: list[Row[Any]], versions: Mapping[int, Row[Any]], forms: Mapping[str, Form]
) -> Iterator[Finding]:
    """Hold what the history tells against the rows of the versions."""
    told: set[int] = set()
    for event in events:
        try:
            record = json.loads(event.record)
            number = int(record["version"])
            given = _fact(record["content_hash"], record["note"], record["reason"], record["verdicts"])
        except (ValueError, KeyError, TypeError):
            yield _finding("history_publication_changed", key, event=event.sequence)
            continue
        told.add(number)
        row = versions.get(number)
        kept = None if row is None else _kept(row)
        if kept != (*given, event.at, event.actor) or not _is_formed(record, number, versions, forms):
            yield _finding("history_publication_differs", key, version=number)
    for number, row in versions.items():
        # versions from before the history told of publications have no verdicts, and come before all that it tells
        is_older = row.verdicts is None and number < min(told, default=number + 1)
        if number not in told and not is_older:
            yield _finding("history_publication_untold", key, version=number)


def _is_formed(
    record: Mapping[str, Any], number: int, versions: Mapping[int, Row[Any]], forms: Mapping[str, Form]
) -> bool:
    """Whether the versions are written or drawn as the event tells; those from before this was told tell nothing."""

    def form(of: int) -> Form | None:
        return forms.get(versions[of].content_hash) if of in versions else None

    told = {key: record[key] for key in ("form", "form_before") if key in record}
    return not told or told == {"form": form(number), "form_before": form(number - 1)}


def _fact(*values: object) -> tuple[str, ...]:
    return tuple(verifier.canonical(each) for each in values)


def _kept(row: Row[Any]) -> tuple[object, ...] | None:
    try:
        verdicts = json.loads(row.verdicts or "")
    except ValueError:
        return None
    return (*_fact(row.content_hash, row.note, row.reason, verdicts), row.published_at, row.published_by)


def _finding(code: str, process: str, **facts: Fact) -> Finding:
    return Finding(code=code, case=None, facts={"process": process, **facts})
