"""Random short forms: each is one for the reader, means one process, and that process is written as BPMN and read again."""

from __future__ import annotations

import os

import pytest

from engine.model.bpmn_reader import read_processes
from engine.model.bpmn_writer import write_processes
from engine.model.short_form import read_short_form
from tests.engine.model.short_form.drawing import as_yaml, document

FEW, MANY = 200, int(os.environ.get("PROPERTIES", "500"))


def hold(seed: int) -> None:
    data = document(seed)
    read = read_short_form(as_yaml(data).encode(), "p.yaml")
    assert read_processes(write_processes([read.process]), "p.bpmn") == (read.process,)
    elements = {*read.process.nodes, *read.process.flows, *read.process.lanes}
    assert read.names.keys() <= elements <= read.lines.keys()


def test_random_short_forms_mean_one_process() -> None:
    for seed in range(FEW):
        hold(seed)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_many_random_short_forms_mean_one_process() -> None:
    for seed in range(FEW, FEW + MANY):
        hold(seed)
