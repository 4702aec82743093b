"""What may stand in a document of sales, and what it costs. Pure.

Rounding (domain §5.2-1 and 4): half up to the cent, once for each line, once for the tax of each rate, nowhere else; the total before
tax is the sum of what people read in the lines, and the tax is taken of that sum, rate by rate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from engine.errors import FieldProblem
from handlers.base.money import CENT, to_cents
from handlers.catalogue import vat
from handlers.sales.taxes import Taxation, charged_at
from handlers.sales.types import LINE_KINDS, PRODUCT_TYPES, Extras, Line, RateTotal, Totals

MOST_LINES: Final = 1_000
HIGHEST: Final = Decimal(10) ** 9
"""No quantity, price or amount reaches it."""

_HUNDRED: Final = Decimal(100)
_QUANTITY: Final = Decimal("0.0001")
_PRICE: Final = Decimal("0.000001")
_LONGEST: Final = {"text": 2_000, "unit": 30}


def amount(line: Line) -> Decimal | None:
    """What a line costs before tax, less its discount; None for a heading or a note."""
    if line.kind != "item":
        return None
    return to_cents(line.quantity * line.unit_price * (_HUNDRED - line.discount) / _HUNDRED)


def figures(lines: Sequence[Line], extras: Extras, taxation: Taxation) -> Totals:
    """The figures of a document whose lines name the rates that they would bear at home."""
    return totals(taxation.applied(lines), extras, taxation.rates())


def totals(lines: Sequence[Line], extras: Extras, rates: Mapping[str, Decimal]) -> Totals:
    """The figures of lines that name what they count under (``Taxation.applied``). ``rates``: those of the day (``Taxation.rates``)."""
    amounts = tuple(amount(each) for each in lines)
    sold = [(line, found) for line, found in zip(lines, amounts, strict=True) if found is not None]
    charges = extras.shipping + extras.adjustment
    charged = charged_at({line.vat for line, _ in sold})
    by_rate: dict[str, Decimal] = {charged: Decimal(0)} if extras.shipping or extras.adjustment else {}
    for line, found in sold:
        by_rate[line.vat] = by_rate.get(line.vat, Decimal(0)) + found
    parts = [
        _of_rate(name, rates[name], of_lines, extras.discount, charges if name == charged else Decimal(0))
        for name, of_lines in by_rate.items()
    ]
    parts.sort(key=lambda each: each.rate, reverse=True)
    net = sum((each.base for each in parts), Decimal("0.00"))
    tax = sum((each.tax for each in parts), Decimal("0.00"))
    of_lines = sum((found for _, found in sold), Decimal("0.00"))
    discount = sum((each.discount for each in parts), Decimal("0.00"))
    listed = sum((to_cents(line.quantity * line.unit_price) for line, _ in sold), Decimal("0.00"))
    return Totals(
        amounts=amounts,
        vats=tuple(line.vat if found is not None else None for line, found in zip(lines, amounts, strict=True)),
        lines=of_lines,
        discount=discount,
        charges=to_cents(charges),
        net=net,
        tax=tax,
        total=net + tax,
        rates=tuple(parts),
        list_amount=listed,
        discount_percent=to_cents((listed - of_lines + discount) * _HUNDRED / listed) if listed else Decimal("0.00"),
    )


def _of_rate(name: str, rate: Decimal, of_lines: Decimal, percent: Decimal, charges: Decimal) -> RateTotal:
    discount = to_cents(of_lines * percent / _HUNDRED)
    base = to_cents(of_lines - discount + charges)
    return RateTotal(
        vat=name,
        rate=rate,
        lines=of_lines,
        discount=discount,
        charges=to_cents(charges),
        base=base,
        tax=to_cents(base * rate),
    )


def tidied(line: Line) -> Line:
    """As it is kept: no idle spaces; a heading or note has nothing but its text."""
    if line.kind in LINE_KINDS and line.kind != "item":
        return Line(kind=line.kind, text=line.text.strip())
    return replace(line, text=line.text.strip(), unit=" ".join(line.unit.split()))


def line_problems(line: Line, field: str) -> list[FieldProblem]:
    """What is wrong with a tidied line; ``field``: what it is called, before the name of its own field."""
    found = [
        FieldProblem(field=f"{field}.{name}", code="text_too_long", facts={"most": most})
        for name, most in _LONGEST.items()
        if len(getattr(line, name)) > most
    ]
    checks = (
        ("kind", "line_kind_unknown", line.kind not in LINE_KINDS),
        ("text", "line_text_missing", not line.text),
        ("quantity", "line_quantity_invalid", not _is_number(line.quantity, _QUANTITY) or line.quantity <= 0),
        ("unit_price", "price_invalid", not _is_number(line.unit_price, _PRICE)),
        ("discount", "discount_invalid", not _is_percent(line.discount)),
        ("vat", "vat_unknown", line.vat not in vat.NAMES),
        ("product_type", "product_type_unknown", line.product_type not in PRODUCT_TYPES),
    )
    return found + [FieldProblem(field=f"{field}.{name}", code=code) for name, code, is_wrong in checks if is_wrong]


def problems(lines: Sequence[Line], extras: Extras, taxation: Taxation) -> list[FieldProblem]:
    """What is wrong with the tidied lines of a document, by field: ``lines.3.quantity`` is of the fourth line.

    Whether there is anything to sell is asked when it is sent, not while it is written.
    """
    if len(lines) > MOST_LINES:
        return [FieldProblem(field="lines", code="lines_too_many", facts={"most": MOST_LINES})]
    found = [wrong for place, line in enumerate(lines) for wrong in line_problems(line, f"lines.{place}")]
    if not _is_percent(extras.discount):
        found.append(FieldProblem(field="discount", code="discount_invalid"))
    if not _is_number(extras.shipping, CENT):
        found.append(FieldProblem(field="shipping", code="amount_invalid"))
    if not _is_number(abs(extras.adjustment), CENT):
        found.append(FieldProblem(field="adjustment", code="adjustment_invalid"))
    if found:
        return found
    found_totals = figures(lines, extras, taxation)
    if any(each.base < 0 for each in found_totals.rates):
        return [FieldProblem(field="adjustment", code="document_negative")]
    if found_totals.total >= HIGHEST:
        return [FieldProblem(field="lines", code="document_too_large")]
    return []


def product_types(lines: Sequence[Line]) -> tuple[str, ...]:
    """Which types are sold, in the order of ``PRODUCT_TYPES``."""
    sold = {each.product_type for each in lines if each.kind == "item"}
    return tuple(each for each in PRODUCT_TYPES if each in sold)


def missing(lines: Sequence[Line], available: Mapping[str, Decimal]) -> tuple[Decimal, ...]:
    """What each line lacks of what is ``available`` by article, nothing for what has no stock; lines share an article, the first first."""
    free = {article: max(quantity, Decimal(0)) for article, quantity in available.items()}
    found = []
    for line in lines:
        if line.kind != "item" or line.article not in free or not line.quantity.is_finite():
            found.append(Decimal(0))
            continue
        wanted = max(line.quantity, Decimal(0))
        taken = min(wanted, free[line.article])
        free[line.article] -= taken
        found.append(wanted - taken)
    return tuple(found)


def _is_number(value: Decimal, smallest: Decimal) -> bool:
    return value.is_finite() and 0 <= value < HIGHEST and value == value.quantize(smallest)


def _is_percent(value: Decimal) -> bool:
    return value.is_finite() and 0 <= value <= _HUNDRED and value == value.quantize(CENT)
