"""Verifying where they are: the order of the history, its checkpoints, and the heads of all chains.

The offline verifier reads what would be exported; beside it, each chain's head is held against its events and their places in the order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.history import verifier, whole_export
from engine.history.finding import Finding
from engine.history.kinds import CASES, KINDS, PUBLICATIONS, ChainKind
from engine.history.store import moment_text
from engine.history.verifier import HistoryVerdict


def verify(
    session: Session, now: datetime, kept: Sequence[Mapping[str, Any]] = ()
) -> tuple[HistoryVerdict, list[Finding]]:
    """What the offline verifier says, given the checkpoints that were ``kept``, and what else does not agree."""
    verdict = verifier.verify_history(whole_export.lines(session, now), kept)
    findings = [each for kind in KINDS for each in _heads(session, kind)]
    return verdict, [*findings, *(each for kind in KINDS for each in _unnumbered(session, kind))]


def _unnumbered(session: Session, kind: ChainKind) -> Iterator[Finding]:
    """Events that have no number yet are in nothing that was exported: their chains are computed again here."""
    reached: dict[str, bytes] = {}
    for row in session.execute(_WAITING[kind.word]) if kind.word in _WAITING else ():
        names = [getattr(row, member) for member in kind.members]
        previous = reached.get(row.chain) or row.previous or verifier.named_begin(kind.word, *names)
        content = verifier.named_content(kind.word, names, row.sequence, moment_text(row.at), row.actor, row.record)
        if verifier.chain_link(bytes(previous), content) != bytes(row.hash):
            facts = {"chain": f"{kind.word} {row.chain}", "event": row.sequence}
            yield Finding(code="history_waiting_event_changed", case=None, facts=facts)
        reached[row.chain] = bytes(row.hash)


def _heads(session: Session, kind: ChainKind) -> Iterator[Finding]:
    for row in session.execute(_COVERED[kind.word]):
        facts = {"chain": f"{kind.word} {row.chain}", "expected": row.sequence, "found": row.covered}
        yield Finding(code="history_chain_not_in_order", case=None, facts=facts)
    for row in session.execute(_DIFFERING[kind.word]) if kind.word in _DIFFERING else ():
        yield Finding(code="history_chain_head_differs", case=None, facts={"chain": f"{kind.word} {row.chain}"})


_COVERED: Final = {
    kind.word: text(f"""
        SELECT chain, coalesce(head.sequence, 0) AS sequence, coalesce(placed.covered, 0) AS covered
        FROM ({kind.heads}) head FULL JOIN (
            SELECT chain, CAST(sum(last - first + 1) AS bigint) AS covered FROM (
                SELECT chain, first, last FROM engine.history_order WHERE kind = '{kind.word}'
                UNION ALL SELECT chain, first, last FROM engine.history_pending WHERE kind = '{kind.word}'
            ) noted GROUP BY chain
        ) placed USING (chain)
        WHERE coalesce(head.sequence, 0) <> coalesce(placed.covered, 0) ORDER BY chain
    """)  # noqa: S608 - composed of constants
    for kind in KINDS
}
_DIFFERING: Final = {
    kind.word: text(f"""
        SELECT placed.chain FROM ({kind.heads}) placed
        LEFT JOIN {kind.table} event ON {kind.joined} AND event.sequence = placed.sequence
        WHERE placed.sequence > 0 AND placed.hash IS DISTINCT FROM event.hash ORDER BY placed.chain
    """)  # noqa: S608 - composed of constants
    for kind in KINDS
    if kind not in (CASES, PUBLICATIONS)  # theirs are verified with what they tell of
}
_WAITING: Final = {
    kind.word: text(f"""
        SELECT placed.chain, event.sequence, event.at, event.actor, event.record, event.hash, before.hash AS previous,
            {", ".join(f"event.{column} AS {member}" for member, column in kind.members.items())}
        FROM engine.history_pending placed
        JOIN {kind.table} event ON {kind.joined} AND event.sequence BETWEEN placed.first AND placed.last
        LEFT JOIN {kind.table} before ON before.sequence = event.sequence - 1
            AND {" AND ".join(f"before.{column} = event.{column}" for column in kind.members.values())}
        WHERE placed.kind = '{kind.word}' ORDER BY placed.chain, event.sequence
    """)  # noqa: S608 - composed of constants
    for kind in KINDS
    if kind not in (CASES, PUBLICATIONS)
}
"""Cases and publications are verified whole, numbered or not, with what they tell of."""
