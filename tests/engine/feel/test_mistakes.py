"""What people write by habit or by mistake is answered with what they meant, and where."""

from __future__ import annotations

import pytest

from engine.feel import FeelSyntaxError, compile_expression, compile_unary_tests
from engine.texts import say

MISTAKES = {
    # signs of other languages
    "a == b": ("feel_write_instead", "==", "“=”"),
    "a === b": ("feel_write_instead", "===", "“=”"),
    "a => b": ("feel_write_instead", "=>", "“>=”"),
    "a =< b": ("feel_write_instead", "=<", "“<=”"),
    "a <> b": ("feel_write_instead", "<>", "“!=”"),
    "a ≤ b": ("feel_write_instead", "≤", "“<=”"),
    "a ≠ b": ("feel_write_instead", "≠", "“!=”"),
    "a × b": ("feel_write_instead", "×", "“*”"),
    "a − b": ("feel_write_instead", "−", "“-”"),
    "a && b": ("feel_write_instead", "&&", "“and”"),
    "a || b": ("feel_write_instead", "||", "“or”"),
    "a | b": ("feel_write_instead", "|", "“or”"),
    "!a": ("feel_write_instead", "!", "not(…)"),
    "a ^ 2": ("feel_write_instead", "^", "“**”"),
    "x := 1": ("feel_write_instead", ":=", "“=”"),
    "a & b": ("feel_ampersand", "&", "“+” between two texts"),
    "a = b;": ("feel_semicolon", ";", "“,”"),
    "sum(a; b)": ("feel_semicolon", ";", "“,”"),
    "rate = 15 %": ("feel_percent", "%", "0.15"),
    "a > 10 €": ("feel_currency", "€", "without the sign"),
    "a > $10": ("feel_currency", "$", "without the sign"),
    "@2026-01-31": ("feel_at_quotes", "@2026-01-31", '@"2026-11-21"'),
    # quotation marks
    "a = 'x y'": ("feel_single_quotes", "'x y'", '"accepted"'),
    "a = “x”": ("feel_typographic_quote", "“", "straight"),
    "a = « x »": ("feel_typographic_quote", "«", "straight"),
    "a = ‘x’": ("feel_typographic_quote", "‘", "straight"),
    'a = "x': ("feel_string_not_closed", '"x', "closing one"),
    # numbers
    "a > 1,5": ("feel_decimal_comma", "1,5", "1.5, not 1,5"),
    "a > 1 500": ("feel_number_in_groups", "1 500", "1500"),
    "a > 1 500 000.25": ("feel_number_in_groups", "1 500 000.25", "1500000.25"),
    "a > 1\u202f500": ("feel_number_in_groups", "1\u202f500", "1500"),
    # words
    "a an b": ("feel_word_similar", "an", "“and”"),
    "a adn b": ("feel_word_similar", "adn", "“and”"),
    "a AND b": ("feel_word_similar", "AND", "“and”"),
    "a OR b": ("feel_word_similar", "OR", "“or”"),
    "a et b": ("feel_word_similar", "et", "“and”"),
    "a ou b": ("feel_word_similar", "ou", "“or”"),
    "a is 3": ("feel_word_similar", "is", "“=”"),
    "a betwen 1 and 2": ("feel_word_similar", "betwen", "“between”"),
    "order.total an b": ("feel_word_similar", "an", "“and”"),
    "if a thne b else c": ("feel_word_similar", "thne", "“then”"),
    "if a then b esle c": ("feel_word_similar", "esle", "“else”"),
    "for x in xs retrun x": ("feel_word_similar", "retrun", "“return”"),
    "some x in xs satisfy x": ("feel_word_similar", "satisfy", "“satisfies”"),
    "si a alors b": ("feel_write_instead", "si", "“if”"),
    "lambda x: x": ("feel_write_instead", "lambda", "“function”"),
    "not a": ("feel_write_instead", "not", "not(…)"),
    "a = True": ("feel_write_instead", "True", "“true”"),
    "a = FALSE": ("feel_write_instead", "FALSE", "“false”"),
    "a = None": ("feel_write_instead", "None", "“null”"),
    "a ? b : c": ("feel_ternary", "?", "if condition then a else b"),
    "order amunt > 3": ("feel_unknown_name_similar", "order amunt", "“order amount”"),
    "green tea > 3": ("feel_words_in_a_row", "green tea", "operator"),
    # functions
    "uper(a)": ("feel_unknown_function_similar", "uper", "“upper case”"),
    "date an time(a)": ("feel_unknown_function_similar", "date an time", "“date and time”"),
    "day off week(a)": ("feel_unknown_function_similar", "day off week", "“day of week”"),
    "uper case(a)": ("feel_unknown_function_similar", "uper case", "“upper case”"),
    "a + strng lenght(a)": ("feel_unknown_function_similar", "strng lenght", "“string length”"),
    "len(a)": ("feel_unknown_function_similar", None, "“count”"),
    "AVERAGE(a)": ("feel_unknown_function_similar", None, "“mean”"),
    "somme(a)": ("feel_unknown_function_similar", None, "“sum”"),
    "round(a)": ("feel_unknown_function_similar", None, "“round half up”"),
    "a.toUpperCase()": ("feel_method", "toUpperCase", "upper case(…)"),
    'a.b.startsWith("x")': ("feel_method", "startsWith", "starts with(…)"),
    "a.length()": ("feel_method", "length", "count(…)"),
    # what is missing
    "": ("feel_empty", "", "empty"),
    "1 +": ("feel_ends_early", "", "after “+”"),
    "a and": ("feel_ends_early", "", "after “and”"),
    "if a b else c": ("feel_then_missing", "b", "“then” is missing"),
    "if a > 1 b else c": ("feel_then_missing", "b", "“then” is missing"),
    "if a then b": ("feel_else_missing", "", "else null"),
    "if (a) { b }": ("feel_then_missing", "{", "“then” is missing"),
    "for x in xs": ("feel_return_missing", "", "“return” is missing"),
    "every x in xs": ("feel_satisfies_missing", "", "“satisfies” is missing"),
    "for x xs return x": ("feel_in_missing", "", "“in” is missing"),
    "a between 1 or 2": ("feel_and_missing", "or", "“and” is missing"),
    "a instance number": ("feel_of_missing", "number", "“of” is missing"),
    "2 a": ("feel_operator_missing", "a", "before “a”"),
    "a in 1, 2": ("feel_comma", ",", "x in (1, 2)"),
    "1..10": ("feel_range_without_brackets", "..", "[1..10]"),
    "[..10]": ("feel_range_without_brackets", "..", "[1..10]"),
    # brackets
    "(1 + 2": ("feel_not_closed", "(", "character 1 is never closed. Add “)”"),
    "sum([1, 2": ("feel_not_closed", "[", "character 5 is never closed. Add “]”"),
    "sum([1, 2]": ("feel_not_closed", "(", "character 4 is never closed. Add “)”"),
    "{a: {b: 1}": ("feel_not_closed", "{", "character 1 is never closed. Add “}”"),
    "sum([1, 2)": ("feel_closed_otherwise", ")", "“[” (character 5): “]” is expected"),
    "(1 + 2))": ("feel_nothing_to_close", ")", "not opened"),
    "[1, 2,]": ("feel_comma_too_many", ",", "before “]”"),
    "sum(1, 2,)": ("feel_comma_too_many", ",", "before “)”"),
    "{a: 1,}": ("feel_comma_too_many", ",", "before “}”"),
    "{a 1}": ("feel_expected", "}", "“:” is expected"),
    # what cannot be seen is named
    "a \u202e b": ("feel_character", "\u202e", "U+202E"),
    "a \x00 b": ("feel_character", "\x00", "U+0000"),
}


@pytest.mark.parametrize("source", MISTAKES)
def test_what_was_meant(source: str) -> None:
    code, underlined, remedy = MISTAKES[source]
    with pytest.raises(FeelSyntaxError) as caught:
        compile_expression(source, names=("order amount", "order"))
    error = caught.value
    assert error.code == code
    assert (error.facts["position"], error.facts["length"]) == (error.position, error.length)
    if underlined is not None:
        assert source[error.position : error.position + error.length] == underlined
    assert remedy in say(code, "en", **error.facts)
    assert "…" not in say(code, "fr", **error.facts).replace("(…)", "")


@pytest.mark.parametrize(
    ("source", "names"),
    [
        # what looks like a mistake is right where the name is known
        ("None + 1", ("None",)),
        ("{True: 1, r: True}.r", ()),
        ("for None in [1] return None", ()),
        ("items.length()", ("items", "length")),
        ("namespace.size(1)", ("namespace",)),
        ("order.length", ("order",)),
        ("{startsWith: function(a) a}.startsWith(1)", ()),
        ("[{None: 1}][None = 1]", ()),
        ("not a", ("not a",)),
        ("green tea", ("green tea",)),
        ("x.is", ()),
        ("sum(1,5)", ()),
        ("[1,500]", ()),
        ("function(a) a", ()),
    ],
)
def test_what_is_no_mistake(source: str, names: tuple[str, ...]) -> None:
    compile_expression(source, names=names)


def test_a_comma_separates_the_tests_of_a_cell() -> None:
    assert len(compile_unary_tests("1,5").tree.tests) == 2  # type: ignore[attr-defined]
