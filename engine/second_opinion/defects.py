"""The known defects of SpiffWorkflow 3.2.0, each with what it explains: a narrow question about the model and the first difference.

Each was reproduced with SpiffWorkflow alone (tests/engine/second_opinion/test_defects.py); where it is right and we are wrong, there is
no defect to find here, and the difference stays unexplained.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from engine.model import elements as model
from engine.protocol.events import VariableWritten
from engine.second_opinion.comparing import Difference, grouped
from engine.second_opinion.regions import Regions
from engine.second_opinion.trace import Trace
from engine.stories import Report


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A difference and all that is known of it. ``reason`` is what SpiffWorkflow said when it stopped, ``stopped_at`` where."""

    regions: Regions
    report: Report
    ours: Trace
    difference: Difference
    reason: str = ""
    stopped_at: str | None = None

    @cached_property
    def happened(self) -> frozenset[str]:
        """The elements that were entered."""
        return frozenset(mark.element for moment in self.ours.moments for mark in moment.marks)

    @cached_property
    def at_work(self) -> frozenset[str]:
        """The elements that were entered and not left when it came to the difference."""
        found: Counter[str] = Counter()
        for moment in list(grouped(self.ours.moments))[: self.difference.moment + 1]:
            for mark in moment.marks:
                found[mark.element] += 1 if mark.kind == "entered" else -1
        return frozenset(+found)

    @cached_property
    def written(self) -> tuple[VariableWritten, ...]:
        """Every write, with the element that wrote."""
        return tuple(each for each in self.report.events if isinstance(each, VariableWritten))

    def names(self, elements: frozenset[str], *, only_merged: bool = False) -> frozenset[str]:
        """The variables that ``elements`` wrote (``only_merged``: lists and contexts), and all that was computed from them."""
        found = {
            each.name
            for each in self.written
            if each.element in elements and (not only_merged or isinstance(each.value, list | dict))
        }
        before = -1
        while before != len(found):
            before = len(found)
            for each in self.written:
                if each.element is not None and not found.isdisjoint(self.regions.reads(each.element)):
                    found.add(each.name)
        return frozenset(found)

    def is_about(self, names: frozenset[str]) -> bool:
        """It lies in these variables, or behind an element that asks for them."""
        found = self.difference
        if found.point == "variable":
            return names.issuperset(found.variables)
        asking = {found.element, None if found.mark is None else found.mark.after}
        return any(each is not None and not names.isdisjoint(self.regions.reads(each)) for each in asking)


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """``code`` is the end of a code of the catalogue (``opinion_defect_…``)."""

    code: str
    explains: Callable[[Seen], bool]


def explanation(seen: Seen) -> str | None:
    """The code of the defect that explains the difference; None when there is none."""
    return next((each.code for each in DEFECTS if each.explains(seen)), None)


def _copies(seen: Seen) -> bool:
    """Each branch has a copy of all variables; where branches join, what one has not touched hides what another wrote."""
    return seen.is_about(seen.names(seen.regions.parallel(seen.happened)))


def _lists(seen: Seen) -> bool:
    """Where data is merged, a list is merged with the list that was there, and cut to its length; a context keeps its old entries."""
    merging = seen.regions.parallel(seen.happened) | seen.regions.repeated()
    return seen.is_about(seen.names(merging, only_merged=True))


def _join_in_loop(seen: Seen) -> bool:
    """A join that a token comes to again takes the flows of earlier rounds for flows of this one."""
    kinds = (model.ParallelGateway, model.InclusiveGateway)
    return any(seen.regions.comes_again(each.id) for each in _early_joins(seen, *kinds))


def _unseen_work(seen: Seen) -> bool:
    """An inclusive join does not see a sub-process, a repeated activity or a handler that is at work before it."""
    kinds = (model.SubProcess, model.CallActivity, model.ServiceTask)
    for join in _early_joins(seen, model.InclusiveGateway):
        for each in seen.at_work:
            node = seen.regions.nodes[each]
            is_started = isinstance(node, kinds) or (isinstance(node, model.Activity) and node.is_repeated)
            if is_started and node.scope == join.scope and join.id in seen.regions.beyond(each):
                return True
    return False


def _looks_back(seen: Seen) -> bool:
    """An inclusive join looks back along the first of the flows that merge before it, and does not see tokens on the others."""
    regions = seen.regions
    for join in _early_joins(seen, model.InclusiveGateway):
        merges = (each for each in regions.nodes.values() if len(each.incoming) > 1 and each.id != join.id)
        before = [each.id for each in merges if each.scope == join.scope and join.id in regions.beyond(each.id)]
        if any(merge in regions.beyond(work) for merge in before for work in seen.at_work):
            return True
    return False


def _early_joins(seen: Seen, *kinds: type[model.Node]) -> Iterator[model.Node]:
    """The joins that fire where ours still wait, and lead to what SpiffWorkflow alone does."""
    element, regions = seen.difference.element, seen.regions
    for node in _nodes(regions, *kinds):
        is_near = element in (node.id, *regions.following(node.id))
        if is_near and seen.difference.point == "only_theirs" and len(node.incoming) > 1:
            yield node


def _after_interruption(seen: Seen) -> bool:
    """What is interrupted from inside goes on until the boundary event has run."""
    found, regions = seen.difference, seen.regions
    if found.point != "only_theirs" or found.element is None:
        return False
    for event in _events(regions, model.EscalationDefinition, model.SignalDefinition, model.ErrorDefinition):
        interrupted = regions.inside(event.attached_to) | {event.attached_to}
        if event.is_interrupting and event.id in seen.happened and found.element in interrupted:
            return True
    return False


def _cycle(seen: Seen) -> bool:
    """What a cycle at the boundary has begun is dropped when the activity is left, and begun again after the last firing."""
    element, regions = seen.difference.element, seen.regions
    for event in _events(regions, model.TimerDefinition):
        is_cycle = isinstance(event.trigger, model.TimerDefinition) and event.trigger.kind is model.TimerKind.CYCLE
        touched = regions.beyond(event.id) | set(regions.around(event.id))
        if is_cycle and not event.is_interrupting and event.id in seen.happened and element in touched:
            return True
    return False


def _once(seen: Seen) -> bool:
    """A message or signal at the boundary that does not interrupt comes once: it does not wait for the next time."""
    event = seen.regions.nodes.get(seen.difference.element or "")
    if not isinstance(event, model.BoundaryEvent) or event.is_interrupting or seen.difference.point == "only_theirs":
        return False
    before = list(grouped(seen.ours.moments))[: seen.difference.moment]
    has_come = any(mark.element == event.id for moment in before for mark in moment.marks)
    kinds = (model.MessageDefinition, model.SignalDefinition)
    return has_come and any(isinstance(each, kinds) for each in model.definitions_of(event.trigger))


def _predicted(seen: Seen) -> bool:
    """A multi-instance or a loop on the way from a boundary event cannot begin."""
    node = seen.regions.nodes.get(seen.stopped_at or "")
    if "non-predicted child" not in seen.reason or not isinstance(node, model.Activity) or not node.is_repeated:
        return False
    events = _nodes(seen.regions, model.BoundaryEvent)
    return any(each.id in seen.happened and node.id in seen.regions.beyond(each.id) for each in events)


def _nodes(regions: Regions, *kinds: type[model.Node]) -> Iterable[model.Node]:
    return (each for each in regions.nodes.values() if isinstance(each, kinds))


def _events(regions: Regions, *kinds: type) -> Iterable[model.BoundaryEvent]:
    events = (each for each in regions.nodes.values() if isinstance(each, model.BoundaryEvent))
    return (each for each in events if any(isinstance(one, kinds) for one in model.definitions_of(each.trigger)))


DEFECTS = (
    Defect(code="predicted", explains=_predicted),
    Defect(code="unseen_work", explains=_unseen_work),
    Defect(code="join_in_loop", explains=_join_in_loop),
    Defect(code="looks_back", explains=_looks_back),
    Defect(code="after_interruption", explains=_after_interruption),
    Defect(code="once", explains=_once),
    Defect(code="cycle", explains=_cycle),
    Defect(code="lists", explains=_lists),
    Defect(code="copies", explains=_copies),
)
"""The narrowest first."""
