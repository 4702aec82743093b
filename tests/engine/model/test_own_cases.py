"""Which calls are cases of their own, and which stay inside because the two processes speak by more than inputs, outputs and errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from engine.model import elements as model
from engine.model.own_cases import own_cases
from tests.engine.kernel.building import compensable, error, event_sub, make, maps, process, simple, sub, user

HORN = model.SignalDefinition(name="horn")
UP = model.EscalationDefinition(code="up")
UNDO = model.CompensationDefinition()


def called(id_: str, *nodes: Any, ends: Any = None) -> model.Process:
    first = next((each.id for each in nodes if isinstance(each, model.Activity) and each.scope != "x"), None)
    way = f"{id_}_in -> {id_}_out" if first is None else f"{id_}_in -> {first} -> {id_}_out"
    return process(
        id_, [make(model.StartEvent, f"{id_}_in"), make(model.EndEvent, f"{id_}_out", result=ends), *nodes], way
    )


def caller(*others: model.Process, extra: Sequence[Any] = (), ends: Any = None, **more: Any) -> model.Model:
    nodes = [
        make(model.CallActivity, "call", process=others[0].id, **more),
        *extra,
        make(model.EndEvent, "over", result=ends),
    ]
    drawn = simple(nodes, "start -> call -> over")
    return model.Model(processes={**drawn.processes, **{each.id: each for each in others}})


def at_call(trigger: Any) -> list[Any]:
    return [make(model.BoundaryEvent, "caught", attached_to="call", trigger=trigger)]


def test_a_call_that_only_gives_and_takes_is_a_request_with_all_that_it_had() -> None:
    drawn = caller(
        called("q", user("work"), ends=error("E")),
        extra=at_call(error("E")),
        inputs=maps(a="b"),
        outputs=maps(c="d"),
        multi_instance=model.MultiInstance(is_sequential=False, input_collection=maps(x="list")[0].source),
        documentation="why",
    )
    found = own_cases(drawn)
    assert found.calls == {"call"}
    (before,) = (each.nodes["call"] for each in drawn.processes.values() if "call" in each.nodes)
    (after,) = (each.nodes["call"] for each in found.model.processes.values() if "call" in each.nodes)
    assert isinstance(after, model.ServiceTask)
    assert after.handler == "call:q"
    for name in model.Activity.__dataclass_fields__:
        assert getattr(after, name) == getattr(before, name)
    assert found.model.processes["q"] is drawn.processes["q"]


def test_a_model_without_such_calls_is_the_very_same() -> None:
    drawn = simple([user("a")], "start -> a -> end")
    assert own_cases(drawn).model is drawn
    assert own_cases(drawn).calls == frozenset()


def inner(target: str) -> model.Process:
    return called("middle", make(model.CallActivity, "inner_call", process=target))


@pytest.mark.parametrize(
    ("drawn", "own"),
    [
        # escalations: only where somebody around catches one
        (caller(called("q", ends=UP)), {"call"}),
        (caller(called("q", ends=UP), extra=at_call(UP)), set()),
        (caller(called("q"), extra=at_call(UP)), {"call"}),
        (caller(inner("q"), called("q", ends=UP), extra=at_call(UP)), set()),
        # signals, in both directions, also between the caller and what is called in turn
        (caller(called("q", ends=HORN), extra=at_call(HORN)), set()),
        (caller(called("q", ends=HORN), ends=HORN), {"call"}),
        (caller(called("q", *event_sub("heard", HORN)), ends=HORN), set()),
        (caller(inner("q"), called("q", ends=HORN), extra=at_call(HORN)), set()),
        (caller(called("q", ends=HORN), extra=at_call(model.SignalDefinition(name="bell"))), {"call"}),
        # compensation: what the caller has undone
        (caller(called("q", *compensable("a")), ends=UNDO), set()),
        (caller(called("q", *compensable("a"))), {"call"}),
        (caller(called("q", user("a")), ends=UNDO), {"call"}),
        (caller(inner("q"), called("q", *compensable("a")), ends=UNDO), set()),
    ],
)
def test_what_reaches_across_keeps_the_call_inside(drawn: model.Model, own: set[str]) -> None:
    assert own_cases(drawn).calls - {"inner_call"} == own


def test_what_has_a_handler_of_its_own_is_undone_by_that_alone() -> None:
    undoing = [make(model.ServiceTask, "uncall", handler="h", is_for_compensation=True)]
    drawn = caller(called("q", *compensable("a")), extra=undoing, ends=UNDO, compensated_by="uncall")
    assert own_cases(drawn).calls == {"call"}


def test_only_the_part_between_thrower_and_catcher_stays_inside() -> None:
    middle = called("middle", make(model.CallActivity, "inner_call", process="q"), *at_inner(UP))
    assert own_cases(caller(middle, called("q", ends=UP))).calls == {"call"}


def at_inner(trigger: Any) -> list[Any]:
    return [make(model.BoundaryEvent, "inner_caught", attached_to="inner_call", trigger=trigger)]


def test_a_process_that_calls_itself_and_a_call_inside_a_sub_process() -> None:
    around = sub("around", make(model.CallActivity, "again", process="q", scope="around"))
    drawn = caller(process("q", [make(model.StartEvent, "s"), make(model.EndEvent, "e"), *around], "s -> around -> e"))
    assert own_cases(drawn).calls == {"call", "again"}


def test_what_is_bound_to_another_version_cannot_stay_inside() -> None:
    drawn = caller(called("q", ends=UP), extra=at_call(UP), binding=model.Binding.LATEST)
    assert own_cases(drawn).calls == {"call"}
