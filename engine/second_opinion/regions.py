"""Where in a process things may happen beside each other, follow from each other, or come again: what the known defects are about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from engine.feel import Expression
from engine.model import elements as model


class Regions:
    """The processes of a model, by their flows."""

    def __init__(self, definition: model.Model) -> None:
        self.model = definition

    @cached_property
    def nodes(self) -> dict[str, model.Node]:
        """Every element by its id."""
        return {id_: node for process in self.model.processes.values() for id_, node in process.nodes.items()}

    @cached_property
    def _following(self) -> dict[str, tuple[str, ...]]:
        """What a token goes to next, in the same scope: by flows, links and boundary events."""
        found: dict[str, tuple[str, ...]] = {}
        for process in self.model.processes.values():
            for node in process.nodes.values():
                targets = [process.flows[each].target for each in node.outgoing]
                targets += getattr(node, "boundary", ())
                if isinstance(node, model.ThrowEvent) and isinstance(node.result, model.LinkDefinition):
                    targets += [
                        each.id
                        for each in process.inside[node.scope]
                        if isinstance(each, model.CatchEvent) and each.trigger == node.result
                    ]
                found[node.id] = tuple(targets)
        return found

    @cached_property
    def _inside(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for process in self.model.processes.values():
            for scope, nodes in process.inside.items():
                found[scope] = tuple(each.id for each in nodes)
        return found

    def inside(self, element: str) -> frozenset[str]:
        """Everything in a sub-process, or in what a call calls, however deep."""
        found: set[str] = set()
        left = [element]
        while left:
            node = self.nodes.get(left.pop())
            if isinstance(node, model.SubProcess | model.CallActivity):
                scope = node.process if isinstance(node, model.CallActivity) else node.id
                new = [each for each in self._inside.get(scope, ()) if each not in found]
                found.update(new)
                left.extend(new)
        return frozenset(found)

    def beyond(self, *starts: str, without: str = "") -> frozenset[str]:
        """What can be reached from ``starts`` in their scope, themselves included, without passing ``without``; and all inside of that."""
        found: set[str] = set()
        left = [each for each in starts if each != without]
        while left:
            element = left.pop()
            if element not in found:
                found.add(element)
                left.extend(each for each in self._following.get(element, ()) if each != without)
        return frozenset(found).union(*map(self.inside, found))

    def around(self, element: str) -> Iterator[str]:
        """The sub-processes around it, and the calls that lead to its process."""
        seen = {element}
        left = [element]
        while left:
            node = self.nodes.get(left.pop())
            for each in () if node is None else self._owners(node):
                if each not in seen:
                    seen.add(each)
                    left.append(each)
                    yield each

    def _owners(self, node: model.Node) -> Iterable[str]:
        if node.scope in self.nodes:
            return (node.scope,)
        calls = (each for each in self.nodes.values() if isinstance(each, model.CallActivity))
        return [each.id for each in calls if each.process == node.scope]

    def comes_again(self, element: str) -> bool:
        """A token can come from it to itself."""
        return element in self.beyond(*self._following[element])

    def following(self, element: str) -> tuple[str, ...]:
        """What comes next after it."""
        return self._following[element]

    def parallel(self, happened: frozenset[str]) -> frozenset[str]:
        """The elements that may be at work beside others, by what splits among those that ``happened``."""
        found: set[str] = set()
        for node in self.nodes.values():
            if node.id in happened:
                found |= self._beside(node, happened)
        return frozenset(found)

    def _beside(self, node: model.Node, happened: frozenset[str]) -> set[str]:
        found: set[str] = set()
        if isinstance(node, model.Activity):
            if node.multi_instance is not None and not node.multi_instance.is_sequential:
                found |= {node.id, *self.inside(node.id)}
            for each in node.boundary:
                event = self.nodes[each]
                if each in happened and isinstance(event, model.BoundaryEvent):
                    found |= self.inside(node.id)
                    if not event.is_interrupting:
                        after = [target for target in self._following[node.id] if target not in node.boundary]
                        found |= {node.id, *self._apart(after, each, node.id)}
        targets = [each for each in self._following[node.id] if not isinstance(self.nodes[each], model.BoundaryEvent)]
        if len(targets) > 1 and not isinstance(node, model.ExclusiveGateway | model.EventBasedGateway):
            reached = [self.beyond(each, without=node.id) for each in targets]
            found |= frozenset().union(*reached) - frozenset.intersection(*reached)
        return found

    def _apart(self, after: list[str], event: str, without: str) -> frozenset[str]:
        """What only one of the two ways leads to."""
        return self.beyond(*after, without=without) ^ self.beyond(event, without=without)

    def repeated(self) -> frozenset[str]:
        """What a multi-instance or a loop repeats, and all inside."""
        found: set[str] = set()
        for node in self.nodes.values():
            if isinstance(node, model.Activity) and node.is_repeated:
                found |= {node.id, *self.inside(node.id)}
        return frozenset(found)

    def reads(self, element: str) -> frozenset[str]:
        """The variables that what the element evaluates reads, with the conditions of the flows that leave it."""
        node = self.nodes.get(element)
        if node is None:
            return frozenset()
        found: set[str] = set()
        for each in _expressions(node):
            found |= each.possible_variables
        for process in self.model.processes.values():
            for flow in node.outgoing:
                condition = process.flows[flow].condition if flow in process.flows else None
                found |= condition.possible_variables if condition is not None else frozenset()
        return frozenset(found)


def _expressions(node: model.Node) -> Iterator[Expression]:
    for mapping in (*getattr(node, "inputs", ()), *getattr(node, "outputs", ())):
        yield mapping.source
    if isinstance(node, model.ScriptTask):
        yield node.expression
    for each in model.definitions_of(getattr(node, "trigger", None)):
        if isinstance(each, model.TimerDefinition):
            yield each.expression
        elif isinstance(each, model.MessageDefinition) and each.correlation_key is not None:
            yield each.correlation_key
    if isinstance(node, model.Activity):
        many = node.multi_instance
        asked = () if many is None else (many.input_collection, many.output_element, many.completion_condition)
        yield from (each for each in asked if each is not None)
        if node.loop is not None and node.loop.condition is not None:
            yield node.loop.condition
