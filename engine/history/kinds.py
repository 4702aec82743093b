"""The kinds of chains that the history has: where their events stand. What numbers, signs, exports and verifies goes through this table,
so that a new kind is one more entry here, one in ``verifier.NAMED``, and a trigger that notes its events (migration ``engine_0009``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainKind:
    """One kind of chain.

    ``word``: as in ``engine.history_order`` and in the verifier. ``members``: what an exported event says about its chain, each with the
    column of ``table`` (``event`` in SQL). ``joined``: the condition between an event and its row ``placed`` of the order. ``heads``: a
    query for every chain: ``chain`` (text), ``sequence``, ``hash``.
    """

    word: str
    table: str
    members: Mapping[str, str]
    joined: str
    heads: str


CASES: Final = ChainKind(
    word="case",
    table="engine.event",
    members={"instance": "instance_id"},
    joined="event.instance_id = CAST(placed.chain AS bigint)",
    heads="SELECT CAST(id AS text) AS chain, chain_sequence AS sequence, chain_hash AS hash FROM engine.instance",
)
PUBLICATIONS: Final = ChainKind(
    word="process",
    table="engine.definition_event",
    members={"process": "process_key"},
    joined="event.process_key = placed.chain",
    heads="SELECT process_key AS chain, sequence, hash FROM engine.definition_chain",
)
RECORDS: Final = ChainKind(
    word="record",
    table="engine.record_event",
    members={"kind": "kind", "key": "key"},
    joined="event.kind = split_part(placed.chain, '/', 1) AND event.key = substr(placed.chain, strpos(placed.chain, '/') + 1)",
    heads="SELECT kind || '/' || key AS chain, sequence, hash FROM engine.record_chain",
)
REFUSALS: Final = ChainKind(
    word="refusal",
    table="engine.refusal_event",
    members={"refused": "refused"},
    joined="event.refused = placed.chain",
    heads="SELECT refused AS chain, sequence, hash FROM engine.refusal_chain",
)

KINDS: Final = (CASES, PUBLICATIONS, RECORDS, REFUSALS)
