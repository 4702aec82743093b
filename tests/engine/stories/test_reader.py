"""Files of stories: what is read, and everything that is wrong with one at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from engine import stories
from engine.data import YearsMonths
from engine.errors import DefinitionError
from engine.model.values import storable
from engine.stories import read_story
from engine.stories.story import ExpectStep, HandlerStep, TaskStep
from engine.stories.values import notation, same, value_of
from engine.stories.writing import text_of, written
from engine.texts import say
from tests.engine.stories.telling import at, story

FAULTS = yaml.safe_load((Path(__file__).parent / "faults.yaml").read_text(encoding="utf-8"))
HEAD = "title: {fr: a, en: b}\nprocess: p\nstart: {at: '2026-11-23T09:00'}\n"
NOW = datetime.fromisoformat("2026-11-23T09:00+01:00")


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_everything_that_is_wrong_is_told_with_its_place_and_line(fault: Mapping[str, Any]) -> None:
    text = f"{HEAD}steps: {fault.get('steps', '[]')}\nexpect: {fault.get('expect', '{end: e}')}\n"
    with pytest.raises(DefinitionError) as caught:
        read_story(fault.get("text", text).encode(), "stories/a.yaml")
    problems = caught.value.problems
    assert [[each.code, each.place] for each in problems] == fault["problems"]
    for each in problems:
        assert each.facts["line"]
        assert {"…"}.isdisjoint(say(each.code, "fr", **each.facts) + say(each.code, "en", **each.facts))


def test_the_schema_is_one_and_explains_every_key_of_a_step() -> None:
    schema = json.loads((Path(stories.__file__).parent / "schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    keys = schema["$defs"]["step"]["properties"]
    assert [name for name, each in keys.items() if not ({"description", "$ref"} & set(each))] == []


def test_steps_are_read_in_their_order() -> None:
    told = story(
        """
        steps:
          - {task: t, by: ann, answers: {a: 'no', b: false, c: 1}}
          - {handler: s, raises: E, facts: {n: 1}}
          - expect: {waiting: [t]}
        expect: {end: {failed: E}}
        """
    )
    task, handler, expect = told.steps
    assert isinstance(task, TaskStep)
    assert task.answers == {"a": "no", "b": False, "c": Decimal(1)}
    assert isinstance(handler, HandlerStep)
    assert (handler.raises, handler.facts, handler.number, handler.place) == ("E", {"n": 1}, 2, ("steps", 1))
    assert isinstance(expect, ExpectStep)
    assert expect.expectation.waiting == ("t",)
    assert (told.ending.kind, told.ending.value) == ("failed", "E")


ZONES: st.SearchStrategy[tzinfo] = st.integers(-12, 12).map(lambda hours: timezone(timedelta(hours=hours)))
FIRST, LAST = datetime(1900, 1, 1), datetime(2200, 1, 1)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20)
    | st.sampled_from(["= 1", "no", "08", "1e3", "2026-11-23", "a: b", "~", "#", "- x", "line\nbreak", '"', "\\"])
    | st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**12), max_value=10**12)
    | st.integers(-(10**30), 10**30).map(Decimal)
    | st.dates(date(1900, 1, 1), date(2200, 1, 1))
    | st.datetimes(FIRST, LAST)
    | st.datetimes(FIRST, LAST, timezones=ZONES)
    | st.times().map(lambda each: each.replace(microsecond=0))
    | st.integers(-(10**9), 10**9).map(lambda seconds: timedelta(seconds=seconds))
    | st.integers(-500, 500).map(YearsMonths),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abcé _", min_size=1, max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=100, deadline=None)
@given(VALUES)
def test_every_value_comes_back_from_its_text(value: Any) -> None:
    value = storable(value)
    text = HEAD + text_of({"steps": [{"signal": "s", "payload": {"value": written(value)}}], "expect": {"end": "e"}})
    step: Any = read_story(text.encode(), "stories/a.yaml").steps[0]
    assert same(value_of(step.payload["value"], at(NOW)), value), text


def test_values_are_the_same_only_when_they_are_of_one_kind() -> None:
    assert same(Decimal("12.5"), Decimal("12.50"))
    assert same({"a": [Decimal(1), None]}, {"a": [Decimal("1.0"), None]})
    for first, second in (
        (True, Decimal(1)),
        ("1", Decimal(1)),
        (date(2026, 1, 1), "2026-01-01"),
        (date(2026, 1, 1), datetime(2026, 1, 1)),
        (datetime(2026, 1, 1), NOW),
        ({"a": None}, {}),
        ([Decimal(1)], [Decimal(1), Decimal(1)]),
        (None, False),
    ):
        assert not same(first, second)
        assert not same(second, first)


def test_values_are_written_as_feel_reads_them() -> None:
    assert notation(date(2026, 11, 23)) == 'date("2026-11-23")'
    assert notation({"a b": [None, True, "x"]}) == '{"a b": [null, true, "x"]}'
    assert notation(timedelta(hours=30)) == 'duration("P1DT6H")'
    assert notation(time(9, 30)) == 'time("09:30:00")'
