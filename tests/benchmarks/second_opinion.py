"""How far the second engine agrees: the share of stories and of random processes that both engines played, and what an opinion costs.

Shares are counted, not timed: they are the same on every machine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from engine.definitions.store import read_folder
from engine.model.bundle import read_bundle
from engine.model.elements import Model
from engine.second_opinion import Opinion, compare, opinions
from engine.settings import CHECKOUT
from engine.stories import Story
from handlers.table import HANDLERS
from tests.benchmarks.figures import Figure, Goal
from tests.benchmarks.measure import Spread, cpu
from tests.engine.kernel.building import at as at_plain
from tests.engine.second_opinion.common import case_of, random_block, whole_block
from tests.engine.stories.telling import at

PROCESSES = 300
"""Random processes, always the same."""
MOST = Goal(">=", 0.7)
NONE = Goal("<=", 0)


def agreement() -> Iterator[Figure]:
    """Of our stories, of random processes of the common subset and of those with every construct: compared, the same, unexplained; and the
    time of one opinion.
    """
    folders = sorted(each.parent for each in (CHECKOUT / "processes").glob("*/process.yaml"))
    stories = [each for folder in folders for each in opinions(read_bundle(read_folder(folder)), HANDLERS, at)]
    yield from _shares("second_opinion.stories", stories, MOST)
    found, taken = [], []
    for seed in range(PROCESSES):
        definition, story = case_of(random_block(seed), seed)
        taken.append(1e3 * cpu(lambda: found.append(compare(story, definition, None, at_plain))))  # noqa: B023  # called at once
    yield from _shares("second_opinion.random", found, MOST)
    every = [compare(story, definition, None, at_plain) for definition, story in map(_whole, range(PROCESSES))]
    yield from _shares("second_opinion.whole", every, None)
    yield Figure(
        "second_opinion.time", Spread.of(taken), "ms", note="one story on both engines, the median of the random ones"
    )


def _whole(seed: int) -> tuple[Model, Story]:
    return case_of(whole_block(seed), seed)


def _shares(name: str, found: list[Opinion], goal: Goal | None) -> Iterator[Figure]:
    """``goal`` of how many are compared."""
    defects = Counter(each.defect for each in found if each.defect is not None)
    obstacles = Counter(reason for each in found for reason in {one.reason for one in each.obstacles})
    note = f"{len(found)} cases; differ: {_counted(defects)}; not compared: {_counted(obstacles)}"
    compared = sum(each.is_compared for each in found) / len(found)
    same = sum(each.is_compared and each.difference is None for each in found) / len(found)
    unexplained = sum(each.is_unexplained for each in found)
    yield Figure(f"{name}.compared", _exactly(compared), "x", goal, note)
    yield Figure(f"{name}.same", _exactly(same), "x", note=note)
    yield Figure(f"{name}.unexplained", _exactly(unexplained), "x", NONE, note)


def _counted(found: Counter[str]) -> str:
    return ", ".join(f"{count} {code}" for code, count in found.most_common()) or "none"


def _exactly(value: float) -> Spread:
    return Spread(value, value, value, 1)
