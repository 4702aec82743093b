"""What one stimulus may compute, and how large a variable may grow: an incident, nothing lost, the same everywhere."""

from __future__ import annotations

from typing import Any

import pytest

from engine.kernel import State, advance
from engine.model import elements as model
from engine.protocol.stimuli import CompleteTask, RetryIncident, Start
from tests.engine.kernel.building import NOW, Run, at, feel, make, maps, script, simple, timer

SLOW = "count(for i in 1..900 return i)"
"""About 1,800 steps: 28 of them are more than ``LITTLE``."""
LITTLE = 50_000


def looping(rounds: int, source: str = SLOW) -> model.Model:
    nodes = [
        make(model.ExclusiveGateway, "m"),
        make(model.ExclusiveGateway, "x", default="x-m"),
        script("s", "n", f"n + 1 + 0 * {source}"),
    ]
    return simple(nodes, f"start -> m -> s -> x\nx -> end : n >= {rounds}\nx -> m")


def user(id_: str, **more: Any) -> Any:
    return make(model.UserTask, id_, **({"role": "r"} | more))


def test_what_the_expressions_of_a_stimulus_compute_is_counted_together() -> None:
    run = Run(looping(40), max_work=LITTLE, n=0)
    assert (run.incident.code, run.incident.element) == ("too_much_work", "x")
    assert run.first("incident:raised").facts == {"limit": LITTLE}
    done = run.state.root_variables["n"]
    assert 15 < done < 40
    run(RetryIncident(incident=run.incident.id))
    assert run.status == "completed"
    assert run.state.root_variables["n"] == 40


def test_long_expressions_without_loops_are_counted_too() -> None:
    run = Run(looping(100, "(" + " + ".join(["n"] * 2_400) + ")"), max_work=LITTLE, n=0)
    assert run.incident.code == "too_much_work"


@pytest.mark.parametrize("source", ["n", "context.inner", "5", '"text"'])
def test_what_needs_no_computing_is_counted_too(source: str) -> None:
    nodes = [script(f"s{n}", "m", source) for n in range(30)]
    line = "start -> " + " -> ".join(each.id for each in nodes) + " -> end"
    run = Run(simple(nodes, line), max_work=20, n=1, context={"inner": 2})
    assert run.incident.code == "too_much_work"


def test_the_same_move_stops_everywhere() -> None:
    definition = looping(40)
    start = Start(process="p", variables={"n": 0})
    first = advance(definition, None, start, at(NOW), max_work=LITTLE)
    again = advance(definition, None, start, at(NOW), max_work=LITTLE)
    assert first.state.incidents
    assert first.events == again.events
    assert State.from_text(first.state.to_text()) == again.state


def test_work_of_other_branches_waits_for_the_retry_and_people_go_on() -> None:
    nodes = [
        make(model.ParallelGateway, "f"),
        make(model.ParallelGateway, "j"),
        user("ask", inputs=maps(cost=SLOW)),
        *(script(f"s{n}", f"n{n}", SLOW) for n in range(40)),
    ]
    flows = "start -> f -> ask -> j -> end\n" + "\n".join(f"f -> s{n} -> j" for n in range(40))
    run = Run(simple(nodes, flows), max_work=LITTLE)
    assert run.incident.code == "too_much_work"
    run(CompleteTask(activity=run.one("ask"), actor="a"))
    (incident,) = run.state.incidents.values()
    assert run.status == "active"
    run(RetryIncident(incident=incident.id))
    assert run.status == "completed"
    assert len(run.state.root_variables) == 40


def test_what_is_used_up_right_after_a_handler_was_asked_is_told() -> None:
    items = model.MultiInstance(is_sequential=False, input_collection=feel("[1, 2]"))
    nodes = [
        make(model.ParallelGateway, "f"),
        make(model.ParallelGateway, "g"),
        script("x", multi_instance=items),
        make(model.ServiceTask, "t", handler="do.it", inputs=maps(cost=SLOW)),
    ]
    run = Run(simple(nodes, "start -> f -> x -> end\nf -> g -> t -> end"), max_work=1_000)
    assert (run.incident.code, run.incident.element) == ("too_much_work", "x")
    assert [each.element for each in run.state.needs] == ["t"]


def test_a_wait_whose_plan_could_not_be_computed_begins_at_the_retry() -> None:
    nodes = [
        *(script(f"s{n}", "n", SLOW) for n in range(30)),
        make(model.CatchEvent, "wait", trigger=timer("duration", 'duration("PT1H")')),
    ]
    run = Run(simple(nodes, "start -> " + " -> ".join(f"s{n}" for n in range(30)) + " -> wait -> end"), max_work=LITTLE)
    assert run.incident.code == "too_much_work"
    run(RetryIncident(incident=run.incident.id))
    assert [each.element for each in run.state.waits.values()] == ["wait"]


@pytest.mark.parametrize("outputs", [maps(a__b="big", a__c="big", a__d="big"), maps(a__b="big", a__c__d="big")])
def test_paths_cannot_put_together_what_one_value_may_not_be(outputs: Any) -> None:
    run = Run(simple([script("s", "r", outputs=outputs)], "start -> s -> end"), big="x" * 140_000)
    assert (run.incident.code, run.incident.place.split()[0]) == ("value_too_large", "output")
    assert run.state.root_variables == {"big": "x" * 140_000}


def test_the_outputs_of_items_cannot_either() -> None:
    many = model.MultiInstance(
        is_sequential=False,
        input_collection=feel("[1, 2, 3]"),
        output_collection="all",
        output_element=feel("[big]"),
    )
    run = Run(simple([script("s", "r", multi_instance=many)], "start -> s -> end"), big="x" * 140_000)
    assert (run.incident.code, run.incident.place) == ("value_too_large", "output collection")
    assert "all" not in run.state.root_variables
