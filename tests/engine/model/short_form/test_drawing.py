"""Random short forms: each is one for the reader, means one process, and that process is written as BPMN and read again."""

from __future__ import annotations

import os

import pytest

from engine.model.bpmn_reader import read_processes
from engine.model.bpmn_writer import write_processes
from engine.model.short_form import read_short_form
from tests.engine.model.short_form.drawing import as_yaml, document

FEW, MANY = 200, int(os.environ.get("PROPERTIES", "500"))


def hold(seed: int, *, is_read_again: bool) -> None:
    data = document(seed)
    read = read_short_form(as_yaml(data).encode(), "p.yaml")
    # writing compares what it wrote with the process, and refuses to give away anything else
    xml = write_processes([read.process])
    if is_read_again:
        assert read_processes(xml, "p.bpmn") == (read.process,)
    elements = {*read.process.nodes, *read.process.flows, *read.process.lanes}
    assert read.names.keys() <= elements <= read.lines.keys()


def test_random_short_forms_mean_one_process() -> None:
    for seed in range(FEW):
        hold(seed, is_read_again=seed < 20)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_many_random_short_forms_mean_one_process() -> None:
    for seed in range(FEW, FEW + MANY):
        hold(seed, is_read_again=True)
