from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from engine.texts import format as texts

PARIS = ZoneInfo("Europe/Paris")


def plain(text: str) -> str:
    """Blanks of every width as one."""
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("value", "french", "english"),
    [
        (Decimal("1234.50"), "1 234,5", "1,234.5"),
        (Decimal("0.001"), "0,001", "0.001"),
        (Decimal("1E+3"), "1 000", "1,000"),
        (-12, "-12", "-12"),
        (
            Decimal("12345678901234567890.123456789"),
            "12 345 678 901 234 567 890,123456789",
            "12,345,678,901,234,567,890.123456789",
        ),
    ],
)
def test_numbers(value: Decimal | int, french: str, english: str) -> None:
    assert plain(texts.number(value, "fr")) == french
    assert plain(texts.number(value, "en")) == english


def test_money() -> None:
    assert plain(texts.money(Decimal("1234.5"), "fr")) == "1 234,50 €"
    assert plain(texts.money(Decimal("1234.5"), "en")) == "€1,234.50"
    assert plain(texts.money(Decimal("1234.5"), "fr", "JPY")) in ("1 234 JPY", "1 234 ¥", "1 234 JP¥")


def test_days_and_moments() -> None:
    assert texts.day(date(2026, 11, 21), "fr") == "21 nov. 2026"
    assert texts.day(date(2026, 11, 21), "en") == "21 Nov 2026"
    assert texts.hour(time(9, 5), "fr") == "09:05"
    summer = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    assert texts.moment(summer, "fr", PARIS) == "2 juil. 2026 00:30"
    assert texts.moment(summer.replace(tzinfo=None), "en", PARIS) == "1 Jul 2026 22:30"


@pytest.mark.parametrize(
    ("value", "french", "english"),
    [
        (timedelta(seconds=59), "un instant", "a moment"),
        (timedelta(minutes=1), "1 minute", "1 minute"),
        (timedelta(hours=2, minutes=30, seconds=5), "2 heures 30 minutes", "2 hours 30 minutes"),
        (timedelta(days=1, minutes=5), "1 jour", "1 day"),
        (-timedelta(days=3, hours=4, minutes=5), "3 jours 4 heures", "3 days 4 hours"),
    ],
)
def test_durations(value: timedelta, french: str, english: str) -> None:
    assert texts.duration(value, "fr") == french
    assert texts.duration(value, "en") == english


def test_months() -> None:
    assert texts.months(14, "fr") == "1 an 2 mois"
    assert texts.months(-12, "en") == "1 year"
    assert texts.months(0, "fr") == "0 mois"


def test_how_far() -> None:
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert texts.from_now(now + timedelta(days=2), now, "fr") == "dans 2 jours"
    assert texts.from_now(now - timedelta(hours=3), now, "en") == "3 hours ago"
