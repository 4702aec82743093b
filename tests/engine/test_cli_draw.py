"""`bordereau draw`, as somebody types it."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from lxml import etree

from engine import cli
from engine.model.bpmn_reader import read_processes
from engine.model.schema import validate
from engine.settings import CHECKOUT
from tests import replenishment
from tests.engine.model.diagrams import DI, faults_of, read

SHORT = """
process: leave
title: {fr: Congé, en: Leave}
roles:
  employee: {fr: Salarié, en: Employee}
steps:
  - ask: request
    title: {fr: Demander, en: Ask}
    who: employee
    form: request
"""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """English, and nothing of the machine's own settings."""
    for name in list(os.environ):
        if name.startswith("BORDEREAU_") or name in ("LC_ALL", "LC_MESSAGES", "LANG"):
            monkeypatch.delenv(name)


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> tuple[str, str]:
    assert cli.run(["draw", *words]) == code
    captured = capsys.readouterr()
    return captured.out, captured.err


@pytest.fixture
def heaped(tmp_path: Path) -> Path:
    """A diagram in which all lies at one place."""
    process, diagram = replenishment.diagram().split("<bpmndi:BPMNDiagram", 1)
    path = tmp_path / "heaped" / "replenishment.bpmn"
    path.parent.mkdir()
    heap = re.sub(' x="[0-9]+"', ' x="7"', diagram)
    path.write_text(f"{process}<bpmndi:BPMNDiagram{heap}", encoding="utf-8")
    return path


def test_a_diagram_is_drawn_anew(heaped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new" / "new.bpmn"
    out.parent.mkdir()
    said(capsys, str(heaped), "-o", str(out))
    drawn = out.read_bytes()
    assert read_processes(drawn, "x") == read_processes(heaped.read_bytes(), "x")
    found = faults_of(drawn)
    assert (found.crossings, found.others) == ([], [])
    assert faults_of(heaped.read_bytes()).others
    # all but the diagram stays
    before, after = (etree.tostring(without_diagram(each), method="c14n") for each in (heaped.read_bytes(), drawn))
    assert before == after
    assert [each.name for each in out.parent.iterdir()] == ["new.bpmn"]


def without_diagram(xml: bytes) -> etree._Element:
    root = etree.fromstring(xml)
    (diagram,) = root.findall(f"{{{DI}}}BPMNDiagram")
    root.remove(diagram)
    return root


def test_a_short_form_becomes_a_diagram(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "leave.yaml", tmp_path / "leave.bpmn"
    source.write_text(SHORT, encoding="utf-8")
    _, remarks = said(capsys, str(source), "-o", str(out))
    assert "is drawn" in remarks
    (process,) = read_processes(out.read_bytes(), "leave.bpmn")
    assert process.nodes["request"].name == "Demander"
    assert faults_of(out.read_bytes()).others == []


def test_a_file_that_is_there_stays(heaped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "there.bpmn"
    out.write_text("mine", encoding="utf-8")
    _, remarks = said(capsys, str(heaped), "-o", str(out), code=2)
    assert "--force" in remarks
    assert out.read_text(encoding="utf-8") == "mine"
    said(capsys, str(heaped), "-o", str(out), "--force")
    assert out.read_bytes().startswith(b"<?xml")


def test_what_cannot_be_read_or_written_is_said(
    heaped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.bpmn"
    broken.write_text("<a", encoding="utf-8")
    assert "XML" in said(capsys, str(broken), "-o", str(tmp_path / "x.bpmn"), code=1)[1]
    assert "does not exist" in said(capsys, str(tmp_path / "nothing"), "-o", str(tmp_path / "x.bpmn"), code=2)[1]
    nowhere = tmp_path / "no" / "where.bpmn"
    assert "cannot be written" in said(capsys, str(heaped), "-o", str(nowhere), code=2)[1]


@pytest.mark.parametrize("name", ["pools.bpmn", "activities.bpmn", "expedition.bpmn"])
def test_notes_data_and_pools_of_others_are_placed_too(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (source,) = (each for each in (CHECKOUT / "tests").rglob(name) if "conformance" not in each.parts)
    out = tmp_path / "new.bpmn"
    said(capsys, str(source), "-o", str(out))
    assert validate(out.read_bytes(), name) == ()
    assert read_processes(out.read_bytes(), name) == read_processes(source.read_bytes(), name)
    drawn = read(out.read_bytes())
    around = {"textAnnotation", "dataObjectReference", "dataStoreReference", "group", "participant"}
    assert {key for key, kind in drawn.kinds.items() if kind in around} <= set(drawn.shapes)
    assert {key for key, kind in drawn.kinds.items() if kind == "messageFlow"} <= set(drawn.lines)


def test_what_cannot_be_placed_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "talk.bpmn"
    shown = b'<bpmndi:BPMNShape id="talk_di" bpmnElement="talk"><dc:Bounds x="1" y="1" width="40" height="40"/></bpmndi:BPMNShape>'
    xml = (
        replenishment.diagram()
        .encode()
        .replace(b"</bpmn:collaboration>", b'<bpmn:conversation id="talk"/></bpmn:collaboration>')
    )
    source.write_bytes(xml.replace(b"</bpmndi:BPMNPlane>", shown + b"</bpmndi:BPMNPlane>"))
    assert "talk" in said(capsys, str(source), "-o", str(tmp_path / "x.bpmn"), code=1)[1]
    assert not (tmp_path / "x.bpmn").exists()
