"""Drawings hold to what a reader expects of them: nothing overlaps, nothing is crossed that need not be, all is where it belongs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from engine.model import elements as model
from engine.model.bpmn_reader import read_processes
from engine.model.bpmn_writer_diagram import draw_processes
from engine.model.layout.metrics import BESIDE, label_size, task_size, width_of, wrapped
from engine.model.schema import validate
from tests.engine.kernel.building import make, process, timer
from tests.engine.model.diagrams import faults_of, read
from tests.engine.model.drawn import random_flat_process, random_process_of, random_processes

ROOT = Path(__file__).parents[3]
SHIPPED = sorted(
    path
    for folder in ("processes", "tests/golden", "tests/benchmarks", "tests/engine")
    for path in (ROOT / folder).rglob("*.bpmn")
)
FEW, MANY = 20, int(os.environ.get("PROPERTIES", "2000"))


def drawn(processes: Sequence[model.Process]) -> bytes:
    """The file, which is valid, reads as what was drawn, and has no fault but crossings."""
    xml = draw_processes(processes)
    assert read_processes(xml, "x.bpmn") == tuple(processes)
    assert validate(xml, "x.bpmn") == ()
    assert faults_of(xml).others == []
    return xml


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_processes_of_people_are_drawn_without_a_crossing(path: Path) -> None:
    xml = drawn(read_processes(path.read_bytes(), path.name, scripts={"python": "run.python", "": "run.anything"}))
    assert faults_of(xml).crossings == []


def crossings_of(seeds: Iterable[int]) -> int:
    return sum(len(faults_of(drawn(random_processes(seed))).crossings) for seed in seeds)


def test_random_processes_are_drawn() -> None:
    # measured: 3 in one process of these
    assert crossings_of(range(FEW)) <= 3


def test_random_processes_across_lanes_are_drawn() -> None:
    for seed in range(4):
        drawn([random_flat_process(seed, size=8)])


@pytest.mark.long
@pytest.mark.timeout(3000)
def test_many_random_processes_across_lanes_are_drawn() -> None:
    for seed in range(4, MANY // 10):
        drawn([random_flat_process(seed, size=24)])


@pytest.mark.long
@pytest.mark.timeout(3000)
def test_many_random_processes_are_drawn() -> None:
    assert crossings_of(range(FEW, FEW + MANY)) <= MANY // 10


def test_the_same_process_is_always_drawn_the_same() -> None:
    one = random_process_of(40, seed=3)
    assert draw_processes([one]) == draw_processes([replace(one)])


# -- what goes where ------------------------------------------------------------------------------------------------------------------


def shapes_of(found: model.Process) -> dict[str, tuple[float, float, float, float]]:
    return read(drawn([found])).shapes


def task(id_: str, **more: object) -> model.Node:
    return make(model.Task, id_, **more)  # type: ignore[no-any-return]


def of(*nodes: model.Node, flows: str) -> model.Process:
    return process("p", (make(model.StartEvent, "s"), make(model.EndEvent, "e"), *nodes), flows)


def test_the_longest_way_is_straight_and_runs_to_the_right() -> None:
    gateways = [make(model.ParallelGateway, name) for name in ("split", "join")]
    flows = "s -> split -> a -> b -> join -> e\nsplit -> c -> join"
    shapes = shapes_of(of(*gateways, task("a"), task("b"), task("c"), flows=flows))
    way = [shapes[each] for each in ("s", "split", "a", "b", "join", "e")]
    assert len({(box[1] + box[3]) / 2 for box in way}) == 1
    assert [box[0] for box in way] == sorted(box[0] for box in way)


def test_a_loop_leads_back_around_what_it_repeats() -> None:
    gateways = [make(model.ExclusiveGateway, "again"), make(model.ExclusiveGateway, "more", default="more-e")]
    one = of(*gateways, task("a"), flows="s -> again -> a -> more -> e\nmore -> again : n < 3")
    assert len(read(drawn([one])).lines["more-again"]) == 4  # up or down, left, and back


def test_boundary_events_stand_on_the_lower_edge() -> None:
    events = [
        make(model.BoundaryEvent, name, attached_to="a", trigger=timer("duration", '"PT1H"'), is_interrupting=False)
        for name in ("one", "two", "three")
    ]
    flows = "s -> a -> e\none -> b\ntwo -> c\nthree -> d"
    shapes = shapes_of(of(task("a"), task("b"), task("c"), task("d"), *events, flows=flows))
    assert {(shapes[each][1] + shapes[each][3]) / 2 for each in ("one", "two", "three")} == {shapes["a"][3]}


def test_ways_before_something_high_stand_near_where_they_begin() -> None:
    inner = [make(model.SubProcess, "high"), *(task(f"h{each}", scope="high") for each in range(7))]
    inner += [make(model.ParallelGateway, name, scope="high") for name in ("split", "join")]
    inner += [make(model.StartEvent, "hs", scope="high"), make(model.EndEvent, "he", scope="high")]
    gateway = make(model.ExclusiveGateway, "g", default="g-b")
    branches = "".join(f"split -> h{each} -> join\n" for each in (0, 1, 2)) + "split -> h3 -> h6 -> join\n"
    branches += "".join(f"split -> h{each} -> join\n" for each in (4, 5))
    outer = (task("a"), task("b"), task("c"), make(model.EndEvent, "stopped"))
    flows = f"s -> g -> b -> c -> high -> e\ng -> a -> stopped : n < 3\nhs -> split\njoin -> he\n{branches}"
    shapes = shapes_of(of(gateway, *outer, *inner, flows=flows))
    assert shapes["high"][3] - shapes["high"][1] > 500
    upper, lower = sorted((shapes["a"], shapes["b"]), key=lambda box: box[1])
    assert lower[1] - upper[3] < 40


def test_event_sub_processes_stand_below() -> None:
    start = make(model.StartEvent, "es", scope="beside", trigger=timer("duration", '"PT1H"'))
    nodes = (task("a"), make(model.SubProcess, "beside", is_event=True), start, task("b", scope="beside"))
    shapes = shapes_of(of(*nodes, flows="s -> a -> e\nes -> b"))
    assert shapes["beside"][1] > shapes["a"][3]


def test_an_activity_may_follow_itself_and_flows_may_be_alike() -> None:
    twice = of(make(model.ExclusiveGateway, "g"), task("a"), flows="s -> a -> g -> e")
    more = [
        model.Flow(id="again", name="Encore", source="a", target="a"),
        model.Flow(id="alike", name="", source="a", target="g"),
        model.Flow(id="third", name="Autrement", source="a", target="g"),
    ]
    flows = {**twice.flows, **{each.id: each for each in more}}
    a, g = twice.nodes["a"], twice.nodes["g"]
    nodes = {
        **twice.nodes,
        "a": replace(a, incoming=(*a.incoming, "again"), outgoing=(*a.outgoing, "again", "alike", "third")),
        "g": replace(g, incoming=(*g.incoming, "alike", "third")),
    }
    assert faults_of(drawn([replace(twice, nodes=nodes, flows=flows)])).crossings == []


def test_a_process_of_one_node_or_none_can_be_drawn() -> None:
    drawn([process("p", [task("a")], "")])
    drawn([model.Process(id="g", name="", nodes={"g": task("g", scope="g", name="")}, flows={})])


# -- names ----------------------------------------------------------------------------------------------------------------------------


def test_names_are_broken_at_blanks() -> None:
    assert wrapped("Sans décision après deux jours ouvrés", 90, BESIDE) == [
        "Sans décision",
        "après deux jours",
        "ouvrés",
    ]
    assert wrapped("Anticonstitutionnellement", 40, BESIDE) == ["Anticonstitutionnellement"]
    assert width_of("Arial", 1000) == 667 + 333 + 222 + 556 + 222


def test_long_names_are_wider_rather_than_very_high() -> None:
    long = label_size(
        "Le montant de la commande dépasse le seuil au-dessus duquel le responsable des achats doit donner son accord"
    )
    assert long is not None
    assert long.height < 70
    assert label_size(" ") is None


def test_a_name_has_room_in_each_language_and_in_a_wider_font() -> None:
    one = label_size("Oui")
    both = label_size("Oui", "Certainly, whatever it may cost")
    assert one is not None
    assert both is not None
    assert one.width >= width_of("Oui", BESIDE) * 1.2
    assert both.width > one.width
    assert task_size("Saisir", "Contrôler la disponibilité des articles").width > task_size("Saisir").width


def test_no_mark_stands_alone() -> None:
    assert wrapped("Tout est parti ?", 70, BESIDE) == ["Tout est", "parti ?"]
    assert task_size("Quelle relance ?").width > 100


def test_a_task_is_as_wide_as_its_name_needs() -> None:
    assert task_size("Saisir").width == 100
    assert task_size("Contrôler la disponibilité des articles").width > 100
    assert task_size("Anticonstitutionnellement").width > width_of("Anticonstitutionnellement", 12)
