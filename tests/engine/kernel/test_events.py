"""Events that are caught and thrown, where they meet scopes, interruption, incidents and each other (BPMN 10.5, 13.4.4, 13.4.5, 13.5.3)."""

from __future__ import annotations

from typing import Any

import pytest

from engine.kernel import Phase, StaleStimulus, State, advance
from engine.model import elements as model
from engine.protocol.stimuli import (
    CompleteTask,
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
    error,
    escalation,
    event_sub,
    feel,
    make,
    maps,
    message,
    script,
    signal,
    simple,
    sub,
    timer,
    user,
    when,
)


def throw(id_: str, result: Any, **more: Any) -> Any:
    return make(model.ThrowEvent, id_, result=result, **more)


def boundary(id_: str, host: str, trigger: Any, *, is_interrupting: bool = True, **more: Any) -> Any:
    return make(model.BoundaryEvent, id_, attached_to=host, trigger=trigger, is_interrupting=is_interrupting, **more)


def complete(run: Run, element: str, **variables: Any) -> None:
    tasks = (each for each in run.live(element) if run.state.activities[each].phase is Phase.TASK)
    run(CompleteTask(activity=next(tasks), actor="x", variables=variables))


# -- what interrupts its own thrower ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "thrown", [escalation("E"), signal("E"), model.MultipleDefinition(definitions=(signal("E"), escalation("E")))]
)
def test_a_thrower_that_its_own_event_interrupts_goes_no_further(thrown: Any) -> None:
    caught = escalation(None) if thrown == escalation("E") else signal("E")
    nodes = [
        *sub("s", throw("up", thrown, scope="s"), script("after", scope="s")),
        boundary("b", "s", caught),
        script("then"),
        make(model.EndEvent, "e2"),
    ]
    run = Run(simple(nodes, "start -> s -> end\ns_start -> up -> after -> s_end\nb -> then -> e2"))
    assert run.status == "completed"
    assert run.completed == ["start", "s_start", "up", "b", "then", "e2"]


def test_a_condition_interrupts_who_wrote_what_it_reads() -> None:
    nodes = [
        *sub("s", script("write", "n", "5", scope="s"), script("after", scope="s")),
        boundary("b", "s", when("n > 3")),
        make(model.EndEvent, "e2"),
    ]
    run = Run(simple(nodes, "start -> s -> end\ns_start -> write -> after -> s_end\nb -> e2"), n=0)
    assert run.status == "completed"
    assert "after" not in run.completed


def test_an_item_whose_event_interrupts_all_items_goes_no_further() -> None:
    many = model.MultiInstance(
        is_sequential=False,
        input_collection=feel("[1, 2, 3]"),
        behavior=model.MultiInstanceBehavior.ONE,
        event=escalation("first"),
    )
    nodes = [user("u", multi_instance=many), boundary("b", "u", escalation("first")), make(model.EndEvent, "e2")]
    run = Run(simple(nodes, "start -> u -> end\nb -> e2"))
    complete(run, "u")
    assert run.status == "completed"
    assert not run.live("u")


def test_an_error_that_items_throw_and_nothing_catches_fails_the_instance() -> None:
    many = model.MultiInstance(
        is_sequential=True,
        input_collection=feel("[1, 2]"),
        behavior=model.MultiInstanceBehavior.NONE,
        event=error("E"),
    )
    run = Run(simple([script("s", multi_instance=many)], "start -> s -> end"))
    assert run.status == "failed"


# -- event sub-processes ------------------------------------------------------------------------------------------------------------


def test_an_event_sub_process_in_an_event_sub_process() -> None:
    inner = event_sub("inner", message("n", '"k"'), script("deep", scope="inner"), scope="outer", is_interrupting=False)
    nodes = [user("a"), *event_sub("outer", message("m", '"k"'), user("b", scope="outer"), *inner)]
    run = Run(simple(nodes, "start -> a -> end\nouter_start -> b -> outer_end\ninner_start -> deep -> inner_end"))
    assert [each.name for each in run.state.waits.values()] == ["m"]
    run(ReceiveMessage(wait=run.wait("outer_start"), name="m"))
    run(ReceiveMessage(wait=run.wait("inner_start"), name="n"))
    run(ReceiveMessage(wait=run.wait("inner_start"), name="n"))
    complete(run, "b")
    assert run.status == "completed"
    assert run.completed.count("deep") == 2


def test_an_error_out_of_an_event_sub_process_is_caught_further_out() -> None:
    fails = make(model.EndEvent, "bad", result=error("E"), scope="stop")
    beside = event_sub("beside", error(None), script("wrong", scope="beside"), scope="s")
    nodes = [
        *sub("s", user("a", scope="s"), *event_sub("stop", signal("x"), fails, scope="s"), *beside),
        boundary("b", "s", error("E")),
        make(model.EndEvent, "e2"),
    ]
    flows = "start -> s -> end\ns_start -> a -> s_end\nstop_start -> bad\nbeside_start -> wrong -> beside_end\nb -> e2"
    run = Run(simple(nodes, flows))
    run(ReceiveSignal(name="x"))
    assert run.status == "completed"
    assert "b" in run.completed
    assert "wrong" not in run.completed


def test_an_interrupting_event_sub_process_ends_a_multi_instance_and_what_runs_beside() -> None:
    many = model.MultiInstance(is_sequential=False, input_collection=feel("[1, 2, 3]"))
    nodes = [
        user("u", multi_instance=many),
        *event_sub("hint", message("h", '"k"'), user("b", scope="hint"), is_interrupting=False),
        *event_sub("stop", signal("x"), script("last", scope="stop")),
    ]
    flows = "start -> u -> end\nhint_start -> b -> hint_end\nstop_start -> last -> stop_end"
    run = Run(simple(nodes, flows))
    run(ReceiveMessage(wait=run.wait("hint_start"), name="h"))
    run(ReceiveSignal(name="x"))
    assert run.status == "completed"
    assert "last" in run.completed
    assert not {"u", "hint", "b"} & set(run.completed)


def test_when_only_event_sub_processes_are_at_work_no_other_begins() -> None:
    """BPMN 13.5.3: the scope is completing."""
    nodes = [
        *sub(
            "s",
            user("a", scope="s"),
            *event_sub("hint", message("m", '"k"'), user("b", scope="hint"), scope="s", is_interrupting=False),
            *event_sub("stop", signal("x"), scope="s"),
        )
    ]
    flows = "start -> s -> end\ns_start -> a -> s_end\nhint_start -> b -> hint_end\nstop_start -> stop_end"
    run = Run(simple(nodes, flows))
    run(ReceiveMessage(wait=run.wait("hint_start"), name="m"))
    assert len(run.state.waits) == 2
    complete(run, "a")
    assert not run.state.waits
    with pytest.raises(StaleStimulus):
        run(ReceiveSignal(name="x"))
    complete(run, "b")
    assert run.status == "completed"


def test_the_last_event_of_a_scope_still_begins_an_event_sub_process_there() -> None:
    for thrown in (signal("x"), escalation("x")):
        nodes = sub(
            "s",
            make(model.EndEvent, "up", result=thrown, scope="s"),
            *event_sub("hint", thrown, script("b", scope="hint"), scope="s", is_interrupting=False),
        )
        run = Run(simple(nodes, "start -> s -> end\ns_start -> up\nhint_start -> b -> hint_end"))
        assert run.status == "completed"
        assert "b" in run.completed


def test_a_link_leaves_the_event_sub_processes_of_its_scope_waiting() -> None:
    link = model.LinkDefinition(name="L")
    nodes = sub(
        "s",
        throw("away", link, scope="s"),
        make(model.CatchEvent, "here", trigger=link, scope="s"),
        user("a", scope="s"),
        *event_sub("hint", when("true"), user("b", scope="hint"), scope="s", is_interrupting=False),
        *event_sub("stop", signal("x"), scope="s"),
    )
    flows = (
        "start -> s -> end\ns_start -> away\nhere -> a -> s_end\nhint_start -> b -> hint_end\nstop_start -> stop_end"
    )
    run = Run(simple(nodes, flows))
    run(ReceiveSignal(name="x"))
    assert run.status == "completed"
    assert not {"a", "b"} & set(run.completed)


def test_terminate_ends_its_own_scope_alone() -> None:
    end = model.TerminateDefinition()
    many = model.MultiInstance(is_sequential=False, input_collection=feel("[1, 2]"))
    nodes = [
        *sub(
            "s",
            make(model.ParallelGateway, "f", scope="s"),
            user("a", scope="s"),
            user("b", scope="s"),
            make(model.EndEvent, "stop", result=end, scope="s"),
            multi_instance=many,
        ),
        *event_sub("hint", signal("x"), make(model.EndEvent, "stop2", result=end, scope="hint"), is_interrupting=False),
    ]
    run = Run(simple(nodes, "start -> s -> end\ns_start -> f -> a -> stop\nf -> b -> s_end\nhint_start -> stop2"))
    run(ReceiveSignal(name="x"))
    assert len(run.live("a")) == 2
    complete(run, "a")
    assert (len(run.live("a")), len(run.live("b"))) == (1, 1)
    complete(run, "a")
    assert run.status == "completed"


# -- conditions ---------------------------------------------------------------------------------------------------------------------


def test_a_condition_counts_again_after_it_has_lapsed_and_not_before() -> None:
    nodes = [
        make(model.ExclusiveGateway, "m"),
        user("a", outputs=maps(n="n")),
        *event_sub("high", when("n > 10"), script("told", scope="high"), is_interrupting=False),
        make(model.ExclusiveGateway, "x", default="x-m"),
    ]
    run = Run(simple(nodes, "start -> m -> a -> x\nx -> end : n = 0\nx -> m\nhigh_start -> told -> high_end"), n=11)
    told = [run.completed.count("told")]
    for value in (12, 5, 6, 13, 14, 5):
        complete(run, "a", n=value)
        told.append(run.completed.count("told"))
    assert told == [1, 1, 1, 1, 2, 2, 2]
    complete(run, "a", n=0)
    assert run.status == "completed"


def test_several_conditions_of_one_step_are_all_met() -> None:
    nodes = [
        user("a", outputs=maps(n="n")),
        boundary("b1", "wait", when("n > 1"), is_interrupting=False),
        boundary("b2", "wait", when("n > 2"), is_interrupting=False),
        make(model.ParallelGateway, "f"),
        user("wait"),
    ]
    run = Run(simple(nodes, "start -> f -> a\nf -> wait -> end"), n=0)
    complete(run, "a", n=3)
    assert [each for each in run.completed if each in ("b1", "b2")] == ["b1", "b2"]


def test_each_condition_of_one_event_is_its_own() -> None:
    either = model.MultipleDefinition(definitions=(when("n = 1"), when("n = 2")))
    nodes = [
        make(model.ParallelGateway, "f"),
        make(model.ParallelGateway, "j"),
        user("a", outputs=maps(n="n")),
        make(model.CatchEvent, "c", trigger=either),
    ]
    run = Run(simple(nodes, "start -> f -> a -> j -> end\nf -> c -> j"), n=0)
    complete(run, "a", n=2)
    assert run.status == "completed"


def test_a_condition_that_cannot_be_asked_stops_nothing_else() -> None:
    nodes = [
        make(model.ServiceTask, "work", handler="a.b"),
        boundary("b", "work", when("if d = 0 then [1..2] else n / d > 1")),
        make(model.ParallelGateway, "f"),
        user("a", outputs=maps(n="n", d="d")),
        make(model.EndEvent, "e2"),
    ]
    definition = simple(nodes, "start -> f -> work -> end\nf -> a\nb -> e2")
    run = Run(definition, n=1, d=0)
    assert run.incident.place == "condition b"
    complete(run, "a", n=3, d=0)
    assert len(run.state.incidents) == 1, "asked again, it is the same incident"
    assert len(run.happened("handler:requested", "activity")) == 1
    run(RetryIncident(incident=run.incident.id))
    assert len(run.state.incidents) == 1
    assert len(run.happened("handler:requested", "activity")) == 1, "the handler is not asked again"
    run(ReturnHandler(activity=run.one("work")))
    assert run.status == "completed"
    assert not run.state.incidents


def test_a_condition_that_can_be_asked_again_resolves_its_incident() -> None:
    nodes = [
        user("a", outputs=maps(d="d")),
        *event_sub(
            "high", when("if d = 0 then [1..2] else 6 / d > 1"), script("told", scope="high"), is_interrupting=False
        ),
        user("b"),
    ]
    run = Run(simple(nodes, "start -> a -> b -> end\nhigh_start -> told -> high_end"), d=0)
    assert run.incident.place == "condition high_start"
    complete(run, "a", d=3)
    assert not run.state.incidents
    assert "told" in run.completed


def test_a_condition_for_which_too_much_was_computed_waits_for_the_retry() -> None:
    slow = "count(for i in 1..900 return i)"
    nodes = [
        user("a", inputs=maps(x=f"{slow} + {slow}")),
        boundary("b", "a", when(f"n + {slow} > 900"), is_interrupting=False),
    ]
    run = Run(simple(nodes, "start -> a -> end"), max_work=4_000, n=1)
    assert run.incident.code == "too_much_work"
    run(RetryIncident(incident=run.incident.id))
    assert "b" in run.completed


# -- waits --------------------------------------------------------------------------------------------------------------------------


def test_what_has_come_ends_the_other_waits_of_its_event_even_if_it_cannot_go_on() -> None:
    either = model.MultipleDefinition(definitions=(message("m", '"k"'), signal("x")))
    nodes = [make(model.CatchEvent, "c", trigger=either, outputs=maps(n="[1..d]"))]
    run = Run(simple(nodes, "start -> c -> end"), d=0)
    (wait,) = (each.id for each in run.state.waits.values() if each.name == "m")
    run(ReceiveMessage(wait=wait, name="m"))
    assert run.incident.place == "output n"
    assert not run.state.waits
    with pytest.raises(StaleStimulus):
        run(ReceiveSignal(name="x"))


def test_a_receive_task_with_a_deadline() -> None:
    nodes = [
        make(model.ReceiveTask, "r", message=message("m", '"k"')),
        boundary("late", "r", timer("duration", '"PT1H"')),
        boundary("soon", "r", timer("cycle", '"R2/PT10M"'), is_interrupting=False),
        make(model.EndEvent, "e2"),
    ]
    for last in ("r", "late"):
        run = Run(simple(nodes, "start -> r -> end\nlate -> e2"))
        run(FireTimer(wait=run.wait("soon")))
        if last == "r":
            run(ReceiveMessage(wait=run.wait("r"), name="m"))
        else:
            run(FireTimer(wait=run.wait("late")))
        assert run.status == "completed"
        assert last in run.completed
        assert not run.state.waits


def test_the_inputs_of_a_receive_task_are_its_own() -> None:
    """The key and the outputs see them, the process does not."""
    inputs, outputs = maps(number="order + 1"), maps(seen="number")
    receive = make(model.ReceiveTask, "r", message=message("m", "string(number)"), inputs=inputs, outputs=outputs)
    run = Run(simple([receive], "start -> r -> end"), order=4)
    wait = run.state.waits[run.wait("r")]
    assert (wait.key, run.state.activities[wait.activity].variables) == ("5", {"number": 5})
    run(ReceiveMessage(wait=wait.id, name="m"))
    assert run.state.root_variables == {"order": 4, "seen": 5}


def test_an_event_based_gateway_is_interrupted_with_its_waits() -> None:
    nodes = [
        *sub(
            "s",
            make(model.EventBasedGateway, "g", scope="s"),
            make(model.CatchEvent, "c", trigger=signal("x"), scope="s"),
            make(model.ReceiveTask, "r", message=message("m", '"k"'), scope="s"),
        ),
        boundary("b", "s", timer("duration", '"PT1H"')),
        make(model.EndEvent, "e2"),
    ]
    run = Run(simple(nodes, "start -> s -> end\ns_start -> g -> c -> s_end\ng -> r -> s_end\nb -> e2"))
    assert len(run.state.waits) == 3
    run(FireTimer(wait=run.wait("b")))
    assert run.status == "completed"


def test_a_cycle_beyond_the_calendar_has_no_further_firing() -> None:
    nodes = [user("a"), boundary("b", "a", timer("cycle", '"R5/2026-11-21T00:00:00Z/P7980Y"'), is_interrupting=False)]
    run = Run(simple(nodes, "start -> a -> end"))
    run(FireTimer(wait=run.wait("b")))
    assert not run.state.waits


def test_links_are_of_their_scope() -> None:
    link = model.LinkDefinition(name="L")
    nodes = [
        throw("away", link),
        make(model.CatchEvent, "here", trigger=link),
        *sub("s", throw("away2", link, scope="s"), make(model.CatchEvent, "here2", trigger=link, scope="s")),
    ]
    run = Run(simple(nodes, "start -> away\nhere -> s -> end\ns_start -> away2\nhere2 -> s_end"))
    assert run.completed == ["start", "away", "here", "s_start", "away2", "here2", "s_end", "s", "end"]


# -- complex gateways ---------------------------------------------------------------------------------------------------------------


def discriminator(flows: str, *more: Any, activation: str = "activationCount >= 1", **attributes: Any) -> model.Model:
    nodes = [
        make(model.ParallelGateway, "f"),
        *(user(each) for each in "abc"),
        make(model.ComplexGateway, "d", activation=feel(activation), **attributes),
        script("once"),
        *more,
    ]
    return simple(nodes, f"start -> f -> a -> d\nf -> b -> d\nf -> c -> d\n{flows}")


def test_a_complex_gateway_begins_anew_in_a_loop() -> None:
    again = [make(model.ExclusiveGateway, "m"), make(model.ExclusiveGateway, "x", default="x-end")]
    nodes = [
        make(model.ParallelGateway, "f"),
        *(user(each) for each in "abc"),
        make(model.ComplexGateway, "d", activation=feel("activationCount >= 2")),
        script("count", "n", "n + 1"),
        *again,
    ]
    flows = "start -> m -> f -> a -> d\nf -> b -> d\nf -> c -> d\nd -> count -> x\nx -> m : n < 3\nx -> end"
    run = Run(simple(nodes, flows), n=0)
    for _ in range(3):
        for each in "abc":
            complete(run, each)
    assert run.status == "completed"
    assert run.completed.count("count") == 3


def test_work_after_a_complex_gateway_that_can_come_back_to_it_does_not_keep_it_waiting() -> None:
    """BPMN 13.4.5: a token that may also arrive where one was taken already is not waited for."""
    nodes = [
        make(model.ExclusiveGateway, "m"),
        make(model.InclusiveGateway, "f", default="f-a"),
        user("a"),
        user("b"),
        make(model.ComplexGateway, "d", activation=feel("activationCount >= 1")),
        user("after"),
        make(model.ExclusiveGateway, "x", default="x-end"),
    ]
    flows = "start -> m -> f -> a -> d\nf -> b : both\nb -> d\nd -> after -> x\nx -> m : more\nx -> end"
    run = Run(simple(nodes, flows), both=False, more=True)
    complete(run, "a")
    assert not run.live("d"), "b never began, and after may come back by a too"
    assert run.live("after")


def test_the_second_phase_takes_the_flows_that_ask_for_it() -> None:
    definition = discriminator(
        "d -> once -> end\nd -> late : not(waitingForStart)\nd -> early : waitingForStart\nlate -> e2\nearly -> e2",
        script("late"),
        script("early"),
        make(model.EndEvent, "e2"),
    )
    run = Run(definition)
    complete(run, "a")
    assert [run.completed.count(each) for each in ("once", "early", "late")] == [1, 1, 0]
    complete(run, "b")
    complete(run, "c")
    assert run.status == "completed"
    assert [run.completed.count(each) for each in ("once", "early", "late")] == [1, 1, 1]


def test_an_activation_that_cannot_be_evaluated_is_one_incident_until_it_can() -> None:
    run = Run(discriminator("d -> once -> end", activation="activationCount >= limit"))
    complete(run, "a")
    complete(run, "b")
    assert run.incident.code == "condition_not_boolean"
    run(RetryIncident(incident=run.incident.id))
    assert run.incident.place == "activation"
    assert run.live("c")


# -- the bounds of a stimulus -------------------------------------------------------------------------------------------------------


def test_too_many_steps_can_be_said_of_anything() -> None:
    nodes = [user("a", outputs=maps(n="n")), boundary("b", "a", when("[1..n]"), is_interrupting=False)]
    nodes += [boundary(f"b{each}", "a", when("n = 1"), is_interrupting=False) for each in range(4)]
    run = Run(simple(nodes, "start -> a -> end"), max_steps=1, n=0)
    for _ in range(100):
        if not run.state.incidents:
            break
        run(RetryIncident(incident=next(iter(run.state.incidents))))
        if run.live("a") and all(each.place != "tokens" for each in run.state.incidents.values()):
            break
    assert run.live("a")


def test_a_start_that_something_triggers_goes_through_its_outputs() -> None:
    nodes = [make(model.StartEvent, "m", trigger=message("m"), outputs=maps(n="payload")), user("a")]
    definition = simple(nodes, "start -> a\nm -> a -> end")
    state, _ = advance(
        definition, None, Start(process="p", start_event="m", variables={"payload": 1, "secret": 2}), at(NOW)
    )
    assert state.root_variables == {"n": 1}
    assert State.from_text(state.to_text()) == state


def test_a_late_error_is_stale() -> None:
    nodes = [make(model.ServiceTask, "a", handler="x.y"), boundary("b", "a", signal("x")), make(model.EndEvent, "e2")]
    run = Run(simple(nodes, "start -> a -> end\nb -> e2"))
    activity = run.one("a")
    run(ReceiveSignal(name="x"))
    with pytest.raises(StaleStimulus):
        run(ThrowError(activity=activity, code="E"))
