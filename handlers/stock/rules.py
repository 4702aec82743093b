"""What *available* and *short* mean (domain §5.2-11). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from engine.data import data

HIGHEST = Decimal(10) ** 9
"""No quantity reaches it."""

SMALLEST = Decimal("0.0001")
"""Quantities have four decimals (domain §5.2-1)."""


@data
class Level:
    """The stock figures of one article, in its unit: of one warehouse, or of all together.

    ``missing``: what documents want and were not promised, because it was not there.
    """

    on_hand: Decimal
    reserved: Decimal
    reorder_level: Decimal
    missing: Decimal = Decimal(0)


def available(level: Level) -> Decimal:
    """On hand less reserved; negative when more was promised than there is."""
    return level.on_hand - level.reserved


def is_short(level: Level) -> bool:
    """Whether what is available, less what documents lack already, lies below the reorder level."""
    return shortage(level) > 0


def shortage(level: Level) -> Decimal:
    """How much has to come so that no document lacks anything and the reorder level is reached; zero when nothing has."""
    return max(level.reorder_level + level.missing - available(level), Decimal(0))


def concern(level: Level) -> str:
    """Why people look at an article, in one word: ``out`` (nothing is available), ``below`` (something is, less than the reorder level),
    ``lacking`` (that level is reached, but documents lack more than there is above it); empty: nothing is wrong.
    """
    free = available(level)
    if free <= 0:
        return "out"
    if free < level.reorder_level:
        return "below"
    return "lacking" if is_short(level) else ""


def together(levels: Iterable[Level]) -> Level:
    """The figures of several warehouses as one."""
    on_hand = reserved = reorder_level = missing = Decimal(0)
    for each in levels:
        on_hand, reserved = on_hand + each.on_hand, reserved + each.reserved
        reorder_level, missing = reorder_level + each.reorder_level, missing + each.missing
    return Level(on_hand=on_hand, reserved=reserved, reorder_level=reorder_level, missing=missing)


@data
class Claim:
    """What a line of a document wants of an article, and what of it is promised to it already."""

    wanted: Decimal
    kept: Decimal


def share(level: Level, claims: Sequence[Claim], *, may_be_negative: bool = False) -> tuple[Decimal, ...]:
    """What is promised to each of several lines of one article afterwards: never more than it wants, and together never more than there is.

    A line keeps what it has, the first lines take what is free first; what a line has beyond its wish becomes free. Where stock may be
    negative, every line gets all.
    """
    if may_be_negative:
        return tuple(each.wanted for each in claims)
    stays = [min(each.kept, each.wanted) for each in claims]
    free = max(available(level) + sum(each.kept for each in claims) - sum(stays), Decimal(0))
    given = []
    for each, has in zip(claims, stays, strict=True):
        more = min(each.wanted - has, free)
        free -= more
        given.append(has + more)
    return tuple(given)


def shippable(level: Level, claims: Sequence[Claim]) -> Decimal:
    """How much of an article may leave for these lines together: what is promised to them and what is free, as far as it lies there."""
    own = sum((min(each.kept, each.wanted) for each in claims), Decimal(0))
    return max(min(level.on_hand, max(available(level), Decimal(0)) + own), Decimal(0))


def is_quantity(quantity: Decimal) -> bool:
    """Whether it can be counted or set: not negative, at most four decimals."""
    return quantity.is_finite() and 0 <= quantity < HIGHEST and quantity == quantity.quantize(SMALLEST)


def plain(quantity: Decimal) -> str:
    """A quantity without zeros that say nothing."""
    return format(quantity.normalize(), "f")
