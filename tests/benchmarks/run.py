"""`make bench`: the figures, one a line, taken in this run: ``name value unit goal verdict``; lines with ``#`` are remarks.

    python -m tests.benchmarks.run [--json FILE] [--only PREFIX] [--large]

The exit code does not judge: a busy machine is not a broken program. docs/benchmarks.md says what each name means.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks import documents, explore, kernel, languages, large, orders, second_opinion, steps, tables
from tests.benchmarks.figures import Figure, is_busy, line, report
from tests.benchmarks.measure import BLOCKS, busyness

BENCHMARKS: Mapping[str, Callable[[], Iterator[Figure]]] = {
    "feel.conditions": languages.conditions,
    "feel.compile": languages.compiling,
    "dmn.table_100x5": tables.table,
    "dmn.checks": tables.checks,
    "kernel.loop": steps.loop,
    "kernel.o2c_30": kernel.whole,
    "kernel.parallel_tasks": kernel.parallel_tasks,
    "kernel.parallel_blocks": kernel.parallel_blocks,
    "explore": explore.soundness,
    "second_opinion": second_opinion.agreement,
    "durable.loop": steps.durable_loop,
    "durable": steps.durable,
    "documents": documents.printing,
    "orders": orders.orders,
}
"""Every benchmark by what the names of its figures begin with."""

LARGE: Mapping[str, Callable[[], Iterator[Figure]]] = {"large": large.growth}
"""What takes a full database, which takes minutes to make (`make bench-large`)."""

_NAME_WIDTH = 36


def main() -> None:
    """Take the figures that are asked for, print each as soon as it is known, write the JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.run", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures with their intervals there")
    parser.add_argument("--only", default="", metavar="PREFIX", help="only figures whose names begin so, such as feel.")
    parser.add_argument("--large", action="store_true", help="what is measured in a full database, and nothing else")
    chosen = parser.parse_args()
    wanted = {
        name: each for name, each in (LARGE if chosen.large else BENCHMARKS).items() if overlaps(name, chosen.only)
    }
    if not wanted:
        parser.error(f"no figure begins with {chosen.only}; there are {', '.join(BENCHMARKS)}")

    facts = machine()
    busy = [busyness()]
    print(f"# {facts['taken_at']}, Python {facts['python']}, {facts['processors']} processors ({facts['machine']})")
    print(f"# median of {BLOCKS} interleaved blocks; a goal is met when the bad end of the 95 % interval meets it")
    print(f"# wall over processor time of the calibration loop: {busy[0]:.2f} (1.00 on an idle machine)")
    figures: list[Figure] = []
    for benchmark in wanted.values():
        for figure in benchmark():
            if figure.name.startswith(chosen.only):
                figures.append(figure)
                print(line(figure, _NAME_WIDTH), flush=True)
    busy.append(busyness())
    print(f"# wall over processor time at the end: {busy[1]:.2f}" + ("; the machine was busy" if is_busy(busy) else ""))
    if chosen.json is not None:
        chosen.json.parent.mkdir(parents=True, exist_ok=True)
        chosen.json.write_text(json.dumps(report(figures, facts, busy), indent=1) + "\n", encoding="utf-8")
        print(f"# {chosen.json}")


def overlaps(benchmark: str, prefix: str) -> bool:
    """Whether some figure of ``benchmark`` may begin with ``prefix``."""
    return benchmark.startswith(prefix) or prefix.startswith(benchmark)


def machine() -> dict[str, Any]:
    """When and where the figures are taken."""
    return {
        "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "machine": f"{platform.system()} {platform.machine()}",
        "blocks": BLOCKS,
    }


if __name__ == "__main__":
    main()
