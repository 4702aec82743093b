"""The example of the documentation is the shipped process, said in the short form."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import yaml

from engine.model.bpmn_reader import read_processes
from engine.model.bundle import read_bundle
from engine.model.elements import ExclusiveGateway, Node, Process
from engine.model.short_form import read_short_form

ROOT = Path(__file__).parents[4]
FOLDER = ROOT / "processes" / "replenishment"


def example() -> bytes:
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "short-form.md").read_text(encoding="utf-8"), re.DOTALL)
    (found,) = (each for each in blocks if each.startswith("process: replenishment"))
    return str(found).encode()


def folder() -> dict[str, bytes]:
    """The shipped files with the short form in place of the diagram, and without what it says itself."""
    files = {path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in FOLDER.rglob("*") if path.is_file()}
    del files["replenishment.bpmn"]
    described = yaml.safe_load(files["process.yaml"])
    del described["names"]
    return files | {
        "process.yaml": yaml.safe_dump(described, allow_unicode=True).encode(),
        "replenishment.yaml": example(),
    }


def drawn() -> Process:
    (found,) = read_processes((FOLDER / "replenishment.bpmn").read_bytes(), "replenishment.bpmn")
    return found


def in_order(node: Node) -> Node:
    """With the flows of a gateway that is asked last of all, in one order: the default one, wherever it was drawn."""
    is_choice = isinstance(node, ExclusiveGateway)
    return replace(node, outgoing=tuple(sorted(node.outgoing))) if is_choice else node


def test_it_means_the_shipped_diagram() -> None:
    said, shipped = read_short_form(example(), "replenishment.yaml").process, drawn()
    # flows that have no name on the drawing are named after where they come from; all other ids are the same
    by_ends = {(each.source, each.target): each.id for each in said.flows.values()}
    names = {each.id: by_ends[each.source, each.target] for each in shipped.flows.values()}
    assert all(names[each.id] == each.id for each in shipped.flows.values() if each.name)

    def renamed(node: Node) -> Node:
        incoming, outgoing = (tuple(names[each] for each in way) for way in (node.incoming, node.outgoing))
        return replace(node, incoming=incoming, outgoing=outgoing)

    expected = replace(
        shipped,
        nodes={key: in_order(renamed(node)) for key, node in shipped.nodes.items()},
        flows={names[key]: replace(flow, id=names[key]) for key, flow in shipped.flows.items()},
    )
    assert replace(said, nodes={key: in_order(node) for key, node in said.nodes.items()}) == expected
    assert list(said.lanes) == list(shipped.lanes)


def test_a_folder_may_hold_it_in_place_of_the_diagram() -> None:
    shipped = read_bundle(
        {path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in FOLDER.rglob("*") if path.is_file()}
    )
    said = read_bundle(folder())
    assert said.warnings == ()
    assert said.names == shipped.names
    assert said.process_files == {"replenishment": "replenishment.yaml"}
    assert example().splitlines()[said.lines["decide_request"] - 1] == b"  - ask: decide_request"
