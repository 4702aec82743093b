"""Cases that nobody begins: a moment, a message or a signal does. Their stories are played, checked, recorded and compared like others."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.kernel import advance
from engine.model import elements as model
from engine.protocol.stimuli import Start
from engine.second_opinion import Agreement, compare
from engine.stories import Recorded, check_story, coverage, play, read_story, recorded
from tests.engine.kernel.building import make, message, process, timer
from tests.engine.stories.telling import at, codes, story

MONTHLY = timer("cycle", '"R/2026-12-01T06:00/P1M"')
FLOWS = "monthly -> ask -> done"


def begun_by(*others: model.Node, flows: str = "") -> model.Model:
    """A process that begins by itself each month, and by ``others``."""
    nodes = (
        make(model.StartEvent, "monthly", trigger=MONTHLY),
        make(model.UserTask, "ask", role="clerk"),
        make(model.EndEvent, "done"),
        *others,
    )
    return model.Model(processes={"p": process("p", nodes, f"{FLOWS}\n{flows}")})


STEPS = """
people: {ann: [clerk]}
steps: [{task: ask, by: ann}]
expect: {path: [monthly, ask, done], end: done}
"""


@pytest.mark.parametrize("start", ["{at: 2026-12-01T06:00}", "{at: 2026-12-01T06:00, event: monthly}"])
def test_a_moment_begins_the_case(start: str) -> None:
    definition, told = begun_by(), story(STEPS, start)
    assert check_story(definition, told, None, at) == ()
    report = play(definition, told, None, at)
    assert report.deviations == ()
    assert coverage(definition, [report]).is_complete
    assert compare(told, definition, None, at).agreement is Agreement.SAME


def test_nobody_begins_it() -> None:
    found = check_story(begun_by(), story(STEPS, "{at: 2026-12-01T06:00, by: ann}"), None, at)
    assert codes(found) == ["story_start_by_nobody"]
    assert found[0].facts["element"] == "monthly"


def test_where_several_things_begin_it_the_story_says_which() -> None:
    heard = make(model.StartEvent, "heard", trigger=message("m"))
    definition = begun_by(heard, flows="heard -> ask")
    found = check_story(definition, story(STEPS), None, at)
    assert codes(found) == ["story_start_which"]
    assert found[0].facts["known"] == "monthly, heard"
    told = story(STEPS.replace("monthly", "heard"), "{at: 2026-12-01T06:00, event: heard, by: ann}")
    assert check_story(definition, told, None, at) == ()
    assert play(definition, told, None, at).deviations == ()
    assert compare(told, definition, None, at).agreement is Agreement.SAME


def test_the_plain_start_is_meant_where_there_is_one() -> None:
    definition = begun_by(make(model.StartEvent, "asked"), flows="asked -> ask")
    told = story(STEPS.replace("path: [monthly", "path: [asked"), "{at: 2026-12-01T06:00, by: ann}")
    assert check_story(definition, told, None, at) == ()
    assert play(definition, told, None, at).deviations == ()


def test_a_case_that_began_by_itself_is_recorded() -> None:
    definition, now = begun_by(), datetime(2026, 12, 1, 5, 0, tzinfo=UTC)
    _, events = advance(definition, None, Start(process="p", start_event="monthly"), at(now))
    history = [Recorded(at=now, actor="bordereau", event=each) for each in events]
    text = recorded(definition, history, {"fr": "Un cas", "en": "A case"}, at)
    told = read_story(text.encode(), "stories/a.yaml")
    assert (told.start.event, told.start.by) == ("monthly", None)
    assert play(definition, told, None, at).deviations == ()
