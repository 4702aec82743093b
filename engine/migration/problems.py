"""What a plan tells: what keeps a case from being moved, and what becomes different for it."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.errors import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """Something that has no counterpart. ``code`` has its sentence in the catalogue; ``element``: its id in the old version."""

    code: str
    element: str
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that is different afterwards, or remarkable. ``element``: its id in the new version; in the old one, if that lacks it.

    ``facts`` hold old and new; moments as ISO 8601.
    """

    code: str
    element: str
    facts: Facts = field(default_factory=dict)
