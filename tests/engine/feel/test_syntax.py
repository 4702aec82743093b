"""What is not FEEL is refused with a code, a position and facts that make a sentence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.errors import EngineError
from engine.feel import FeelError, FeelSyntaxError, compile_expression, compile_unary_tests
from engine.texts import say

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("source", "code", "position"),
    [
        ("", "feel_empty", 0),
        ("1 +", "feel_ends_early", 3),
        ("1 + * 2", "feel_unexpected", 4),
        ("(1", "feel_not_closed", 0),
        ("(1]", "feel_closed_otherwise", 2),
        ("1 2", "feel_operator_missing", 2),
        ('"abc', "feel_string_not_closed", 0),
        ('a = @"abc', "feel_string_not_closed", 4),
        ('@"tomorrow"', "feel_at_literal", 0),
        ("1 /* abc", "feel_comment_not_closed", 2),
        ("a # b", "feel_character", 2),
        ("a.(b)", "feel_name_expected", 2),
        ("{1: 2}", "feel_name_expected", 1),
        ("{a: 1, a: 2}", "feel_key_twice", 7),
        ("1 instance of 2", "feel_type_expected", 14),
        ("1 instance of nubmer", "feel_unknown_type_similar", 0),
        ("1 instance of Order", "feel_unknown_type", 0),
        ("if a then b", "feel_else_missing", 11),
        ("for x in xs", "feel_return_missing", 11),
        ("1e99999", "feel_number", 0),
        ("frobnicate(1)", "feel_unknown_function", 0),
        ('1 + upper_case("a")', "feel_unknown_function_similar", 4),
        ('substring("a")', "feel_argument_count", 0),
        ('substring(string: "a")', "feel_argument_count", 0),
        ('substring(text: "a", start position: 1)', "feel_argument_name", 0),
        ('substring(strin: "a", start position: 1)', "feel_argument_name_similar", 0),
        ('substring("a", start position: 1)', "feel_mixed_arguments", 15),
        ("function(a) external {java: {}}", "feel_external_function", 12),
        ("order amunt + 1", "feel_unknown_name_similar", 0),
        ("1" + "+ 1" * 4000, "feel_source_too_long", 10_000),
        ("(" * 200 + "1" + ")" * 200, "feel_too_nested", 100),
    ],
)
def test_refused(source: str, code: str, position: int) -> None:
    with pytest.raises(FeelSyntaxError) as caught:
        compile_expression(source, names=("order amount",))
    assert (caught.value.code, caught.value.position) == (code, position)
    assert caught.value.facts["position"] == position
    for locale in ("fr", "en"):
        sentence = say(code, locale, **caught.value.facts)
        assert "…" not in sentence.replace("date…", "")
        assert code not in sentence


@pytest.mark.parametrize(
    ("source", "suggestion"),
    [
        ("stringlength(a)", "string length"),
        ("substr(a, 1)", "substring"),
        ("Count(a)", "count"),
        ("working_day_after(a, 1)", "working_days_after"),
        ("applydiscount(1)", "apply discount"),
    ],
)
def test_did_you_mean(source: str, suggestion: str) -> None:
    with pytest.raises(FeelSyntaxError) as caught:
        compile_expression(source, names=("apply discount",))
    assert caught.value.facts["suggestion"] == suggestion


@pytest.mark.parametrize("source", ["", ">", "1,", "not(", "not()", "[1..", "- -", "1 2", "> 1 and < 2"])
def test_refused_unary_tests(source: str) -> None:
    with pytest.raises(FeelSyntaxError):
        compile_unary_tests(source)


def test_errors_are_errors_of_the_engine() -> None:
    assert issubclass(FeelError, EngineError)


def test_every_code_has_a_sentence_in_both_languages() -> None:
    codes = set()
    for package in ("feel", "decisions"):
        for file in (ROOT / "engine" / package).rglob("*.py"):
            codes |= set(re.findall(r'"((?:feel|dmn|decision)_[a-z_]+)"', file.read_text("utf-8")))
    codes -= {"feel_unknown_name"}  # said only with a suggestion
    assert len(codes) > 40
    for code in codes:
        for locale in ("fr", "en"):
            assert code not in say(code, locale)
