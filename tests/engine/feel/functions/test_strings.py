"""Functions on strings (DMN 1.5 table 74) except for patterns."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.feel import Value

Evaluate = Callable[..., Value]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('substring("foobar", 3)', "obar"),
        ('substring("foobar", 3, 3)', "oba"),
        ('substring("foobar", -2, 1)', "a"),
        ('substring("\\U01F40Eab", 2)', "ab"),
        ('substring(string: "foobar", start position: -6, length: 6)', "foobar"),
        ('substring("foobar", 7)', None),
        ('substring("foobar", -7)', None),
        ('substring("foobar", 0)', None),
        ('substring("foobar", 1.5)', None),
        ('substring("foobar", 1, 0)', None),
        ('substring("foobar", 1, -1)', None),
        ('substring("", 1)', None),
        ('substring("foobar", null)', None),
        ("substring(null, 1)", None),
        ('string length("foo")', 3),
        ('string length("\\U01F40Eab")', 3),
        ('string length("")', 0),
        ("string length(string: null)", None),
        ('upper case("aBc4")', "ABC4"),
        ('upper case("straße")', "STRASSE"),
        ('lower case("aBc4")', "abc4"),
        ('lower case(string: "ÀÉ")', "àé"),
        ("lower case(1)", None),
        ('substring before("foobar", "bar")', "foo"),
        ('substring before("foobar", "xyz")', ""),
        ('substring before("foobar", "")', ""),
        ('substring before(string: "", match: "a")', ""),
        ('substring before("a", null)', None),
        ('substring after("foobar", "ob")', "ar"),
        ('substring after("", "a")', ""),
        ('substring after("foobar", "")', "foobar"),
        ('substring after("foobar", "xyz")', ""),
        ('substring after(null, "a")', None),
        ('contains("foobar", "of")', False),
        ('contains("foobar", "")', True),
        ('contains(string: "foobar", match: "ob")', True),
        ('contains("a", null)', None),
        ('starts with("foobar", "fo")', True),
        ('starts with(string: "foobar", match: "o")', False),
        ("starts with(null, null)", None),
        ('ends with("foobar", "r")', True),
        ('ends with(string: "foobar", match: "")', True),
        ('ends with("foobar", 1)', None),
        ('string join(["a", "b", "c"], "_and_")', "a_and_b_and_c"),
        ('string join(["a", "b", "c"], "")', "abc"),
        ('string join(["a", "b", "c"], null)', "abc"),
        ('string join(["a"], "X")', "a"),
        ('string join(["a", null, "c"], "X")', "aXc"),
        ('string join([], "X")', ""),
        ("string join([null])", ""),
        ('string join(["a", "b"])', "ab"),
        ('string join(list: ["a", "b"], delimiter: "-")', "a-b"),
        ('string join("a", "X")', "a"),
        ('string join(["a", 1], "X")', None),
        ('string join(["a", ["b"]], "X")', None),
        ("string join(null)", None),
        ('string join(["a"], 1)', None),
        ('"a" < "b"', True),
        ('"a" < "B"', False),
        ('"a" < "a "', True),
        ('"\\U01F40E" > "\\uFFFD"', True),
    ],
)
def test_strings(evaluate: Evaluate, source: str, expected: Value) -> None:
    assert evaluate(source) == expected
