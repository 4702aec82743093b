"""From notices to letters: one for each person whose time has come, with all that is due and still worth telling."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.letter import Letter, ToPerson, write
from engine.notices.receivers import OF_TASK
from engine.notices.wording import Told
from engine.notices.wording import letter as worded
from engine.texts import say

PEOPLE: Final = 50
"""Who get their letters in one transaction."""

MOST: Final = 2_000
"""Notices of one letter."""

PAUSE: Final = timedelta(minutes=10)
"""Between two letters to one person: what comes in between goes together."""

# A notice is dropped when nobody needs it any more: the task is done, taken by somebody (oneself included), given to others.
_DUE = text(f"""
    WITH readers AS (
        SELECT DISTINCT notice.person_login AS login FROM engine.notice
        WHERE notice.ended_at IS NULL AND notice.due_at <= :now AND NOT EXISTS (
            SELECT FROM engine.letter
            WHERE letter.to_login = notice.person_login AND letter.kind = 'notice' AND letter.made_at > :since)
        ORDER BY 1 LIMIT :people
    )
    SELECT reader.login, reader.name, reader.locale, notice.kind, notice.about, notice.occasion, told.*
    FROM readers JOIN engine.person reader ON reader.login = readers.login
    CROSS JOIN LATERAL (
        SELECT * FROM engine.notice WHERE notice.person_login = readers.login AND notice.ended_at IS NULL AND notice.due_at <= :now
        ORDER BY notice.noted_at, notice.about LIMIT :most
    ) notice
    LEFT JOIN LATERAL (
        SELECT true AS is_told, task.title_fr, task.title_en, version.title_fr AS process_fr, version.title_en AS process_en,
               instance.business_key,
               task.due_at AS task_due_at, CASE WHEN receiver.stands_in THEN receiver.asked_name END AS asked_name,
               CAST(NULL AS date) AS first_day, CAST(NULL AS date) AS last_day, task.instance_id
        FROM engine.task
        JOIN engine.instance ON instance.id = task.instance_id
        JOIN engine.definition_version version ON version.id = instance.version_id
        CROSS JOIN LATERAL {OF_TASK} receiver
        WHERE notice.kind IN ('assigned', 'offered', 'due', 'overdue') AND task.id = notice.about AND task.is_open
          AND receiver.login = notice.person_login AND (notice.kind <> 'offered' OR task.assignee IS NULL)
        UNION ALL
        SELECT true, NULL, NULL, NULL, NULL, NULL, NULL, person.name, absence.first_day, absence.last_day, NULL
        FROM engine.absence JOIN engine.person ON person.login = absence.person_login
        WHERE notice.kind = 'absence' AND absence.id = notice.about AND absence.ended_at IS NULL AND absence.ends_at > :now
        UNION ALL
        SELECT true, NULL, NULL, version.title_fr, version.title_en, instance.business_key, NULL, NULL, NULL, NULL, incident.instance_id
        FROM engine.incident
        LEFT JOIN engine.instance ON instance.id = incident.instance_id
        LEFT JOIN engine.definition_version version ON version.id = instance.version_id
        WHERE notice.kind = 'incident' AND incident.id = notice.about AND incident.resolved_at IS NULL
        LIMIT 1
    ) told ON true
    ORDER BY reader.login, notice.noted_at, notice.about
""")  # noqa: S608 - composed of constants

_END = text("""
    UPDATE engine.notice SET ended_at = :now, letter_id = e.letter
    FROM unnest(CAST(:logins AS text[]), CAST(:kinds AS text[]), CAST(:abouts AS bigint[]), CAST(:occasions AS bigint[]),
                CAST(:letters AS bigint[])) AS e(login, kind, about, occasion, letter)
    WHERE notice.person_login = e.login AND notice.kind = e.kind AND notice.about = e.about AND notice.occasion = e.occasion
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What letters say besides: the address for links, the zone of moments."""

    site: str
    zone: ZoneInfo


def compose(session: Session, now: datetime, house: House) -> int:
    """Write the letters of those whose time has come, ``PEOPLE`` at most; gives how many notices that ended. For one at a time."""
    rows = session.execute(_DUE, {"now": now, "since": now - PAUSE, "people": PEOPLE, "most": MOST}).all()
    if not rows:
        return 0
    sent = dict(_letters(session, rows, now, house))
    session.execute(
        _END,
        {
            "now": now,
            "logins": [row.login for row in rows],
            "kinds": [row.kind for row in rows],
            "abouts": [row.about for row in rows],
            "occasions": [row.occasion for row in rows],
            "letters": [sent.get(row.login) if row.is_told else None for row in rows],
        },
    )
    return len(rows)


def _letters(session: Session, rows: Sequence[Row[Any]], now: datetime, house: House) -> Iterator[tuple[str, int]]:
    for login, mine in groupby(rows, key=lambda row: str(row.login)):
        found = [row for row in mine if row.is_told]
        if not found:
            continue
        name, locale = found[0].name, found[0].locale
        said = worded([_told(row, locale) for row in found], name=name, locale=locale, site=house.site, zone=house.zone)
        letter = Letter(
            key=f"notice/{login}/{now.isoformat()}",
            kind="notice",
            to=ToPerson(login=login),
            locale=locale,
            subject=said.subject,
            body=said.body,
            html=said.html,
        )
        for number in write(session, letter, now, "system"):
            yield login, number


def _told(row: Row[Any], locale: str) -> Told:
    process = (row.process_en if locale == "en" else row.process_fr) or ""
    if row.kind == "absence":
        title = say("notice.absence.title", locale, name=row.asked_name)
    elif row.kind == "incident":
        title = process or say("notice.incident.job", locale)
    else:
        title = row.title_en if locale == "en" else row.title_fr
    return Told(
        kind=row.kind,
        about=row.about,
        title=title,
        process=process,
        business_key=row.business_key,
        due_at=row.task_due_at,
        asked_name=None if row.kind == "absence" else row.asked_name,
        first_day=row.first_day,
        last_day=row.last_day,
        instance_id=row.instance_id,
    )
