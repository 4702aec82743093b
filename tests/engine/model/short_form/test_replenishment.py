"""The shipped process ``replenishment`` is written in the short form; the documentation shows a part of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from engine.cli import main
from engine.definitions.gate import check
from engine.errors import DefinitionError, Problem
from engine.explore import verdicts
from engine.model.bpmn_reader import read_processes
from engine.model.bundle import read_bundle
from engine.model.elements import Model, TimerDefinition
from engine.model.short_form import read_short_form
from engine.model.short_form.diagram import as_diagrams
from engine.model.yaml_file import parse_yaml
from handlers.table import HANDLERS
from tests import replenishment
from tests.engine.model.diagrams import faults_of
from tests.replenishment import YAML

ROOT = Path(__file__).parents[4]


def blocks() -> list[str]:
    """The YAML of the documentation."""
    return re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "short-form.md").read_text(encoding="utf-8"), re.DOTALL)


def written() -> str:
    return replenishment.files()[YAML].decode()


def changed(old: str, new: str, path: str = YAML) -> dict[str, bytes]:
    files = replenishment.files()
    text = files[path].decode()
    assert text.count(old) == 1, old
    return files | {path: text.replace(old, new).encode()}


def line_of(text: str) -> int:
    """The line on which this stands, which stands on one only."""
    (found,) = (number for number, line in enumerate(written().splitlines(), 1) if line.strip() == text)
    return found


def test_the_documentation_shows_a_part_of_it() -> None:
    assert blocks()[0] in written()


def test_its_folder_is_whole() -> None:
    bundle = read_bundle(replenishment.files())
    assert bundle.warnings == ()
    assert bundle.process_files == {"replenishment": YAML}
    assert bundle.names["launched"] == {"en": "Order launched"}
    assert bundle.lines["decide_request", None] == line_of("- ask: decide_request")
    assert bundle.lines["decide_request", "dueDate"] == line_of("due: 2 working days")


def test_the_other_example_is_sound() -> None:
    (text,) = (each for each in blocks() if each.startswith("process: recurring_invoicing\n"))
    process = read_short_form(text.encode(), "recurring_invoicing.yaml").process
    (begins,) = process.starts(process.id)
    assert isinstance(begins.trigger, TimerDefinition)
    (verdict,) = verdicts(Model(processes={process.id: process})).values()
    assert verdict.is_sound, verdict


def test_it_has_a_diagram_though_nobody_drew_one() -> None:
    bundle = read_bundle(replenishment.files())
    assert read_processes(bundle.diagram, replenishment.BPMN) == (bundle.process,)
    found = faults_of(bundle.diagram)
    assert (found.crossings, found.others) == ([], [])


def test_it_goes_on_as_a_diagram() -> None:
    files, drawn = replenishment.files(), replenishment.drawn_files()
    said, found = read_bundle(files), read_bundle(drawn)
    assert YAML not in drawn
    assert (found.model.processes, found.names, found.warnings) == (said.model.processes, said.names, ())
    assert as_diagrams(drawn) == drawn
    assert check(drawn, HANDLERS) == ()
    files["process.yaml"] += b"names: # of the second language\n  participant: {en: Pool}\n"
    assert read_description(as_diagrams(files))["names"].keys() == said.names.keys() | {"participant"}
    broken = replenishment.files() | {YAML: b"process: replenishment\n"}
    assert as_diagrams(broken) == broken


def read_description(files: dict[str, bytes]) -> Any:
    return parse_yaml(files["process.yaml"], "process.yaml").data


def errors_of(files: dict[str, bytes]) -> list[tuple[str, str, str | None, str | None]]:
    with pytest.raises(DefinitionError) as caught:
        read_bundle(files)
    return [(each.code, each.file, each.element_id, each.place) for each in caught.value.problems]


def test_a_process_stands_in_one_of_the_two_forms() -> None:
    files = replenishment.files() | {replenishment.BPMN: replenishment.diagram().encode()}
    assert ("process_in_two_forms", YAML, None, None) in errors_of(files)


def test_an_element_has_its_english_name_in_one_place() -> None:
    files = replenishment.files()
    files["process.yaml"] += b"names: {launched: {en: Done}, nothing: {en: Nothing}}\n"
    assert [(code, place) for code, _, _, place in errors_of(files)] == [
        ("name_in_two_places", "names.launched"),
        ("element_unknown", "names.nothing"),
    ]


MISFITS: list[tuple[str, str, str, str]] = [
    ("form: decision", "form: decisoin", "form_unknown", "form: decision"),
    ("in table: approval_needed", "in table: approval", "decision_unknown", "in table: approval_needed"),
    ("who: purchasing_manager", "who: sales_admin", "", ""),
    (
        "program: purchasing.remind_buyers",
        "program: purchasing.remind",
        "handler_unknown",
        "program: purchasing.remind_buyers",
    ),
    ("- launched_by: decided_by", "- ordered_by: decided_by", "handler_input_unknown", "- launched_by: decided_by"),
    ("- launched_by: decided_by", "- ordered_by: decided_by", "handler_input_missing", "- do: launch_request"),
    ("- because: supplier_inactive", "- because: supplier_gone", "error_never_raised", "- because: supplier_inactive"),
    (
        "because: [supplier_unknown, ",
        "because: [supplier_inconnu, ",
        "error_never_raised",
        "- because: [supplier_unknown, request_already_decided]",
    ),
    ("\n    get: [request_status]", "\n    get: [request_status, x]", "", ""),
    ("- when: approval_required", "- when: quantity + 1", "condition_never_boolean", "- when: approval_required"),
]
"""What is written instead, and the problem that the gate tells, at the line of this."""


@pytest.mark.parametrize(("old", "new", "code", "line"), MISFITS, ids=[each[2] or "fits" for each in MISFITS])
def test_what_does_not_fit_the_other_files_is_told_at_its_line(old: str, new: str, code: str, line: str) -> None:
    problems = check(changed(old, new), HANDLERS)
    found = {(each.code, each.place) for each in problems if each.file == YAML}
    assert all(str(place).startswith("line:") for _, place in found)
    assert not code or (code, f"line:{line_of(line)}") in found, problems


def test_what_the_proof_finds_is_told_at_the_line_of_the_step() -> None:
    bundle = read_bundle(replenishment.files())
    for element, line in (
        ("gateway_agreement", "- choose: agreement"),
        ("gateway_approval_join", "- choose: approval"),
    ):
        found = bundle.located(Problem(code="explore_deadlock", file=YAML, element_id=element))
        assert found.place == f"line:{line_of(line)}"
    elsewhere = Problem(code="story_path_other", file="stories/a.yaml", element_id="decide_request", place="steps[0]")
    assert bundle.located(elsewhere) == elsewhere


def test_who_begins_must_be_allowed_to() -> None:
    wanted = [("starter_not_allowed", YAML, "asked", f"line:{line_of('start:') + 1}")]
    assert errors_of(changed("who: sales_admin", "who: purchasing_manager"))[:1] == wanted
    assert errors_of(changed("start: {roles: [sales_admin], form: request}\n", "", "process.yaml"))[:1] == wanted


def test_what_a_broken_form_would_hold_is_not_missed() -> None:
    files = replenishment.files() | {YAML: b"process: replenishment\n"}
    assert {code for code, *_ in errors_of(files)} == {"yaml_key_missing"}


def checked(*paths: Path) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["check", *map(str, paths)])
    return int(ended.value.code or 0)


def test_the_command_checks_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    form = tmp_path / YAML
    form.write_text(written(), encoding="utf-8")
    assert checked(replenishment.FOLDER, form) == 0
    assert "The process is sound" in capsys.readouterr().out
    form.write_text(written().replace("amount: round", "amount: 1 + * round"), encoding="utf-8")
    assert checked(form) == 1
    assert f"(line {line_of('amount: round half up(quantity * unit_price, 2)')})" in capsys.readouterr().out
