"""Whole histories of small cases, event by event: nothing more, nothing less, in the order of causes."""

from __future__ import annotations

from collections.abc import Iterable

from engine.kernel import Event, to_record
from engine.model import elements as model
from engine.protocol.stimuli import CompleteTask, FireTimer, ReturnHandler
from tests.engine.kernel.building import (
    Run,
    compensable,
    event_sub,
    make,
    maps,
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
