"""What the drawing alone says: which variables decide, where a path can still ask for them, what a token can still reach."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
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
        self.begun = {
            scope: tuple(each.id for each, _ in process.event_sub_processes(scope))
            for process in definition.processes.values()
            for scope in process.inside
        }
        self.next = {node: tuple(self._next(process.nodes[node])) for node, process in self.process_of.items()}
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
        yield from self.begun.get(node.scope, ())
        if node.scope != process.id:
            yield node.scope

    def _after(self, element: str) -> frozenset[str]:
        """Everything that a token at ``element`` can still reach; ``element`` itself only when it can come back."""
        return self._reached(self.next[element])

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
                waiting.extend(self.next[each])
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


Declared = Callable[[model.Node], Names | None]
"""The variables that somebody outside gives for an element; None when that is not known."""


class Deciding:
    """The variables on which the conditions of a model depend."""

    def __init__(self, reach: Reach, declared: Declared) -> None:
        self._reach = reach
        self._declared = declared
        self._asked = {
            node: [each.possible_variables - NOT_FOLLOWED for each in asked(process.nodes[node], process)]
            for node, process in reach.process_of.items()
        }
        self._written: dict[str, set[str]] = {}
        self._narrowed: set[str] = set()
        for node in reach.process_of:
            self._note_writes(reach.node(node))
        self.everything = self._with_sources(name for names in self._all_asked() for name in names)
        """All variables that conditions read, and those that these are computed from."""

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
            self._narrowed.add(name)

    def correlated(self, narrowed: Iterable[str]) -> Names:
        """Only those whose answers can depend on each other: asked twice before they are written again, computed, or of few values."""
        if not self.everything:
            return NOTHING
        live = Live(self._reach, self.everything, self._declared)
        found = self._narrowed.union(narrowed)
        for node, questions in self._asked.items():
            here = NOTHING.union(*questions)
            if not here:
                continue
            drawn = self._reach.node(node)
            if isinstance(drawn, model.Activity | model.ComplexGateway) or any(
                isinstance(each, model.ConditionalDefinition)
                for each in model.definitions_of(getattr(drawn, "trigger", None))
            ):
                found |= here  # asked more than once
            found.update(name for name in here if sum(name in names for names in questions) > 1)
            for following in self._reach.next[node]:
                found |= here & live.at(following)
        related: set[str] = set()
        for names in self._all_asked():
            if not found.isdisjoint(self._with_sources(names)):
                related |= names
        return self._with_sources(related)

    def _all_asked(self) -> Iterator[Names]:
        return (names for questions in self._asked.values() for names in questions)

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
    """Which of ``names`` a token can still ask for, or hand on to what does, before they are written again.

    The usual liveness of a compiler, backwards over the drawing. A name that may stand in several scopes is never taken to be written.
    """

    def __init__(self, reach: Reach, names: Names, declared: Declared) -> None:
        self._reach = reach
        self._declared = declared
        self._bits = {name: 1 << number for number, name in enumerate(sorted(names))}
        local = {name for node in reach.process_of for name in _locals(reach.node(node))}
        self._only_once = self._mask(names - local)
        self._live = self._solve() if names else dict.fromkeys(reach.process_of, 0)
        self._sets: dict[int, tuple[str, ...]] = {}

    def among(self, elements: Iterable[str]) -> tuple[str, ...]:
        """The names that matter to tokens at any of ``elements``, in order."""
        mask = 0
        for each in elements:
            mask |= self._live[each]
        found = self._sets.get(mask)
        if found is None:
            found = self._sets[mask] = tuple(name for name, bit in self._bits.items() if mask & bit)
        return found

    def at(self, element: str) -> Names:
        """The names that matter to a token at ``element``."""
        return frozenset(self.among((element,)))

    def _mask(self, names: Iterable[str]) -> int:
        return sum(self._bits.get(name, 0) for name in set(names))

    def _solve(self) -> dict[str, int]:
        process_of, following = self._reach.process_of, self._reach.next
        nodes = {each: process.nodes[each] for each, process in process_of.items()}
        read = {each: self._mask(self._reads(node)) for each, node in nodes.items()}
        killed = {each: self._mask(self._writes(node)) & self._only_once for each, node in nodes.items()}
        after = {each: process_of[each].flows for each in nodes}
        asked_after = {
            each: self._mask(
                name
                for flow in node.outgoing
                if (condition := after[each][flow].condition) is not None
                for name in condition.possible_variables
            )
            for each, node in nodes.items()
        }
        by_flow = {each: {after[each][flow].target for flow in node.outgoing} for each, node in nodes.items()}
        before: dict[str, list[str]] = {each: [] for each in nodes}
        for each, targets in following.items():
            for target in targets:
                before[target].append(each)
        live = dict.fromkeys(nodes, 0)
        waiting = list(nodes)
        while waiting:
            each = waiting.pop()
            behind, beside = asked_after[each], 0
            for target in following[each]:
                if target in by_flow[each]:
                    behind |= live[target]
                else:
                    beside |= live[target]
            found = read[each] | (behind & ~killed[each]) | beside
            if found != live[each]:
                live[each] = found
                waiting.extend(before[each])
        return live

    def _reads(self, node: model.Node) -> set[str]:
        """What is read before the node writes anything."""
        process = self._reach.process_of[node.id]
        conditions = {process.flows[each].condition for each in node.outgoing}
        expressions = [each for each in asked(node, process) if each not in conditions]
        expressions += [each.source for each in getattr(node, "inputs", ())]
        found: set[str] = set()
        given = {name for each in getattr(node, "outputs", ()) for name in each.source.possible_variables}
        match node:
            case model.ScriptTask():
                expressions.append(node.expression)
                given.discard(node.result_variable)
            case model.BusinessRuleTask():
                decision = self._reach.model.decisions.get(node.decision)
                found.update(() if decision is None else decision.inputs)
                given.discard(node.result_variable)
            case model.UserTask() | model.ServiceTask():
                declared = self._declared(node)
                given = set() if declared is None else given - declared
            case model.ReceiveTask() | model.CatchEvent() | model.BoundaryEvent() | model.StartEvent():
                given = set()
        many = getattr(node, "multi_instance", None)
        if many is not None:
            expressions += [many.input_collection, *([many.output_element] if many.output_element else [])]
        return found.union(given, *(each.possible_variables for each in expressions))

    def _writes(self, node: model.Node) -> set[str]:
        """What is certainly written when the node is left by its flows."""
        if getattr(node, "multi_instance", None) is not None or getattr(node, "loop", None) is not None:
            return set()
        outputs: tuple[model.VariableMapping, ...] = getattr(node, "outputs", ())
        if outputs:
            return {each.target[0] for each in outputs if len(each.target) == 1}
        if isinstance(node, model.ScriptTask | model.BusinessRuleTask):
            return {node.result_variable}
        return set(self._declared(node) or ())


def _locals(node: model.Node) -> Iterator[str]:
    """Names that stand in a scope of their own."""
    yield from (each.target[0] for each in getattr(node, "inputs", ()))
    many = getattr(node, "multi_instance", None)
    if many is not None:
        yield from (each for each in (many.input_element,) if each is not None)
        if many.output_element is not None:
            yield many.output_element.source


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
