"""Business numbers without gaps: taken from a locked counter row inside the transaction that uses them (domain §5.2-9)."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from handlers.base.tables import NumberSeries


def take_number(session: Session, series: str, year: int) -> str:
    """The next number of ``series`` in ``year``, as people write it: ``DA-2026-00001``.

    The counter row stays locked until the transaction ends: a rollback gives the number back, a second taker waits.
    """
    return f"{series}-{year}-{take_next(session, series, year):05d}"


def take_next(session: Session, series: str, year: int) -> int:
    """The next number of ``series`` in ``year`` (0: of a series without years), as a number; locked as ``take_number`` says."""
    session.execute(insert(NumberSeries).values(series=series, year=year, next_number=1).on_conflict_do_nothing())
    counter = session.execute(
        select(NumberSeries).where(NumberSeries.series == series, NumberSeries.year == year).with_for_update()
    ).scalar_one()
    number = counter.next_number
    counter.next_number = number + 1
    return number
