"""Which step follows which: what ``continue with`` means depends on whether its step follows anyway."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Said = Mapping[str, Any]

JUMP = "continue with"

PARTINGS: Mapping[str, str] = {
    "choose": "options",
    "choose several": "options",
    "at the same time": "parts",
    "wait for the first": "events",
}
"""The verbs of the steps at which ways part, and the key of their ways."""

VERBS = frozenset(
    {
        *("ask", "do", "compute", "look up", "receive", "group", "call", "step"),
        *PARTINGS,
        *("wait", "tell", "milestone"),
        *("end", "end this branch", "end everything", "fail"),
        JUMP,
    }
)
"""The first words of steps: what happens."""


def verb_of(step: Said) -> str:
    """What happens in a step. The value of this key is the step's name."""
    return next(each for each in step if each in VERBS)


def following(steps: Sequence[Said], position: int, beyond: str | None) -> str | None:
    """The name of the step at which it goes on behind the one at ``position``; ``beyond``: behind the last one.

    None where nothing follows, and where a ``continue with`` does: that says itself where it goes on.
    """
    if position + 1 == len(steps):
        return beyond
    verb = verb_of(steps[position + 1])
    return None if verb == JUMP else steps[position + 1][verb]


def then_of(way: Said) -> Sequence[Said]:
    """The steps of a way: an option, a part, or what is done when something happens; of a refusal there are none."""
    said = way.get("steps", way.get("then"))
    return said if isinstance(said, list) else ()


def jumps(process: Said) -> Iterator[str]:
    """The steps to which a ``continue with`` leads from somewhere else than right before them."""
    yield from _jumps(process["steps"], None)
    for key in ("meanwhile", "instead", "if it fails"):
        for event in process.get(key, ()):
            yield from _jumps(then_of(event), None)


def _jumps(steps: Sequence[Said], beyond: str | None) -> Iterator[str]:
    for position, step in enumerate(steps):
        follows = following(steps, position, beyond)
        if JUMP in step and step[JUMP] != follows:
            yield step[JUMP]
        for key in (*PARTINGS.values(), "instead", "if it fails"):
            for way in step.get(key, ()):
                yield from _jumps(then_of(way), follows)
        for way in step.get("meanwhile", ()):
            yield from _jumps(then_of(way), None)
        if "group" in step:
            yield from _jumps(step["steps"], None)
