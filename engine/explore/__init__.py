"""Soundness: whether every case of a process can come to an end, proved with the moves of the kernel (``docs/soundness.md``).

``explore(model, process)`` gives *sound*, *unsound* with a path that somebody can follow, or *not decided* with what it depends on.
``verdicts(bundle)`` asks for every process of a version. Pure and deterministic; bounded by counted states and moves, never by time.
"""

from engine.explore.happenings import Surroundings
from engine.explore.judge import MAX_MOVES, MAX_STATES, explore, verdicts
from engine.explore.verdict import Asked, Kind, Soundness, Verdict

__all__ = [
    "MAX_MOVES",
    "MAX_STATES",
    "Asked",
    "Kind",
    "Soundness",
    "Surroundings",
    "Verdict",
    "explore",
    "verdicts",
]
