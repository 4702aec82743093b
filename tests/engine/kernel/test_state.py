"""The state's text form, its size, and what an instance costs as it grows old."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.data import YearsMonths, from_canonical, to_canonical
from engine.errors import InvariantBroken
from engine.kernel import State, ValueNotStorable, advance, fold, from_record, storable, to_record
from engine.kernel.fold import APPLIERS
from engine.model import elements as model
from engine.protocol import events as happened
from engine.protocol.stimuli import CompleteTask, FireTimer, ReceiveMessage, RetryIncident, ReturnHandler
from tests.engine.kernel.building import NOW, Run, at, feel, make, maps, message, process, script, simple, timer

GOLDEN = Path(__file__).parents[2] / "golden" / "states"

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.text(max_size=5),
    st.integers(),
    st.decimals(allow_nan=False, allow_infinity=False, places=2),
    st.dates(),
    st.datetimes(timezones=st.just(ZoneInfo("Europe/Paris")), min_value=datetime(1900, 1, 1)),
    st.datetimes(),
    st.timedeltas(),
    st.builds(YearsMonths, st.integers(-99, 99)),
    st.uuids(),
)
names = st.text(max_size=3).filter(lambda name: not name.startswith("@"))
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3))


def in_utc(value: Any) -> Any:
    """The same with every moment in UTC: two zones never agree about a local time that daylight saving skips."""
    if isinstance(value, list):
        return [in_utc(each) for each in value]
    if isinstance(value, dict):
        return {name: in_utc(each) for name, each in value.items()}
    return value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo is not None else value


@given(values)
def test_what_is_storable_comes_back_as_it_was(value: Any) -> None:
    kept = storable(value)
    again = from_canonical(to_canonical(kept))
    assert again == kept
    assert to_canonical(again) == to_canonical(kept)
    assert storable(again) == kept
    assert in_utc(kept) == in_utc(value)


def test_a_stored_value_is_a_copy_with_sorted_keys_and_offsets() -> None:
    given_: dict[str, Any] = {"b": [1], "a": datetime(2026, 7, 1, tzinfo=ZoneInfo("Europe/Paris"))}
    kept = storable(given_)
    given_["b"].append(2)
    assert list(kept) == ["a", "b"]
    assert kept["b"] == [1]
    assert kept["a"].tzinfo == timezone(timedelta(hours=2))


def test_a_value_has_bounds() -> None:
    deep: Any = []
    for _ in range(100):
        deep = [deep]
    for bad in (deep, list(range(300_000)), Decimal(10) ** 2000, Decimal("1E-5000"), 10**3000):
        with pytest.raises(ValueNotStorable):
            storable(bad)


def test_every_kind_of_event_says_what_it_does_to_the_state() -> None:
    assert set(APPLIERS) == set(happened.EVENTS.values())


def test_an_event_of_a_newer_release_is_refused() -> None:
    with pytest.raises(ValueError, match="not an event"):
        from_record({"type": "moon:landed"})
    with pytest.raises(ValueError, match="scope:closed"):
        from_record({"type": "scope:closed", "scope": "s1", "colour": "red"})


def test_records_keep_their_types() -> None:
    event = happened.IncidentRaised(
        incident="i1", activity="a1", element="e", code="c", place="p", facts={"limit": 3, "who": None}
    )
    (again,) = [from_record(from_canonical(to_canonical(to_record(event))))]
    assert again == event
    assert isinstance(again, happened.IncidentRaised)
    assert type(again.facts["limit"]) is int


TYPED = {
    int: st.integers(0, 2**53),
    bool: st.booleans(),
    str: st.text(st.characters(codec="utf-8")),
    Any: values,
    datetime: st.datetimes(timezones=st.just(UTC)),
}


def of_type(hint: Any) -> st.SearchStrategy[Any]:
    """Whatever a member of an event can hold."""
    if hint in TYPED:
        return TYPED[hint]
    if get_origin(hint) is tuple:
        return st.lists(of_type(get_args(hint)[0]), max_size=2).map(tuple)
    if get_origin(hint) in {dict, Mapping}:
        return st.dictionaries(names, of_type(get_args(hint)[1]), max_size=2)
    return st.one_of(*(st.none() if each is NoneType else of_type(each) for each in get_args(hint)))


@pytest.mark.parametrize("kind", happened.EVENTS.values(), ids=lambda kind: kind.tag)
@settings(max_examples=15)
@given(st.data())
def test_what_says_only_words_is_written_as_everything_else(kind: type[happened.Event], chance: st.DataObject) -> None:
    hints = {name: hint for name, hint in get_type_hints(kind).items() if name != "tag"}
    event = kind(**{name: chance.draw(of_type(hint), label=name) for name, hint in hints.items()})
    assert happened.words_text(event) in {None, to_canonical(to_record(event))}


def test_most_of_what_happens_says_only_words() -> None:
    entered = happened.ElementEntered(activity="a1", element="Prüfen\n", scope="s0", flows=("f1",), payload={})
    assert happened.words_text(entered) == to_canonical(to_record(entered))
    written = happened.VariableWritten(
        scope="s0", name="amount", value=Decimal(0), previous=None, is_new=True, element="e"
    )
    assert happened.words_text(written) is None


def test_a_state_of_an_unknown_format_is_refused() -> None:
    with pytest.raises(InvariantBroken) as raised:
        State.from_text(b'{"format":99}')
    assert (raised.value.code, raised.value.facts) == ("state_format_unknown", {"format": "99"})


def test_events_of_another_model_do_not_fold() -> None:
    run = Run(simple([script("s")], "start -> s -> end"))
    other = model.Model(processes={"q": process("q", [make(model.StartEvent, "qs")], "")})
    with pytest.raises(InvariantBroken) as raised:
        fold(other, run.events)
    assert (raised.value.code, raised.value.facts) == ("events_of_another_model", {"process": "p"})


def test_twenty_parallel_blocks_are_small() -> None:
    nodes, flows = [], "start -> f0"
    for block in range(20):
        nodes += [make(model.ParallelGateway, f"f{block}"), make(model.ParallelGateway, f"j{block}")]
        nodes += [make(model.UserTask, f"u{block}"), make(model.UserTask, f"v{block}")]
        flows += f"\nf{block} -> u{block} -> j{block}\nf{block} -> v{block} -> j{block}"
        flows += f"\nj{block} -> f{block + 1}" if block < 19 else f"\nj{block} -> end"
    run = Run(simple(nodes, flows))
    sizes = []
    while run.status == "active":
        sizes.append(len(run.state.to_text()))
        (activity, *_) = run.state.activities
        run(CompleteTask(activity=activity, actor="x"))
    assert len(sizes) == 40
    assert max(sizes) < 4096
    assert max(sizes) < 400


def test_a_loop_of_ten_thousand_rounds_stays_as_small_and_does_as_much() -> None:
    nodes = [
        make(model.ExclusiveGateway, "m"),
        make(model.ExclusiveGateway, "x", default="x-end"),
        make(model.UserTask, "u", outputs=maps(n="n + 1")),
    ]
    definition = simple(nodes, "start -> m -> u -> x -> end\nx -> m : n < 10000")
    state = Run(definition, n=0).state
    steps, sizes = [], []
    while not state.is_ended:
        (activity,) = state.activities
        state, events = advance(definition, state, CompleteTask(activity=activity, actor="x"), at(NOW))
        steps.append(len(events))
        if len(steps) % 1000 == 10:
            sizes.append(len(state.to_text()))
            state = State.from_text(state.to_text())
    assert len(steps) == 10_000
    assert len(set(steps[:-1])) == 1
    # ids and the counter have more digits, nothing else grows
    assert max(sizes) - sizes[0] < 20


def golden_model() -> model.Model:
    """Everything at once: branches, a sub-process with a reminder, items, a call, a message, a handler, an incident."""
    sub = [
        make(model.SubProcess, "sub", inputs=maps(part="order.part")),
        make(model.StartEvent, "sub_start", scope="sub"),
        make(model.UserTask, "check", scope="sub", role="sales_admin", due=feel('duration("P2D")')),
        make(model.EndEvent, "sub_end", scope="sub"),
        make(
            model.BoundaryEvent,
            "remind",
            attached_to="sub",
            trigger=timer("cycle", '"R5/P1D"'),
            is_interrupting=False,
        ),
        script("reminded", "reminders", "reminders + 1"),
    ]
    many = model.MultiInstance(
        is_sequential=True,
        input_collection=feel("lines"),
        input_element="line",
        output_collection="answers",
        output_element=feel("answer"),
    )
    nodes = [
        *sub,
        make(model.ParallelGateway, "fork"),
        make(model.ParallelGateway, "join"),
        make(model.UserTask, "each", multi_instance=many),
        make(
            model.CallActivity,
            "call",
            process="callee",
            inputs=maps(number="order.number"),
            outputs=maps(state="state"),
        ),
        make(model.ServiceTask, "act", handler="a.b", inputs=maps(number="order.number")),
        make(model.ExclusiveGateway, "decide"),
    ]
    flows = """start -> fork
    fork -> sub -> join
    sub_start -> check -> sub_end
    remind -> reminded
    fork -> each -> join
    fork -> call -> join
    fork -> act -> join
    fork -> decide
    decide -> join : flag
    join -> end"""
    caller = simple(nodes, flows)
    callee = process(
        "callee",
        [
            make(model.StartEvent, "begin"),
            make(model.CatchEvent, "paid", trigger=message("paid", "number"), outputs=maps(state="payload")),
        ],
        "begin -> paid",
    )
    return model.Model(processes={**caller.processes, "callee": callee})


def golden_instance() -> State:
    """What was saved: five branches, each at another kind of rest."""
    variables: dict[str, Any] = {
        "order": {"number": "C-2026-7", "part": Decimal("12.50"), "on": date(2026, 11, 20)},
        "lines": ["a", "b"],
        "reminders": 0,
        "at": datetime(2026, 11, 20, 10, tzinfo=UTC),
        "id": UUID(int=7),
        "wait": timedelta(hours=36),
        "term": YearsMonths(2),
    }
    run = Run(golden_model(), **variables)
    (first,) = (each for each in run.live("each") if run.state.activities[each].items is None)
    run(CompleteTask(activity=first, actor="camille", variables={"answer": "yes"}))
    return run.state


@pytest.mark.parametrize("saved", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def test_every_saved_state_of_a_release_loads_and_finishes(saved: Path) -> None:
    definition = golden_model()
    state = State.from_text(saved.read_bytes())
    now = NOW + timedelta(days=1)
    assert [each.code for each in state.incidents.values()] == ["condition_not_boolean"]
    (timer_wait,) = (each for each in state.waits.values() if each.due_at is not None)
    state, _ = advance(definition, state, FireTimer(wait=timer_wait.id), at(now))
    assert state.root_variables["reminders"] == 1
    (wait,) = (each for each in state.waits.values() if each.name == "paid")
    assert wait.key == "C-2026-7"
    state, _ = advance(definition, state, ReceiveMessage(wait=wait.id, name="paid", payload={"payload": "ok"}), at(now))
    (need,) = state.needs
    state, _ = advance(definition, state, ReturnHandler(activity=need.id, result={"flag": True}), at(now))
    for each in [each for each in state.activities.values() if each.phase == "task"]:
        assert each.element in {"check", "each"}
        answer = CompleteTask(activity=each.id, actor="x", variables={"answer": "no"} if each.element == "each" else {})
        state, _ = advance(definition, state, answer, at(now))
    (incident,) = state.incidents
    state, _ = advance(definition, state, RetryIncident(incident=incident), at(now))
    assert state.status == "completed"
    assert state.root_variables["answers"] == ["yes", "no"]
    assert state.root_variables["state"] == "ok"
    assert state.root_variables["order"]["part"] == Decimal("12.50")


def test_the_present_format_is_among_the_saved_states() -> None:
    """When this fails, the format has changed: add a golden file under a new name, never edit the old ones."""
    assert golden_instance().to_text() + b"\n" in {path.read_bytes() for path in GOLDEN.glob("*.json")}


def test_saved_events_have_a_field_for_each_record() -> None:
    for kind in happened.EVENTS.values():
        assert set(kind.__struct_fields__).isdisjoint({"type"})
