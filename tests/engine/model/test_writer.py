"""What is written reads as what it was written from, and is valid against the schemas of the standard."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.errors import DefinitionError
from engine.feel import compile_expression as feel
from engine.model import elements as model
from engine.model.bpmn_reader import read_processes
from engine.model.bpmn_writer import write_processes
from engine.model.elements import Process
from engine.model.schema import validate
from tests.engine.kernel.building import maps, message, process, timer
from tests.engine.model.drawn import random_processes

ROOT = Path(__file__).parents[3]
FILES = sorted(
    path
    for folder in ("processes", "tests")
    for path in (ROOT / folder).rglob("*.bpmn")
    if "conformance" not in path.parts
)
FEW, MANY = 100, int(os.environ.get("PROPERTIES", "2000"))


def written(processes: Iterable[Process]) -> bytes:
    """The file, after it was read again and validated."""
    processes = tuple(processes)
    xml = write_processes(processes)
    again = {each.id: each for each in read_processes(xml, "x.bpmn")}
    assert again == {each.id: each for each in processes}
    for each in processes:
        # the order of what stands in one scope is kept too; equality of dictionaries does not see it
        assert {scope: [n.id for n in nodes] for scope, nodes in again[each.id].inside.items()} == {
            scope: [n.id for n in nodes] for scope, nodes in each.inside.items()
        }
        assert list(again[each.id].lanes) == list(each.lanes)
    assert validate(xml, "x.bpmn") == ()
    assert write_processes(tuple(again.values())) == xml
    return xml


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_files_of_people_are_written_as_they_were_read(path: Path) -> None:
    scripts = {"python": "run.python", "": "run.anything"}
    written(read_processes(path.read_bytes(), path.name, scripts=scripts))


def test_random_processes_are_written() -> None:
    for seed in range(FEW):
        processes = random_processes(seed, size=1 + seed % 4)  # the long test has large ones
        xml = write_processes(processes)
        assert read_processes(xml, "x.bpmn") == processes
        assert validate(xml, "x.bpmn") == ()


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_many_random_processes_are_written() -> None:
    for seed in range(FEW, FEW + MANY):
        written(random_processes(seed))


def of(*nodes: Any, flows: str = "start -> a -> end", **more: Any) -> Process:
    around = (model.StartEvent(id="start", name="", scope="p"), model.EndEvent(id="end", name="", scope="p"))
    return replace(process("p", (*around, *nodes), flows), **more)


def user(**more: Any) -> model.UserTask:
    return model.UserTask(**{"id": "a", "name": "", "scope": "p", "role": "clerk"} | more)


@pytest.mark.parametrize(
    "node",
    [
        user(due=feel('duration("P3D")'), follow_up=feel("today()"), priority=feel("50")),
        user(due=feel('date and time("2026-11-22T09:00:00")'), priority=feel("urgency * 2"), form="order"),
        user(role=None, assignee=feel('"anna"'), properties={"colour": "green", "empty": ""}),
        user(documentation="First paragraph.\n\nSecond <paragraph> & more.", name="Two\nlines"),
        user(inputs=maps(a='"= not an expression"', b__c="if a > 1\n  then 2 else 3"), outputs=maps(d="[1, 2]")),
        model.CallActivity(id="a", name="", scope="p", process="q", propagates_all_out=True),
        model.CallActivity(id="a", name="", scope="p", process="q", binding=model.Binding.LATEST),
        model.CallActivity(
            id="a", name="", scope="p", process="q", binding=model.Binding.VERSION_TAG, version_tag="2026"
        ),
        model.ReceiveTask(id="a", name="", scope="p", message=message("Payment received", "invoice")),
        model.CatchEvent(
            id="a", name="", scope="p", trigger=timer("date", 'date and time("2026-11-22T09:00:00+01:00")')
        ),
        model.ScriptTask(id="a", name="", scope="p", expression=feel('"é < ü"'), result_variable="x"),
        model.BusinessRuleTask(id="a", name="", scope="p", decision="approval", result_variable="approved"),
    ],
    ids=lambda node: type(node).__name__,
)
def test_details_are_written(node: model.Node) -> None:
    written([of(node)])


def test_times_stand_as_other_tools_read_them() -> None:
    xml = written([of(user(due=feel('duration("P3D")')))]).decode()
    assert 'dueDate="P3D"' in xml


def test_the_role_of_a_lane_is_not_repeated() -> None:
    lanes = {"l": model.Lane(id="l", name="Sales", role="clerk")}
    start, end = (kind(id=name, name="", scope="p", lane="l") for kind, name in _ENDS)
    found = process("p", (start, user(lane="l"), end), "start -> a -> end")
    assert "candidateGroups" not in written([replace(found, lanes=lanes)]).decode()


_ENDS: tuple[tuple[type[Any], str], ...] = ((model.StartEvent, "start"), (model.EndEvent, "end"))


def test_a_global_task_is_written_as_one() -> None:
    task = user(id="g", scope="g", name="Check", role="clerk")
    assert b"globalUserTask" in written([Process(id="g", name="Check", nodes={"g": task}, flows={})])


@pytest.mark.parametrize(
    ("node", "element"),
    [
        (user(not_same_as="nobody"), "a"),  # only the property of that name says so
        (user(compensated_by="start"), "a"),  # nothing leads there
        (user(role="two, roles"), "a"),
        (user(name="a bell: \a"), "p"),
        (model.EventBasedGateway(id="a", name="", scope="p", is_instantiating=True, is_parallel=True), "a"),
    ],
)
def test_what_a_file_cannot_say_is_refused_by_name(node: model.Node, element: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        write_processes([of(node)])
    assert element in {each.element_id for each in caught.value.problems}


def test_a_process_that_does_not_run_is_refused() -> None:
    with pytest.raises(DefinitionError) as caught:
        write_processes([of(user(), is_executable=False)])
    assert [(each.code, each.element_id) for each in caught.value.problems] == [("not_writable", "p")]
