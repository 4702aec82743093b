"""What operators do: a token moved, an activity skipped, a variable edited. What is withdrawn ends, joins stay right."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from string import Formatter
from typing import Any

import pytest

from engine.errors import EngineError
from engine.kernel import Phase, StaleStimulus, ValueNotStorable
from engine.model import elements as model
from engine.model.landings import landings
from engine.protocol.stimuli import (
    ActRefused,
    CompleteTask,
    FailHandler,
    FireTimer,
    MoveToken,
    ReturnHandler,
    SetVariable,
    SkipActivity,
)
from engine.texts import catalogue
from tests.engine.kernel.building import (
    Run,
    compensable,
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
    when,
)
from tests.engine.kernel.playing import check_history

WHY = "asked for by the customer"
SPLIT = "start -> f -> a -> j -> z -> end\nf -> b -> j"


def both(join: type[model.Node] = model.ParallelGateway) -> model.Model:
    nodes = [make(join, "f"), make(join, "j"), *(user(each) for each in "abz")]
    return simple(nodes, SPLIT)


def move(run: Run, element: str, target: str) -> None:
    run(MoveToken(activity=run.one(element), target=target, reason=WHY))


def skip(run: Run, element: str) -> None:
    run(SkipActivity(activity=run.one(element), reason=WHY))


def complete(run: Run, element: str) -> None:
    run(CompleteTask(activity=run.one(element), actor="x"))


def refused(run: Run, act: MoveToken | SkipActivity | SetVariable) -> str:
    before = run.state.to_text()
    with pytest.raises(EngineError) as error:
        run(act)
    assert run.state.to_text() == before
    says_whom(error.value)
    return error.value.code


def says_whom(refusal: EngineError) -> None:
    """What the sentence names is there, and what it is about."""
    needed = {name for _, name, _, _ in Formatter().parse(str(catalogue()[refusal.code]["en"])) if name}
    needed |= {"element"} if isinstance(refusal, ActRefused) else set()
    assert needed <= set(refusal.facts)
    assert None not in refusal.facts.values()


def test_a_moved_token_ends_what_waited_and_begins_what_it_comes_to() -> None:
    boundary = make(
        model.BoundaryEvent, "late", attached_to="a", trigger=timer("duration", '"PT1H"'), is_interrupting=False
    )
    run = Run(simple([user("a"), user("b"), user("c"), boundary], "start -> a -> b -> c -> end\nlate -> end"))
    before = len(run.events)
    move(run, "a", "c")
    assert [each.tag for each in run.events[before:]] == [
        "token:moved",
        "task:cancelled",
        "timer:cancelled",
        "element:cancelled",
        "element:entered",
        "task:created",
    ]
    moved = run.events[before]
    assert (moved.element, moved.target, moved.reason) == ("a", "c", WHY)  # type: ignore[attr-defined]
    assert not run.state.waits
    complete(run, "c")
    assert run.status == "completed"
    check_history(run.events)


def test_back_and_on_the_spot() -> None:
    run = Run(simple([user("a"), user("b")], "start -> a -> b -> end"))
    complete(run, "a")
    move(run, "b", "a")
    first = run.one("a")
    move(run, "a", "a")
    assert run.one("a") != first
    move(run, "a", "end")
    assert run.status == "completed"


def test_at_a_parallel_join_the_token_counts_as_that_of_its_flow() -> None:
    run = Run(both())
    assert refused(run, MoveToken(activity=run.one("a"), target="j", reason=WHY)) == "move_needs_flow"
    move(run, "a", "a-j")
    assert run.state.scopes["s1"].tokens == {"a-j": 1}
    complete(run, "b")
    assert run.live("z")
    complete(run, "z")
    assert run.status == "completed"
    check_history(run.events)


def test_two_tokens_of_one_flow_are_no_joining() -> None:
    run = Run(both())
    move(run, "a", "b-j")
    complete(run, "b")
    assert not run.live("z")
    assert (run.incident.code, run.state.scopes["s1"].tokens) == ("deadlock", {"b-j": 2})


def test_a_join_that_lost_its_token_is_a_deadlock_from_which_the_waiting_token_is_moved() -> None:
    run = Run(both())
    move(run, "a", "end")
    complete(run, "b")
    assert run.incident.code == "deadlock"
    assert refused(run, MoveToken(activity="s1", flow="a-j", target="z", reason=WHY)) == "stale_stimulus"
    run(MoveToken(activity="s1", flow="b-j", target="z", reason=WHY))
    assert not run.state.incidents
    complete(run, "z")
    assert run.status == "completed"
    check_history(run.events)


def test_an_inclusive_join_does_not_wait_for_what_was_moved_behind_it() -> None:
    run = Run(both(model.InclusiveGateway))
    complete(run, "b")
    assert not run.live("z")
    move(run, "a", "z")
    assert len(run.live("z")) == 2


def test_a_sub_process_is_withdrawn_with_all_that_is_inside() -> None:
    inside = sub(
        "s", user("a"), make(model.CatchEvent, "w", trigger=message("m", '"k"')), make(model.ParallelGateway, "g")
    )
    flows = "start -> s -> c -> end\ns_start -> g -> a -> s_end\ng -> w -> s_end"
    run = Run(simple([*inside, user("c")], flows))
    assert refused(run, MoveToken(activity=run.one("a"), target="c", reason=WHY)) == "move_elsewhere"
    move(run, "a", "s_end")
    assert run.live("s")
    move(run, "s", "c")
    assert {each.element for each in run.state.activities.values()} == {"c"}
    assert not run.state.waits
    complete(run, "c")
    check_history(run.events)


def test_what_was_done_inside_can_still_be_undone() -> None:
    inner = sub("t", *compensable("b", scope="t"), user("x", scope="t"), scope="s")
    undo = make(model.ThrowEvent, "u", result=model.CompensationDefinition())
    nodes = [*sub("s", *compensable("a")), *(replace(each, scope=each.scope or "t") for each in inner), undo]
    flows = "start -> s -> u -> end\ns_start -> a -> t -> s_end\nt_start -> b -> x -> t_end"
    run = Run(simple(nodes, flows))
    for element in ("a", "b"):
        run(ReturnHandler(activity=run.one(element)))
    skip(run, "s")
    for element in ("unb", "una"):
        run(ReturnHandler(activity=run.one(element)))
    assert run.status == "completed"
    check_history(run.events)


def test_a_skipped_activity_leaves_no_result_and_nothing_to_undo() -> None:
    outputs = maps(found="given")
    undo = make(model.ThrowEvent, "u", result=model.CompensationDefinition())
    did = compensable("a", outputs=outputs)
    run = Run(simple([*did, undo], "start -> a -> u -> end"), found=Decimal(1))
    skip(run, "a")
    assert run.status == "completed"
    assert run.state.root_variables == {"found": Decimal(1)}
    assert "handler:cancelled" in [each.tag for each in run.events]
    check_history(run.events)


def test_a_skip_follows_the_conditions_and_is_refused_where_they_have_no_answer() -> None:
    flows = "start -> a\na -> b : ok = true\na -> c : ok = false\nb -> end\nc -> end"
    run = Run(simple([user("a"), user("b"), user("c")], flows))
    assert refused(run, SkipActivity(activity=run.one("a"), reason=WHY)) == "skip_blocked"
    run(SetVariable(scope="s1", name="ok", value=False, reason=WHY))
    skip(run, "a")
    assert run.live("c")


def test_a_skip_inside_a_sub_process_follows_the_conditions_there() -> None:
    nodes = sub("s", user("a", scope="s"), user("b", scope="s"), user("c", scope="s"), inputs=maps(ok="false"))
    run = Run(
        simple(
            nodes, "start -> s -> end\ns_start -> a\na -> b : ok = true\na -> c : ok = false\nb -> s_end\nc -> s_end"
        )
    )
    skip(run, "a")
    assert run.live("c")


def test_what_stopped_is_skipped_or_moved() -> None:
    service = make(model.ServiceTask, "a", handler="do.it")
    for act in (skip, lambda run, element: move(run, element, "b")):
        run = Run(simple([service, user("b")], "start -> a -> b -> end"))
        run(FailHandler(activity=run.one("a"), code="handler_crashed"))
        act(run, "a")
        assert not run.state.incidents
        complete(run, "b")
        check_history(run.events)


def test_a_gateway_without_a_way_out_is_left_by_a_move() -> None:
    flows = "start -> g\ng -> a : x = 1\ng -> b : x = 2\na -> end\nb -> end"
    run = Run(simple([make(model.ExclusiveGateway, "g"), user("a"), user("b")], flows), x=Decimal(3))
    assert run.incident.code == "no_flow_possible"
    assert refused(run, SkipActivity(activity=run.one("g"), reason=WHY)) == "skip_of_gateway"
    move(run, "g", "b")
    complete(run, "b")
    assert run.status == "completed"


def many(**more: Any) -> model.MultiInstance:
    given: dict[str, Any] = {"is_sequential": False, "input_collection": feel("[1, 2]"), "input_element": "item"}
    return model.MultiInstance(**(given | more))


def test_an_item_is_skipped_and_the_whole_is_moved() -> None:
    gathers = many(output_collection="all", output_element=feel("answer"))
    run = Run(simple([user("a", multi_instance=gathers), user("b")], "start -> a -> b -> end"))
    body, first, second = run.live("a")
    assert refused(run, MoveToken(activity=first, target="b", reason=WHY)) == "move_not_from_there"
    run(SkipActivity(activity=first, reason=WHY))
    run(CompleteTask(activity=second, actor="x", variables={"answer": "yes"}))
    assert run.state.root_variables["all"] == [None, "yes"]
    move(run, "b", "a")
    body = run.live("a")[0]
    run(MoveToken(activity=body, target="b", reason=WHY))
    complete(run, "b")
    assert run.status == "completed"
    check_history(run.events)


def test_a_skipped_round_is_followed_by_the_next() -> None:
    run = Run(simple([user("a", loop=model.StandardLoop(condition=None, maximum=2))], "start -> a -> end"))
    run(SkipActivity(activity=run.live("a")[-1], reason=WHY))
    assert [each.total for each in (one.items for one in run.state.activities.values()) if each] == [2]
    run(SkipActivity(activity=run.live("a")[-1], reason=WHY))
    assert run.status == "completed"
    check_history(run.events)


def test_where_no_token_can_come_from_or_go_to() -> None:
    inside = event_sub("e", timer("duration", '"PT1H"'), user("x"))
    boundary = make(model.BoundaryEvent, "late", attached_to="a", trigger=timer("duration", '"PT2H"'))
    link = make(model.CatchEvent, "l", trigger=model.LinkDefinition(name="l"))
    flows = "start -> a -> end\nlate -> end\nl -> end\ne_start -> x -> e_end"
    nodes = [user("a"), boundary, link, *inside, *compensable("k")]
    run = Run(simple(nodes, flows))
    for target in ("start", "late", "e", "l", "unk"):
        assert refused(run, MoveToken(activity=run.one("a"), target=target, reason=WHY)) == "move_not_entered"
    for target in ("x", "e_start", "nothing", "", "e_start-x"):
        assert refused(run, MoveToken(activity=run.one("a"), target=target, reason=WHY)) == "move_elsewhere"
    for stale in ("a99", "s1", "w1", ""):
        assert refused(run, MoveToken(activity=stale, target="end", reason=WHY)) == "stale_stimulus"
        assert refused(run, SkipActivity(activity=stale, reason=WHY)) == "stale_stimulus"
    run(FireTimer(wait=run.wait("e_start")))
    assert refused(run, MoveToken(activity=run.one("e"), target="a", reason=WHY)) == "move_not_from_there"
    move(run, "x", "e_end")
    assert run.status == "completed"
    (places,) = ([each.id for each in landings(run.model.processes["p"], "p")],)
    assert sorted(places) == ["a", "end", "k"]


def test_what_undoes_something_is_skipped_alone_and_its_thrower_is_not_touched() -> None:
    undo = make(model.ThrowEvent, "u", result=model.CompensationDefinition())
    run = Run(simple([*compensable("a"), undo], "start -> a -> u -> end"))
    run(ReturnHandler(activity=run.one("a")))
    assert refused(run, SkipActivity(activity=run.one("u"), reason=WHY)) == "act_too_late"
    assert refused(run, MoveToken(activity=run.one("una"), target="a", reason=WHY)) == "move_not_from_there"
    run(FailHandler(activity=run.one("una"), code="handler_crashed"))
    skip(run, "una")
    assert run.status == "completed"
    check_history(run.events)


def test_an_endless_loop_is_left_by_moving_its_token() -> None:
    flows = "start -> a -> b -> a"
    run = Run(simple([script("a"), script("b"), user("c")], flows + "\nc -> end"), max_steps=20)
    assert run.incident.code == "too_many_steps"
    ((flow,),) = (list(run.state.scopes["s1"].tokens),)
    run(MoveToken(activity="s1", flow=flow, target="c", reason=WHY))
    assert not run.state.incidents
    complete(run, "c")
    assert run.status == "completed"


def test_a_variable_is_edited_where_it_is_and_conditions_hear_of_it() -> None:
    waits = make(model.CatchEvent, "w", trigger=when("x > 5"))
    run = Run(simple([waits], "start -> w -> end"), x=Decimal(1))
    run(SetVariable(scope="s1", name="y", value={"b": [Decimal(1)], "a": None}, reason=WHY))
    assert run.state.root_variables["y"] == {"a": None, "b": [Decimal(1)]}
    before = len(run.events)
    run(SetVariable(scope="s1", name="x", value=Decimal(6), reason=WHY))
    told, written = run.events[before : before + 2]
    assert (told.tag, written.tag) == ("variable:edited", "variable:written")
    assert (written.previous, written.value, written.is_new) == (Decimal(1), Decimal(6), False)  # type: ignore[attr-defined]
    assert run.status == "completed"


def test_inputs_are_edited_for_the_next_try_and_no_others_come_in() -> None:
    service = make(model.ServiceTask, "a", handler="do.it", inputs=maps(n="1"))
    run = Run(simple([service], "start -> a -> end"))
    activity = run.one("a")
    assert refused(run, SetVariable(scope=activity, name="m", value=None, reason=WHY)) == "edit_of_no_variable"
    run(SetVariable(scope=activity, name="n", value=Decimal(2), reason=WHY))
    assert run.state.activities[activity].variables == {"n": Decimal(2)}


@pytest.mark.parametrize(
    "value", [1.5, float("nan"), {"@date": "2026-01-01"}, {1: 2}, object(), "\ud800", "x" * 300_000]
)
def test_what_no_process_can_keep_is_refused(value: Any) -> None:
    run = Run(simple([user("a")], "start -> a -> end"))
    with pytest.raises(ValueNotStorable):
        run(SetVariable(scope="s1", name="x", value=value, reason=WHY))
    for scope in ("s2", "a99", "w1", ""):
        assert refused(run, SetVariable(scope=scope, name="x", value=None, reason=WHY)) == "stale_stimulus"


def test_a_called_process_is_withdrawn_too() -> None:
    called = process("q", [make(model.StartEvent, "qs"), user("qa"), make(model.EndEvent, "qe")], "qs -> qa -> qe")
    given = simple([make(model.CallActivity, "c", process="q"), user("b")], "start -> c -> b -> end")
    run = Run(model.Model(processes={**given.processes, "q": called}))
    skip(run, "c")
    assert [each.phase for each in run.state.activities.values()] == [Phase.TASK]
    assert list(run.state.scopes) == ["s1"]
    complete(run, "b")
    with pytest.raises(StaleStimulus):
        run(SkipActivity(activity="a1", reason=WHY))
    assert not issubclass(ActRefused, StaleStimulus)


@pytest.mark.parametrize("join", [model.InclusiveGateway, model.ComplexGateway])
def test_what_joins_is_reached_by_one_of_its_flows(join: type[model.Node]) -> None:
    more = {"activation": feel("activationCount >= 2")} if join is model.ComplexGateway else {}
    nodes = [make(model.ParallelGateway, "f"), make(join, "j", **more), *(user(each) for each in "abz")]
    run = Run(simple(nodes, SPLIT))
    assert refused(run, MoveToken(activity=run.one("a"), target="j", reason=WHY)) == "move_needs_flow"
    move(run, "a", "a-j")
    assert not run.live("z")
    complete(run, "b")
    complete(run, "z")
    assert run.status == "completed"
    check_history(run.events)


def test_an_activity_that_needs_several_tokens_is_reached_by_a_flow() -> None:
    nodes = [make(model.ParallelGateway, "f"), user("a"), user("b"), user("j", start_quantity=2)]
    run = Run(simple(nodes, "start -> f -> a -> j -> end\nf -> b -> j"))
    assert refused(run, MoveToken(activity=run.one("a"), target="j", reason=WHY)) == "move_needs_flow"
    move(run, "a", "b-j")
    assert not run.live("j")
    complete(run, "b")
    complete(run, "j")
    assert run.status == "completed"
    check_history(run.events)


def test_a_complex_gateway_that_has_fired_is_left_alone() -> None:
    nodes = [make(model.ParallelGateway, "f"), user("a"), user("b"), user("z")]
    nodes.append(make(model.ComplexGateway, "j", activation=feel("activationCount >= 1")))
    run = Run(simple(nodes, SPLIT))
    complete(run, "a")
    assert run.live("z")
    for act in (
        MoveToken(activity=run.one("j"), target="z", reason=WHY),
        SkipActivity(activity=run.one("j"), reason=WHY),
    ):
        assert refused(run, act) == "act_too_late"


def test_what_a_sub_process_with_a_handler_did_half_is_not_undone() -> None:
    """Its handler undoes it as a whole, and it was not completed."""
    undo = make(model.ThrowEvent, "u", result=model.CompensationDefinition())
    handler = make(model.ServiceTask, "uns", handler="undo.it", is_for_compensation=True)
    inside = sub("s", *compensable("a"), user("x"), compensated_by="uns")
    run = Run(simple([*inside, handler, undo], "start -> s -> u -> end\ns_start -> a -> x -> s_end"))
    run(ReturnHandler(activity=run.one("a")))
    skip(run, "s")
    assert run.status == "completed"
    assert not run.happened("compensation:begun", "record")


def test_boundary_events_end_with_what_they_watch_and_begin_again_with_it() -> None:
    late = make(model.BoundaryEvent, "late", attached_to="a", trigger=timer("duration", '"PT1H"'))
    run = Run(simple([user("a"), late], "start -> a -> end\nlate -> end"))
    first = run.wait("late")
    move(run, "a", "a")
    assert run.wait("late") != first
    run(FireTimer(wait=run.wait("late")))
    assert run.status == "completed"
