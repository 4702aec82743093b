"""Items and rounds: what is counted, what their completion throws, when it is enough (BPMN 13.3.6, 13.3.7, tables 10.29 and 10.30)."""

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
    SkipActivity,
    ThrowError,
)
from tests.engine.kernel.building import (
    Run,
    error,
    escalation,
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

LINE = "start -> x -> end"
Behavior = model.MultiInstanceBehavior


def many(**more: Any) -> model.MultiInstance:
    given: dict[str, Any] = {"is_sequential": False, "input_collection": feel("[10, 20, 30]"), "input_element": "item"}
    return model.MultiInstance(**(given | more))


def tasks(run: Run) -> list[str]:
    """The items under way, without the body around them."""
    return [each.id for each in run.state.activities.values() if each.element == "x" and each.phase == "task"]


def complete(run: Run, activity: str, **answers: Any) -> None:
    run(CompleteTask(activity=activity, actor="a", variables=answers))


def test_items_with_an_effect_wait_for_what_has_one_already() -> None:
    nodes = [make(model.ParallelGateway, "f"), make(model.EndEvent, "e2"), script("s1"), script("s2")]
    run = Run(simple([*nodes, script("x", multi_instance=many())], "start -> f -> s1 -> s2 -> e2\nf -> x -> end"))
    assert [each for each in run.completed if each in {"s1", "s2", "x"}] == ["s1", "s2", "x", "x", "x", "x"]


def test_ids_go_on_past_a_thousand() -> None:
    """Those of items, and those of what a token comes to."""
    items = user("x", multi_instance=many(input_collection=feel("for i in 1..502 return i")))
    run = Run(simple([items, user("after")], "start -> x -> after -> end"))
    body = next(iter(run.state.activities))
    assert tasks(run)[-1] == f"a{run.state.counter}" == "a1007"
    run(SkipActivity(activity=body, reason="enough"))
    assert run.one("after") == f"a{run.state.counter}" == "a1008"


def test_the_conditions_after_the_items_see_what_was_gathered() -> None:
    items = user("x", multi_instance=many(output_collection="all", output_element=feel("item")))
    flows = "start -> x\nx -> few : count(all) < 3\nx -> end : count(all) = 3\nfew -> end"
    run = Run(simple([items, user("few")], flows))
    for each in tasks(run):
        complete(run, each)
    assert run.status == "completed"


COUNTERS = "[numberOfInstances, numberOfActiveInstances, numberOfCompletedInstances, numberOfTerminatedInstances]"


@pytest.mark.parametrize(
    ("is_sequential", "counted"),
    [
        (False, ["[3, 2, 1, 0]", "[3, 1, 2, 0]", "[3, 0, 3, 0]"]),
        (True, ["[3, 0, 1, 0]", "[3, 0, 2, 0]", "[3, 0, 3, 0]"]),
    ],
)
def test_the_counters_of_table_10_30(is_sequential: bool, counted: list[str]) -> None:
    for number, expected in enumerate(counted, 1):
        condition = feel(f"{COUNTERS} = {expected}")
        run = Run(
            simple([user("x", multi_instance=many(is_sequential=is_sequential, completion_condition=condition))], LINE)
        )
        for _ in range(number):
            assert run.status == "active"
            complete(run, tasks(run)[0])
        assert run.status == "completed", expected
        assert run.happened("item:completed", "is_enough") == [False] * (number - 1) + [True]
        assert run.happened("task:cancelled", "element") == ["x"] * (0 if is_sequential else 3 - number)


def test_items_are_numbered_from_1_for_expressions_and_from_0_in_the_history() -> None:
    output = feel("[loopCounter, item]")
    run = Run(simple([user("x", multi_instance=many(output_collection="all", output_element=output))], LINE))
    assert run.happened("items:found", "element", "items") == [("x", (10, 20, 30))]
    assert [each.item for each in run.state.scopes.values()] == [None, 0, 1, 2]
    for each in reversed(tasks(run)):
        complete(run, each)
    assert run.happened("item:completed", "item", "output", "is_enough", "again") == [
        (2, [3, 30], False, None),
        (1, [2, 20], False, None),
        (0, [1, 10], False, None),
    ]
    assert run.state.root_variables == {"all": [[1, 10], [2, 20], [3, 30]]}


def test_sequential_items_begin_one_after_the_other_and_parallel_ones_at_once() -> None:
    for is_sequential in (False, True):
        run = Run(simple([user("x", multi_instance=many(is_sequential=is_sequential))], LINE))
        for left in (3, 2, 1):
            assert len(tasks(run)) == (1 if is_sequential else left)
            complete(run, tasks(run)[-1])
        assert run.status == "completed"


@pytest.mark.parametrize(("behavior", "times"), [(Behavior.ALL, 0), (Behavior.ONE, 1), (Behavior.NONE, 3)])
def test_completions_throw_as_their_behaviour_says(behavior: Behavior, times: int) -> None:
    """Table 10.29: *None* after each item, *One* after the first, *All* never."""
    event = None if behavior is Behavior.ALL else escalation("done")
    nodes = [
        user("x", multi_instance=many(behavior=behavior, event=event)),
        make(model.BoundaryEvent, "b", attached_to="x", trigger=escalation("done"), is_interrupting=False),
        script("told", "n", "n + 1"),
    ]
    run = Run(simple(nodes, LINE + "\nb -> told"), n=0)
    for number in range(1, 4):
        complete(run, tasks(run)[0])
        assert run.state.root_variables["n"] == min(number, times)
    assert run.happened("escalation:thrown", "element", "code") == [("x", "done")] * times
    assert run.status == "completed"


def test_each_complex_behaviour_throws_when_its_condition_holds_after_an_item() -> None:
    complex_ = (
        model.ComplexBehavior(condition=feel("numberOfCompletedInstances = 2"), event=signal("half")),
        model.ComplexBehavior(condition=feel("answer and numberOfActiveInstances = 0"), event=escalation("over")),
    )
    nodes = [
        user("x", multi_instance=many(behavior=Behavior.COMPLEX, complex=complex_)),
        make(model.BoundaryEvent, "b", attached_to="x", trigger=escalation(None), is_interrupting=False),
        make(model.BoundaryEvent, "c", attached_to="x", trigger=signal("half"), is_interrupting=False),
    ]
    run = Run(simple(nodes, LINE + "\nb -> end\nc -> end"))
    for told in (([], []), (["half"], []), (["half"], ["over"])):
        complete(run, tasks(run)[0], answer=True)
        assert (run.happened("signal:thrown", "name"), run.happened("escalation:thrown", "code")) == told
    assert [each for each in run.completed if each in "bc"] == ["c", "b"]
    assert run.status == "completed"


def test_an_error_of_a_completion_is_caught_by_its_code_at_the_whole() -> None:
    nodes = [
        user("x", multi_instance=many(behavior=Behavior.ONE, event=error("E"))),
        make(model.BoundaryEvent, "other", attached_to="x", trigger=error("F")),
        make(model.BoundaryEvent, "b", attached_to="x", trigger=error("E"), outputs=maps(code="errorCode")),
        make(model.EndEvent, "e2"),
    ]
    run = Run(simple(nodes, LINE + "\nb -> e2\nother -> e2"))
    complete(run, tasks(run)[1])
    assert run.completed == ["start", "x", "b", "e2"]
    assert run.happened("error:thrown", "element", "code") == [("x", "E")]
    assert run.state.root_variables == {"code": "E"}


def test_without_a_code_the_error_of_a_completion_is_caught_by_what_catches_all() -> None:
    nodes = [
        user("x", multi_instance=many(behavior=Behavior.NONE, event=error(None))),
        make(model.BoundaryEvent, "b", attached_to="x", trigger=error(None), outputs=maps(code="errorCode")),
        make(model.EndEvent, "e2"),
    ]
    run = Run(simple(nodes, LINE + "\nb -> e2"))
    complete(run, tasks(run)[0])
    assert run.state.root_variables == {"code": ""}
    assert run.status == "completed"


def test_boundary_events_are_of_the_whole() -> None:
    nodes = [
        user("x", multi_instance=many()),
        make(model.BoundaryEvent, "late", attached_to="x", trigger=timer("duration", '"PT1H"')),
        make(model.BoundaryEvent, "news", attached_to="x", trigger=message("m", '"k"'), is_interrupting=False),
        make(model.EndEvent, "e2"),
    ]
    run = Run(simple(nodes, LINE + "\nlate -> e2\nnews -> e2"))
    assert run.happened("timer:set", "element", "activity") == [("late", run.live("x")[0])]
    run(ReceiveMessage(wait=run.wait("news"), name="m"))
    assert len(tasks(run)) == 3
    run(FireTimer(wait=run.wait("late")))
    assert run.happened("element:cancelled", "element") == ["x"] * 4
    assert run.status == "completed"


def test_one_item_that_fails_leaves_the_others_at_work() -> None:
    run = Run(simple([make(model.ServiceTask, "x", handler="a.b", multi_instance=many())], LINE))
    first, second, third = (each.id for each in run.state.needs)
    run(FailHandler(activity=second, code="handler_crashed"))
    assert [each.id for each in run.state.needs] == [first, third]
    for each in (first, third):
        run(ReturnHandler(activity=each))
    assert run.status == "active"
    run(RetryIncident(incident=run.incident.id))
    run(ReturnHandler(activity=second))
    assert run.status == "completed"


def test_writes_of_an_item_to_its_output_are_its_own_and_others_go_out() -> None:
    node = script(
        "x",
        "square",
        "item * item",
        multi_instance=many(output_collection="squares", output_element=feel("square")),
        outputs=maps(square="square", last="item"),
    )
    run = Run(simple([node], LINE))
    assert run.state.root_variables == {"squares": [100, 400, 900], "last": 30}


def test_outputs_of_items_that_were_not_needed_are_null() -> None:
    multi = many(output_collection="all", output_element=feel("answer"), completion_condition=feel("answer = 7"))
    run = Run(simple([user("x", multi_instance=multi)], LINE))
    complete(run, tasks(run)[1], answer=7)
    assert run.state.root_variables == {"all": [None, 7, None]}


def test_a_list_that_changes_does_not_change_the_items() -> None:
    run = Run(
        simple([user("x", multi_instance=many(is_sequential=True, input_collection=feel("list")))], LINE), list=[1, 2]
    )
    complete(run, tasks(run)[0], list=[])
    assert run.state.variables_of(tasks(run)[0])["item"] == 2
    complete(run, tasks(run)[0])
    assert run.status == "completed"


# -- rounds -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loop", "rounds"),
    [
        (model.StandardLoop(condition=feel("loopCounter < 3")), 3),
        (model.StandardLoop(condition=feel("loopCounter < 3"), tests_before=True), 3),
        (model.StandardLoop(condition=feel("loopCounter < 0")), 1),
        (model.StandardLoop(condition=feel("loopCounter < 0"), tests_before=True), 0),
        (model.StandardLoop(condition=feel("true"), maximum=2), 2),
        (model.StandardLoop(condition=feel("loopCounter < 3"), maximum=4), 3),
        (model.StandardLoop(condition=None, maximum=2), 2),
        (model.StandardLoop(condition=None, maximum=1), 1),
        (model.StandardLoop(condition=None, maximum=0), 0),
    ],
)
def test_a_loop_does_as_many_rounds(loop: model.StandardLoop, rounds: int) -> None:
    run = Run(simple([script("x", "seen", "loopCounter", loop=loop, outputs=maps(sum="sum + seen"))], LINE), sum=0)
    assert run.state.root_variables == {"sum": rounds * (rounds + 1) // 2}
    assert run.happened("items:found", "items") == [(None,) if rounds else ()]
    again = run.happened("item:completed", "item", "again")
    assert again == [(number, number < rounds - 1) for number in range(rounds)]
    assert run.status == "completed"


def test_a_loop_sees_what_its_round_wrote() -> None:
    run = Run(simple([user("x", loop=model.StandardLoop(condition=feel("not(ok)")))], LINE))
    for ok in (False, False, True):
        assert run.state.variables_of(tasks(run)[0])["loopCounter"] == len(run.happened("task:created", "element"))
        complete(run, tasks(run)[0], ok=ok)
    assert run.status == "completed"
    assert len(set(run.happened("task:created", "activity"))) == 3


def test_a_condition_of_a_loop_that_cannot_be_asked_keeps_the_round() -> None:
    run = Run(simple([user("x", loop=model.StandardLoop(condition=feel("more")))], LINE))
    (first,) = tasks(run)
    complete(run, first)
    assert (run.incident.place, run.incident.activity) == ("loop condition", first)
    assert not run.happened("item:completed", "item")


def test_an_error_in_a_round_ends_the_loop() -> None:
    nodes = [
        *sub(
            "x", make(model.ServiceTask, "w", handler="a.b", scope="x"), loop=model.StandardLoop(condition=feel("true"))
        ),
        make(model.BoundaryEvent, "b", attached_to="x", trigger=error("E")),
        make(model.EndEvent, "e2"),
    ]
    run = Run(simple(nodes, "start -> x -> end\nx_start -> w -> x_end\nb -> e2"))
    run(ReturnHandler(activity=run.one("w")))
    run(ThrowError(activity=run.one("w"), code="E"))
    assert run.happened("element:cancelled", "element") == ["w", "x", "x"]
    assert run.status == "completed"


def test_calls_are_repeated_each_in_a_scope_of_its_own() -> None:
    callee = process("q", [make(model.StartEvent, "qs"), script("s", "r", "n * 2")], "qs -> s")
    call = make(
        model.CallActivity,
        "x",
        process="q",
        inputs=maps(n="item"),
        outputs=maps(r="r"),
        multi_instance=many(output_collection="all", output_element=feel("r")),
    )
    caller = simple([call], LINE)
    run = Run(model.Model(processes={**caller.processes, "q": callee}))
    assert run.state.root_variables == {"all": [20, 40, 60]}, "r is declared in each item: it gives the output"
    opened = [each for each in run.happened("scope:opened", "process", "item", "isolated") if each[0] == "q"]
    assert opened == [("q", None, True)] * 3
