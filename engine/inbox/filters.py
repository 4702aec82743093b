"""Lists that people keep under a name: the query of an address of the inbox, for one person, so that each has an address of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine import clock
from engine.data import is_storable_text
from engine.database.session import Database
from engine.errors import FieldProblem, InvalidInput, NotFound
from engine.handler import Actor

MOST: Final = 20
LONGEST_NAME: Final = 60
LONGEST_QUERY: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A list with a name. ``query``: as the address of the inbox has it."""

    id: int
    name: str
    query: str


_LIST = text("SELECT id, name, query FROM engine.task_filter WHERE person_login = :login ORDER BY lower(name), id")

# who saves under a name again means the new list; the number is bounded in the statement itself, for two windows at once too
_SAVE = text("""
    INSERT INTO engine.task_filter (person_login, name, query, saved_at)
    SELECT :login, :name, :query, :now
    WHERE (SELECT count(*) FROM engine.task_filter WHERE person_login = :login AND name <> :name) < :most
    ON CONFLICT (person_login, name) DO UPDATE SET query = EXCLUDED.query, saved_at = EXCLUDED.saved_at
    RETURNING id
""")

_REMOVE = text("DELETE FROM engine.task_filter WHERE id = :id AND person_login = :login RETURNING id")


def filters(session: Session, actor: Actor) -> tuple[Filter, ...]:
    """The actor's lists, by name."""
    rows = session.execute(_LIST, {"login": actor.login})
    return tuple(Filter(id=row.id, name=row.name, query=row.query) for row in rows)


def save(database: Database, actor: Actor, name: str, query: str) -> int:
    """Keep a list under ``name``, instead of one that has the name already; gives its id.

    Raises InvalidInput (``name`` empty or too long, too many lists, ``query`` too long).
    """
    called = " ".join(name.split())
    problems = [
        FieldProblem(field="name", code=code)
        for code, is_wrong in (
            ("filter_without_name", not called),
            ("filter_name_too_long", len(called) > LONGEST_NAME),
            ("filter_too_long", len(query) > LONGEST_QUERY),
            ("text_not_storable", not is_storable_text(called + query)),
        )
        if is_wrong
    ]
    if problems:
        raise InvalidInput(tuple(problems))
    given = {"login": actor.login, "name": called, "query": query, "now": clock.now(), "most": MOST}
    with database.transaction() as session:
        made = session.execute(_SAVE, given).scalar()
        if made is None:
            raise InvalidInput((FieldProblem(field="name", code="filters_too_many", facts={"most": MOST}),))
        return int(made)


def remove(database: Database, actor: Actor, filter_id: int) -> None:
    """Forget a list of the actor's. Raises NotFound, also for somebody else's."""
    with database.transaction() as session:
        if session.execute(_REMOVE, {"id": filter_id, "login": actor.login}).first() is None:
            raise NotFound("filter_not_found")
