"""Who sees which variables, and where what comes out is written (BPMN 10.4; ``docs/semantics.md``, variables)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from engine.decisions import read_decisions
from engine.model import elements as model
from engine.protocol.stimuli import CompleteTask, FireTimer, ReceiveMessage, ReceiveSignal, ReturnHandler, ThrowError
from tests.engine.kernel.building import (
    NOW,
    Run,
    error,
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

LINE = "start -> x -> end"


def written(run: Run) -> list[Any]:
    return run.happened("variable:written", "scope", "name", "value", "previous", "is_new", "element")


def test_every_write_tells_where_what_was_there_and_who_wrote() -> None:
    nodes = [script("x", "n", "n + 1", inputs=maps(m="n"), outputs=maps(n="n + m", b="1", a__c="2")), user("y")]
    run = Run(simple(nodes, "start -> x -> y -> end"), n=1, a={"b": 0})
    assert written(run) == [
        ("s1", "a", {"b": 0}, None, True, None),
        ("s1", "n", 1, None, True, None),
        ("s1", "a", {"b": 0, "c": 2}, {"b": 0}, False, "x"),
        ("s1", "b", 1, None, True, "x"),
        ("s1", "n", 3, 1, False, "x"),
    ]
    assert run.state.root_variables == {"a": {"b": 0, "c": 2}, "b": 1, "n": 3}


def test_a_path_goes_into_contexts_as_deep_as_it_says() -> None:
    outputs = maps(a__b__c="1", a__b__d="2", a__x="3", fresh__e__f="4", number__z="5")
    run = Run(simple([script("x", outputs=outputs)], LINE), a={"b": {"c": 0, "kept": 9}, "also": 8}, number=7)
    assert run.state.root_variables == {
        "a": {"also": 8, "b": {"c": 1, "d": 2, "kept": 9}, "x": 3},
        "fresh": {"e": {"f": 4}},
        "number": {"z": 5},
    }


def test_an_input_path_makes_a_new_context_and_hides_the_outer_one() -> None:
    run = Run(simple([user("x", inputs=maps(a__b="a.c", second="a.b"))], LINE), a={"b": 1, "c": 2})
    assert run.state.activities[run.one("x")].variables == {"a": {"b": 2}, "second": 2}
    assert run.state.root_variables == {"a": {"b": 1, "c": 2}}


def test_what_a_task_asks_sees_its_inputs() -> None:
    task = user(
        "x",
        inputs=maps(days="n + 1", who='"a" + name', rank="n * 10"),
        assignee=feel("who"),
        due=feel('duration("P" + string(days) + "D")'),
        follow_up=feel('duration("PT" + string(days) + "H")'),
        priority=feel("rank"),
    )
    run = Run(simple([task], LINE), n=1, name="b")
    created = run.first("task:created")
    assert (created.assignee, created.priority) == ("ab", 10)
    assert created.due_at == NOW + timedelta(days=2)
    assert created.follow_up_at == NOW + timedelta(hours=2)


def test_a_day_is_due_at_its_last_second_and_followed_up_from_its_beginning() -> None:
    day = feel('date("2026-11-23")')
    run = Run(simple([user("x", due=day, follow_up=day)], LINE))
    created = run.first("task:created")
    assert created.due_at.isoformat() == "2026-11-23T22:59:59+00:00"
    assert created.follow_up_at.isoformat() == "2026-11-22T23:00:00+00:00"


def test_outputs_see_the_inputs_the_result_and_who_completed_a_task() -> None:
    task = user("x", inputs=maps(m="n * 2"), outputs=maps(r="m + answer", by="task.completed_by"))
    run = Run(simple([task], LINE), n=2)
    run(CompleteTask(activity=run.one("x"), actor="camille", variables={"answer": Decimal(1), "m": Decimal(10)}))
    assert run.state.root_variables == {"n": 2, "r": 11, "by": "camille"}
    assert run.happened("task:completed", "actor", "variables") == [("camille", {"answer": 1, "m": 10})]


RULES = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">
  <decision id="twice" name="twice"><variable name="twice"/><literalExpression><text>n * 2</text></literalExpression></decision>
</definitions>"""


def test_a_rule_and_a_script_see_their_inputs_and_so_do_their_outputs() -> None:
    rule = make(
        model.BusinessRuleTask,
        "x",
        decision="twice",
        result_variable="r",
        inputs=maps(n="m + 1"),
        outputs=maps(all="[n, r]"),
    )
    run = Run(simple([rule], LINE, read_decisions(RULES, "rules.dmn")), m=4)
    assert run.state.root_variables == {"m": 4, "all": [5, 10]}
    assert run.happened("decision:evaluated", "element", "decision", "result") == [("x", "twice", 10)]
    run = Run(simple([script("x", "r", "n * 2", inputs=maps(n="m + 1"), outputs=maps(all="[n, r]"))], LINE), m=4)
    assert run.state.root_variables == {"m": 4, "all": [5, 10]}


def test_a_rule_is_asked_at_the_moment_of_the_stimulus() -> None:
    rules = RULES.replace(b"n * 2", b"now()")
    rule = make(model.BusinessRuleTask, "x", decision="twice", result_variable="at")
    run = Run(simple([rule], LINE, read_decisions(rules, "rules.dmn")))
    assert run.state.root_variables == {"at": NOW}


def test_events_after_a_gateway_see_the_variables() -> None:
    nodes = [
        make(model.EventBasedGateway, "g"),
        make(model.CatchEvent, "m", trigger=message("m", "number")),
        make(model.CatchEvent, "t", trigger=timer("duration", "limit")),
        make(model.ReceiveTask, "r", message=message("r", "number + 1")),
    ]
    run = Run(simple(nodes, "start -> g -> m -> end\ng -> t -> end\ng -> r -> end"), number=7, limit="PT3H")
    assert run.happened("message:awaited", "key") == ["7", "8"]
    assert run.happened("timer:set", "due_at") == [NOW + timedelta(hours=3)]


def test_boundary_events_see_the_inputs_of_their_activity() -> None:
    nodes = [
        make(model.ServiceTask, "x", handler="a.b", inputs=maps(wait='"PT" + string(n) + "H"', key="n")),
        make(model.BoundaryEvent, "late", attached_to="x", trigger=timer("duration", "wait")),
        make(model.BoundaryEvent, "news", attached_to="x", trigger=message("m", "key"), is_interrupting=False),
        make(model.BoundaryEvent, "big", attached_to="x", trigger=when("key > 2"), outputs=maps(seen="n")),
        make(model.EndEvent, "e2"),
    ]
    run = Run(simple(nodes, "start -> x -> end\nlate -> e2\nnews -> e2\nbig -> e2"), n=3)
    assert run.happened("timer:set", "due_at") == [NOW + timedelta(hours=3)]
    assert run.happened("message:awaited", "key") == ["3"]
    assert run.completed == ["start", "big", "e2"]
    assert run.state.root_variables == {"n": 3, "seen": 3}


def test_event_sub_processes_see_what_their_scope_knows() -> None:
    nodes = sub(
        "x",
        user("a", scope="x"),
        *event_sub("stop", message("m", "own"), script("s", "r", "own + outer", scope="stop"), scope="x"),
        inputs=maps(own='"k" + outer'),
    )
    run = Run(simple(nodes, LINE + "\nx_start -> a -> x_end\nstop_start -> s -> stop_end"), outer="o")
    assert run.happened("message:awaited", "key") == ["ko"]
    run(ReceiveMessage(wait=run.wait("stop_start"), name="m", payload={"extra": 1}))
    assert run.state.root_variables == {"outer": "o", "r": "koo", "extra": 1}


def test_what_an_error_brings_is_seen_by_the_outputs_of_who_catches_it_alone() -> None:
    for outputs, expected in (((), {}), (maps(why='errorCode + ": " + article'), {"why": "OUT: A1"})):
        nodes = [
            make(model.ServiceTask, "x", handler="a.b"),
            make(model.BoundaryEvent, "b", attached_to="x", trigger=error("OUT"), outputs=outputs),
        ]
        run = Run(simple(nodes, "start -> x -> end\nb -> end"))
        run(ThrowError(activity=run.one("x"), code="OUT", facts={"article": "A1"}))
        assert run.state.root_variables == expected
        assert run.happened("error:thrown", "element", "code", "facts") == [("x", "OUT", {"article": "A1"})]
        nodes = [make(model.ServiceTask, "x", handler="a.b"), *event_sub("oops", error(None), outputs=outputs)]
        run = Run(simple(nodes, "start -> x -> end\noops_start -> oops_end"))
        run(ThrowError(activity=run.one("x"), code="OUT", facts={"article": "A1"}))
        assert run.state.root_variables == expected
        assert run.status == "completed"


def test_what_a_message_or_signal_brings_is_written_or_mapped() -> None:
    for outputs, expected in (((), {"a": 1, "b": 2}), (maps(c="a + b"), {"c": 3})):
        nodes = [
            user("x"),
            make(model.BoundaryEvent, "m", attached_to="x", trigger=message("m", "1"), outputs=outputs),
            make(model.BoundaryEvent, "s", attached_to="x", trigger=signal("s"), outputs=outputs),
            make(model.EndEvent, "e2"),
        ]
        definition = simple(nodes, "start -> x -> end\nm -> e2\ns -> e2")
        payload = {"a": Decimal(1), "b": Decimal(2)}
        run = Run(definition)
        run(ReceiveMessage(wait=run.wait("m"), name="m", payload=payload))
        assert run.state.root_variables == expected
        assert run.happened("message:received", "name", "payload") == [("m", payload)]
        run = Run(definition)
        run(ReceiveSignal(name="s", payload=payload))
        assert run.state.root_variables == expected
        assert run.happened("signal:received", "name", "payload") == [("s", payload)]


def test_what_came_with_several_events_is_kept_together() -> None:
    both = model.MultipleDefinition(definitions=(signal("s"), message("m", '"k"')), is_parallel=True)
    run = Run(simple([make(model.CatchEvent, "x", trigger=both, outputs=maps(sum="a + b"))], LINE))
    run(ReceiveSignal(name="s", payload={"a": Decimal(1)}))
    assert run.happened("signal:received", "is_enough") == [False]
    (wait,) = run.state.waits
    run(ReceiveMessage(wait=wait, name="m", payload={"b": Decimal(2)}))
    assert run.happened("message:received", "is_enough") == [True]
    assert run.state.root_variables == {"sum": 3}


def test_what_is_thrown_carries_its_inputs() -> None:
    nodes = [
        make(model.ThrowEvent, "x", result=signal("s"), inputs=maps(a="n + 1")),
        make(model.SendTask, "y", message=message("m", "key"), inputs=maps(key="n", b__c="2")),
    ]
    run = Run(simple(nodes, "start -> x -> y -> end"), n=1)
    assert run.happened("signal:thrown", "element", "name", "payload") == [("x", "s", {"a": 2})]
    assert run.happened("message:thrown", "element", "name", "key", "payload") == [
        ("y", "m", "1", {"key": 1, "b": {"c": 2}})
    ]
    assert run.state.root_variables == {"n": 1}


def test_a_result_leaves_the_activity_over_a_local_input_of_its_name() -> None:
    run = Run(simple([make(model.ServiceTask, "x", handler="a.b", inputs=maps(n="n * 2"))], LINE), n=1)
    assert run.happened("handler:requested", "given") == [{"n": 2}]
    run(ReturnHandler(activity=run.one("x"), result={"n": Decimal(9)}))
    assert run.state.root_variables == {"n": 9}
    assert run.happened("handler:returned", "result") == [{"n": 9}]


def test_flows_see_what_their_activity_has_written() -> None:
    nodes = [script("x", "n", "n + 1", outputs=maps(m="n * 2")), script("a"), script("b")]
    run = Run(simple(nodes, "start -> x\nx -> a : m = 4\nx -> b : m != 4\na -> end\nb -> end"), n=1)
    assert run.completed == ["start", "x", "a", "end"]
    assert run.state.root_variables["m"] == 4


def test_the_scope_of_a_call_is_its_own() -> None:
    """A called process sees nothing of the caller but its inputs, whatever is called the same."""
    callee = process(
        "q",
        [make(model.StartEvent, "qs"), script("s", "n", "if hidden = null then n + 1 else 99"), user("w")],
        "qs -> s -> w",
    )
    call = make(model.CallActivity, "x", process="q", inputs=maps(n="n"), outputs=maps(back="n"))
    caller = simple([call], LINE)
    run = Run(model.Model(processes={**caller.processes, "q": callee}), n=1, hidden=True)
    assert run.state.variables_of(run.one("w")) == {"n": 2}
    opened = run.happened("scope:opened", "parent", "process", "element", "item", "isolated", "record")
    assert opened == [(None, "p", None, None, False, None), ("s1", "q", "x", None, True, None)]
    run(CompleteTask(activity=run.one("w"), actor="a"))
    assert run.state.root_variables == {"n": 1, "hidden": True, "back": 2}


def test_event_sub_processes_of_a_called_process_catch_what_happens_in_it() -> None:
    nodes = [
        make(model.StartEvent, "qs"),
        make(model.ServiceTask, "work", handler="a.b"),
        *event_sub("oops", error("E"), script("mend", "n", "n + 1"), scope="q"),
        *event_sub("stop", timer("duration", "wait"), scope="q"),
    ]
    callee = process("q", nodes, "qs -> work\noops_start -> mend -> oops_end\nstop_start -> stop_end")
    call = make(model.CallActivity, "x", process="q", inputs=maps(n="1", wait='"PT2H"'), outputs=maps(back="n"))
    caught = make(model.BoundaryEvent, "b", attached_to="x", trigger=error(None))
    caller = simple([call, caught], "start -> x -> end\nb -> end")
    definition = model.Model(processes={**caller.processes, "q": callee})
    run = Run(definition)
    (called,) = (each.id for each in run.state.scopes.values() if each.process == "q")
    assert run.happened("timer:set", "due_at", "activity") == [(NOW + timedelta(hours=2), called)]
    run(ThrowError(activity=run.one("work"), code="E"))
    assert run.completed == ["start", "qs", "oops_start", "mend", "oops_end", "oops", "x", "end"]
    assert run.state.root_variables == {"back": 2}
    run = Run(definition)
    run(FireTimer(wait=run.wait("stop_start")))
    assert run.completed[-4:] == ["stop_end", "stop", "x", "end"]
