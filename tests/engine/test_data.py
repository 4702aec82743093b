"""Typed records and the one JSON form of values: exact, canonical, without floats."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from engine.data import Money, YearsMonths, data, from_canonical, to_canonical

NUMBERS = st.decimals(allow_nan=False, allow_infinity=False)
OFFSETS = st.sampled_from([UTC, timezone(timedelta(hours=1)), timezone(timedelta(hours=-9, minutes=-30))])
LEAVES = (
    st.none()
    | st.booleans()
    | st.text(st.characters(codec="utf-8"))
    | NUMBERS
    | st.dates()
    | st.times()
    | st.datetimes(timezones=st.none() | OFFSETS)
    | st.timedeltas()
    | st.builds(YearsMonths, st.integers(-10_000, 10_000))
    | st.uuids()
)
NAMES = st.text(st.characters(codec="utf-8"), max_size=8).filter(lambda name: not name.startswith("@"))
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4))


@given(VALUES)
def test_what_was_written_is_read_again(value: Any) -> None:
    assert from_canonical(to_canonical(value)) == value


@given(VALUES)
def test_the_text_is_canonical(value: Any) -> None:
    written = to_canonical(value)
    assert to_canonical(from_canonical(written)) == written
    plain = json.loads(written)
    assert json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Decimal("12.50"), '{"@decimal":"12.50"}'),
        (Decimal(12), "12"),
        (12, "12"),
        (date(2026, 11, 21), '{"@date":"2026-11-21"}'),
        (time(8, 30), '{"@time":"08:30:00"}'),
        (datetime(2026, 11, 21, 8, tzinfo=UTC), '{"@datetime":"2026-11-21T08:00:00+00:00"}'),
        (timedelta(seconds=1.5), '{"@duration":"1.5"}'),
        (YearsMonths(14), '{"@months":14}'),
        (UUID(int=1), '{"@uuid":"00000000-0000-0000-0000-000000000001"}'),
        ({"b": [True, None], "a": "é"}, '{"a":"é","b":[true,null]}'),
    ],
)
def test_each_type_has_its_form(value: Any, written: str) -> None:
    assert to_canonical(value) == written


@pytest.mark.parametrize("value", [1.5, [1.5], {"a": {"b": (1.5,)}}, float("nan"), object(), {1, 2}])
def test_what_is_no_value_is_refused(value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        to_canonical(value)


@pytest.mark.parametrize("text", ["1.5", '{"a":1e3}', "NaN", "{"])
def test_what_is_no_canonical_text_is_refused(text: str) -> None:
    with pytest.raises((TypeError, ValueError)):
        from_canonical(text)


@data
class Line:
    """A record with an amount."""

    text: str
    amount: Money


@data
class Bill:
    """A record in a record."""

    lines: tuple[Line, ...]


def test_a_record_is_frozen_and_takes_keywords_only() -> None:
    line = Line(text="a", amount=Decimal(1))
    with pytest.raises(AttributeError):
        line.text = "b"  # type: ignore[misc]
    with pytest.raises(TypeError):
        Line("a", Decimal(1))  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "given_",
    [
        {"lines": [{"text": "a", "amount": "1", "more": 1}]},
        {"lines": [{"text": "a", "amount": 1.5}]},
        {"lines": [{"text": "a"}]},
        {"lines": [], "more": 1},
    ],
)
def test_unknown_keys_floats_and_gaps_are_refused_at_every_depth(given_: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Bill).validate_python(given_)
