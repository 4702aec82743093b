"""The public holidays of France (Code du travail, article L3133-1), and those that a part of it has besides."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType

from holidays import country_holidays

from engine.errors import EngineError


class CalendarError(EngineError):
    """A working-time calculation is not possible."""

    default_code = "calendar_out_of_range"


@lru_cache(maxsize=512)
def holidays_of(year: int, region: str | None = None) -> Mapping[date, str]:
    """The public holidays of ``year`` with their French names. ``region``: a subdivision as the ``holidays`` library names it.

    Raises CalendarError (``calendar_region_unknown``).
    """
    check_region(region)
    return MappingProxyType(dict(country_holidays("FR", years=year, subdiv=region, language="fr")))


def check_region(region: str | None) -> None:
    """Raise CalendarError (``calendar_region_unknown``) for a region that the library does not know."""
    if region is not None and region not in _regions():
        raise CalendarError("calendar_region_unknown", region=region)


@lru_cache(maxsize=1)
def _regions() -> frozenset[str]:
    france = country_holidays("FR")
    return frozenset((*france.subdivisions, *france.subdivisions_aliases))
