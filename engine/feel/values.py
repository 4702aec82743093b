"""The values of FEEL (DMN 1.5 §10.3.2.3) that Python has no type for, and the environment of an evaluation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

Value = Any
"""None, bool, Decimal, str, date, time, datetime (aware or naive), timedelta, YearsMonths, list, dict, Range or Function."""

PARIS = ZoneInfo("Europe/Paris")


@dataclass(frozen=True, slots=True)
class Range:
    """An interval. ``start`` or ``end`` None means unbounded on that side (``> 5`` as a value)."""

    start: Value
    end: Value
    start_included: bool = True
    end_included: bool = True


@dataclass(frozen=True, slots=True)
class TypeName:
    """``number``, ``list<string>``, ``context<a: number>``, ``range<date>``, ``function<number> -> string``.

    The arguments of a function are the types of its parameters and, last, that of its result.
    """

    name: str
    arguments: tuple[TypeName, ...] = ()
    fields: tuple[tuple[str, TypeName], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A function that expressions can call: ``run(*arguments)``; the last ``optional`` of the ``parameters`` may be left out.

    ``run`` gets FEEL values and gives one; it never raises, and answers None for what it cannot compute. ``type`` is None when nothing is
    known of what it takes and gives.
    """

    name: str
    parameters: tuple[str, ...]
    run: Callable[..., Value]
    optional: int = 0
    type: TypeName | None = None


@dataclass(frozen=True, slots=True)
class Environment:
    """All that an evaluation sees besides its variables: the moment, the zone of naive times, extension functions by name."""

    now: datetime
    zone: ZoneInfo = PARIS
    functions: Mapping[str, Function] = field(default_factory=dict)
