"""Verifying the histories where they are: every chain is computed again and held against the row of its case; and so are the histories of
the processes (``publication_verification``), the order of everything and the checkpoints (``order_verification``).

This finds what somebody with access to the database changed, added or removed: in events, in the head that a case claims, in the files of
its version. What it cannot find is a history that was made anew as a whole, heads and checkpoints too; a checkpoint kept elsewhere,
an older bundle, or a noted hash, can.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from engine import clock
from engine.errors import Fact, NotFound
from engine.history import order_verification, personal_verification, publication_verification, verifier
from engine.history.finding import Finding
from engine.history.store import moment_text, type_of
from engine.history.tables import event
from engine.history.verifier import HistoryVerdict
from engine.texts import say

_HEADS = text("""
    SELECT instance.id, instance.chain_sequence, instance.chain_hash, version.content_hash
    FROM engine.instance JOIN engine.definition_version version ON version.id = coalesce(instance.first_version_id, instance.version_id)
    WHERE CAST(:case AS bigint) IS NULL OR instance.id = :case
    ORDER BY instance.id
""")

_CONTENTS = text("""
    SELECT DISTINCT version.content_hash FROM engine.definition_version version
    WHERE CAST(:case AS bigint) IS NULL
       OR version.id = (SELECT coalesce(first_version_id, version_id) FROM engine.instance WHERE instance.id = :case)
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
    whole: HistoryVerdict | None = None

    @property
    def is_whole(self) -> bool:
        """Whether everything agrees."""
        return not self.findings and (self.whole is None or self.whole.is_whole)

    def lines(self, locale: str) -> list[str]:
        """The report for a person."""
        lines = [say("history_verified", locale, cases=self.cases, events=self.events, publications=self.publications)]
        offline = verifier.sayer(locale)
        if self.whole is not None:
            lines.append(offline("history_line", **self._counts(self.whole)))
            waiting = self.whole.stated.get("not_yet_numbered", 0)
            lines += [say("history_waiting", locale, count=waiting)] if waiting else []
        if self.is_whole:
            proven = (
                [] if self.whole is None else [offline("proven_until", **each._asdict()) for each in self.whole.proven]
            )
            return [*lines, say("history_whole", locale), *(proven or [say("history_not_provable", locale)])]
        found = [each.sentence(locale) for each in self.findings]
        found += [verifier.sentence(each, offline) for each in self.whole.problems] if self.whole is not None else []
        lines.append(say("history_not_whole", locale, count=len(found)))
        lines += [f"  - {each}" for each in found[:_MOST_SHOWN]]
        if len(found) > _MOST_SHOWN:
            lines.append("  " + say("history_and_more", locale, count=len(found) - _MOST_SHOWN))
        return lines

    @staticmethod
    def _counts(whole: HistoryVerdict) -> dict[str, int]:
        return {"events": whole.events, "chains": whole.chains, "checkpoints": whole.checkpoints}


def verify_instance(session: Session, instance_id: int) -> Report:
    """Verify one case and the files of its version. Raises NotFound (``history_case_not_found``)."""
    return verify_all(session, case=instance_id)


def verify_all(
    session: Session, *, case: int | None = None, now: datetime | None = None, kept: Sequence[Mapping[str, Any]] = ()
) -> Report:
    """Verify everything, or only ``case``. ``session`` should see one moment (``Database.reading``).

    ``kept``: checkpoints that were kept elsewhere, for the whole history to be held against.

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
    publications, whole = 0, None
    if case is None:
        publications, more = publication_verification.verify(session)
        findings += more
        whole, more = order_verification.verify(session, now or clock.now(), kept)
        findings += [*more, *personal_verification.verify(session)]
    return Report(cases=cases, events=events, findings=tuple(findings), publications=publications, whole=whole)


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
