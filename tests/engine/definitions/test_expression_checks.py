"""What the gate says of the expressions of a process (engine/definitions/expression_checks.py)."""

from __future__ import annotations

import pytest

from engine.definitions import gate
from engine.definitions.expression_checks import Known, check_expressions
from engine.feel import TypeName
from engine.model import elements as model
from tests.engine.kernel.building import feel, make, script, timer, user
from tests.engine.processes import parcels
from tests.engine.processes.parcels import HANDLERS, ROLES

CONDITION = b"= weight &gt; 20<"


def found(condition: str) -> list[tuple[str, str, str | None, str | None]]:
    files = parcels.files()
    assert CONDITION in files["parcel.bpmn"]
    changed = files["parcel.bpmn"].replace(CONDITION, f"= {condition}<".encode())
    problems = gate.check(files | {"parcel.bpmn": changed}, HANDLERS, ROLES)
    return [(each.severity, each.code, each.element_id, each.place) for each in problems if each.place == "condition"]


@pytest.mark.parametrize(
    ("condition", "severity_and_codes"),
    [
        ("weight &gt; 20", []),
        ("weight", [("warning", "condition_never_boolean")]),  # the form tells that it is a number
        ("weight_of_a_message", []),
        ("wieght &gt; 20", [("warning", "feel_unknown_name_similar")]),
        ("weight = null or weight in [1..3]", []),
        ("weight + 20", [("warning", "condition_never_boolean")]),
        ("count(weight)", [("error", "condition_never_boolean")]),
        ('"yes"', [("error", "condition_never_boolean")]),
        ("null", [("error", "condition_never_boolean")]),
        ('20 &gt; "10"', [("error", "condition_never_boolean"), ("warning", "feel_never_ordered")]),
        ('weight = "20"', [("warning", "feel_never_equal")]),
        ('count(weight) = "1"', [("warning", "feel_never_equal")]),
        ("upper case(3) = weight", [("warning", "feel_argument_kind")]),
        ("date(day).years = 2026", [("warning", "feel_unknown_property_similar")]),
    ],
)
def test_conditions_are_held_against_their_types(condition: str, severity_and_codes: list[tuple[str, str]]) -> None:
    assert [(severity, code) for severity, code, _, _ in found(condition)] == severity_and_codes


def test_problems_name_the_flow() -> None:
    assert {element for _, _, element, _ in found('"yes"')} == {"f_heavy"}


def test_mappings_and_other_expressions_are_looked_at_too() -> None:
    files = parcels.files()
    mapping = b'source="= number" target="number"'
    assert mapping in files["parcel.bpmn"]
    changed = files["parcel.bpmn"].replace(mapping, b'source="= 1 + &quot;a&quot;" target="number"', 1)
    problems = gate.check(files | {"parcel.bpmn": changed}, HANDLERS, ROLES)
    assert [(each.code, each.place) for each in problems if each.code.startswith("feel_")] == [
        ("feel_arithmetic_kinds", "output number")
    ]


@pytest.mark.parametrize(
    ("node", "place"),
    [
        (make(model.CatchEvent, "n", trigger=model.ConditionalDefinition(condition=feel('"yes"'))), "condition"),
        (make(model.ComplexGateway, "n", activation=feel("activationCount")), "activationCondition"),
        (script("n", loop=model.StandardLoop(condition=feel("loopCounter + 1"), tests_before=False)), "loopCondition"),
    ],
)
def test_conditions_of_every_kind_are_asked_for_a_yes_or_no(node: model.Node, place: str) -> None:
    process = model.Process(id="p", name="p", nodes={"n": node}, flows={})
    known = Known(types={"activationCount": TypeName("number"), "loopCounter": TypeName("number")})
    (problem,) = check_expressions("p.bpmn", process, known)
    assert (problem.code, problem.element_id, problem.place) == ("condition_never_boolean", "n", place)


def timed(place: str, expression: str) -> list[tuple[str, str, str]]:
    """What the gate says of a time of a task, or of the timer at its border."""
    if place in ("due", "follow_up"):
        node = user("ask", **{place: feel(expression)})
    else:
        node = make(model.BoundaryEvent, "late", attached_to="ask", trigger=timer(place, expression))
    process = model.Process(id="p", name="p", nodes={node.id: node}, flows={})
    known = Known(types={"needed_on": TypeName("date"), "days": TypeName("number"), "delay": TypeName("string")})
    return [(each.severity, each.code, each.place or "") for each in check_expressions("x.bpmn", process, known)]


@pytest.mark.parametrize(
    ("place", "expression"),
    [
        ("duration", 'duration("P3D")'),
        ("duration", 'duration("P1M")'),
        ("duration", "delay"),
        ("duration", '"P3D"'),
        ("duration", "something"),
        ("duration", 'if late then duration("P1D") else days'),
        ("date", "needed_on"),
        ("date", 'needed_on + duration("P1D")'),
        ("date", 'date and time(needed_on, time("17:00:00"))'),
        ("date", "delay"),
        ("cycle", '"R/P1D"'),
        ("due", "needed_on"),
        ("due", "null"),
        ("follow_up", 'duration("P1D")'),
    ],
)
def test_what_may_be_a_time_passes(place: str, expression: str) -> None:
    assert [each for each in timed(place, expression) if each[0] == "error"] == []


@pytest.mark.parametrize(
    ("place", "expression", "code", "where"),
    [
        ("duration", "needed_on", "timer_never_a_duration", "timeDuration"),
        ("duration", 'date and time(needed_on, time("17:00:00"))', "timer_never_a_duration", "timeDuration"),
        ("duration", "days + 1", "timer_never_a_duration", "timeDuration"),
        ("date", "needed_on - needed_on", "timer_never_a_date", "timeDate"),
        ("date", "days", "timer_never_a_date", "timeDate"),
        ("cycle", "needed_on", "timer_never_a_cycle", "timeCycle"),
        ("due", "days", "task_never_a_date", "dueDate"),
        ("follow_up", "true", "task_never_a_date", "followUpDate"),
    ],
)
def test_what_is_never_a_time_is_refused(place: str, expression: str, code: str, where: str) -> None:
    """Each case would stop there: ``after: the due date``, where the due date is a moment, is the usual way to write it."""
    assert ("error", code, where) in timed(place, expression)
