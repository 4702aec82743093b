"""What waits and disturbs nobody: where it does among others, the proof lets it go on first and leaves all other orders out.

A partial-order reduction by strong stubborn sets, each of all that can happen to one task or event (Valmari, "Stubborn sets for reduced
state space generation", 1990, and "Stop It, and Be Stubborn!", 2017; Godefroid, "Partial-Order Methods for the Verification of Concurrent
Systems", 1996). ``docs/soundness.md`` says why the answer is the same. All is read from the drawing, and whatever is in doubt is not calm.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.explore.fragment import NOT_FOLLOWED
from engine.explore.reach import Declared, Names, Reach, asked
from engine.feel import Expression
from engine.model import elements as model

_HARMLESS = model.MessageDefinition | model.LinkDefinition
"""What can be thrown without an effect inside the process."""
_WAITING = model.UserTask | model.ServiceTask | model.ReceiveTask | model.EventBasedGateway


def calm_tasks(reach: Reach, names: Names, given_by: Declared) -> frozenset[str]:
    """The tasks and events that wait, of which the end commutes with all that can happen beside it, and which nothing else can end.

    ``names`` are the variables that are followed, ``given_by`` says which somebody outside may give for an element (None: any).
    """
    nodes = {each: reach.node(each) for each in reach.process_of}
    if any(map(_matters_in_order, nodes.values())) or _can_grow(reach) or _calls_itself(reach):
        return frozenset()
    if not all(_is_caught(reach, each) for each in nodes.values()):
        return frozenset()
    return _Calm(reach, names, given_by).tasks


def _matters_in_order(node: model.Node) -> bool:
    """What came first decides what comes: signals, conditions that are waited for, compensation."""
    kinds = model.SignalDefinition | model.ConditionalDefinition | model.CompensationDefinition | model.CancelDefinition
    return any(isinstance(each, kinds) for each in (*_caught(node), *_thrown(node)))


def _caught(node: model.Node) -> tuple[model.SingleDefinition, ...]:
    return model.definitions_of(getattr(node, "trigger", None))


def _thrown(node: model.Node) -> Iterator[model.SingleDefinition]:
    yield from model.definitions_of(getattr(node, "result", None))
    many = getattr(node, "multi_instance", None)
    if many is not None:
        yield from model.definitions_of(many.event)
        yield from (each.event for each in many.complex)


def _is_caught(reach: Reach, node: model.Node) -> bool:
    """An error that it throws ends a sub-process around it and nothing else."""
    process = reach.process_of[node.id]
    for each in _thrown(node):
        if not isinstance(each, model.ErrorDefinition):
            continue
        around = process.nodes.get(node.scope)
        while around is not None and not _catches(process, around, each.code):
            around = process.nodes.get(around.scope)
        if around is None:
            return False
    return True


def _catches(process: model.Process, around: model.Node, code: str | None) -> bool:
    events = (process.nodes[each] for each in getattr(around, "boundary", ()))
    found = (each for event in events for each in _caught(event))
    return any(isinstance(each, model.ErrorDefinition) and each.code in (code, None) for each in found)


# -- what can grow without limit --------------------------------------------------------------------------------------------------


def _can_grow(reach: Reach) -> bool:
    """On some way that comes back to where it began, one token can become two: then only all orders show how many there can be."""
    return any(_multiplies(reach, node) and node in _beyond(reach, node) for node in reach.process_of)


def _multiplies(reach: Reach, element: str) -> bool:
    node = reach.node(element)
    if isinstance(node, model.ExclusiveGateway | model.EventBasedGateway):
        return False
    if isinstance(node, model.Activity):
        events = (reach.node(each) for each in node.boundary)
        stays = any(isinstance(each, model.BoundaryEvent) and not each.is_interrupting for each in events)
        if stays or node.completion_quantity > 1:
            return True
    return len(node.outgoing) > 1 or isinstance(node, model.ComplexGateway)


def _beyond(reach: Reach, element: str) -> set[str]:
    """What a token can reach in the same scope."""
    scope = reach.node(element).scope
    found: set[str] = set()
    waiting = list(reach.next[element])
    while waiting:
        each = waiting.pop()
        if each not in found and reach.node(each).scope == scope:
            found.add(each)
            waiting.extend(reach.next[each])
    return found


def _calls_itself(reach: Reach) -> bool:
    calls: dict[str, set[str]] = {}
    for element, process in reach.process_of.items():
        node = reach.node(element)
        if isinstance(node, model.CallActivity):
            calls.setdefault(process.id, set()).add(node.process)
    for begin, called in calls.items():
        found: set[str] = set()
        waiting = list(called)
        while waiting:
            each = waiting.pop()
            if each not in found:
                found.add(each)
                waiting.extend(calls.get(each, ()))
        if begin in found:
            return True
    return False


# -- what a task touches ----------------------------------------------------------------------------------------------------------


class _Calm:
    """Looks at one task after the other."""

    def __init__(self, reach: Reach, names: Names, given_by: Declared) -> None:
        self._reach = reach
        self._names = names
        self._given_by = given_by
        self._callers: dict[str, list[str]] = {}
        late: set[str] = set()
        recurring: set[str] = set()
        for element in reach.process_of:
            node = reach.node(element)
            if isinstance(node, model.CallActivity):
                self._callers.setdefault(node.process, []).append(element)
            if isinstance(node, model.ComplexGateway) or (
                isinstance(node, model.InclusiveGateway) and len(node.incoming) > 1
            ):
                late.add(element)
            if isinstance(node, model.BoundaryEvent) and not node.is_interrupting:
                recurring |= reach.after(element)
        self._late = late
        self._recurring = recurring
        """What an event that comes again and again leads to: how much of it is under way decides whether it comes."""
        self.tasks = frozenset(each for each in reach.process_of if self._is_calm(each))

    def _is_calm(self, element: str) -> bool:
        node = self._reach.node(element)
        if not isinstance(node, _WAITING | model.CatchEvent):
            return False
        if element in self._recurring or not self._late.isdisjoint(self._reach.after(element)):
            return False
        if not self._is_undisturbed(node):
            return False
        ends = [node, *self._events(node)]
        if any(map(self._gives, ends)):
            return False
        return all(self._is_harmless(each) for end in ends for each in self._entered_after(end.id))

    def _events(self, node: model.Node) -> Iterator[model.Node]:
        """The events by which it ends otherwise: those on its boundary, those after an event-based gateway."""
        if isinstance(node, model.Activity):
            yield from map(self._reach.node, node.boundary)
        elif isinstance(node, model.EventBasedGateway):
            yield from (self._reach.node(each) for each in self._reach.next[node.id] if each != node.scope)

    def _is_undisturbed(self, node: model.Node) -> bool:
        """Nothing around it, in the processes that call this one neither, can end it or begin beside it."""
        waiting: list[model.Node] = [node]
        while waiting:
            at = waiting.pop()
            if isinstance(at, model.Activity) and not self._ends_by_itself(at, is_around=at is not node):
                return False
            process = self._reach.process_of[at.id]
            for beside in process.inside.get(at.scope, ()):
                if isinstance(beside, model.SubProcess) and beside.is_event:
                    return False
                if any(isinstance(each, model.TerminateDefinition) for each in _thrown(beside)):
                    return False
            if at.scope != process.id:
                waiting.append(process.nodes[at.scope])
            else:
                waiting.extend(map(self._reach.node, self._callers.get(process.id, ())))
        return True

    def _ends_by_itself(self, at: model.Activity, *, is_around: bool) -> bool:
        """No event ends what is inside, and what is not around others has no event that leaves it waiting."""
        if _may_be_enough(at):
            return False
        if is_around or at.is_repeated:
            return not at.boundary
        events = map(self._reach.node, at.boundary)
        return all(isinstance(each, model.BoundaryEvent) and each.is_interrupting for each in events)

    def _gives(self, node: model.Node) -> bool:
        """Whoever answers, or what becomes of the answer, writes or asks what is followed."""
        if self._touches(_at_end(node, self._reach)):
            return True
        if getattr(node, "outputs", ()) or not self._names:
            return False
        given = self._given_by(node)
        return given is None or not self._names.isdisjoint(given)

    def _entered_after(self, element: str) -> list[str]:
        """Everything that is entered without anybody's doing after the end of ``element``."""
        found: dict[str, None] = {}
        waiting = list(self._left(element))
        while waiting:
            each = waiting.pop()
            if each not in found:
                found[each] = None
                waiting.extend(self._entered(each))
        return list(found)

    def _left(self, element: str) -> Iterator[str]:
        """Where a token goes when ``element`` is over; at the end of a scope that is over too, perhaps."""
        node = self._reach.node(element)
        process = self._reach.process_of[element]
        if isinstance(node, model.ThrowEvent) and isinstance(node.result, model.LinkDefinition):
            yield from self._reach.next[element]
        yield from (process.flows[each].target for each in node.outgoing)
        if not node.outgoing:
            for over in (node.scope,) if node.scope != process.id else self._callers.get(process.id, ()):
                yield over
                yield from self._left(over)

    def _entered(self, element: str) -> Iterator[str]:
        node = self._reach.node(element)
        is_repeated = isinstance(node, model.Activity) and node.is_repeated
        if isinstance(node, model.SubProcess | model.CallActivity):
            yield from (each for each in self._reach.next[element] if self._reach.node(each).scope in self._inner(node))
        if is_repeated or not isinstance(node, _WAITING):
            yield from self._left(element)

    def _inner(self, node: model.SubProcess | model.CallActivity) -> tuple[str, ...]:
        return (node.id, node.process) if isinstance(node, model.CallActivity) else (node.id,)

    def _is_harmless(self, element: str) -> bool:
        """Entering it touches nothing that others may touch."""
        node = self._reach.node(element)
        if element in self._recurring or element in self._late:
            return False
        if any(not isinstance(each, _HARMLESS) for each in _thrown(node)):
            return False
        if isinstance(node, model.Activity) and node.start_quantity > 1:
            return False
        if isinstance(node, model.CallActivity) and self._names and (node.propagates_all_in or node.propagates_all_out):
            return False
        return not self._touches((*_at_begin(node, self._reach), *_at_end(node, self._reach)))

    def _touches(self, names: Iterable[str]) -> bool:
        return not self._names.isdisjoint(names)


def _may_be_enough(node: model.Activity) -> bool:
    many = node.multi_instance
    return many is not None and bool(many.completion_condition or many.event or many.complex)


def _at_begin(node: model.Node, reach: Reach) -> Iterator[str]:
    """Variables that are asked or written when it begins."""
    for mapping in getattr(node, "inputs", ()):
        yield from _read(mapping.source)
        yield mapping.target[0]
    match node:
        case model.ScriptTask():
            yield from _read(node.expression)
        case model.BusinessRuleTask():
            decision = reach.model.decisions.get(node.decision)
            yield from () if decision is None else decision.inputs
    many = getattr(node, "multi_instance", None)
    if many is not None:
        yield from _read(many.input_collection)
        yield from (each for each in (many.input_element,) if each is not None)


def _at_end(node: model.Node, reach: Reach) -> Iterator[str]:
    """Variables that are asked or written when it ends."""
    for mapping in getattr(node, "outputs", ()):
        yield from _read(mapping.source)
        yield mapping.target[0]
    for condition in asked(node, reach.process_of[node.id]):
        yield from _read(condition)
    if isinstance(node, model.ScriptTask | model.BusinessRuleTask):
        yield node.result_variable
    many = getattr(node, "multi_instance", None)
    if many is not None:
        yield from (each for each in (many.output_collection,) if each is not None)
        if many.output_element is not None:
            yield from _read(many.output_element)
            yield many.output_element.source


def _read(expression: Expression) -> Names:
    return expression.possible_variables - NOT_FOLLOWED
