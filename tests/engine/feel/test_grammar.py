"""The grammar rule by rule (DMN 1.5 §10.3.1.2): how a source is read, said with all its parentheses."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from engine.feel import Environment, FeelSyntaxError, Value, compile_expression, compile_unary_tests, printed
from engine.feel.functions import BUILTINS
from engine.feel.lexer import tokens_of
from engine.feel.parser import Parser
from engine.feel.printer import same
from engine.feel.tree import Name

D = Decimal

NAMES = (
    *("a", "b", "c", "xs", "unit price", "a-b", "net/gross", "l'objet", "C++", "2nd", "no.5", "line 2", "order"),
    *("order in progress", "salt and pepper", "in stock", "if any", "time and date", "due date"),
)


def read(source: str) -> object:
    return Parser(source, NAMES, BUILTINS).whole_expression()


@pytest.mark.parametrize(
    ("source", "means"),
    [
        # rules 4, 19–24: arithmetic, left to right, minus before the power
        ("1 + 2 * 3", "1 + (2 * 3)"),
        ("2 * 3 ** 2", "2 * (3 ** 2)"),
        ("-2 ** 2", "(-2) ** 2"),
        ("2 ** -1", "2 ** (-1)"),
        ("--1", "-(-1)"),
        ("-a.b[1]", "-(a.b[1])"),
        ("1-2", "1 - 2"),
        ("a -b", "a - b"),
        # rules 47–49: or, and, comparisons
        ("a or b and c", "a or (b and c)"),
        ("a and b = c", "a and (b = c)"),
        ("a = b + 1", "a = (b + 1)"),
        ("a < b = true", "(a < b) = true"),
        ("a between 1 and 2 and b", "(a between 1 and 2) and b"),
        ("a between 1 + 1 and b * 2", "a between (1 + 1) and (b * 2)"),
        ("a in > 5 and b", "(a in (> 5)) and b"),
        ("a in (1, 2) or b", "(a in (1, 2)) or b"),
        ("a in (b + c) * 2", "a in ((b + c) * 2)"),
        ("a in (xs)[1]", "a in (xs[1])"),
        ("a in ([1..2], ]3..4[, (> 5), < 6)", "a in ([1..2], (3..4), (> 5), < 6)"),
        # rules 43, 50, 38–42: paths, filters, calls
        ("a.b.c[1].d", "((a.b.c)[1]).d"),
        ("a[1][2]", "(a[1])[2]"),
        ("count(xs)[1]", "(count(xs))[1]"),
        ("a(1)(2)", "(a(1))(2)"),
        ("a.b(1).c", "((a.b)(1)).c"),
        ("[1, 2][1]", "([1, 2])[1]"),
        ("{a: 1}.a", "({a: 1}).a"),
        ('substring(string: "a", start position: 1)', 'substring( string : "a" , start position : 1 )'),
        ("string length (a)", "string length(a)"),
        # rule 51: instance of binds more than arithmetic, less than a path
        ("a.b instance of number", "(a.b) instance of number"),
        ("-a instance of number", "-(a instance of number)"),
        ("a instance of number and b", "(a instance of number) and b"),
        # rules 44–46: what takes all that follows
        ("if a then b else c + 1", "if a then b else (c + 1)"),
        ("if a then if b then 1 else 2 else 3", "if a then (if b then 1 else 2) else 3"),
        ("for i in xs return i + 1", "for i in xs return (i + 1)"),
        ("some i in xs satisfies i = 1 or b", "some i in xs satisfies ((i = 1) or b)"),
        ("for i in 1..a + 1, j in [i..10] return j", "for i in 1..(a + 1), j in [i..10] return j"),
        ("for i in for j in xs return j return i", "for i in (for j in xs return j) return i"),
        ("function(x) x + 1", "function(x) (x + 1)"),
        # rules 8–12, 66: ranges; an end that is left out is unbounded
        ("]1..2[", "(1..2)"),
        ("[1..2[", "[1..2)"),
        ("]1..2]", "(1..2]"),
        ("(..2]", "(<= 2)"),
        ("]..2[", "(< 2)"),
        ("[1..)", "(>= 1)"),
        ("(1..[", "(> 1)"),
        ("(= 1)", "[1..1]"),
        ("[a[1]..xs[2][", "[a[1]..(xs[2]))"),
        ("[1..a[ = b", "[1..a) = b"),
        # rules 25–30: names
        ("unit price*2", "(unit price) * 2"),
        ("unit /* really */ price", "unit price"),
        ("a-b", "(a-b)"),
        ("a - b", "(a) - (b)"),
        ("(a)-b", "a - b"),
        ("a-b-b", "(a-b) - b"),
        ("net/gross / 2", "(net/gross) / 2"),
        ("l'objet", "(l'objet)"),
        ("C++ + 1", "(C++) + 1"),
        ("no.5 + line 2", "(no.5) + (line 2)"),
        ("order in progress", "(order in progress)"),
        ("order in (progress)", "(order) in (progress)"),
        ("salt and pepper and b", "(salt and pepper) and b"),
        ("xs[in stock]", "xs[(in stock)]"),
        ("if if any then b else c", "if (if any) then b else c"),
        ("{salt and pepper: 1, r: salt and pepper}", '{"salt and pepper": 1, r: (salt and pepper)}'),
        ("for my item in xs return my item + 1", "for my item in xs return ((my item) + 1)"),
        ("function(my item) my item", "function(my item) (my item)"),
        ("a.due date + 1", "(a.due date) + 1"),
        # rules 31–37: literals
        (".5", "0.5"),
        ("1.5e3", "1500"),
        ("1E-2", "0.01"),
        ("[.5...75]", "[0.5..0.75]"),
        # rules 61, 62: blanks and comments anywhere
        ("1\u00a0+\u30002\ufeff", "1 + 2"),
        ("1\u1680+\u180e2\u200b", "1 + 2"),
        ("1 // one\n+ /* * / */ 2 // two", "1 + 2"),
        ("/**/1/***/", "1"),
    ],
)
def test_read_as(source: str, means: str) -> None:
    assert same(read(source), read(means)), printed(read(source))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name",
    [
        "état",
        "Ångström",
        "_",
        "?",
        "a?",
        "x1",
        "naïve·x",
        "ﬁ",
        "数量",
        "💩",
        "a\u0301",
        "x\u200dy",
        "Ωmega",
        "kg‿m",
        "€uro",
        "٣",
    ],
)
def test_one_word_of_a_name(name: str) -> None:
    assert Parser(name, (), ()).whole_expression() == Name(0, name)


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("Any", "Any"),
        ("date and time", "date and time"),
        ("days and time duration", "days and time duration"),
        ("years and months duration", "years and months duration"),
        ("list", "list"),
        ("list<number>", "list<number>"),
        ("list<list<string>>", "list<list<string>>"),
        ("range<date>", "range<date>"),
        ("context<a: list<number>, b c: string>", "context<a: list<number>, b c: string>"),
        ("function<number, string> -> date", "function<number, string> -> date"),
        ("function<>->number", "function<> -> number"),
        ("function<function<number> -> string> -> list<date>", "function<function<number> -> string> -> list<date>"),
    ],
)
def test_types(written: str, kind: str) -> None:
    assert printed(read(f"a instance of {written}")) == f"a instance of {kind}"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "source",
    [
        *(
            "1.",
            "1..2",
            "[1]..2",
            "1 +",
            "* 2",
            "a b",
            "a.",
            "a.1",
            "a[",
            "a[]",
            "()",
            "[,]",
            "[1,]",
            "{,}",
            "{a}",
            "{1: 2}",
        ),
        *("if a then b", "if a else b", "if then else", "for in xs return 1", "for i xs return i", "for i in xs"),
        *(
            "some i in xs",
            "every i in xs return i",
            "a between 1",
            "a between 1 or 2",
            "a in",
            "a in ()",
            "a instance number",
        ),
        *(
            "a instance of",
            "a instance of list<",
            "a instance of function<number>",
            "a instance of list<number",
            "function a",
        ),
        *(
            "function(",
            "function(1) 2",
            "f(a: 1, 2)",
            "f(1, a: 2)",
            "f(,)",
            "[1..2",
            "[..2]",
            "(..)",
            "[1..]",
            "1 2",
            '"a" "b"',
        ),
        *(
            "@2026",
            '@"x"',
            '"a',
            "'a'",
            "a == b",
            "a.unheard of thing",
            "and",
            "else",
            "]",
            "}",
            "return",
            "a = = b",
            "a !b",
            "{a: 1 b: 2}",
        ),
    ],
)
def test_not_feel(source: str) -> None:
    with pytest.raises(FeelSyntaxError):
        compile_expression(source, names=("f", "xs"))


@pytest.mark.parametrize(
    ("literal", "text"),
    [
        (r'"a\"b\\c\'d"', "a\"b\\c'd"),
        (r'"\n\r\t"', "\n\r\t"),
        (r'"\u00e9\U01F4A9"', "é💩"),
        (r'"\uD83D\uDCA9"', "💩"),
        (r'"\ud83d"', "\ufffd"),
        (r'"\d+\s"', r"\d+\s"),
        ('"💩é"', "💩é"),
        ('"// no comment /* here */"', "// no comment /* here */"),
        ('""', ""),
    ],
)
def test_texts(literal: str, text: str) -> None:
    assert compile_expression(literal).evaluate({}, Environment(None)) == text  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("-2**2", D(4)),
        ("2**-1", D("0.5")),
        ("{if: 1, and: 2}.if", D(1)),
        ('{"a b": 1}.a b', D(1)),
        ("{a b: 1}.a b", D(1)),
        ("(function(x) function(y) x + y)(1)(2)", D(3)),
        ("{f: function(x: number, y: list<number>) x + sum(y), r: f(y: [1, 2], x: 3)}.r", D(6)),
        ("sort([1, 3, 2], function(x, y) x > y)", [D(3), D(2), D(1)]),
        ('for d in @"2026-01-01"..@"2026-01-02" return d', [date(2026, 1, 1), date(2026, 1, 2)]),
        ("for i in 1..3 return count(partial) + i", [D(1), D(3), D(5)]),
        ("1 - 2 - 3", D(-4)),
        ("2 * 3 / 4", D("1.5")),
        ("2 ** 3 ** 2", D(64)),
        ('date and time("2026-01-01T00:00:00").year', D(2026)),
        ("{thing heard of: {due when: 3}, r: thing heard of.due when}.r", D(3)),
        ("for i in 1..2, j in [i, 10] return i * j", [D(1), D(10), D(4), D(20)]),
        ("some x in [1, 2], y in [2, 3] satisfies x > y", False),
        ("[1, 2, 3][item >= 2][1]", D(2)),
        ("[{x: 1}, {x: 2}][x = 2].x", [D(2)]),
        ("1 < 2 = true", True),
        ("5 in (..5]", True),
        ("5 in [5..)", True),
        ("5 in ]5..)", False),
    ],
)
def test_values(source: str, value: Value) -> None:
    assert compile_expression(source).evaluate({}, Environment(None)) == value  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("source", "canonical"),
    [
        ("-", "-"),
        ("- 1", "-1"),
        ("not(1, 2)", "not(1, 2)"),
        ("not(a) and b", "not(a) and b"),
        ("(not(a))", "(not(a))"),
        ("not(a), b", "not(a), b"),
        ("> 5, [1..2[, < a + 1", "> 5, [1..2), < a + 1"),
        ("? > 5 and ? < 10", "? > 5 and ? < 10"),
        ("(> 5)", "(> 5)"),
        ("null", "null"),
    ],
)
def test_unary_tests(source: str, canonical: str) -> None:
    assert printed(compile_unary_tests(source, names=("a", "b")).tree) == canonical


def test_places_are_offsets_in_the_source() -> None:
    assert [(token.text, token.start) for token in tokens_of(" a /* x */ >=\n1 ")] == [
        ("a", 1),
        (">=", 11),
        ("1", 14),
        ("", 16),
    ]
