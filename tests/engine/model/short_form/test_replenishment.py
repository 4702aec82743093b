"""The example of the documentation is the shipped process, said in the short form."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.cli import main
from engine.errors import DefinitionError
from engine.explore import verdicts
from engine.model.bpmn_reader import read_processes
from engine.model.bundle import read_bundle
from engine.model.elements import ExclusiveGateway, Model, Node, Process, TimerDefinition
from engine.model.short_form import read_short_form
from engine.model.short_form.diagram import as_diagrams
from engine.model.yaml_file import parse_yaml

ROOT = Path(__file__).parents[4]
FOLDER = ROOT / "processes" / "replenishment"


def example(key: str = "replenishment") -> bytes:
    """The process of this id in the documentation."""
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "short-form.md").read_text(encoding="utf-8"), re.DOTALL)
    (found,) = (each for each in blocks if each.startswith(f"process: {key}\n"))
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


def test_the_other_example_is_sound() -> None:
    process = read_short_form(example("recurring_invoicing"), "recurring_invoicing.yaml").process
    (begins,) = process.starts(process.id)
    assert isinstance(begins.trigger, TimerDefinition)
    (verdict,) = verdicts(Model(processes={process.id: process})).values()
    assert verdict.is_sound, verdict


def test_it_has_a_diagram_though_nobody_drew_one() -> None:
    bundle = read_bundle(folder())
    assert read_processes(bundle.diagram, "replenishment.bpmn") == (bundle.process,)
    assert b"BPMNShape" in bundle.diagram


def test_it_goes_on_as_a_diagram() -> None:
    files = folder()
    changed = as_diagrams(files)
    said, drawn_ = read_bundle(files), read_bundle(changed)
    assert "replenishment.yaml" not in changed
    assert (drawn_.model.processes, drawn_.names, drawn_.warnings) == (said.model.processes, said.names, ())
    assert as_diagrams(changed) == changed
    files["process.yaml"] += b"names: # of the second language\n  participant: {en: Pool}\n"
    assert read_description(as_diagrams(files))["names"].keys() == said.names.keys() | {"participant"}
    broken = folder() | {"replenishment.yaml": b"process: replenishment\n"}
    assert as_diagrams(broken) == broken


def read_description(files: dict[str, bytes]) -> Any:
    return parse_yaml(files["process.yaml"], "process.yaml").data


def errors_of(files: dict[str, bytes]) -> list[tuple[str, str, str | None, str | None]]:
    with pytest.raises(DefinitionError) as caught:
        read_bundle(files)
    return [(each.code, each.file, each.element_id, each.place) for each in caught.value.problems]


def test_a_process_stands_in_one_of_the_two_forms() -> None:
    diagram = {"replenishment.bpmn": (FOLDER / "replenishment.bpmn").read_bytes()}
    assert ("process_in_two_forms", "replenishment.yaml", None, None) in errors_of(folder() | diagram)


def test_an_element_has_its_english_name_in_one_place() -> None:
    files = folder()
    files["process.yaml"] += b"names: {launched: {en: Done}, nothing: {en: Nothing}}\n"
    assert [(code, place) for code, _, _, place in errors_of(files)] == [
        ("name_in_two_places", "names.launched"),
        ("element_unknown", "names.nothing"),
    ]


def test_what_does_not_fit_the_other_files_is_told_at_its_line() -> None:
    files = folder()
    files["replenishment.yaml"] = files["replenishment.yaml"].replace(b"form: decision", b"form: decisoin")
    line = example().splitlines().index(b"  - ask: decide_request") + 1
    assert errors_of(files)[0] == ("form_unknown", "replenishment.yaml", "decide_request", f"line:{line}")


def test_what_a_broken_form_would_hold_is_not_missed() -> None:
    files = folder() | {"replenishment.yaml": b"process: replenishment\n"}
    assert {code for code, *_ in errors_of(files)} == {"yaml_key_missing"}


def checked(*paths: Path) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["check", *map(str, paths)])
    return int(ended.value.code or 0)


def test_the_command_checks_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, content in folder().items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    form = tmp_path / "replenishment.yaml"
    assert checked(tmp_path, form) == 0
    assert "The process is sound" in capsys.readouterr().out
    form.write_bytes(example().replace(b"value: round", b"value: 1 + * round"))
    assert checked(form) == 1
    assert "compute_amount" in capsys.readouterr().out
