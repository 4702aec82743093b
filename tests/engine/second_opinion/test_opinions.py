"""What an opinion says: the same, different and where, not compared and why; and that what is wrong is noticed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.model import elements as model
from engine.second_opinion import Agreement, Opinion, compare
from engine.second_opinion.comparing import difference
from engine.second_opinion.ours import trace_of
from engine.second_opinion.playing import play as play_there
from engine.second_opinion.trace import Mark, Moment, Trace
from engine.stories import play
from engine.stories.world import world_of
from tests.engine.kernel.building import (
    at,
    compensable,
    error,
    event_sub,
    make,
    maps,
    message,
    signal,
    simple,
    sub,
    when,
)
from tests.engine.stories.telling import story

TASK = make(model.UserTask, "task")


def opinion(nodes: list[Any], flows: str, steps: str = "[]", end: str = "end") -> Opinion:
    return compare(story(f"steps: {steps}\nexpect: {{end: {end}}}"), simple(nodes, flows), None, at)


def test_the_same_way_is_said_in_both_languages() -> None:
    found = opinion([TASK], "start -> task -> end", "[{task: task, by: ann, variables: {x: 1}}]")
    assert (found.agreement, found.is_compared, found.is_unexplained) == (Agreement.SAME, True, False)
    assert found.sentence("en") == "The second engine goes the same way."
    assert found.sentence("fr") == "Le second moteur suit le même chemin."


CYCLE = make(
    model.UserTask,
    "task",
    multi_instance=model.MultiInstance(
        is_sequential=False,
        input_collection=when("[1]").condition,
        behavior=model.MultiInstanceBehavior.NONE,
        event=signal("s"),
    ),
)


@pytest.mark.parametrize(
    ("told", "is_kept"),
    [({"outputs": maps(kept="came")}, True), ({}, False), ({"propagates_all_out": True}, True)],
)
def test_what_is_called_in_other_files_is_answered_for_by_the_story(told: dict[str, Any], is_kept: bool) -> None:
    call = make(model.CallActivity, "c", process="elsewhere", binding=model.Binding.LATEST, **told)
    gateway = make(model.ExclusiveGateway, "g")
    name = "came" if "propagates_all_out" in told else "kept"
    steps = "[{handler: c, returns: {came: 7, other: 8}}]"
    flows = f"start -> c -> g\ng -> yes : {name} = 7\ng -> no : not({name} = 7)"
    ends = [make(model.EndEvent, "yes"), make(model.EndEvent, "no")]
    told_story = story(f"steps: {steps}\nexpect: {{end: {'yes' if is_kept else 'no'}}}")
    found = compare(told_story, simple([call, gateway, *ends], flows), None, at)
    assert (found.agreement, found.sentence("en")) == (Agreement.SAME, "The second engine goes the same way.")


@pytest.mark.parametrize(
    ("nodes", "flows", "reason", "element"),
    [
        ([make(model.CatchEvent, "c", trigger=when("true"))], "start -> c -> end", "condition", "c"),
        (
            [*compensable("a"), make(model.EndEvent, "undo", result=model.CompensationDefinition())],
            "start -> a -> undo",
            "compensation",
            "undo",
        ),
        (event_sub("beside", signal("s")), "start -> end\nbeside_start -> beside_end", "event_sub_process", "beside"),
        (
            [make(model.ComplexGateway, "g", activation=when("true").condition)],
            "start -> g -> end",
            "complex_gateway",
            "g",
        ),
        ([make(model.Task, "t", completion_quantity=2)], "start -> t -> end", "quantity", "t"),
        ([CYCLE], "start -> task -> end", "behavior", "task"),
        (
            [make(model.UserTask, "t", loop=model.StandardLoop(condition=None))],
            "start -> t -> end",
            "endless_loop",
            "t",
        ),
        ([make(model.CallActivity, "c", process="nowhere")], "start -> c -> end", "call", "c"),
        (
            [make(model.BusinessRuleTask, "r", decision="none", result_variable="x")],
            "start -> r -> end",
            "decision",
            "r",
        ),
        (
            sub("t", make(model.EndEvent, "stop", scope="t", result=model.CancelDefinition()), is_transaction=True),
            "start -> t -> end\nt_start -> stop",
            "transaction",
            "stop",
        ),
    ],
)
def test_what_has_no_translation_is_not_compared_and_named(nodes: Any, flows: str, reason: str, element: str) -> None:
    found = opinion(nodes, flows)
    assert [(each.reason, each.element) for each in found.obstacles] == [(reason, element)]
    assert (found.agreement, found.is_compared, found.element) == (Agreement.NOT_COMPARED, False, element)
    assert f"“{element}”" in found.sentence("en")
    assert f"«\u00a0{element}\u00a0»" in found.sentence("fr")


def test_an_incident_is_not_compared() -> None:
    script = make(model.ExclusiveGateway, "which")
    flows = "start -> which\nwhich -> end : x"
    found = opinion([script], flows, "[]", "{waiting: [which]}")
    assert [(each.reason, each.element) for each in found.obstacles] == [("incident", "which")]


def test_a_story_that_fails_is_not_compared() -> None:
    found = opinion([TASK], "start -> task -> end", "[]", "end")
    assert [each.reason for each in found.obstacles] == ["failing"]


def test_a_story_may_begin_with_a_message_and_end_in_the_middle() -> None:
    nodes = [make(model.StartEvent, "heard", trigger=message("m"), outputs=maps(y="x")), TASK]
    told = story(
        "steps: []\nexpect: {end: {waiting: [task]}}", "{at: 2026-11-23T09:00, event: heard, variables: {x: 1}}"
    )
    found = compare(told, simple(nodes, "start -> task -> end\nheard -> task"), None, at)
    assert found.agreement is Agreement.SAME


def test_an_error_that_nothing_catches_ends_the_case_on_both() -> None:
    found = opinion([make(model.EndEvent, "broken", result=error("E"))], "start -> broken", "[]", "{failed: E}")
    assert found.agreement is Agreement.SAME


# -- what is wrong is noticed -------------------------------------------------------------------------------------------

SPLIT = """
    start -> split -> a -> join -> task -> end
    split -> b -> join
"""
NODES = [
    make(model.ParallelGateway, "split"),
    make(model.Task, "a"),
    make(model.Task, "b"),
    make(model.ParallelGateway, "join"),
    TASK,
]
STORY = "steps: [{task: task, by: ann, variables: {x: 1}}]\nexpect: {end: end}"


def traces() -> tuple[Trace, Trace]:
    definition, told = simple(NODES, SPLIT), story(STORY)
    return (
        trace_of(definition, play(definition, told, None, at)),
        play_there(world_of(definition), told, None, at).trace,
    )


def test_branches_may_be_told_in_any_order() -> None:
    ours, theirs = traces()
    first = theirs.moments[0]
    beside = sorted(first.marks, key=lambda mark: (mark.element != "b", first.marks.index(mark)))
    assert tuple(beside) != first.marks
    turned = replace(theirs, moments=(replace(first, marks=tuple(beside)), *theirs.moments[1:]))
    assert difference(ours, turned) is None


def without(moment: Moment, element: str) -> Moment:
    return replace(moment, marks=tuple(each for each in moment.marks if each.element != element))


@pytest.mark.parametrize(
    ("change", "point", "element"),
    [
        (lambda trace: [without(trace.moments[0], "a"), *trace.moments[1:]], "only_ours", "a"),
        (
            lambda trace: [
                replace(
                    trace.moments[0], marks=(*trace.moments[0].marks, Mark(kind="entered", element="a", after="b"))
                ),
                *trace.moments[1:],
            ],
            "only_theirs",
            "a",
        ),
        (lambda trace: [replace(trace.moments[0], waiting=()), *trace.moments[1:]], "waiting", "task"),
        (lambda trace: trace.moments[:1], "only_ours", "task"),
        (lambda trace: [*trace.moments, trace.moments[1]], "only_theirs", "task"),
    ],
)
def test_the_first_element_that_differs_is_named(change: Any, point: str, element: str) -> None:
    ours, theirs = traces()
    found = difference(ours, replace(theirs, moments=tuple(change(theirs))))
    assert found is not None
    assert (found.point, found.element) == (point, element)


def test_variables_and_the_end_are_compared() -> None:
    ours, theirs = traces()
    assert difference(ours, theirs) is None
    other = difference(ours, replace(theirs, variables={"x": "1"}))
    assert other is not None
    assert (other.point, other.variables) == ("variable", ("x",))
    ended = difference(ours, replace(theirs, status="active"))
    assert ended is not None
    assert (ended.point, ended.ours, ended.theirs) == ("status", "completed", "active")


def test_another_process_on_the_other_side_is_unexplained(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if our kernel had mistaken a parallel split for an exclusive one."""
    from engine.second_opinion import comparison

    mistaken = simple(
        [make(model.ExclusiveGateway, "split"), *NODES[1:3], make(model.ExclusiveGateway, "join"), TASK], SPLIT
    )
    monkeypatch.setattr(comparison, "play_there", lambda _, *more: play_there(world_of(mistaken), *more))
    found = compare(story(STORY), simple(NODES, SPLIT), None, at)
    assert found.is_unexplained
    assert found.element == "b"
    assert "no reason is known" in found.sentence("en")
    assert "sans raison connue" in found.sentence("fr")


def test_the_log_is_not_its_diary(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        opinion([TASK], "start -> task -> end", "[{task: task, by: ann}]")
    assert [each.name for each in caplog.records if each.name.startswith("spiff")] == []
