"""Verifying the histories where they are: every chain is computed again and held against the row of its case; and so are the histories of
the processes (``publication_verification``).

This finds what somebody with access to the database changed, added or removed: in events, in the head that a case claims, in the files of
its version. What it cannot find is a chain that was made anew as a whole, with its head; an older bundle, or a noted hash, can
(``verifier.py --older``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from engine.errors import Fact, NotFound
from engine.history import publication_verification, verifier
from engine.history.finding import Finding
from engine.history.store import moment_text, type_of
from engine.history.tables import event
from engine.texts import say

_HEADS = text("""
    SELECT instance.id, instance.chain_sequence, instance.chain_hash, version.content_hash
    FROM engine.instance JOIN engine.definition_version version ON version.id = instance.version_id
    WHERE CAST(:case AS bigint) IS NULL OR instance.id = :case
    ORDER BY instance.id
""")

_CONTENTS = text("""
    SELECT DISTINCT version.content_hash FROM engine.definition_version version
    WHERE CAST(:case AS bigint) IS NULL
       OR version.id = (SELECT instance.version_id FROM engine.instance WHERE instance.id = :case)
    ORDER BY 1
""")

_FILES = text("SELECT path, content FROM engine.definition_file WHERE content_hash = :content_hash ORDER BY path")

_BATCH = 1000
_MOST_SHOWN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a verification looked at, and what it found."""

    cases: int
    events: int
    findings: tuple[Finding, ...]
    publications: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether everything agrees."""
        return not self.findings

    def lines(self, locale: str) -> list[str]:
        """The report for a person."""
        lines = [say("history_verified", locale, cases=self.cases, events=self.events, publications=self.publications)]
        if self.is_whole:
            return [*lines, say("history_whole", locale), say("history_not_provable", locale)]
        lines.append(say("history_not_whole", locale, count=len(self.findings)))
        lines += [f"  - {each.sentence(locale)}" for each in self.findings[:_MOST_SHOWN]]
        if len(self.findings) > _MOST_SHOWN:
            lines.append("  " + say("history_and_more", locale, count=len(self.findings) - _MOST_SHOWN))
        return lines


def verify_instance(session: Session, instance_id: int) -> Report:
    """Verify one case and the files of its version. Raises NotFound (``history_case_not_found``)."""
    return verify_all(session, case=instance_id)


def verify_all(session: Session, *, case: int | None = None) -> Report:
    """Verify every case and the publications of every process, or only ``case``. ``session`` should see one moment (``Database.reading``).

    Reads both tables side by side in the order of the cases, a thousand rows at a time: memory does not grow with the history.
    Raises NotFound (``history_case_not_found``) when ``case`` is unknown: nothing verified must not read like all is well.
    """
    findings: list[Finding] = list(_version_findings(session, case))
    cases = events = 0
    heads = _stream(session.execute(_HEADS, {"case": case}, execution_options={"yield_per": _BATCH}))
    asked = select(event).order_by(event.c.instance_id, event.c.sequence)
    if case is not None:
        asked = asked.where(event.c.instance_id == case)
    rows = _stream(session.execute(asked, execution_options={"yield_per": _BATCH}))
    head = next(heads, None)
    for instance_id, group in groupby(rows, key=lambda row: int(row.instance_id)):
        while head is not None and head.id < instance_id:
            findings += _chain_findings(head, ())
            cases += 1
            head = next(heads, None)
        counted = _Counted(group)
        if head is not None and head.id == instance_id:
            findings += _chain_findings(head, counted)
            cases += 1
            head = next(heads, None)
        else:
            count = sum(1 for _ in counted)
            findings.append(_finding("history_case_missing", instance_id, count=count))
        events += counted.count
    while head is not None:
        findings += _chain_findings(head, ())
        cases += 1
        head = next(heads, None)
    if case is not None and cases == 0 and events == 0:
        raise NotFound("history_case_not_found", case=case)
    publications = 0
    if case is None:
        publications, more = publication_verification.verify(session)
        findings += more
    return Report(cases=cases, events=events, findings=tuple(findings), publications=publications)


class _Counted:
    """An iteration that counts what went through it."""

    def __init__(self, rows: Iterable[Row[Any]]) -> None:
        self._rows = rows
        self.count = 0

    def __iter__(self) -> Iterator[Row[Any]]:
        for row in self._rows:
            self.count += 1
            yield row


def _chain_findings(head: Row[Any], events: Iterable[Row[Any]]) -> list[Finding]:
    """Follow one chain from its version to its head. After a broken link the stored hash is taken: each event touched is named."""
    findings: list[Finding] = []
    reached, last = verifier.chain_begin(head.content_hash), 0
    for row in events:
        expected = last + 1
        if row.sequence != expected:
            findings.append(_finding("history_events_missing", head.id, expected=expected, found=row.sequence))
        elif _link(reached, row) != bytes(row.hash):
            findings.append(_finding("history_event_changed", head.id, event=row.sequence))
        elif type_of(row.record) != row.type:
            findings.append(_finding("history_type_changed", head.id, event=row.sequence))
        reached, last = bytes(row.hash), row.sequence
    if last != head.chain_sequence:
        findings.append(_finding("history_end_differs", head.id, expected=head.chain_sequence, found=last))
    elif reached != bytes(head.chain_hash):
        findings.append(_finding("history_head_differs", head.id, event=last))
    return findings


def _link(previous: bytes, row: Row[Any]) -> bytes:
    return verifier.chain_link(
        previous,
        verifier.event_content(row.instance_id, row.sequence, moment_text(row.at), row.actor, row.record),
    )


def _version_findings(session: Session, case: int | None) -> Iterator[Finding]:
    for content_hash in session.scalars(_CONTENTS, {"case": case}).all():
        files = {row.path: bytes(row.content) for row in session.execute(_FILES, {"content_hash": content_hash})}
        if verifier.content_hash(files) != content_hash:
            yield _finding("history_version_changed", None, version=content_hash[:12])


def _stream(result: Any) -> Iterator[Row[Any]]:
    yield from result


def _finding(code: str, case: int | None, **facts: Fact) -> Finding:
    return Finding(code=code, case=case, facts=facts)
