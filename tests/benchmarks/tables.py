"""Decisions: the table of 100 rows and 5 inputs against the calibration loop and SpiffWorkflow's DMN engine, and its checks.

What was changed for that engine, which evaluates cells as Python (it knows no FEEL):

* every cell says the same in Python: ``[0..500)`` is ``0 <= ? < 500``, ``not("FR")`` is ``? != "FR"``, ``"DE","ES"`` is
  ``? in ("DE", "ES")``, ``date("2026-03-01")`` is ``date(2026, 3, 1)``; ``-``, ``>= 1500`` and ``"retail"`` stay as they are;
* the hit policy is UNIQUE: there it stops at the first row that hits, which is what FIRST means. Under FIRST it goes through all rows,
  and would be slower;
* it is asked directly, with the variables as the data of a task, without a workflow around it.

Both engines must give the same answer to each of the 200 inputs before anything is measured.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from types import SimpleNamespace
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine, TaskDataEnvironment
from SpiffWorkflow.dmn.parser.BpmnDmnParser import BpmnDmnParser

from engine.decisions import read_decisions, read_model
from engine.decisions.checks import check_model
from tests.benchmarks.figures import Figure
from tests.benchmarks.languages import ENVIRONMENT, INPUTS, typed
from tests.benchmarks.measure import BLOCKS, Spread, calibration, cpu

FILE = INPUTS / "discount-100x5.dmn"
_DATE = re.compile(r'date\("(\d+)-0?(\d+)-0?(\d+)"\)')
_RANGE = re.compile(r"([\[(])(.+)\.\.(.+)([\])])")
_SLICES = 20


def in_python(cell: str) -> str:
    """The test of a cell in Python. Raises ValueError for a form that the table does not have today."""
    cell = _DATE.sub(r"date(\1, \2, \3)", cell)
    if match := _RANGE.fullmatch(cell):
        opening, low, high, closing = match.groups()
        return f"{low} {'<=' if opening == '[' else '<'} ? {'<=' if closing == ']' else '<'} {high}"
    if cell in ("true", "false"):
        return cell.capitalize()
    if match := re.fullmatch(r'not\(("[^"]*")\)', cell):
        return f"? != {match[1]}"
    if re.fullmatch(r'"[^"]*"(,"[^"]*")+', cell):
        return f"? in ({cell})"
    if cell == "-" or re.fullmatch(r'"[^"]*"|(<|<=|>|>=) *[0-9.]+', cell):
        return cell
    raise ValueError(cell)


def their_engine() -> Any:
    """SpiffWorkflow's engine for the translated table."""
    root = etree.fromstring(FILE.read_bytes())
    inside = f"{{{etree.QName(root).namespace}}}"
    for entry in root.iter(f"{inside}inputEntry"):
        for text in entry.iter(f"{inside}text"):
            text.text = in_python(text.text or "-")
    for found in root.iter(f"{inside}decisionTable"):
        found.set("hitPolicy", "UNIQUE")
    parser = BpmnDmnParser()
    parser.add_dmn_str(etree.tostring(root))
    return parser.get_engine("discount", root)


def table() -> Iterator[Figure]:
    """One evaluation, the mean over the 200 inputs, against C, and against the other engine on the same inputs.

    The other engine is slow enough for one block to take a twentieth of the inputs, ours the same ones: twenty blocks take them all.
    """
    (decision,) = read_decisions(FILE.read_bytes(), FILE.name).values()
    inputs = typed(json.loads((INPUTS / "discount-inputs.json").read_text()))
    theirs = their_engine()
    workflow = SimpleNamespace(script_engine=PythonScriptEngine(TaskDataEnvironment({"date": date})))
    tasks = [SimpleNamespace(data=dict(each), workflow=workflow) for each in inputs]
    for each, task in zip(inputs, tasks, strict=True):
        found, expected = decision.evaluate(each, ENVIRONMENT).value, theirs.result(task).get("discount")
        if found != expected:
            raise AssertionError(f"{each}: {found} here, {expected} there")

    def evaluate(some: list[Any]) -> None:
        for each in some:
            decision.evaluate(each, ENVIRONMENT)

    def evaluate_there(some: list[Any]) -> None:
        for task in some:
            theirs.result(task)

    ours, loop, part, other = [], [], [], []
    for block in range(max(BLOCKS, _SLICES)):
        first = block % _SLICES
        ours.append(cpu(lambda: evaluate(inputs)) / len(inputs))
        loop.append(cpu(calibration, 20))
        few, same = inputs[first::_SLICES], tasks[first::_SLICES]
        part.append(cpu(lambda few=few: evaluate(few), 20) / len(few))  # type: ignore[misc]
        other.append(cpu(lambda same=same: evaluate_there(same)) / len(same))  # type: ignore[misc]
    yield Figure("dmn.table_100x5.vs_calibration", Spread.of_ratio(ours, loop))
    yield Figure("dmn.table_100x5.time", Spread.of([1e6 * each for each in ours]), "us")
    yield Figure(
        "dmn.table_100x5.vs_spiffworkflow",
        Spread.of_ratio(part, other),
        note="cells said in Python for SpiffWorkflow, hit policy UNIQUE so that it stops at the first row as FIRST does; same answers",
    )
    yield Figure("dmn.table_100x5.spiffworkflow.time", Spread.of([1e6 * each for each in other]), "us")


def checks() -> Iterator[Figure]:
    """Checking the table for gaps, overlaps and rows without effect, as the gate and ``bordereau check`` do."""
    model = read_model(FILE.read_bytes(), FILE.name)
    checking, loop = [], []
    for _ in range(BLOCKS):
        checking.append(cpu(lambda: check_model(model)))
        loop.append(cpu(calibration, 20))
    yield Figure("dmn.checks.vs_calibration", Spread.of_ratio(checking, loop))
    yield Figure("dmn.checks.time", Spread.of([1e3 * each for each in checking]), "ms")
