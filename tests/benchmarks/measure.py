"""How figures are taken: A and B interleaved in one run, at least twenty blocks, the median of their ratio with its 95 % interval."""

from __future__ import annotations

import os
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

BLOCKS = int(os.environ.get("BENCH_BLOCKS", "24"))
"""Fewer are for trying a benchmark out."""
_RESAMPLES = 2_000


@dataclass(frozen=True, slots=True)
class Spread:
    """The median over the blocks, and the interval that 95 of 100 such runs would fall into (bootstrap)."""

    median: float
    low: float
    high: float
    blocks: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of the ``values`` of the blocks."""
        chance = random.Random(1)
        medians = sorted(statistics.median(chance.choices(values, k=len(values))) for _ in range(_RESAMPLES))
        low, high = medians[int(0.025 * _RESAMPLES)], medians[int(0.975 * _RESAMPLES)]
        return cls(statistics.median(values), low, high, len(values))

    @classmethod
    def of_ratio(cls, above: Sequence[float], below: Sequence[float]) -> Spread:
        """The spread of the ratio, taken block by block: what disturbs the machine disturbs both."""
        return cls.of([a / b for a, b in zip(above, below, strict=True)])


def wall(act: Callable[[], object], times: int = 1) -> float:
    """Seconds on the wall clock per call."""
    begin = time.perf_counter()
    for _ in range(times):
        act()
    return (time.perf_counter() - begin) / times


def cpu(act: Callable[[], object], times: int = 1) -> float:
    """Seconds of this process's processor per call: what a busy machine disturbs least."""
    begin = time.process_time()
    for _ in range(times):
        act()
    return (time.process_time() - begin) / times


def calibration() -> int:
    """C: a fixed loop of plain Python, the same on every machine and in every release."""
    total = 0
    for number in range(20_000):
        total += number % 7 * 3
    return total


def busyness() -> float:
    """Wall time over processor time of C: 1 on a machine that does nothing else."""
    begin_wall, begin_cpu = time.perf_counter(), time.process_time()
    for _ in range(100):
        calibration()
    return (time.perf_counter() - begin_wall) / (time.process_time() - begin_cpu)
