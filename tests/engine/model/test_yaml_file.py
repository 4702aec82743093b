from __future__ import annotations

import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import DefinitionError
from engine.model.yaml_file import MAXIMAL_BYTES, parse_yaml, schema_problems


def refusal(text: str | bytes) -> tuple[str, str | None]:
    with pytest.raises(DefinitionError) as caught:
        parse_yaml(text if isinstance(text, bytes) else text.encode(), "process.yaml")
    (problem,) = caught.value.problems
    return problem.code, problem.place


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: 1\nb: 2\na: 3\n", "yaml_key_twice", "3"),
        ("a: &x 1\nb: *x\n", "yaml_anchor", "1"),
        ("a: [*x]\n", "yaml_anchor", "1"),
        ("a: !!python/object/apply:os.system [true]\n", "yaml_tag", "1"),
        ("a: 1\n---\nb: 2\n", "yaml_documents", "2"),
        ("a: [1\n", "yaml_broken", "2"),
        ("[a]: 1\n", "yaml_key_not_text", "1"),
        ("[" * 100_000, "yaml_too_deep", "1"),
        (b"a: \xff", "yaml_not_utf8", "1"),
        ("a: " + "x" * MAXIMAL_BYTES, "yaml_too_large", "1"),
        ("a: \x00", "yaml_broken", "1"),
    ],
)
def test_hostile_yaml_is_refused(text: str | bytes, code: str, line: str) -> None:
    begin = time.process_time()
    assert refusal(text) == (code, line)
    assert time.process_time() - begin < 2


def test_words_stay_words_and_numbers_are_exact() -> None:
    text = "no: yes\non: off\nday: 2026-11-21\ntime: 12:30\nprice: 10.10\nwhole: 3\nflag: true\nnone:\nquoted: '3'\noctal: 010"
    assert parse_yaml(text.encode(), "x.yaml").data == {
        "no": "yes", "on": "off", "day": "2026-11-21", "time": "12:30", "price": Decimal("10.10"), "whole": 3,
        "flag": True, "none": None, "quoted": "3", "octal": 10,
    }  # fmt: skip


def test_every_value_knows_its_line() -> None:
    document = parse_yaml(b"a:\n  - b: 1\n    c: 2\n  - d: 3\n", "x.yaml")
    assert document.lines[("a", 0, "c")] == 3
    assert document.problem("x", ("a", 1, "d")).facts["line"] == 4
    assert document.problem("x", ("a", 1, "d")).place == "a[1].d"
    assert document.problem("x", ("a", 0, "not there")).facts["line"] == 2


def test_all_differences_from_the_schema_are_told_at_once() -> None:
    text = b"key: Not a key\ntitle: {fr: Titre}\nproces: p\nretention_days: many\nstart: {roles: []}\n"
    found = {(each.code, each.place) for each in schema_problems(parse_yaml(text, "process.yaml"), "process")}
    assert found == {
        ("yaml_pattern", "key"),
        ("yaml_key_missing", "title"),
        ("yaml_key_unknown", "proces"),
        ("yaml_key_missing", ""),
        ("yaml_type", "retention_days"),
        ("yaml_invalid", "start.roles"),
    }


@given(st.binary(max_size=200) | st.text(alphabet="ab:-[]{}&*!|>'\"#%@, \n", max_size=80).map(str.encode))
def test_whatever_is_given_is_read_or_refused(content: bytes) -> None:
    try:
        document = parse_yaml(content, "x.yaml")
    except DefinitionError:
        return
    schema_problems(document, "form")
    schema_problems(document, "process")
