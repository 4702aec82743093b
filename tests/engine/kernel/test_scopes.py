"""Sub-processes, called processes, multi-instance: work inside work, and whose variables are whose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from engine.kernel import Event
from engine.model import elements as model
from engine.protocol.stimuli import CompleteTask, FireTimer, RetryIncident, ReturnHandler, ThrowError
from tests.engine.kernel.building import Run, error, feel, make, maps, process, script, simple, timer


def user(id_: str, **more: Any) -> Any:
    return make(model.UserTask, id_, **more)


def service(id_: str, **more: Any) -> Any:
    return make(model.ServiceTask, id_, **({"handler": "a.b"} | more))


def inside(scope: str, *nodes: model.Node) -> tuple[model.Node, ...]:
    return tuple(replace(each, scope=scope) for each in nodes)


def done(run: Run, element: str, **variables: Any) -> tuple[Event, ...]:
    return run(CompleteTask(activity=run.one(element), actor="camille", variables=variables))


def many(**more: Any) -> model.MultiInstance:
    given: dict[str, Any] = {"is_sequential": False, "input_collection": feel("list")}
    return model.MultiInstance(**(given | more))


SUB = "start -> sub -> end\ns1 -> in -> e1"


def sub(*inner: model.Node, **more: Any) -> tuple[model.Node, ...]:
    """A sub-process ``sub`` with start ``s1`` and end ``e1``."""
    return (
        make(model.SubProcess, "sub", **more),
        *inside("sub", make(model.StartEvent, "s1"), make(model.EndEvent, "e1"), *inner),
    )


def test_sub_process_has_local_inputs_and_its_outputs_alone_leave() -> None:
    nodes = sub(user("in"), inputs=maps(part="whole.a"), outputs=maps(result="part + 1"))
    run = Run(simple(nodes, SUB), whole={"a": 1})
    assert run.state.variables_of(run.one("in")) == {"whole": {"a": 1}, "part": 1}
    done(run, "in", part=Decimal(5), other=True)
    # part is declared by the sub-process; other is not, and goes to the process
    assert run.state.root_variables == {"whole": {"a": 1}, "other": True, "result": 6}
    assert run.completed == ["start", "s1", "in", "e1", "sub", "end"]


def test_sub_process_without_start_begins_at_everything_without_a_way_in() -> None:
    nodes = (make(model.SubProcess, "sub"), *inside("sub", user("a"), user("b")))
    run = Run(simple(nodes, "start -> sub -> end"))
    done(run, "a")
    assert run.status == "active"
    done(run, "b")
    assert run.status == "completed"


def test_an_empty_sub_process_cannot_begin() -> None:
    assert Run(simple([make(model.SubProcess, "sub")], "start -> sub -> end")).incident.code == "start_not_clear"


def test_terminate_inside_ends_the_sub_process_only() -> None:
    nodes = sub(
        user("in"),
        user("stop"),
        make(model.EndEvent, "kill", result=model.TerminateDefinition()),
        make(model.ParallelGateway, "f"),
    )
    run = Run(simple([*nodes, user("after")], "start -> sub -> after -> end\ns1 -> f -> in -> e1\nf -> stop -> kill"))
    done(run, "stop")
    assert run.happened("element:cancelled", "element") == ["in"]
    assert run.status == "active"
    done(run, "after")
    assert run.status == "completed"


def test_error_end_leaves_through_scopes_to_the_nearest_catcher() -> None:
    inner = (
        make(model.SubProcess, "inner", scope="sub"),
        *inside("inner", make(model.StartEvent, "s2"), user("other"), user("go"), make(model.ParallelGateway, "f")),
        *inside("inner", make(model.EndEvent, "bad", result=error("E1"))),
    )
    caught = make(model.BoundaryEvent, "any", attached_to="sub", trigger=error(None))
    exact = make(
        model.BoundaryEvent, "exact", attached_to="sub", trigger=error("E1"), outputs=maps(why='"was " + errorCode')
    )
    nodes = [*sub(), *inner, caught, exact, script("handled")]
    flows = (
        "start -> sub -> end\ns1 -> inner -> e1\ns2 -> f -> go -> bad\nf -> other\nexact -> handled -> end\nany -> end"
    )
    run = Run(simple(nodes, flows))
    done(run, "go")
    assert run.happened("element:cancelled", "element") == ["other", "inner", "sub"]
    assert run.completed[-4:] == ["bad", "exact", "handled", "end"]
    assert run.state.root_variables == {"why": "was E1", "done": True}
    assert run.status == "completed"


def test_business_error_of_a_handler_is_caught_by_its_boundary_event() -> None:
    caught = make(
        model.BoundaryEvent, "short", attached_to="act", trigger=error("OUT"), outputs=maps(missing="article")
    )
    nodes = [service("act"), caught, user("buy")]
    run = Run(simple(nodes, "start -> act -> end\nshort -> buy -> end"))
    run(ThrowError(activity=run.one("act"), code="OUT", facts={"article": "A1", "count": 2}))
    assert run.state.root_variables == {"missing": "A1"}
    assert run.happened("handler:cancelled", "element") == ["act"]
    assert run.one("buy")


def called(*nodes: model.Node, flows: str = "cs -> work -> ce") -> model.Process:
    return process("callee", (make(model.StartEvent, "cs"), make(model.EndEvent, "ce"), *nodes), flows)


def calling(
    callee: model.Process, flows: str = "start -> call -> end", extra: Iterable[model.Node] = (), **more: Any
) -> model.Model:
    caller = simple([make(model.CallActivity, "call", process="callee", **more), *extra], flows)
    return model.Model(processes={**caller.processes, "callee": callee})


def test_a_called_process_sees_its_inputs_and_gives_its_outputs() -> None:
    definition = calling(called(user("work")), inputs=maps(number="order.id"), outputs=maps(order__state="state"))
    run = Run(definition, order={"id": "o1"}, secret=True)
    assert run.state.variables_of(run.one("work")) == {"number": "o1"}
    done(run, "work", state="sent", number="changed", noise=1)
    assert run.state.root_variables == {"order": {"id": "o1", "state": "sent"}, "secret": True}
    assert run.status == "completed"


def test_a_called_process_may_see_and_give_everything() -> None:
    run = Run(calling(called(user("work")), propagates_all_in=True, propagates_all_out=True), a=1)
    done(run, "work", a=Decimal(2), b=Decimal(3))
    assert run.state.root_variables == {"a": 2, "b": 3}


def test_by_default_nothing_returns_from_a_called_process() -> None:
    run = Run(calling(called(user("work"))))
    done(run, "work", a=Decimal(2))
    assert run.state.root_variables == {}


def test_an_error_in_a_called_process_is_caught_at_the_call() -> None:
    bad = make(model.EndEvent, "bad", result=error("E1"))
    caught = make(model.BoundaryEvent, "catch", attached_to="call", trigger=error("E1"))
    callee = called(user("work"), bad, flows="cs -> work -> bad")
    run = Run(calling(callee, "start -> call -> end\ncatch -> end", [caught]))
    done(run, "work")
    assert run.completed == ["start", "cs", "work", "bad", "catch", "end"]


def test_an_uncaught_error_in_a_called_process_fails_the_instance() -> None:
    callee = called(user("work"), make(model.EndEvent, "bad", result=error("E1")), flows="cs -> work -> bad")
    run = Run(calling(callee))
    done(run, "work")
    assert run.status == "failed"


def test_calling_what_does_not_exist_is_an_incident() -> None:
    definition = simple([make(model.CallActivity, "call", process="nothing")], "start -> call -> end")
    assert Run(definition).incident.code == "process_unknown"


def test_a_process_that_calls_itself_without_end_is_stopped() -> None:
    again = make(model.CallActivity, "again", process="callee")
    run = Run(calling(called(again, flows="cs -> again -> ce")), max_steps=500)
    assert run.incident.code == "too_many_steps"


def test_parallel_items_are_gathered_in_their_order() -> None:
    each = user(
        "each", multi_instance=many(input_element="item", output_collection="all", output_element=feel("answer"))
    )
    run = Run(simple([each], "start -> each -> end"), list=["a", "b", "c"])
    items = run.live("each")[1:]
    assert [run.state.variables_of(item)["item"] for item in items] == ["a", "b", "c"]
    for item, answer in reversed(list(zip(items, "xyz", strict=True))):
        run(CompleteTask(activity=item, actor="a", variables={"answer": answer}))
    assert run.state.root_variables == {"list": ["a", "b", "c"], "all": ["x", "y", "z"]}
    assert run.status == "completed"


def test_sequential_items_come_one_after_the_other() -> None:
    each = service(
        "each",
        inputs=maps(given="item + string(loopCounter)"),
        multi_instance=many(
            is_sequential=True, input_element="item", output_collection="all", output_element=feel("given")
        ),
    )
    run = Run(simple([each], "start -> each -> end"), list=["a", "b"])
    for expected in ("a1", "b2"):
        (need,) = run.state.needs
        assert need.variables == {"given": expected}
        run(ReturnHandler(activity=need.id))
    assert run.status == "completed"
    assert len(set(run.happened("handler:requested", "activity"))) == 2


def test_enough_items_cancel_the_rest() -> None:
    condition = feel("numberOfCompletedInstances >= 2 and approved")
    each = user("each", multi_instance=many(completion_condition=condition, output_collection="all"))
    run = Run(simple([each], "start -> each -> end"), list=[1, 2, 3, 4])
    first, second, third, _ = run.live("each")[1:]
    run(CompleteTask(activity=first, actor="a", variables={"approved": True}))
    run(CompleteTask(activity=second, actor="a", variables={"approved": False}))
    run(CompleteTask(activity=third, actor="a", variables={"approved": True}))
    assert len(run.happened("task:cancelled", "element")) == 1
    assert run.state.root_variables["all"] == [None] * 4
    assert run.status == "completed"


def test_no_items_are_done_at_once() -> None:
    each = user("each", multi_instance=many(output_collection="all"))
    run = Run(simple([each], "start -> each -> end"), list=[])
    assert run.state.root_variables == {"list": [], "all": []}
    assert run.status == "completed"


def test_items_must_be_a_list() -> None:
    run = Run(simple([user("each", multi_instance=many())], "start -> each -> end"), list="abc")
    assert run.incident.code == "not_a_list"


def test_an_output_that_cannot_be_computed_stops_one_item_only() -> None:
    each = user("each", multi_instance=many(completion_condition=feel("enough")))
    run = Run(
        simple([each, user("fix"), make(model.ParallelGateway, "f")], "start -> f -> each -> end\nf -> fix -> end"),
        list=[1, 2],
    )
    first, second = run.live("each")[1:]
    run(CompleteTask(activity=first, actor="a"))
    assert (run.incident.code, run.incident.activity) == ("condition_not_boolean", first)
    done(run, "fix", enough=False)
    run(CompleteTask(activity=second, actor="a"))
    assert run.status == "active"
    run(RetryIncident(incident=run.incident.id))
    assert run.status == "completed"


def test_an_error_in_one_item_ends_all_of_them() -> None:
    caught = make(model.BoundaryEvent, "catch", attached_to="each", trigger=error("E"))
    nodes = [service("each", multi_instance=many()), caught]
    run = Run(simple(nodes, "start -> each -> end\ncatch -> end"), list=[1, 2, 3])
    run(ThrowError(activity=run.state.needs[1].id, code="E"))
    assert Counter(run.happened("element:cancelled", "element")) == {"each": 4}
    assert run.status == "completed"


def test_items_of_sub_processes_keep_their_variables() -> None:
    nodes = sub(
        user("in", inputs=maps(own="item * 10")),
        multi_instance=many(input_element="item", output_collection="all", output_element=feel("item + n")),
        outputs=maps(seen="item"),
    )
    run = Run(simple(nodes, SUB), list=[1, 2], n=100)
    for each in run.live("in"):
        assert run.state.variables_of(each)["own"] in (10, 20)
        run(CompleteTask(activity=each, actor="a"))
    assert run.state.root_variables["all"] == [101, 102]
    assert run.status == "completed"


@pytest.mark.parametrize("is_sequential", [True, False])
def test_many_scripted_items(is_sequential: bool) -> None:
    each = script(
        "each",
        "square",
        "item * item",
        multi_instance=many(
            is_sequential=is_sequential, input_element="item", output_collection="all", output_element=feel("square")
        ),
    )
    run = Run(simple([each], "start -> each -> end"), list=list(range(300)))
    assert run.state.root_variables["all"] == [n * n for n in range(300)]
    assert "square" not in run.state.root_variables


@pytest.mark.parametrize("kind", ["sub", "call"])
def test_a_deadline_around_work_inside_work(kind: str) -> None:
    """The waits of boundary events begin with the sub-process or call, see its inputs, and end with it."""
    inputs = maps(hours='"PT2H"')
    late = make(model.BoundaryEvent, "late", attached_to=kind, trigger=timer("duration", "hours"))
    flows = f"start -> {kind} -> end\nlate -> end"
    if kind == "call":
        definition = calling(called(user("work")), flows, [late], inputs=inputs)
    else:
        nodes = sub(user("work"), inputs=inputs)
        definition = simple([*nodes, late], f"{flows}\ns1 -> work -> e1")
    run = Run(definition)
    assert [each.element for each in run.state.waits.values()] == ["late"]
    done(run, "work")
    assert run.happened("timer:cancelled", "element") == ["late"]
    assert run.status == "completed"
    run = Run(definition)
    run(FireTimer(wait=run.wait("late")))
    assert run.happened("element:cancelled", "element") == ["work", kind]
    assert run.status == "completed"
