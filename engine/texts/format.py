"""Numbers, amounts, days, moments and durations as people write them, by language (Babel) and in the company's zone."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Context, Decimal, localcontext
from typing import Literal
from zoneinfo import ZoneInfo

from babel import dates, numbers

from engine.texts import language_of, say

_BABEL = {"fr": "fr_FR", "en": "en_GB"}
# Babel rounds in the current context, whose 28 digits are fewer than an expression may give
_EXACT = Context(prec=100)
_Length = Literal["full", "long", "medium", "short"]


def number(value: Decimal | int, locale: str) -> str:
    """``1 234,5`` or ``1,234.5``: every digit that the value has, none that it has not."""
    return _decimal(value, locale, 0)


def amount(value: Decimal, locale: str) -> str:
    """``1 234,50`` or ``1,234.50``: in a column that names the currency; a price may have more decimals than cents."""
    return _decimal(value, locale, 2)


def percent(rate: Decimal, locale: str) -> str:
    """``5,5 %`` or ``5.5%`` of a rate that is a part of one."""
    return number(rate * 100, locale) + ("\u00a0%" if language_of(locale) == "fr" else "%")


def money(amount: Decimal, locale: str, currency: str = "EUR") -> str:
    """``1 234,50 €`` or ``€1,234.50``, to the cents of the currency."""
    with localcontext(_EXACT):
        return numbers.format_currency(amount, currency, locale=_babel(locale))


def day(value: date, locale: str, length: _Length = "medium") -> str:
    """``21 nov. 2026`` or ``21 Nov 2026``."""
    return dates.format_date(value, format=length, locale=_babel(locale))


def moment(value: datetime, locale: str, zone: ZoneInfo, length: _Length = "medium") -> str:
    """Day, hour and minute in the company's zone. A naive value is taken to be in that zone already."""
    local = value.astimezone(zone) if value.tzinfo else value.replace(tzinfo=zone)
    return f"{day(local.date(), locale, length)} {hour(local.time(), locale)}"


def hour(value: time, locale: str) -> str:
    """``14:05``."""
    return dates.format_time(value, format="HH:mm", locale=_babel(locale))


def duration(value: timedelta, locale: str) -> str:
    """As people say it: the two largest units that matter (``2 jours 3 heures``, ``45 minutes``); under a minute ``un instant``."""
    seconds = abs(int(value.total_seconds()))
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    parts = [("day", days), ("hour", hours), ("minute", rest // 60)]
    first = next((index for index, (_, amount) in enumerate(parts) if amount), None)
    if first is None:
        return say("duration_moment", locale)
    return " ".join(_units(amount, unit, locale) for unit, amount in parts[first : first + 2] if amount)


def months(value: int, locale: str) -> str:
    """A calendar duration: ``1 an 2 mois``."""
    years, rest = divmod(abs(value), 12)
    return " ".join(
        _units(amount, unit, locale) for unit, amount in (("year", years), ("month", rest)) if amount
    ) or _units(0, "month", locale)


def from_now(value: datetime, now: datetime, locale: str) -> str:
    """``dans 2 jours``, ``il y a 3 heures``: how far ``value`` is from ``now`` (both with a zone)."""
    return dates.format_timedelta(value - now, add_direction=True, locale=_babel(locale))


def _units(amount: int, unit: str, locale: str) -> str:
    return say(f"duration_{unit}", locale, count=amount)


def _decimal(value: Decimal | int, locale: str, least: int) -> str:
    decimals = max(least, len(f"{Decimal(value):f}".partition(".")[2].rstrip("0")))
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    with localcontext(_EXACT):
        return numbers.format_decimal(value, format=pattern, locale=_babel(locale))


def _babel(locale: str) -> str:
    return _BABEL[language_of(locale)]
