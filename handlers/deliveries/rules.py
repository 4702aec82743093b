"""What may be delivered, and what may come back (domain §5.2-2 and 3). Pure.

All figures of an order line are sums over the lines of its deliveries; nothing is counted in a column of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final, Literal

from engine.data import data
from engine.texts import LOCALES
from handlers.base.units import beside

Readiness = Literal["all", "some", "none"]
"""What of a delivery is reserved."""

_PICKED: Final = re.compile(r" *([0-9]{1,4}) *: *([0-9]{1,9}(?:[.,][0-9]{1,4})?) *")
_NAME: Final = 80
"""Characters of a line's name in lists; a case carries these texts."""


@data
class Progress:
    """What became of an order line, in its unit. ``planned``: in deliveries that have not left yet; ``shipped``: in those that have;
    ``returned``: what came back, ``again``: what of it is to be delivered once more.
    """

    ordered: Decimal
    planned: Decimal = Decimal(0)
    shipped: Decimal = Decimal(0)
    returned: Decimal = Decimal(0)
    again: Decimal = Decimal(0)

    @property
    def delivered(self) -> Decimal:
        """What the customer has."""
        return self.shipped - self.returned

    @property
    def remaining(self) -> Decimal:
        """What no delivery carries yet and still has to be delivered; never negative."""
        return max(self.ordered - self.shipped - self.planned + self.again, Decimal(0))

    @property
    def outstanding(self) -> Decimal:
        """What has not left yet, whether a delivery carries it or not."""
        return self.remaining + self.planned

    @property
    def is_exceeded(self) -> bool:
        """Whether deliveries carry more than the order says by now: it has changed, and they are to be planned anew."""
        return self.planned + self.delivered > self.ordered


@data
class Goods:
    """A line of a delivery as people read it."""

    place: int
    article: str
    text: str
    unit: str
    quantity: Decimal


def readiness(wanted: Sequence[Decimal], reserved: Sequence[Decimal]) -> Readiness:
    """Whether all, some or nothing of what each line wants is reserved for it."""
    if all(has >= want for want, has in zip(wanted, reserved, strict=True)):
        return "all"
    return "some" if any(reserved) else "none"


def returnable(carried: Decimal, returned: Decimal) -> Decimal:
    """How much of a delivery's line can still come back."""
    return max(carried - returned, Decimal(0))


def wanted_of(progress: Progress, carried: Decimal) -> Decimal:
    """What a delivery that carries ``carried`` of an order's line should carry: all that remains, but what others carry."""
    others = progress.shipped + progress.planned - carried - progress.again
    return max(progress.ordered - others, Decimal(0))


def changes(goods: Iterable[tuple[Goods, Decimal, Decimal]]) -> str | None:
    """What is other than it was, a line each, of goods with what they were and are; None where nothing is."""
    return (
        "\n".join(
            f"{each.place}. {plain(was)} → {plain(now)} {_unit(each, now)} · {each.article} {_name(each.text)}".replace(
                "  ", " "
            )
            for each, was, now in goods
            if was != now
        )
        or None
    )


def described(goods: Iterable[Goods]) -> str | None:
    """What people pick, ship or wait for, a line each; None where there is nothing."""
    lines = [
        f"{each.place}. {plain(each.quantity)} {_unit(each, each.quantity)} · {each.article} {_name(each.text)}".replace(
            "  ", " "
        )
        for each in goods
    ]
    return "\n".join(lines) or None


def quantities(goods: Iterable[Goods]) -> str | None:
    """The same as a picker may change it: ``2 : 4,5`` is 4.5 of line 2."""
    return "\n".join(f"{each.place} : {plain(each.quantity)}" for each in goods) or None


def read_quantities(typed: str) -> dict[int, Decimal] | None:
    """The quantities by place; None when a line cannot be read, or names a place twice."""
    found: dict[int, Decimal] = {}
    for line in typed.splitlines():
        if not line.strip():
            continue
        match = _PICKED.fullmatch(line)
        if match is None or int(match[1]) in found:
            return None
        found[int(match[1])] = Decimal(match[2].replace(",", "."))
    return found


def picked_problem(picked: Mapping[int, Decimal], carried: Mapping[int, Decimal]) -> tuple[str, int] | None:
    """Why what was picked cannot be so, as the code of an error and the place that it is about; None when it can."""
    for place, quantity in picked.items():
        if place not in carried:
            return "picked_unclear", place
        if quantity > carried[place]:
            return "picked_too_much", place
    return None if any(picked.values()) else ("picked_nothing", 0)


def plain(quantity: Decimal) -> str:
    """A quantity as the house writes it: ``2,5``."""
    return format(quantity.normalize(), "f").replace(".", ",")


def _unit(goods: Goods, quantity: Decimal) -> str:
    return beside(quantity, goods.unit, LOCALES[0])


def _name(text: str) -> str:
    first = text.partition("\n")[0]
    return first if len(first) <= _NAME else f"{first[: _NAME - 1]}…"
