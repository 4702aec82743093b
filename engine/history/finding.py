"""One thing that a verification found."""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import Facts
from engine.texts import say


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that does not agree. ``case`` None: it concerns a version or a process, named in the facts."""

    code: str
    case: int | None
    facts: Facts

    def sentence(self, locale: str) -> str:
        """The finding in words."""
        return say(self.code, locale, case=self.case, **self.facts)
