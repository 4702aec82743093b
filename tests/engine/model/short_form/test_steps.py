"""What each step becomes: which elements, joined how."""

from __future__ import annotations

from typing import Any

import pytest

from engine.model import elements as model
from engine.model.short_form import read_short_form

HEAD = "process: p\ntitle: {fr: P, en: P}\n"
ROLES = "roles: {clerk: {fr: Guichet, en: Counter}, boss: {fr: Chef, en: Boss}}\n"


def process(text: str) -> model.Process:
    return read_short_form((HEAD + text).encode(), "p.yaml").process


def ways(found: model.Process) -> list[str]:
    """Each flow, in order, with its condition; ``*`` marks the default one. The gateway of a step is called as the step."""
    defaults = {getattr(each, "default", None) for each in found.nodes.values()}
    return [
        f"{called(each.source)} -> {called(each.target)}"
        + (f" if {each.condition.source}" if each.condition is not None else "")
        + (" *" if each.id in defaults else "")
        for each in found.flows.values()
    ]


def called(identity: str) -> str:
    return identity.removeprefix("gateway_")


def kinds(found: model.Process) -> dict[str, str]:
    return {called(each.id): type(each).__name__ for each in found.nodes.values()}


def test_steps_follow_each_other_from_a_start_to_an_end() -> None:
    found = process("steps: [{step: a}, {step: b}]\n")
    assert ways(found) == ["p_start -> a", "a -> b", "b -> p_end"]
    assert list(found.flows) == ["flow_p_start", "flow_a", "flow_b"]
    assert kinds(found) == {"p_start": "StartEvent", "a": "Task", "b": "Task", "p_end": "EndEvent"}


def test_a_step_stands_in_the_row_of_the_one_before() -> None:
    steps = """
  - {step: a}
  - {ask: b, title: {fr: B, en: B}, who: boss}
  - choose: c
    options:
      - {when: x, then: [{step: d, row: clerk}, {step: e}]}
      - {otherwise: , then: [{continue with: g}]}
  - {group: g, steps: [{ask: f, title: {fr: F, en: F}, who: clerk}]}
"""
    found = process(f"{ROLES}steps:{steps}")
    rows = {called(each.id): each.lane for each in found.nodes.values()}
    boss, clerk = "lane_boss", "lane_clerk"
    expected = dict.fromkeys(("b", "c", "c_join", "g", "g_start", "f", "g_end", "p_end"), boss)
    assert rows == expected | dict.fromkeys(("p_start", "a", "d", "e"), clerk)
    task = found.nodes["f"]
    assert isinstance(task, model.UserTask)
    assert task.role == "clerk"  # its group stands in one row as a whole


def test_ways_meet_in_a_gateway_of_the_same_kind() -> None:
    def options(verb: str) -> model.Process:
        return process(
            f"steps:\n  - {verb}: g\n    options:\n      - {{when: x > 1, then: [{{step: a}}]}}\n"
            "      - {otherwise: , then: [{continue with: b}], id: rest}\n  - {step: b}\n"
        )

    expected = ["p_start -> g", "g -> a if x > 1", "g -> g_join *", "a -> g_join", "g_join -> b", "b -> p_end"]
    assert ways(options("choose")) == ways(options("choose several")) == expected
    assert kinds(options("choose"))["g_join"] == "ExclusiveGateway"
    assert kinds(options("choose several"))["g_join"] == "InclusiveGateway"
    assert list(options("choose").flows)[1:3] == ["flow_gateway_g_1", "rest"]
    parts = process("steps:\n  - at the same time: g\n    parts: [{steps: [{step: a}]}, {steps: [{step: b}]}]\n")
    assert ways(parts) == ["p_start -> g", "g -> a", "g -> b", "a -> g_join", "b -> g_join", "g_join -> p_end"]
    assert kinds(parts)["g_join"] == kinds(parts)["g"] == "ParallelGateway"


def test_where_one_way_is_left_there_is_no_gateway() -> None:
    found = process(
        "steps:\n  - choose: g\n    options: [{when: x, then: [{end: a}]}, {otherwise: , then: [{continue with: b}]}]\n  - {step: b}\n"
    )
    assert ways(found) == ["p_start -> g", "g -> a if x", "g -> b *", "b -> p_end"]


def test_one_can_go_back_and_on_to_steps_of_the_same_path() -> None:
    options = "[{when: x, then: [{continue with: a}]}, {when: y, then: [{continue with: z}]}, {otherwise: , then: [{continue with: b}]}]"
    steps = f"[{{step: a}}, {{choose: g, options: {options}}}, {{step: b}}, {{end: e}}, {{step: z}}]"
    assert ways(process(f"steps: {steps}\n")) == [
        *("p_start -> a", "a -> g", "g -> a if x", "g -> z if y", "g -> b *", "b -> e", "z -> p_end"),
    ]


def test_what_arrives_by_a_jump_where_ways_part_at_once_does_not_wait_for_what_comes_in_order() -> None:
    parts = "[{steps: [{step: a}]}, {steps: [{step: b}]}]"
    options = "[{when: x, then: [{continue with: g}]}, {otherwise: , then: [{step: d}]}]"
    found = process(f"steps: [{{at the same time: g, parts: {parts}}}, {{choose: c, options: {options}}}]\n")
    assert ways(found) == [
        *("p_start -> g_entry", "g_entry -> g", "g -> a", "g -> b", "a -> g_join", "b -> g_join", "g_join -> c"),
        *("c -> g_entry if x", "c -> d *", "d -> p_end"),
    ]
    assert kinds(found)["g_entry"] == "ExclusiveGateway"


def boundary(found: model.Process, key: str) -> model.BoundaryEvent:
    event = found.nodes[key]
    assert isinstance(event, model.BoundaryEvent)
    return event


def test_what_may_happen_meanwhile_and_instead() -> None:
    steps = """
  - ask: a
    title: {fr: A, en: A}
    person: someone
    meanwhile:
      - {id: late, every: 1 day, times: 3, then: [{do: remind, program: m.n}]}
    if it fails:
      - {id: gone, because: any error, then: [{step: b}]}
      - {because: refused, then: [{continue with: c}]}
  - {step: c}
"""
    found = process(f"steps:{steps}")
    assert ways(found) == [
        *("p_start -> a", "late -> remind", "remind -> late_end", "gone -> b", "b -> a_join", "refused -> a_join"),
        *("a -> a_join", "a_join -> c", "c -> p_end"),
    ]
    late, gone, refused = (boundary(found, each) for each in ("late", "gone", "refused"))
    assert (late.is_interrupting, gone.is_interrupting, late.attached_to) == (False, True, "a")
    assert (gone.trigger, refused.trigger) == (model.ErrorDefinition(code=None), model.ErrorDefinition(code="refused"))
    assert isinstance(late.trigger, model.TimerDefinition)
    assert (late.trigger.kind, late.trigger.expression.source) == (model.TimerKind.CYCLE, '"R3/P1D"')


@pytest.mark.parametrize("due", ["2 working days", "3 days", "until_then"])
def test_what_happens_at_the_due_date_of_a_task_happens_at_its_own_time(due: str) -> None:
    def drawn(after: str) -> model.Process:
        event = f"[{{id: e, after: {after}, then: [{{step: b}}]}}]"
        return process(f"steps: [{{ask: a, title: {{fr: A, en: A}}, person: x, due: {due}, meanwhile: {event}}}]\n")

    assert drawn("the due date") == drawn(due) != drawn("4 working days")


def test_what_a_person_is_refused_with_is_said_of_the_task() -> None:
    then = "then: save nothing and tell whoever acted"
    fails = f"[{{because: [x, y], {then}}}, {{because: w, then: [{{step: b}}]}}, {{because: z, {then}}}]"
    found = process(f"steps: [{{do: a, program: b.c, if it fails: {fails}}}]\n")
    task = found.nodes["a"]
    assert isinstance(task, model.ServiceTask)
    assert task.properties == {"refuses": "x, y, z"}
    assert boundary(found, "w").attached_to == "a"


def test_ends_of_a_case_of_a_branch_and_of_everything() -> None:
    options = "[{when: x, then: [{end everything: y}]}, {otherwise: , then: [{end this branch: z}]}]"
    event = f"[{{id: e, after: 1 day, then: [{{choose: c, options: {options}}}]}}]"
    found = process(f"steps: [{{ask: a, title: {{fr: A, en: A}}, person: x, meanwhile: {event}}}, {{end: b}}]\n")
    ends = {each.id: each.result for each in found.nodes.values() if isinstance(each, model.EndEvent)}
    assert ends == {"b": None, "y": model.TerminateDefinition(), "z": None}


def test_a_note_is_for_both_languages() -> None:
    found = process("note: {fr: Un, en: One}\nsteps: [{step: a, note: {fr: Deux, en: Two}}]\n")
    assert (found.documentation, found.nodes["a"].documentation) == ("Un\n\nOne", "Deux\n\nTwo")


def test_the_first_of_several_things() -> None:
    events = (
        "[{id: m, message: paid, key: number, then: [{step: s}]}, {id: t, after: 2 working days, then: [{end: e}]}]"
    )
    found = process(f"steps: [{{wait for the first: g, events: {events}}}]\n")
    assert ways(found) == ["p_start -> g", "g -> m", "g -> t", "m -> s", "s -> p_end", "t -> e"]
    assert kinds(found) | {"p_start": "", "p_end": "", "e": "", "s": ""} == {
        "p_start": "",
        "s": "",
        "g": "EventBasedGateway",
        "m": "CatchEvent",
        "t": "CatchEvent",
        "p_end": "",
        "e": "",
    }
    event = found.nodes["t"]
    assert isinstance(event, model.CatchEvent)
    assert isinstance(event.trigger, model.TimerDefinition)
    assert event.trigger.kind is model.TimerKind.DATE
    assert event.trigger.expression.source == "working_days_after(now(), 2)"


def test_what_may_happen_at_any_time() -> None:
    found = process(
        f"{ROLES}steps: [{{step: a}}]\nmeanwhile: [{{id: asked, message: ask, key: n, then: [{{step: b}}]}}]\n"
        "instead: [{id: stopped, signal: stop, row: boss, then: [{end: c}]}]\n"
    )
    assert [(each.id, start.is_interrupting) for each, start in found.event_sub_processes("p")] == [
        ("asked", False),
        ("stopped", True),
    ]
    assert set(ways(found)) >= {"asked_start -> b", "b -> asked_end", "stopped_start -> c"}
    assert (found.nodes["asked"].lane, found.nodes["stopped"].lane) == ("lane_clerk", "lane_boss")


def test_groups_hold_steps_of_their_own() -> None:
    found = process(
        "steps: [{group: g, steps: [{step: a}, {end this branch: b}], repeat: {in: lines, for each: line, one at a time: true}}]\n"
    )
    assert ways(found) == ["g_start -> a", "a -> b", "p_start -> g", "g -> p_end"]
    assert {each.id for each in found.inside["g"]} == {"g_start", "a", "b"}
    group = found.nodes["g"]
    assert isinstance(group, model.SubProcess)
    assert group.multi_instance is not None
    assert (group.multi_instance.input_element, group.multi_instance.is_sequential) == ("line", True)


def test_a_case_may_begin_in_several_ways() -> None:
    found = process("start: [{id: s}, {id: m, message: asked, get: [number], set: {n: number}}]\nsteps: [{step: a}]\n")
    assert ways(found) == ["s -> p_join", "m -> p_join", "p_join -> a", "a -> p_end"]
    cycle = process("start: {id: s, every: 1 month, from: 2026-12-01T06:00}\nsteps: [{step: a}]\n").nodes["s"]
    assert isinstance(cycle, model.StartEvent)
    assert isinstance(cycle.trigger, model.TimerDefinition)
    assert cycle.trigger.expression.source == '"R/2026-12-01T06:00/P1M"'


def field(text: str, key: str, name: str) -> Any:
    return getattr(process(text).nodes[key], name)


def test_values_are_names_expressions_and_texts() -> None:
    steps = "steps: [{do: a, program: b.c, send: [x, y.z: 1 + 1, n: null, yes: true], send as written: {t: '= so'}}]\n"
    assert [(".".join(each.target), each.source.source) for each in field(steps, "a", "inputs")] == [
        *(("x", "x"), ("y.z", "1 + 1"), ("n", "null"), ("yes", "true"), ("t", '"= so"')),
    ]


def test_a_call_hands_over_what_it_says() -> None:
    def call(more: str) -> tuple[bool, bool, int, int]:
        found = process(f"steps: [{{call: a, process: q{more}}}]\n").nodes["a"]
        assert isinstance(found, model.CallActivity)
        return found.propagates_all_in, found.propagates_all_out, len(found.inputs), len(found.outputs)

    assert call("") == (False, False, 0, 0)
    assert call(", send: everything, get: [x]") == (True, False, 0, 1)
    assert call(", send: [x, y], get: everything") == (False, True, 2, 0)


def test_a_call_says_which_version_of_another_process_it_means() -> None:
    def call(more: str) -> tuple[model.Binding, str | None]:
        found = process(f"steps: [{{call: a, process: q{more}}}]\n").nodes["a"]
        assert isinstance(found, model.CallActivity)
        return found.binding, found.version_tag

    assert call("") == (model.Binding.DEPLOYMENT, None)
    assert call(", version: latest") == (model.Binding.LATEST, None)
    assert call(", version: '2026'") == (model.Binding.VERSION_TAG, "2026")


def test_times_are_words() -> None:
    def due(words: str) -> str:
        found = field(f"steps: [{{ask: a, title: {{fr: A, en: A}}, person: x, due: '{words}'}}]\n", "a", "due")
        return str(found.source)

    assert due("45 minutes") == 'duration("PT45M")'
    assert due("1 week") == due("P1W") == 'duration("P7D")'
    assert due("1  working day") == "working_days_after(now(), 1)"
    assert due("4 working hours") == "working_hours_after(now(), 4)"
    assert due('limit + duration("P1D")') == due('= limit + duration("P1D")') == 'limit + duration("P1D")'
