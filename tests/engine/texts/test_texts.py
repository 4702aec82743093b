from __future__ import annotations

import string
from collections.abc import Mapping
from pathlib import Path

import pytest

from engine.texts import LOCALES, CatalogueInvalid, catalogue, has, language_of, read_catalogue, say

NBSP = "\N{NO-BREAK SPACE}"


def facts_of(sentence: str | Mapping[str, str]) -> set[str]:
    sentences = [sentence] if isinstance(sentence, str) else sentence.values()
    return {name for each in sentences for _, name, _, _ in string.Formatter().parse(each) if name is not None}


def test_every_entry_says_the_same_in_every_language() -> None:
    # a fact may itself be a text in two languages: `message_fr` in French, `message_en` in English
    named = {
        code: [{name.removesuffix(f"_{language}") for name in facts_of(entry[language])} for language in LOCALES]
        for code, entry in catalogue().items()
    }
    assert {code: facts for code, facts in named.items() if any(each != facts[0] for each in facts)} == {}


def test_a_fact_is_a_name() -> None:
    facts = {
        (code, fact)
        for code, entry in catalogue().items()
        for language in LOCALES
        for fact in facts_of(entry[language])
    }
    assert [(code, fact) for code, fact in facts if not fact.isidentifier()] == [], (
        "no index, no attribute, no conversion"
    )


def test_forms_are_plural_categories() -> None:
    forms = {
        form for entry in catalogue().values() for each in entry.values() if not isinstance(each, str) for form in each
    }
    assert forms <= {"zero", "one", "two", "few", "many", "other"}


class TestSay:
    def test_a_sentence_in_the_language_asked_for(self) -> None:
        facts = {"variable": "BORDEREAU_PORT", "value": "x", "at_most": "9"}
        assert (
            say("setting_number_invalid", "en", **facts)
            == "BORDEREAU_PORT is “x”; it must be a whole number from 1 to 9."
        )
        assert "vaut" in say("setting_number_invalid", "fr", **facts)

    @pytest.mark.parametrize(
        ("locale", "language"),
        [
            ("fr", "fr"),
            ("fr-FR", "fr"),
            ("fr_CA", "fr"),
            ("en-GB", "en"),
            ("EN", "en"),
            ("de", "fr"),
            ("", "fr"),
            (None, "fr"),
        ],
    )
    def test_another_language_gives_french(self, locale: str | None, language: str) -> None:
        assert language_of(locale) == language

    def test_a_figure_that_comes_as_text_is_written_as_people_do(self) -> None:
        assert say("invoice_above_open", "fr", most="1234.5") == "Il reste 1\u202f234,5 au plus."
        assert say("invoice_above_open", "en", most="1234.5") == "1,234.5 at most is left."
        assert say("reduction_above_left", "fr", most="179.7") == f"Il reste 179,70{NBSP}€ au plus."
        assert say("reduction_above_left", "en", most="179.7") == "€179.70 at most is left."
        assert say("reduction_above_left", "en", most="all") == "all at most is left."

    def test_a_day_that_comes_as_text_is_written_as_people_do(self) -> None:
        facts = {"case": 8, "until": "2026-11-24"}
        assert "dossier 8 jusqu’au 24 nov. 2026" in say("erasure_kept_by_law", "fr", **facts)
        assert "kept until 24 Nov 2026:" in say("erasure_kept_by_law", "en", **facts)
        assert "kept until some day:" in say("erasure_kept_by_law", "en", case=8, until="some day")

    def test_french_spaces_do_not_break(self) -> None:
        assert say("code_without_text", "fr", code="x") == f"Bordereau n’a pas de texte pour «{NBSP}x{NBSP}»."

    @pytest.mark.parametrize(
        ("locale", "count", "expected"),
        [("fr", 0, "0 heure"), ("fr", 1, "1 heure"), ("fr", 2, "2 heures"), ("en", 0, "0 hours"), ("en", 1, "1 hour")],
    )
    def test_the_count_decides_about_the_words(self, locale: str, count: int, expected: str) -> None:
        assert say("duration_hour", locale, count=count) == expected

    def test_telling_an_error_never_raises_one(self) -> None:
        assert say("no_such_code_at_all", "en") == "Bordereau has no text for “no_such_code_at_all”."
        assert say("setting_zone_invalid", "en") == "… is “…”, which is no known time zone (for example Europe/Paris)."
        assert say("duration_hour", "en") == "… hours"
        assert say("code_without_text", "en", code=None) == "Bordereau has no text for “–”."

    def test_facts_are_never_read_as_a_format(self) -> None:
        assert (
            say("code_without_text", "en", code="{code.__class__}") == "Bordereau has no text for “{code.__class__}”."
        )

    def test_has(self) -> None:
        assert has("not_found")
        assert not has("no_such_code_at_all")


class TestFiles:
    @pytest.mark.parametrize(
        ("content", "words"),
        [
            ("a: {fr: x}", "needs exactly the languages"),
            ("a: {fr: x, en: y, de: z}", "needs exactly the languages"),
            ("a: x", "needs exactly the languages"),
            ("a: {fr: x, en: ''}", "neither a sentence nor forms"),
            ("a: {fr: x, en: {one: y}}", "neither a sentence nor forms"),
            ("- a", "not a mapping"),
            ("a: {fr: x, en: y}\na: {fr: x, en: y}", "stands twice"),
        ],
    )
    def test_a_wrong_file_is_refused(self, tmp_path: Path, content: str, words: str) -> None:
        (tmp_path / "area.yaml").write_text(content)
        with pytest.raises(CatalogueInvalid, match=words):
            read_catalogue(tmp_path)

    def test_two_files_with_one_code(self, tmp_path: Path) -> None:
        for name in ("a.yaml", "b.yaml"):
            (tmp_path / name).write_text("x: {fr: x, en: x}")
        with pytest.raises(CatalogueInvalid, match="stands twice in the catalogue"):
            read_catalogue(tmp_path)

    def test_words_stay_words(self, tmp_path: Path) -> None:
        (tmp_path / "a.yaml").write_text("no: {fr: non, en: no}\n1: {fr: 1, en: on}")
        assert read_catalogue(tmp_path) == {"no": {"fr": "non", "en": "no"}, "1": {"fr": "1", "en": "on"}}
