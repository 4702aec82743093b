"""What a letter of notices says, in its reader's language: plain text, and the same as simple HTML. No more than the inbox shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from html import escape
from typing import Final
from zoneinfo import ZoneInfo

from engine.mail.message import NOTICES
from engine.texts import format as forms
from engine.texts import say

MOST_LINES: Final = 25
"""Of one kind in one letter; the rest is counted."""

ORDER: Final = ("assigned", "overdue", "due", "offered", "absence", "incident")
"""The kinds as they follow each other in a letter: what is most urgent, first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One thing to tell. ``about``: the number of the task, absence or incident; ``title``: of the task, or of the process that stopped;
    ``asked_name``: for whom somebody stands in; ``instance_id``: the case of an incident.
    """

    kind: str
    about: int
    title: str
    process: str
    business_key: str | None
    due_at: datetime | None = None
    asked_name: str | None = None
    first_day: date | None = None
    last_day: date | None = None
    instance_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The texts of a letter."""

    subject: str
    body: str
    html: str


def letter(found: Sequence[Told], *, name: str, locale: str, site: str, zone: ZoneInfo) -> Wording:
    """The letter that tells ``name`` of ``found``, which is not empty."""
    sections = [(kind, mine) for kind in ORDER if (mine := [each for each in found if each.kind == kind])]
    hello, farewell = say("notice.hello", locale, name=name), say("notice.choose", locale)
    plain, html = [hello, ""], [f"<p>{escape(hello)}</p>"]
    for kind, mine in sections:
        heading = say(f"notice.{kind}", locale, count=len(mine))
        plain += [heading, ""]
        html += [f"<h2>{escape(heading)}</h2>", "<ul>"]
        for each in mine[:MOST_LINES]:
            title, about, link = each.title, _about(each, locale, zone), site + _path(each)
            plain += [f"- {title}{f' ({about})' if about else ''}", f"  {link}"]
            html.append(
                f'<li><a href="{escape(link)}">{escape(title)}</a>{f"<br>{escape(about)}" if about else ""}</li>'
            )
        html.append("</ul>")
        if len(mine) > MOST_LINES:
            more = say("notice.more", locale, count=len(mine) - MOST_LINES)
            plain.append(more)
            html.append(f"<p>{escape(more)}</p>")
        plain.append("")
    plain += ["-- ", farewell, site + NOTICES, ""]
    html.append(f'<p><small><a href="{escape(site + NOTICES)}">{escape(farewell)}</a></small></p>')
    page = "\n".join(html)
    return Wording(
        subject=_subject(found, sections[0][0], locale),
        body="\n".join(plain),
        html=f'<!doctype html>\n<html lang="{locale}"><meta charset="utf-8"><body>\n{page}\n</body></html>\n',
    )


def _subject(found: Sequence[Told], first: str, locale: str) -> str:
    if len(found) == 1:
        return say(f"notice.{first}.subject", locale, title=found[0].title)
    return say("notice.subject", locale, count=len(found))


def _about(each: Told, locale: str, zone: ZoneInfo) -> str:
    said = [each.process, each.business_key] if each.kind != "incident" else [each.business_key]
    if each.due_at is not None:
        said.append(say("notice.due_at", locale, moment=forms.moment(each.due_at, locale, zone)))
    if each.asked_name is not None:
        said.append(say("notice.for", locale, name=each.asked_name))
    if each.first_day is not None and each.last_day is not None:
        said.append(
            say("notice.days", locale, first=forms.day(each.first_day, locale), last=forms.day(each.last_day, locale))
        )
    return " · ".join(part for part in said if part)


def _path(each: Told) -> str:
    if each.kind == "absence":
        return "/absences"
    if each.kind != "incident":
        return f"/tasks/{each.about}"
    return "/operations" if each.instance_id is None else f"/cases/{each.instance_id}"
