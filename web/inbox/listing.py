"""The list of tasks as the page of the inbox shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

from flask import url_for
from sqlalchemy.orm import Session

from engine.definitions import store as definitions
from engine.inbox.lists import USUAL_PRIORITY, Counts, View
from engine.inbox.queries import TaskRow
from engine.inbox.standing_in import StandIn
from web import ui
from web.inbox.narrowing import Narrowing
from web.present import in_short, stage_of
from web.ui import Due, Tab, in_language, t


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One task of the list. ``marks``: what else is worth knowing, in words."""

    id: int
    url: str
    title: str
    process: str
    summary: str
    stage: str
    business_key: str | None
    due: Due | None
    since: str
    marks: tuple[str, ...]


def rows(session: Session, tasks: Sequence[TaskRow], absent: Sequence[StandIn], place: dict[str, Any]) -> list[Row]:
    """``place``: the arguments of the list's own address."""
    return [_row(session, each, absent, place) for each in tasks]


def _row(session: Session, task: TaskRow, absent: Sequence[StandIn], place: dict[str, Any]) -> Row:
    bundle = definitions.bundle_of(session, task.content_hash)
    return Row(
        id=task.id,
        url=url_for("inbox.inbox", **place, task=task.id),
        title=in_language(task.title),
        process=in_language(task.process_title),
        summary=in_short(task.summary, without=task.business_key),
        stage=stage_of(bundle, task.element_id),
        business_key=task.business_key,
        due=ui.due(task.due_at),
        since=t("web.inbox.since", ago=ui.ago(task.created_at)),
        marks=tuple(_marks(task, absent)),
    )


def _marks(task: TaskRow, absent: Sequence[StandIn]) -> list[str]:
    found = [t("web.inbox.suspended")] if task.is_suspended else []
    if task.priority != USUAL_PRIORITY:
        found.append(t("web.inbox.priority.high" if task.priority > USUAL_PRIORITY else "web.inbox.priority.low"))
    if task.follow_up_at is not None:
        found.append(t("web.inbox.follow_up", moment=ui.moment(task.follow_up_at)))
    away = next((each for each in absent if each.login == task.assignee), None)
    if away is not None:
        found.append(t("web.task.for_absent", name=away.name, day=ui.shown(away.last_day)))
    return found


def tabs(narrowing: Narrowing, counts: Counts, absent: Sequence[StandIn]) -> list[Tab]:
    """One for each view; that of absent people only for who stands in for somebody."""
    return [
        _tab(each, narrowing, counts) for each in get_args(View) if each != "absent" or absent or narrowing.view == each
    ]


def _tab(key: View, narrowing: Narrowing, counts: Counts) -> Tab:
    count = {"role": counts.role, "mine": counts.mine, "absent": counts.absent}[key]
    return Tab(
        key=key,
        text=t(f"web.inbox.view.{key}"),
        url=url_for("inbox.inbox", **narrowing.arguments(view=key)),
        is_current=key == narrowing.view,
        count=ui.capped(count),
    )
