"""Relations of points and ranges (DMN 1.5 table 78, its own examples first), and ranges from text (table 72, grammar rule 66)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.feel import Value

Evaluate = Callable[..., Value]

EXAMPLES = {
    "before": "1, 10 T; 10, 1 F; 1, [1..10] F; 1, (1..10] T; 1, [5..10] T; [1..10], 10 F; [1..10), 10 T; [1..10], 15 T; "
    "[1..10], [15..20] T; [1..10], [10..20] F; [1..10), [10..20] T; [1..10], (10..20] T",
    "after": "10, 5 T; 5, 10 F; 12, [1..10] T; 10, [1..10) T; 10, [1..10] F; [11..20], 12 F; [11..20], 10 T; (11..20], 11 T; "
    "[11..20], 11 F; [11..20], [1..10] T; [1..10], [11..20] F; [11..20], [1..11) T; (11..20], [1..11] T",
    "meets": "[1..5], [5..10] T; [1..5), [5..10] F; [1..5], (5..10] F; [1..5], [6..10] F",
    "met by": "[5..10], [1..5] T; [5..10], [1..5) F; (5..10], [1..5] F; [6..10], [1..5] F",
    "overlaps": "[1..5], [3..8] T; [3..8], [1..5] T; [1..8], [3..5] T; [3..5], [1..8] T; [1..5], [6..8] F; [6..8], [1..5] F; "
    "[1..5], [5..8] T; [1..5], (5..8] F; [1..5), [5..8] F; [1..5), (5..8] F; [5..8], [1..5] T; (5..8], [1..5] F; [5..8], [1..5) F; "
    "(5..8], [1..5) F",
    "overlaps before": "[1..5], [3..8] T; [1..5], [6..8] F; [1..5], [5..8] T; [1..5], (5..8] F; [1..5), [5..8] F; [1..5), (1..5] T; "
    "[1..5], (1..5] T; [1..5), [1..5] F; [1..5], [1..5] F; [1..8], [3..5] F",
    "overlaps after": "[3..8], [1..5] T; [6..8], [1..5] F; [5..8], [1..5] T; (5..8], [1..5] F; [5..8], [1..5) F; (1..5], [1..5) T; "
    "(1..5], [1..5] T; [1..5], [1..5) F; [1..5], [1..5] F",
    "finishes": "10, [1..10] T; 10, [1..10) F; [5..10], [1..10] T; [5..10), [1..10] F; [5..10), [1..10) T; [1..10], [1..10] T; "
    "(1..10], [1..10] T; [1..10], (1..10] F",
    "finished by": "[1..10], 10 T; [1..10), 10 F; [1..10], [5..10] T; [1..10], [5..10) F; [1..10), [5..10) T; [1..10], [1..10] T; "
    "[1..10], (1..10] T",
    "includes": "[1..10], 5 T; [1..10], 12 F; [1..10], 1 T; [1..10], 10 T; (1..10], 1 F; [1..10), 10 F; [1..10], [4..6] T; "
    "[1..10], [1..5] T; (1..10], (1..5] T; [1..10], (1..10) T; [1..10), [5..10) T; [1..10], [1..10) T; [1..10], (1..10] T; "
    "[1..10], [1..10] T; [1..10), [1..10] F",
    "during": "5, [1..10] T; 12, [1..10] F; 1, [1..10] T; 10, [1..10] T; 1, (1..10] F; 10, [1..10) F; [4..6], [1..10] T; "
    "[1..5], [1..10] T; (1..5], (1..10] T; (1..10), [1..10] T; [5..10), [1..10) T; [1..10), [1..10] T; (1..10], [1..10] T; "
    "[1..10], [1..10] T",
    "starts": "1, [1..10] T; 1, (1..10] F; 2, [1..10] F; [1..5], [1..10] T; (1..5], (1..10] T; (1..5], [1..10] F; [1..5], (1..10] F; "
    "[1..10], [1..10] T; [1..10), [1..10] T; (1..10), (1..10) T; [1..10], [1..10) F",
    "started by": "[1..10], 1 T; (1..10], 1 F; [1..10], 2 F; [1..10], [1..5] T; (1..10], (1..5] T; [1..10], (1..5] F; "
    "(1..10], [1..5] F; [1..10], [1..10] T; [1..10], [1..10) T; (1..10), (1..10) T",
    "coincides": "5, 5 T; 3, 4 F; [1..5], [1..5] T; (1..5), [1..5] F; [1..5], [2..6] F",
}
NUMBERS = [
    (f"{name}({example[:-2]})", example[-1] == "T")
    for name, examples in EXAMPLES.items()
    for example in examples.split("; ")
]


@pytest.mark.parametrize(("source", "expected"), NUMBERS)
def test_examples_of_the_standard(evaluate: Evaluate, source: str, expected: bool) -> None:
    assert evaluate(source) is expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        # all that has an order
        ('before("a", "b")', True),
        ('before(@"2026-01-01", @"2026-01-02")', True),
        ('during(@"10:00:00", [@"09:00:00"..@"11:00:00"])', True),
        ('includes([@"P1D"..@"P3D"], @"P2D")', True),
        ('overlaps([@"P1Y"..@"P2Y"], [@"P18M"..@"P3Y"])', True),
        ('before(@"2026-01-01T00:00:00Z", @"2026-01-01T00:00:00-01:00")', True),
        # by name, and a list of one
        ("before(point1: 1, point2: 2)", True),
        ("before(range: [1..2], point: 3)", True),
        ("includes(range1: [1..5], range2: [2..3])", True),
        ("before([1], 2)", True),
        # an unbounded end lies beyond all
        ("includes((> 5), 10)", True),
        ("includes((> 5), 5)", False),
        ("overlaps((> 5), (< 6))", True),
        ("overlaps((> 5), (<= 5))", False),
        ("meets((<= 5), (>= 5))", True),
        ("before(1, (> 1))", True),
        ("coincides((> 5), (> 5))", True),
        ("finishes((> 5), (> 3))", True),
        # what cannot be compared is neither true nor false
        ('before(1, "a")', None),
        ("before(1, null)", None),
        ("before(null, [1..2])", None),
        ('overlaps([1..2], ["a".."b"])', None),
        ("meets(1, [1..2])", None),
        ("finishes([1..2], 2)", None),
        ("starts([1..2], 1)", None),
        ("coincides(1, [1..1])", None),
        ("coincides(true, true)", None),
        ("before([1, 2], 3)", None),
        ("before(point1: [1..2], point2: 3)", None),
    ],
)
def test_relations(evaluate: Evaluate, source: str, expected: Value) -> None:
    assert evaluate(source) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[1..3]", "[1..3]"),
        ("]1..3[", "(1..3)"),
        (" ( 1.5 .. 3 ] ", "(1.5..3]"),
        ("[-3..-1]", "[-3..-1]"),
        ("[1..1]", "[1..1]"),
        ("(..3]", "(<= 3)"),
        ("[1..)", "(>= 1)"),
        ('["a".."b c")', '["a".."b c")'),
        ('["..".."..."]', '["..".."..."]'),
        ('[date("2026-01-01")..@"2026-01-02"]', '[@"2026-01-01"..@"2026-01-02"]'),
        ('[time("10:00:00")..@"11:00:00"]', '[@"10:00:00"..@"11:00:00"]'),
        (
            '[date and time("2026-01-01T00:00:00")..@"2026-01-02T00:00:00"]',
            '[@"2026-01-01T00:00:00"..@"2026-01-02T00:00:00"]',
        ),
        ('[duration("P1D")..duration("P2D"))', '[@"P1D"..@"P2D")'),
    ],
)
def test_a_range_from_its_text(evaluate: Evaluate, text: str, expected: str) -> None:
    assert evaluate("range(t)", {"t": text}) == evaluate(expected)
    assert evaluate("range(from: t)", {"t": text}) == evaluate(expected)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "1",
            "..",
            "[..]",
            "(..)",
            "[1..",
            "1..3]",
            "[1..3",
            "[..3]",
            "[1..]",
            "[1...3]",
            "[1..2..3]",
            "[[1..3]]",
            ">= 1",
        ),
        *(
            "[null..3]",
            "[null..null]",
            "[3..1]",
            '["b".."a"]',
            '[1.."b"]',
            "[a..b]",
            "[1+1..3]",
            "[--1..3]",
            "[true..true]",
        ),
        *(
            '[@"2026-01-01"..@"2026-01-02T00:00:00"]',
            '[@"P1D"..@"P1Y"]',
            '[date("x")..@"2026-01-02"]',
            '[date(a)..@"2026-01-02"]',
        ),
        *('[string("a").."b"]', "[1..3] x", '["a.."b"]', "\u0000"),
    ],
)
def test_what_is_no_text_of_a_range_gives_null(evaluate: Evaluate, text: str) -> None:
    assert evaluate("range(t)", {"t": text}) is None


@pytest.mark.parametrize("source", ["range(null)", "range([1..3])", "range(1)"])
def test_a_range_comes_from_text_alone(evaluate: Evaluate, source: str) -> None:
    assert evaluate(source) is None
