"""Telling people, as every worker does every few seconds, one at a time: note what is new, write the letters that are due."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, time, timedelta
from typing import Final

from engine.calendar import WorkingCalendar
from engine.database.session import Database
from engine.mail import settings
from engine.notices import composing, reading
from engine.notices.composing import House
from engine.notices.reading import When

SOON: Final = timedelta(minutes=1)
"""How long what is told at once waits: a task that is done within it needs no mail, and what comes together goes together."""


def tell(
    database: Database, calendar: WorkingCalendar, operators: Collection[str], now: datetime, *, is_demonstration: bool
) -> None:
    """Note and write all there is. Where no mail can go, nothing is noted: whoever sets a server up gets no flood of what is long over.

    ``operators``: the roles that hear of incidents. Raises Unavailable.
    """
    with database.reading() as session:
        server, plan = settings.find_server(session), settings.find_plan(session)
    if server is None and not is_demonstration:
        with database.transaction() as session:
            reading.forget_marks(session)
        return
    when = moments(calendar, plan.digest_at, now)
    is_more = True
    while is_more:
        with database.transaction() as session:
            is_more = reading.note(session, when, operators)
    house = House(site=plan.site, zone=calendar.zone)
    ended = 1
    while ended:
        with database.transaction() as session:
            # the marks are held, so that two workers do not write the same letter
            ended = composing.compose(session, now, house) if reading.is_our_turn(session) else 0


def moments(calendar: WorkingCalendar, digest_at: time, now: datetime) -> When:
    """The moments around ``now``: due soon is what is due within one working day."""
    local = now.astimezone(calendar.zone)
    today = local.date()
    is_today = calendar.is_working_day(today) and local.time() < digest_at
    day = today if is_today else calendar.add_working_days(today, 1)
    return When(
        now=now,
        soon=now + SOON,
        digest=datetime.combine(day, digest_at, tzinfo=calendar.zone),
        horizon=calendar.moment_after_working_days(now, 1),
    )
