"""Timers, messages and what interrupts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine.kernel import Event, StaleStimulus, State, advance
from engine.model import elements as model
from engine.protocol.events import InstanceStarted
from engine.protocol.stimuli import CompleteTask, FireTimer, ReceiveMessage, RetryIncident, ReturnHandler, Start
from tests.engine.kernel.building import NOW, Run, at, error, make, maps, message, process, script, simple, timer


def user(id_: str, **more: Any) -> Any:
    return make(model.UserTask, id_, **more)


def boundary(id_: str, attached_to: str, trigger: model.EventDefinition, **more: Any) -> Any:
    return make(model.BoundaryEvent, id_, attached_to=attached_to, trigger=trigger, **more)


def done(run: Run, element: str, **variables: Any) -> tuple[Event, ...]:
    return run(CompleteTask(activity=run.one(element), actor="camille", variables=variables))


def test_an_intermediate_timer_waits() -> None:
    run = Run(simple([make(model.CatchEvent, "wait", trigger=timer("duration", '"PT1H"'))], "start -> wait -> end"))
    assert run.happened("timer:set", "due_at") == [NOW + timedelta(hours=1)]
    run(FireTimer(wait=run.wait("wait")))
    assert run.status == "completed"


@pytest.mark.parametrize("interrupts", [True, False])
def test_a_boundary_timer(interrupts: bool) -> None:
    nodes = [user("a"), boundary("late", "a", timer("duration", '"P1D"'), is_interrupting=interrupts), user("b")]
    run = Run(simple(nodes, "start -> a -> end\nlate -> b -> end"))
    run(FireTimer(wait=run.wait("late")))
    assert run.happened("task:cancelled", "element") == (["a"] if interrupts else [])
    done(run, "b")
    if not interrupts:
        assert run.status == "active"
        done(run, "a")
    assert run.status == "completed"


def test_completing_the_task_takes_its_timers_away() -> None:
    nodes = [user("a"), boundary("late", "a", timer("duration", '"P1D"'), is_interrupting=False), user("b")]
    run = Run(simple(nodes, "start -> a -> b -> end\nlate -> end"))
    wait = run.wait("late")
    done(run, "a")
    assert run.happened("timer:cancelled", "wait") == [wait]
    with pytest.raises(StaleStimulus):
        run(FireTimer(wait=wait))


def test_a_reminder_comes_again_as_often_as_its_cycle_says() -> None:
    remind = boundary("remind", "a", timer("cycle", '"R3/PT10M"'), is_interrupting=False)
    run = Run(simple([user("a"), remind, script("mail", "n", "n + 1")], "start -> a -> end\nremind -> mail"), n=0)
    for _ in range(3):
        (wait,) = run.state.waits.values()
        assert wait.due_at is not None
        run.now = wait.due_at
        run(FireTimer(wait=wait.id))
    assert not run.state.waits
    assert run.state.root_variables == {"n": 3}
    due = run.happened("timer:set", "due_at")
    assert [each - NOW for each in due] == [timedelta(minutes=m) for m in (10, 20, 30)]
    assert run.happened("timer:set", "remaining") == [3, 2, 1]


def test_a_late_cycle_fires_once_and_goes_on_with_its_grid() -> None:
    remind = boundary("remind", "a", timer("cycle", '"R/PT10M"'), is_interrupting=False)
    run = Run(simple([user("a"), remind], "start -> a -> end\nremind -> end"))
    run.now += timedelta(minutes=47)
    run(FireTimer(wait=run.wait("remind")))
    assert run.happened("timer:set", "due_at")[-1] == NOW + timedelta(minutes=50)
    assert len(run.happened("timer:fired", "wait")) == 1


def test_a_handler_can_be_interrupted() -> None:
    nodes = [make(model.ServiceTask, "act", handler="a.b"), boundary("late", "act", timer("duration", '"PT5M"'))]
    run = Run(simple(nodes, "start -> act -> end\nlate -> end"))
    activity = run.one("act")
    run(FireTimer(wait=run.wait("late")))
    assert run.happened("handler:cancelled", "activity") == [activity]
    with pytest.raises(StaleStimulus):
        run(ReturnHandler(activity=activity))


def test_a_boundary_timer_ends_a_sub_process_with_all_inside() -> None:
    nodes = [
        make(model.SubProcess, "sub"),
        make(model.StartEvent, "s", scope="sub"),
        make(model.ParallelGateway, "f", scope="sub"),
        user("a", scope="sub"),
        make(model.CatchEvent, "w", scope="sub", trigger=message("m", '"k"')),
        boundary("late", "sub", timer("duration", '"PT5M"')),
    ]
    run = Run(simple(nodes, "start -> sub -> end\ns -> f -> a\nf -> w\nlate -> end"))
    run(FireTimer(wait=run.wait("late")))
    assert run.happened("message:wait-cancelled", "element") == ["w"]
    assert run.happened("element:cancelled", "element") == ["w", "a", "sub"]
    assert run.status == "completed"


def test_a_message_is_awaited_by_name_and_key() -> None:
    nodes = [make(model.CatchEvent, "w", trigger=message("paid", "number"), outputs=maps(amount="amount"))]
    run = Run(simple(nodes, "start -> w -> end"), number=Decimal("42.0"))
    assert run.happened("message:awaited", "name", "key") == [("paid", "42")]
    with pytest.raises(StaleStimulus):
        run(ReceiveMessage(wait=run.wait("w"), name="other"))
    with pytest.raises(StaleStimulus):
        run(FireTimer(wait=run.wait("w")))
    run(ReceiveMessage(wait=run.wait("w"), name="paid", payload={"amount": Decimal(5), "noise": 1}))
    assert run.state.root_variables == {"number": 42, "amount": 5}


def test_a_message_without_a_key_is_awaited_by_its_name_alone() -> None:
    nodes = [user("a"), boundary("news", "a", message("news"), is_interrupting=False)]
    run = Run(simple(nodes, "start -> a -> end\nnews -> end"))
    run(ReceiveMessage(wait=run.wait("news"), name="news"))
    assert run.happened("message:awaited", "name", "key") == [("news", "")] * 2


def test_a_payload_without_outputs_goes_to_the_process() -> None:
    run = Run(simple([make(model.CatchEvent, "w", trigger=message("paid", '"x"'))], "start -> w -> end"))
    run(ReceiveMessage(wait=run.wait("w"), name="paid", payload={"amount": Decimal(5)}))
    assert run.state.root_variables == {"amount": 5}


@pytest.mark.parametrize("source", ["null", "true", '""', "[1]"])
def test_a_key_must_be_a_text_or_a_number(source: str) -> None:
    run = Run(simple([make(model.CatchEvent, "w", trigger=message("paid", source))], "start -> w -> end"))
    assert run.incident.code == "correlation_key_invalid"


def test_a_message_boundary_event_that_does_not_interrupt_hears_every_message() -> None:
    nodes = [user("a"), boundary("news", "a", message("news", '"k"'), is_interrupting=False), script("s", "n", "n + x")]
    run = Run(simple(nodes, "start -> a -> end\nnews -> s"), n=0)
    first = run.wait("news")
    for number in (1, 2):
        run(ReceiveMessage(wait=run.wait("news"), name="news", payload={"x": Decimal(number)}))
    assert run.state.root_variables["n"] == 3
    assert run.wait("news") != first
    done(run, "a")
    assert run.status == "completed"


def test_messages_are_thrown_with_their_payload() -> None:
    nodes = [
        make(model.ThrowEvent, "t", result=message("shipped", "number"), inputs=maps(lines="2")),
        make(model.ThrowEvent, "mark"),
        make(model.EndEvent, "tell", result=message("over")),
    ]
    run = Run(simple(nodes, "start -> t -> mark -> tell"), number="A1")
    assert run.happened("message:thrown", "name", "key", "payload") == [
        ("shipped", "A1", {"lines": 2}),
        ("over", None, {}),
    ]
    assert run.status == "completed"


def test_a_message_starts_a_process_through_its_outputs() -> None:
    begin = make(model.StartEvent, "begin", trigger=message("ordered"), outputs=maps(number="order.id"))
    definition = simple([user("a"), begin], "start -> a -> end\nbegin -> a")
    payload = {"order": {"id": "o1"}}
    state, events = advance(definition, None, Start(process="p", start_event="begin", variables=payload), at(NOW))
    assert state.root_variables == {"number": "o1"}
    assert events[0] == InstanceStarted(process="p", start_event="begin")
    state, _ = advance(definition, None, Start(process="p", variables=payload), at(NOW))
    assert state.root_variables == payload


def test_a_boundary_event_whose_output_fails_can_be_tried_again() -> None:
    late = boundary("late", "a", message("m", '"k"'), outputs=maps(r="if flag = true then x else [1..2]"))
    nodes = [user("a"), late, user("fix"), make(model.ParallelGateway, "f")]
    run = Run(simple(nodes, "start -> f -> a -> end\nf -> fix -> end\nlate -> end"))
    run(ReceiveMessage(wait=run.wait("late"), name="m", payload={"x": "kept"}))
    assert (run.incident.code, run.incident.element) == ("value_not_storable", "late")
    done(run, "fix", flag=True)
    run(RetryIncident(incident=run.incident.id))
    assert run.state.root_variables == {"flag": True, "r": "kept"}
    assert run.status == "completed"


def test_a_timer_that_says_no_time_stops_before_anything_is_done() -> None:
    nodes = [user("a"), boundary("late", "a", timer("duration", "n"))]
    run = Run(simple(nodes, "start -> a -> end\nlate -> end"), n=5)
    assert (run.incident.code, run.incident.place) == ("timer_not_a_duration", "boundary late")
    assert not run.happened("task:created", "element")


def test_what_is_passive_is_entered_before_anything_acts() -> None:
    """A branch that waits does so before the other branch throws, whichever is drawn first."""
    for flows in ("f -> t -> end\nf -> w -> end", "f -> w -> end\nf -> t -> end"):
        nodes = [
            make(model.ParallelGateway, "f"),
            make(model.ThrowEvent, "t", result=message("m", '"k"')),
            make(model.CatchEvent, "w", trigger=message("m", '"k"')),
        ]
        run = Run(simple(nodes, "start -> f\n" + flows))
        tags = [each.tag for each in run.events]
        assert tags.index("message:awaited") < tags.index("message:thrown")


def test_an_error_thrown_beside_a_timer_leaves_nothing_behind() -> None:
    sub = [
        make(model.SubProcess, "sub"),
        make(model.StartEvent, "s", scope="sub"),
        make(model.EndEvent, "bad", scope="sub", result=error("E")),
        boundary("late", "sub", timer("duration", '"PT1H"')),
        boundary("caught", "sub", error("E")),
    ]
    run = Run(simple(sub, "start -> sub -> end\ns -> bad\nlate -> end\ncaught -> end"))
    assert run.status == "completed"
    assert run.happened("timer:cancelled", "element") == ["late"]


def test_what_an_error_interrupts_does_not_run_any_more() -> None:
    sub = [
        make(model.SubProcess, "sub"),
        make(model.StartEvent, "s", scope="sub"),
        make(model.ParallelGateway, "f", scope="sub"),
        make(model.EndEvent, "bad", scope="sub", result=error("E")),
        script("late", scope="sub"),
        boundary("caught", "sub", error("E")),
    ]
    run = Run(simple(sub, "start -> sub -> end\ns -> f -> bad\nf -> late\ncaught -> end"))
    assert "late" not in run.completed
    assert run.status == "completed"


def test_a_saved_instance_wakes_up_in_summer_time() -> None:
    run = Run(
        simple([make(model.CatchEvent, "wait", trigger=timer("duration", '"P1D"'))], "start -> wait -> end"),
        now=datetime(2026, 3, 28, 9, 0, tzinfo=UTC),
    )
    state = State.from_text(run.state.to_text())
    (wait,) = state.waits.values()
    assert wait.due_at == datetime(2026, 3, 29, 8, 0, tzinfo=UTC)  # ten o'clock in Paris on both days


def test_a_process_may_end_in_a_called_one() -> None:
    callee = process(
        "q", [make(model.StartEvent, "qs"), make(model.CatchEvent, "w", trigger=timer("date", "d"))], "qs -> w"
    )
    caller = simple([make(model.CallActivity, "call", process="q", inputs=maps(d="d"))], "start -> call -> end")
    run = Run(model.Model(processes={**caller.processes, "q": callee}), d=datetime(2027, 1, 1, tzinfo=UTC))
    run(FireTimer(wait=run.wait("w")))
    assert run.status == "completed"
