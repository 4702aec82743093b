"""Expected paths: one after the other, branches in any interleaving."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from engine.stories.path import Follower, TooOpen, pattern_of


def follows(items: list[Any], path: str) -> bool:
    follower = Follower(pattern_of(items))
    return all(follower.take(each) for each in path) and follower.is_done


@pytest.mark.parametrize(
    ("items", "right", "wrong"),
    [
        (["a", "b"], "ab", "ba"),
        (["a", ["b", "c"], "d"], "acbd", "abd"),
        ([["a", ["b", "c"]]], "bac", "cba"),
        ([[["a", "b"], ["c", "d"]], "e"], "cabde", "badce"),
        ([[["a", ["b", "c"]], "d"]], "dacb", "dba"),
        ([["a", "a"], "b"], "aab", "ab"),
        ([[["a", "b"], ["a", "c"]]], "aacb", "abca"),
        ([], "", "a"),
    ],
)
def test_paths(items: list[Any], right: str, wrong: str) -> None:
    assert follows(items, right)
    assert not follows(items, wrong)


def test_what_may_come_is_known_at_every_point() -> None:
    follower = Follower(pattern_of(["a", [["b", "c"], "d"], "e"]))
    seen = [follower.expected]
    for element, is_expected in (("a", True), ("c", False), ("b", True), ("d", True)):
        assert follower.take(element) == is_expected
        seen.append(follower.expected)
    assert seen == [("a",), ("b", "d"), ("b", "d"), ("c", "d"), ("c",)]


def test_every_interleaving_is_right_and_no_other_order() -> None:
    chance = Random(1)
    for _ in range(200):
        branches = [[f"{letter}{number}" for number in range(chance.randint(1, 4))] for letter in "abc"]
        left, path = [list(each) for each in branches], []
        while any(left):
            path.append(chance.choice([each for each in left if each]).pop(0))
        follower = Follower(pattern_of([branches]))
        assert all(map(follower.take, path))
        assert follower.is_done
        backwards = Follower(pattern_of([branches]))
        is_same = [each[::-1] for each in branches] == branches
        assert (all(map(backwards.take, path[::-1])) and backwards.is_done) == is_same


def test_equal_branches_stay_few_and_too_many_ways_are_said() -> None:
    follower = Follower(pattern_of([["a"] * 100]))
    assert all(follower.take("a") for _ in range(100))
    branches = [["a"] * number + [f"x{number}"] for number in range(1, 12)]
    follower = Follower(pattern_of([branches]))
    with pytest.raises(TooOpen):
        all(map(follower.take, "a" * 60))
