"""What is said of expressions before they are evaluated (engine/feel/analysis.py)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from engine.feel import Environment, FeelSyntaxError, TypeName, analyse, compile_expression, compile_unary_tests
from engine.feel.printer import printed_type

NUMBER, STRING, DATE = TypeName("number"), TypeName("string"), TypeName("date")
LINE = TypeName("context", (), (("quantity", NUMBER), ("item", STRING), ("due", DATE)))
TYPES: Mapping[str, TypeName] = {
    "n": NUMBER,
    "s": STRING,
    "d": DATE,
    "t": TypeName("time"),
    "m": TypeName("dateTime"),
    "b": TypeName("boolean"),
    "days": TypeName("days and time duration"),
    "months": TypeName("years and months duration"),
    "line": LINE,
    "lines": TypeName("list", (LINE,)),
    "numbers": TypeName("list", (NUMBER,)),
    "spans": TypeName("range", (DATE,)),
    "any": TypeName("Any"),
}


def type_of(source: str) -> str | None:
    found = analyse(compile_expression(source, names=TYPES), TYPES).type
    return None if found is None else printed_type(found)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("1", "number"),
        ('"a"', "string"),
        ("null", "Null"),
        ("n + 1", "number"),
        ("s + s", "string"),
        ("d + days", "date"),
        ("m - d", "days and time duration"),
        ("days / days", "number"),
        ("-months", "years and months duration"),
        ("n + any", None),
        ("x", None),
        ("n < 3 and x", "boolean"),
        ('n < "a"', "Null"),
        ("n = s", "boolean"),
        ("line.quantity", "number"),
        ("line.due.year", "number"),
        ("m.timezone", "string"),
        ("lines.item", "list<string>"),
        ("lines[quantity > 1].due", "list<date>"),
        ("lines[2].item", "string"),
        ("lines[-1].item", "string"),
        ("numbers[item > 2]", "list<number>"),
        ("numbers[n]", None),
        ("for x in lines return x.quantity * 2", "list<number>"),
        ("for i in 1..3 return i", "list<number>"),
        ("for i in [d..d] return i.day", "list<number>"),
        ("some x in lines satisfies x.quantity > 2", "boolean"),
        ("if b then 1 else 2", "number"),
        ("if b then 1 else null", "number"),
        ('if b then 1 else "a"', None),
        ("[1, 2]", "list<number>"),
        ('[1, "a"]', "list"),
        ("[]", "list<Null>"),
        ("{a: 1, b: a + 1}", "context<a: number, b: number>"),
        ("{a: {b: s}}.a.b", "string"),
        ("[1..n]", "range<number>"),
        ("spans.start", "date"),
        ("spans.end included", "boolean"),
        ("function(a: number) a + 1", "function<number> -> number"),
        ("function(a) a", "function<Any> -> Any"),
        ("(function(a: number) a + 1)(2)", "number"),
        ("{double: function(x: number) x * 2, four: double(2)}.four", "number"),
        ("substring(s, 2)", "string"),
        ("count(lines)", "number"),
        ("sum(numbers)", None),
        ("max(numbers)", "number"),
        ("reverse(lines)[1].due", "date"),
        ("append(numbers, 3)", "list<number>"),
        ("append(numbers, s)", "list"),
        ("concatenate(numbers, [1])", "list<number>"),
        ("split(s, s)", "list<string>"),
        ("date and time(d, t)", "date and time"),
        ("working_days_after(d, 2)", "date"),
        ("working_days_after(m, 2)", "date and time"),
        ("string length(string: s)", "number"),
        ("any instance of number", "boolean"),
        ("abs instance of function", "boolean"),
        ("n in (1, 2)", "boolean"),
        ("n between 1 and 2", "boolean"),
    ],
)
def test_types_are_known_where_they_can_be(source: str, expected: str | None) -> None:
    assert type_of(source) == expected


@pytest.mark.parametrize(
    ("source", "code", "at", "facts"),
    [
        ('n > "a"', "feel_never_ordered", 0, {"left": "number", "right": "string"}),
        ("s < null", "feel_never_ordered", 0, {"left": "string", "right": "Null"}),
        ("b < true", "feel_never_ordered", 0, {"left": "boolean", "right": "boolean"}),
        ('line.quantity = "a"', "feel_never_equal", 0, {"left": "number", "right": "string"}),
        ("n != d", "feel_never_equal", 0, {"left": "number", "right": "date"}),
        ("1 + s", "feel_arithmetic_kinds", 4, {"operator": "+", "left": "number", "right": "string"}),
        ("s - s", "feel_arithmetic_kinds", 4, {"operator": "-", "left": "string", "right": "string"}),
        ("-s", "feel_negation_kind", 0, {"type": "string"}),
        ("b and n", "feel_condition_kind", 6, {"type": "number"}),
        ("if s then 1 else 2", "feel_condition_kind", 3, {"type": "string"}),
        ("numbers[item + d = 1]", "feel_arithmetic_kinds", 15, {"operator": "+", "left": "number", "right": "date"}),
        ("lines[item]", "feel_condition_kind", 6, {"type": "string"}),
        ("every x in numbers satisfies x", "feel_condition_kind", 29, {"type": "number"}),
        ("line.quantit", "feel_unknown_entry_similar", 0, {"name": "quantit", "suggestion": "quantity"}),
        ("line.colour", "feel_unknown_entry", 0, {"name": "colour"}),
        ("lines.quantit", "feel_unknown_entry_similar", 0, {"name": "quantit", "suggestion": "quantity"}),
        ("d.years", "feel_unknown_property_similar", 0, {"name": "years", "type": "date", "suggestion": "year"}),
        ("n.size", "feel_unknown_property", 0, {"name": "size", "type": "number"}),
        ("upper case(n)", "feel_argument_kind", 11, {"function": "upper case", "type": "number", "wanted": "string"}),
        ("substring(s, s)", "feel_argument_kind", 13, {"function": "substring", "type": "string", "wanted": "number"}),
        ("substring(string: n, start position: 1)", "feel_argument_kind", 18, None),
        ("working_days_after(s, 1)", "feel_argument_kind", 19, {"wanted": "date, date and time"}),
        ("s in [1..2]", "feel_test_never", 5, {"tested": "string", "type": "range<number>"}),
        ("s in (1, 2)", "feel_test_never", 6, {"tested": "string", "type": "number"}),
        ("n in (< d)", "feel_test_never", 6, {"tested": "number", "type": "date"}),
        ('n between 1 and "a"', "feel_never_ordered", 16, None),
    ],
)
def test_what_can_never_be_is_found(source: str, code: str, at: int, facts: dict[str, str] | None) -> None:
    finding = analyse(compile_expression(source, names=TYPES), TYPES).findings[0]
    assert (finding.code, finding.at) == (code, at)
    if facts is not None:
        assert facts.items() <= finding.facts.items()


@pytest.mark.parametrize(
    "source",
    [
        "x > 1",
        "any + s",
        "n = null",
        "null = null",
        "s != null",
        "m < m and d = d",
        "lines[1].quantity > 2",
        "lines[quantity > n]",
        "x.y.z",
        "count(1)",
        "substring([s], 1)",
        "get value(line, s) > 2",
        "n in (1, [2, 3], [1..4], > 5, null)",
        "s in (s, [s])",
        "b in (true, not(b))",
        "numbers in ([numbers])",
        "if x then 1 else s",
        "sum(lines.quantity) > 2",
        "(if b then 1 else null) + 2",
        "for x in 1..3 return x + 1",
        "[{quantity: n}][item.quantity > 1]",
        "{f: function(n) if n = 0 then 1 else n * f(n - 1), g: f(3) + 1}",
        'date("2026-01-01") < d',
        "today() > d",
        "line.quantity in [1..n]",
    ],
)
def test_what_may_be_right_is_left_alone(source: str) -> None:
    assert analyse(compile_expression(source, names=TYPES), TYPES).findings == ()


def test_one_mistake_is_found_once() -> None:
    found = analyse(compile_expression("(n + s) * 2 > d and -(n + s) = 2", names=TYPES), TYPES).findings
    assert [finding.code for finding in found] == ["feel_arithmetic_kinds", "feel_arithmetic_kinds"]


@pytest.mark.parametrize(
    ("source", "kind", "codes"),
    [
        ('"a", "b"', STRING, []),
        ('1, "b"', STRING, ["feel_test_never"]),
        ("< 3", DATE, ["feel_test_never"]),
        ("< null", DATE, ["feel_never_ordered"]),
        ("< true", TypeName("boolean"), ["feel_never_ordered"]),
        ("[1..3]", DATE, ["feel_test_never"]),
        ("not([1..3])", NUMBER, []),
        ("null", NUMBER, []),
        ("? > 3 and n > 2", NUMBER, []),
        ("upper case(?) = s", NUMBER, ["feel_argument_kind"]),
        ("b", NUMBER, []),
        ("-", NUMBER, []),
        ("1", TypeName("Any"), []),
    ],
)
def test_unary_tests_are_held_against_what_they_test(source: str, kind: TypeName, codes: list[str]) -> None:
    compiled = compile_unary_tests(source, names=TYPES)
    analysis = analyse(compiled, {**TYPES, "?": kind})
    assert [finding.code for finding in analysis.findings] == codes
    assert analysis.type == TypeName("boolean")


def test_named_types_are_known_to_the_analysis() -> None:
    types = {"tLine": LINE, "tLines": TypeName("list", (TypeName("tLine"),))}
    compiled = compile_expression("orders[1].quantit", names=["orders"], types=types)
    assert [finding.code for finding in analyse(compiled, {"orders": TypeName("tLines")}).findings] == [
        "feel_unknown_entry_similar"
    ]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("(function() 1) instance of function<> -> number", True),
        ("(function() 1) instance of function<> -> string", False),
        ("(function(a) a) instance of function<number> -> Any", True),
        ("(function(a: number) a) instance of function<Any> -> Any", False),
        ("(function(a: tA) 1) instance of function<tB> -> number", True),
        ("(function(a: tB) 1) instance of function<tA> -> number", False),
        ("upper case instance of function<string> -> string", True),
        ("upper case instance of function<number> -> string", False),
        ("[1, null] instance of list<number>", True),
        ('[1, "a"] instance of list<number>', False),
        ("[[1], []] instance of list<list<number>>", True),
        ("[] instance of list<string>", True),
        ("[1..2] instance of range<number>", True),
        ('["a".."b"] instance of range<number>', False),
        ("{a: 1, b: 2} instance of tA", True),
        ("{b: 2} instance of tA", False),
        ("{a: null} instance of tA", True),
        ("null instance of tA", False),
        ("null instance of Null", True),
        ("null instance of Any", False),
        ("1 instance of Null", False),
        ("(function(a: number) a)([5])", 5),
        ("(function(a: list<number>) count(a))(5)", 1),
        ('(function(a: number) a)("5") = null', True),
        ('string((function(a: date and time) a)(@"2026-01-02"))', "2026-01-02T00:00:00Z"),
    ],
)
def test_values_and_functions_conform_to_types(source: str, expected: object) -> None:
    types = {
        "tA": TypeName("context", (), (("a", NUMBER),)),
        "tB": TypeName("context", (), (("a", NUMBER), ("b", NUMBER))),
    }
    assert (
        compile_expression(source, types=types).evaluate({}, Environment(datetime(2026, 1, 1, tzinfo=UTC))) == expected
    )


def test_types_that_name_each_other_stay_small() -> None:
    twice = {
        f"t{i}": TypeName("context", (), (("a", TypeName(f"t{i + 1}")), ("b", TypeName(f"t{i + 1}"))))
        for i in range(30)
    }
    with pytest.raises(FeelSyntaxError) as caught:
        compile_expression("x instance of t0", types={**twice, "t30": NUMBER})
    assert caught.value.code == "feel_type_too_large"
    tree = {"tTree": TypeName("context", (), (("next", TypeName("tTree")),))}
    compile_expression("x instance of tTree", types=tree)


def test_what_is_compiled_with_other_types_is_another_expression() -> None:
    one = compile_expression("1 instance of tA", types={"tA": NUMBER})
    other = compile_expression("1 instance of tA", types={"tA": STRING})
    assert one != other
    assert one == compile_expression("1 instance of tA", types={"tA": NUMBER})
