"""``bordereau play``: the path as it happens, the verdict, the coverage; for people and for scripts."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from engine import cli
from engine.settings import CHECKOUT
from tests import replenishment

REPLENISHMENT = CHECKOUT / "processes" / "replenishment"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("BORDEREAU_") or name in ("LC_ALL", "LC_MESSAGES", "LANG"):
            monkeypatch.delenv(name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(REPLENISHMENT, tmp_path / "replenishment"))


def change(folder: Path, story: str, before: str, after: str) -> Path:
    file = folder / "stories" / f"{story}.yaml"
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after), encoding="utf-8")
    return file


def test_all_stories_of_a_folder_are_played_with_their_coverage(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["play", str(REPLENISHMENT)]) == 0
    said = capsys.readouterr().out
    assert said.count("All went as told.") == 7
    assert "7 stories, 0 of them failed." in said
    assert "decision rows of approval_needed: 100 % (2/2)" in said


def test_one_story_is_told_as_it_happens_in_the_language_of_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", "fr_FR.UTF-8")
    story = REPLENISHMENT / "stories" / "late_and_inactive.yaml"
    assert cli.run(["play", str(REPLENISHMENT), "--story", str(story)]) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    order = [
        "24/11/2026 09:00  claire commence le dossier.",
        "→ Décider de la demande",
        "26/11/2026 09:00  ⏰ «\u00a0Sans décision à l’échéance\u00a0»\u00a0: c’est l’heure",
        "→ Relancer les achats",
        "erreur supplier_inactive à «\u00a0Lancer la commande\u00a0»",
        'blocked_supplier = "Ancienne Papeterie"',
        "→ Demande refusée",
        "Tout s’est passé comme raconté.",
    ]
    places = [next(number for number, line in enumerate(lines) if line.endswith(each)) for each in order]
    assert places == sorted(places)
    assert not any("couverture" in line.lower() for line in lines)


def test_a_deviation_is_a_sentence_with_its_place(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    story = change(folder, "ordered", "    amount: 125.00\n", "    amount: 126.00\n")
    assert cli.run(["play", str(folder), "--story", str(story)]) == 1
    said = capsys.readouterr().out
    assert "1 deviation:" in said
    assert "(expect.variables.amount): The variable “amount” was to be 126.00; it is 125.00." in said
    assert "1 story, 1 of them failed." in said


def test_scripts_get_everything_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(folder, "refused", "  end: refused\n", "  end: launched\n")
    assert cli.run(["play", str(folder), "--json"]) == 1
    record = json.loads(capsys.readouterr().out)
    assert record["passed"] is False
    by_file = {each["story"]: each for each in record["stories"]}
    assert [name for name, each in by_file.items() if not each["passed"]] == ["stories/refused.yaml"]
    (found,) = by_file["stories/refused.yaml"]["deviations"]
    assert (found["code"], found["place"]) == ("story_completed_elsewhere", "expect.end")
    assert by_file["stories/ordered.yaml"]["variables"]["amount"] == 125
    assert by_file["stories/ordered.yaml"]["path"][:2] == ["asked", "submit_request"]
    assert record["coverage"]["elements"]["replenishment"]["missing"] == []


def test_what_cannot_be_played_is_told_all_at_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = change(folder, "ordered", "task: decide_request", "task: decide")
    second = change(folder, "refused", "expect:", "expects:")
    assert cli.run(["play", str(folder), "--story", str(first), "--story", str(second)]) == 1
    said = capsys.readouterr().err
    assert "there is no element “decide”" in said
    assert "there is no key “expects” here" in said
    assert "the key “expect” is missing" in said


def test_a_bare_diagram_is_played_without_handlers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    diagram = tmp_path / "replenishment.bpmn"
    diagram.write_text(replenishment.diagram(), encoding="utf-8")
    story = tmp_path / "stories" / "waiting.yaml"
    story.parent.mkdir()
    story.write_text(
        "title: {fr: a, en: b}\nprocess: replenishment\n"
        "start: {at: 2026-11-24T09:00, variables: {article: A, quantity: 1, needed_on: null, comment: null}}\n"
        "steps: [{handler: submit_request, returns: {request_number: DA-1, article_name: A, unit: m}}]\n"
        "expect: {end: {waiting: [decide_request]}}\n",
        encoding="utf-8",
    )
    assert cli.run(["play", str(diagram)]) == 0
    assert "All went as told." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "nowhere does not exist."),
        ([str(CHECKOUT / "processes")], "holds no process"),
        ([str(REPLENISHMENT), "--story", "nowhere.yaml"], "nowhere.yaml does not exist."),
    ],
)
def test_what_is_asked_wrongly(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["play", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_process_without_stories_says_what_to_do(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(folder / "stories")
    assert cli.run(["play", str(folder)]) == 2
    assert "Name one with --story." in capsys.readouterr().err
