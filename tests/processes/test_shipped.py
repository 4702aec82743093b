"""Every process that ships: drawn as a person would draw it, and in force in the demonstration."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.definitions.store import read_folder
from engine.model.bpmn_reader import read_processes
from engine.model.bundle import read_bundle
from engine.model.schema import validate
from tests.engine.model.diagrams import faults_of

FOLDERS = sorted(each.parent for each in (Path(__file__).parents[2] / "processes").glob("*/process.yaml"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda each: each.name)
def test_it_is_drawn_without_a_crossing_and_means_the_same(folder: Path) -> None:
    bundle = read_bundle(read_folder(folder))
    assert bundle.key == folder.name
    xml = bundle.diagram
    assert validate(xml, "p.bpmn") == ()
    assert read_processes(xml, "p.bpmn") == (bundle.process,)
    found = faults_of(xml)
    assert (found.crossings, found.others) == ([], [])
