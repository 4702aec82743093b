"""Who may see a case, and who may start one: one rule, used by pages, lists and commands."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from engine.handler import Actor

SEES_EVERYTHING: Final = frozenset({"auditor", "process_owner", "admin"})


def sees_everything(actor: Actor) -> bool:
    """The actor sees every case."""
    return bool(actor.roles & SEES_EVERYTHING)


def may_see_case(actor: Actor, *, started_by: str, lane_roles: Collection[str]) -> bool:
    """Whoever started it, whoever has a role in its process, and who audits, owns processes or administrates."""
    return sees_everything(actor) or actor.login == started_by or not actor.roles.isdisjoint(lane_roles)
