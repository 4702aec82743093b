"""The complex gateway: when it fires, with which tokens, and when it begins anew (BPMN 13.4.5)."""

from __future__ import annotations

from typing import Any

import pytest

from engine.model import elements as model
from engine.protocol.stimuli import CompleteTask, FireTimer, RetryIncident
from tests.engine.kernel.building import Run, feel, make, script, simple, sub, timer, user


def gateway(activation: str | None, **more: Any) -> Any:
    return make(model.ComplexGateway, "d", activation=None if activation is None else feel(activation), **more)


def three(activation: str | None, flows: str = "d -> once -> end", *more: Any) -> model.Model:
    """The tasks a, b and c lead to the gateway ``d``."""
    nodes = [make(model.ParallelGateway, "f"), *(user(each) for each in "abc"), gateway(activation), script("once")]
    return simple([*nodes, *more], f"start -> f -> a -> d\nf -> b -> d\nf -> c -> d\n{flows}")


def done(run: Run, *elements: str) -> None:
    for each in elements:
        run(CompleteTask(activity=run.live(each)[0], actor="x"))


def fired(run: Run) -> list[Any]:
    return run.happened("gateway:activated", "flows")


def dropped(run: Run) -> list[Any]:
    return run.happened("token:dropped", "flows")


@pytest.mark.parametrize("needed", [1, 2, 3])
def test_it_fires_once_for_what_has_come_and_drops_the_rest(needed: int) -> None:
    run = Run(three(f"activationCount >= {needed}"))
    for number, each in enumerate("bac", 1):
        assert len(fired(run)) == int(number > needed)
        done(run, each)
        assert run.completed.count("once") == int(number >= needed)
    came = ["b-d", "a-d", "c-d"][:needed]
    assert [set(each) for each in fired(run)] == [set(came)]
    late = {"a-d", "b-d", "c-d"} - set(came)
    assert {flow for flows in dropped(run) for flow in flows} == late
    assert run.completed.count("d") == 1
    assert run.status == "completed"


def test_when_all_have_come_it_begins_anew_at_once() -> None:
    run = Run(three("activationCount = 3"))
    done(run, "a", "b")
    assert not run.live("d")
    events = run(CompleteTask(activity=run.one("c"), actor="x"))
    assert [each.tag for each in events if getattr(each, "element", None) == "d"] == [
        "element:entered",
        "gateway:activated",
        "element:completed",
    ]
    assert fired(run) == [("a-d", "b-d", "c-d")]
    assert not dropped(run)
    assert run.status == "completed"


def test_without_an_activation_the_first_token_fires_it() -> None:
    run = Run(three(None))
    done(run, "c")
    assert fired(run) == [("c-d",)]
    assert run.completed.count("once") == 1
    done(run, "a", "b")
    assert run.completed.count("once") == 1
    assert run.status == "completed"


def test_the_activation_sees_the_number_of_tokens_and_the_variables() -> None:
    run = Run(three("activationCount + extra = 3 and waitingForStart"), extra=1)
    done(run, "a")
    assert not fired(run)
    done(run, "b")
    assert fired(run) == [("a-d", "b-d")]
    assert "activationCount" not in run.state.root_variables


def test_several_tokens_of_one_flow_count_and_one_of_each_is_taken() -> None:
    """The second token of a flow is of the next time."""
    nodes = [
        make(model.ParallelGateway, "f"),
        make(model.ExclusiveGateway, "m"),
        *(user(each) for each in "abc"),
        gateway("activationCount >= 2"),
        script("count", "n", "n + 1"),
    ]
    flows = "start -> f -> a -> m -> d\nf -> b -> m\nf -> c -> d\nd -> count -> end"
    run = Run(simple(nodes, flows), n=0)
    done(run, "a")
    assert not fired(run)
    done(run, "b")
    assert fired(run) == [("m-d",)]
    assert run.state.root_variables["n"] == 1
    assert run.live("d"), "c may still come"
    done(run, "c")
    assert dropped(run) == [("c-d",)]
    assert run.incident.code == "deadlock", "one token of the next time is left"
    assert run.state.scopes["s1"].tokens == {"m-d": 1}


def test_what_came_meanwhile_on_a_flow_of_the_round_fires_the_next_time() -> None:
    """d fires for m-d; while it waits for c, a second token comes by m. When c has come, that one fires d again."""
    nodes = [
        make(model.ParallelGateway, "f"),
        make(model.ExclusiveGateway, "m"),
        *(user(each) for each in "abc"),
        gateway("activationCount >= 1"),
        script("count", "n", "n + 1"),
    ]
    flows = "start -> f -> a -> m -> d\nf -> b -> m\nf -> c -> d\nd -> count -> end"
    run = Run(simple(nodes, flows), n=0)
    done(run, "a", "b")
    assert fired(run) == [("m-d",)]
    done(run, "c")
    assert dropped(run) == [("c-d",)]
    assert fired(run) == [("m-d",), ("m-d",)]
    assert run.state.root_variables["n"] == 2
    assert run.status == "completed"


def test_flows_are_taken_by_their_conditions_and_the_default_when_none_holds() -> None:
    nodes = [make(model.ParallelGateway, "f"), user("a"), user("b"), script("x"), script("y"), script("z")]
    flows = "start -> f -> a -> d\nf -> b -> d\nd -> x : n > 1\nd -> y : n > 2\nd -> z\nx -> end\ny -> end\nz -> end"
    for n, expected in ((3, {"x", "y"}), (2, {"x"}), (0, {"z"})):
        run = Run(simple([*nodes, gateway("activationCount >= 2", default="d-z")], flows), n=n)
        done(run, "a", "b")
        assert {"x", "y", "z"} & set(run.completed) == expected
        assert run.status == "completed"


def test_only_flows_that_ask_for_the_second_phase_get_a_token_in_it() -> None:
    flows = """d -> once : waitingForStart
    d -> plain : n = 1
    d -> late : waitingForStart = false and n = 1
    d -> not : n = 2 and not(waitingForStart)"""
    ends = "\nonce -> end\nplain -> end\nlate -> end\nnot -> end"
    run = Run(three("activationCount >= 1", flows + ends, *(script(each) for each in ("plain", "late", "not"))), n=1)
    done(run, "a")
    assert [run.completed.count(each) for each in ("once", "plain", "late", "not")] == [1, 1, 0, 0]
    done(run, "b", "c")
    assert [run.completed.count(each) for each in ("once", "plain", "late", "not")] == [1, 1, 1, 0]
    assert dropped(run) == [("b-d", "c-d")]
    assert run.status == "completed"


def test_a_second_phase_that_cannot_be_asked_is_an_incident_of_the_gateway_until_it_can() -> None:
    nodes = [script("late"), user("fix")]
    flows = "d -> once -> end\nd -> late : not(waitingForStart) and ok\nlate -> end\nf -> fix -> end"
    run = Run(three("activationCount >= 1", flows, *nodes))
    done(run, "a", "b", "c")
    assert (run.incident.place, run.incident.activity) == ("condition d-late", run.one("d"))
    assert "d" not in run.completed
    run(RetryIncident(incident=run.incident.id))
    assert run.incident.place == "condition d-late"
    run(CompleteTask(activity=run.one("fix"), actor="x", variables={"ok": True}))
    run(RetryIncident(incident=run.incident.id))
    assert run.completed.count("late") == 1
    assert run.status == "completed"


def test_an_activation_that_can_be_evaluated_again_resolves_its_incident_by_itself() -> None:
    flows = "d -> once -> end\nf -> fix -> end\nf -> other -> end"
    run = Run(three("activationCount >= limit", flows, user("fix"), user("other")))
    done(run, "a")
    (first,) = run.state.incidents
    done(run, "b")
    assert list(run.state.incidents) == [first], "asked again, it is the same incident"
    run(CompleteTask(activity=run.one("fix"), actor="x", variables={"limit": 3}))
    done(run, "c")
    assert run.happened("incident:resolved", "incident") == [first]
    assert not run.state.incidents
    assert fired(run) == [("a-d", "b-d", "c-d")]
    done(run, "other")
    assert run.status == "completed"


def test_too_many_steps_that_end_at_the_gateway_do_not_hide_that_its_activation_fails() -> None:
    """One incident stopped all tokens, the other is that of what was asked."""
    nodes = [
        make(model.ParallelGateway, "f"),
        *(user(each) for each in "ab"),
        gateway("if waiting then 1 else true"),
        user("after"),
        make(model.ExclusiveGateway, "m"),
    ]
    definition = simple(nodes, "start -> f -> a -> m -> d -> after -> end\nf -> b -> m")
    for steps in range(1, 9):
        run = Run(definition, waiting=False)
        run.max_steps = steps
        done(run, "a")
        if [each.element for each in run.state.incidents.values()] == ["d"]:
            break
    else:
        pytest.fail("no number of steps ends at the gateway")
    assert run.incident.code == "too_many_steps"
    run.max_steps = 100
    run(CompleteTask(activity=run.one("b"), actor="x", variables={"waiting": True}))
    assert sorted(each.place for each in run.state.incidents.values()) == ["activation", "tokens"]


def test_what_interrupts_the_scope_of_the_gateway_resolves_the_incident_of_its_activation() -> None:
    inside = [make(model.ParallelGateway, "f"), user("a"), user("b"), gateway("missing")]
    nodes = [
        *sub("s", *inside),
        make(model.BoundaryEvent, "late", attached_to="s", trigger=timer("duration", '"PT1H"')),
    ]
    run = Run(simple(nodes, "start -> s -> end\ns_start -> f -> a -> d -> s_end\nf -> b -> d\nlate -> end"))
    done(run, "a")
    assert run.incident.activity == run.state.activities[run.one("s")].scopes[0]
    run(FireTimer(wait=run.wait("late")))
    assert run.status == "completed"
    assert len(run.happened("incident:resolved", "incident")) == 1


def test_a_gateway_that_waits_for_the_rest_goes_with_what_interrupts_it() -> None:
    inside = [make(model.ParallelGateway, "f"), user("a"), user("b"), gateway("activationCount >= 1"), user("after")]
    nodes = [
        *sub("s", *inside),
        make(model.BoundaryEvent, "late", attached_to="s", trigger=timer("duration", '"PT1H"')),
    ]
    run = Run(simple(nodes, "start -> s -> end\ns_start -> f -> a -> d -> after -> s_end\nf -> b -> d\nlate -> end"))
    done(run, "a")
    assert len(run.live("d")) == 1
    run(FireTimer(wait=run.wait("late")))
    assert set(run.happened("element:cancelled", "element")) == {"s", "b", "d", "after"}
    assert run.status == "completed"


def test_each_scope_has_its_own_gateway_under_way() -> None:
    many = model.MultiInstance(is_sequential=False, input_collection=feel("[1, 2]"))
    inside = [make(model.ParallelGateway, "f"), user("a"), user("b"), gateway("activationCount >= 1"), script("once")]
    run = Run(
        simple(
            sub("s", *inside, multi_instance=many),
            "start -> s -> end\ns_start -> f -> a -> d -> once -> s_end\nf -> b -> d",
        )
    )
    for each in run.live("a"):
        run(CompleteTask(activity=each, actor="x"))
    assert len(run.live("d")) == 2
    assert fired(run) == [("a-d",), ("a-d",)]
    for each in run.live("b"):
        run(CompleteTask(activity=each, actor="x"))
    assert dropped(run) == [("b-d",), ("b-d",)]
    assert run.completed.count("once") == 2
    assert run.status == "completed"
