"""A case in SpiffWorkflow: one step after the other, bounded, with what is open and what was told."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from SpiffWorkflow.bpmn.specs.event_definitions import ErrorEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.unstructured_join import UnstructuredJoin
from SpiffWorkflow.bpmn.util import BpmnEvent
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from engine.feel import Environment, Value
from engine.model import elements as model
from engine.second_opinion import kinds, steps
from engine.second_opinion.bounds import Bounds
from engine.second_opinion.events import PLANS, Error, Payload, Plan, Signal, each_of
from engine.second_opinion.expressions import FeelEngine, FeelEnvironment
from engine.second_opinion.trace import Kind, Mark, Status, waits
from engine.second_opinion.translation import translated

# it tells each change of each task; our log is not its diary
logging.getLogger("spiff").setLevel(logging.WARNING)


@dataclass
class Journal:
    """What was told since the last thing that happened."""

    marks: list[Mark] = field(default_factory=list)
    number: int = 0

    def next_number(self) -> int:
        """Of beginnings."""
        self.number += 1
        return self.number

    def mark(self, kind: Kind, element: str, items: tuple[int, ...], after: str | None) -> None:
        """An element was entered or completed."""
        self.marks.append(Mark(kind=kind, element=element, items=items, after=after))


class _Case(BpmnWorkflow):  # type: ignore[misc]  # SpiffWorkflow ships no types
    """A workflow that knows where to tell, and its bounds, before it predicts its first task."""

    def __init__(self, specification: Any, others: Mapping[str, Any], environment: Environment, bounds: Bounds) -> None:
        self.journal = Journal()
        self.bounds = bounds
        super().__init__(specification, dict(others), script_engine=FeelEngine(FeelEnvironment(environment)))


OpenKind = Literal["task", "handler", "timer", "message", "signal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """Something that may happen at ``element``; ``item`` is the number of the innermost item that it is of (from 1).

    ``number`` says in which order what is open began.
    """

    kind: OpenKind
    element: str
    number: int
    item: int | None
    task: Any
    definition: Any = None
    plan: Plan | None = None


class Machine:
    """One case. What it is told raises what SpiffWorkflow raises, ``TooLarge``, and EngineError of expressions."""

    def __init__(
        self,
        definition: model.Model,
        process: str,
        start_event: str | None,
        variables: Mapping[str, Value],
        environment: Environment,
        *,
        bounds: Bounds,
    ) -> None:
        specification, others = translated(definition, process, start_event)
        self._case = _Case(specification, others, environment, bounds)
        self._status: Status = "active"
        self._found: list[Open] | None = None
        entrance = definition.processes[process].entrances().get(start_event or "")
        if entrance is None:
            self._case.task_tree.set_data(**variables)
        else:
            self._case.task_tree.data[steps.STARTED_WITH] = dict(variables)
        self._run()

    def at(self, environment: Environment) -> None:
        """The moment that expressions see from now on."""
        self._case.script_engine.environment.environment = environment

    # -- what happens ---------------------------------------------------------------------------------------------------------------

    def complete(self, found: Open, variables: Mapping[str, Value], actor: str) -> None:
        """A person answers."""
        found.task.internal_data[steps.KNOWN] = {"task": {"completed_by": actor}}
        found.task.internal_data[steps.RESULT] = dict(variables)
        found.task.run()
        self._run()

    def answer(self, found: Open, result: Mapping[str, Value]) -> None:
        """A handler returns."""
        found.task.internal_data[steps.RESULT] = dict(result)
        found.task.complete()
        self._run()

    def raise_error(self, found: Open, code: str, facts: Mapping[str, Value]) -> bool:
        """A handler ends with an error; False when nothing catches it."""
        self._found = None
        self._case.get_events()
        values = {**facts, "errorCode": code}
        event = BpmnEvent(Error("error", code), payload=Payload(values=values), target=found.task.workflow)
        self._case.catch(event)
        if event in self._case.get_events():
            return False
        self._run()
        return True

    def come(self, found: Open, payload: Mapping[str, Value]) -> None:
        """A timer or a message comes to the one task that waits for it."""
        event = BpmnEvent(found.definition, payload=Payload(values=dict(payload)))
        found.task.task_spec.catch(found.task, event)
        found.task.task_spec._update(found.task)  # noqa: SLF001  # what SpiffWorkflow's event manager does
        self._run()

    def signal(self, found: Open, payload: Mapping[str, Value]) -> None:
        """A signal comes from outside: everything that waits has it."""
        self._case.send_event(BpmnEvent(found.definition, payload=Payload(values=dict(payload))))
        self._run()

    def cancel(self) -> None:
        """An operator ends the case."""
        self._case.cancel()
        self._status, self._found = "cancelled", None

    def _run(self) -> None:
        """Everything automatic: boundary events first, then what is passive, then one thing with an effect (our queue rule, so that
        what BPMN leaves to the engine makes no difference).
        """
        self._found = None
        while self._status == "active":
            tasks = self._case.get_tasks(state=TaskState.READY)
            self._case.bounds.looked(self._size() + 1)
            ready = [each for each in tasks if not each.task_spec.manual]
            if not ready:
                break
            task = min(ready, key=_rank)
            if isinstance(task.task_spec, UnstructuredJoin):
                # a join asks of each of its earlier tasks whether it descends from it: a walk up the tree each time
                self._case.bounds.looked(_depth(task) ** 2 // 4)
            task.run()
            if any(isinstance(each.event_definition, ErrorEventDefinition) for each in self._case.get_events()):
                # an error end event that nothing catches: the host ends the case
                self._case.cancel()
                self._status = "failed"
        if self._status == "active" and self._case.completed:
            self._status = "completed"

    def _size(self) -> int:
        return len(self._case.tasks) + sum(len(each.tasks) for each in self._case.subprocesses.values())

    # -- what there is to see -------------------------------------------------------------------------------------------------------

    def open(self) -> list[Open]:
        """What may happen next, in the order in which it began."""
        if self._found is None:
            # looked for once after each thing that happened: SpiffWorkflow looks through its whole tree
            found = self._open() if self._status == "active" else ()
            self._found = sorted(found, key=lambda each: each.number)
        return self._found

    def _open(self) -> Iterator[Open]:
        self._case.bounds.looked(self._size())
        for task in self._case.get_tasks(state=TaskState.READY | TaskState.STARTED | TaskState.WAITING):
            spec = task.task_spec
            if isinstance(spec, kinds.UserStep) and task.has_state(TaskState.READY):
                yield self._opened("task", task)
            elif isinstance(spec, kinds.HandlerStep) and task.has_state(TaskState.STARTED):
                yield self._opened("handler", task)
            elif task.has_state(TaskState.WAITING) and isinstance(spec, kinds.Waits):
                yield from self._awaited(task)

    def _awaited(self, task: Any) -> Iterator[Open]:
        seen = [each.event_definition for each in task.internal_data.get("seen_events", ())]
        for definition in each_of(task.task_spec.event_definition):
            plan = task.internal_data.get(PLANS, {}).get(definition.name)
            if plan is None or definition in seen:
                continue
            kind: OpenKind | None = None
            if plan.due_at is not None:
                kind = "timer"
            elif plan.message is not None:
                kind = "message"
            elif isinstance(definition, Signal):
                kind = "signal"
            if kind is not None:
                yield self._opened(kind, task, definition, plan)

    def _opened(self, kind: OpenKind, task: Any, definition: Any = None, plan: Plan | None = None) -> Open:
        items = tuple(steps.items(task))
        return Open(
            kind=kind,
            element=task.task_spec.node.id if definition is None else definition.node.id,
            number=task.internal_data.get(steps.BEGUN, 0),
            item=items[-1] + 1 if items else None,
            task=task,
            definition=definition,
            plan=plan,
        )

    def told(self) -> tuple[Mark, ...]:
        """The marks made since this was asked last."""
        journal = self._case.journal
        marks, journal.marks = tuple(journal.marks), []
        return marks

    def waiting(self) -> tuple[str, ...]:
        """The elements at which something is awaited, as a trace tells them."""
        found = {each.task.id: each.task.task_spec.node for each in self.open()}
        return tuple(sorted(each.id for each in found.values() if waits(each)))

    def seen_at(self, found: Open) -> Mapping[str, Value]:
        """What a form at the task sees."""
        return {**found.task.data, **found.task.internal_data.get("locals", {})}

    @property
    def status(self) -> Status:
        """What became of the case."""
        return self._status

    @property
    def variables(self) -> dict[str, Value]:
        """Those of the process, when it is completed."""
        return {name: value for name, value in self._case.data.items() if name != "data_objects"}


def _depth(task: Any) -> int:
    return cast("int", task.depth)


def _rank(task: Any) -> tuple[int, int]:
    spec = task.task_spec
    number = task.internal_data.get(steps.BEGUN, 0)
    if isinstance(spec, kinds.BoundaryStep):
        return 0, number
    if isinstance(spec, kinds.PASSIVE) or not isinstance(spec, steps.Step):
        return 1, number
    return 2, number
