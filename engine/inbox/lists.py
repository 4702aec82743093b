"""The pages of the inbox: free tasks of my roles, mine, and those of people whom I stand in for; filtered, ordered, in pages.

A page is made of *groups* (one role, one person) that are each one ordered walk of a partial index, merged: ``role = ANY(...) ORDER BY``
would sort every open task (architecture §6). A filter is held against what the walk comes by, and the walk ends after ``WINDOW`` tasks of a
group: a page never costs more, however rare what is looked for is; it says where it stopped (the *horizon*), and the next page goes on from
there. A search whose words, or whose value of a field, few cases have begins at these cases instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, get_args

from sqlalchemy import Row, TextualSelect, text
from sqlalchemy.orm import Session

from engine.errors import FieldProblem, InvalidInput
from engine.handler import Actor
from engine.inbox import fields
from engine.inbox.fields import FieldCriterion
from engine.inbox.queries import COLUMNS, TaskRow, rows_of, task_row
from engine.inbox.standing_in import SEPARATOR, StandIn, barred
from engine.texts.words import query_of

View = Literal["role", "mine", "absent"]
"""Free for my roles; taken by or given to me; with, or free for, those whom I stand in for."""
Sort = Literal["due", "priority"]
Way = Literal["all", "held", "cases"]
"""Every task that a walk comes by; those of them that fit; those of cases found beforehand that fit."""

WINDOW: Final = 1_000
"""Tasks of one group that a filter is held against for one page."""
SHORT_WALK: Final = 4
"""Pages of tasks that are tried first."""
COUNT_CAP: Final = 1_000
FEW_CASES: Final = 1_000
"""A search that finds no more cases than this begins at the cases."""
USUAL_PRIORITY: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What a list is narrowed to; None or empty: not by this.

    ``due_before``: due before this moment; ``search``: words as typed; ``is_urgent``: of more than the usual priority; ``is_ready``:
    without a follow-up date that is still to come; ``field``: by the value that a business field of the case has.
    """

    process: str | None = None
    role: str | None = None
    due_before: datetime | None = None
    is_urgent: bool = False
    is_ready: bool = False
    search: str = ""
    field: FieldCriterion | None = None

    @property
    def is_open(self) -> bool:
        """Nothing narrows the walk."""
        is_unbound = self.process is None and self.due_before is None and self.field is None
        return is_unbound and not (self.is_urgent or self.is_ready or self.search)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A list that somebody asks for: who, of which view, at which moment."""

    actor: Actor
    view: View
    now: datetime
    absent: Sequence[StandIn] = ()
    criteria: Criteria = field(default_factory=Criteria)
    sort: Sort = "due"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPage:
    """A page of the inbox; ``next`` is the ``after`` of the page that follows, None at the end. ``is_cut``: the walk stopped before the
    page was full; there may be more further on.
    """

    tasks: tuple[TaskRow, ...]
    next: str | None
    is_cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many tasks wait in each view; counted up to ``COUNT_CAP`` only (shown as "999+")."""

    role: int
    mine: int
    absent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many tasks; ``is_more``: at least so many, nobody counted on."""

    number: int
    is_more: bool


_KEYS: Final[dict[Sort, str]] = {"due": "task.sort_at, task.id", "priority": "(-task.priority), task.sort_at, task.id"}

_NOT_BARRED: Final = f"""
    (task.not_same_as IS NULL OR NOT EXISTS (
        SELECT FROM engine.task earlier, unnest(ARRAY[earlier.closed_by, earlier.closed_for]) AS whoever
        WHERE earlier.instance_id = task.instance_id AND earlier.element_id = task.not_same_as
          AND (whoever = ANY(CAST(:barred AS text[])) OR whoever || '{SEPARATOR}' || task.process_key = ANY(CAST(:barred AS text[])))))
"""

_FREE: Final = f"""
    task.role = wanted.role AND task.is_open AND task.assignee IS NULL AND {_NOT_BARRED}
    AND (wanted.processes IS NULL OR task.process_key = ANY(string_to_array(wanted.processes, '{SEPARATOR}')))
"""

# what was taken with a role that is gone is nobody's; what the process gave to the person needs none
_HELD: Final = f"""
    task.assignee = wanted.login AND task.is_open
    AND (task.claimed_at IS NULL OR task.role = ANY(string_to_array(wanted.roles, '{SEPARATOR}')))
    AND (wanted.processes IS NULL OR task.process_key = ANY(string_to_array(wanted.processes, '{SEPARATOR}')))
"""

_WANTED: Final = """
    unnest(CAST(:roles AS text[]), CAST(:logins AS text[]), CAST(:held_roles AS text[]), CAST(:processes AS text[]), CAST(:views AS text[]))
        WITH ORDINALITY AS wanted(role, login, roles, processes, view, number)
"""

_FITS: Final = f"""
    (CAST(:process AS text) IS NULL OR task.process_key = :process)
    AND (CAST(:due_before AS timestamptz) IS NULL OR task.due_at < :due_before)
    AND (NOT :is_urgent OR task.priority > :usual)
    AND (NOT :is_ready OR task.follow_up_at IS NULL OR task.follow_up_at <= :now)
    AND (CAST(:words AS tsquery) IS NULL OR EXISTS (
        SELECT FROM engine.case_words WHERE case_words.instance_id = task.instance_id AND case_words.words @@ CAST(:words AS tsquery)))
    AND {fields.fits("task.instance_id")}
"""


def _walk(sort: Sort, way: Way, condition: str, kind: str) -> str:
    """One ordered walk for each group of a kind."""
    source = "found" if way == "cases" else "engine.task"
    fits = "true" if way == "all" else _FITS
    after = {"due": ":after_sort, :after_id", "priority": ":after_rank, :after_sort, :after_id"}[sort]
    return f"""
        SELECT task.id, task.sort_at, task.priority, task.fits, wanted.number
        FROM {_WANTED}
        CROSS JOIN LATERAL (
            SELECT task.id, task.sort_at, task.priority, {fits} AS fits FROM {source} AS task
            WHERE {condition} AND ({_KEYS[sort]}) > ({after})
            ORDER BY {_KEYS[sort]} LIMIT :window
        ) AS task
        WHERE wanted.{kind} IS NOT NULL
    """  # noqa: S608 - composed of constants


def _walked(sort: Sort, way: Way) -> str:
    found = """
        found AS MATERIALIZED (SELECT * FROM engine.task WHERE instance_id = ANY(CAST(:instances AS bigint[])) AND is_open),
    """
    return f"""
        WITH {found if way == "cases" else ""} task AS MATERIALIZED (
            {_walk(sort, way, _FREE, "role")} UNION ALL {_walk(sort, way, _HELD, "login")}
        ), horizon AS (
            SELECT sort_at, id, priority FROM (
                SELECT DISTINCT ON (number) task.*, count(*) OVER (PARTITION BY number) AS walked
                FROM task ORDER BY number, {", ".join(f"{each} DESC" for each in _KEYS[sort].split(", "))}
            ) AS task WHERE walked = :window ORDER BY {_KEYS[sort]} LIMIT 1
        )
    """  # noqa: S608 - composed of constants


def _page_sql(sort: Sort, way: Way) -> TextualSelect:
    """``OFFSET 0`` keeps PostgreSQL from reading every task for the few that were chosen."""
    keys = _KEYS[sort]
    horizon = keys.replace("task.", "horizon.")
    return rows_of(
        f"""
        {_walked(sort, way)}
        SELECT {COLUMNS}, horizon.sort_at AS horizon_sort, horizon.id AS horizon_id, horizon.priority AS horizon_priority
        FROM (SELECT) AS one LEFT JOIN horizon ON true
        LEFT JOIN LATERAL (
            SELECT task.id FROM task WHERE task.fits AND (horizon.id IS NULL OR ({keys}) <= ({horizon}))
            ORDER BY {keys} LIMIT :limit
        ) AS chosen ON true
        LEFT JOIN LATERAL (SELECT * FROM engine.task WHERE task.id = chosen.id OFFSET 0) AS task ON true
        LEFT JOIN engine.instance ON instance.id = task.instance_id
        LEFT JOIN engine.definition_version version ON version.id = instance.version_id
        ORDER BY {keys}
        """,  # noqa: S608 - composed of constants
        "horizon_sort",
        "horizon_id",
        "horizon_priority",
    )


_PAGES: Final = {(sort, way): _page_sql(sort, way) for sort in get_args(Sort) for way in get_args(Way)}

_COUNTS: Final = {
    way: text(f"""
        {_walked("due", way)}
        SELECT least(count(*), :cap) AS number, count(*) >= :cap OR (SELECT count(*) FROM horizon) > 0 AS is_more FROM task WHERE fits
    """)  # noqa: S608 - composed of constants
    for way in get_args(Way)
}


def _number_of(view: str, condition: str, kind: str) -> str:
    return f"""
        SELECT FROM {_WANTED} JOIN LATERAL (SELECT FROM engine.task WHERE {condition}) AS task ON true
        WHERE wanted.{kind} IS NOT NULL AND wanted.view = '{view}' LIMIT :cap
    """  # noqa: S608 - composed of constants


_ALL_COUNTS: Final = text(f"""
    SELECT (SELECT count(*) FROM ({_number_of("role", _FREE, "role")}) AS free) AS role,
           (SELECT count(*) FROM ({_number_of("mine", _HELD, "login")}) AS held) AS mine,
           least(:cap, (SELECT count(*) FROM ({_number_of("absent", _HELD, "login")}) AS held)
                       + (SELECT count(*) FROM ({_number_of("absent", _FREE, "role")}) AS free)) AS absent
""")  # noqa: S608 - composed of constants

_CASES: Final = text("SELECT instance_id FROM engine.case_words WHERE words @@ CAST(:words AS tsquery) LIMIT :few")


_CHOSEN: Final = rows_of(f"""
    SELECT {COLUMNS} FROM engine.task
    JOIN engine.instance ON instance.id = task.instance_id
    JOIN engine.definition_version version ON version.id = instance.version_id
    WHERE task.id = ANY(CAST(:tasks AS bigint[])) AND task.is_open ORDER BY task.sort_at, task.id
""")  # noqa: S608 - composed of constants


def page(session: Session, asked: Asked, *, after: str | None = None, limit: int = 50) -> TaskPage:
    """A page of open tasks in their order. ``after`` is the ``next`` of the page before.

    Tasks that four eyes forbid the actor are left out where they are free. Raises InvalidInput for an ``after`` that no page gave.
    """
    given = _given(asked, limit + 1) | _read_cursor(after, asked.sort) | {"limit": limit + 1}
    if given["roles"] == []:
        return TaskPage(tasks=(), next=None)
    way = _way(session, given, asked.criteria)
    rows: Sequence[Row[Any]] = ()
    tasks: list[Row[Any]] = []
    # what fits most tasks fills a page after a short walk
    for window in (limit + 1,) if asked.criteria.is_open else (SHORT_WALK * limit, WINDOW):
        rows = session.execute(_PAGES[asked.sort, way], given | {"window": window}).all()
        tasks = [row for row in rows if row.id is not None]
        if len(tasks) > limit or rows[0].horizon_id is None:
            break
    shown = tasks[:limit]
    following = None
    is_cut = len(tasks) <= limit and rows[0].horizon_id is not None
    if len(tasks) > limit:
        following = _cursor(asked.sort, shown[-1].priority, shown[-1].sort_at, shown[-1].id)
    elif is_cut:
        following = _cursor(asked.sort, rows[0].horizon_priority, rows[0].horizon_sort, rows[0].horizon_id)
    return TaskPage(tasks=tuple(task_row(row) for row in shown), next=following, is_cut=is_cut)


def chosen(session: Session, actor: Actor, absent: Sequence[StandIn], task_ids: Sequence[int]) -> tuple[TaskRow, ...]:
    """Of these tasks the open ones that are offered to the actor, or to whom they stand in for, in their order of being due."""
    found = [task_row(row) for row in session.execute(_CHOSEN, {"tasks": list(task_ids)})]
    return tuple(each for each in found if _concerns(each, actor, absent))


def _concerns(task: TaskRow, actor: Actor, absent: Sequence[StandIn]) -> bool:
    if task.role in actor.roles or task.assignee == actor.login:
        return True
    return any(
        (task.role in each.roles or task.assignee == each.login)
        and (each.process_keys is None or task.process_key in each.process_keys)
        for each in absent
    )


def count(session: Session, asked: Asked) -> Count:
    """How many tasks the list has, counted up to ``COUNT_CAP``."""
    given = _given(asked, COUNT_CAP) | _read_cursor(None, "due") | {"cap": COUNT_CAP}
    if given["roles"] == []:
        return Count(number=0, is_more=False)
    way = _way(session, given, asked.criteria)
    row = session.execute(_COUNTS[way], given).one()
    return Count(number=row.number, is_more=row.is_more)


def counts(session: Session, actor: Actor, absent: Sequence[StandIn]) -> Counts:
    """The figures beside the views, in one statement."""
    groups = {view: _groups(view, actor, absent) for view in get_args(View)}
    given = _packed([(*group, view) for view, of in groups.items() for group in of])
    row = session.execute(_ALL_COUNTS, given | {"barred": barred(actor, absent), "cap": COUNT_CAP}).one()
    return Counts(role=row.role, mine=row.mine, absent=row.absent)


def _way(session: Session, given: dict[str, Any], criteria: Criteria) -> Way:
    """From the cases where the words, or the value of the field, are those of few; then their ids are among what is given."""
    if criteria.is_open:
        return "all"
    if given["words"] is not None:
        given["instances"] = list(session.scalars(_CASES, {"words": given["words"], "few": FEW_CASES + 1}))
        if len(given["instances"]) <= FEW_CASES:
            return "cases"
    if criteria.field is not None:
        given["instances"] = fields.cases(session, criteria.field, FEW_CASES + 1)
        if len(given["instances"]) <= FEW_CASES:
            return "cases"
    return "held"


def _given(asked: Asked, window: int) -> dict[str, Any]:
    criteria, actor = asked.criteria, asked.actor
    groups = _groups(asked.view, actor, asked.absent)
    wanted = [(*each, asked.view) for each in groups if criteria.role is None or each[0] == criteria.role]
    return (
        _packed(wanted)
        | {
            "barred": barred(actor, asked.absent),
            "window": window,
            "now": asked.now,
            "process": criteria.process,
            "due_before": criteria.due_before,
            "is_urgent": criteria.is_urgent,
            "is_ready": criteria.is_ready,
            "usual": USUAL_PRIORITY,
            # words that nobody can have written find nothing, not everything
            "words": (query_of(criteria.search) or "") if criteria.search.strip() else None,
        }
        | fields.given(criteria.field)
    )


Group = tuple[str | None, str | None, str | None, str | None]
"""A role whose free tasks, or a login whose tasks are wanted, the login's roles, and the processes (None: all), both packed."""


def _packed(wanted: Sequence[tuple[str | None, ...]]) -> dict[str, Any]:
    """The groups, each with its view, as the arrays that SQL takes."""
    names = ("roles", "logins", "held_roles", "processes", "views")
    return {name: [each[place] for each in wanted] for place, name in enumerate(names)}


def _groups(view: View, actor: Actor, absent: Sequence[StandIn]) -> list[Group]:
    if view == "role":
        return [(role, None, None, None) for role in sorted(actor.roles)]
    if view == "mine":
        return [(None, actor.login, SEPARATOR.join(sorted(actor.roles)), None)]
    found: list[Group] = []
    for each in absent:
        processes = None if each.process_keys is None else SEPARATOR.join(each.process_keys)
        found.append((None, each.login, SEPARATOR.join(sorted(each.roles)), processes))
        # what is free for a role that the actor has too is among the actor's own
        found += [(role, None, None, processes) for role in sorted(each.roles - actor.roles)]
    return list(dict.fromkeys(found))


def _cursor(sort: Sort, priority: int, sort_at: datetime, task_id: int) -> str:
    place = f"{sort_at.isoformat()}_{task_id}"
    return place if sort == "due" else f"{-priority}_{place}"


def _read_cursor(after: str | None, sort: Sort) -> dict[str, Any]:
    if after is None:
        beginning = datetime.fromisoformat("0001-01-01T00:00:00+00:00")
        return {"after_rank": -(2**31) + 1, "after_sort": beginning, "after_id": 0}
    unknown = InvalidInput((FieldProblem(field="after", code="page_unknown"),))
    *ranks, sort_text, last = after.split("_") if "_" in after else ("", "", "")
    try:
        rank, sort_at, task_id = [int(each) for each in ranks], datetime.fromisoformat(sort_text), int(last)
    except ValueError:
        raise unknown from None
    is_known = len(rank) == (sort == "priority") and all(abs(each) < 2**31 for each in rank)
    if not is_known or not 0 <= task_id < 2**63 or sort_at.tzinfo is None:
        raise unknown
    return {"after_rank": rank[0] if rank else 0, "after_sort": sort_at, "after_id": task_id}
