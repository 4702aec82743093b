"""What the kernel refuses says what it was about, and changes nothing (``StaleStimulus``, ``NotFound``, ``WrongState``)."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import EngineError, InvariantBroken, NotFound, WrongState
from engine.kernel import StaleStimulus, State, Stimulus, ValueNotStorable, advance
from engine.model import elements as model
from engine.protocol.stimuli import (
    CancelInstance,
    CompleteTask,
    FailHandler,
    FireTimer,
    ReceiveMessage,
    ReceiveSignal,
    RetryIncident,
    ReturnHandler,
    Start,
    ThrowError,
)
from tests.engine.kernel.building import (
    NOW,
    Run,
    at,
    event_sub,
    feel,
    make,
    message,
    process,
    script,
    signal,
    simple,
    timer,
    user,
)

FORK = make(model.ParallelGateway, "f")


def waiting() -> Run:
    """A task, a handler, a message and a timer are waited for; one incident is open."""
    nodes = [
        FORK,
        user("task"),
        make(model.ServiceTask, "act", handler="a.b"),
        make(model.ServiceTask, "broken", handler="a.b"),
        make(model.CatchEvent, "paid", trigger=message("paid", '"k"')),
        make(model.CatchEvent, "late", trigger=timer("duration", '"PT1H"')),
    ]
    flows = "start -> f\n" + "\n".join(f"f -> {each} -> end" for each in ("task", "act", "broken", "paid", "late"))
    run = Run(simple(nodes, flows))
    run(FailHandler(activity=run.one("broken"), code="handler_crashed"))
    return run


def refused(run: Run, stimulus: Stimulus) -> EngineError:
    before = run.state.to_text()
    with pytest.raises(StaleStimulus) as raised:
        advance(run.model, run.state, stimulus, at(NOW))
    assert run.state.to_text() == before
    return raised.value


def test_a_stale_stimulus_names_what_does_not_live() -> None:
    run = waiting()
    task, act, broken, paid, late = (
        run.one("task"),
        run.one("act"),
        run.one("broken"),
        run.wait("paid"),
        run.wait("late"),
    )
    stale: list[tuple[Stimulus, dict[str, Any]]] = [
        (Start(process="p"), {"stimulus": "Start"}),
        (CompleteTask(activity="a99", actor="x"), {"activity": "a99"}),
        (CompleteTask(activity=act, actor="x"), {"activity": act}),
        (ReturnHandler(activity=task), {"activity": task}),
        (ReturnHandler(activity=broken), {"activity": broken}),
        (ThrowError(activity=broken, code="E"), {"activity": broken}),
        (ThrowError(activity=run.one("paid"), code="E"), {"activity": run.one("paid")}),
        (FailHandler(activity=task, code="E"), {"activity": task}),
        (FireTimer(wait="w99"), {"wait": "w99"}),
        (FireTimer(wait=paid), {"wait": paid}),
        (ReceiveMessage(wait="w99", name="paid"), {"wait": "w99", "message": "paid"}),
        (ReceiveMessage(wait=paid, name="other"), {"wait": paid, "message": "other"}),
        (ReceiveMessage(wait=late, name="paid"), {"wait": late, "message": "paid"}),
        (ReceiveSignal(name="go"), {"signal": "go"}),
        (RetryIncident(incident="i99"), {"incident": "i99"}),
    ]
    for stimulus, facts in stale:
        error = refused(run, stimulus)
        assert (error.code, error.facts) == ("stale_stimulus", facts), stimulus


def test_a_stimulus_for_what_has_ended_or_not_begun_is_named() -> None:
    run = waiting()
    run(CancelInstance(reason="asked"))
    assert run.happened("instance:cancelled", "reason") == ["asked"]
    for stimulus in (CancelInstance(reason="x"), FireTimer(wait="w1"), RetryIncident(incident="i1")):
        assert refused(run, stimulus).facts == {"stimulus": type(stimulus).__name__}
    with pytest.raises(StaleStimulus) as raised:
        advance(run.model, None, FireTimer(wait="w1"), at(NOW))
    assert raised.value.facts == {"stimulus": "FireTimer"}


def test_a_start_that_is_not_there_is_named() -> None:
    definition = simple([user("a")], "start -> a -> end")
    for start, code, facts in (
        (Start(process="q"), "process_unknown", {"process": "q"}),
        (Start(process="p", start_event="a"), "start_unknown", {"process": "p", "start_event": "a"}),
        (Start(process="p", start_event=""), "start_unknown", {"process": "p", "start_event": ""}),
    ):
        with pytest.raises(NotFound) as raised:
            advance(definition, None, start, at(NOW))
        assert (raised.value.code, raised.value.facts) == (code, facts)
    twice = simple([user("a"), make(model.StartEvent, "other")], "start -> a -> end\nother -> a")
    with pytest.raises(NotFound) as raised:
        advance(twice, None, Start(process="p"), at(NOW))
    assert raised.value.facts == {"process": "p", "start_event": None}


def test_what_event_sub_processes_cannot_wait_for_stops_the_start() -> None:
    definition = simple(
        [user("a"), *event_sub("stop", message("m", "nr"))], "start -> a -> end\nstop_start -> stop_end"
    )
    with pytest.raises(WrongState) as raised:
        advance(definition, None, Start(process="p"), at(NOW))
    assert raised.value.code == "correlation_key_invalid"
    assert raised.value.facts == {"process": "p", "place": "start stop_start", "given": "null"}
    state, _ = advance(definition, None, Start(process="p", variables={"nr": "7"}), at(NOW))
    assert [each.key for each in state.waits.values()] == ["7"]


@pytest.mark.parametrize("start_event", [None, "start"])
def test_a_plain_start_may_be_named(start_event: str | None) -> None:
    definition = simple([user("a")], "start -> a -> end")
    state, events = advance(definition, None, Start(process="p", start_event=start_event), at(NOW))
    assert [each.tag for each in events][:3] == ["instance:started", "scope:opened", "element:entered"]
    assert [each.element for each in state.activities.values()] == ["a"]


def test_every_stimulus_refuses_what_a_process_cannot_keep() -> None:
    nodes = [
        FORK,
        user("task"),
        make(model.ServiceTask, "act", handler="a.b"),
        make(model.CatchEvent, "go", trigger=signal("go")),
    ]
    nodes.append(make(model.CatchEvent, "paid", trigger=message("paid", '"k"')))
    flows = "start -> f\n" + "\n".join(f"f -> {each} -> end" for each in ("task", "act", "paid", "go"))
    run = Run(simple(nodes, flows))
    bad: Any = {"weight": 1.5}
    for stimulus in (
        CompleteTask(activity=run.one("task"), actor="x", variables=bad),
        ReturnHandler(activity=run.one("act"), result=bad),
        ThrowError(activity=run.one("act"), code="E", facts=bad),
        FailHandler(activity=run.one("act"), code="E", facts=bad),
        ReceiveMessage(wait=run.wait("paid"), name="paid", payload=bad),
        ReceiveSignal(name="go", payload=bad),
    ):
        with pytest.raises(ValueNotStorable):
            advance(run.model, run.state, stimulus, at(NOW))
    with pytest.raises(ValueNotStorable):
        advance(run.model, None, Start(process="p", variables=bad), at(NOW))


def test_the_state_that_is_given_is_not_changed_and_the_next_one_is_another() -> None:
    definition = simple([user("a")], "start -> a -> end")
    first, _ = advance(definition, None, Start(process="p", variables={"n": 1}), at(NOW))
    text = first.to_text()
    (activity,) = first.activities
    answer = CompleteTask(activity=activity, actor="x", variables={"n": 2})
    second, events = advance(definition, first, answer, at(NOW))
    again, same = advance(definition, State.from_text(text), answer, at(NOW))
    assert first.to_text() == text
    assert (second, events) == (again, same)
    assert (first.root_variables, second.root_variables) == ({"n": 1}, {"n": 2})


def test_one_step_more_than_allowed_is_too_many() -> None:
    """Start, script, end are three moves, and nothing more is to be done."""
    definition = simple([script("s")], "start -> s -> end")
    assert Run(definition, max_steps=5).status == "completed"
    least = next(steps for steps in range(1, 10) if Run(definition, max_steps=steps).status == "completed")
    run = Run(definition, max_steps=least - 1)
    assert run.incident.code == "too_many_steps"
    assert run.first("incident:raised").facts["limit"] == least - 1
    run(RetryIncident(incident=run.incident.id))
    assert run.status == "completed"


def test_looking_at_a_join_that_is_not_complete_is_no_step() -> None:
    nodes = [FORK, make(model.ParallelGateway, "j"), *(user(each) for each in "abc")]
    flows = "start -> f\n" + "\n".join(f"f -> {each} -> j" for each in "abc") + "\nj -> end"
    run = Run(simple(nodes, flows), max_steps=8)
    for each in "abc":
        run.max_steps = 1 if each != "c" else 8
        run(CompleteTask(activity=run.one(each), actor="x"))
        assert not run.state.incidents
    assert run.status == "completed"


def test_the_whole_work_of_a_stimulus_may_be_used() -> None:
    """Each script takes one step of computing: a literal."""
    scripts = [script(f"s{number}", f"n{number}", "1") for number in range(5)]
    definition = simple(scripts, "start -> " + " -> ".join(each.id for each in scripts) + " -> end")
    cost = feel("1").cost or 1
    for allowed in range(1, 5):
        run = Run(definition, max_work=allowed * cost)
        assert len(run.state.root_variables) == allowed
        assert (run.incident.code, run.incident.element) == ("too_much_work", f"s{allowed}")
    assert Run(definition, max_work=5 * cost).status == "completed"


def test_a_process_with_several_entrances_begins_at_the_one_that_is_named() -> None:
    nodes = [
        make(model.StartEvent, "by_mail", trigger=message("m")),
        make(model.ReceiveTask, "by_call", message=message("c"), is_instantiating=True),
        user("a"),
        user("b"),
        make(model.EndEvent, "e"),
    ]
    definition = model.Model(processes={"p": process("p", nodes, "by_mail -> a -> e\nby_call -> b -> e")})
    for start, task in (("by_mail", "a"), ("by_call", "b")):
        state, events = advance(definition, None, Start(process="p", start_event=start, variables={"n": 1}), at(NOW))
        assert [each.element for each in state.activities.values()] == [task]
        assert [each.element for each in events if each.tag == "element:caught"] == [start]  # type: ignore[attr-defined]
        assert state.root_variables == {"n": 1}
    with pytest.raises(NotFound):
        advance(definition, None, Start(process="p"), at(NOW))


def test_a_state_that_contradicts_itself_is_our_own_fault_and_said_so() -> None:
    """An activity that waits for nothing: no event leads there, so nobody is told to retry it."""
    run = Run(simple([FORK, user("a"), user("b")], "start -> f -> a -> end\nf -> b -> end"))
    text = run.state.to_text().replace(b'"element":"b","phase":"task"', b'"element":"b","phase":"waiting"')
    state = State.from_text(text)
    assert state.activities[run.one("b")].phase == "waiting"
    with pytest.raises(InvariantBroken) as raised:
        advance(run.model, state, CompleteTask(activity=run.one("a"), actor="x"), at(NOW))
    assert (raised.value.code, raised.value.facts) == ("instance_at_rest_without_reason", {"process": "p"})
