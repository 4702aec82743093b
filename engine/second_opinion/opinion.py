"""What the second engine has to say about a story, for programs and in plain sentences."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

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
    defect of SpiffWorkflow that explains it (None: unexplained), ``reason`` what SpiffWorkflow said when it stopped.
    """

    process: str
    file: str
    agreement: Agreement
    obstacles: tuple[Obstacle, ...] = ()
    difference: Difference | None = None
    defect: str | None = None
    reason: str = ""

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

    def sentence(self, locale: str) -> str:
        """What was found and what to do about it."""
        if self.agreement is Agreement.SAME:
            return say("opinion_same", locale)
        if self.difference is None:
            reasons = dict.fromkeys(
                say(f"opinion_no_{each.reason}", locale, element=each.element) for each in self.obstacles
            )
            return say("opinion_not_compared", locale, reasons=" ".join(reasons))
        what = self._what(self.difference, locale)
        if self.defect is None:
            return say("opinion_unexplained", locale, what=what)
        return say("opinion_explained", locale, what=what, defect=say(f"opinion_defect_{self.defect}", locale))

    def _what(self, found: Difference, locale: str) -> str:
        return say(
            f"opinion_{found.point}",
            locale,
            element=found.element or self.process,
            ours=found.ours,
            theirs=found.theirs,
            variables=", ".join(found.variables),
            reason=self.reason,
        )
