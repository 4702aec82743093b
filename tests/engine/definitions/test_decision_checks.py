"""What the gate says of the decision tables of a version (engine/decisions/checks)."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.definitions import gate
from tests.engine.processes import parcels
from tests.engine.processes.parcels import HANDLERS, ROLES

APPROVAL = (Path(__file__).parents[3] / "processes" / "replenishment" / "approval.dmn").read_bytes()
INPUT, OUTPUT = "Montant de la commande (hors taxes)", "output:1 Accord nécessaire ?"


def found(old: str, new: str) -> list[tuple[str, str, str | None]]:
    assert old.encode() in APPROVAL
    files = parcels.files() | {"approval.dmn": APPROVAL.replace(old.encode(), new.encode())}
    problems = gate.check(files, HANDLERS, ROLES)
    return [(each.severity, each.code, each.place) for each in problems if each.file == "approval.dmn"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("&gt; 5000", "&gt; 5000", []),
        ("&gt; 5000", "&gt;= 5000", [("error", "dmn_overlap", "rule:1")]),
        ("&gt; 5000", "&gt; 6000", [("warning", "dmn_gap_near", "rule:1")]),
        (
            "<text>true</text>",
            '<text>"true"</text>',
            [("error", "dmn_output_type", "rule:2/output:1 Accord nécessaire ?")],
        ),
        # a column may show what a message brings; a cell that names what no step writes is a slip
        ("<text>true</text>", "<text>agreed</text>", [("warning", "dmn_variable_unknown", f"rule:2/{OUTPUT}")]),
        (
            "<text>amount</text>",
            "<text>wieght</text>",
            [("warning", "dmn_variable_unknown_similar", f"input:1 {INPUT}")],
        ),
    ],
)
def test_what_stands_against_publishing(old: str, new: str, expected: list[tuple[str, str, str | None]]) -> None:
    assert found(old, new) == expected
