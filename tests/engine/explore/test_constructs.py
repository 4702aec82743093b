"""What the kernel gives or takes away by itself, and what is not known of those outside: the proof follows it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.explore import Kind, Soundness, Surroundings, verdicts
from engine.model import elements as model
from engine.model.bundle import read_bundle
from tests.engine.explore.test_explore import both, catch, end, inside, of, on, service, simple, user, xor
from tests.engine.kernel.building import error, event_sub, feel, make, maps, message, process, script, sub, timer, when

EXPEDITION = Path(__file__).parents[2] / "golden" / "bundles" / "expedition"


# -- what the kernel gives --------------------------------------------------------------------------------------------------------


def discriminator(first: str, second: str) -> model.Model:
    """The gateway goes on with the first of two, and once more, perhaps, when the other has come."""
    nodes = [
        *(both("s"), user("a"), user("b"), user("c"), user("d")),
        make(model.ComplexGateway, "g", activation=feel("activationCount >= 1")),
    ]
    return simple(nodes, f"start -> s -> a -> g\ns -> b -> g\ng -> c : {first}\ng -> d : {second}\nc -> end\nd -> end")


def test_whether_a_complex_gateway_waits_for_its_start_is_known() -> None:
    assert of(discriminator("waitingForStart", "not(waitingForStart)")).is_sound
    twice = of(discriminator("waitingForStart", "waitingForStart and not(waitingForStart)"))
    assert (twice.soundness, twice.kind, twice.element) == (Soundness.UNSOUND, Kind.NEVER_REACHED, "d")


def test_which_of_several_conditions_is_still_waited_for_is_part_of_the_state() -> None:
    """Either x or y was true for a moment; then y becomes true for good: who waits for x is stuck."""
    needs_both = model.MultipleDefinition(definitions=(when("x"), when("y")), is_parallel=True)
    nodes = [
        *(script("no_x", "x", "false"), script("no_y", "y", "false"), both("s"), both("j"), catch("c", needs_both)),
        *(xor("g", "g-y_on"), xor("m"), user("u", outputs=maps(z="z")), script("late", "y", "true")),
        *(on("tick", "u", timer("duration", '"PT1H"')), script("x_on", "x", "true"), script("x_off", "x", "false")),
        *(script("y_on", "y", "true"), script("y_off", "y", "false")),
    ]
    flows = """start -> no_x -> no_y -> s -> c -> j -> end
    s -> g -> x_on : k
    x_on -> x_off -> m
    g -> y_on -> y_off -> m -> u -> late -> j
    tick -> late"""
    verdict = of(simple(nodes, flows))
    assert (verdict.soundness, verdict.kind, verdict.element) == (Soundness.UNSOUND, Kind.NEVER_HOLDS, "c")
    assert verdict.example == {"k": False}
    assert "condition" in verdict.sentence("en")


def test_event_sub_processes_that_cannot_begin_any_more_are_no_way_on() -> None:
    """While only the event sub-process is at work, no other begins: what waits for the message of another stays stuck."""
    told = event_sub("told", message("news", '"k"'), user("note"), scope="around", is_interrupting=False)
    nodes = [*sub("around", user("work")), *told]
    flows = "start -> around -> end\naround_start -> work -> around_end\ntold_start -> note -> told_end"
    assert of(simple(nodes, flows)).is_sound
    never = [*nodes, both("s"), both("j"), xor("x", "x-e"), end("e")]
    stuck = of(
        simple(
            never,
            f"{flows.replace('start -> around -> end', 'start -> s')}\ns -> around -> j -> end\ns -> x -> j : k\nx -> e",
        )
    )
    assert (stuck.soundness, stuck.kind, stuck.element) == (Soundness.UNSOUND, Kind.DEADLOCK, "j")


def test_a_global_task_is_a_process_of_one_node() -> None:
    made = simple([make(model.CallActivity, "call", process="g")], "start -> call -> end")
    definition = model.Model(processes={**made.processes, "g": process("g", [user("only")], "")})
    assert {key: each.is_sound for key, each in verdicts(definition).items()} == {"p": True, "g": True}
    script_alone = model.Model(processes={**made.processes, "g": process("g", [script("only")], "")})
    assert of(script_alone).is_sound


# -- what is not known ------------------------------------------------------------------------------------------------------------


def test_a_decision_that_is_not_known_may_give_anything_and_proves_nothing() -> None:
    rule = make(model.BusinessRuleTask, "rule", decision="d", result_variable="kind")
    flows = 'start -> rule -> x -> a : kind = "low"\na -> end\nx -> b -> end'
    assert of(simple([rule, xor("x", "x-b"), user("a"), user("b")], flows)).is_sound
    stuck = (
        'start -> rule -> s\ns -> x -> a : kind = "low"\nx -> e1\ns -> y -> j : kind = "high"\ny -> e2\na -> j -> end'
    )
    nodes = [rule, both("s"), xor("x", "x-e1"), xor("y", "y-e2"), user("a"), both("j"), end("e1"), end("e2")]
    verdict = of(simple(nodes, stuck))
    assert (verdict.soundness, verdict.kind, verdict.element) == (Soundness.NOT_DECIDED, Kind.DEADLOCK, "j")


def test_a_called_process_that_is_not_known_ends_at_some_time_or_with_an_error() -> None:
    call = make(model.CallActivity, "call", process="elsewhere")
    assert of(simple([call], "start -> call -> end")).is_sound
    assert of(simple([call, on("bad", "call", error(None))], "start -> call -> end\nbad -> end")).is_sound
    written = simple(
        [replace(call, propagates_all_out=True), xor("x", "x-b"), user("a"), user("b"), script("no", "k", "false")],
        "start -> no -> call -> x -> a : k\na -> end\nx -> b -> end",
    )
    assert of(written).is_sound


def shipping(*tasks: model.Node) -> model.Model:
    """A sub-process whose boundary catches one code and every other error."""
    nodes = [
        make(model.SubProcess, "pack"),
        *inside(
            "pack", make(model.StartEvent, "s1"), *tasks, xor("x", "x-e1"), end("e1"), end("bad", error("damaged"))
        ),
        *(on("damaged", "pack", error("damaged")), on("any_error", "pack", error(None)), end("stopped")),
    ]
    way = " -> ".join(("s1", *(each.id for each in tasks), "x"))
    flows = f"start -> pack -> end\n{way} -> e1\nx -> bad : broken\ndamaged -> stopped\nany_error -> stopped"
    return simple(nodes, flows)


def test_what_catches_every_error_is_reached_by_a_handler_of_which_the_errors_are_not_known() -> None:
    assert of(shipping(service("work"))).is_sound
    assert of(shipping(service("work")), surroundings=Surroundings(errors={"a.b": ("lost",)})).is_sound
    for known in ((), ("damaged",)):
        verdict = of(shipping(service("work")), surroundings=Surroundings(errors={"a.b": known}))
        assert (verdict.kind, verdict.element) == (Kind.NEVER_REACHED, "any_error"), known


@pytest.mark.parametrize("errors", [{}, {"expedition.remind": ("lost",)}], ids=["unknown", "known"])
def test_what_catches_every_error_is_never_reached_where_nobody_raises_one(errors: dict[str, tuple[str, ...]]) -> None:
    """A person's task raises no error: the only one in the sub-process is its error end, and another event catches that."""
    verdict = of(shipping(user("work")), surroundings=Surroundings(errors=errors))
    assert (verdict.kind, verdict.element) == (Kind.NEVER_REACHED, "any_error")
    files = {
        each.relative_to(EXPEDITION).as_posix(): each.read_bytes() for each in EXPEDITION.rglob("*") if each.is_file()
    }
    found = verdicts(read_bundle(files), surroundings=Surroundings(errors=errors))
    assert (found["expedition"].kind, found["expedition"].element) == (Kind.NEVER_REACHED, "any_error")
    assert found["papers_process"].is_sound


# -- the way ----------------------------------------------------------------------------------------------------------------------


def named(definition: model.Model, **titles: str) -> model.Model:
    made = definition.processes["p"]
    nodes = {key: replace(node, name=titles.get(key, "")) for key, node in made.nodes.items()}
    flows = {key: replace(flow, name=titles.get(key.replace("-", "_"), "")) for key, flow in made.flows.items()}
    return model.Model(processes={"p": replace(made, nodes=nodes, flows=flows)})


def test_the_sentence_names_the_way_as_it_is_drawn() -> None:
    drawn = simple(
        [xor("x", "x-b"), user("a"), user("b"), both("j")],
        "start -> x -> a : amount > 100\nx -> b -> j\na -> j\nj -> end",
    )
    verdict = of(named(drawn, x="Large?", x_a="yes", a="Approve", j="Go on"))
    assert verdict.sentence("en").endswith("The way there: “Large?” (yes) → “Approve”.")
    assert "“Go on”" in verdict.sentence("en")
    assert verdict.sentence("fr").replace("\xa0", " ").endswith("Le chemin : « Large? » (yes) → « Approve ».")
    assert verdict.path == ("start", "start-x", "x", "x-a", "a", "a-j")


def test_the_way_leads_through_items_sub_processes_calls_and_events() -> None:
    """Every step is an element or a flow of the drawing, and each follows from one before."""
    many = model.MultiInstance(is_sequential=False, input_collection=feel("[1, 2]"))
    nodes = [
        *sub("around", user("each", multi_instance=many), make(model.CallActivity, "call", process="q")),
        on("late", "around", timer("duration", '"PT1H"')),
        both("j"),
    ]
    made = simple(
        nodes, "start -> around -> end\naround_start -> each -> call -> around_end\nlate -> j\nstart -> j\nj -> end"
    )
    inner = process("q", [make(model.StartEvent, "q1"), user("q2"), end("q3")], "q1 -> q2 -> q3")
    verdict = of(model.Model(processes={**made.processes, "q": inner}))
    assert (verdict.kind, verdict.element) == (Kind.DEADLOCK, "j")
    path = verdict.path
    assert path[:5] == ("start", "start-around", "start-j", "around", "around_start")
    assert path.count("each") == 3  # the whole, and each of its items
    assert path.index("each") < path.index("call") < path.index("q1") < path.index("q3") < path.index("around_end")
    assert "late" not in path
