"""What cannot be followed to its end is not decided, for the reason that it has."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.explore import Kind, Soundness, explore
from engine.model import elements as model
from tests.engine.kernel.building import feel, make, process, simple, sub


def nested(levels: int) -> model.Model:
    """Sub-processes in each other, and a task in the last one."""
    nodes, flows = [make(model.UserTask, "task", scope=f"s{levels - 1}")], [f"s{levels - 1}_start -> task"]
    flows.append(f"task -> s{levels - 1}_end")
    for level in range(levels):
        around = sub(f"s{level}")
        if level:
            around[0] = replace(around[0], scope=f"s{level - 1}")
            flows.append(f"s{level - 1}_start -> s{level} -> s{level - 1}_end")
        nodes += around
    return simple(nodes, "\n".join(["start -> s0 -> end", *flows]))


def calling(*called: tuple[str, str]) -> model.Model:
    """Processes of one task and one call each: who, and whom."""
    found = {}
    for caller, other in called:
        ends = (make(model.StartEvent, f"{caller}_start"), make(model.EndEvent, f"{caller}_end"))
        call = make(model.CallActivity, f"{caller}_calls", process=other)
        nodes = (*ends, make(model.UserTask, f"{caller}_task"), call)
        flows = f"{caller}_start -> {caller}_task -> {caller}_calls -> {caller}_end"
        found[caller] = process(caller, nodes, flows)
    return model.Model(processes=found)


def many(levels: int) -> model.Model:
    """Repetitions in each other: two items at each level."""
    twice = model.MultiInstance(is_sequential=False, input_collection=feel("[1, 2]"))
    found = nested(levels).processes["p"]
    nodes = {
        key: replace(each, multi_instance=twice) if isinstance(each, model.SubProcess) else each
        for key, each in found.nodes.items()
    }
    return model.Model(processes={"p": replace(found, nodes=nodes)})


@pytest.mark.parametrize(
    ("definition", "start", "kind", "element", "words"),
    [
        (nested(250), "p", Kind.DEEP, "s59", "lie inside each other"),
        (calling(("p", "p")), "p", Kind.CALLS_ITSELF, "p_calls", "a process calls itself"),
        (calling(("p", "q"), ("q", "r"), ("r", "q")), "p", Kind.CALLS_ITSELF, "r_calls", "a process calls itself"),
        (many(6), "p", Kind.MUCH_AT_ONCE, "s3", "at work at the same time"),
    ],
)
def test_what_is_too_much_is_told_as_what_it_is(
    definition: model.Model, start: str, kind: Kind, element: str, words: str
) -> None:
    verdict = explore(definition, start)
    assert (verdict.soundness, verdict.kind, verdict.element) == (Soundness.NOT_DECIDED, kind, element)
    assert words in verdict.sentence("en")
    assert f"«\u00a0{element}\u00a0»" in verdict.sentence("fr")
    assert "states" not in verdict.sentence("en")


def test_what_is_deep_but_not_too_deep_is_decided() -> None:
    assert explore(nested(50), "p").is_sound
