"""Whole histories of small cases, event by event: nothing more, nothing less, in the order of causes."""

from __future__ import annotations

from collections.abc import Iterable

from engine.kernel import Event, to_record
from engine.model import elements as model
from engine.protocol.stimuli import CancelInstance, CompleteTask, FireTimer, ReceiveMessage, ReturnHandler, ThrowError
from tests.engine.kernel.building import (
    Run,
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
)


def told(events: Iterable[Event]) -> list[str]:
    """Each event as its tag and what it is about: an element, a flow, a variable. (Ids are checked by the witness.)"""
    found = []
    for event in events:
        record = to_record(event)
        names = {"variable:written": "name", "token:dropped": "flows", "flow:taken": "flow"}
        about = record.get(names.get(event.tag, "element")) or ""
        found.append(f"{event.tag} {about if isinstance(about, str) else ' '.join(about)}".strip())
    return found


def lines(text: str) -> list[str]:
    return [each.strip() for each in text.strip().splitlines()]


def done(run: Run, element: str) -> list[str]:
    return told(run(ReturnHandler(activity=next(each.id for each in run.state.needs if each.element == element))))


def test_a_task_with_inputs_outputs_and_a_reminder() -> None:
    nodes = [
        user("a", inputs=maps(i="1"), outputs=maps(o="i")),
        make(model.BoundaryEvent, "b", attached_to="a", trigger=timer("cycle", '"R2/PT1H"'), is_interrupting=False),
        script("s", "n"),
    ]
    run = Run(simple(nodes, "start -> a -> end\nb -> s"), x=0)
    assert told(run.events) == lines("""
        instance:started
        scope:opened
        variable:written x
        element:entered start
        element:completed start
        flow:taken start-a
        element:entered a
        variable:written i
        timer:set b
        task:created a""")
    assert told(run(FireTimer(wait=run.wait("b")))) == lines("""
        timer:fired b
        timer:set b
        element:entered b
        element:caught b
        element:completed b
        flow:taken b-s
        element:entered s
        variable:written n
        element:completed s""")
    assert told(run(CompleteTask(activity=run.one("a"), actor="x"))) == lines("""
        task:completed a
        variable:written o
        timer:cancelled b
        element:completed a
        flow:taken a-end
        element:entered end
        element:completed end
        instance:completed""")


def test_a_transaction_that_is_cancelled() -> None:
    callee = process("q", [make(model.StartEvent, "qs"), *compensable("c")], "qs -> c")
    inside = [
        *compensable("a", scope="t"),
        make(model.CallActivity, "call", process="q", scope="t"),
        make(model.ParallelGateway, "f", scope="t"),
        user("u", scope="t"),
        make(model.EndEvent, "no", result=model.CancelDefinition(), scope="t"),
        *event_sub("hint", signal("x"), scope="t", is_interrupting=False),
    ]
    nodes = [
        *sub("t", *inside, is_transaction=True),
        make(model.BoundaryEvent, "b", attached_to="t", trigger=model.CancelDefinition()),
        make(model.EndEvent, "e2"),
    ]
    flows = "start -> t -> end\nb -> e2\nt_start -> a -> call -> f -> no\nf -> u -> t_end\nhint_start -> hint_end"
    definition = model.Model(processes={**simple(nodes, flows).processes, "q": callee})
    run = Run(definition)
    assert done(run, "a") == lines("""
        handler:returned a
        compensation:recorded a
        element:completed a
        flow:taken a-call
        element:entered call
        scope:opened call
        element:entered qs
        element:completed qs
        flow:taken qs-c
        element:entered c
        variable:written who
        handler:requested c""")
    assert done(run, "c") == lines("""
        handler:returned c
        compensation:recorded c
        element:completed c
        compensation:recorded call
        scope:closed
        element:completed call
        flow:taken call-f
        element:entered f
        element:completed f
        flow:taken f-no
        flow:taken f-u
        element:entered u
        task:created u
        element:entered no
        transaction:cancelled no
        task:cancelled u
        element:cancelled u
        signal:wait-cancelled hint_start
        compensation:thrown no
        element:entered call
        compensation:begun no
        scope:opened call
        compensation:thrown call
        element:entered unc
        compensation:begun call
        variable:written who
        variable:written who
        handler:requested unc""")
    opened = run.happened("scope:opened", "parent", "process", "element", "isolated", "record")
    (recorded, record) = run.happened("compensation:recorded", "element", "record")[-1]
    (transaction,) = run.state.activities[run.one("t")].scopes
    assert recorded == "call"
    assert opened[-1] == (transaction, "q", "call", True, record)
    assert done(run, "unc") == lines("""
        handler:returned unc
        element:completed unc
        compensation:done call
        scope:closed
        element:completed call
        compensation:done no
        element:entered una
        compensation:begun no
        variable:written who
        variable:written who
        handler:requested una""")
    assert done(run, "una") == lines("""
        handler:returned una
        element:completed una
        compensation:done no
        element:completed no
        scope:closed
        element:cancelled t
        element:entered b
        element:caught b
        element:completed b
        flow:taken b-e2
        element:entered e2
        element:completed e2
        instance:completed""")


def test_the_first_event_after_a_gateway() -> None:
    nodes = [
        make(model.EventBasedGateway, "g"),
        make(model.CatchEvent, "m", trigger=message("m", '"k"')),
        make(model.CatchEvent, "t", trigger=timer("duration", '"PT1H"')),
        make(model.CatchEvent, "s", trigger=signal("s")),
        make(model.ReceiveTask, "r", message=message("r", '"k"'), outputs=maps(got="x")),
    ]
    run = Run(simple(nodes, "start -> g\ng -> m -> end\ng -> t -> end\ng -> s -> end\ng -> r -> end"))
    assert told(run.events)[5:] == lines("""
        element:entered g
        message:awaited m
        timer:set t
        signal:awaited s
        message:awaited r
        gateway:activated g""")
    assert told(run(ReceiveMessage(wait=run.wait("r"), name="r", payload={"x": 1, "y": 2}))) == lines("""
        message:received r
        message:wait-cancelled m
        timer:cancelled t
        signal:wait-cancelled s
        element:completed g
        flow:taken g-r
        element:entered r
        element:caught r
        variable:written got
        element:completed r
        flow:taken r-end
        element:entered end
        element:completed end
        instance:completed""")


def test_an_error_end_beside_other_work() -> None:
    """What it interrupts ends from the inside out, tokens with their scope, and the catcher begins last."""
    inside = [
        make(model.ParallelGateway, "f", scope="s"),
        user("u", scope="s"),
        make(model.ServiceTask, "w", handler="a.b", scope="s"),
        make(model.ParallelGateway, "j", scope="s"),
        user("go", scope="s"),
        make(model.EndEvent, "bad", result=error("E"), scope="s"),
        *event_sub("hint", timer("duration", '"PT1H"'), scope="s", is_interrupting=False),
    ]
    nodes = [
        *sub("s", *inside),
        make(model.BoundaryEvent, "late", attached_to="s", trigger=timer("duration", '"PT2H"')),
        make(model.BoundaryEvent, "b", attached_to="s", trigger=error("E")),
    ]
    flows = """start -> s -> end
    s_start -> f -> u -> s_end
    f -> w -> j
    f -> j -> s_end
    f -> go -> bad
    hint_start -> hint_end
    late -> end
    b -> end"""
    run = Run(simple(nodes, flows))
    assert run.state.scopes[run.state.activities[run.one("s")].scopes[0]].tokens == {"f-j": 1}
    assert told(run(CompleteTask(activity=run.one("go"), actor="x"))) == lines("""
        task:completed go
        element:completed go
        flow:taken go-bad
        element:entered bad
        error:thrown bad
        element:completed bad
        handler:cancelled w
        element:cancelled w
        task:cancelled u
        element:cancelled u
        timer:cancelled hint_start
        scope:closed
        timer:cancelled late
        element:cancelled s
        element:entered b
        element:caught b
        element:completed b
        flow:taken b-end
        element:entered end
        element:completed end
        instance:completed""")


def test_a_signal_and_an_escalation_reach_their_catchers_when_the_thrower_has_left() -> None:
    thrown = model.MultipleDefinition(definitions=(signal("s"), escalation("e"), message("m")))
    nodes = [
        *sub(
            "x",
            make(model.ThrowEvent, "up", result=thrown, inputs=maps(n="1"), scope="x"),
            user("u", scope="x"),
            *event_sub("hint", escalation("e"), scope="x", is_interrupting=False),
        ),
        make(model.BoundaryEvent, "b", attached_to="x", trigger=signal("s"), is_interrupting=False),
    ]
    run = Run(simple(nodes, "start -> x -> end\nx_start -> up -> u -> x_end\nhint_start -> hint_end\nb -> end"))
    assert told(run.events)[5:] == lines("""
        element:entered x
        signal:awaited b
        scope:opened x
        element:entered x_start
        element:completed x_start
        flow:taken x_start-up
        element:entered up
        signal:thrown up
        escalation:thrown up
        message:thrown up
        element:completed up
        flow:taken up-u
        signal:received b
        signal:awaited b
        element:entered b
        element:caught b
        variable:written n
        element:completed b
        flow:taken b-end
        element:entered hint
        element:entered u
        task:created u
        scope:opened hint
        element:entered hint_start
        element:caught hint_start
        element:completed hint_start
        flow:taken hint_start-hint_end
        element:entered end
        element:completed end
        element:entered hint_end
        element:completed hint_end
        scope:closed
        element:completed hint""")


def test_terminate_and_cancel_drop_tokens() -> None:
    nodes = [
        make(model.ParallelGateway, "f"),
        user("a"),
        user("b"),
        make(model.ParallelGateway, "j"),
        make(model.EndEvent, "stop", result=model.TerminateDefinition()),
    ]
    definition = simple(nodes, "start -> f -> a -> stop\nf -> b -> j\nf -> j -> end")
    run = Run(definition)
    assert told(run(CompleteTask(activity=run.one("a"), actor="x"))) == lines("""
        task:completed a
        element:completed a
        flow:taken a-stop
        element:entered stop
        element:completed stop
        task:cancelled b
        element:cancelled b
        token:dropped f-j
        instance:completed""")
    run = Run(definition)
    assert told(run(CancelInstance(reason="asked"))) == lines("""
        task:cancelled b
        element:cancelled b
        task:cancelled a
        element:cancelled a
        token:dropped f-j
        instance:cancelled""")


def test_items_one_by_one() -> None:
    many = model.MultiInstance(
        is_sequential=True,
        input_collection=feel("[1, 2]"),
        input_element="item",
        output_collection="all",
        output_element=feel("item"),
    )
    run = Run(simple([make(model.ServiceTask, "x", handler="a.b", multi_instance=many)], "start -> x -> end"))
    assert told(run.events)[5:] == lines("""
        element:entered x
        items:found x
        scope:opened x
        variable:written item
        variable:written loopCounter
        element:entered x
        handler:requested x""")
    assert done(run, "x") == lines("""
        handler:returned x
        element:completed x
        item:completed x
        scope:closed
        scope:opened x
        variable:written item
        variable:written loopCounter
        element:entered x
        handler:requested x""")
    assert done(run, "x") == lines("""
        handler:returned x
        element:completed x
        item:completed x
        scope:closed
        variable:written all
        element:completed x
        flow:taken x-end
        element:entered end
        element:completed end
        instance:completed""")


def test_an_error_that_an_event_sub_process_catches() -> None:
    nodes = [
        make(model.ParallelGateway, "f"),
        make(model.ServiceTask, "x", handler="a.b"),
        user("u"),
        *event_sub("oops", error("E"), outputs=maps(code="errorCode")),
        *event_sub("hint", signal("s"), is_interrupting=False),
    ]
    run = Run(simple(nodes, "start -> f -> x -> end\nf -> u -> end\noops_start -> oops_end\nhint_start -> hint_end"))
    assert told(run(ThrowError(activity=run.one("x"), code="E"))) == lines("""
        error:thrown x
        handler:cancelled x
        element:cancelled x
        task:cancelled u
        element:cancelled u
        signal:wait-cancelled hint_start
        element:entered oops
        scope:opened oops
        element:entered oops_start
        element:caught oops_start
        variable:written code
        element:completed oops_start
        flow:taken oops_start-oops_end
        element:entered oops_end
        element:completed oops_end
        scope:closed
        element:completed oops
        instance:completed""")


def test_without_a_start_event_everything_passive_begins_first() -> None:
    """Also the bodies of multi-instances, which only open what has an effect (``docs/semantics.md``, queue rule)."""
    many = model.MultiInstance(is_sequential=False, input_collection=feel("[1, 2]"))
    nodes = [
        script("s"),
        make(model.ServiceTask, "m", handler="a.b", multi_instance=many),
        make(model.Task, "t"),
        user("u"),
    ]
    run = Run(model.Model(processes={"p": process("p", nodes, "")}))
    assert told(run.events)[2:] == lines("""
        element:entered s
        element:entered m
        element:entered t
        element:entered u
        items:found m
        task:created u
        variable:written done
        element:completed s
        element:completed t
        scope:opened m
        variable:written loopCounter
        element:entered m
        scope:opened m
        variable:written loopCounter
        element:entered m
        handler:requested m
        handler:requested m""")


def test_items_that_wait_begin_before_the_next_effect() -> None:
    many = model.MultiInstance(is_sequential=False, input_collection=feel("[1, 2]"))
    nodes = [script("s"), script("later"), user("m", multi_instance=many)]
    run = Run(model.Model(processes={"p": process("p", nodes, "s -> later")}))
    assert told(run.events)[4:] == lines("""
        items:found m
        variable:written done
        element:completed s
        flow:taken s-later
        scope:opened m
        variable:written loopCounter
        element:entered m
        scope:opened m
        variable:written loopCounter
        element:entered m
        task:created m
        task:created m
        element:entered later
        variable:written done
        element:completed later""")
