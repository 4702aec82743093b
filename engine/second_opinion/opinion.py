"""What the second engine has to say about a story, for programs and in plain sentences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from engine.errors import Facts, Problem
from engine.second_opinion.comparing import Difference
from engine.second_opinion.subset import Obstacle
from engine.texts import say


class Agreement(StrEnum):
    """The three answers."""

    SAME = "same"
    DIFFERENT = "different"
    NOT_COMPARED = "not_compared"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """The answer about one story, by its ``file``.

    ``obstacles``: why it is not compared, each with its element. ``difference``: the first one; ``defect`` is the code of the known
    defect of SpiffWorkflow that explains it (None: unexplained), ``reason`` what SpiffWorkflow said when it stopped, ``element_name`` what
    the diagram calls the element (None: nothing).
    """

    process: str
    file: str
    agreement: Agreement
    obstacles: tuple[Obstacle, ...] = ()
    difference: Difference | None = None
    defect: str | None = None
    reason: str = ""
    element_name: str | None = None

    @property
    def is_compared(self) -> bool:
        """Both engines played it."""
        return self.agreement is not Agreement.NOT_COMPARED

    @property
    def is_unexplained(self) -> bool:
        """They differ, and nobody knows why: it stands against publishing."""
        return self.agreement is Agreement.DIFFERENT and self.defect is None

    @property
    def element(self) -> str | None:
        """Where to look: the first element that differs or that has no translation."""
        if self.difference is not None:
            return self.difference.element
        return next((each.element for each in self.obstacles), None)

    @property
    def problem(self) -> Problem | None:
        """What stands against publishing, at the story and its element; None when nothing does."""
        if self.difference is None or not self.is_unexplained:
            return None
        return Problem(
            code=f"opinion_unexplained_{self.difference.point}",
            file=self.file,
            element_id=self.element,
            element_name=self.element_name,
            facts=self._facts(self.difference),
        )

    def sentence(self, locale: str) -> str:
        """What was found and what to do about it."""
        if self.agreement is Agreement.SAME:
            return say("opinion_same", locale)
        if self.difference is None:
            reasons = dict.fromkeys(each.sentence(locale) for each in self.obstacles)
            return say("opinion_not_compared", locale, reasons=" ".join(reasons))
        facts = self._facts(self.difference)
        if self.defect is None:
            return say(f"opinion_unexplained_{self.difference.point}", locale, **facts)
        what = say(f"opinion_{self.difference.point}", locale, **facts)
        return say("opinion_explained", locale, what=what, defect=say(f"opinion_defect_{self.defect}", locale))

    def _facts(self, found: Difference) -> Facts:
        return {
            "element": self.element_name or found.element or self.process,
            "ours": found.ours,
            "theirs": found.theirs,
            "variables": ", ".join(found.variables),
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of ``total`` stories so many are ``compared``, and of these so many differ: by a known defect, or ``unexplained``."""

    total: int
    compared: int
    explained: int
    unexplained: int

    @property
    def same(self) -> int:
        """So many go the same way."""
        return self.compared - self.explained - self.unexplained


def figures(opinions: Iterable[Opinion]) -> Figures:
    """What comes of all stories of a version."""
    found = tuple(opinions)
    return Figures(
        total=len(found),
        compared=sum(each.is_compared for each in found),
        explained=sum(each.defect is not None for each in found),
        unexplained=sum(each.is_unexplained for each in found),
    )
