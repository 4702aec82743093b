"""What can be said of a process, for programs and in one plain sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from engine.errors import Facts
from engine.feel import Value
from engine.texts import say


class Soundness(StrEnum):
    """The three answers."""

    SOUND = "sound"
    UNSOUND = "unsound"
    NOT_DECIDED = "not decided"


class Kind(StrEnum):
    """What is wrong, or what could not be decided to be wrong."""

    DEADLOCK = "deadlock"
    """Tokens wait for others that never come, and nothing can happen any more."""
    NEVER_HOLDS = "never holds"
    """A condition is waited for that nothing can make true any more."""
    NO_END = "can never end"
    """Things can still happen, for ever, and no end is among them."""
    NEVER_REACHED = "never reached"
    """An element that no case can reach."""
    UNBOUNDED = "unbounded"
    """Ever more tokens gather at one place."""
    NO_START = "no start"
    """Where to begin is not clear."""
    NO_WAY = "no way"
    """No condition of a gateway need hold, and there is no default flow."""
    BOUND = "bound"
    """Too many states to look at them all."""
    CALLS_ITSELF = "calls itself"
    """A process is called inside itself, however often: that has no last state."""
    DEEP = "deep"
    """Sub-processes and calls lie too deep in each other to be followed."""
    MUCH_AT_ONCE = "much at once"
    """Too many sub-processes, calls and items are at work at the same time to be followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A condition on the path: where it was asked, and which answer the path needs."""

    element: str
    condition: str
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer about one process.

    ``path``: ids of the elements and flows that lead there, as few happenings as possible. ``element``: where it is wrong.
    ``conditions``: what the path needs (NOT_DECIDED: only those that nobody could decide about together). ``example``: values by variable
    with which the path is taken. ``relies_on``: conditions that exclude each other or are known, without which it might be unsound.
    ``states``: how many were looked at. ``titles``: what people call the elements and flows named here, by id, as far as they are drawn
    with a name; ``flows`` which of these are flows.
    """

    process: str
    soundness: Soundness
    kind: Kind | None = None
    element: str | None = None
    path: tuple[str, ...] = ()
    conditions: tuple[Asked, ...] = ()
    example: Mapping[str, Value] = field(default_factory=dict)
    relies_on: tuple[str, ...] = ()
    states: int = 0
    titles: Mapping[str, str] = field(default_factory=dict)
    flows: frozenset[str] = frozenset()

    @property
    def is_sound(self) -> bool:
        """It is proved."""
        return self.soundness is Soundness.SOUND

    @property
    def is_unsound(self) -> bool:
        """Somebody can follow the path into it."""
        return self.soundness is Soundness.UNSOUND

    @property
    def code(self) -> str:
        """The code of its sentence."""
        return _CODES[self.soundness, self.kind]

    def sentence(self, locale: str) -> str:
        """What is wrong, what to do about it, and by which way a case comes there."""
        found = say(self.code, locale, **self._facts(locale))
        way = self._way(locale)
        return f"{found} {way}" if way else found

    def steps(self) -> tuple[tuple[str, str], ...]:
        """The last steps of the path that have names, each once and with the name of the flow by which it was left (``""`` for none)."""
        found: dict[str, str] = {}
        last = ""
        for each in self.path:
            title = self.titles.get(each)
            if title is None or self.element in (each, title):
                continue
            if each not in self.flows:
                last = title
                found.setdefault(title, "")
            elif last:
                found[last] = title
        return tuple(found.items())[-_MOST_STEPS:]

    def _way(self, locale: str) -> str:
        steps = [
            say("explore_step_by", locale, step=step, flow=flow) if flow else say("explore_step", locale, step=step)
            for step, flow in self.steps()
        ]
        return say("explore_way", locale, steps=" → ".join(steps)) if steps else ""

    def _facts(self, locale: str) -> Facts:
        # where no condition need hold, all of them do not: the sentence says so once
        is_plain = self.kind is Kind.NO_WAY
        needs = [
            say("explore_needs" if each.holds or is_plain else "explore_needs_not", locale, condition=each.condition)
            for each in self.conditions
        ]
        return {
            "process": self.titles.get(self.process, self.process),
            "element": self._title(locale),
            "conditions": (", " if is_plain else say("explore_and", locale)).join(dict.fromkeys(needs)),
            "states": self.states,
        }

    def _title(self, locale: str) -> str:
        """What people call the element; where it has no name, what it comes after."""
        element = self.element or self.process
        steps = self.steps()
        if element in self.titles or element in self.titles.values() or not steps:
            return self.titles.get(element, element)
        return say("explore_unnamed", locale, element=element, step=steps[-1][0])


_MOST_STEPS = 5
"""So many steps of a way are named in a sentence."""
_CODES: Mapping[tuple[Soundness, Kind | None], str] = {
    (Soundness.SOUND, None): "explore_sound",
    (Soundness.UNSOUND, Kind.DEADLOCK): "explore_deadlock",
    (Soundness.UNSOUND, Kind.NEVER_HOLDS): "explore_never_holds",
    (Soundness.UNSOUND, Kind.NO_END): "explore_no_end",
    (Soundness.UNSOUND, Kind.NEVER_REACHED): "explore_never_reached",
    (Soundness.UNSOUND, Kind.UNBOUNDED): "explore_unbounded",
    (Soundness.UNSOUND, Kind.NO_START): "explore_no_start",
    (Soundness.NOT_DECIDED, Kind.DEADLOCK): "explore_needs_both",
    (Soundness.NOT_DECIDED, Kind.NEVER_HOLDS): "explore_needs_both",
    (Soundness.NOT_DECIDED, Kind.NO_END): "explore_may_never_end",
    (Soundness.NOT_DECIDED, Kind.UNBOUNDED): "explore_may_gather",
    (Soundness.NOT_DECIDED, Kind.NO_WAY): "explore_no_way",
    (Soundness.NOT_DECIDED, Kind.BOUND): "explore_bound",
    (Soundness.NOT_DECIDED, Kind.CALLS_ITSELF): "explore_calls_itself",
    (Soundness.NOT_DECIDED, Kind.DEEP): "explore_deep",
    (Soundness.NOT_DECIDED, Kind.MUCH_AT_ONCE): "explore_much_at_once",
}
