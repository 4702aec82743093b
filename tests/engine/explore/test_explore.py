"""The classic faults, and what looks like one and is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.decisions import Decision
from engine.decisions.decision import Decision as MadeDecision
from engine.decisions.table import HitPolicy, Input, Output, Rule, Table
from engine.explore import Kind, Soundness, Surroundings, Verdict, explore, verdicts
from engine.explore.satisfy import once
from engine.explore.unknown import Free, Literal, Unknown
from engine.feel import compile_unary_tests
from engine.model import elements as model
from engine.model.bundle import read_bundle
from engine.model.forms import Field, Form, Option
from engine.texts import catalogue
from tests.engine.kernel import building
from tests.engine.kernel.building import error, feel, make, maps, message, process, script, timer

ROOT = Path(__file__).parents[3]
Model = model.Model


def simple(nodes: Iterable[model.Node], flows: str, decisions: Mapping[str, Decision] | None = None) -> Model:
    """As ``building.simple``; a condition belongs to the last flow of its line."""
    lines: list[str] = []
    for line in flows.splitlines():
        way, colon, condition = line.partition(" : ")
        *before, source, target = way.split(" -> ")
        lines += [" -> ".join((*before, source))] if before else []
        lines.append(f"{source} -> {target}{colon}{condition}")
    return building.simple(nodes, "\n".join(lines), decisions)


def user(id_: str, **more: Any) -> Any:
    return make(model.UserTask, id_, **more)


def service(id_: str, **more: Any) -> Any:
    return make(model.ServiceTask, id_, handler="a.b", **more)


def xor(id_: str, default: str | None = None, **more: Any) -> Any:
    return make(model.ExclusiveGateway, id_, default=default, **more)


def both(id_: str) -> Any:
    return make(model.ParallelGateway, id_)


def either(id_: str, default: str | None = None) -> Any:
    return make(model.InclusiveGateway, id_, default=default)


def end(id_: str, result: Any = None, **more: Any) -> Any:
    return make(model.EndEvent, id_, result=result, **more)


def on(id_: str, host: str, trigger: Any, *, interrupts: bool = True) -> Any:
    return make(model.BoundaryEvent, id_, attached_to=host, trigger=trigger, is_interrupting=interrupts)


def catch(id_: str, trigger: Any) -> Any:
    return make(model.CatchEvent, id_, trigger=trigger)


def signal(name: str) -> model.SignalDefinition:
    return model.SignalDefinition(name=name)


def inside(scope: str, *nodes: Any) -> list[Any]:
    return [replace(each, scope=scope) for each in nodes]


def of(definition: Model, **more: Any) -> Verdict:
    return explore(definition, "p", **more)


def sequence() -> Model:
    return simple([user("a"), service("b")], "start -> a -> b -> end")


def loop() -> Model:
    return simple([xor("m"), user("a"), xor("x", "x-end")], "start -> m -> a -> x -> m : again\nx -> end")


def inclusive() -> Model:
    return simple(
        [either("s", "s-c"), user("a"), user("b"), user("c"), either("j")],
        "start -> s\ns -> a : x\ns -> b : y\ns -> c -> j\na -> j\nb -> j\nj -> end",
    )


def intended_multiple_merge() -> Model:
    """WCP08: three branches, each for itself after the merge."""
    return simple(
        [both("s"), user("a"), user("b"), user("c"), xor("m"), user("d")],
        "start -> s\ns -> a -> m\ns -> b -> m\ns -> c -> m\nm -> d -> end",
    )


def reminder_and_deadline() -> Model:
    nodes = [
        user("a"),
        on("late", "a", timer("duration", '"PT1H"')),
        on("soon", "a", timer("cycle", '"R/PT1M"'), interrupts=False),
        service("remind"),
        end("reminded"),
        end("given_up"),
    ]
    return simple(nodes, "start -> a -> end\nlate -> given_up\nsoon -> remind -> reminded")


def error_in_sub_process() -> Model:
    nodes = [
        make(model.SubProcess, "sub"),
        *inside(
            "sub", make(model.StartEvent, "s1"), service("work"), xor("x", "x-e1"), end("e1"), end("bad", error("E"))
        ),
        on("caught", "sub", error("E")),
        user("repair"),
    ]
    return simple(nodes, "start -> sub -> end\ns1 -> work -> x\nx -> e1\nx -> bad : wrong\ncaught -> repair -> end")


def event_sub_processes() -> Model:
    nodes = [
        user("a"),
        make(model.SubProcess, "told", is_event=True),
        make(model.SubProcess, "stopped", is_event=True),
        *inside(
            "told",
            make(model.StartEvent, "s1", trigger=message("news", '"k"'), is_interrupting=False),
            service("note"),
            end("e1"),
        ),
        *inside("stopped", make(model.StartEvent, "s2", trigger=signal("stop")), user("tidy"), end("e2")),
    ]
    return simple(nodes, "start -> a -> end\ns1 -> note -> e1\ns2 -> tidy -> e2")


def compensation() -> Model:
    undo = model.CompensationDefinition()
    nodes = [
        user("book", compensated_by="cancel"),
        on("mark", "book", undo),
        service("cancel", is_for_compensation=True),
        xor("x", "x-end"),
        end("undone", undo),
    ]
    return simple(nodes, "start -> book -> x\nx -> end\nx -> undone : wrong")


def race() -> Model:
    nodes = [
        make(model.EventBasedGateway, "g"),
        catch("answer", message("answer", '"k"')),
        catch("silence", timer("duration", '"P1D"')),
        xor("m"),
    ]
    return simple(nodes, "start -> g -> answer -> m -> end\ng -> silence -> m")


def terminate() -> Model:
    """The join can never fire, and need not: one of two ends everything."""
    nodes = [both("s"), user("a"), user("b"), end("all", model.TerminateDefinition())]
    return simple(nodes, "start -> s -> a -> all\ns -> b -> end")


def thrown_and_awaited() -> Model:
    nodes = [both("s"), make(model.ThrowEvent, "throw", result=signal("go")), catch("wait", signal("go")), both("j")]
    return simple(nodes, "start -> s -> throw -> j -> end\ns -> wait -> j")


def calls() -> Model:
    made = simple([make(model.CallActivity, "call", process="q")], "start -> call -> end")
    inner = process("q", [make(model.StartEvent, "s1"), user("a"), end("e1")], "s1 -> a -> e1")
    return Model(processes={**made.processes, "q": inner})


def items_interrupted() -> Model:
    many = model.MultiInstance(is_sequential=False, input_collection=feel("lines"), input_element="line")
    nodes = [service("pick", multi_instance=many), on("out", "pick", error("NO")), user("order")]
    return simple(nodes, "start -> pick -> end\nout -> order -> end")


SOUND = (
    sequence,
    loop,
    inclusive,
    intended_multiple_merge,
    reminder_and_deadline,
    error_in_sub_process,
    event_sub_processes,
    compensation,
    race,
    terminate,
    thrown_and_awaited,
    calls,
    items_interrupted,
)


@pytest.mark.parametrize("made", SOUND, ids=lambda made: made.__name__)
def test_sound(made: Callable[[], Model]) -> None:
    verdict = of(made())
    assert verdict.is_sound, verdict
    assert "sound" in verdict.sentence("en")


def exclusive_split_and_parallel_join() -> Model:
    return simple(
        [xor("x", "x-b"), user("a"), user("b"), both("j")], "start -> x -> a : big\nx -> b -> j\na -> j\nj -> end"
    )


def inclusive_split_and_parallel_join() -> Model:
    return simple(
        [either("x", "x-b"), user("a"), user("b"), both("j")], "start -> x -> a : big\nx -> b -> j\na -> j\nj -> end"
    )


def boundary_event_into_a_parallel_join() -> Model:
    nodes = [both("s"), user("a"), user("b"), on("late", "a", timer("duration", '"PT1H"')), both("j")]
    return simple(nodes, "start -> s -> a -> j -> end\ns -> b -> j\nlate -> end")


def race_for_both_messages() -> Model:
    nodes = [
        make(model.EventBasedGateway, "g"),
        catch("one", message("one", '"k"')),
        catch("two", message("two", '"k"')),
        both("j"),
    ]
    return simple(nodes, "start -> g -> one -> j -> end\ng -> two -> j")


def join_that_waits_for_itself() -> Model:
    nodes = [both("j"), user("a"), xor("x", "x-end")]
    return simple(nodes, "start -> j -> a -> x -> j : again\nx -> end")


@pytest.mark.parametrize(
    ("made", "join"),
    [
        (exclusive_split_and_parallel_join, "j"),
        (inclusive_split_and_parallel_join, "j"),
        (boundary_event_into_a_parallel_join, "j"),
        (race_for_both_messages, "j"),
        (join_that_waits_for_itself, "j"),
    ],
    ids=lambda each: getattr(each, "__name__", each),
)
def test_deadlock(made: Callable[[], Model], join: str) -> None:
    verdict = of(made())
    assert (verdict.soundness, verdict.kind, verdict.element) == (Soundness.UNSOUND, Kind.DEADLOCK, join)
    assert verdict.path[0] == "start"
    assert f"“{join}”" in verdict.sentence("en")


def test_the_path_is_as_short_as_can_be_and_comes_with_values() -> None:
    verdict = of(
        simple(
            [xor("x", "x-b"), user("a"), user("b"), both("j")],
            "start -> x -> a : amount > 100\nx -> b -> j\na -> j\nj -> end",
        )
    )
    assert verdict.path == ("start", "start-x", "x", "x-a", "a", "a-j")
    assert verdict.example == {"amount": Decimal(101)}
    assert [(each.element, each.condition, each.holds) for each in verdict.conditions] == [("x", "amount > 100", True)]


@pytest.mark.parametrize("body", [user("a"), script("a")], ids=["task", "automatic"])
def test_without_a_way_out(body: Any) -> None:
    verdict = of(simple([xor("m"), body], "start -> m -> a -> m"))
    assert (verdict.soundness, verdict.kind) == (Soundness.UNSOUND, Kind.NO_END)


def test_a_way_out_that_nothing_on_the_way_can_open() -> None:
    """Once round, for ever round: nothing in the loop writes what it asks."""
    around = simple([xor("m"), script("a"), xor("x", "x-end")], "start -> m -> a -> x -> m : again\nx -> end")
    verdict = of(around)
    assert (verdict.soundness, verdict.kind, verdict.example) == (Soundness.UNSOUND, Kind.NO_END, {"again": True})
    counted = simple(
        [script("zero", "n", "0"), xor("m"), script("a", "n", "n + 1"), xor("x", "x-end")],
        "start -> zero -> m -> a -> x -> m : n < 5\nx -> end",
    )
    assert of(counted).is_sound


def test_unbounded() -> None:
    verdict = of(simple([xor("m"), user("a"), both("s"), user("b")], "start -> m -> a -> s -> m\ns -> b -> end"))
    assert (verdict.soundness, verdict.kind, verdict.element) == (Soundness.UNSOUND, Kind.UNBOUNDED, "b")


def test_never_reached() -> None:
    verdict = of(simple([user("a"), user("b")], "start -> a -> end\nb -> b"))
    assert (verdict.soundness, verdict.kind, verdict.element) == (Soundness.UNSOUND, Kind.NEVER_REACHED, "b")
    dead = of(simple([user("a"), on("e", "a", model.EscalationDefinition(code="X"))], "start -> a -> end\ne -> end"))
    assert (dead.kind, dead.element) == (Kind.NEVER_REACHED, "e")


def test_several_plain_starts_are_no_start() -> None:
    verdict = of(simple([make(model.StartEvent, "other")], "start -> end\nother -> end"))
    assert (verdict.soundness, verdict.kind) == (Soundness.UNSOUND, Kind.NO_START)


# -- conditions together ----------------------------------------------------------------------------------------------------------


def twice(first: str, second: str) -> Model:
    """Two branches, each of which goes to the join only if its condition holds."""
    nodes = [both("s"), xor("x", "x-e1"), xor("y", "y-e2"), both("j"), end("e1"), end("e2"), user("a")]
    flows = f"start -> s -> x -> a : {first}\na -> j -> end\nx -> e1\ns -> y -> j : {second}\ny -> e2"
    return simple(nodes, flows)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("big", "big"),
        ("amount > 100", "amount > 100"),
        ("amount > 100", "not(amount <= 100)"),
        ('kind = "a" or kind = "b"', 'kind in ("a", "b")'),
        ("amount between 1 and 9", "amount >= 1 and amount <= 9"),
        ("order.day = null", "order.day = null"),
        ('day >= date("2026-01-01")', 'not(day < date("2026-01-01"))'),
        ("contains(name, text)", "contains(name, text)"),
    ],
)
def test_correlated_choices_are_no_deadlock(first: str, second: str) -> None:
    verdict = of(twice(first, second))
    assert verdict.soundness is not Soundness.UNSOUND, verdict
    if "contains" in first:
        # neither proved nor disproved: nobody knows what it means, only that it reads the same
        assert verdict.soundness is Soundness.NOT_DECIDED
        assert first in verdict.sentence("en")
    else:
        assert verdict.is_sound
        assert set(verdict.relies_on) == {first, second}


@pytest.mark.parametrize(("first", "second"), [("amount > 100", "amount > 99"), ("big", "small"), ("x.a", "x.b")])
def test_choices_that_are_only_similar_are_a_deadlock(first: str, second: str) -> None:
    verdict = of(twice(first, second))
    assert (verdict.soundness, verdict.kind) == (Soundness.UNSOUND, Kind.DEADLOCK)
    assert verdict.example


def between(task: Any) -> Model:
    """The same condition before and after a task; the join fits only when the answer stays what it was."""
    nodes = [xor("x", "x-b"), both("s"), script("a"), task, both("j"), xor("y", "y-n"), xor("m"), xor("n"), script("b")]
    return simple(
        nodes,
        f"start -> x -> s : big\nx -> b -> m -> {task.id} -> y\ns -> m\ns -> a -> j\ny -> j : big\ny -> n -> end\nj -> n",
    )


def test_what_may_have_been_written_in_between_is_not_decided_and_what_is_written_is_a_deadlock() -> None:
    silent = of(between(service("w")))
    assert silent.soundness is Soundness.NOT_DECIDED
    assert [(each.condition, each.holds) for each in silent.conditions] == [("big", True), ("big", False)]
    assert "“big” and not “big”" in silent.sentence("en")
    assert "« big » et non « big »" in silent.sentence("fr").replace("\xa0", " ")
    assert of(between(service("w", outputs=maps(other="other")))).is_sound
    writes = of(between(service("w", outputs=maps(big="big"))))
    assert (writes.soundness, writes.kind) == (Soundness.UNSOUND, Kind.DEADLOCK)
    known = Surroundings(outputs={"a.b": ("other",)})
    assert of(between(service("w")), surroundings=known).is_sound


def test_an_element_that_data_exclude_is_never_reached() -> None:
    nodes = [xor("x", "x-end"), xor("y", "y-b"), user("a"), user("b")]
    verdict = of(simple(nodes, "start -> x -> y : n > 5\nx -> end\ny -> a : n < 3\na -> end\ny -> b -> end"))
    assert (verdict.soundness, verdict.kind, verdict.element) == (Soundness.UNSOUND, Kind.NEVER_REACHED, "a")
    assert set(verdict.relies_on) == {"n > 5", "n < 3"}


def test_a_loop_that_asks_new_values_and_an_old_one_together_is_decided() -> None:
    """Each round says something of the old value by way of a new one; said of two of them, it says no more."""
    again = xor("again", "again-end")
    nodes = [xor("m"), user("ask", outputs=maps(large="large")), xor("x", "x-y"), user("check"), xor("y"), again]
    flows = "start -> m -> ask -> x -> check : large or quantity > 5\nx -> y\ncheck -> y -> again -> m : retry\nagain -> end"
    verdict = of(
        simple([user("first", outputs=maps(quantity="quantity")), *nodes], flows.replace("-> m", "-> first -> m", 1))
    )
    assert verdict.is_sound
    assert verdict.states < 60


def test_what_is_said_twice_of_an_old_value_by_way_of_new_ones_is_kept_once() -> None:
    old, other = Unknown("old", Free()), Unknown("other", Free())

    def asked(value: Unknown, *, holds: bool = True, source: str = "new or old > 5") -> Literal:
        return Literal("x", feel(source), {"new": Unknown("new", Free()), "old": value}, holds)

    first, second, opposite, elsewhere = asked(old), asked(old), asked(old, holds=False), asked(other)
    assert once([first, opposite, second, elsewhere], {old: 0, other: 1}) == [first, opposite, elsewhere]
    # two new values that one more condition speaks of together are not two copies of one
    both = Literal("y", feel("a != b"), {"a": first.bindings["new"], "b": second.bindings["new"]}, holds=True)  # type: ignore[index]
    assert once([first, second, both], {old: 0}) == [first, second, both]


def test_scripts_with_constant_results_are_known() -> None:
    nodes = [script("set", "done", "true"), xor("x", "x-b"), user("a"), user("b")]
    verdict = of(simple(nodes, "start -> set -> x -> a : done\na -> end\nx -> b -> end"))
    assert (verdict.kind, verdict.element) == (Kind.NEVER_REACHED, "b")


def test_without_a_default_flow_somebody_has_to_say_that_a_condition_always_holds() -> None:
    drawn = simple(
        [xor("x"), user("a"), user("b")], 'start -> x -> a : kind = "a"\na -> end\nx -> b : kind = "b"\nb -> end'
    )
    verdict = of(drawn)
    assert (verdict.soundness, verdict.kind, verdict.element) == (Soundness.NOT_DECIDED, Kind.NO_WAY, "x")
    assert 'if none of these holds: “kind = "a"”, “kind = "b"”.' in verdict.sentence("en")
    complete = simple([xor("x"), user("a"), user("b")], "start -> x -> a : n > 5\na -> end\nx -> b : n <= 5\nb -> end")
    assert of(complete).is_sound


def kinds(*cells: tuple[str, str]) -> Decision:
    """A table from ``n`` to texts."""
    rules = tuple(
        Rule(id=f"r{number}", tests=(compile_unary_tests(test),), outputs=(feel(f'"{text}"'),))
        for number, (test, text) in enumerate(cells)
    )
    table = Table(
        inputs=(Input(label="n", expression=feel("n")),),
        columns=(Output(name="kind", default=feel('"low"')),),
        rules=rules,
        hit_policy=HitPolicy.UNIQUE,
    )
    return MadeDecision(id="d", name="kind", logic=table, inputs=("n",), outputs=("kind",))


def test_a_decision_gives_nothing_but_its_outputs() -> None:
    rule = make(model.BusinessRuleTask, "rule", decision="d", result_variable="kind")
    flows = 'start -> rule -> x -> a : kind = "low"\na -> end\nx -> b : kind = "high"\nb -> end'
    table = {"d": kinds(("< 5", "low"), (">= 5", "high"))}
    assert of(simple([rule, xor("x"), user("a"), user("b")], flows, table)).is_sound
    typo = flows.replace('"high"', '"hihg"').replace("x -> b :", "x -> c\nc -> end\nx -> b :")
    verdict = of(simple([rule, xor("x", "x-c"), user("a"), user("b"), user("c")], typo, table))
    assert (verdict.kind, verdict.element) == (Kind.NEVER_REACHED, "b")


def test_a_decision_and_what_it_was_decided_by_are_one_choice() -> None:
    """That the amount is low and the answer is not is never said to be a path: the table is asked."""
    rule = make(model.BusinessRuleTask, "rule", decision="d", result_variable="kind")
    made = twice("n < 5", 'kind = "low"').processes["p"]
    nodes = [each for each in made.nodes.values() if each.id not in ("start", "end")]
    flows = "\n".join(
        f"{each.source} -> {each.target}{' : ' + each.condition.source if each.condition else ''}"
        for each in made.flows.values()
        if each.id != "start-s"
    )
    table = {"d": kinds(("< 5", "low"), (">= 5", "high"))}
    drawn = simple([rule, *nodes], f"start -> rule -> s\n{flows}", table)
    assert of(drawn).soundness is Soundness.NOT_DECIDED


def test_a_form_gives_nothing_but_its_options() -> None:
    options = tuple(Option(value=each, label={"fr": each, "en": each}) for each in ("yes", "no"))
    form = Form(
        id="ask",
        title={"fr": "?", "en": "?"},
        fields=(Field(name="answer", type="choice", label={"fr": "?", "en": "?"}, required=True, options=options),),
    )
    flows = 'start -> ask -> x -> a : answer = "yes"\na -> end\nx -> b : answer = "no"\nb -> end'
    drawn = simple([user("ask", form="ask"), xor("x"), user("a"), user("b")], flows)
    assert of(drawn).kind is Kind.NO_WAY
    assert of(drawn, surroundings=Surroundings(forms={"ask": form})).is_sound


# -- bounds, bundles, words -------------------------------------------------------------------------------------------------------


def wide(branches: int, *more: Any) -> Model:
    """Tasks beside each other, each with a time limit, and ``more``."""
    nodes, flows = [both("s"), both("j"), *more], ["start -> s", "j -> end", *(f"s -> {each.id} -> j" for each in more)]
    for n in range(branches):
        nodes += [user(f"a{n}"), xor(f"m{n}"), on(f"late{n}", f"a{n}", timer("duration", '"PT1H"'))]
        flows += [f"s -> a{n} -> m{n} -> j", f"late{n} -> m{n}"]
    return simple(nodes, "\n".join(flows))


def test_a_bound_is_counted_and_never_gives_sound() -> None:
    in_order = wide(5, catch("told", signal("told")))
    first, second = (of(in_order, max_states=20) for _ in range(2))
    assert (first.soundness, first.kind) == (Soundness.NOT_DECIDED, Kind.BOUND)
    assert first == second
    assert of(in_order).is_sound


def test_tasks_that_disturb_nobody_are_looked_at_in_one_order() -> None:
    verdict = of(wide(30))
    assert verdict.is_sound
    assert verdict.states < 100


@pytest.mark.parametrize("length", range(34, 46))
def test_however_long_a_way_without_anybody_is(length: int) -> None:
    way = [script(f"t{number}") for number in range(length)]
    line = " -> ".join(("start", *(each.id for each in way), "s"))
    verdict = of(simple([*way, both("s"), user("a"), user("b"), both("j")], f"{line}\ns -> a -> j -> end\ns -> b -> j"))
    assert verdict.is_sound


def test_shipped_processes_are_sound() -> None:
    for folder in sorted((ROOT / "processes").iterdir()):
        files = {each.relative_to(folder).as_posix(): each.read_bytes() for each in folder.rglob("*") if each.is_file()}
        for process_id, verdict in verdicts(read_bundle(files)).items():
            assert verdict.is_sound, (process_id, verdict)


def test_every_answer_has_its_sentence() -> None:
    from engine.explore.verdict import _CODES

    assert {code for code in catalogue() if code.startswith("explore_")} == {
        *_CODES.values(),
        "explore_needs",
        "explore_needs_not",
        "explore_way",
        "explore_step",
        "explore_unnamed",
        "explore_step_by",
        "explore_and",
    }
