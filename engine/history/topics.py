"""What an append to the history is about, in one word: the weightiest of its events decides. For finding things; it proves nothing."""

from __future__ import annotations

from typing import Final

BY_KIND: Final = {"process": "publication", "record": "record", "refusal": "refusal"}
"""Chains that are about one thing only."""

BY_TYPE: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    (
        "operator",
        (
            "instance:suspended",
            "instance:resumed",
            "instance:cancelled",
            "effect:confirmed",
            "instance:migrated",
            "instance:migration-undone",
            "token:moved",
            "activity:skipped",
            "variable:edited",
        ),
    ),
    ("incident", ("incident:raised", "instance:failed")),
    ("start", ("instance:started",)),
    ("task", ("task:completed",)),
    (
        "handling",
        (
            *("task:claimed", "task:released", "task:delegated", "task:substituted", "task:offered"),
            *("effect:sent_now", "effect:taken_back"),
            *("comment:added", "comment:removed", "file:attached", "file:removed"),
        ),
    ),
)
"""Of cases, the weightiest first; every other step is the engine's own."""

AUTOMATIC: Final = "automatic"
TOPICS: Final = ("start", "task", "handling", "operator", "incident", AUTOMATIC, *BY_KIND.values())
"""All of them, in the order in which people are offered them."""


def in_sql() -> str:
    """The topic of a note (``kind``, ``types``) as an expression of SQL."""
    kinds = " ".join(f"WHEN kind = '{kind}' THEN '{topic}'" for kind, topic in BY_KIND.items())
    types = " ".join(
        f"WHEN string_to_array(types, ',') && ARRAY[{', '.join(map(_quoted, types))}] THEN '{topic}'"
        for topic, types in BY_TYPE
    )
    return f"CASE {kinds} {types} ELSE '{AUTOMATIC}' END"


def _quoted(text: str) -> str:
    return f"'{text}'"
