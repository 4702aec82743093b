"""What the drawing alone says: which variables decide, where a path can still ask for them, what a token can still reach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from engine.explore.fragment import NOT_FOLLOWED
from engine.feel import Expression
from engine.model import elements as model

Names = frozenset[str]
NOTHING: Names = frozenset()


class Reach:
    """Questions about the processes of a model; each is answered once."""

    def __init__(self, definition: model.Model) -> None:
        self.model = definition
        self.process_of = {node: process for process in definition.processes.values() for node in process.nodes}
        # one answer for each node, kept as long as the model is looked at
        self.after = cache(self._after)
        self.only_after = cache(self._only_after)

    def node(self, element: str) -> model.Node:
        """An element by its id."""
        return self.process_of[element].nodes[element]

    def _next(self, node: model.Node) -> Iterator[str]:
        """Where a token at ``node`` can lead at once, or what can begin because it stands there."""
        process = self.process_of[node.id]
        yield from (process.flows[each].target for each in node.outgoing)
        if isinstance(node, model.Activity):
            yield from node.boundary
            if node.compensated_by is not None:
                yield node.compensated_by
        if isinstance(node, model.SubProcess):
            yield from (each.id for each in process.inside.get(node.id, ()))
        if isinstance(node, model.CallActivity) and node.process in self.model.processes:
            called = self.model.processes[node.process]
            yield from (each.id for each in called.inside.get(called.id, ()))
        if isinstance(node, model.ThrowEvent) and isinstance(node.result, model.LinkDefinition):
            yield from (
                each.id
                for each in process.inside[node.scope]
                if isinstance(each, model.CatchEvent) and each.trigger == node.result
            )
        yield from (each.id for each, _ in process.event_sub_processes(node.scope))
        if node.scope in process.nodes:
            yield node.scope

    def _after(self, element: str) -> frozenset[str]:
        """Everything that a token at ``element`` can still reach; ``element`` itself only when it can come back."""
        return self._reached(self._next(self.node(element)))

    def _only_after(self, event: str) -> frozenset[str]:
        """What a token can reach by a boundary event and by no other way."""
        process = self.process_of[event]
        begins = [each.id for each in process.nodes.values() if not each.incoming and each.id != event]
        return self.after(event) - self._reached(begins, but=event)

    def _reached(self, begins: Iterable[str], but: str | None = None) -> frozenset[str]:
        found: set[str] = set()
        waiting = list(begins)
        while waiting:
            each = waiting.pop()
            if each not in found and each != but:
                found.add(each)
                waiting.extend(self._next(self.node(each)))
        return frozenset(found)


def asked(node: model.Node, process: model.Process) -> Iterator[Expression]:
    """The conditions that are asked at an element."""
    for flow in node.outgoing:
        condition = process.flows[flow].condition
        if condition is not None:
            yield condition
    if isinstance(node, model.Activity):
        if node.loop is not None and node.loop.condition is not None:
            yield node.loop.condition
        many = node.multi_instance
        if many is not None:
            yield from (each.condition for each in many.complex)
            if many.completion_condition is not None:
                yield many.completion_condition
    if isinstance(node, model.ComplexGateway) and node.activation is not None:
        yield node.activation
    for definition in model.definitions_of(getattr(node, "trigger", None)):
        if isinstance(definition, model.ConditionalDefinition):
            yield definition.condition


class Deciding:
    """The variables on which the conditions of a model depend."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self.asked = {
            node: [each.possible_variables - NOT_FOLLOWED for each in asked(process.nodes[node], process)]
            for node, process in reach.process_of.items()
        }
        self._written: dict[str, set[str]] = {}
        self.narrowed: set[str] = set()
        for node in reach.process_of:
            self._note_writes(reach.node(node))

    def _note_writes(self, node: model.Node) -> None:
        for mapping in (*getattr(node, "inputs", ()), *getattr(node, "outputs", ())):
            self._note(mapping.target[0], mapping.source.possible_variables, is_narrow=not mapping.source.variables)
        match node:
            case model.ScriptTask():
                self._note(node.result_variable, node.expression.possible_variables, is_narrow=True)
            case model.BusinessRuleTask():
                decision = self._reach.model.decisions.get(node.decision)
                self._note(node.result_variable, () if decision is None else decision.inputs, is_narrow=True)
        many = getattr(node, "multi_instance", None)
        if many is not None and many.input_element is not None:
            self._note(many.input_element, many.input_collection.possible_variables, is_narrow=False)

    def _note(self, name: str, read: Iterable[str], *, is_narrow: bool) -> None:
        self._written.setdefault(name, set()).update(read)
        if is_narrow:
            self.narrowed.add(name)

    def everything(self) -> Names:
        """All variables that conditions read, and those that these are computed from."""
        return self._with_sources(name for names in self._asked() for name in names)

    def correlated(self, narrowed: Iterable[str] = ()) -> Names:
        """Only those whose answers can depend on each other: asked twice on one path, computed, or of few values (``narrowed``)."""
        found = self.narrowed.union(narrowed)
        for node, questions in self.asked.items():
            here = frozenset().union(*questions)
            if not here:
                continue
            found.update(name for name in here if sum(name in names for names in questions) > 1)
            for later in self._reach.after(node):
                found.update(name for names in self.asked[later] for name in names & here)
            if any(isinstance(each, model.ConditionalDefinition) for each in self._definitions(node)):
                found |= here
        related: set[str] = set()
        for names in self._asked():
            if not found.isdisjoint(self._with_sources(names)):
                related |= names
        return self._with_sources(related)

    def _asked(self) -> Iterator[Names]:
        return (names for questions in self.asked.values() for names in questions)

    def _definitions(self, node: str) -> tuple[model.SingleDefinition, ...]:
        return model.definitions_of(getattr(self._reach.node(node), "trigger", None))

    def _with_sources(self, names: Iterable[str]) -> Names:
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in found and name not in NOT_FOLLOWED:
                found.add(name)
                waiting.extend(self._written.get(name, ()))
        return frozenset(found)


class Live:
    """Which of ``names`` a token can still ask for, or hand on to what does."""

    def __init__(self, reach: Reach, names: Names) -> None:
        self._reach = reach
        self._names = names
        self._read = {node: self._reads(reach.node(node)) for node in reach.process_of} if names else {}
        self._found: dict[str, Names] = {}

    def at(self, element: str) -> Names:
        """The names that matter to a token at ``element``."""
        known = self._found.get(element)
        if known is None:
            places = (element, *self._reach.after(element))
            known = self._found[element] = NOTHING.union(*(self._read[each] for each in places))
        return known

    def _reads(self, node: model.Node) -> Names:
        process = self._reach.process_of[node.id]
        expressions = list(asked(node, process))
        expressions += [each.source for each in (*getattr(node, "inputs", ()), *getattr(node, "outputs", ()))]
        found: set[str] = set()
        match node:
            case model.ScriptTask():
                expressions.append(node.expression)
            case model.BusinessRuleTask():
                decision = self._reach.model.decisions.get(node.decision)
                found.update(() if decision is None else decision.inputs)
        if isinstance(node, model.Activity) and node.multi_instance is not None:
            expressions.append(node.multi_instance.input_collection)
        return self._names & found.union(*(each.possible_variables for each in expressions))


def entered(process: model.Process) -> Mapping[str, model.Node]:
    """The elements that a sound process can reach: all but marks of compensation and what only undoes, which nobody may ever need."""
    found = dict(process.nodes)
    for node in process.nodes.values():
        is_mark = isinstance(node, model.BoundaryEvent) and isinstance(node.trigger, model.CompensationDefinition)
        undoes = isinstance(node, model.Activity) and node.is_for_compensation
        if isinstance(node, model.SubProcess) and node.is_event:
            undoes = any(isinstance(each.trigger, model.CompensationDefinition) for each in process.starts(node.id))
        if is_mark or undoes:
            for each in (node.id, *_inside(process, node.id)):
                found.pop(each, None)
    return found


def _inside(process: model.Process, scope: str) -> Iterator[str]:
    waiting = [scope]
    while waiting:
        for node in process.inside.get(waiting.pop(), ()):
            yield node.id
            waiting.append(node.id)
