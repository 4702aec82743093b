"""Typed values: the ``@data`` records that handlers take and give, and the one JSON form of variables and events.

JSON form: null, booleans, strings, lists and objects are themselves; a whole number is a JSON number; everything else
carries its type: ``{"@decimal": "12.50"}``, ``{"@date": …}``, ``{"@time": …}``, ``{"@datetime": …}`` (with offset),
``{"@duration": seconds}``, ``{"@months": n}``, ``{"@uuid": …}``. There is no float. Canonical text (sorted keys, no blanks,
UTF-8) is what the history hashes.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, TypeVar, dataclass_transform
from uuid import UUID

from pydantic import BeforeValidator

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def data(cls: type[T]) -> type[T]:
    """Make ``cls`` a frozen, slotted, keyword-only dataclass that refuses unknown keys when it is validated."""
    made = dataclass(frozen=True, slots=True, kw_only=True)(cls)
    made.__pydantic_config__ = {"extra": "forbid"}  # type: ignore[attr-defined]
    return made


def _exact(value: object) -> object:
    if isinstance(value, float):
        raise ValueError("an amount is never a float")  # noqa: TRY004 - Pydantic turns ValueError into its own error
    return value


Money = Annotated[Decimal, BeforeValidator(_exact)]
"""An amount: exact, never made from a float. The currency is the company's unless a field beside it says otherwise."""


@dataclass(frozen=True, slots=True, order=True)
class YearsMonths:
    """A calendar duration (FEEL *years and months duration*), in months; negative when it goes back."""

    months: int


def to_values(found: object) -> Any:
    """``found`` as the process keeps it: records become contexts, sequences lists, whole numbers exact decimals.

    Raises ValueError for a float.
    """
    if isinstance(found, float):
        raise ValueError("a float is not a value of a process")  # noqa: TRY004 - a value that is refused, as Pydantic says it
    if found is None or isinstance(found, bool):
        return found
    if isinstance(found, Enum):
        return to_values(found.value)
    if isinstance(found, int):
        return Decimal(found)
    if dataclasses.is_dataclass(found) and not isinstance(found, type) and not isinstance(found, YearsMonths):
        return {each.name: to_values(getattr(found, each.name)) for each in dataclasses.fields(found)}
    if isinstance(found, Mapping):
        return {str(key): to_values(value) for key, value in found.items()}
    if isinstance(found, Sequence | frozenset | set) and not isinstance(found, str | bytes):
        return [to_values(value) for value in found]
    return found


def _to_json(value: object) -> object:
    if isinstance(value, Decimal):
        digits = str(value)
        return int(digits) if digits.removeprefix("-").isdigit() else {"@decimal": digits}
    if isinstance(value, datetime):
        return {"@datetime": value.isoformat()}
    if isinstance(value, date):
        return {"@date": value.isoformat()}
    if isinstance(value, time):
        return {"@time": value.isoformat()}
    if isinstance(value, timedelta):
        return {"@duration": str(Decimal(value // timedelta(microseconds=1)) / 1_000_000)}
    if isinstance(value, YearsMonths):
        return {"@months": value.months}
    if isinstance(value, UUID):
        return {"@uuid": str(value)}
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not a value of a process")


_READERS: dict[str, Any] = {
    "@decimal": Decimal,
    "@date": date.fromisoformat,
    "@time": time.fromisoformat,
    "@datetime": datetime.fromisoformat,
    "@duration": lambda text: timedelta(microseconds=int(Decimal(text) * 1_000_000)),
    "@months": lambda months: YearsMonths(int(months)),
    "@uuid": UUID,
}


def _from_json(found: dict[str, Any]) -> Any:
    if len(found) == 1:
        key, content = next(iter(found.items()))
        reader = _READERS.get(key)
        if reader is not None:
            return reader(content)
    return found


def _no_float(text: str) -> Any:
    raise ValueError(f"a float ({text}) is not a value of a process")


_PLAIN = frozenset({str, Decimal, type(None), bool, int})


def refuse_floats(value: object) -> None:
    """Raise TypeError where ``value`` is a float or has one inside: ``json`` would write it without asking ``default``."""
    inside: Iterable[object] = ()
    if isinstance(value, dict):  # nearly always, and much faster to ask than Mapping
        inside = value.values()
    elif isinstance(value, list | tuple):
        inside = value
    elif isinstance(value, float):
        raise TypeError("a float is not a value of a process")
    elif isinstance(value, Mapping):
        inside = value.values()
    for each in inside:
        if type(each) not in _PLAIN:
            refuse_floats(each)


_CANONICAL = json.JSONEncoder(
    default=_to_json,
    sort_keys=True,
    separators=(",", ":"),
    ensure_ascii=False,
    allow_nan=False,
    check_circular=False,  # what goes in circles has not come past ``refuse_floats``
)


def to_canonical(value: object) -> str:
    """The canonical JSON text of ``value``. Raises TypeError or ValueError for what is not a value of a process."""
    refuse_floats(value)
    return _CANONICAL.encode(value)


_READING = json.JSONDecoder(object_hook=_from_json, parse_int=Decimal, parse_float=_no_float, parse_constant=_no_float)


def from_canonical(text: str | bytes) -> Any:
    """The value that ``to_canonical`` wrote; whole numbers come back as ``Decimal``. Raises ValueError."""
    return _READING.decode(text if isinstance(text, str) else text.decode())


def is_storable_text(value: str) -> bool:
    """PostgreSQL has no text with NUL or half characters."""
    return "\0" not in value and not any("\ud800" <= each <= "\udfff" for each in value)
