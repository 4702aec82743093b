"""What the gate says of the decision tables of a version (engine/decisions/checks)."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.decisions.table import Aggregation, HitPolicy, Output, Table
from engine.definitions import gate
from engine.definitions.store import read_folder
from engine.feel import TypeName
from engine.feel.printer import printed_type
from handlers.table import HANDLERS as HANDLERS_OF_RELEASE
from tests.engine.processes import parcels
from tests.engine.processes.parcels import HANDLERS, ROLES

FOLDER = Path(__file__).parents[3] / "processes" / "replenishment"
APPROVAL = (FOLDER / "approval.dmn").read_bytes()
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


def test_a_condition_is_held_against_what_the_decision_gives() -> None:
    """A second column makes a context of the result, which is neither yes nor no."""
    files = dict(read_folder(FOLDER))
    assert gate.check(files, HANDLERS_OF_RELEASE) == ()
    table = APPROVAL.replace(
        b'typeRef="boolean" />', b'typeRef="boolean" /><output id="who" name="who" typeRef="string" />'
    )
    for rule in (b"below", b"above"):
        end = b'<outputEntry id="' + rule + b'_threshold_approval">'
        head, tail = table.split(end)
        value, rest = tail.split(b"</outputEntry>", 1)
        extra = b'</outputEntry><outputEntry id="' + rule + b'_who"><text>"m"</text></outputEntry>'
        table = head + end + value + extra + rest
    problems = gate.check(files | {"approval.dmn": table}, HANDLERS_OF_RELEASE)
    (problem,) = (each for each in problems if each.code.startswith("condition"))
    assert (problem.severity, problem.code, problem.element_id) == (
        "warning",
        "condition_never_boolean",
        "flow_gateway_approval_1",
    )
    assert problem.facts["type"] == "context<approval_required: boolean, who: string>"


def table(hit_policy: HitPolicy, *types: str, aggregation: Aggregation | None = None) -> Table:
    columns = tuple(Output(name=f"c{number}", type=TypeName(each)) for number, each in enumerate(types, 1))
    return Table(inputs=(), columns=columns, rules=(), hit_policy=hit_policy, aggregation=aggregation)


@pytest.mark.parametrize(
    ("decided", "expected"),
    [
        (table(HitPolicy.UNIQUE, "boolean"), "boolean"),
        (table(HitPolicy.FIRST, "number", "string"), "context<c1: number, c2: string>"),
        (table(HitPolicy.RULE_ORDER, "number"), "list<number>"),
        (table(HitPolicy.OUTPUT_ORDER, "number", "date"), "list<context<c1: number, c2: date>>"),
        (table(HitPolicy.COLLECT, "string"), "list<string>"),
        (table(HitPolicy.COLLECT, "string", aggregation=Aggregation.COUNT), "number"),
        (table(HitPolicy.COLLECT, "date", aggregation=Aggregation.MAX), "date"),
        (Table(inputs=(), columns=(Output(name="c1"),), rules=()), "Any"),
    ],
)
def test_the_type_of_what_a_table_gives(decided: Table, expected: str) -> None:
    assert printed_type(decided.type) == expected
