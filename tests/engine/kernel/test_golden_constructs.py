"""A saved state with everything that the events of BPMN put into it: records, waits of scopes, work being undone, conditions, signals."""

from __future__ import annotations

from pathlib import Path

from engine.kernel import Phase, State, advance
from engine.model import elements as model
from engine.protocol.stimuli import CompleteTask, FireTimer, ReceiveSignal, ReturnHandler
from tests.engine.kernel.building import (
    NOW,
    Run,
    at,
    compensable,
    event_sub,
    feel,
    make,
    process,
    script,
    signal,
    simple,
    sub,
    timer,
    user,
    when,
)

SAVED = Path(__file__).parents[2] / "golden" / "constructs" / "format-1.json"


def constructs() -> model.Model:
    undo = model.CompensationDefinition()
    both = model.MultipleDefinition(definitions=(signal("go"), when("total > 1000")), is_parallel=True)
    callee = process("q", [make(model.StartEvent, "qs"), *compensable("c")], "qs -> c")
    nodes = [
        make(model.ParallelGateway, "f"),
        *compensable("a"),
        *sub("s", *compensable("b", scope="s"), make(model.CallActivity, "call", process="q", scope="s")),
        user("later"),
        *sub("t", *compensable("d", scope="t"), make(model.ThrowEvent, "undo", result=undo, scope="t")),
        make(model.ParallelGateway, "split"),
        user("u"),
        user("v"),
        make(model.ComplexGateway, "complex", activation=feel("activationCount >= 1")),
        user("rounds", loop=model.StandardLoop(condition=feel("loopCounter < 3"))),
        make(model.CatchEvent, "both", trigger=both),
        make(model.EventBasedGateway, "race"),
        make(model.CatchEvent, "late", trigger=timer("duration", '"PT1H"')),
        make(model.CatchEvent, "soon", trigger=signal("soon")),
        make(model.ThrowEvent, "all", result=undo),
        *event_sub("high", when("total > 10"), script("told", "told", "told + 1", scope="high"), is_interrupting=False),
        *event_sub("ask", signal("ask"), user("answer", scope="ask"), is_interrupting=False),
    ]
    flows = """start -> f -> a -> later -> all -> end
    f -> s
    s_start -> b -> call -> s_end
    f -> t
    t_start -> d -> undo -> t_end
    f -> split -> u -> complex
    split -> v -> complex
    f -> rounds
    f -> both
    f -> race -> late
    race -> soon
    high_start -> told -> high_end
    ask_start -> answer -> ask_end"""
    return model.Model(processes={**simple(nodes, flows).processes, "q": callee})


def handler(state: State, element: str) -> ReturnHandler:
    return ReturnHandler(activity=next(each.id for each in state.needs if each.element == element))


def task(state: State, element: str) -> CompleteTask:
    live = (each for each in state.activities.values() if each.element == element and each.phase is Phase.TASK)
    return CompleteTask(activity=next(live).id, actor="camille")


def instance() -> State:
    run = Run(constructs(), total=20, told=0)
    for element in ("a", "b", "c", "d"):
        run(handler(run.state, element))
    run(task(run.state, "u"))
    run(task(run.state, "rounds"))
    run(ReceiveSignal(name="ask"))
    return run.state


def test_the_saved_state_holds_what_it_is_for() -> None:
    assert instance().to_text() + b"\n" == SAVED.read_bytes(), "the format has changed: see tests/golden/states"
    state = State.from_text(SAVED.read_bytes())
    assert {each.element for each in state.records.values()} == {"a", "b", "c", "call", "s"}
    assert {each.signal for each in state.waits.values()} == {None, "go", "soon", "ask"}
    assert {each.held for each in state.waits.values()} == {None, False, True}
    assert {each.number for each in state.waits.values()} == {0, 1}
    assert any(each.undoing for each in state.activities.values())
    assert any(each.undoes for each in state.activities.values())
    assert any(each.flows for each in state.activities.values())
    assert [each.id for each in state.scopes.values() if each.waits] == ["s1"]


def test_it_loads_and_finishes() -> None:
    definition, state = constructs(), State.from_text(SAVED.read_bytes())
    undone = []
    (timer_wait,) = (each.id for each in state.waits.values() if each.due_at is not None)
    state, _ = advance(definition, state, FireTimer(wait=timer_wait), at(NOW))
    state, _ = advance(definition, state, ReceiveSignal(name="go"), at(NOW))
    for element in ("v", "rounds", "rounds", "answer"):
        state, _ = advance(definition, state, task(state, element), at(NOW))
    last = task(state, "later")
    last = CompleteTask(activity=last.activity, actor="camille", variables={"total": 2000})
    state, _ = advance(definition, state, last, at(NOW))
    while state.needs:
        undone.append(state.needs[0].element)
        state, _ = advance(definition, state, handler(state, undone[-1]), at(NOW))
    assert state.status == "completed"
    assert undone == ["und", "unc", "unb", "una"]
    assert state.root_variables == {"told": 1, "total": 2000}
