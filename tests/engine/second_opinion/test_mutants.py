"""The second engine notices mistakes: it is given a process with a small one, of which the kernel says that it matters in this case."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from random import Random

import pytest

from engine.model.elements import Model
from engine.protocol import events as happened
from engine.second_opinion import Opinion, comparison
from engine.second_opinion.playing import play as play_there
from engine.stories import Report, Story, play
from engine.stories.world import world_of
from tests.engine.kernel.building import at
from tests.engine.second_opinion.common import case_of, random_block
from tests.engine.second_opinion.mutants import mutant

FEW = 16
MANY = int(os.environ.get("PROPERTIES", "400"))
FEW_NOTICED, NOTICED = 0.6, 0.75
"""Of the mistakes that matter: unexplained. The others lie where a known defect strikes."""


def elements(report: Report) -> Counter[tuple[str, str]]:
    kinds = (happened.ElementEntered, happened.ElementCompleted, happened.ElementCancelled)
    return Counter((each.tag, each.element) for each in report.events if isinstance(each, kinds))


def mistaken(monkeypatch: pytest.MonkeyPatch, definition: Model, wrong: Model, story: Story) -> Opinion:
    """What is said when SpiffWorkflow plays the ``wrong`` process."""
    monkeypatch.setattr(comparison, "play_there", lambda _, *more: play_there(world_of(wrong), *more))
    return comparison.compare(story, definition, None, at)


def noticed(monkeypatch: pytest.MonkeyPatch, seeds: Iterable[int], share: float) -> Counter[str]:
    """By what the mistakes that matter were explained: ``share`` of them by nothing, and none was overlooked."""
    found: Counter[str] = Counter()
    for seed in seeds:
        definition, story = case_of(random_block(seed), seed)
        wrong = mutant(Random(seed), definition)
        if wrong is None or elements(play(wrong, story, None, at)) == elements(play(definition, story, None, at)):
            continue
        opinion = mistaken(monkeypatch, definition, wrong, story)
        if opinion.is_compared:
            found[opinion.defect or ("unexplained" if opinion.is_unexplained else "same")] += 1
    assert found["same"] == 0, found
    assert found["unexplained"] >= share * found.total(), found
    return found


def test_mistakes_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert noticed(monkeypatch, range(FEW), FEW_NOTICED)


@pytest.mark.long
def test_many_mistakes_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    print(dict(noticed(monkeypatch, range(1_000, 1_000 + MANY), NOTICED)))
