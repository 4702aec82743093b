"""What the address of a list says: the view, what it is narrowed to, the order. What it does not understand, it leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final, get_args
from urllib.parse import urlencode

from engine import clock
from engine.inbox.lists import Criteria, Sort, View
from web import auth

DUES: Final = ("late", "today", "week")
LONGEST_SEARCH: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """A list as its address names it."""

    view: View
    sort: Sort
    process: str
    due: str
    search: str
    is_urgent: bool
    is_ready: bool

    @property
    def is_narrowed(self) -> bool:
        """Something is left out."""
        return bool(self.process or self.due or self.search or self.is_urgent or self.is_ready)

    def arguments(self, *, view: View | None = None) -> dict[str, Any]:
        """The query of the address, with only what differs from the usual; of another ``view`` of the same, if asked."""
        found = {
            "view": view or self.view,
            "q": self.search,
            "process": self.process,
            "due": self.due,
            "urgent": "1" if self.is_urgent else "",
            "ready": "1" if self.is_ready else "",
            "sort": "" if self.sort == "due" else self.sort,
        }
        return {name: value for name, value in found.items() if value}

    def query(self) -> str:
        """The same as text: one list, one text."""
        return urlencode(self.arguments())

    def criteria(self) -> Criteria:
        """What the engine is asked for, now."""
        return Criteria(
            process=self.process or None,
            due_before=_due_before(self.due),
            is_urgent=self.is_urgent,
            is_ready=self.is_ready,
            search=self.search,
        )


def read(asked: Mapping[str, str]) -> Narrowing:
    """The list that the arguments of an address name."""
    return Narrowing(
        view=next((each for each in get_args(View) if each == asked.get("view")), "role"),
        sort=next((each for each in get_args(Sort) if each == asked.get("sort")), "due"),
        process=asked.get("process", "").strip()[:100],
        due=next((each for each in DUES if each == asked.get("due")), ""),
        search=" ".join(asked.get("q", "").split())[:LONGEST_SEARCH],
        is_urgent=bool(asked.get("urgent")),
        is_ready=bool(asked.get("ready")),
    )


def _due_before(due: str) -> datetime | None:
    """Days end at midnight of the company; a week is seven days from today on."""
    now = clock.now()
    if due in ("", "late"):
        return now if due else None
    zone = auth.runtime().zone
    days = 1 if due == "today" else 7
    return datetime.combine(now.astimezone(zone).date() + timedelta(days=days), time(), tzinfo=zone)
