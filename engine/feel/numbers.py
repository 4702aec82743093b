"""Numbers: decimals of 34 digits, half-even, with the exponents of IEEE 754 decimal128 (DMN 1.5 §10.3.2.3.1).

All arithmetic goes through the methods of one context, so that neither the caller's decimal context nor a switch per operation matters.
What overflows or is not defined is null.
"""

from __future__ import annotations

from decimal import (
    ROUND_CEILING,
    ROUND_FLOOR,
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DecimalException,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)

DIGITS = 34
CONTEXT = Context(
    prec=DIGITS, rounding=ROUND_HALF_EVEN, Emin=-6143, Emax=6144, traps=[InvalidOperation, DivisionByZero, Overflow]
)
ZERO = Decimal(0)
ONE = Decimal(1)
_WHOLE_LIMIT = Decimal(10) ** 18


def whole(value: object) -> int | None:
    """``value`` as an int when it is a whole number below 10^18 in size, else None."""
    if type(value) is not Decimal or not value.is_finite() or not -_WHOLE_LIMIT < value < _WHOLE_LIMIT:
        return None
    made = int(value)
    return made if made == value else None


def scaled(value: Decimal, scale: int, rounding: str) -> Decimal | None:
    """``value`` with ``scale`` digits after the point (before it when negative)."""
    if not -6111 <= scale <= 6176 or not value.is_finite():
        return None
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= -scale:
        return value
    try:
        # one digit more than the value has is enough: rounding never makes it longer than that
        wide = Context(
            prec=max(DIGITS, len(value.as_tuple().digits) + 1), Emin=-7000, Emax=7000, traps=[InvalidOperation]
        )
        return CONTEXT.plus(value.quantize(Decimal(1).scaleb(-scale), rounding=rounding, context=wide))
    except DecimalException:
        return None


def floor(value: Decimal, scale: int = 0) -> Decimal | None:
    """The greatest number of ``scale`` digits not above ``value``."""
    return scaled(value, scale, ROUND_FLOOR)


def ceiling(value: Decimal, scale: int = 0) -> Decimal | None:
    """The least number of ``scale`` digits not below ``value``."""
    return scaled(value, scale, ROUND_CEILING)


def power(base: Decimal, exponent: Decimal) -> Decimal | None:
    """``base ** exponent``; null where it is not a number or too large. The work is bounded by the digits kept."""
    try:
        found = CONTEXT.power(base, exponent)
        return found if found.is_finite() else None
    except DecimalException:
        if base == 0 and exponent == 0:
            return ONE
        return None


def quotient(dividend: Decimal, divisor: Decimal) -> Decimal | None:
    """``dividend / divisor``; null for a divisor of zero."""
    try:
        return CONTEXT.divide(dividend, divisor)
    except DecimalException:
        return None


def modulo(dividend: Decimal, divisor: Decimal) -> Decimal | None:
    """``dividend - divisor * floor(dividend / divisor)``: has the sign of the divisor; null for a divisor of zero."""
    try:
        rest = _exact_remainder(dividend, divisor)
    except DecimalException:
        return None
    if rest and (rest < 0) != (divisor < 0):
        rest = CONTEXT.add(rest, divisor)
    return rest


def _exact_remainder(dividend: Decimal, divisor: Decimal) -> Decimal:
    # the integer quotient may be longer than 34 digits; its length is bounded here, and with it the work
    span = max(dividend.adjusted() - divisor.adjusted(), 0) if divisor else 0
    wide = Context(prec=DIGITS * 2 + min(span, 7000), traps=[InvalidOperation, DivisionByZero])
    return CONTEXT.plus(wide.remainder(dividend, divisor))


def text_of(value: Decimal) -> str:
    """A number as ``string()`` writes it: no exponent, which FEEL's literals do not have, and no zeros that say nothing."""
    return format(value.normalize(CONTEXT), "f") if value else "0"
