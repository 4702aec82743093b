"""Patterns are XPath's (Functions and Operators 3.1 §5.6), run in linear time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.feel import Budget, Environment, FeelFailure, Value, call_builtin

Call = Callable[..., Value]


@pytest.fixture
def call(environment: Environment) -> Call:
    return lambda name, *arguments: call_builtin(name, list(arguments), environment, Budget())


@pytest.mark.parametrize(
    ("text", "pattern", "flags", "expected"),
    [
        # anchors: the whole text, or lines
        ("a\nb", "^b", "", False),
        ("a\nb", "^b$", "m", True),
        ("a\n", "a$", "", False),
        ("a\n", "a$", "m", True),
        ("", "^$", "", True),
        ("b", "^*b", "", True),
        # a dot is no end of line, unless asked
        ("a\nb", "a.b", "", False),
        ("a\rb", "a.b", "", False),
        ("a\nb", "a.b", "s", True),
        ("a\u2028b", "a.b", "", True),
        ("\U0001f40e", "^.$", "", True),
        # case
        ("\u212a", "k", "i", True),
        ("X", "[a-z-[oi]]", "i", True),
        ("O", "[a-z-[oi]]", "i", False),
        ("O", "[a-zA-Z-[oi]]", "i", False),
        ("q", "[^Q]", "i", False),
        ("a", r"\p{Lu}", "i", False),
        ("é", "É", "i", True),
        # classes and their subtraction
        ("e", "[a-z-[aeiou]]", "", False),
        ("f", "[a-z-[aeiou]]", "", True),
        ("5", r"[\d-[0-4]]", "", True),
        ("b", "[a-d-[b-c-[c]]]", "", False),
        ("c", "[a-d-[b-c-[c]]]", "", True),
        ("x", "[^a-z-[0-9]]", "", False),
        ("5", "[^a-z-[0-9]]", "", False),
        ("-", "[-a]", "", True),
        ("-", "[a-]", "", True),
        ("^", "[a^]", "", True),
        ("]", r"[\]]", "", True),
        ("a", "[a-a-[a]]", "", False),
        # escapes mean what Unicode says
        ("٣", r"^\d$", "", True),
        ("é_", r"^\w", "", True),
        ("_", r"^\w$", "", False),
        ("+", r"^\w$", "", True),
        ("\u00a0", r"\s", "", False),
        ("\t", r"\s", "", True),
        ("-a:b", r"^\c+$", "", True),
        ("-a", r"^\i", "", False),
        ("-", r"^\I$", "", True),
        (" ", r"^\C$", "", True),
        ("A", r"^\p{Lu}$", "", True),
        ("A", r"^\P{L}$", "", False),
        ("α", r"^\p{IsGreek}$", "", True),
        ("α", r"^\P{IsBasicLatin}$", "", True),
        ("a$b", r"a\$b", "", True),
        # counted
        ("aaa", "^a{2,3}$", "", True),
        ("a", "^a{2,}$", "", False),
        ("ab", "(?:a)(b)", "", True),
        ("aab", "a+?b", "", True),
        ("a", "b|", "", True),
        # flags x and q
        ("ab", " a \n b ", "x", True),
        ("a b", "a[ ]b", "x", True),
        ("a[", r"a\ [", "x", True),
        ("a.b", "a.b", "q", True),
        ("acb", "a.b", "q", False),
        ("A(B", "a(b", "qi", True),
        ("é\U0001f40e", "\U0001f40e", "q", True),
        ("a", "a", "ii", True),
        ("a", "a", "g", None),
    ],
)
def test_matches(call: Call, text: str, pattern: str, flags: str, expected: Value) -> None:
    assert call("matches", text, pattern, flags) is expected


@pytest.mark.parametrize(
    "pattern",
    [
        *(
            "(?i)a",
            "(?i:a)",
            "(?P<n>a)",
            "(?<n>a)",
            "(?=a)",
            "(?!a)",
            "(?#a)",
            "a++",
            "a**",
            "*a",
            "+",
            "?",
            "a{",
            "{2}",
        ),
        *(
            "a{2",
            "a{,2}",
            "a{2,1}",
            "a{1001}",
            "}",
            "]",
            "[",
            "[]",
            "[^]",
            "[a",
            "[z-a]",
            "[a-\\d]",
            "[[a]]",
            "[a-[b]c]",
        ),
        *(
            "(",
            ")",
            "a)",
            "(a",
            "\\",
            "\\b",
            "\\B",
            "\\A",
            "\\z",
            "\\Q",
            "\\x41",
            "\\u0041",
            "\\e",
            "\\0",
            "\\a",
            "\\_",
        ),
        *(
            "\\p",
            "\\pL",
            "\\p{}",
            "\\p{Nope}",
            "\\p{IsNope}",
            "\\p{ L}",
            "\\p{^L}",
            "[\\b]",
            "[\\1]",
            "(a)\\1",
            "[[:alpha:]]",
        ),
        "[a-" * 30 + "b" + "]" * 30,
        "\\w{999}",
        "a" * 2001,
    ],
)
def test_what_is_no_pattern_of_xpath_gives_null(call: Call, pattern: str) -> None:
    assert call("matches", "a", pattern) is None
    assert call("replace", "a", pattern, "b") is None
    assert call("split", "a", pattern) is None


@pytest.mark.parametrize(
    ("text", "arguments", "expected"),
    [
        ("banana", ("a", "o", None), "bonono"),
        ("abcd", ("(ab)|(a)", "[1=$1][2=$2]", None), "[1=ab][2=]cd"),
        ("abracadabra", ("a.*?a", "*", None), "*c*bra"),
        ("abc", ("b", "[$0]", None), "a[b]c"),
        ("abc", ("b", "$1", None), "ac"),
        ("ab", ("(a)", "$12", None), "a2b"),
        ("abcdefghijkl", ("(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)(k)(l)", "$12$1", None), "la"),
        ("a.b", (".", "$1\\", "q"), "a$1\\b"),
        ("abc", ("b", "\\$\\\\", None), "a$\\c"),
        ("abc", ("b", "$", None), None),
        ("abc", ("b", "\\n", None), None),
        ("abc", ("b*", "-", None), None),
        ("aXbx", ("x", "-", "i"), "a-b-"),
        ("\U0001f40eé", ("é", "e", None), "\U0001f40ee"),
        ("a", ("a", "", None), ""),
        (None, ("a", "b", None), None),
    ],
)
def test_replace(call: Call, text: str, arguments: tuple[str | None, ...], expected: Value) -> None:
    assert call("replace", text, *arguments) == expected


@pytest.mark.parametrize(
    ("text", "delimiter", "expected"),
    [
        ("John Doe", "\\s", ["John", "Doe"]),
        ("a;b;c;;", ";", ["a", "b", "c", "", ""]),
        ("abc", "x", ["abc"]),
        ("a.b", ".", ["", "", "", ""]),
        ("abc", "", None),
        (";", ";", ["", ""]),
        (1, ";", None),
    ],
)
def test_split(call: Call, text: Value, delimiter: str, expected: Value) -> None:
    assert call("split", text, delimiter) == expected


def test_a_pattern_is_charged_for_once_in_an_evaluation(environment: Environment) -> None:
    budget, other = Budget(), Budget()
    for _ in range(2):
        call_builtin("matches", ["a", r"\w{20}"], environment, budget)
    call_builtin("matches", ["a", r"\w{20}"], environment, other)
    assert other.spent * 1.2 > budget.spent > 20_000
    for count in (100, 101, 102):
        call_builtin("matches", ["a", rf"\w{{{count}}}"], environment, budget)
    with pytest.raises(FeelFailure):
        call_builtin("matches", ["a", r"\w{103}"], environment, budget)


@pytest.mark.parametrize(
    ("pattern", "least", "most"),
    [
        # a second of processor time is 200,000 steps or more, however a pattern makes RE2 work
        ("(a*" * 90 + ")*" * 90, 150_000, 300_000),
        ("(a|b)*a(a|b){200}c", 80_000, 300_000),
        ("[A-Z]{2}[0-9]{8,}", 5_000, 20_000),
        # tables of a few states: a few nanoseconds per character
        (r"(a+|b)*c", 300, 2_000),
        ("[^@ ]+@[a-z]+[.]fr", 300, 2_000),
    ],
)
def test_a_long_text_is_charged_with_the_size_of_the_pattern(
    environment: Environment, pattern: str, least: int, most: int
) -> None:
    budget = Budget()
    call_builtin("matches", ["a" * 100_000, pattern], environment, budget)
    assert least < budget.spent < most


def test_ordinary_patterns_on_ordinary_texts_are_cheap(environment: Environment) -> None:
    budget = Budget()
    iban = "[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}"
    for _ in range(100):
        assert call_builtin("matches", ["FR7630006000011234567890189", iban], environment, budget) is True
    assert budget.spent < 100 * 20


def test_a_long_text_is_cut_at_plain_delimiters(environment: Environment) -> None:
    budget = Budget()
    assert call_builtin("split", ["abcd;" * 19_999, "[;,]"], environment, budget) == [*["abcd"] * 19_999, ""]
    assert budget.spent < 100_000


def test_groups_cost_more_than_bounds(environment: Environment) -> None:
    found, bounds = Budget(), Budget()
    for budget, replacement in ((found, "$1"), (bounds, "x")):
        call_builtin("replace", ["ab" * 50_000, "[ab]+(a|b)", replacement], environment, budget)
    assert found.spent > bounds.spent * 2
