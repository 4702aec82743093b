"""What an incident says: at which element, where in it, and with which facts (``docs/semantics.md``, handlers, tasks, incidents).

The place is what a person reads beside the sentence, so each is held here exactly.
"""

from __future__ import annotations

from typing import Any

import pytest

from engine.kernel import Phase
from engine.model import elements as model
from engine.protocol.stimuli import CompleteTask, FailHandler, ReceiveMessage, ReceiveSignal, ReturnHandler, ThrowError
from tests.engine.kernel.building import (
    Run,
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

BAD = "[1..2]"
"""A range: FEEL knows it, a process cannot keep it."""
KIND = {"kind": "Range"}
LINE = "start -> x -> end"


def many(**more: Any) -> model.MultiInstance:
    given: dict[str, Any] = {"is_sequential": False, "input_collection": feel("[1, 2]")}
    return model.MultiInstance(**(given | more))


def catch(trigger: Any, **more: Any) -> Any:
    return make(model.CatchEvent, "x", trigger=trigger, **more)


def told(run: Run) -> list[Any]:
    return run.happened("incident:raised", "element", "code", "place", "facts")


NOT_STORABLE: list[tuple[str, Any]] = [
    ("input a", user("x", inputs=maps(a=BAD))),
    ("input a.b", user("x", inputs=maps(a__b=BAD))),
    ("assignee", user("x", assignee=feel(BAD))),
    ("due", user("x", due=feel(BAD))),
    ("follow-up", user("x", follow_up=feel(BAD))),
    ("priority", user("x", priority=feel(BAD))),
    ("script", script("x", "n", BAD)),
    ("output b", script("x", outputs=maps(a="1", b=BAD))),
    ("trigger", catch(timer("duration", BAD))),
    ("trigger", catch(message("m", BAD))),
    ("message", make(model.ReceiveTask, "x", message=message("m", BAD))),
    ("correlation key", make(model.ThrowEvent, "x", result=message("m", BAD))),
    ("correlation key", make(model.SendTask, "x", message=message("m", BAD))),
    ("input a", make(model.SendTask, "x", message=message("m"), inputs=maps(a=BAD))),
    ("input a", make(model.ServiceTask, "x", handler="a.b", inputs=maps(a=BAD))),
    ("input a", make(model.CallActivity, "x", process="p", inputs=maps(a=BAD))),
    ("items", user("x", multi_instance=many(input_collection=feel(BAD)))),
    ("output element", script("x", multi_instance=many(output_element=feel(BAD)))),
    ("completion condition", script("x", multi_instance=many(completion_condition=feel(BAD)))),
    ("loop condition", script("x", loop=model.StandardLoop(condition=feel(BAD)))),
    ("loop condition", script("x", loop=model.StandardLoop(condition=feel(BAD), tests_before=True))),
]


@pytest.mark.parametrize(("place", "node"), NOT_STORABLE)
def test_what_cannot_be_kept_is_told_with_its_place(place: str, node: Any) -> None:
    run = Run(simple([node], LINE))
    assert told(run)[0] == ("x", "value_not_storable", place, KIND)
    assert not run.happened("task:created", "element")
    assert not run.happened("handler:requested", "element")
    assert not run.happened("message:thrown", "name")
    assert not run.state.waits


@pytest.mark.parametrize(
    ("node", "code", "place", "facts"),
    [
        (user("x", assignee=feel("1")), "value_not_text", "assignee", {"given": "Decimal"}),
        (user("x", due=feel('"soon"')), "not_a_time", "due", {"given": "soon"}),
        (user("x", follow_up=feel(f'"{"x" * 99}"')), "not_a_time", "follow-up", {"given": "x" * 80}),
        (user("x", priority=feel("101")), "priority_invalid", "priority", {"text": "101"}),
        (user("x", priority=feel("-1")), "priority_invalid", "priority", {"text": "-1"}),
        (user("x", priority=feel("1.5")), "priority_invalid", "priority", {"text": "1.5"}),
        (user("x", priority=feel(f'"{"9" * 99}"')), "priority_invalid", "priority", {"text": "9" * 80}),
        (catch(timer("duration", "5")), "timer_not_a_duration", "trigger", {"given": "5"}),
        (catch(timer("date", f'"{"x" * 99}"')), "timer_not_a_date", "trigger", {"given": "x" * 80}),
        (catch(timer("cycle", '"P3D"')), "timer_not_a_cycle", "trigger", {"given": "P3D"}),
        (catch(message("m", "null")), "correlation_key_invalid", "trigger", {"given": "null"}),
        (catch(message("m", "true")), "correlation_key_invalid", "trigger", {"given": "bool"}),
        (user("x", multi_instance=many(input_collection=feel("7"))), "not_a_list", "items", {"given": "Decimal"}),
        (user("x", multi_instance=many(input_collection=feel("null"))), "not_a_list", "items", {"given": "null"}),
        (
            script("x", loop=model.StandardLoop(condition=feel("1"))),
            "condition_not_boolean",
            "loop condition",
            {"source": "1", "given": "Decimal"},
        ),
        (
            script("x", multi_instance=many(completion_condition=feel("null"))),
            "condition_not_boolean",
            "completion condition",
            {"source": "null", "given": "null"},
        ),
        (
            script(
                "x",
                multi_instance=many(complex=(model.ComplexBehavior(condition=feel('"a"'), event=escalation("E")),)),
            ),
            "condition_not_boolean",
            "behavior",
            {"source": '"a"', "given": "str"},
        ),
        (
            make(model.BusinessRuleTask, "x", decision="nothing", result_variable="r"),
            "decision_unknown",
            "decision",
            {"decision": "nothing"},
        ),
        (
            make(model.CallActivity, "x", process="nothing"),
            "process_unknown",
            "called process",
            {"process": "nothing"},
        ),
        (make(model.SubProcess, "x"), "start_not_clear", "start", {"count": 0}),
        (
            make(model.ThrowEvent, "x", result=model.LinkDefinition(name="L")),
            "link_without_end",
            "link",
            {"name": "L"},
        ),
        (
            make(model.ThrowEvent, "x", result=timer("duration", '"PT1H"')),
            "event_not_thrown",
            "event",
            {"kind": "TimerDefinition"},
        ),
    ],
)
def test_what_is_not_as_it_must_be_is_told_with_its_facts(
    node: Any, code: str, place: str, facts: dict[str, Any]
) -> None:
    assert told(Run(simple([node], LINE)))[0] == ("x", code, place, facts)


def test_a_sub_process_with_two_plain_starts_says_how_many() -> None:
    nodes = [*sub("x"), make(model.StartEvent, "other", scope="x")]
    run = Run(simple(nodes, "start -> x -> end\nx_start -> x_end\nother -> x_end"))
    assert told(run) == [("x", "start_not_clear", "start", {"count": 2})]


def test_priorities_from_0_to_100_are_none() -> None:
    for given, expected in (("0", 0), ("100", 100), ("null", 50)):
        run = Run(simple([user("x", priority=feel(given))], LINE))
        assert run.happened("task:created", "priority") == [expected]


def test_what_boundary_events_wait_for_is_asked_before_the_activity_begins() -> None:
    for node in (
        user("x"),
        make(model.ServiceTask, "x", handler="a.b"),
        make(model.ReceiveTask, "x", message=message("m", "1")),
    ):
        late = make(model.BoundaryEvent, "late", attached_to="x", trigger=timer("duration", BAD))
        run = Run(simple([node, late], LINE))
        assert told(run) == [("x", "value_not_storable", "boundary late", KIND)]
        assert not run.state.waits


def test_what_event_sub_processes_wait_for_is_asked_before_their_scope_begins() -> None:
    nodes = [*sub("x", *event_sub("stop", message("m", BAD), scope="x"))]
    run = Run(simple(nodes, LINE + "\nx_start -> x_end\nstop_start -> stop_end"))
    assert told(run) == [("x", "value_not_storable", "start stop_start", KIND)]
    assert "x_start" not in run.completed


def test_what_is_waited_for_after_a_gateway_is_asked_there() -> None:
    nodes = [make(model.EventBasedGateway, "x"), make(model.CatchEvent, "late", trigger=timer("duration", BAD))]
    assert told(Run(simple(nodes, "start -> x -> late -> end"))) == [("x", "value_not_storable", "event late", KIND)]


def test_flows_are_told_by_their_ids() -> None:
    nodes = [make(model.ExclusiveGateway, "x"), script("a"), script("b")]
    run = Run(simple(nodes, "start -> x\nx -> a : n > 5\nx -> b : flag\na -> end\nb -> end"), n=1)
    assert told(run) == [("x", "condition_not_boolean", "condition x-b", {"source": "flag", "given": "null"})]
    run = Run(simple(nodes, "start -> x\nx -> a : n > 5\nx -> b : n > 6\na -> end\nb -> end"), n=1)
    assert told(run) == [("x", "no_flow_possible", "flows", {})]


def test_outputs_together_are_told_where_they_go() -> None:
    run = Run(
        simple([script("x", multi_instance=many(output_collection="all", output_element=feel("[big]")))], LINE),
        big="x" * 140_000,
    )
    assert [each[:3] for each in told(run)] == [("x", "value_too_large", "output collection")]


def test_an_activation_and_a_second_phase_are_told_at_the_gateway() -> None:
    nodes = [make(model.ParallelGateway, "f"), user("a"), user("b")]
    flows = "start -> f -> a -> x\nf -> b -> x\nx -> end"
    run = Run(simple([*nodes, make(model.ComplexGateway, "x", activation=feel("missing"))], flows))
    run(CompleteTask(activity=run.one("a"), actor="p"))
    assert told(run) == [("x", "condition_not_boolean", "activation", {"source": "missing", "given": "null"})]
    assert run.incident.activity == "s1"
    flows = "start -> f -> a -> x\nf -> b -> x\nx -> end\nx -> late : not(waitingForStart) and missing\nlate -> end"
    run = Run(simple([*nodes, script("late"), make(model.ComplexGateway, "x", activation=feel("true"))], flows))
    for each in "ab":
        run(CompleteTask(activity=run.one(each), actor="p"))
    ((element, code, place, facts),) = told(run)
    assert (element, code, place) == ("x", "condition_not_boolean", "condition x-late")
    assert facts["given"] == "null"
    assert run.incident.activity == run.one("x")


def test_conditions_that_are_waited_for_are_told_at_their_events() -> None:
    run = Run(simple([catch(when(BAD))], LINE))
    assert told(run) == [("x", "value_not_storable", "condition x", KIND)]
    assert run.incident.activity == run.wait("x")


def test_a_handler_tells_its_own_code_and_facts() -> None:
    definition = simple([make(model.ServiceTask, "x", handler="a.b")], LINE)
    run = Run(definition)
    run(FailHandler(activity=run.one("x"), code="handler_crashed", facts={"attempts": 3}))
    assert told(run) == [("x", "handler_crashed", "handler", {"attempts": 3})]
    run = Run(definition)
    run(ThrowError(activity=run.one("x"), code="OUT", facts={"article": "A1"}))
    assert told(run) == [("x", "business_error_uncaught", "error", {"article": "A1", "error": "OUT"})]
    run = Run(simple([user("x")], LINE))
    run(ThrowError(activity=run.one("x"), code="OUT"))
    assert told(run) == [("x", "business_error_uncaught", "error", {"error": "OUT"})]


def test_outputs_that_fail_are_told_where_the_result_came() -> None:
    service = make(model.ServiceTask, "x", handler="a.b", outputs=maps(a=BAD))
    run = Run(simple([service], LINE))
    run(ReturnHandler(activity=run.one("x"), result={"n": 1}))
    assert told(run) == [("x", "value_not_storable", "output a", KIND)]
    assert run.state.activities[run.one("x")].phase is Phase.DONE
    run = Run(simple([catch(message("m", "1"), outputs=maps(a=BAD))], LINE))
    run(ReceiveMessage(wait=run.wait("x"), name="m"))
    assert told(run) == [("x", "value_not_storable", "output a", KIND)]
    run = Run(
        simple([user("y"), *event_sub("x", signal("go"), outputs=maps(a=BAD))], "start -> y -> end\nx_start -> x_end")
    )
    run(ReceiveSignal(name="go"))
    assert told(run) == [("x_start", "value_not_storable", "output a", KIND)]


def test_too_many_steps_name_the_last_ten_elements_each_once_in_their_order() -> None:
    nodes = [make(model.ExclusiveGateway, f"g{number}") for number in range(12)]
    flows = "start -> " + " -> ".join(each.id for each in nodes) + " -> g0"
    run = Run(simple(nodes, flows), max_steps=9)
    elements = ", ".join(f"g{number}" for number in range(3, 8))
    ((element, code, place, facts),) = told(run)
    assert (element, code, place) == ("g7", "too_many_steps", "tokens")
    assert facts == {"limit": 9, "elements": elements}
    assert run.incident.activity == "s1"


def test_a_deadlock_names_the_join_and_the_flow() -> None:
    nodes = [make(model.ExclusiveGateway, "x", default="x-j"), script("a"), make(model.ParallelGateway, "j")]
    run = Run(simple(nodes, "start -> x -> j\nx -> a : false\na -> j\nj -> end"))
    assert told(run) == [("j", "deadlock", "tokens", {"flow": "x-j"})]
    assert run.incident.activity == "s1"


def test_too_much_work_names_the_element_that_was_not_done() -> None:
    slow = "count(for i in 1..900 return i)"
    run = Run(simple([script("a", "n", slow), script("x", "m", slow)], "start -> a -> x -> end"), max_work=1_000)
    assert told(run) == [("x", "too_much_work", "tokens", {"limit": 1_000})]
    assert run.incident.activity == "s1"


def test_an_error_out_of_a_called_process_is_told_in_the_callee() -> None:
    callee = process("q", [make(model.StartEvent, "qs"), script("x", "n", BAD)], "qs -> x")
    caller = simple([make(model.CallActivity, "call", process="q")], "start -> call -> end")
    run = Run(model.Model(processes={**caller.processes, "q": callee}))
    assert told(run) == [("x", "value_not_storable", "script", KIND)]
    caught = make(model.BoundaryEvent, "b", attached_to="call", trigger=error(None))
    run = Run(simple([make(model.CallActivity, "call", process="nothing"), caught], "start -> call -> end\nb -> end"))
    assert told(run) == [("call", "process_unknown", "called process", {"process": "nothing"})]
