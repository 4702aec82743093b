"""What becomes of one case: everything that can live there, with and without a counterpart."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from engine.kernel import State, advance, fold
from engine.migration import Known, Plan, counterparts, plan, under_present_ids
from engine.migration.renaming import renamed
from engine.model import elements as model
from engine.protocol.stimuli import (
    CompleteTask,
    FailHandler,
    FireTimer,
    ReceiveMessage,
    ReceiveSignal,
    RetryIncident,
    ReturnHandler,
)
from tests.engine.kernel.building import (
    NOW,
    Run,
    at,
    compensable,
    error,
    event_sub,
    feel,
    make,
    maps,
    message,
    process,
    signal,
    simple,
    sub,
    timer,
    user,
    when,
)

HOUR = timedelta(hours=1)


def planned(run: Run, new: model.Model, hours: int = 0, **chosen: str) -> Plan:
    """What becomes of the case, so many hours after everything in it began."""
    pairs = counterparts(run.model, new, "p", "p", chosen)
    state = run.state
    known = Known(since=dict.fromkeys((*state.activities, *state.scopes), NOW))
    found = plan(state, run.model, new, pairs, at(NOW + hours * HOUR), known)
    if not found.lacks:
        before = renamed(state, found.renamed, found.forgotten)
        assert fold(new, found.events, before).to_text() == found.state.to_text()
    return found


def lacks(found: Plan) -> list[tuple[str, str]]:
    return [(each.code.removeprefix("migration_"), each.element) for each in found.lacks]


def told(found: Plan) -> list[tuple[str, str]]:
    assert not found.lacks, found.lacks
    return [(each.code.removeprefix("migration_"), each.element) for each in found.changes]


def on(found: Plan, new: model.Model, *stimuli: Any) -> State:
    """The case after these, in the new version."""
    state = State.from_text(found.state.to_text())
    if found.push is not None:
        state = advance(new, state, RetryIncident(incident=found.push), at(NOW)).state
    for each in stimuli:
        state = advance(new, state, each, at(NOW)).state
    return state


def with_boundary(*events: tuple[str, Any], **more: Any) -> model.Model:
    """A task ``look`` with these events at its border, which do not interrupt."""
    drawn = [
        make(model.BoundaryEvent, name, attached_to="look", trigger=trigger, is_interrupting=False)
        for name, trigger in events
    ]
    return simple(
        (user("look", **more), *drawn), "\n".join(("start -> look -> end", *(f"{name} -> end" for name, _ in events)))
    )


def test_what_is_awaited_at_a_border() -> None:
    old = with_boundary(
        ("kept", timer("duration", '"PT3H"')),
        ("moved", timer("duration", '"PT3H"')),
        ("gone", signal("s")),
        ("word", message("m", "k")),
        ("asked", when("n > 5")),
    )
    new = with_boundary(
        ("kept", timer("duration", '"PT3H"')),
        ("moved", timer("duration", '"PT2H"')),
        ("word", message("m", '"other"')),
        ("asked", when("n > 3")),
        ("late", signal("t")),
    )
    run = Run(old, k="one", n=1)
    found = planned(run, new, 1)
    assert told(found) == [
        ("timer_kept", "kept"),
        ("timer_moved", "moved"),
        ("signal_closed", "gone"),
        ("message_moved", "word"),
        ("condition_moved", "asked"),
        ("signal_opened", "late"),
    ]
    waits = {each.element: each for each in found.state.waits.values()}
    assert waits["kept"].due_at == NOW + 3 * HOUR
    assert waits["moved"].due_at == NOW + 2 * HOUR
    assert waits["word"].key == "other"
    assert waits["late"].signal == "t"
    assert "gone" not in waits


def test_a_condition_that_holds_by_now_lets_the_case_go_on() -> None:
    old, new = (with_boundary(("asked", when(f"n > {limit}"))) for limit in (5, 0))
    found = planned(Run(old, n=1), new)
    assert ("goes_on", "asked") in told(found)
    assert [each.held for each in on(found, new).waits.values()] == [True]


def test_what_has_come_already_is_not_awaited_again() -> None:
    drawn = with_boundary(("once", timer("duration", '"PT1H"')), ("again", signal("s")))
    run = Run(drawn)
    run(FireTimer(wait=run.wait("once")))
    new = with_boundary(("once", timer("duration", '"PT5H"')), ("again", signal("s")))
    found = planned(run, new)
    assert [each.element for each in found.state.waits.values()] == ["again"]
    assert told(found) == []


def test_an_event_that_moves_to_another_task_is_disarmed() -> None:
    def drawn(host: str) -> model.Model:
        event = make(model.BoundaryEvent, "late", attached_to=host, trigger=timer("duration", '"PT1H"'))
        return simple((user("look"), user("sign"), event), "start -> look -> sign -> end\nlate -> end")

    found = planned(Run(drawn("look")), drawn("sign"))
    assert told(found) == [("timer_closed", "late")]
    assert not found.state.waits


def test_event_sub_processes_begin_to_listen_and_stop() -> None:
    plain = simple((user("look"),), "start -> look -> end")
    inside = event_sub("stop", signal("s"), user("clear"))
    listening = simple((user("look"), *inside), "start -> look -> end\nstop_start -> clear -> stop_end")
    assert told(found := planned(Run(plain), listening)) == [("signal_opened", "stop_start")]
    assert found.state.scopes["s1"].waits
    assert told(planned(Run(listening), plain)) == [("signal_closed", "stop_start")]
    run = Run(listening)
    run(ReceiveSignal(name="s"))
    assert lacks(planned(run, plain)) == [("element_gone", "stop"), ("element_gone", "clear")]
    # interrupted: nothing else begins there any more
    more = event_sub("other", signal("t"), user("wipe"))
    both = simple(
        (user("look"), *inside, *more),
        "start -> look -> end\nstop_start -> clear -> stop_end\nother_start -> wipe -> other_end",
    )
    assert told(planned(run, both)) == []


def test_elements_of_another_kind_in_another_place_or_gone() -> None:
    run = Run(simple((user("look"),), "start -> look -> end"))
    script = simple((make(model.ServiceTask, "look", handler="a.b"),), "start -> look -> end")
    assert lacks(planned(run, script)) == [("element_of_another_kind", "look")]
    assert lacks(planned(run, simple((user("view"),), "start -> view -> end"))) == [("element_gone", "look")]
    within = simple(sub("part", user("look")), "start -> part -> end\npart_start -> look -> part_end")
    assert lacks(planned(run, within)) == [("element_elsewhere", "look")]
    inside = Run(within)
    moved = simple(sub("piece", user("look")), "start -> piece -> end\npiece_start -> look -> piece_end")
    assert lacks(planned(inside, moved)) == [("element_gone", "part")]
    found = planned(inside, moved, part="piece")
    assert not found.lacks
    (task,) = (each.id for each in found.state.activities.values() if each.element == "look")
    assert on(found, moved, CompleteTask(activity=task, actor="x")).status == "completed"


@pytest.mark.parametrize(
    ("chosen", "code"),
    [
        ({"look": "end"}, "choice_of_another_kind"),
        ({"nobody": "look"}, "choice_unknown"),
        ({"look": "nobody"}, "choice_unknown_target"),
        ({"look": "view", "view": "view"}, "choice_twice"),
    ],
)
def test_choices_that_make_no_sense(chosen: dict[str, str], code: str) -> None:
    drawn = simple((user("look"), user("view")), "start -> look -> view -> end")
    found = counterparts(drawn, drawn, "p", "p", chosen)
    assert [each.code for each in found.lacks] == [f"migration_{code}"]


def test_a_case_that_nothing_would_move_any_more_stays() -> None:
    def drawn(*events: str) -> model.Model:
        nodes = [make(model.EventBasedGateway, "race"), user("beside"), make(model.ParallelGateway, "split")]
        nodes += [make(model.CatchEvent, each, trigger=message(each, '"k"')) for each in events]
        ways = "\n".join(f"race -> {each} -> end" for each in events)
        return simple(nodes, f"start -> split -> race\nsplit -> beside -> end\n{ways}")

    run = Run(drawn("m"))
    run(CompleteTask(activity=run.one("beside"), actor="x"))
    assert lacks(planned(run, drawn())) == [("would_stand", "p")]


def items(kind: str, **more: Any) -> model.Model:
    many = model.MultiInstance(
        is_sequential=kind == "sequential", input_collection=feel("[1,2,3]"), input_element="item", **more
    )
    marker: dict[str, Any] = {"loop": model.StandardLoop(condition=feel("loopCounter < 3"))} if kind == "loop" else {}
    if kind in ("parallel", "sequential"):
        marker = {"multi_instance": many}
    return simple((user("look", **marker),), "start -> look -> end")


def test_items_and_rounds_go_on_only_under_the_same_marker() -> None:
    for kind in ("parallel", "sequential", "loop"):
        run = Run(items(kind))
        for other in ("parallel", "sequential", "loop", "once"):
            found = planned(run, items(other))
            assert (not found.lacks) == (kind == other), (kind, other)
    run = Run(items("sequential"))
    assert lacks(planned(run, items("sequential", output_collection="all", output_element=feel("given")))) == [
        ("marker_differs", "look")
    ]
    done = items("sequential", completion_condition=feel("numberOfCompletedInstances >= 1"))
    found = planned(run, done)
    (task,) = (each.id for each in found.state.activities.values() if each.phase == "task")
    assert on(found, done, CompleteTask(activity=task, actor="x")).status == "completed"


def joined(branches: str) -> model.Model:
    gateways = (make(model.ParallelGateway, "split"), make(model.ParallelGateway, "join"))
    ways = "\n".join(f"split -> {each} -> join" for each in branches)
    return simple((*gateways, *map(user, branches)), f"start -> split\njoin -> end\n{ways}")


def test_tokens_at_a_join() -> None:
    run = Run(joined("ab"))
    run(CompleteTask(activity=run.one("a"), actor="x"))
    assert lacks(planned(run, joined("abc"))) == [("join_grown", "join")]
    renamed_join = simple(
        (make(model.ParallelGateway, "split"), make(model.ParallelGateway, "merge"), user("a"), user("b")),
        "start -> split\nsplit -> a -> merge\nsplit -> b -> merge\nmerge -> end",
    )
    assert lacks(planned(run, renamed_join)) == [("token_lost", "join")]
    found = planned(run, renamed_join, join="merge")
    assert found.state.scopes["s1"].tokens == {"a-merge": 1}
    (task,) = (each.id for each in found.state.activities.values())
    assert on(found, renamed_join, CompleteTask(activity=task, actor="x")).status == "completed"


def test_what_was_done_can_still_be_undone() -> None:
    undo = make(model.EndEvent, "end", result=model.CompensationDefinition())

    def drawn(*nodes: Any) -> model.Model:
        start = make(model.StartEvent, "start")
        return model.Model(
            processes={"p": process("p", (start, undo, user("look"), *nodes), "start -> do -> look -> end")}
        )

    run = Run(drawn(*compensable("do")))
    run(ReturnHandler(activity=run.one("do")))
    plain = drawn(make(model.ServiceTask, "do", handler="do.it", inputs=maps(who='"do"')))
    assert lacks(planned(run, plain)) == [("record_lost", "do")]
    same = drawn(*compensable("do"))
    found = planned(run, same)
    state = on(found, same, CompleteTask(activity=run.one("look"), actor="x"))
    assert [each.element for each in state.activities.values() if each.phase == "handler"] == ["undo"]


def test_handlers() -> None:
    def drawn(handler: str, **inputs: str) -> model.Model:
        task = make(model.ServiceTask, "do", handler=handler, inputs=maps(**inputs))
        return simple((task,), "start -> do -> end")

    run = Run(drawn("a.b", x="1", y="2"))
    assert not planned(run, drawn("a.b", x="1", y="2")).lacks
    assert lacks(planned(run, drawn("c.d", x="1", y="2"))) == [("handler_at_work", "do")]
    assert lacks(planned(run, drawn("a.b", x="3", y="2"))) == [("handler_at_work", "do")]
    run(FailHandler(activity=run.one("do"), code="handler_crashed"))
    new = drawn("c.d", x="3", z="4")
    found = planned(run, new)
    assert told(found) == [("inputs_anew", "do"), ("handler_differs", "do")]
    (incident,) = found.state.incidents
    state, events = advance(new, found.state, RetryIncident(incident=incident), at(NOW))
    (asked,) = (each for each in events if each.tag == "handler:requested")
    assert (asked.handler, {name: int(value) for name, value in asked.given.items()}) == ("c.d", {"x": 3, "z": 4})  # type: ignore[attr-defined]
    assert state.activities


def test_what_cannot_be_computed_keeps_the_case_where_it_is() -> None:
    run = Run(with_boundary())
    assert lacks(planned(run, with_boundary(("word", message("m", "nobody_knows"))))) == [("not_computable", "look")]


def test_tasks_have_the_terms_of_the_new_version_from_when_they_began() -> None:
    run = Run(simple((user("look", role="a", form="f"),), "start -> look -> end"))
    new = simple(
        (user("look", role="b", form="g", due=feel('duration("PT2H")'), priority=feel("70"), assignee=feel('"ann"')),),
        "start -> look -> end",
    )
    found = planned(run, new, 1)
    (terms,) = found.tasks.values()
    assert (terms.role, terms.form, terms.priority, terms.assignee) == ("b", "g", 70, "ann")
    assert terms.due_at == NOW + 2 * HOUR
    assert [code for code, _ in told(found)] == [
        "task_role",
        "task_assignee",
        "task_form",
        "task_due_at",
        "task_priority",
    ]


def test_event_gateways_and_catch_events() -> None:
    def drawn(first: Any, **more: Any) -> model.Model:
        nodes = [make(model.EventBasedGateway, "race"), make(model.CatchEvent, "one", trigger=first)]
        nodes += [make(model.CatchEvent, name, trigger=trigger) for name, trigger in more.items()]
        ways = "\n".join(f"race -> {each.id} -> end" for each in nodes[1:])
        return simple(nodes, f"start -> race\n{ways}")

    run = Run(drawn(message("m", '"k"'), two=timer("duration", '"PT1H"')))
    new = drawn(message("n", '"k"'), three=timer("duration", '"PT4H"'))
    found = planned(run, new)
    assert told(found) == [("message_moved", "one"), ("timer_closed", "two"), ("timer_opened", "three")]
    (word,) = (each.id for each in found.state.waits.values() if each.name)
    assert on(found, new, ReceiveMessage(wait=word, name="n")).status == "completed"


def test_called_processes_and_their_scopes() -> None:
    callee = process("q", (make(model.StartEvent, "qs"), user("deep"), make(model.EndEvent, "qe")), "qs -> deep -> qe")
    call = make(model.CallActivity, "call", process="q")
    main = process("p", (make(model.StartEvent, "start"), call, make(model.EndEvent, "end")), "start -> call -> end")
    old = model.Model(processes={"p": main, "q": callee})
    run = Run(old)
    assert not planned(run, old).lacks
    assert ("process_gone", "q") in lacks(planned(run, model.Model(processes={"p": main})))


def test_errors_at_a_border_wait_for_nothing() -> None:
    run = Run(simple((user("look"),), "start -> look -> end"))
    caught = make(model.BoundaryEvent, "caught", attached_to="look", trigger=error("e"))
    new = simple((user("look"), caught), "start -> look -> end\ncaught -> end")
    assert told(planned(run, new)) == []


def test_a_history_is_told_by_the_present_elements() -> None:
    def moved(**elements: str) -> dict[str, Any]:
        return {
            "type": "instance:migrated",
            "renamed": {"processes": {}, "elements": {"p": elements}, "flows": {"p": {"f": "g"}}},
        }

    records: list[dict[str, Any]] = [
        {"type": "element:entered", "element": "a", "flows": ("f",)},
        moved(a="b"),
        {"type": "flow:taken", "flow": "g"},
        {"type": "element:entered", "element": "b"},
        moved(b="c"),
        {"type": "element:entered", "element": "c"},
        {"type": "instance:migration-undone"},
        {"type": "element:completed", "element": "b"},
    ]
    told = [each.get("element") for each in under_present_ids(records) if "element" in each]
    assert told == ["b", "b", "b", "b"]
    assert under_present_ids(records)[0]["flows"] == ("g",)
    assert under_present_ids(records[:6])[5]["element"] == "c"
    assert under_present_ids(records[:1])[0] is records[0]
