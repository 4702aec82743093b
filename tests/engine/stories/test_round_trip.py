"""Random cases of random processes (all constructs, any order of ready work): recorded, told as stories, played to the same end."""

from __future__ import annotations

import os
from datetime import timedelta
from random import Random

import pytest

from engine.kernel import Event, State
from engine.protocol import events as happened
from engine.protocol.stimuli import CancelInstance, FailHandler, RetryIncident, ReturnHandler
from engine.stories import Recorded, check_story, play, read_story, recorded
from tests.engine.kernel.blocks import random_block
from tests.engine.kernel.building import Run, at
from tests.engine.kernel.drawing_events import draw
from tests.engine.kernel.playing import Player

FEW = 20
MANY = int(os.environ.get("PROPERTIES", "1000"))
PAUSES = (0, 0, 1, 90, 4_000, 100_000)
"""Seconds between two things that happen: timers are late by them, or fire before they are due."""


def run_of(seed: int) -> tuple[Run, list[Recorded]]:
    """A case that people, handlers, messages and operators moved for a while, or to its end."""
    chance = Random(seed)
    definition, drawing = draw(random_block(chance, chance.randint(1, 12)))
    run = Run(definition, **drawing.variables)
    player = Player(run, drawing)
    history = [Recorded(at=run.now, actor="x", event=each) for each in run.events]
    most = chance.choice((3, 400, 400))
    while not run.state.is_ended and most:
        most -= 1
        run.now += timedelta(seconds=chance.choice(PAUSES))
        if run.state.incidents:
            run(RetryIncident(incident=chance.choice(list(run.state.incidents))))
        else:
            stimulus = chance.choice(player.ready())
            if isinstance(stimulus, ReturnHandler) and chance.random() < 0.2:
                stimulus = FailHandler(activity=stimulus.activity, code="handler_crashed")
            run(CancelInstance(reason="enough") if chance.random() < 0.02 else stimulus)
        history += [Recorded(at=run.now, actor="x", event=each) for each in run.events[len(history) :]]
    return run, history


def entered(events: list[Event]) -> list[str]:
    return [each.element for each in events if isinstance(each, happened.ElementEntered)]


def plays_again(seed: int) -> None:
    run, history = run_of(seed)
    text = recorded(run.model, history, {"fr": "Un cas", "en": "A case"}, at)
    story = read_story(text.encode(), "stories/case.yaml")
    assert check_story(run.model, story, None, at) == (), text
    report = play(run.model, story, None, at)
    assert report.deviations == (), text
    assert entered(list(report.events)) == entered(run.events), text
    assert report.state is not None
    assert report.state.status == run.status
    assert report.state.root_variables == run.state.root_variables
    if story.has_own_timers:
        assert report.state == State.from_text(run.state.to_text())


@pytest.mark.parametrize("seed", range(FEW))
def test_a_recorded_case_plays_again(seed: int) -> None:
    plays_again(seed)


@pytest.mark.long
def test_many_recorded_cases_play_again() -> None:
    for seed in range(1_000, 1_000 + MANY):
        plays_again(seed)
