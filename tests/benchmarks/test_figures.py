from __future__ import annotations

import json

import pytest

from tests.benchmarks.figures import Figure, Goal, amount, is_busy, line, report
from tests.benchmarks.measure import Spread
from tests.benchmarks.run import overlaps
from tests.benchmarks.tables import in_python

AT_MOST_4 = Goal("<=", 4, aim=2.5)


def spread(median: float, low: float, high: float) -> Spread:
    return Spread(median=median, low=low, high=high, blocks=24)


def test_a_line_has_five_columns_that_a_script_can_split() -> None:
    figure = Figure("feel.conditions.vs_eval", spread(3.2, 3.1, 3.3), goal=AT_MOST_4)
    assert line(figure).split() == ["feel.conditions.vs_eval", "3.20", "x", "<=4", "ok"]
    assert line(Figure("durable.row", spread(0.81, 0.8, 0.9), "ms"), 36).split() == [
        "durable.row",
        "0.810",
        "ms",
        "-",
        "-",
    ]


@pytest.mark.parametrize(
    ("goal", "low", "high", "verdict"),
    [
        (AT_MOST_4, 2.0, 2.5, "aim"),
        (AT_MOST_4, 2.0, 2.51, "ok"),
        (AT_MOST_4, 3.0, 4.0, "ok"),
        (AT_MOST_4, 3.0, 4.01, "short"),  # the median is not enough: the bad end decides
        (Goal(">=", 4), 4.0, 9.0, "ok"),
        (Goal(">=", 4), 3.9, 9.0, "short"),
        (None, 3.0, 9.0, "-"),
    ],
)
def test_the_bad_end_of_the_interval_decides(goal: Goal | None, low: float, high: float, verdict: str) -> None:
    assert Figure("a", spread((low + high) / 2, low, high), goal=goal).verdict == verdict


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.00123456, "0.00123"), (0.5, "0.500"), (3.2, "3.20"), (48.13, "48.1"), (3243.4, "3243"), (0, "0")],
)
def test_amounts_have_three_digits_and_no_exponent(value: float, text: str) -> None:
    assert amount(value) == text


def test_the_report_is_json_with_intervals_and_says_whether_the_machine_was_busy() -> None:
    figure = Figure("feel.conditions.vs_eval", spread(3.2, 3.1, 3.3), goal=AT_MOST_4, note="eight")
    read = json.loads(json.dumps(report([figure], {"python": "3.11"}, [1.0, 1.4])))
    assert read["machine_was_busy"]
    assert read["wall_over_processor_time"] == [1.0, 1.4]
    assert read["figures"] == [
        {
            "name": "feel.conditions.vs_eval",
            "value": 3.2,
            "unit": "x",
            "low": 3.1,
            "high": 3.3,
            "blocks": 24,
            "goal": "<=4",
            "aim": "<=2.5",
            "verdict": "ok",
            "note": "eight",
        }
    ]
    assert not is_busy([1.0, 1.05])


def test_a_spread_is_the_same_every_time_and_holds_its_median() -> None:
    values = [1.0, 1.1, 0.9, 1.05, 5.0, 0.95, 1.0, 1.02]
    found = Spread.of(values)
    assert found == Spread.of(values)
    assert found.low <= found.median <= found.high
    assert Spread.of_ratio([2.0, 4.0], [1.0, 2.0]) == Spread(2.0, 2.0, 2.0, 2)


@pytest.mark.parametrize(
    ("prefix", "is_run"),
    [("", True), ("feel", True), ("feel.conditions", True), ("feel.conditions.vs", True), ("dmn", False)],
)
def test_only_what_can_give_the_figure_is_run(prefix: str, is_run: bool) -> None:
    assert overlaps("feel.conditions", prefix) is is_run


@pytest.mark.parametrize(
    ("cell", "python"),
    [
        ("-", "-"),
        (">= 1500", ">= 1500"),
        ('"retail"', '"retail"'),
        ("true", "True"),
        ("[0..500)", "0 <= ? < 500"),
        ('not("FR")', '? != "FR"'),
        ('"DE","ES","IT"', '? in ("DE","ES","IT")'),
        ('[date("2026-03-01")..date("2026-03-28")]', "date(2026, 3, 1) <= ? <= date(2026, 3, 28)"),
    ],
)
def test_cells_say_the_same_in_python(cell: str, python: str) -> None:
    assert in_python(cell) == python


def test_a_cell_of_another_form_is_no_guess() -> None:
    with pytest.raises(ValueError, match="matches"):
        in_python('matches(?, "x")')
