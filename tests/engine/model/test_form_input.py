from __future__ import annotations

import contextlib
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.form_input import NotReadable, parse


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("number", "1 234,50", "1234.50"),
        ("number", "1\u202f234\u00a0567,5", "1234567.5"),
        ("number", "1,234.50", "1234.50"),
        ("number", "1,234,567", "1234567"),
        ("number", "12,5", "12.5"),
        ("number", "0,125", "0.125"),
        ("number", "-3.5", "-3.5"),
        ("number", "\u22123,5", "-3.5"),
        ("number", "+7", "7"),
        ("money", "1 234,50 €", "1234.50"),
        ("money", "€1,234.50", "1234.50"),
        ("money", "12", "12"),
        ("integer", "1 000", "1000"),
        ("integer", "42,0", "42"),
    ],
)
def test_numbers_of_both_languages(kind: str, text: str, value: str) -> None:
    read = parse(kind, f" {text} ", None)
    assert read == Decimal(value)
    assert isinstance(read, Decimal)


@pytest.mark.parametrize(
    ("kind", "text", "code"),
    [
        ("number", "1,234", "field_ambiguous"),
        ("integer", "1,234", "field_ambiguous"),
        ("number", "12 34", "field_not_number"),
        ("number", "1e5", "field_not_number"),
        ("number", "NaN", "field_not_number"),
        ("number", "Infinity", "field_not_number"),
        ("number", "0x10", "field_not_number"),
        ("number", "1_000", "field_not_number"),
        ("number", "١٢", "field_not_number"),
        ("number", "1.234.567", "field_not_number"),
        ("number", "9" * 16, "field_too_many_digits"),
        ("number", "0," + "1" * 13, "field_too_many_digits"),
        ("integer", "1,5", "field_not_whole"),
        ("money", "1,505", "field_ambiguous"),
        ("money", "0,505", "field_not_cents"),
        ("date", "31/02/2026", "field_not_date"),
        ("date", "11/21/2026", "field_not_date"),
        ("date", "21/11/26", "field_not_date"),
        ("date", "tomorrow", "field_not_date"),
        ("date", "0000-01-01", "field_not_date"),
        ("boolean", "perhaps", "field_not_yes_no"),
        ("text", "two\nlines", "field_not_text"),
        ("text", "nul\x00", "field_not_text"),
        ("long_text", "bell\x07", "field_not_text"),
        ("text", "x" * 100_001, "field_too_long"),
    ],
)
def test_what_cannot_be_read(kind: str, text: str, code: str) -> None:
    with pytest.raises(NotReadable) as caught:
        parse(kind, text, None)
    assert caught.value.code == code


@pytest.mark.parametrize(("locale", "value"), [("fr", "1.234"), ("en", "1234"), ("en-GB", "1234")])
def test_the_language_decides_what_is_ambiguous(locale: str, value: str) -> None:
    assert parse("number", "1,234", locale) == Decimal(value)


@pytest.mark.parametrize("text", ["21/11/2026", "21.11.2026", "2026-11-21", " 21/11/2026 "])
def test_dates(text: str) -> None:
    assert parse("date", text, None) == date(2026, 11, 21)


def test_booleans() -> None:
    assert [parse("boolean", text, None) for text in ("on", "Oui", "1", "", "non", "off")] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]


def test_texts_are_composed_and_trimmed() -> None:
    assert parse("text", " e\u0301te\u0301 ", None) == "été"
    assert parse("long_text", "a\r\nb\rc\n", None) == "a\nb\nc"
    assert parse("text", "   ", None) is None
    assert parse("number", "", None) is None


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_what_is_written_in_either_language_is_read_back(value: Decimal) -> None:
    english = f"{value:,.2f}"
    french = english.replace(",", "\u202f").replace(".", ",")
    assert parse("money", english, "en") == value
    assert parse("money", french, "fr") == value
    assert parse("money", french, None) == value


@given(
    st.sampled_from(["text", "long_text", "number", "integer", "money", "date", "boolean", "choice"]),
    st.text(max_size=40),
)
def test_whatever_is_typed_is_read_or_refused(kind: str, text: str) -> None:
    for locale in (None, "fr", "en"):
        with contextlib.suppress(NotReadable):
            parse(kind, text, locale)
