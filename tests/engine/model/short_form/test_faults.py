"""What is wrong with a short form is said with its line, all of it at once, and with nothing that only follows from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.errors import DefinitionError
from engine.model.short_form import read_short_form
from engine.model.short_form.shape import MAXIMAL_VALUES
from engine.texts import say

HEAD = """\
process: p
title: {fr: Processus, en: Process}
roles: {clerk: {fr: Guichet, en: Counter}}
steps:
"""
"""The steps begin on line 5."""

FAULTS = yaml.safe_load((Path(__file__).parent / "faults.yaml").read_text(encoding="utf-8"))


def problems(text: str) -> list[tuple[str, int]]:
    """Code and line of each problem."""
    try:
        found = read_short_form(text.encode(), "p.yaml").warnings
    except DefinitionError as error:
        found = error.problems
    for each in found:
        assert each.file == "p.yaml"
        for locale in ("fr", "en"):
            sentence = say(each.code, locale, **each.facts)
            assert not {f"{{{name}}}" for name in each.facts} & set(sentence.split())
    return [(each.code, int(each.facts["line"] or 0)) for each in found]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault["problems"][0][0])
def test_a_fault_is_told_at_its_line(fault: dict[str, Any]) -> None:
    assert sorted(problems(HEAD + fault["steps"])) == sorted((code, line) for code, line in fault["problems"])


def test_all_is_told_at_once() -> None:
    steps = "  - {step: a, row: boss}\n  - {compute: b, set: {c: 1 +}}\n  - {wait: d, for: 3 dayz}\n  - {continue with: nowhere}\n"
    assert {line for _, line in problems(HEAD + steps)} == {5, 6, 7, 8}


def test_a_word_that_is_nearly_right_is_named() -> None:
    with pytest.raises(DefinitionError) as caught:
        read_short_form((HEAD + "  - {do: a, program: b.c, if fails: [x]}\n").encode(), "p.yaml")
    (problem,) = caught.value.problems
    assert (
        say(problem.code, "en", **problem.facts)
        == "Line 5: there is no key “if fails” here. Choose one of: if it fails."
    )


def test_size_is_bounded() -> None:
    many = "".join("  - {}\n" for _ in range(MAXIMAL_VALUES))
    assert problems(HEAD + many) == [("short_form_too_large", 1)]
    twice = "".join("  - {step: a}\n" for _ in range(200))
    assert problems(HEAD + twice) == [("short_form_id_twice", line) for line in range(6, 205)]
    assert problems("process: p\n") == [("yaml_key_missing", 1)] * 2
    assert problems("- a\n") == [("short_form_type", 1)]
