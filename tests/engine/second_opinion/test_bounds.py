"""However much a version asks of the second engine, and whatever that engine does, there is an answer for each story, in bounded time."""

from __future__ import annotations

from typing import Any

import pytest

from engine.definitions.examining import examine
from engine.model import elements as model
from engine.second_opinion import Agreement, Allowance, Opinion, compare, kinds
from engine.second_opinion.bounds import MOST_WORK, MOST_WORK_IN_ALL, Bounds
from engine.second_opinion.keeping import opinion_of, record_of
from engine.second_opinion.playing import play as play_there
from engine.stories import Story
from engine.stories.world import world_of
from handlers.table import HANDLERS
from tests.engine.kernel.building import at, make, simple
from tests.engine.stories.telling import TABLE, replenishment, story
from tests.engine.stories.telling import at as at_work


def chain(length: int) -> tuple[model.Model, Story]:
    """So many tasks, one after the other."""
    tasks = [make(model.UserTask, f"t{number}") for number in range(length)]
    steps = ", ".join(f"{{task: {each.id}, by: ann}}" for each in tasks)
    flows = " -> ".join(("start", *(each.id for each in tasks), "end"))
    return simple(tasks, flows), story(f"steps: [{steps}]\nexpect: {{end: end}}")


def reasons(opinion: Opinion) -> list[str]:
    return [each.reason for each in opinion.obstacles]


def test_a_story_that_takes_too_much_is_not_compared() -> None:
    definition, told = chain(390)
    assert reasons(compare(told, definition, None, at)) == ["large"]


def test_the_stories_of_a_version_are_bounded_together() -> None:
    definition, told = chain(20)
    bounds = Bounds()
    play_there(world_of(definition), told, None, at, bounds)
    allowance = Allowance(left=3 * bounds.work)
    found = [compare(told, definition, None, at, allowance=allowance) for _ in range(5)]
    assert [each.agreement for each in found[:3]] == [Agreement.SAME] * 3
    assert [reasons(each) for each in found[3:]] == [["allowance"]] * 2
    assert "all the work that the second engine gets" in found[3].sentence("en")
    assert "tout le travail que le second moteur reçoit" in found[3].sentence("fr")


def test_telling_again_what_was_before_a_refusal_is_counted() -> None:
    nodes = [make(model.UserTask, "ask"), make(model.ServiceTask, "do", handler="a.b")]
    definition = simple(nodes, "start -> ask -> do -> end")

    def work(refusals: int) -> int:
        refused = "{task: ask, by: ann}, {handler: do, raises: refused}, {expect: {refused: refused}}, " * refusals
        given = "{task: ask, by: ann}, {handler: do, returns: {amount: 1, on: 2026-12-01}}"
        bounds = Bounds()
        played = play_there(
            world_of(definition), story(f"steps: [{refused}{given}]\nexpect: {{end: end}}"), TABLE, at, bounds
        )
        assert played.trace.status == "completed", played.stopped
        return bounds.work

    assert work(40) > 10 * work(1)


@pytest.mark.long
def test_two_hundred_stories_near_the_limits_take_what_the_allowance_gives() -> None:
    definition, told = chain(340)
    allowance = Allowance()
    found = [compare(told, definition, None, at, allowance=allowance) for _ in range(200)]
    most = MOST_WORK_IN_ALL // MOST_WORK
    assert [each.agreement for each in found[:most]] == [Agreement.SAME] * most
    assert {*reasons(found[-1])} == {"allowance"}
    assert allowance.left == 0


# -- what it does without meaning to ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [RecursionError("too deep"), KeyError("x"), AssertionError(), ZeroDivisionError("y")])
def test_what_the_other_engine_breaks_at_is_no_difference_and_no_failure(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise error

    definition, told = chain(3)
    monkeypatch.setattr(kinds.UserStep, "leave", broken)
    found = compare(told, definition, None, at)
    assert (found.agreement, found.is_unexplained, found.element) == (Agreement.NOT_COMPARED, False, "t0")
    assert reasons(found) == ["broken"]
    for locale, words in (("en", "At “t0” the second engine broke down"), ("fr", "À « t0 », le second moteur")):
        assert words in found.sentence(locale).replace("\u00a0", " ")
        assert type(error).__name__ in found.sentence(locale)
    assert opinion_of(record_of(found)) == found


def test_a_version_may_be_published_whose_stories_the_other_engine_breaks_at(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise KeyError

    monkeypatch.setattr(kinds.UserStep, "leave", broken)
    found = examine(replenishment(), HANDLERS, at_work)
    assert found.may_publish
    assert {(each.agreement, *reasons(each)) for each in found.opinions if each.obstacles} == {
        (Agreement.NOT_COMPARED, "broken")
    }


def test_what_differs_before_it_breaks_is_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another way taken is never hidden by what comes after it."""
    from engine.second_opinion import comparison

    definition, told = chain(3)
    other = simple(list(definition.processes["p"].nodes.values())[2:], "start -> t0 -> t2 -> end\nt1 -> end")
    monkeypatch.setattr(comparison, "play_there", lambda _, *more: play_there(world_of(other), *more))
    leave = kinds.UserStep.leave

    def broken(self: Any, task: Any) -> None:
        if self.node.id == "t1":
            raise KeyError
        leave(self, task)

    monkeypatch.setattr(kinds.UserStep, "leave", broken)
    found = comparison.compare(told, definition, None, at)
    assert found.agreement is Agreement.DIFFERENT
