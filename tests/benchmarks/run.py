"""`make bench`: the figures, as ratios taken in this run. Nothing here passes or fails: a busy machine is not a broken program."""

from __future__ import annotations

import platform

from tests.benchmarks import languages, steps
from tests.benchmarks.measure import BLOCKS, busyness


def main() -> None:
    print(
        f"Python {platform.python_version()}; {BLOCKS} interleaved blocks each, median of the ratio and its 95 % interval."
    )
    print(f"{steps.facts()}.")
    print(f"Wall over processor time of the calibration loop: {busyness():.2f} (1.00 on an idle machine).\n")
    for benchmark in (languages.conditions, languages.table, steps.loop, steps.durable):
        for line in benchmark():
            print(line, flush=True)
    print(f"\nWall over processor time at the end: {busyness():.2f}.")


if __name__ == "__main__":
    main()
