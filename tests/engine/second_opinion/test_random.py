"""Random processes of the common subset: SpiffWorkflow goes the same way, or one of its known defects says why not.

``PROPERTIES=10000 PROPERTIES_FROM=5000`` takes as many as wanted in the long test.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable

import pytest

from engine.second_opinion import Opinion, compare
from tests.engine.kernel.blocks import Block, smaller
from tests.engine.kernel.building import at
from tests.engine.second_opinion.common import case_of, random_block, whole_block

FEW = 100
MANY = int(os.environ.get("PROPERTIES", "2000"))
FIRST = int(os.environ.get("PROPERTIES_FROM", "1000"))
SHARE = 0.7
"""Of the random processes of the common subset that must be compared."""
WHOLE = 0.3
"""Of those with every construct of the kernel, of which about 35 % can be translated."""


def opinion_of(block: Block, seed: int) -> Opinion:
    definition, story = case_of(block, seed)
    return compare(story, definition, None, at)


def judged(seeds: Iterable[int], block_of: Callable[[int], Block] = random_block) -> Counter[str]:
    """How many are the same, explained by which defect, not compared; none unexplained, and at none does it break down."""
    found: Counter[str] = Counter()
    for seed in seeds:
        opinion = opinion_of(block_of(seed), seed)
        assert not opinion.is_unexplained, smallest(seed, block_of)
        assert all(each.reason != "broken" for each in opinion.obstacles), opinion.obstacles
        found[opinion.defect or opinion.agreement.value] += 1
    return found


def smallest(seed: int, block_of: Callable[[int], Block]) -> str:
    """What can be looked at when a difference is not explained."""
    block = block_of(seed)
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


@pytest.mark.long
def test_of_processes_with_every_construct_what_can_be_translated_goes_the_same_way() -> None:
    found = judged(range(FIRST, FIRST + MANY), whole_block)
    print(dict(found))
    assert found.total() - found["not_compared"] >= WHOLE * MANY, found
