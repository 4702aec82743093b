"""What the address of a list says: the view, what it is narrowed to, the order. What it does not understand, it leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final, get_args
from urllib.parse import urlencode

from engine import clock
from engine.inbox.fields import FieldCriterion
from engine.inbox.lists import Criteria, Sort, View
from web import auth, field_narrowing
from web.field_narrowing import FieldNarrowing

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
    field: FieldNarrowing | None = None

    @property
    def is_narrowed(self) -> bool:
        """Something is left out."""
        return bool(self.process or self.due or self.search or self.is_urgent or self.is_ready or self.criterion)

    @property
    def criterion(self) -> FieldCriterion | None:
        """What the field chosen is to be; None without one, without a bound, or with one that nobody can read."""
        return None if self.field is None else self.field.criterion

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
        of_field = {} if self.field is None else self.field.arguments()
        return {name: value for name, value in (found | of_field).items() if value}

    def query(self) -> str:
        """The same as text: one list, one text."""
        return urlencode(self.arguments())

    def criteria(self) -> Criteria:
        """What the engine is asked for, now."""
        return Criteria(
            process=self.process or (self.field.process if self.field is not None and self.criterion else None),
            due_before=_due_before(self.due),
            is_urgent=self.is_urgent,
            is_ready=self.is_ready,
            search=self.search,
            field=self.criterion,
        )


def read(asked: Mapping[str, str]) -> Narrowing:
    """The list that the arguments of an address name."""
    process = asked.get("process", "").strip()[:100]
    return Narrowing(
        view=next((each for each in get_args(View) if each == asked.get("view")), "role"),
        sort=next((each for each in get_args(Sort) if each == asked.get("sort")), "due"),
        process=process,
        due=next((each for each in DUES if each == asked.get("due")), ""),
        search=" ".join(asked.get("q", "").split())[:LONGEST_SEARCH],
        is_urgent=bool(asked.get("urgent")),
        is_ready=bool(asked.get("ready")),
        field=field_narrowing.read(asked, process),
    )


def _due_before(due: str) -> datetime | None:
    """Days end at midnight of the company; a week is seven days from today on."""
    now = clock.now()
    if due in ("", "late"):
        return now if due else None
    zone = auth.runtime().zone
    days = 1 if due == "today" else 7
    return datetime.combine(now.astimezone(zone).date() + timedelta(days=days), time(), tzinfo=zone)
