"""One hand case for each construct beyond the basic ones; the random ones are in ``test_properties``."""

from __future__ import annotations

from engine.kernel import StaleStimulus, advance
from engine.model import elements as model
from engine.protocol.stimuli import (
    CompleteTask,
    FireTimer,
    ReceiveMessage,
    ReceiveSignal,
    ReturnHandler,
    Start,
    ThrowError,
)
from tests.engine.kernel.building import (
    NOW,
    Run,
    at,
    compensable,
    error,
    escalation,
    event_sub,
    feel,
    make,
    maps,
    message,
    process,
    script,
    signal,
    simple,
    sub,
    timer,
    user,
    when,
)


def test_event_sub_process_by_message_that_interrupts() -> None:
    nodes = [user("a"), *event_sub("stop", message("m", '"k"'), script("undo"))]
    run = Run(simple(nodes, "start -> a -> end\nstop_start -> undo -> stop_end"))
    run(ReceiveMessage(wait=run.wait("stop_start"), name="m"))
    assert run.status == "completed"
    assert "undo" in run.completed
    assert "a" not in run.completed


def test_event_sub_process_by_timer_that_does_not_interrupt() -> None:
    nodes = [user("a"), *event_sub("remind", timer("cycle", '"R2/PT1H"'), script("mail"), is_interrupting=False)]
    run = Run(simple(nodes, "start -> a -> end\nremind_start -> mail -> remind_end"))
    run(FireTimer(wait=run.wait("remind_start")))
    run(FireTimer(wait=run.wait("remind_start")))
    assert not run.state.waits
    run(CompleteTask(activity=run.one("a"), actor="x"))
    assert run.status == "completed"
    assert run.completed.count("mail") == 2


def test_error_event_sub_process() -> None:
    nodes = [
        make(model.ServiceTask, "a", handler="x.y"),
        *event_sub("oops", error("E"), script("mend", "code", "errorCode"), outputs=maps(errorCode="errorCode")),
    ]
    run = Run(simple(nodes, "start -> a -> end\noops_start -> mend -> oops_end"))
    run(ThrowError(activity=run.one("a"), code="E"))
    assert run.status == "completed"
    assert run.state.root_variables["code"] == "E"


def test_escalation_boundary_goes_on_or_interrupts() -> None:
    for interrupts in (False, True):
        nodes = [
            *sub("s", make(model.ThrowEvent, "up", result=escalation("late")), script("after")),
            make(model.BoundaryEvent, "b", attached_to="s", trigger=escalation(None), is_interrupting=interrupts),
            script("boss"),
            make(model.EndEvent, "e2"),
        ]
        run = Run(simple(nodes, "start -> s -> end\ns_start -> up -> after -> s_end\nb -> boss -> e2"))
        assert run.status == "completed"
        assert "boss" in run.completed
        assert ("after" in run.completed) is not interrupts


def test_signal_within_the_instance_reaches_what_waits_whatever_the_drawing_order() -> None:
    for order in ("f -> throw\nf -> catch", "f -> catch\nf -> throw"):
        nodes = [
            make(model.ParallelGateway, "f"),
            make(model.ParallelGateway, "j"),
            make(model.ThrowEvent, "throw", result=signal("go")),
            make(model.CatchEvent, "catch", trigger=signal("go")),
        ]
        run = Run(simple(nodes, f"start -> f\n{order}\nthrow -> j\ncatch -> j\nj -> end"))
        assert run.status == "completed"


def test_conditional_event_fires_when_it_becomes_true() -> None:
    nodes = [
        make(model.ParallelGateway, "f"),
        make(model.ParallelGateway, "j"),
        user("a", outputs=maps(total="total")),
        make(model.CatchEvent, "big", trigger=when("total > 100")),
    ]
    run = Run(simple(nodes, "start -> f -> a -> j\nf -> big -> j\nj -> end"))
    assert run.state.waits
    run(CompleteTask(activity=run.one("a"), actor="x", variables={"total": 200}))
    assert run.status == "completed"


def test_event_based_gateway_takes_the_first() -> None:
    nodes = [
        make(model.EventBasedGateway, "g"),
        make(model.CatchEvent, "yes", trigger=message("yes", '"k"'), outputs=maps(answer="x")),
        make(model.CatchEvent, "late", trigger=timer("duration", '"PT1H"')),
        script("a"),
        script("b"),
        make(model.EndEvent, "e2"),
    ]
    run = Run(simple(nodes, "start -> g -> yes -> a -> end\ng -> late -> b -> e2"))
    run(ReceiveMessage(wait=run.wait("yes"), name="yes", payload={"x": 1}))
    assert run.status == "completed"
    assert run.state.root_variables["answer"] == 1
    assert "b" not in run.completed


def test_standard_loop() -> None:
    body = script("count", "n", "n + 1", loop=model.StandardLoop(condition=feel("n < 5")))
    run = Run(simple([body], "start -> count -> end"), n=0)
    assert run.state.root_variables["n"] == 5
    body = script("count", "n", "n + 1", loop=model.StandardLoop(condition=feel("n < 5"), tests_before=True, maximum=3))
    run = Run(simple([body], "start -> count -> end"), n=0)
    assert run.state.root_variables["n"] == 3
    body = script("count", "n", "n + 1", loop=model.StandardLoop(condition=feel("false"), tests_before=True))
    run = Run(simple([body], "start -> count -> end"), n=0)
    assert run.state.root_variables["n"] == 0


def test_link() -> None:
    link = model.LinkDefinition(name="L")
    nodes = [make(model.ThrowEvent, "away", result=link), make(model.CatchEvent, "here", trigger=link), script("a")]
    run = Run(simple(nodes, "start -> away\nhere -> a -> end"))
    assert run.status == "completed"
    assert "a" in run.completed


def test_compensation_in_reverse_order_with_what_was_known() -> None:
    nodes = [
        *compensable("a"),
        *compensable("b"),
        make(model.ThrowEvent, "undo", result=model.CompensationDefinition()),
    ]
    run = Run(simple(nodes, "start -> a -> b -> undo -> end"))
    run(ReturnHandler(activity=run.one("a")))
    run(ReturnHandler(activity=run.one("b")))
    assert run.live("unb")
    assert not run.live("una")
    run(ReturnHandler(activity=run.one("unb")))
    assert run.first("handler:requested").handler == "do.it"
    assert run.last.given == {"who": "a"}
    run(ReturnHandler(activity=run.one("una")))
    assert run.status == "completed"


def test_transaction_cancelled_is_undone_and_left_by_its_boundary() -> None:
    nodes = [
        *sub(
            "t",
            *compensable("a", scope="t"),
            make(model.EndEvent, "no", result=model.CancelDefinition()),
            is_transaction=True,
        ),
        make(model.BoundaryEvent, "c", attached_to="t", trigger=model.CancelDefinition()),
        script("told"),
        make(model.EndEvent, "e2"),
    ]
    run = Run(simple(nodes, "start -> t -> end\nt_start -> a -> no\nc -> told -> e2"))
    run(ReturnHandler(activity=run.one("a")))
    run(ReturnHandler(activity=run.one("una")))
    assert run.status == "completed"
    assert "told" in run.completed
    assert "t" not in run.completed


def test_a_sub_process_is_undone_by_what_it_recorded() -> None:
    nodes = [
        *sub("s", *compensable("a", scope="s")),
        make(model.EndEvent, "undo", result=model.CompensationDefinition(activity="s")),
    ]
    run = Run(simple(nodes, "start -> s -> undo\ns_start -> a -> s_end"))
    run(ReturnHandler(activity=run.one("a")))
    run(ReturnHandler(activity=run.one("una")))
    assert run.status == "completed"
    assert not run.state.records


def test_complex_gateway_discriminates_once() -> None:
    nodes = [
        make(model.ParallelGateway, "f"),
        user("a"),
        user("b"),
        user("c"),
        make(model.ComplexGateway, "d", activation=feel("activationCount >= 1")),
        script("once"),
    ]
    run = Run(simple(nodes, "start -> f -> a -> d\nf -> b -> d\nf -> c -> d\nd -> once -> end"))
    for each in "abc":
        run(CompleteTask(activity=run.one(each), actor="x"))
    assert run.status == "completed"
    assert run.completed.count("once") == 1


def test_quantities() -> None:
    nodes = [
        make(model.ParallelGateway, "f"),
        make(model.ExclusiveGateway, "m"),
        script("two", start_quantity=2, completion_quantity=3),
        script("three"),
    ]
    nodes.append(script("x"))
    run = Run(simple(nodes, "start -> f -> m\nf -> x -> m\nm -> two -> three -> end"))
    assert run.completed.count("two") == 1
    assert run.completed.count("three") == 3


def test_signal_from_outside() -> None:
    run = Run(simple([make(model.CatchEvent, "c", trigger=signal("go"))], "start -> c -> end"))
    try:
        run(ReceiveSignal(name="other"))
        raise AssertionError
    except StaleStimulus:
        pass
    run(ReceiveSignal(name="go"))
    assert run.status == "completed"


def test_parallel_multiple_needs_all() -> None:
    both = model.MultipleDefinition(definitions=(signal("x"), message("m", '"k"')), is_parallel=True)
    run = Run(simple([make(model.CatchEvent, "c", trigger=both)], "start -> c -> end"))
    run(ReceiveSignal(name="x"))
    assert run.status == "active"
    (wait,) = run.state.waits
    run(ReceiveMessage(wait=wait, name="m"))
    assert run.status == "completed"


def test_receive_task_begins_an_instance() -> None:
    nodes = [
        make(model.ReceiveTask, "r", message=message("m"), is_instantiating=True, outputs=maps(n="n")),
        make(model.EndEvent, "e"),
    ]
    definition = model.Model(processes={"p": process("p", nodes, "r -> e")})
    state, _ = advance(definition, None, Start(process="p", start_event="r", variables={"n": 1}), at(NOW))
    assert state.status == "completed"
    assert state.root_variables == {"n": 1}
