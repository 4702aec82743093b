"""Soundness: a process of sixty nodes, and a thousand random drawings, half of them with a fault.

The sixty nodes are the reference process ``o2c-30`` four times in a row: the end of one is the beginning of the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from engine.explore import Soundness, explore
from engine.model.bpmn_reader import read_processes
from engine.model.elements import Activity, BoundaryEvent, Flow, Gateway, Model, Node, Process
from tests.benchmarks.figures import Figure, Goal
from tests.benchmarks.languages import INPUTS
from tests.benchmarks.measure import BLOCKS, Spread, cpu
from tests.engine.explore.mutants import mutant, random_model

DRAWINGS = 1_000
MOST_MOVES = 5_000
"""Of one drawing, so that the few with far too many states do not take all the time: they are *not decided*, as at the gate."""
COPIES = 4
LARGEST = 4


def chained(copies: int) -> Model:
    """The reference process ``copies`` times in a row."""
    (process,) = read_processes((INPUTS / "o2c-30.bpmn").read_bytes(), "o2c-30.bpmn")
    nodes: dict[str, Node] = {}
    flows: dict[str, Flow] = {}
    for copy in range(copies):
        made, drawn = _copied(process, copy)
        nodes |= made
        flows |= drawn
    for copy in range(copies - 1):
        end, start = f"done_{copy}", f"start_{copy + 1}"
        (into,), (first,) = nodes.pop(end).incoming, nodes.pop(start).outgoing
        beyond = flows.pop(first).target
        flows[into] = replace(flows[into], target=beyond)
        incoming = tuple(into if each == first else each for each in nodes[beyond].incoming)
        nodes[beyond] = replace(nodes[beyond], incoming=incoming)
    return Model(processes={"p": Process(id="p", name="p", nodes=nodes, flows=flows)})


def _copied(process: Process, copy: int) -> tuple[dict[str, Node], dict[str, Flow]]:
    def named(id_: str) -> str:
        return f"{id_}_{copy}"

    nodes: dict[str, Node] = {}
    for node in process.nodes.values():
        made = replace(
            node,
            id=named(node.id),
            scope="p",
            incoming=tuple(map(named, node.incoming)),
            outgoing=tuple(map(named, node.outgoing)),
        )
        if isinstance(made, Activity):
            made = replace(made, boundary=tuple(map(named, made.boundary)))
        if isinstance(made, BoundaryEvent):
            made = replace(made, attached_to=named(made.attached_to))
        if isinstance(made, Activity | Gateway) and made.default is not None:
            made = replace(made, default=named(made.default))
        nodes[made.id] = made
    flows = {
        named(each.id): replace(each, id=named(each.id), source=named(each.source), target=named(each.target))
        for each in process.flows.values()
    }
    return nodes, flows


def drawings() -> list[Model]:
    """The random drawings: the same in every run."""
    found = []
    for seed in range(DRAWINGS):
        chance = Random(seed)
        definition, _ = random_model(chance, chance.randint(1, LARGEST))
        found.append(mutant(chance, definition) if seed % 2 else definition)
    return found


def soundness() -> Iterator[Figure]:
    """Processor time of one verdict."""
    large = chained(COPIES)
    size = len(large.processes["p"].nodes)
    verdict = explore(large, "p")
    if verdict.soundness is not Soundness.SOUND:
        raise AssertionError(verdict)
    taken = [1e3 * cpu(lambda: explore(large, "p")) for _ in range(BLOCKS)]
    note = f"{size} nodes, {verdict.states} states"
    yield Figure("explore.process_of_60", Spread.of(taken), "ms", Goal("<=", 50), note)
    all_drawings = drawings()
    each = sorted(1e3 * cpu(lambda made=made: explore(made, "p", max_moves=MOST_MOVES)) for made in all_drawings)  # type: ignore[misc]
    # one pass: the spread is over the drawings, not over blocks
    yield Figure("explore.drawing_p50", _exactly(each[DRAWINGS // 2]), "ms", note=f"{DRAWINGS} random drawings")
    yield Figure("explore.drawing_p99", _exactly(each[DRAWINGS * 99 // 100]), "ms", Goal("<=", 50, aim=5))


def _exactly(value: float) -> Spread:
    return Spread(value, value, value, 1)
