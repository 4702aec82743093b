"""How much work the second engine gets: counted, not timed, so that the same story is stopped at the same step everywhere."""

from __future__ import annotations

from dataclasses import dataclass

MOST_TASKS = 4_000
"""Of one workflow: k parallel blocks in a row make SpiffWorkflow predict 8·2ᵏ."""
MOST_WORK = 300_000
"""Tasks looked at in one story: SpiffWorkflow looks through its whole tree for each step."""
MOST_WORK_IN_ALL = 4_000_000
"""In all stories of one version together: a minute, where each look takes longest (200 branches beside each other: 15 µs)."""


class TooLarge(Exception):
    """SpiffWorkflow would take too long."""


@dataclass(slots=True)
class Bounds:
    """What one story may take, however often it is told again from its beginning."""

    most: int = MOST_WORK
    work: int = 0

    def predicted(self, tasks: int) -> None:
        """A task is about to predict what follows, in a workflow of so many. Raises TooLarge."""
        if tasks > MOST_TASKS:
            raise TooLarge
        self.looked(1)

    def looked(self, tasks: int) -> None:
        """So many tasks were looked at. Raises TooLarge."""
        self.work += tasks
        if self.work > self.most:
            raise TooLarge


@dataclass(slots=True)
class Allowance:
    """What the stories of one version may take together: who comes later gets what is ``left``."""

    left: int = MOST_WORK_IN_ALL

    def bounds(self) -> Bounds:
        """Of the next story."""
        return Bounds(most=min(MOST_WORK, self.left))

    def take(self, bounds: Bounds) -> None:
        """A story was played within these."""
        self.left = max(self.left - bounds.work, 0)
