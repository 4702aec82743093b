"""Compensation and transactions where they meet repetition, nesting, events, errors and interruption (BPMN 10.7, 13.5.4, 13.5.5)."""

from __future__ import annotations

from typing import Any

import pytest

from engine.model import elements as model
from engine.protocol.stimuli import (
    CompleteTask,
    FailHandler,
    FireTimer,
    ReceiveMessage,
    RetryIncident,
    ReturnHandler,
    ThrowError,
)
from tests.engine.kernel.building import (
    Run,
    compensable,
    error,
    event_sub,
    feel,
    make,
    maps,
    message,
    process,
    script,
    simple,
    sub,
    timer,
    user,
)

UNDO = model.CompensationDefinition()


def undo(id_: str, target: str | None = None, **more: Any) -> Any:
    return make(model.ThrowEvent, id_, result=model.CompensationDefinition(activity=target), **more)


def done(run: Run, element: str) -> None:
    run(ReturnHandler(activity=next(each.id for each in run.state.needs if each.element == element)))


def asked(run: Run, prefix: str = "un") -> list[str]:
    """The handlers of compensation in the order in which they were asked for."""
    return [each for each in run.happened("handler:requested", "element") if each.startswith(prefix)]


def test_nothing_to_undo_goes_on() -> None:
    run = Run(simple([undo("u"), undo("v", "u")], "start -> u -> v -> end"))
    assert run.status == "completed"


def test_what_was_undone_is_not_undone_again() -> None:
    run = Run(simple([*compensable("a"), undo("u"), undo("v")], "start -> a -> u -> v -> end"))
    done(run, "a")
    done(run, "una")
    assert run.status == "completed"
    assert asked(run) == ["una"]


def test_two_throws_at_once_undo_each_thing_once() -> None:
    nodes = [*compensable("a"), *compensable("b"), make(model.ParallelGateway, "f"), make(model.ParallelGateway, "j")]
    flows = "start -> a -> b -> f -> u -> j -> end\nf -> v -> j"
    run = Run(simple([*nodes, undo("u"), undo("v")], flows))
    for each in ("a", "b", "unb", "una"):
        done(run, each)
    assert run.status == "completed"
    assert asked(run) == ["unb", "una"]


def test_each_item_and_each_round_is_undone_last_first_with_what_it_knew() -> None:
    many = model.MultiInstance(is_sequential=False, input_collection=feel('["x", "y"]'), input_element="item")
    for marker in ({"multi_instance": many}, {"loop": model.StandardLoop(condition=None, maximum=2)}):
        nodes = compensable("a")
        nodes[0] = make(model.ServiceTask, "a", handler="do.it", compensated_by="una", **marker)
        nodes[1] = make(
            model.ServiceTask, "una", handler="undo.it", is_for_compensation=True, inputs=maps(nr="loopCounter")
        )
        run = Run(simple([*nodes, undo("u")], "start -> a -> u -> end"))
        for _ in range(2):
            done(run, "a")
        assert run.last.given == {"nr": 2}
        done(run, "una")
        assert run.last.given == {"nr": 1}
        done(run, "una")
        assert run.status == "completed"


def test_items_of_a_sub_process_are_undone_with_what_is_inside() -> None:
    many = model.MultiInstance(is_sequential=True, input_collection=feel('["x", "y"]'), input_element="item")
    inner = compensable("a", scope="s")
    inner[1] = make(
        model.ServiceTask,
        "una",
        handler="undo.it",
        is_for_compensation=True,
        inputs=maps(of="item"),
        scope="s",
    )
    nodes = [*sub("s", *inner, multi_instance=many), undo("u")]
    run = Run(simple(nodes, "start -> s -> u -> end\ns_start -> a -> s_end"))
    done(run, "a")
    done(run, "a")
    assert run.last.given == {"of": "y"}
    done(run, "una")
    assert run.last.given == {"of": "x"}
    done(run, "una")
    assert run.status == "completed"
    assert not run.state.records


def test_nested_sub_processes_and_called_processes_are_undone_from_the_inside() -> None:
    callee = process("q", [make(model.StartEvent, "qs"), *compensable("b")], "qs -> b")
    nodes = [
        *sub("s", *compensable("a", scope="s"), make(model.CallActivity, "call", process="q", scope="s")),
        *compensable("c"),
        undo("u"),
    ]
    caller = simple(nodes, "start -> s -> c -> u -> end\ns_start -> a -> call -> s_end")
    run = Run(model.Model(processes={**caller.processes, "q": callee}))
    for each in ("a", "b", "c", "unc", "unb", "una"):
        done(run, each)
    assert run.status == "completed"
    assert asked(run) == ["unc", "unb", "una"]


def test_a_handler_that_is_a_sub_process_gives_its_outputs() -> None:
    nodes = [
        make(model.ServiceTask, "a", handler="do.it", compensated_by="h"),
        *sub("h", script("count", "n", "1", scope="h"), is_for_compensation=True, outputs=maps(undone="n + 1")),
        undo("u"),
    ]
    run = Run(simple(nodes, "start -> a -> u -> end\nh_start -> count -> h_end"))
    done(run, "a")
    assert run.status == "completed"
    assert run.state.root_variables["undone"] == 2


def test_a_handler_that_is_a_call_gives_everything_back() -> None:
    callee = process("q", [make(model.StartEvent, "qs"), script("s", "n", "1")], "qs -> s")
    call = make(model.CallActivity, "h", process="q", is_for_compensation=True, propagates_all_out=True)
    nodes = [make(model.ServiceTask, "a", handler="do.it", compensated_by="h"), call, undo("u")]
    caller = simple(nodes, "start -> a -> u -> end")
    run = Run(model.Model(processes={**caller.processes, "q": callee}))
    done(run, "a")
    assert run.status == "completed"
    assert run.state.root_variables["n"] == 1


def test_a_sub_process_with_a_handler_is_undone_by_it_and_what_was_recorded_inside_is_forgotten() -> None:
    nodes = [
        *sub("s", *compensable("a", scope="s"), compensated_by="h"),
        make(model.ServiceTask, "h", handler="undo.all", is_for_compensation=True),
        undo("u"),
        user("wait"),
    ]
    run = Run(simple(nodes, "start -> s -> u -> wait -> end\ns_start -> a -> s_end"))
    done(run, "a")
    done(run, "h")
    assert run.live("wait")
    assert not run.state.records
    assert asked(run) == []


def test_a_sub_process_is_undone_by_its_own_event_sub_process_alone() -> None:
    own = event_sub("comp", UNDO, script("told", "told", "n"), scope="s")
    nodes = [*sub("s", *compensable("a", scope="s"), *own, inputs=maps(n="7")), undo("u"), user("wait")]
    run = Run(simple(nodes, "start -> s -> u -> wait -> end\ns_start -> a -> s_end\ncomp_start -> told -> comp_end"))
    done(run, "a")
    assert run.live("wait")
    assert not run.state.records
    assert run.state.root_variables["told"] == 7


def test_a_compensation_event_sub_process_can_undo_what_was_done_beside_it() -> None:
    own = event_sub("comp", UNDO, undo("v", "a", scope="comp"), scope="s")
    nodes = [*sub("s", *compensable("a", scope="s"), *compensable("b", scope="s"), *own), undo("u")]
    run = Run(simple(nodes, "start -> s -> u -> end\ns_start -> a -> b -> s_end\ncomp_start -> v -> comp_end"))
    for each in ("a", "b", "una"):
        done(run, each)
    assert run.status == "completed"
    assert asked(run) == ["una"]


def test_an_event_sub_process_undoes_what_it_did_and_then_what_was_done_beside_it() -> None:
    stop = event_sub("stop", message("m", '"k"'), *compensable("b", scope="stop"), undo("v", scope="stop"))
    nodes = [*compensable("a"), user("wait"), *stop]
    run = Run(simple(nodes, "start -> a -> wait -> end\nstop_start -> b -> v -> stop_end"))
    done(run, "a")
    run(ReceiveMessage(wait=run.wait("stop_start"), name="m"))
    for each in ("b", "unb", "una"):
        done(run, each)
    assert run.status == "completed"
    assert asked(run) == ["unb", "una"]


def test_an_event_sub_process_can_name_what_it_did_itself_or_all_that_is_around_it() -> None:
    for target, expected in (("b", ["unb"]), ("s", ["unb", "una"]), ("a", ["una"])):
        stop = event_sub(
            "stop", message("m", '"k"'), *compensable("b", scope="stop"), undo("v", target, scope="stop"), scope="s"
        )
        nodes = sub("s", *compensable("a", scope="s"), user("wait", scope="s"), *stop)
        run = Run(simple(nodes, "start -> s -> end\ns_start -> a -> wait -> s_end\nstop_start -> b -> v -> stop_end"))
        done(run, "a")
        run(ReceiveMessage(wait=run.wait("stop_start"), name="m"))
        done(run, "b")
        for each in expected:
            done(run, each)
        assert run.status == "completed"
        assert asked(run) == expected


def test_what_an_event_sub_process_did_can_be_undone_later() -> None:
    hint = event_sub(
        "hint", timer("duration", '"PT1H"'), *compensable("b", scope="hint"), scope="s", is_interrupting=False
    )
    nodes = [*sub("s", user("wait", scope="s"), *hint), undo("u")]
    run = Run(simple(nodes, "start -> s -> u -> end\ns_start -> wait -> s_end\nhint_start -> b -> hint_end"))
    run(FireTimer(wait=run.wait("hint_start")))
    done(run, "b")
    run(CompleteTask(activity=run.one("wait"), actor="x"))
    done(run, "unb")
    assert run.status == "completed"


def test_records_go_with_what_is_interrupted() -> None:
    nodes = [
        *sub("s", *compensable("a", scope="s"), user("wait", scope="s")),
        make(model.BoundaryEvent, "late", attached_to="s", trigger=timer("duration", '"PT1H"')),
        undo("u"),
        user("then"),
    ]
    run = Run(simple(nodes, "start -> s -> end\ns_start -> a -> wait -> s_end\nlate -> u -> then -> end"))
    done(run, "a")
    run(FireTimer(wait=run.wait("late")))
    assert run.live("then")
    assert asked(run) == []
    assert not run.state.records


def test_a_handler_that_fails_is_an_incident_and_the_retry_goes_on() -> None:
    run = Run(simple([*compensable("a"), undo("u")], "start -> a -> u -> end"))
    done(run, "a")
    run(FailHandler(activity=run.one("una"), code="handler_crashed"))
    assert run.incident.element == "una"
    run(RetryIncident(incident=run.incident.id))
    done(run, "una")
    assert run.status == "completed"


def test_a_handler_that_its_boundary_event_interrupts_is_over() -> None:
    nodes = [
        *compensable("a"),
        make(model.BoundaryEvent, "late", attached_to="una", trigger=timer("duration", '"PT1H"')),
        script("told"),
        undo("u"),
    ]
    run = Run(simple(nodes, "start -> a -> u -> end\nlate -> told"))
    done(run, "a")
    run(FireTimer(wait=run.wait("late")))
    assert run.status == "completed"
    assert "told" in run.completed


def test_an_error_in_a_handler_is_not_caught_by_what_is_already_over() -> None:
    """The boundary events and event sub-processes of a completed sub-process are not those of its being undone."""
    inside = event_sub("oops", error(None), script("inner", scope="oops"), scope="s")
    nodes = [
        *sub("s", *compensable("a", scope="s"), *inside),
        make(model.BoundaryEvent, "b", attached_to="s", trigger=error(None)),
        script("wrong"),
        make(model.EndEvent, "e2"),
        undo("u"),
        *event_sub("outside", error("E"), script("right")),
    ]
    flows = """start -> s -> u -> end\ns_start -> a -> s_end\nb -> wrong -> e2\noops_start -> inner -> oops_end
    outside_start -> right -> outside_end"""
    run = Run(simple(nodes, flows))
    done(run, "a")
    run(ThrowError(activity=run.one("una"), code="E"))
    assert run.status == "completed"
    assert "right" in run.completed
    assert not {"wrong", "inner"} & set(run.completed)


def test_no_event_sub_process_begins_beside_one_that_has_interrupted() -> None:
    """An error in a handler that an interrupting event sub-process began is caught further out (BPMN 13.5.3)."""
    stop = event_sub("stop", message("m", '"k"'), undo("v", "a", scope="stop"))
    oops = event_sub("oops", error(None), script("wrong", scope="oops"))
    nodes = [*compensable("a"), user("wait"), *stop, *oops]
    flows = "start -> a -> wait -> end\nstop_start -> v -> stop_end\noops_start -> wrong -> oops_end"
    run = Run(simple(nodes, flows))
    done(run, "a")
    run(ReceiveMessage(wait=run.wait("stop_start"), name="m"))
    run(ThrowError(activity=run.one("una"), code="E"))
    assert run.incident.code == "business_error_uncaught"
    run(RetryIncident(incident=run.incident.id))
    done(run, "una")
    assert run.status == "completed"


def cancelled(*inside: Any, flows: str, **boundaries: Any) -> Run:
    nodes = [
        *sub("t", *inside, make(model.EndEvent, "no", result=model.CancelDefinition(), scope="t"), is_transaction=True),
        make(model.BoundaryEvent, "c", attached_to="t", trigger=model.CancelDefinition()),
        *(make(model.BoundaryEvent, id_, attached_to="t", trigger=each) for id_, each in boundaries.items()),
        script("told"),
        make(model.EndEvent, "e2"),
    ]
    ends = "\n".join(f"{each} -> e2" for each in boundaries)
    return Run(simple(nodes, f"start -> t -> end\nc -> told -> e2\n{ends}\n{flows}"))


def test_a_cancelled_transaction_ends_its_waits_and_undoes_nested_work() -> None:
    inner = [
        *sub("s", *compensable("a", scope="s"), scope="t"),
        make(model.ParallelGateway, "f", scope="t"),
        user("other", scope="t"),
        *event_sub("hint", timer("duration", '"PT1H"'), scope="t", is_interrupting=False),
    ]
    flows = "t_start -> f -> s -> no\nf -> other -> t_end\ns_start -> a -> s_end\nhint_start -> hint_end"
    run = cancelled(*inner, flows=flows)
    done(run, "a")
    assert not run.live("other")
    assert not run.state.waits
    done(run, "una")
    assert run.status == "completed"
    assert "told" in run.completed


def test_what_undoes_is_given_what_was_known_then() -> None:
    run = Run(simple([*compensable("a"), undo("u")], "start -> a -> u -> end"), who="somebody else")
    done(run, "a")
    assert run.last.given == {"who": "a"}


def test_a_cancelled_transaction_that_nobody_watches_ends_there() -> None:
    nothing = make(model.EndEvent, "no", result=model.CancelDefinition(), scope="t")
    nodes = [*sub("t", *compensable("a", scope="t"), nothing, is_transaction=True), user("after")]
    run = Run(simple(nodes, "start -> t -> after -> end\nt_start -> a -> no"))
    done(run, "a")
    done(run, "una")
    assert run.status == "completed"
    assert "after" not in run.completed


def test_an_error_while_a_transaction_is_undone_leaves_it_by_the_error() -> None:
    run = cancelled(*compensable("a", scope="t"), flows="t_start -> a -> no", hazard=error(None))
    done(run, "a")
    run(ThrowError(activity=run.one("una"), code="E"))
    assert run.status == "completed"
    assert "hazard" in run.completed
    assert "told" not in run.completed


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_an_ended_instance_keeps_no_records(status: str) -> None:
    result = error("E") if status == "failed" else None
    run = Run(simple([*compensable("a"), make(model.EndEvent, "e", result=result)], "start -> a -> e"))
    done(run, "a")
    assert run.status == status
    assert not run.state.records


def test_the_inputs_of_a_handler_over_what_the_activity_knew_are_told_as_changes() -> None:
    run = Run(simple([*compensable("a"), undo("u")], "start -> a -> u -> end"))
    done(run, "a")
    written = run.happened("variable:written", "value", "previous", "is_new")
    assert written == [("a", None, True), ("a", None, True), ("a", "a", False)]


def test_a_sub_process_in_which_nothing_can_be_undone_is_undone_by_its_own_event_sub_process() -> None:
    own = event_sub("comp", UNDO, script("told", "told", "n"), scope="s")
    nodes = [*sub("s", script("work", "m", scope="s"), *own, inputs=maps(n="7")), undo("u")]
    run = Run(simple(nodes, "start -> s -> u -> end\ns_start -> work -> s_end\ncomp_start -> told -> comp_end"))
    assert run.status == "completed"
    assert run.happened("compensation:recorded", "element", "variables", "inner") == [("s", {"n": 7}, None)]
    assert run.state.root_variables["told"] == 7


def test_records_say_where_they_belong_and_what_was_known() -> None:
    """Of an item: where the multi-instance stands, with the item's own variables. Of a sub-process: with what was recorded inside."""
    many = model.MultiInstance(is_sequential=True, input_collection=feel('["x", "y"]'), input_element="item")
    nodes = [
        *sub("s", *compensable("a", scope="s"), inputs=maps(n="1")),
        make(model.ServiceTask, "b", handler="do.it", compensated_by="unb", multi_instance=many),
        make(model.ServiceTask, "unb", handler="undo.it", is_for_compensation=True),
    ]
    run = Run(simple(nodes, "start -> s -> b -> end\ns_start -> a -> s_end"))
    (inner,) = run.state.activities[run.one("s")].scopes
    for each in ("a", "b", "b"):
        done(run, each)
    recorded = run.happened("compensation:recorded", "element", "scope", "process", "variables", "inner")
    assert recorded == [
        ("a", inner, "p", {"who": "a"}, None),
        ("s", "s1", "p", {"n": 1}, inner),
        ("b", "s1", "p", {"item": "x", "loopCounter": 1}, None),
        ("b", "s1", "p", {"item": "y", "loopCounter": 2}, None),
    ]
