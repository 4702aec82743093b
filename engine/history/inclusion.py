"""The way from an event to a checkpoint: that one chain is in what was signed, without the rest of the house (RFC 9162, 2.1.3).

The hash of an event covers all events before it in its chain, so the way of the last one that the checkpoint covers proves them all.
Complete subtrees of 256 events and more are kept (``engine.history_node``), so that a way costs the same in a history of ten million
events: its own 256 events, those at the right edge, and a few nodes. They prove nothing themselves: a changed one leads nowhere.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.history import checkpoints, order, verifier
from engine.history.checkpoints import Checkpoint
from engine.history.kinds import ChainKind

LOWEST: Final = 8
"""The smallest subtrees that are kept have ``2 ** LOWEST`` events."""
MOST_EVENTS: Final = 1 << 17
"""Read at a time where nodes are still to be made."""

Node = tuple[int, int]
"""A complete subtree: level, and position from 0 among those of its level."""

_KEPT = text("SELECT coalesce(max(position) + 1, 0) FROM engine.history_node WHERE level = :lowest")
_NODES = text("""
    SELECT node.level, node.position, node.hash FROM engine.history_node node
    JOIN unnest(CAST(:levels AS integer[]), CAST(:positions AS bigint[])) AS wanted(level, position) USING (level, position)
""")
_INSERT = text("""
    INSERT INTO engine.history_node (level, position, hash) VALUES (:level, :position, :hash) ON CONFLICT DO NOTHING
""")
_COVERED = text("""
    SELECT first, last, sequence FROM engine.history_order
    WHERE kind = :kind AND chain = :chain AND last <= :size ORDER BY sequence DESC LIMIT 1
""")
_BEGIN = text("SELECT first - 1 FROM engine.history_order WHERE first <= :number ORDER BY first DESC LIMIT 1")


def grow(session: Session) -> int:
    """Keep the subtrees that the newest checkpoint has completed; how many. In a transaction of whoever may number and sign."""
    order.wait_for_turn(session)
    known = int(session.execute(_KEPT, {"lowest": LOWEST}).scalar_one()) << LOWEST
    newest = checkpoints.newest(session, limit=1)
    upto = min(newest[0].size if newest else 0, known + MOST_EVENTS) >> LOWEST << LOWEST
    if upto <= known:
        return 0
    peaks = _complete(0, known)
    found = _read(session, peaks)
    tree = _Growing(known, [found[each] for each in peaks])
    for _, event_hash in _hashes(session, known, upto):
        tree.add(event_hash)
    session.execute(
        _INSERT, [{"level": level, "position": at, "hash": node} for (level, at), node in tree.made.items()]
    )
    return len(tree.made)


def proof(session: Session, kind: ChainKind, chain: str, point: Checkpoint) -> dict[str, Any] | None:
    """What leads from the chain's last event that ``point`` covers to its root (``docs/history-format.md``); None when it covers none.

    About a dozen statements, however long the history is.
    """
    row = session.execute(_COVERED, {"kind": kind.word, "chain": chain, "size": point.size}).one_or_none()
    if row is None:
        return None
    return {
        "checkpoint": dict(point.said),
        "event": row.sequence + row.last - row.first,
        "format": verifier.PROOF_FORMAT,
        "number": row.last,
        "path": [each.hex() for each in _path(session, row.last - 1, point.size)],
    }


def _path(session: Session, at: int, size: int) -> list[bytes]:
    """The neighbours on the way up from leaf ``at`` (from 0), the nearest first."""
    ranges = []
    low, high = 0, size
    while high - low > 1:
        middle = low + (1 << (high - low - 1).bit_length() - 1)
        ranges.append((middle, high) if at < middle else (low, middle))
        low, high = (low, middle) if at < middle else (middle, high)
    parts = {each: _complete(*each) for each in ranges}
    wanted = {node for nodes in parts.values() for node in nodes}
    nodes = _read(session, sorted(each for each in wanted if each[0] >= LOWEST))
    for node, found in _fold(session, sorted(wanted - set(nodes))).items():
        nodes[node] = found
    return [_joined([nodes[each] for each in parts[one]]) for one in reversed(ranges)]


def _complete(low: int, high: int) -> list[Node]:
    """The complete subtrees that make up the leaves from ``low`` up to ``high`` (not with it), from left to right; ``low`` is aligned."""
    nodes = []
    while low < high:
        level = (high - low).bit_length() - 1
        nodes.append((level, low >> level))
        low += 1 << level
    return nodes


def _joined(nodes: list[bytes]) -> bytes:
    joined = nodes[-1]
    for each in reversed(nodes[:-1]):
        joined = verifier.joined(each, joined)
    return joined


def _read(session: Session, nodes: list[Node]) -> dict[Node, bytes]:
    """Those of ``nodes`` that are kept."""
    if not nodes:
        return {}
    given = {"levels": [level for level, _ in nodes], "positions": [position for _, position in nodes]}
    return {(row.level, row.position): bytes(row.hash) for row in session.execute(_NODES, given)}


def _fold(session: Session, nodes: list[Node]) -> dict[Node, bytes]:
    """The other ones, from the events themselves; what is in one neighbourhood is read at once."""
    spans = sorted(((position << level, position + 1 << level), (level, position)) for level, position in nodes)
    made: dict[Node, bytes] = {}
    while spans:
        low, high = spans[0][0]
        together = [each for each in spans if each[0][0] < max(high, (low >> LOWEST) + 1 << LOWEST)]
        spans = spans[len(together) :]
        high = max(upto for (_, upto), _ in together)
        leaves = dict(_hashes(session, low, high))
        for (begin, end), node in together:
            tree = verifier.Tree()
            for number in range(begin + 1, end + 1):
                tree.add(leaves.get(number, b""))  # one that is gone: the way leads nowhere, and the verifier says so
            made[node] = tree.root()
    return made


def _hashes(session: Session, after: int, upto: int) -> list[tuple[int, bytes]]:
    """Number and hash of the events after number ``after`` up to ``upto``, also from the middle of an append."""
    begin = int(session.execute(_BEGIN, {"number": after + 1}).scalar() or 0)
    return [each for each in order.hashes(session, begin, upto) if after < each[0] <= upto]


class _Growing(verifier.Tree):
    """A tree that remembers which subtrees it completed."""

    def __init__(self, size: int, peaks: list[bytes]) -> None:
        super().__init__(size, peaks)
        self.made: dict[Node, bytes] = {}

    def completed(self, level: int, position: int, node: bytes) -> None:
        """Keep the large ones."""
        if level >= LOWEST:
            self.made[level, position] = node
