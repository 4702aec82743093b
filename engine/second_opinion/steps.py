"""What our elements do around SpiffWorkflow's own behaviour: they tell what happens, and their mappings are steps before and after.

A variable lives in the data of a branch, as SpiffWorkflow has it: copied to each branch, merged where they join. What is local to an
element is put there for as long as it is at work, and what it hid comes back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from engine.feel import Value
from engine.model import elements as model
from engine.second_opinion.expressions import ENOUGH, LOCALS, evaluated, mapped
from engine.second_opinion.trace import tells_after, tells_entering

RESULT = "result"
"""In the internal data of a task: what a person answered, a handler or an expression gave."""
KNOWN = "known"
"""In the internal data of a task: what its outputs may ask besides."""
BEGUN = "begun"
"""In the internal data of a task: its number in the order of beginnings."""
HIDDEN = "hidden"
"""In the internal data of a sub-process: the variables that its local ones hide."""
CALLER = "caller"
"""In the internal data of a call: the data of the branch that calls."""

STARTED_WITH = "started with"
"""A hidden variable: what came with the event that began the case, until its start event has taken it."""

_NOTHING = object()


class Step:
    """An element: what every one of them tells, and that it is bounded in what it predicts."""

    node: model.Node
    is_item = False
    """It is what a multi-instance or a loop repeats."""

    def _predict_hook(self, my_task: Any) -> None:
        my_task.workflow.top_workflow.bounds.predicted(len(my_task.workflow.tasks))
        super()._predict_hook(my_task)  # type: ignore[misc]  # SpiffWorkflow ships no types

    def updated(self, _: Any, my_task: Any) -> None:
        """SpiffWorkflow tells this each time that it looks at the task; the first time it has been entered."""
        if BEGUN not in my_task.internal_data:
            my_task.internal_data[BEGUN] = my_task.workflow.top_workflow.journal.next_number()
            self.begin(my_task)

    def begin(self, my_task: Any) -> None:
        """What is done when it is entered."""
        if tells_entering(self.node):
            self.mark("entered", my_task)

    def _on_complete_hook(self, my_task: Any) -> None:
        self.leave(my_task)
        self.mark("completed", my_task)
        super()._on_complete_hook(my_task)  # type: ignore[misc]  # as above

    def leave(self, my_task: Any) -> None:
        """What is written when it is completed."""

    def mark(self, kind: str, my_task: Any) -> None:
        """Tell what happened."""
        after = self.node.id if self.is_item else _before(my_task)
        if isinstance(self.node, model.BoundaryEvent):
            after = self.node.attached_to
        my_task.workflow.top_workflow.journal.mark(
            kind, self.node.id, tuple(items(my_task)), after if tells_after(self.node) else None
        )


class Doing(Step):
    """An activity of one step, or an event: its inputs are local, and its outputs (or all of its result) leave it."""

    def begin(self, my_task: Any) -> None:
        """Its local variables."""
        super().begin(my_task)
        locals_ = my_task.internal_data[LOCALS] = self.item_locals(my_task)
        if isinstance(self.node, model.Activity):
            locals_.update(mapped(my_task, self.node.inputs, into={}))

    def item_locals(self, my_task: Any) -> dict[str, Value]:
        """What an item or a round has for itself."""
        if not self.is_item or not isinstance(self.node, model.Activity):
            return {}
        number = my_task.internal_data.get("key_or_index", my_task.internal_data.get("iteration", 0))
        found: dict[str, Value] = {"loopCounter": Decimal(number + 1)}
        many = self.node.multi_instance
        if many is None:
            return found
        if many.output_element is not None and many.output_element.source.isidentifier():
            found[many.output_element.source] = None
        if many.input_element is not None:
            found[many.input_element] = my_task.data[items_of(self.node)][number]
        return found

    def result(self, my_task: Any) -> Mapping[str, Value]:
        """What its outputs map."""
        found: Mapping[str, Value] = my_task.internal_data.get(RESULT, {})
        return found

    def written(self, my_task: Any, result: Mapping[str, Value]) -> dict[str, Value]:
        """What leaves it."""
        outputs = getattr(self.node, "outputs", ())
        if not outputs:
            return dict(result)
        known = my_task.internal_data.get(KNOWN, {})
        return mapped(my_task, outputs, result, known, into=my_task.data)

    def leave(self, my_task: Any) -> None:
        """Write what leaves it."""
        self.write(my_task, self.written(my_task, self.result(my_task)))

    def write(self, my_task: Any, written: dict[str, Value]) -> None:
        """Into the data of the branch; an item keeps what has a name of its own, and says what comes of it."""
        if self.is_item and isinstance(self.node, model.Activity):
            own = self.item_locals(my_task)
            kept = {name: written.pop(name) for name in list(written) if name in own}
            my_task.data.update(written)
            self._leave_item(my_task, self.node, own | kept)
        else:
            my_task.data.update(written)

    def _leave_item(self, my_task: Any, node: model.Activity, own: dict[str, Value]) -> None:
        many, body = node.multi_instance, my_task.parent
        if many is not None:
            my_task.internal_data[LOCALS] = own  # its inputs are not seen any more
            number = my_task.internal_data["key_or_index"]
            if many.output_element is not None:
                my_task.data[outputs_of(node)] = {str(number): evaluated(my_task, many.output_element)}
            if many.completion_condition is not None:
                counters = _counters(body, is_sequential=many.is_sequential)
                my_task.internal_data[ENOUGH] = evaluated(my_task, many.completion_condition, counters)
        my_task.data.pop(index_of(node), None)


class Opening(Doing):
    """A sub-process: what is inside sees its inputs in its data."""

    def begin(self, my_task: Any) -> None:
        """Let its local variables hide others."""
        super().begin(my_task)
        locals_ = my_task.internal_data[LOCALS]
        my_task.internal_data[HIDDEN] = {name: my_task.data.get(name, _NOTHING) for name in locals_}
        my_task.data.update(locals_)

    def surroundings(self, my_task: Any, inside: dict[str, Value]) -> dict[str, Value]:
        """What is known around it when ``inside`` is known in it."""
        found = dict(inside)
        for name, value in my_task.internal_data.get(HIDDEN, {}).items():
            found.pop(name, None)
            if value is not _NOTHING:
                found[name] = value
        if self.is_item:
            for name in (index_of(self.node), items_of(self.node), outputs_of(self.node), indexes_of(self.node)):
                found.pop(name, None)
        return found

    def leave(self, my_task: Any) -> None:
        """What was hidden comes back; what else was written inside stays."""
        locals_ = my_task.internal_data[LOCALS]
        locals_.update({name: my_task.data[name] for name in locals_ if name in my_task.data})
        hidden = my_task.internal_data[HIDDEN]
        written = self.written(my_task, {}) if getattr(self.node, "outputs", ()) else {}
        own = {name: locals_[name] for name in self.item_locals(my_task)}
        for name, value in hidden.items():
            if value is _NOTHING:
                my_task.data.pop(name, None)
            else:
                my_task.data[name] = value
        self.write(my_task, own | written if self.is_item else written)


class Body(Step):
    """What repeats an activity: its items are loop data, by their numbers, so that an item may be null."""

    def begin(self, my_task: Any) -> None:
        """Take the items once."""
        super().begin(my_task)
        many = self._activity.multi_instance
        for name in (index_of(self.node), outputs_of(self.node)):
            my_task.data.pop(name, None)
        if many is None:
            return
        found = evaluated(my_task, many.input_collection)
        if not isinstance(found, list):
            raise TypeError(f"{self.node.id}: not a list")
        my_task.data[items_of(self.node)] = found
        my_task.data[indexes_of(self.node)] = list(range(len(found)))
        my_task.data[outputs_of(self.node)] = {}

    def leave(self, my_task: Any) -> None:
        """Gather what the items gave, in their order."""
        many = self._activity.multi_instance
        if many is not None and many.output_collection:
            total = len(my_task.data[items_of(self.node)])
            outputs = my_task.data[outputs_of(self.node)]
            my_task.data[many.output_collection] = [outputs.get(str(number)) for number in range(total)]
        for name in (items_of(self.node), indexes_of(self.node), outputs_of(self.node), index_of(self.node)):
            my_task.data.pop(name, None)

    @property
    def _activity(self) -> model.Activity:
        assert isinstance(self.node, model.Activity)
        return self.node


def items(my_task: Any) -> Iterator[int]:
    """Of which items and rounds the task is one, the outermost first."""
    workflow = my_task.workflow
    if workflow.parent_task_id is not None:
        yield from items(workflow.top_workflow.get_task_from_id(workflow.parent_task_id))
    if getattr(my_task.task_spec, "is_item", False):
        yield my_task.internal_data.get("key_or_index", my_task.internal_data.get("iteration", 0))


def items_of(node: model.Node) -> str:
    """The hidden variable with the items of a multi-instance."""
    return f"items of {node.id}"


def indexes_of(node: model.Node) -> str:
    """The hidden variable with the numbers of the items: SpiffWorkflow's loop data input."""
    return f"indexes of {node.id}"


def index_of(node: model.Node) -> str:
    """The hidden variable with the number of an item: SpiffWorkflow's input data item."""
    return f"index of {node.id}"


def outputs_of(node: model.Node) -> str:
    """The hidden variable with what the items gave, by their numbers."""
    return f"outputs of {node.id}"


def _counters(body: Any, *, is_sequential: bool) -> dict[str, Value]:
    """What the completion condition may ask (BPMN table 10.30)."""
    total = len(body.data[items_of(body.task_spec.node)])
    completed = len(body.internal_data["merged"]) + 1
    active = 0 if is_sequential else total - completed
    return {
        "numberOfInstances": Decimal(total),
        "numberOfActiveInstances": Decimal(active),
        "numberOfCompletedInstances": Decimal(completed),
        "numberOfTerminatedInstances": Decimal(0),
    }


def _before(my_task: Any) -> str | None:
    """The element that the task comes from."""
    workflow, task = my_task.workflow, my_task.parent
    while task is not None:
        if isinstance(task.task_spec, Step):
            return task.task_spec.node.id
        task = task.parent
    if workflow.parent_task_id is None:
        return None
    around: str = workflow.top_workflow.get_task_from_id(workflow.parent_task_id).task_spec.node.id
    return around
