"""``bordereau play --engine spiffworkflow`` and what ``bordereau check`` says of the second engine."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from engine import cli
from engine.settings import CHECKOUT

REPLENISHMENT = CHECKOUT / "processes" / "replenishment"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("BORDEREAU_") or name in ("LC_ALL", "LC_MESSAGES", "LANG"):
            monkeypatch.delenv(name)


def play(*more: str, folder: Path = REPLENISHMENT) -> int:
    return cli.run(["play", str(folder), "--engine", "spiffworkflow", *more])


def test_a_story_is_told_as_it_happens_there(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", "fr_FR.UTF-8")
    assert play("--story", str(REPLENISHMENT / "stories" / "late_and_inactive.yaml")) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    order = [
        "24/11/2026 09:00  claire commence le dossier.",
        "→ Décider de la demande",
        "26/11/2026 09:00  → Sans décision à l’échéance",
        "→ Relancer les achats",
        "→ Fournisseur inactif",
        'blocked_supplier = "Ancienne Papeterie"',
        "Le dossier est terminé.",
        "Tout s’est passé comme raconté.",
        "1 récit, dont 0 en échec.",
    ]
    found = [next(number for number, line in enumerate(lines) if line.startswith(each)) for each in order]
    assert found == sorted(found)


def test_where_it_goes_another_way_than_told_is_a_deviation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path(shutil.copytree(REPLENISHMENT, tmp_path / "replenishment"))
    story = folder / "stories" / "refused.yaml"
    text = story.read_text(encoding="utf-8")
    story.write_text(
        text.replace("tell_refused, refused]", "refused]").replace("end: refused", "end: launched"), encoding="utf-8"
    )
    assert play("--story", str(story), folder=folder) == 1
    said = capsys.readouterr().out
    assert "The expected path goes to refused, but the case entered “tell_refused”." in said
    assert "Expected end: completed: launched. What came: completed: refused." in said


def test_scripts_get_marks_and_variables(capsys: pytest.CaptureFixture[str]) -> None:
    assert play("--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["passed"], record["engine"], len(record["stories"])) == (True, "spiffworkflow", 7)
    refused = next(each for each in record["stories"] if each["story"] == "stories/refused.yaml")
    assert refused["path"][:3] == ["asked", "submit_request", "decide_request"]
    assert refused["variables"]["request_status"] == "refused"


CONDITION = """<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="urn:d">
<bpmn:process id="p" isExecutable="true"><bpmn:startEvent id="start"/><bpmn:endEvent id="end"/>
<bpmn:intermediateCatchEvent id="ready"><bpmn:conditionalEventDefinition id="c"><bpmn:condition>=true</bpmn:condition>
</bpmn:conditionalEventDefinition></bpmn:intermediateCatchEvent>
<bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="ready"/><bpmn:sequenceFlow id="f2" sourceRef="ready" targetRef="end"/>
</bpmn:process></bpmn:definitions>"""


def test_what_it_cannot_play_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, story = tmp_path / "p.bpmn", tmp_path / "a.yaml"
    file.write_text(CONDITION, encoding="utf-8")
    story.write_text(
        "title: {fr: a, en: a}\nprocess: p\nstart: {at: 2026-11-23T09:00}\nsteps: []\nexpect: {end: end}",
        encoding="utf-8",
    )
    assert play("--story", str(story), folder=file) == 1
    said = capsys.readouterr().out
    assert "The second engine cannot play" in said
    assert "“ready” waits for a condition" in said


def test_check_prints_the_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["check", str(REPLENISHMENT)]) == 0
    said = capsys.readouterr().out
    assert "Second engine: 7 of 7 stories compared, 0 different by a known defect, 0 unexplained." in said


def test_check_gives_scripts_the_opinion_of_each_story(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["check", "--json", str(REPLENISHMENT)]) == 0
    (file,) = json.loads(capsys.readouterr().out)["files"]
    assert [each["agreement"] for each in file["second_opinion"]] == ["same"] * 7


SHORT_FORM = """process: billing
title: {fr: Facturer, en: Invoice}
roles: {clerk: {fr: Guichet, en: Counter}}
start: {id: monthly, title: {fr: Chaque mois, en: Each month}, every: 1 month, from: 2026-12-01T06:00}
steps:
  - {ask: bill, title: {fr: Dire quoi facturer, en: Say what to invoice}, who: clerk}
  - {end: billed, title: {fr: Facturé, en: Invoiced}}
"""
STORY = """title: {fr: Un mois, en: A month}
process: billing
start: {at: 2026-12-01T06:00}
steps: [{task: bill, by: ann}]
expect: {path: [monthly, bill, billed], end: billed}
"""


@pytest.fixture
def short_form(tmp_path: Path) -> Path:
    """A process in YAML that stands alone, with a story beside it."""
    (tmp_path / "stories").mkdir()
    (tmp_path / "stories" / "month.yaml").write_text(STORY, encoding="utf-8")
    file = tmp_path / "billing.yaml"
    file.write_text(SHORT_FORM, encoding="utf-8")
    return file


def test_a_short_form_is_played_on_either_engine(short_form: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for engine in ("bordereau", "spiffworkflow"):
        assert cli.run(["play", str(short_form), "--engine", engine]) == 0
        said = capsys.readouterr().out
        assert "→ Say what to invoice" in said
        assert "1 story, 0 of them failed." in said
    assert cli.run(["check", str(short_form)]) == 0
    assert "Invoice: The process is sound" in capsys.readouterr().out


def test_a_folder_with_a_short_form_is_played_and_checked_by_name(
    short_form: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (short_form.parent / "process.yaml").write_text(
        "key: billing\nprocess: billing\ntitle: {fr: Facturation, en: Invoicing}\n", encoding="utf-8"
    )
    assert play(folder=short_form.parent) == 0
    assert "→ Say what to invoice" in capsys.readouterr().out
    assert cli.run(["check", str(short_form.parent)]) == 0
    said = capsys.readouterr().out
    assert "Invoicing: The process is sound" in said
    assert "Second engine: 1 of 1 story compared, 0 different by a known defect, 0 unexplained." in said
