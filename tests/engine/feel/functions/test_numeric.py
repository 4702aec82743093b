"""Functions on numbers (DMN 1.5 table 76)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from engine.data import YearsMonths
from engine.feel import Value

D = Decimal
Evaluate = Callable[..., Value]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("decimal(1/3, 2)", D("0.33")),
        ("decimal(1.5, 0)", D(2)),
        ("decimal(2.5, 0)", D(2)),
        ("decimal(n: 1234.5, scale: -2)", D(1200)),
        ("decimal(1, 6176)", D(1)),
        ("decimal(1, 6177)", None),
        ("decimal(1, -6111)", D(0)),
        ("decimal(1, -6112)", None),
        ("decimal(1.255, 1.9)", D("1.3")),
        ("decimal(null, 1)", None),
        ("decimal(1, null)", None),
        ('decimal("1", 1)', None),
        ("floor(1.5)", D(1)),
        ("floor(-1.56, 1)", D("-1.6")),
        ("floor(n: -1.5)", D(-2)),
        ("floor(n: 15, scale: -1)", D(10)),
        ("floor(1.5, null)", None),
        ("floor(null)", None),
        ("ceiling(1.5)", D(2)),
        ("ceiling(-1.56, 1)", D("-1.5")),
        ("ceiling(-0.5)", D(0)),
        ("round up(5.5, 0)", D(6)),
        ("round up(-5.5, 0)", D(-6)),
        ("round up(1.121, 2)", D("1.13")),
        ("round up(-1.126, 2)", D("-1.13")),
        ("round down(5.5, 0)", D(5)),
        ("round down(-5.5, 0)", D(-5)),
        ("round down(1.121, 2)", D("1.12")),
        ("round down(-1.126, 2)", D("-1.12")),
        ("round half up(5.5, 0)", D(6)),
        ("round half up(-5.5, 0)", D(-6)),
        ("round half up(1.121, 2)", D("1.12")),
        ("round half up(-1.126, 2)", D("-1.13")),
        ("round half down(5.5, 0)", D(5)),
        ("round half down(-5.5, 0)", D(-5)),
        ("round half down(1.121, 2)", D("1.12")),
        ("round half down(-1.126, 2)", D("-1.13")),
        ("round half up(n: 25, scale: -1)", D(30)),
        *(
            (f"round {way}(1, {scale})", None)
            for way in ("up", "down", "half up", "half down")
            for scale in (6177, -6112, "null")
        ),
        ("abs(10)", D(10)),
        ("abs(n: -10)", D(10)),
        ('abs(@"-PT5H")', timedelta(hours=5)),
        ('abs(@"-P1Y")', YearsMonths(12)),
        ('abs("1")', None),
        ("abs(null)", None),
        ("abs([-1])", D(1)),
        ("modulo(12, 5)", D(2)),
        ("modulo(-12, 5)", D(3)),
        ("modulo(12, -5)", D(-3)),
        ("modulo(-12, -5)", D(-2)),
        ("modulo(10.1, 4.5)", D("1.1")),
        ("modulo(-10.1, 4.5)", D("3.4")),
        ("modulo(10.1, -4.5)", D("-3.4")),
        ("modulo(-10.1, -4.5)", D("-1.1")),
        ("modulo(dividend: 10, divisor: 5)", D(0)),
        ("modulo(1, 0)", None),
        ("modulo(null, 1)", None),
        ("sqrt(16)", D(4)),
        ("sqrt(number: 2)", D("1.414213562373095048801688724209698")),
        ("sqrt(0)", D(0)),
        ("sqrt(-1)", None),
        ("log(10)", D("2.302585092994045684017991454684364")),
        ("log(number: 1)", D(0)),
        ("log(0)", None),
        ("log(-1)", None),
        ("exp(5)", D("148.4131591025766034211155800405523")),
        ("exp(number: 0)", D(1)),
        ("exp(100000)", None),
        ("exp(-100000)", D(0)),
        ("odd(5)", True),
        ("odd(number: 2)", False),
        ("odd(-3)", True),
        ("odd(null)", None),
        ("even(5)", False),
        ("even(number: 2)", True),
        ("even(0)", True),
        ("even(-2)", True),
        ('even("2")', None),
        # there is no difference between 0 and -0, and precision is not a difference either
        ("-0 = 0", True),
        ("1 / -0", None),
        ("1.0 = 1.00", True),
        # what overflows is null, what is too small is zero
        ("9.9e6144 * 10", None),
        ("1e-6176 / 10", D(0)),
        ("10 ** 6145", None),
        ("2 ** 0.5", D("1.414213562373095048801688724209698")),
        ("(-8) ** (1/3)", None),
        ("0 ** -1", None),
    ],
)
def test_numbers(evaluate: Evaluate, source: str, expected: Value) -> None:
    found = evaluate(source)
    assert found == expected
    assert type(found) is type(expected)
