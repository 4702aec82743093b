"""Who is to hear of a task, in SQL: who has it, else everybody who may take it; and in place of who is away, who stands in.

It is what the inbox shows (``engine.inbox.rules``) as one question about many tasks, less those who are away: their stand-in hears of it.
"""

from __future__ import annotations

from typing import Final

from engine.inbox.offers import COMPLETERS, HELD, IN_FORCE
from engine.inbox.store import HOLDER
from engine.notices.choices import DEFAULTS

OF_TASK: Final = f"""
    (SELECT receiver.login, asked.name AS asked_name, receiver.login <> asked.login AS stands_in
     FROM (
         SELECT whose.login, whose.name FROM engine.person whose WHERE whose.login = {HOLDER}
         UNION ALL
         SELECT whose.login, whose.name
         FROM engine.person_role held JOIN engine.person whose ON whose.id = held.person_id
         WHERE {HOLDER} IS NULL AND held.role_key = task.role AND {HELD} AND whose.is_active
     ) asked
     LEFT JOIN LATERAL (
         SELECT absence.substitute_login FROM engine.absence
         WHERE absence.person_login = asked.login AND {IN_FORCE}
           AND (absence.process_keys IS NULL OR task.process_key = ANY(absence.process_keys))
         ORDER BY absence.id LIMIT 1
     ) away ON true
     JOIN engine.person receiver ON receiver.login = coalesce(away.substitute_login, asked.login)
     WHERE receiver.is_active AND receiver.email <> '' AND receiver.login <> ALL({COMPLETERS}) AND asked.login <> ALL({COMPLETERS}))
"""  # noqa: S608 - composed of constants
"""SQL: ``login``, ``asked_name`` and ``stands_in`` of those who are to hear of ``task`` at ``:now``."""

_KINDS = " ".join(f"WHEN '{kind}' THEN '{mode}'" for kind, mode in DEFAULTS.items())


def mode_of(login: str, kind: str) -> str:
    """SQL: how ``login`` wants to hear of ``kind`` (expressions)."""
    return f"""
        coalesce((SELECT choice.mode FROM engine.notice_choice choice WHERE choice.person_login = {login} AND choice.kind = {kind}),
                 CASE {kind} {_KINDS} END)
    """  # noqa: S608 - composed of our own expressions
