"""Random processes of the common subset: SpiffWorkflow goes the same way, or one of its known defects says why not.

``PROPERTIES=10000 PROPERTIES_FROM=5000`` takes as many as wanted in the long test.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable

import pytest

from engine.second_opinion import Opinion, compare
from tests.engine.kernel.blocks import Block, smaller
from tests.engine.kernel.building import at
from tests.engine.second_opinion.common import case_of, random_block

FEW = 200
MANY = int(os.environ.get("PROPERTIES", "2000"))
FIRST = int(os.environ.get("PROPERTIES_FROM", "1000"))
SHARE = 0.7
"""Of the random processes that must be compared."""


def opinion_of(block: Block, seed: int) -> Opinion:
    definition, story = case_of(block, seed)
    return compare(story, definition, None, at)


def judged(seeds: Iterable[int]) -> Counter[str]:
    """How many are the same, explained by which defect, not compared; none unexplained."""
    found: Counter[str] = Counter()
    for seed in seeds:
        opinion = opinion_of(random_block(seed), seed)
        assert not opinion.is_unexplained, smallest(seed)
        found[opinion.defect or opinion.agreement.value] += 1
    return found


def smallest(seed: int) -> str:
    """What can be looked at when a difference is not explained."""
    block = random_block(seed)
    while less := next((each for each in smaller(block) if opinion_of(each, seed).is_unexplained), None):
        block = less
    opinion = opinion_of(block, seed)
    return f"seed {seed}\nsmallest: {block}\n{opinion.difference}\n{opinion.reason}"


def test_random_processes_go_the_same_way_on_both_engines() -> None:
    found = judged(range(FEW))
    assert found.total() - found["not_compared"] >= SHARE * FEW, found
    assert found["same"] >= SHARE * FEW, found


@pytest.mark.long
def test_many_random_processes_go_the_same_way_on_both_engines() -> None:
    found = judged(range(FIRST, FIRST + MANY))
    print(dict(found))
    assert found.total() - found["not_compared"] >= SHARE * MANY, found
